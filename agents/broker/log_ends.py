"""Where logs end, by asking with a fetch.

ListOffsets is the usual question, and recovery of a table stops where its answer says. The embedded broker answers
it with the *beginning* of the last batch, plus one (watched: 10 records in one batch after 1 record give 2 and not
11), so a recovery that believed it would lose the rest of that batch: confirmed state. Every broker gives the true
end in its fetch responses.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.connection.kafka import KafkaConnection


async def log_ends(
    connection: KafkaConnection, partitions: Iterable[Any], timeout_seconds: float
) -> Mapping[TopicPartition, int]:
    """Return the next offset of each topic-partition.

    Raises:
        TimeoutError: a broker did not answer in time.
        KafkaError: a broker refused.
    """
    wanted = [TopicPartition(each.topic, each.partition) for each in partitions]
    if not wanted:
        return {}
    # Nothing of the records is needed: few bytes, and answers at once even when there is nothing to read.
    consumer = AIOKafkaConsumer(
        **connection.aiokafka_arguments(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        async with asyncio.timeout(timeout_seconds):
            firsts = await consumer.beginning_offsets(wanted)
            claimed = await consumer.end_offsets(wanted)
            held = [tp for tp in wanted if claimed[tp] > firsts[tp]]
            consumer.assign(held)
            for tp in held:
                consumer.seek(tp, claimed[tp] - 1)
            while any(consumer.highwater(tp) is None for tp in held):
                await consumer.getmany(timeout_ms=50)
            ends = {tp: max(claimed[tp], consumer.highwater(tp) or 0) for tp in held}
    finally:
        await consumer.stop()
    return {tp: ends.get(tp, claimed[tp]) for tp in wanted}
