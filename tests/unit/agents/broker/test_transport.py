"""What the consumer makes of whole fetches: ends, open transactions, batches that cannot be decoded, ticks."""

import asyncio
import logging
import threading
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from agents.broker import transport
from agents.broker.fetched_batches import FetchedRecords, Undecodable
from agents.broker.transport import BatchConsumer, PromptConsumerThread
from models.topics import COMMENTS, POSTS

PLACE, OTHER = TP(COMMENTS, 0), TP(POSTS, 0)


class Consumer:
    """A consumer of two partitions that nothing connects; its fetches are given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(transport, "monotonic", lambda: self.now)
        self.states = {tp: self.state(end=0) for tp in (PLACE, OTHER)}
        self.fetches: list[dict[TP, Any]] = []
        consumer: Any = BatchConsumer.__new__(BatchConsumer)
        self.consumer = consumer
        for name in (
            "ends",
            "highwaters_seen",
            "_polled_at_ms",
            "_held_back_since",
            "undecodable",
            "_last_seen",
            "_reached",
        ):
            setattr(consumer, name, {})
        consumer.batched_topics = consumer.ticking_topics = frozenset({COMMENTS, POSTS})
        consumer.seeks = 0
        consumer._read_offset = {PLACE: None, OTHER: None}
        consumer._buffered_partitions = set()
        consumer.app = SimpleNamespace(consumer_generation_id=1)
        assignment = SimpleNamespace(tps=set(self.states), state_value=self.states.__getitem__)
        known = SimpleNamespace(_subscription=SimpleNamespace(subscription=SimpleNamespace(assignment=assignment)))
        consumer._thread = SimpleNamespace(_ensure_consumer=lambda: known)
        monkeypatch.setattr(BatchConsumer, "flow_active", True, raising=False)
        monkeypatch.setattr(BatchConsumer, "should_stop", False, raising=False)

        async def fetch(_: float) -> Any:
            return self.fetches.pop(0), set(self.states), consumer.seeks

        consumer._fetch = fetch

    @staticmethod
    def state(end: int, stable: int | None = None, position: int = 0) -> Any:
        """What aiokafka knows of a partition."""
        return SimpleNamespace(
            highwater=end, lso=stable, timestamp=1, position=position, has_valid_position=True, paused=False
        )

    def get(self, **fetched: FetchedRecords) -> list[tuple[str, int, FetchedRecords]]:
        """What one round yields: topic, offset, batch; a quarter of a second later."""
        self.now += 0.25
        self.fetches.append({{"comments": PLACE, "posts": OTHER}[name]: batch for name, batch in fetched.items()})

        async def round_() -> list[tuple[str, int, FetchedRecords]]:
            return [(tp.topic, each.offset, each.value) async for tp, each in self.consumer.getmany(1.0)]

        return asyncio.run(round_())


def batch(first: int, count: int, next_offset: int | None = None) -> FetchedRecords:
    """A fetch of so many records, and of marks up to ``next_offset``."""
    found = FetchedRecords(first, first + count if next_offset is None else next_offset)
    found += [SimpleNamespace(offset=first + place, timestamp=1_000) for place in range(count)]
    return found


def held_up(offset: int, reason: str = "broken") -> FetchedRecords:
    """A fetch that ends at once, at a batch that cannot be decoded."""
    found = FetchedRecords(offset)
    found.problem = Undecodable(offset, reason)
    return found


def test_a_fetch_of_marks_moves_the_position_without_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is handed on like a batch, with nothing in it; a quiet topic gets its tick with where reading stands."""
    consumer = Consumer(monkeypatch)
    consumer.states[OTHER] = consumer.state(end=7, position=7)
    found = {
        topic: (offset, list(value), value.covered) for topic, offset, value in consumer.get(comments=batch(5, 0, 9))
    }
    assert found == {COMMENTS: (8, [], (5, 9, 0)), POSTS: (0, [], (7, 7, 0))}


