"""Prints how a reader of a stream is made anew for another stream, from how it is described (standard input)."""

import json
import sys

KEPT = (
    "BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "FilterCriteria", "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ParallelizationFactor",
)

# What is read is how it was before it was told to stop.
old = json.load(sys.stdin)
new = {name: old[name] for name in KEPT if old.get(name) not in (None, [], {})}
new |= {"FunctionName": old["FunctionArn"], "EventSourceArn": sys.argv[1], "StartingPosition": "TRIM_HORIZON"}
print(json.dumps(new | {"Enabled": not old["State"].startswith("Disabl")}))
