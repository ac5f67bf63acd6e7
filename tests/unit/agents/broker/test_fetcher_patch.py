"""Whole fetches: the same records and the same next offset as aiokafka gives one by one."""

import gc
import struct
import weakref
from contextlib import nullcontext
from typing import Any

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from agents.broker.fetcher_patch import LightRecord, WholeFetch, patch_fetcher, whole_records

PLACE = TopicPartition("events", 3)
CONTROL_BIT = 1 << 5
ATTRIBUTES_AT = 21
CRC_AT = 17


def batch(base: int, count: int, compression: int = 0) -> bytearray:
    """One record batch of ``count`` records from offset ``base`` on; every third has no key, every fourth a header."""
    builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 1 << 20)
    for index in range(count):
        headers = [("origin", b"x")] if index % 4 == 0 else []
        builder.append(
            index, 1_750_000_000_000 + index, None if index % 3 == 0 else b"key", b"value-%d" % index, headers
        )
    data = bytearray(builder.build())
    data[0:8] = struct.pack(">q", base)
    return data


def control(base: int) -> bytearray:
    """A batch that is marked as a transaction's end; its checksum is not looked at."""
    data = batch(base, 1)
    data[ATTRIBUTES_AT : ATTRIBUTES_AT + 2] = struct.pack(">h", CONTROL_BIT)
    return data


def fetched(data: bytes, wanted: int, *, check_crcs: bool = True, isolation: int = 0) -> PartitionRecords:
    """What aiokafka makes of the answer to a fetch from offset ``wanted``."""
    return PartitionRecords(PLACE, MemoryRecords(data), [], wanted, None, None, check_crcs, isolation)


def plain(records: Any) -> list[tuple[Any, ...]]:
    """What of a record matters here."""
    return [(each.offset, each.timestamp, each.key, each.value, tuple(each.headers)) for each in records]


class Assignment:
    """The part of aiokafka's assignment that a fetch result asks and tells."""

    def __init__(self, position: int) -> None:
        self.active, self.paused, self.position = True, False, position

    def state_value(self, _: TopicPartition) -> "Assignment":
        """The only partition there is."""
        return self

    def consumed_to(self, position: int) -> None:
        """The next offset."""
        self.position = position


@pytest.mark.parametrize(
    ("data", "wanted", "check_crcs"),
    [
        (batch(0, 10), 0, True),
        (batch(100, 10) + batch(110, 5), 104, True),
        (batch(100, 10, compression=1) + batch(115, 5), 103, True),
        (batch(0, 3) + control(3) + batch(4, 2), 0, False),
        (batch(0, 3) + control(3), 0, False),
        (b"", 7, True),
    ],
    ids=["one batch", "from the middle", "compressed, with a gap", "a control batch", "ends in one", "nothing"],
)
def test_the_same_records_and_the_same_next_offset(data: bytes, wanted: int, check_crcs: bool) -> None:
    """What aiokafka's own iterator yields, and where it goes on, is what a whole fetch brings."""
    theirs = fetched(bytes(data), wanted, check_crcs=check_crcs)
    expected = plain(theirs)
    records, next_offset = whole_records(fetched(bytes(data), wanted, check_crcs=check_crcs))
    assert plain(records) == expected
    assert next_offset == theirs.next_fetch_offset


def test_a_corrupt_batch_is_fetched_again_and_nothing_behind_it_is_read_first() -> None:
    """A wrong checksum raises, leaves the position where it was, and drops the rest of that fetch."""
    broken = batch(0, 3)
    broken[CRC_AT] ^= 0xFF
    assignment = Assignment(0)
    WholeFetch.whole_topics = frozenset({"events"})
    result = WholeFetch(
        PLACE, assignment=assignment, partition_records=fetched(bytes(broken + batch(3, 4)), 0), backoff=0
    )
    with pytest.raises(CorruptRecordException):
        result.getall()
    assert assignment.position == 0
    assert not result.has_more()
    assert result.getall() == []


@pytest.mark.parametrize("is_corrupt", [False, True])
def test_the_bytes_of_a_fetch_go_with_it(is_corrupt: bool) -> None:
    """Once its records were handed over, or refused, nothing holds a fetch: garbage is seldom collected."""
    data = batch(0, 3)
    data[CRC_AT] ^= 0xFF * is_corrupt
    records = fetched(bytes(data), 0)
    alive = weakref.ref(records)
    WholeFetch.whole_topics = frozenset({"events"})
    result = WholeFetch(PLACE, assignment=Assignment(0), partition_records=records, backoff=0)
    del records
    gc.disable()
    try:
        with pytest.raises(CorruptRecordException) if is_corrupt else nullcontext():
            result.getall()
        assert alive() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(("topics", "kind"), [({"events"}, "whole"), ({"other"}, "one by one")])
def test_only_the_named_topics_come_whole(topics: set[str], kind: str) -> None:
    """Other topics keep aiokafka's records, which Faust asks for more than these have."""
    assignment = Assignment(0)
    WholeFetch.whole_topics = frozenset(topics)
    result = WholeFetch(PLACE, assignment=assignment, partition_records=fetched(bytes(batch(0, 4)), 0), backoff=0)
    records = result.getall()
    assert [record.offset for record in records] == [0, 1, 2, 3]
    assert hasattr(records[0], "serialized_value_size") is (kind == "one by one")
    assert assignment.position == 4
    assert not result.has_more()


def test_a_limit_and_transactions_go_the_ordinary_way() -> None:
    """With a limit of records, or where aborted transactions must be left out, aiokafka's own iterator is used."""
    WholeFetch.whole_topics = frozenset({"events"})
    limited = WholeFetch(PLACE, assignment=Assignment(0), partition_records=fetched(bytes(batch(0, 4)), 0), backoff=0)
    assert [record.offset for record in limited.getall(max_records=2)] == [0, 1]
    committed = WholeFetch(
        PLACE,
        assignment=Assignment(0),
        partition_records=fetched(bytes(batch(0, 4)), 0, isolation=READ_COMMITTED),
        backoff=0,
    )
    assert hasattr(committed.getall()[0], "serialized_value_size")


def test_the_fetcher_of_this_aiokafka_can_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed aiokafka is made as expected, so workers do read whole fetches."""
    from aiokafka.consumer import fetcher

    monkeypatch.setattr(fetcher, "ConsumerRecord", fetcher.ConsumerRecord)
    monkeypatch.setattr(fetcher, "FetchResult", FetchResult)
    assert patch_fetcher(frozenset({"events"}))
    assert fetcher.ConsumerRecord is LightRecord
    assert fetcher.FetchResult is WholeFetch
