"""What stands in Kafka's topics of events, as librdkafka reads it: a line of JSON for each record, in the order of each partition.

    KAFKA_BROKERS=… KAFKA_SECRET=… kafka_reader.py N     reads until N records are there, and then until no more come
"""

import json
import os
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

TOPICS = ("cc_user_actions", "cc_rewards", "buy_package")
PATIENCE, SILENCE = 60, 2

secret = json.loads(os.environ["KAFKA_SECRET"])
consumer = Consumer(
    {
        "bootstrap.servers": os.environ["KAFKA_BROKERS"],
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": secret["username"],
        "sasl.password": secret["password"],
        "ssl.ca.pem": secret["ca"],
        "group.id": "reader",
        "enable.auto.commit": False,
        "check.crcs": True,
    }
)
found = consumer.list_topics(timeout=20).topics
consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for topic in TOPICS for each in found[topic].partitions])
begun, read = time.monotonic(), 0
while message := consumer.poll(SILENCE if read >= int(sys.argv[1]) else max(0, begun + PATIENCE - time.monotonic())):
    if message.error():
        sys.exit(str(message.error()))
    headers = {name: value.decode() for name, value in message.headers() or []}
    place = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
    print(json.dumps({**place, "key": message.key().decode(), "headers": headers, "value": message.value().decode()}))
    read += 1
