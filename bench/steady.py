"""A steady producer, as a process: ``python -m bench.steady BROKER EVENTS RATE FILE``.

Writes to FILE when each comment of each influencer was sent, in the order of their partition.
"""

import asyncio
import json
import re
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from bench.load import Event, simulated
from bench.stack import PARTITIONS
from models.topics import COMMENTS
from streams.events.partitioning import partition_of

_STEP_SECONDS: Final = 0.02
_AHEAD_SECONDS: Final = 2.0
_MADE_UP_START_MS: Final = 1_767_225_600_000
_TIME: Final = re.compile(rb'"occurred_at":(\d{13})')


class _Who(msgspec.Struct):
    type: str
    influencer_id: str | None = None


def _moved(value: bytes, by_ms: int) -> bytes:
    return _TIME.sub(lambda found: b'"occurred_at":%d' % (int(found[1]) + by_ms), value)


async def send(bootstrap: str, events: list[Event], rate: int) -> dict[str, Any]:
    """Send events at a rate, each step as one record batch per topic-partition; return when comments were sent."""
    who = msgspec.json.Decoder(_Who)
    times: dict[str, list[float]] = {}
    step = max(1, int(rate * _STEP_SECONDS))
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks=1, max_batch_size=1024 * 1024)
    await producer.start()
    for topic in {event.topic for event in events}:
        await producer.partitions_for(topic)
    began = time.time() + _AHEAD_SECONDS
    # Only event times written as numbers are moved to now; the others lie in the past and still count.
    by_ms = int(began * 1000) - _MADE_UP_START_MS
    waiting: set[asyncio.Future[Any]] = set()
    for number, start in enumerate(range(0, len(events), step)):
        prepared = []
        for event in events[start : start + step]:
            found = who.decode(event.value)
            prepared.append((event, _moved(event.value, by_ms), found))
        due = began + number * _STEP_SECONDS
        await asyncio.sleep(max(0.0, due - time.time()))
        now = time.time()
        batches: dict[tuple[str, int], BatchBuilder] = {}
        for event, value, found in prepared:
            place = (event.topic, partition_of(event.key.decode(), PARTITIONS))
            batch = batches.get(place)
            if batch is None:
                batch = batches[place] = BatchBuilder(1024 * 1024, 0)
            batch.append(timestamp=None, key=event.key, value=value)
            if event.topic == COMMENTS and found.type == "comment.created":
                times.setdefault(found.influencer_id or "", []).append(now)
        for (topic, partition), batch in batches.items():
            waiting.add(await producer.send_batch(batch, topic, partition=partition))
        waiting = {each for each in waiting if not each.done()}
    sent_seconds = time.time() - began
    await producer.stop()
    return {"began": began, "events_per_second": len(events) / sent_seconds, "times": times}


if __name__ == "__main__":
    bootstrap, count, rate, path = sys.argv[1:]
    made_up = simulated(int(count), _MADE_UP_START_MS, int(count) / int(rate))
    Path(path).write_text(json.dumps(asyncio.run(send(bootstrap, made_up, int(rate)))))
