"""Ticks: what they move, and when a topic counts as quiet."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from agents.broker.fetched_batches import FetchedRecords
from agents.broker.set_aside import SetAside
from agents.worker.handlers import Handlers
from models.topics import COMMENTS, INPUT_TOPICS
from streams.pipeline.pipeline import Pipeline
from tests.unit.events import NOON_MS, WordScorer, value_of


class Working:
    """Handlers over a pipeline of one partition, whose topics end where the test says."""

    def __init__(self) -> None:
        self.pipeline = Pipeline(WordScorer(), 1)
        self.pipeline.assign(0)
        self.now_ms = NOON_MS
        self.end = 0

        async def nothing(*_: Any) -> bool:
            return False

        inputs: Any = SimpleNamespace(
            is_current=lambda message: True,
            end=lambda tp: self.end if tp.topic == COMMENTS else 0,
            end_age_ms=lambda tp, position: 0,
        )
        flusher: Any = SimpleNamespace(flush_if_due=nothing, send_ahead=nothing)
        watch: Any = SimpleNamespace(on_records=lambda *_: None, on_end=lambda *_: None)
        other: Any = SimpleNamespace()
        self.handlers = Handlers(
            pipeline=self.pipeline,
            board=other,
            alerts=other,
            flusher=flusher,
            inputs=inputs,
            clock=lambda: self.now_ms,
            clock_watch=watch,
            set_aside=SetAside(),
            on_fenced_out=lambda reason: None,
            crash=nothing,
            registry=CollectorRegistry(),
        )

    def take(self, topic: str, batch: FetchedRecords) -> None:
        """Handle one batch or tick."""
        event = SimpleNamespace(message=SimpleNamespace(partition=0), value=batch)
        asyncio.run(self.handlers.on_events(topic, event))

    @property
    def time_ms(self) -> int:
        """Stream time."""
        return self.pipeline.partitions[0].time_ms

    @property
    def position(self) -> int:
        """Of comments."""
        return self.pipeline.position(COMMENTS, 0)


def one_comment() -> FetchedRecords:
    """A fetch of one comment at offset 0."""
    batch = FetchedRecords(0, 1)
    value = value_of("comment.created", "e0", NOON_MS)
    batch.append(SimpleNamespace(offset=0, timestamp=NOON_MS, key=b"ana", value=value))
    return batch


def test_a_tick_moves_the_position_past_marks() -> None:
    """What was read without a record is committed and is no lag; only what the log lacked is missing."""
    working = Working()
    working.take(COMMENTS, one_comment())
    working.take(COMMENTS, FetchedRecords(1, 4))
    assert working.position == 4
    assert working.pipeline.partitions[0].missing_offsets_total == 0
    working.take(COMMENTS, FetchedRecords(9))
    assert working.position == 9
    assert working.pipeline.partitions[0].missing_offsets_total == 5


@pytest.mark.parametrize(("end", "runs"), [(1, True), (50, False)], ids=["at the end", "with more to be read"])
def test_stream_time_follows_the_clock_at_the_end_only(end: int, runs: bool) -> None:
    """A broker that answers with nothing, or a batch that cannot be read, must not make what waits there late."""
    working = Working()
    working.take(COMMENTS, one_comment())
    working.end = end
    working.now_ms += 3_600_000
    for topic in INPUT_TOPICS:
        working.take(topic, FetchedRecords(1 if topic == COMMENTS else 0))
    assert (working.time_ms == working.now_ms) is runs
