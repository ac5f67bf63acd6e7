"""Whole fetches: what aiokafka is told of them, when they wait, and how long a broker is given."""

import asyncio
import gc
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, Fetcher, FetchResult
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import KafkaConnectionError

from agents.broker import fetcher_patch
from agents.broker.fetched_batches import GAP_SECONDS, FetchedRecords, Gaps, UndecodableBatchError
from agents.broker.fetcher_patch import (
    LONGEST_WAIT_MS,
    RETRY_SECONDS,
    LightRecord,
    PatientFetcher,
    WholeFetch,
    log_end,
    patch_fetcher,
)
from agents.broker.gathering import A_BACKLOG, GATHER_SECONDS, MANY_PARTITIONS, Gathering
from tests.unit.agents.broker.fetches import CRC_AT, PLACE, Assignment, batch, fetched, mark


@pytest.fixture(autouse=True)
def _whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The topic comes whole, unless a test says otherwise."""
    monkeypatch.setattr(WholeFetch, "whole_topics", frozenset({"events"}))


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in seconds: the only item."""
    time = [1_000.0]
    for module in ("agents.broker.fetcher_patch", "agents.broker.fetched_batches"):
        monkeypatch.setattr(f"{module}.monotonic", lambda: time[0])
    return time


def result_of(
    data: bytes, assignment: Assignment, gaps: Gaps | None = None, wanted: int | None = None, created: float = 0.0
) -> WholeFetch:
    """The fetch of these bytes, which came at ``created``, when this much was known of gaps."""
    records = fetched(data, assignment.position if wanted is None else wanted)
    result = WholeFetch(PLACE, assignment=assignment, partition_records=records, backoff=0.1)
    result._created = created
    result.gaps = gaps or Gaps()
    return result


def broken() -> bytearray:
    """A batch of three whose checksum is wrong."""
    data = batch(0, 3)
    data[CRC_AT] ^= 0xFF
    return data


# ------------------------------------------------------------------ records


@pytest.mark.parametrize("is_corrupt", [False, True])
def test_the_bytes_of_a_fetch_go_with_it(is_corrupt: bool) -> None:
    """Once its records were handed over, or refused, nothing holds a fetch: garbage is seldom collected."""
    records = fetched(broken() if is_corrupt else batch(0, 3), 0)
    alive = weakref.ref(records)
    result = WholeFetch(PLACE, assignment=Assignment(0), partition_records=records, backoff=0)
    del records
    gc.disable()
    try:
        assert len(result.getall()) == (0 if is_corrupt else 3)
        assert alive() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(("topics", "kind"), [({"events"}, "whole"), ({"other"}, "one by one")])
