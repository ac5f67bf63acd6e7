"""Where logs end, by asking with a fetch.

ListOffsets is the usual question, and recovery of a table stops where its answer says. The embedded broker answers
it with the *beginning* of the last batch, plus one (watched: 10 records in one batch after 1 record give 2 and not
11), so a recovery that believed it would lose the rest of that batch: confirmed state. Every broker gives the true
end in its fetch responses.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.connection.kafka import KafkaConnection


class LogBounds(NamedTuple):
    """The first offset that a log still has, and the next one."""

    first: int
    end: int


async def log_ends(
    connection: KafkaConnection, partitions: Iterable[Any], timeout_seconds: float
) -> Mapping[TopicPartition, int]:
    """Return the next offset of each topic-partition; see ``log_bounds``."""
    bounds = await log_bounds(connection, partitions, timeout_seconds)
    return {tp: each.end for tp, each in bounds.items()}


async def log_bounds(
    connection: KafkaConnection, partitions: Iterable[Any], timeout_seconds: float
) -> Mapping[TopicPartition, LogBounds]:
    """Return the bounds of each topic-partition.

    Raises:
        TimeoutError: a broker did not answer in time.
        KafkaError: a broker refused.
    """
    wanted = [TopicPartition(each.topic, each.partition) for each in partitions]
    if not wanted:
        return {}
    async with _asking(connection) as consumer, asyncio.timeout(timeout_seconds):
        firsts = await consumer.beginning_offsets(wanted)
        claimed = await consumer.end_offsets(wanted)
        held = [tp for tp in wanted if claimed[tp] > firsts[tp]]
        consumer.assign(held)
        for tp in held:
            consumer.seek(tp, claimed[tp] - 1)
        while any(consumer.highwater(tp) is None for tp in held):
            await consumer.getmany(timeout_ms=50)
        ends = {tp: max(claimed[tp], consumer.highwater(tp) or 0) for tp in held}
    return {tp: LogBounds(firsts[tp], ends.get(tp, claimed[tp])) for tp in wanted}


async def first_offset_since(connection: KafkaConnection, partition: Any, time_ms: int, timeout_seconds: float) -> int:
    """Return the first offset of a topic-partition whose record was sent at or after ``time_ms``; its end if none was.

    Raises:
        TimeoutError: a broker did not answer in time.
        KafkaError: a broker refused.
    """
    tp = TopicPartition(partition.topic, partition.partition)
    async with _asking(connection) as consumer, asyncio.timeout(timeout_seconds):
        found = (await consumer.offsets_for_times({tp: time_ms}))[tp]
    return (await log_ends(connection, [tp], timeout_seconds))[tp] if found is None else int(found.offset)


@asynccontextmanager
async def _asking(connection: KafkaConnection) -> AsyncIterator[AIOKafkaConsumer]:
    """Yield a consumer that asks: few bytes, and answers at once even when there is nothing to read."""
    consumer = AIOKafkaConsumer(
        **connection.aiokafka_arguments(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
