"""What the history by minute costs: ``python -m bench.minutes``. In one process, without Kafka and Redis.

Times are of the processor; each is the smallest of several rounds, for a machine with other work on it.
"""

import asyncio
from collections.abc import Callable
from time import process_time
from typing import Any, Final

import numpy as np

from agents.read_model.minutes import MinuteProjection
from agents.worker.minutes import MinutePublisher
from models.minutes import encode_hour
from models.read_model import Keys
from models.times import HOUR_MS, MINUTE_MS
from streams.events.registry import Registry
from streams.pipeline.limits import Limits
from streams.pipeline.partition import PartitionState
from streams.sentiment.scorers import make_scorer
from streams.statistics.campaign_minutes import CampaignMinutes, hour_of
from streams.statistics.counters import COLUMN
from streams.statistics.panes import PaneStore

ROWS: Final = 1_000
EVENTS: Final = 5_000
ROUNDS: Final = 7
BEGIN_MS: Final = 490_140 * HOUR_MS
_COLUMNS: Final = [
    COLUMN[name] for name in ("comments", "sentiment_positive", "sentiment_neutral", "clicks", "entries")
]


class Nothing:
    """A collector that delivers nothing."""

    pending_bytes = 0

    def __init__(self) -> None:
        self.bytes = 0

    def add_keyed(self, topic: str, partition_key: str, key: bytes, value: bytes) -> None:
        """Count the bytes of a record."""
        self.bytes += len(key) + len(value)


def least(work: Callable[[], None]) -> float:
    """Return the processor's seconds of the fastest of several rounds."""
    took = []
    for _ in range(ROUNDS):
        began = process_time()
        work()
        took.append(process_time() - began)
    return min(took)


def busy(store: PaneStore, rows: int, minutes: int, generator: np.random.Generator) -> None:
    """Count 3 of each of five counters, about, in each minute of each row."""
    for minute in range(minutes):
        at_ms = BEGIN_MS + minute * MINUTE_MS
        store.advance(at_ms, rows)
        for column in _COLUMNS:
            amounts = generator.poisson(3, rows)
            store.add(np.arange(rows), np.full(rows, at_ms), np.full(rows, column), amounts)


def marks() -> float:
    """Return the seconds that an event costs more for being marked, as it is counted."""
    generator = np.random.default_rng(1)
    store = PaneStore([("c", str(row)) for row in range(40)])
    store.reserve(40)
    store.advance(BEGIN_MS + HOUR_MS - 1, 40)
    rows, times = generator.integers(0, 40, EVENTS), BEGIN_MS + generator.integers(0, 60_000, EVENTS)
    columns, amounts = np.full(EVENTS, COLUMN["comments"]), np.ones(EVENTS, dtype=np.int64)
    ring, history = store.rings[1], store.minutes

    def marked() -> None:
        for _ in range(20):
            ring.marks.reshape(-1)[rows * 60 + times // MINUTE_MS % 60] = True
            history.add(rows, times, columns, amounts)

    return least(marked) / (20 * EVENTS)


def main() -> None:
    """Measure, and print a table."""
    generator = np.random.default_rng(2)
    print(f"marking, an event            {marks() * 1e9:8.0f} ns")

    state = PartitionState(0, 1, Registry(), make_scorer("textblob"), Limits())
    store = state.influencers
    for row in range(ROWS):
        store.row_of("c", str(row))
    panes = store.panes
    busy(panes, ROWS, 60, generator)
    panes.advance(BEGIN_MS + HOUR_MS - 1, ROWS)
    publisher, nothing = publisher_of()
    began = process_time()
    asyncio.run(publisher.publish_influencers(state, turn))
    took = process_time() - began
    print(f"publishing, a minute         {took / publisher.published_total * 1e6:8.1f} us ({ROWS} hours of 59 minutes)")
    print(f"in Kafka, a minute           {nothing.bytes / publisher.published_total:8.0f} bytes")

    at_ms = BEGIN_MS + HOUR_MS - 2 * MINUTE_MS
    panes.add(np.arange(ROWS), np.full(ROWS, at_ms), np.full(ROWS, COLUMN["comments"]), np.ones(ROWS, dtype=np.int64))
    publisher, nothing = publisher_of()
    began = process_time()
    asyncio.run(publisher.publish_influencers(state, turn))
    took = process_time() - began
    print(f"publishing, an influencer    {took / ROWS * 1e6:8.1f} us (one minute of each has changed)")

    began = process_time()
    panes.advance(BEGIN_MS + HOUR_MS, ROWS)
    took = process_time() - began
    print(f"packing, an influencer-hour  {took / ROWS * 1e6:8.1f} us")
    stored = [panes.minutes.stored(row)[0] for row in range(ROWS)]
    sizes = [len(packed) for hours in stored for packed in hours.values()]
    print(f"in a record, a busy hour     {np.mean(sizes):8.0f} bytes")
    hour = BEGIN_MS // HOUR_MS
    encoded = [len(encode_hour(hour_of(hour, 60, panes.minutes.counts(row, hour)))) for row in range(ROWS)]
    print(f"in Redis, a busy hour        {np.mean(encoded):8.0f} bytes")

    at_ms = BEGIN_MS + 10 * MINUTE_MS
    panes.add(np.arange(ROWS), np.full(ROWS, at_ms), np.full(ROWS, COLUMN["comments"]), np.ones(ROWS, dtype=np.int64))
    began = process_time()
    panes.minutes.fold()
    took = process_time() - began
    print(f"a late hour, an influencer   {took / ROWS * 1e6:8.1f} us")


async def turn() -> None:
    """Nobody else has a turn."""


def publisher_of() -> tuple[MinutePublisher, Nothing]:
    """Return a publisher to nowhere."""
    nothing = Nothing()
    collector: Any = nothing
    return MinutePublisher(CampaignMinutes(), collector, MinuteProjection(Keys("pulse"))), nothing


if __name__ == "__main__":
    main()
