"""Reads records of the topics once and does nothing with them: ``drain.py BROKER RECORDS``."""

import sys
import uuid

from confluent_kafka import Consumer, KafkaException
from job import TOPICS


def main(broker: str, records: int) -> None:
    """Read so many records."""
    group = {"group.id": f"drain-{uuid.uuid4().hex[:8]}", "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({"bootstrap.servers": broker, "fetch.queue.backoff.ms": 10, **group})
    consumer.subscribe(list(TOPICS))
    while records > 0:
        for message in consumer.consume(10_000, 0.5):
            if message.error():
                raise KafkaException(message.error())
            records -= 1
    consumer.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
