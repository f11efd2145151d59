"""Prints one line for each item of a table, in order: the digest of all that it says, and its key."""

import hashlib
import json
import sys

import boto3


def canonical(value):
    """An attribute such that equal ones look equal: sets have no order."""
    [(kind, inner)] = value.items()
    if kind == "M":
        return {kind: {name: canonical(each) for name, each in inner.items()}}
    if kind == "L":
        return {kind: [canonical(each) for each in inner]}
    if kind in ("SS", "NS", "BS"):
        return {kind: sorted(map(repr, inner))}
    return {kind: repr(inner) if kind == "B" else inner}


def line(item):
    text = json.dumps({name: canonical(value) for name, value in item.items()}, sort_keys=True, ensure_ascii=False)
    return f"{hashlib.sha256(text.encode()).hexdigest()}  {item['pk']['S']}  {item['sk']['S']}"


pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=sys.argv[1], ConsistentRead=True)
for text in sorted((line(item) for page in pages for item in page["Items"]), key=lambda text: text[64:]):
    print(text)
