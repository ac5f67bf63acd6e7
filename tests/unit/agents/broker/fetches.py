"""Answers to fetches as a broker gives them, made up batch by batch."""

import struct
from collections.abc import Sequence
from typing import Any

from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

PLACE = TopicPartition("events", 3)
TRANSACTIONAL_BIT, CONTROL_BIT = 1 << 4, 1 << 5
ATTRIBUTES_AT, CRC_AT, LAST_OFFSET_AT = 21, 17, 23


def batch(base: int, count: int, compression: int = 0, producer_id: int = -1) -> bytearray:
    """One record batch of ``count`` records from offset ``base`` on; every third has no key, every fourth a header.

    With a producer id it is part of a transaction.
    """
    builder = DefaultRecordBatchBuilder(2, compression, int(producer_id >= 0), producer_id, 0, 0, 1 << 20)
    for index in range(count):
        headers = [("origin", b"x")] if index % 4 == 0 else []
        builder.append(
            index, 1_750_000_000_000 + index, None if index % 3 == 0 else b"key", b"value-%d" % index, headers
        )
    data = bytearray(builder.build())
    data[0:8] = struct.pack(">q", base)
    return data


def mark(base: int, producer_id: int = 9, *, is_abort: bool = False) -> bytearray:
    """The end of a transaction: a control batch, whose one record says whether it was committed or taken back."""
    builder = DefaultRecordBatchBuilder(2, 0, 1, producer_id, 0, 0, 1 << 20)
    builder.append(0, 1_750_000_000_000, struct.pack(">hh", 0, 0 if is_abort else 1), b"\0" * 6, [])
    data = bytearray(builder.build())
    data[0:8] = struct.pack(">q", base)
    data[ATTRIBUTES_AT : ATTRIBUTES_AT + 2] = struct.pack(">h", TRANSACTIONAL_BIT | CONTROL_BIT)
    return signed(data)


def compacted(base: int, count: int, last_delta: int) -> bytearray:
    """A batch of which compaction left ``count`` records; it still says which offset its last one had."""
    data = batch(base, count)
    data[LAST_OFFSET_AT : LAST_OFFSET_AT + 4] = struct.pack(">i", last_delta)
    return signed(data)


def with_codec(data: bytearray, codec: int) -> bytearray:
    """A batch that says it is compressed, whatever its bytes are; with a checksum that is right."""
    data[ATTRIBUTES_AT : ATTRIBUTES_AT + 2] = struct.pack(">h", codec)
    return signed(data)


def signed(data: bytearray) -> bytearray:
    """The batch with the checksum that its bytes have now."""
    data[CRC_AT : CRC_AT + 4] = struct.pack(">I", calc_crc32c(bytes(data[ATTRIBUTES_AT:])))
    return data


def fetched(
    data: bytes,
    wanted: int,
    *,
    check_crcs: bool = True,
    isolation: int = 0,
    aborted: Sequence[tuple[int, int]] = (),
) -> PartitionRecords:
    """What aiokafka makes of the answer to a fetch from offset ``wanted``; ``aborted`` are (producer id, offset)."""
    return PartitionRecords(PLACE, MemoryRecords(bytes(data)), aborted, wanted, None, None, check_crcs, isolation)


def plain(records: Any) -> list[tuple[Any, ...]]:
    """What of a record matters here."""
    return [(each.offset, each.timestamp, each.key, each.value, tuple(each.headers)) for each in records]


class Assignment:
    """The part of aiokafka's assignment, and of its only partition, that a fetch result asks and tells."""

    def __init__(self, position: int, highwater: int | None = None) -> None:
        self.active, self.paused, self.position, self.highwater = True, False, position, highwater

    def state_value(self, _: TopicPartition) -> "Assignment":
        """The only partition there is."""
        return self

    def consumed_to(self, position: int) -> None:
        """The next offset."""
        self.position = position
