"""The job by hand in Python: confluent-kafka, msgspec, dicts and sets, no framework.

Once a second: what changed and the new ids to a local log, synced; changed rows to Redis; offsets committed. That is
what a recovery would need for at-least-once; the recovery itself is not written.
"""

import json
import os
import time
from pathlib import Path

from confluent_kafka import Consumer
from job import TOPICS, Row, decode, first
from redis import Redis


def main() -> None:
    host, port = os.environ["PEER_REDIS"].split(":")
    redis = Redis(host, int(port))
    log = (Path(os.environ["PEER_STATE_DIR"]) / "state.log").open("ab", buffering=1 << 20)
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["PEER_BROKER"],
            "group.id": os.environ["PEER_GROUP"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 100,
            # By default a consumer that was too slow once for its 64 MB of queue is not fed for a whole second.
            "fetch.queue.backoff.ms": 10,
        }
    )
    consumer.subscribe(list(TOPICS))
    rows: dict[bytes, Row] = {}
    dirty: set[bytes] = set()
    new_ids: list[str] = []
    due = time.monotonic() + 1
    while True:
        for message in consumer.consume(5000, 0.05):
            if message.error():
                raise RuntimeError(message.error())
            first()
            key, event, topic = message.key(), decode(message.value()), message.topic()
            row = rows.get(key)
            if row is None:
                row = rows[key] = Row()
            if row.count(topic, event):
                new_ids.append(event.event_id)
                dirty.add(key)
        if time.monotonic() >= due and dirty:
            log.write("\n".join(new_ids).encode())
            pipe = redis.pipeline(transaction=False)
            for key in dirty:
                fields = rows[key].changed()
                log.write(json.dumps([key.decode(), fields, rows[key].posts]).encode() + b"\n")
                pipe.hset(b"p:" + key, mapping=fields)
            log.flush()
            os.fdatasync(log.fileno())
            pipe.execute()
            consumer.commit(asynchronous=True)
            dirty.clear()
            new_ids.clear()
            due = time.monotonic() + 1


if __name__ == "__main__":
    main()
