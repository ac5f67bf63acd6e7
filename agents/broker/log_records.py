"""The records at given offsets of given logs, to compare them with those that were read there."""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.connection.kafka import KafkaConnection
from streams.changelog.log_positions import LastRecord, last_record

_AT_A_TIME: Final = 16
"""Topic-partitions of one question: each answer brings a whole batch, which may be a megabyte."""
_WAIT_MS: Final = 1500
"""How long a broker may look for a record that is there; the embedded one searches a partition from its beginning."""


async def records_at(
    connection: KafkaConnection, offsets: Mapping[Any, int], timeout_seconds: float
) -> dict[TopicPartition, LastRecord]:
    """Return the first record at or behind each offset; absent where no broker has brought one in time.

    Args:
        connection: to the brokers.
        offsets: of each topic-partition; there must be a record at or behind each, or the time is waited for.
        timeout_seconds: for all of them together.

    Raises:
        KafkaError: a broker refused, or a batch cannot be decoded.
    """
    wanted = [(TopicPartition(each.topic, each.partition), offset) for each, offset in offsets.items()]
    found: dict[TopicPartition, LastRecord] = {}
    if not wanted:
        return found
    deadline = monotonic() + timeout_seconds
    consumer = AIOKafkaConsumer(
        **connection.aiokafka_arguments(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=_WAIT_MS,
    )
    await consumer.start()
    try:
        for begin in range(0, len(wanted), _AT_A_TIME):
            await _look(consumer, dict(wanted[begin : begin + _AT_A_TIME]), found, deadline)
    finally:
        await consumer.stop()
    return found


async def _look(
    consumer: AIOKafkaConsumer,
    wanted: Mapping[TopicPartition, int],
    found: dict[TopicPartition, LastRecord],
    deadline: float,
) -> None:
    left = dict(wanted)
    while left and monotonic() < deadline:
        consumer.assign(list(left))
        for tp, offset in left.items():
            consumer.seek(tp, offset)
        while left.keys() == set(consumer.assignment()) and monotonic() < deadline:
            fetched = await consumer.getmany(timeout_ms=_WAIT_MS)
            for tp, records in fetched.items():
                if records and left.pop(tp, None) is not None:
                    found[tp] = last_record(records[0].offset, records[0].key, records[0].value)
        await asyncio.sleep(0)
