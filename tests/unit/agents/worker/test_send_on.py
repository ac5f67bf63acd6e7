"""Events that belong elsewhere leave ahead of their flush once little waits to be read."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from agents.broker.set_aside import SetAside
from agents.worker.flush import Flusher
from agents.worker.pace import NEARLY_READ, Pace
from models.topics import POSTS
from streams.events.partitioning import partition_of
from streams.pipeline.pipeline import Pipeline
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, records, value_of

ELSEWHERE = next(name for name in map(str, itertools.count()) if partition_of(name, 2) == 1)


class Worker:
    """A worker with one partition of two, that has read an event of the other."""

    def __init__(self, *, with_pace: bool = True) -> None:
        self.pipeline = Pipeline(WordScorer(), 2)
        self.state = self.pipeline.assign(0)
        self.lag = 0
        self.member = SimpleNamespace(is_valid=True)
        self.begun: list[Any] = []
        collector: Any = SimpleNamespace(begin_with_headers=lambda *begun: self.begun.append(begun))
        fence: Any = SimpleNamespace(membership=self.member)
        other: Any = SimpleNamespace()
        pace = Pace(0.05, lambda: self.lag, lambda: 0) if with_pace else None
        self.flusher = Flusher(
            self.pipeline, fence, collector, other, other, lambda tp, offset: None, SetAside(), 1.0, pace=pace
        )
        self.value = value_of("post.published", "e1", NOON_MS, influencer_id=ELSEWHERE)
        self.state.apply(POSTS, records([self.value]), NOW_MS)


def test_it_leaves_once_for_its_partition_as_it_came() -> None:
    """Key and bytes are those that a flush sends, with where it was read; the flush has nothing left to send on."""
    worker = Worker()
    worker.flusher.send_on()
    origin = [("pulse.forwarded-from", f"{POSTS}/0/0".encode())]
    assert worker.begun == [(POSTS, 1, [(ELSEWHERE.encode(), worker.value, origin)])]
    assert not worker.pipeline.has_forwards()
    worker.flusher.send_on()
    assert len(worker.begun) == 1


@pytest.mark.parametrize("why", ["backlog", "no session", "flushes go by the clock"])
def test_it_waits_for_the_flush(why: str) -> None:
    """In a backlog for large batches, without a session for whoever owns the partition, and where that is set."""
    worker = Worker(with_pace=why != "flushes go by the clock")
    worker.lag = NEARLY_READ + 1 if why == "backlog" else 0
    worker.member.is_valid = why != "no session"
    worker.flusher.send_on()
    assert worker.begun == []
    assert worker.pipeline.has_forwards()