def test_reading_that_goes_on_before_what_was_read_is_told_and_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Aiokafka begins a log again that ends before its position: records of it, or its position alone, show that."""
    consumer = Consumer(monkeypatch)
    told: list[TP] = []
    consumer.consumer.on_set_back = told.append
    consumer.states[PLACE] = consumer.state(end=9, position=9)
    consumer.get(comments=batch(5, 4))
    assert {topic for topic, *_ in consumer.get()} == {COMMENTS, POSTS}, "a tick where reading stands"
    assert told == []
    consumer.states[PLACE] = consumer.state(end=3, position=0)
    assert [topic for topic, *_ in consumer.get()] == [POSTS]
    assert [topic for topic, *_ in consumer.get(comments=batch(0, 3))] == [POSTS]
    assert set(told) == {PLACE}


def test_an_open_transaction_is_no_lag_and_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be read ends where it begins; how long the same one stays open is counted, what lies behind is known."""
    consumer = Consumer(monkeypatch)
    consumer.states[PLACE] = consumer.state(end=20, stable=12, position=12)
    consumer.get()
    assert (consumer.consumer.ends[PLACE], consumer.consumer.end(PLACE)) == (12, 12)
    assert consumer.consumer.end_age_ms(PLACE, 12) is None, "alerts wait: what it holds may still come"
    for _ in range(8):
        consumer.get()
    assert consumer.consumer.held_back_seconds() == {PLACE: 2.0, OTHER: 0.0}
    consumer.states[PLACE] = consumer.state(end=30, stable=20, position=20)
    consumer.get()
    assert consumer.consumer.held_back_seconds()[PLACE] == 0.0, "the next one"
    consumer.states[PLACE] = consumer.state(end=30, stable=30, position=30)
    consumer.get()
    assert consumer.consumer.end_age_ms(PLACE, 30) is not None


def test_a_partition_that_comes_back_is_not_taken_for_one_whose_log_was_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a rebalance reading begins at the committed offset, before what was read, and may do so before the seek."""

    async def revoked(*_: Any) -> None:
        pass

    monkeypatch.setattr(transport.driver.Consumer, "on_partitions_revoked", revoked)
    consumer, told = Consumer(monkeypatch), []
    monkeypatch.setattr(BatchConsumer, "on_set_back", lambda _, tp: told.append(tp))
    consumer.consumer._confirmed = {}
    consumer.states[OTHER] = consumer.state(end=9, position=9)
    consumer.get(comments=batch(5, 3), posts=batch(4, 5))
    asyncio.run(consumer.consumer.on_partitions_revoked({PLACE}))
    consumer.states[OTHER] = consumer.state(end=9, position=4)
    consumer.get(comments=batch(2, 3), posts=batch(4, 1))
    assert set(told) == {OTHER}, "it was never given back"


def test_a_batch_that_cannot_be_decoded_is_told_once_and_its_end_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line when it is met, however often it is tried, and one when reading goes on; no batch is made of it."""
    consumer = Consumer(monkeypatch)
    with caplog.at_level(logging.WARNING, logger="campaign_pulse"):
        for _ in range(3):
            assert all(value.problem is None for _, _, value in consumer.get(comments=held_up(5)))
        assert set(consumer.consumer.undecodable) == {PLACE}
        consumer.get(comments=batch(5, 3))
    assert consumer.consumer.undecodable == {}
    assert caplog.messages == [
        f"{COMMENTS}/0: the batch at offset 5 cannot be decoded: broken; only this partition waits",
        f"{COMMENTS}/0: reading goes on at offset 5",
    ]


class Cancelled(PromptConsumerThread):
    """A consumer's thread that connects nothing and whose end is a cancellation."""

    def __post_init__(self) -> None:
        """Nothing of Faust's."""

    async def on_start(self) -> None:
        """No consumer."""

    async def on_thread_stop(self) -> None:
        """End as a task does that was cancelled."""
        raise asyncio.CancelledError


def test_a_thread_that_ends_cancelled_is_known_to_be_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops it waits for its word; a worker that has flushed and committed would be ended for that."""
    monkeypatch.setattr(threading, "excepthook", lambda *_: None)

    with closing(asyncio.new_event_loop()) as own:

        async def stop() -> None:
            consumer = SimpleNamespace(transport=SimpleNamespace(app=None))
            thread = Cancelled(consumer, loop=asyncio.get_running_loop(), thread_loop=own)
            await thread.start()
            await asyncio.wait_for(thread.stop(), timeout=30)

        asyncio.run(stop())
        left = asyncio.all_tasks(own)
        for task in left:
            task.cancel()
        own.run_until_complete(asyncio.wait(left))