def test_only_the_named_topics_come_whole(topics: set[str], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other topics keep aiokafka's records, which Faust asks for more than these have."""
    monkeypatch.setattr(WholeFetch, "whole_topics", frozenset(topics))
    assignment = Assignment(0)
    result = result_of(batch(0, 4), assignment)
    records = result.getall()
    assert [record.offset for record in records] == [0, 1, 2, 3]
    assert hasattr(records[0], "serialized_value_size") is (kind == "one by one")
    assert isinstance(records, FetchedRecords) is (kind == "whole")
    assert assignment.position == 4
    assert not result.has_more()


def test_a_limit_goes_the_ordinary_way() -> None:
    """With a limit of records aiokafka's own iterator is used."""
    assert [record.offset for record in result_of(batch(0, 4), Assignment(0)).getall(max_records=2)] == [0, 1]


def test_what_was_fetched_before_a_seek_is_dropped() -> None:
    """A fetch from another offset than the position brings nothing and moves nothing."""
    assignment = Assignment(2)
    result = result_of(batch(0, 4), assignment, wanted=0)
    assert (result.getall(), result.has_more(), assignment.position) == ([], False, 2)


# ------------------------------------------------------------------ gaps


def test_a_gap_is_read_again_and_heals(now: list[float]) -> None:
    """The position stays in front of the gap, the partition waits a moment, and the next answer has everything."""
    assignment, gaps = Assignment(4, highwater=9), Gaps()
    early = result_of(batch(6, 3), assignment, gaps, created=now[0])
    assert (early.getall(), assignment.position) == ([], 4)
    assert early.has_more()
    assert early.calculate_backoff() == 0, "the other partitions do not wait for it"
    now[0] += 0.03
    assert not early.has_more(), "it is fetched again"
    healed = result_of(batch(4, 2) + batch(6, 3), assignment, gaps, created=now[0]).getall()
    assert [record.offset for record in healed] == [4, 5, 6, 7, 8]
    assert (assignment.position, healed.covered) == (9, (4, 9, 0))  # type: ignore[attr-defined]  # of a whole topic


def test_what_is_missing_after_the_wait_is_counted(now: list[float]) -> None:
    """Retention took it, or compaction: reading goes on behind it, and says how much it was."""
    assignment, gaps = Assignment(4, highwater=9), Gaps()
    looks = 0
    while not (found := result_of(batch(6, 3), assignment, gaps, created=now[0]).getall()):
        looks += 1
        now[0] += 0.5
    assert looks == GAP_SECONDS / 0.5
    assert (found.covered, assignment.position) == ((4, 9, 2), 9)  # type: ignore[attr-defined]  # of a whole topic


def test_a_transactional_producer_costs_no_second_look(now: list[float]) -> None:
    """Marks are seen, so nothing is missing where they stand."""
    assignment, before = Assignment(0, highwater=4), WholeFetch.rereads_total
    result_of(batch(0, 1, producer_id=9) + mark(1) + batch(2, 1, producer_id=9) + mark(3), assignment).getall()
    assert (assignment.position, WholeFetch.rereads_total) == (4, before)


# ------------------------------------------------------------------ batches that cannot be decoded


def test_a_batch_that_cannot_be_decoded_holds_up_its_partition_and_is_tried_again(now: list[float]) -> None:
    """What was returned names it; nothing is consumed; after a while it is fetched once more."""
    assignment = Assignment(0)
    result = result_of(broken() + batch(3, 4), assignment)
    found = result.getall()
    assert isinstance(found, FetchedRecords)
    assert bool(found)
    assert (list(found), assignment.position) == ([], 0)
    assert found.problem is not None
    assert found.problem.offset == 0
    assert (result.getall(), result.has_more(), result.calculate_backoff()) == ([], True, 0)
    now[0] += RETRY_SECONDS
    assert not result.has_more()


def test_what_stands_before_it_is_read_first(now: list[float]) -> None:
    """The records in front are handed over as ever; the batch is met by the next fetch."""
    assignment = Assignment(0)
    data = batch(3, 3)
    data[CRC_AT] ^= 0xFF
    found = result_of(batch(0, 3) + data, assignment).getall()
    assert isinstance(found, FetchedRecords)
    assert (len(found), found.problem, assignment.position) == (3, None, 3)


def test_in_a_topic_that_must_be_read_whole_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A changelog with a hole is not recovered from: topic, partition, offset and reason are told."""
    monkeypatch.setattr(WholeFetch, "whole_topics", frozenset())
    assignment = Assignment(0)
    result = result_of(broken(), assignment)
    with pytest.raises(UndecodableBatchError, match=r"events/3: the batch at offset 0 cannot be decoded: .*checksum"):
        result.getall()
    assert (result.has_more(), result.getall(), assignment.position) == (False, [], 0)


# ------------------------------------------------------------------ how long a broker is given


class Answering:
    """Stands for the broker: says how far each answer brings the only partition."""

    def __init__(self, isolation: int = READ_UNCOMMITTED) -> None:
        self.fetcher = PatientFetcher.__new__(PatientFetcher)
        self.fetcher._fetch_max_wait_ms = 100
        self.fetcher._isolation_level = isolation
        self.fetcher._records = {}
        self.fetcher._gaps = {}
        self.fetcher._gathering = Gathering()
        self.state = SimpleNamespace(highwater=None, lso=None, has_valid_position=True)

    def answer(
        self,
        monkeypatch: pytest.MonkeyPatch,
        end: int,
        *,
        has_records: bool = False,
        stable: int | None = None,
        result: WholeFetch | None = None,
    ) -> int:
        """Answer a fetch from offset 10; return how long the next one may take, in milliseconds."""

        async def answered(*_: Any) -> bool:
            self.state.highwater, self.state.lso = end, stable
            self.fetcher._records = {PLACE: result} if has_records or result else {}
            return has_records

        monkeypatch.setattr(Fetcher, "_proc_fetch_request", answered)
        assignment = SimpleNamespace(active=True, state_value=lambda tp: self.state)
        request = SimpleNamespace(topics=[(PLACE.topic, [(PLACE.partition, 10, 1_000)])])
        asyncio.run(self.fetcher._proc_fetch_request(assignment, 0, request))
        return int(self.fetcher._fetch_max_wait_ms)


def test_a_broker_that_answers_with_nothing_gets_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait doubles up to its limit, stays while there is more to be read, and is what it was at the end."""
    broker = Answering()
    assert [broker.answer(monkeypatch, 50) for _ in range(6)] == [200, 400, 800, 1500, LONGEST_WAIT_MS, LONGEST_WAIT_MS]
    assert broker.answer(monkeypatch, 10) == 100
    assert broker.answer(monkeypatch, 50, has_records=True) == 100
    assert broker.answer(monkeypatch, 50) == 200
    assert broker.answer(monkeypatch, 50, has_records=True) == 200


def test_a_fetch_waits_where_many_partitions_have_a_little_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """So batches are large; the first fetch, few partitions and a backlog wait for nothing."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def answered(*_: Any) -> bool:
        return True

    broker = Answering()
    monkeypatch.setattr(fetcher_patch.asyncio, "sleep", sleep)
    monkeypatch.setattr(Fetcher, "_proc_fetch_request", answered)
    monkeypatch.setattr(fetcher_patch, "monotonic", lambda: 0.0)

    def waited(partitions: int, records: int, node: int = 0) -> list[float]:
        """Have a fetch answered with so much; return the pause of the next one."""
        broker.state.highwater = records
        request = SimpleNamespace(topics=[(PLACE.topic, [(number, 0, 1_000) for number in range(partitions)])])
        assignment = SimpleNamespace(active=True, state_value=lambda tp: broker.state)
        asyncio.run(broker.fetcher._proc_fetch_request(assignment, node, request))
        slept.clear()
        asyncio.run(broker.fetcher._proc_fetch_request(SimpleNamespace(active=False), node, request))
        return slept.copy()

    assert waited(MANY_PARTITIONS, 1) == [GATHER_SECONDS]
    assert waited(MANY_PARTITIONS - 1, 1) == []
    assert waited(MANY_PARTITIONS, A_BACKLOG // MANY_PARTITIONS) == [GATHER_SECONDS]
    assert waited(MANY_PARTITIONS, A_BACKLOG) == []
    assert waited(MANY_PARTITIONS, 1, node=1) == [GATHER_SECONDS]
    assert waited(MANY_PARTITIONS, 0) == []


def test_a_slow_answer_is_followed_by_no_pause() -> None:
    """The pause is counted from when the last fetch was sent, and never longer than it may be, whatever the clock."""
    gathering = Gathering()
    gathering.note(0, 10.0, MANY_PARTITIONS, 100)
    assert gathering.pause_seconds(0, 10.0 + GATHER_SECONDS / 2) == pytest.approx(GATHER_SECONDS / 2)
    assert gathering.pause_seconds(0, 10.0 + GATHER_SECONDS) == 0
    assert gathering.pause_seconds(0, 5.0) == GATHER_SECONDS
    assert gathering.pause_seconds(1, 5.0) == 0


def test_what_is_known_of_gaps_outlives_a_rebalance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fetch of a partition gets it from the last one, whatever assignment that was of."""
    broker = Answering()
    results = [result_of(batch(0, 1), Assignment(0)) for _ in range(2)]
    for result in results:
        broker.answer(monkeypatch, 50, result=result)
    assert results[0].gaps is results[1].gaps


def test_an_open_transaction_is_no_reason_to_wait_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has written may not be read yet, so an answer without it is right; except to who reads everything."""
    assert Answering(READ_COMMITTED).answer(monkeypatch, 50, stable=10) == 100
    assert Answering(READ_COMMITTED).answer(monkeypatch, 50, stable=20) == 200
    assert Answering(READ_UNCOMMITTED).answer(monkeypatch, 50, stable=10) == 200


@pytest.mark.parametrize(
    ("highwater", "stable", "end"), [(None, None, None), (9, None, 9), (9, -1, 9), (9, 4, 4), (9, 9, 9)]
)
def test_where_a_log_ends_for_who_reads_what_is_committed(
    highwater: int | None, stable: int | None, end: int | None
) -> None:
    """At the last stable offset, where the broker says it."""
    assert log_end(highwater, stable) == end


def test_the_fetcher_of_this_aiokafka_can_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed aiokafka is made as expected, so workers do read whole fetches."""
    from aiokafka.consumer import consumer, fetcher

    monkeypatch.setattr(fetcher, "ConsumerRecord", fetcher.ConsumerRecord)
    monkeypatch.setattr(fetcher, "FetchResult", FetchResult)
    monkeypatch.setattr(consumer, "Fetcher", Fetcher)
    assert patch_fetcher()
    assert fetcher.ConsumerRecord is LightRecord
    assert fetcher.FetchResult is WholeFetch
    assert consumer.Fetcher is fetcher_patch.PatientFetcher


# ------------------------------------------------------------------ going down


def test_a_fetch_that_waits_to_try_again_does_not_fail_the_end() -> None:
    """A connection that has ended leaves one; closing must go on, or the thread never says that it is down."""

    async def close() -> None:
        asked = asyncio.Event()

        async def send(*_: Any) -> None:
            asked.set()
            raise KafkaConnectionError("the session has ended")

        client = SimpleNamespace(
            _loop=asyncio.get_running_loop(),
            _metadata_max_age_ms=1_000,
            cluster=SimpleNamespace(leader_for_partition=lambda tp: 0),
            send=send,
        )
        subscriptions = SubscriptionState()
        subscriptions.assign_from_user([PLACE])
        subscriptions.seek(PLACE, 0)
        fetcher = PatientFetcher(client, subscriptions, retry_backoff_ms=3_600_000)
        await asked.wait()
        (waiting,) = fetcher._pending_tasks
        await asyncio.wait_for(fetcher.close(), timeout=30)
        assert waiting.cancelled()
        assert fetcher.error_future.done()

    asyncio.run(close())
