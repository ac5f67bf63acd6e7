"""A topic with one partition that is read outside of any group: from its beginning to its end, and then live."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.broker.fetcher_patch import log_end, patch_fetcher
from agents.broker.log_ends import log_ends
from agents.connection.kafka import KafkaConnection

_PATIENCE_SECONDS: Final = 60.0


async def open_log(connection: KafkaConnection, topic: str) -> AIOKafkaConsumer:
    """Return a consumer of what is committed in a topic, at its beginning.

    Raises:
        KafkaError: no broker answers, or it refuses.
    """
    patch_fetcher()
    consumer = AIOKafkaConsumer(
        **connection.aiokafka_arguments(), enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
    except BaseException:
        await consumer.stop()
        raise
    return consumer


async def read_to_end(consumer: AIOKafkaConsumer, connection: KafkaConnection, take: Callable[[Any], None]) -> None:
    """Read up to where the log ends now, or its first open transaction begins: nobody may have to wait for that one."""
    partition = next(iter(consumer.assignment()))
    end = (await log_ends(connection, [partition], _PATIENCE_SECONDS))[partition]
    while await consumer.position(partition) < (log_end(end, consumer.last_stable_offset(partition)) or 0):
        async for record in new_records(consumer):
            take(record)


async def new_records(consumer: AIOKafkaConsumer) -> AsyncIterator[Any]:
    """Yield what has come; nothing after half a second without anything."""
    for records in (await consumer.getmany(timeout_ms=500)).values():
        for record in records:
            yield record
