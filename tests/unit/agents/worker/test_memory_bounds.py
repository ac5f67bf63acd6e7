"""What may pile up in a worker is bounded, as docs/memory.md says."""

import asyncio
import platform
import subprocess
import sys
from collections.abc import Iterable
from unittest import mock

import pytest

from agents.broker.record_collector import Delivery, RecordCollector
from agents.read_model.projection import RedisProjection
from agents.worker.app import FETCHED_BYTES, LARGEST_FETCH_BYTES, LEAST_FETCH_BYTES, fetch_bytes
from models.rollups import InfluencerRollup
from models.topics import COMMENTS, INPUT_TOPICS
from streams.events.partitioning import partition_of
from tests.properties.crashes import PARTITIONS, Kafka
from tests.properties.flushing_worker import FlushedKafka, FlushingWorker
from tests.unit.events import NOW_MS, partition_state, records, value_of


@pytest.mark.parametrize(
    ("partitions", "expected"),
    [(1, LARGEST_FETCH_BYTES), (32, LARGEST_FETCH_BYTES), (64, 524_288), (200, LEAST_FETCH_BYTES)],
)
def test_what_is_fetched_ahead_shrinks_with_the_partitions(partitions: int, expected: int) -> None:
    """A worker with 200 partitions and a backlog holds as much as one with 32, but for the least a fetch needs."""
    assert fetch_bytes(partitions) == expected
    assert expected == LEAST_FETCH_BYTES or expected * partitions * len(INPUT_TOPICS) <= FETCHED_BYTES


def test_waiting_dead_letters_and_forwards_are_measured() -> None:
    """Both count until they are taken, so that a flood of refused values makes the topics wait."""
    state = partition_state(partitions=2, partition=1 - partition_of("ana", 2))
    state.apply(COMMENTS, records([b"x" * 1_000, value_of("comment.created")]), NOW_MS)
    both = state.waiting_bytes
    assert both > 2_000
    assert len(state.intake.take_dead_letters()) == 1
    assert 500 < state.waiting_bytes < both - 1_000
    assert len(state.intake.take_forwards()) == 1
    assert state.waiting_bytes == 0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt, which is tested here, is glibc's; CI has glibc")
def test_large_memory_goes_back_to_the_system() -> None:
    """Also after a large piece was freed, which makes glibc keep what is smaller; in a process of its own."""
    told = """
import resource
from agents.worker.run import return_large_memory
assert return_large_memory()
def resident(): return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
bytearray(24 << 20)
before, held = resident(), [bytearray(b"x") * (20 << 20) for _ in range(5)]
small = [bytes(1000) for _ in range(1000)]
del held
assert resident() < before + (8 << 20), resident() - before
"""
    done = subprocess.run([sys.executable, "-c", told], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class CountedCollector(RecordCollector):
    """Knows the largest delivery."""

    def __init__(self) -> None:
        super().__init__(["nowhere:1"], {COMMENTS: 1})
        self.largest = 0


def test_the_record_collector_knows_how_much_it_holds() -> None:
    """Keys and values count; what was handed on or dropped does not."""
    collector = CountedCollector()
    collector.add(COMMENTS, 0, b"key", b"value")
    collector.add_keyed(COMMENTS, "c", b"key", None)
    assert collector.pending_bytes == 11
    collector.discard()
    assert collector.pending_bytes == 0


class FiveAWrite(FlushingWorker):
    """A worker that writes the records of five influencers together."""

    rows_a_write = 5


def test_a_flush_of_many_writes_portion_by_portion() -> None:
    """However many influencers changed, no more than a portion of their records is held at a time."""
    names = [f"i{number}" for number in range(23)]
    log = [
        (COMMENTS, partition_of(name, PARTITIONS), value_of("comment.created", name, influencer_id=name))
        for name in names
    ]
    kafka: Kafka = FlushedKafka(log)
    worker = FiveAWrite(kafka)
    for place in range(len(kafka.logs)):
        worker.fetch(place, 100)
    portions = []
    write = worker.fence.write

    async def watched(written: Iterable[tuple[int, bytes, bytes | None]]) -> list[Delivery]:
        portions.append(list(written))
        return await write(portions[-1])

    with mock.patch.object(worker.fence, "write", watched):
        worker.flush(iter(()))
    rows = [sum(b'"row"' in key for _, key, _ in portion) for portion in portions]
    assert rows == [5, 5, 5, 5, 3]


def test_redis_backlog_is_one_rollup_of_each_entity() -> None:
    """An outage of any length leaves the newest rollup of each influencer, not one of each flush."""

    async def outage() -> int:
        projection = RedisProjection(
            "redis://127.0.0.1:1/0", "pulse", lambda: None, lambda lost: None, lambda: ("w", {})
        )
        for moment in range(1_000):
            rollup = InfluencerRollup(
                campaign_id="c",
                influencer_id=f"i{moment % 3}",
                platform="",
                handle="",
                followers=None,
                as_of_ms=moment,
                windows={},
            )
            projection.put(rollup, b"{}")
        return len(projection._pending)

    assert asyncio.run(outage()) == 3
