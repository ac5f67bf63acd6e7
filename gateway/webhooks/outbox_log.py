"""The topic of outgoing messages: written in order, confirmed, and read to its end by whoever wants to know."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from agents.broker.dead_letter_log import PATIENCE_SECONDS, open_consumer, partitions_of, records_between
from agents.broker.log_ends import log_ends
from agents.broker.producers import NotAuthorisedError, start_producer
from agents.connection.kafka import KafkaConnection
from gateway.webhooks.outbox import Key, Outbox, Value, encoded
from models.topics import WEBHOOKS

log: Final = logging.getLogger("campaign_pulse")
LOG: Final = TopicPartition(WEBHOOKS, 0)
_CONFIRM_SECONDS: Final = 30.0
_AGAIN_SECONDS: Final = 1.0


class OutboxLog:
    """Writes the topic.

    Args:
        connection: how Kafka is reached.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect, as soon as a broker answers."""
        while self._producer is None:
            try:
                self._producer = await start_producer(self._connection)
            except (KafkaError, NotAuthorisedError, OSError, TimeoutError) as error:
                log.warning("webhooks: producer: %s: %s; trying again", type(error).__name__, error)
                await asyncio.sleep(_AGAIN_SECONDS)

    async def stop(self) -> None:
        """Disconnect."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def write(self, records: Sequence[tuple[Key, Value | None]]) -> None:
        """Write records in this order, and return once all are confirmed.

        Each is absolute: where Kafka does not answer, the same are written again, for as long as it takes.
        """
        while not await self._written(records):  # noqa: ASYNC110  # tries again, and waits for nothing of ours
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _written(self, records: Sequence[tuple[Key, Value | None]]) -> bool:
        producer = self._producer
        if producer is None:
            raise RuntimeError("the outbox is not started")
        try:
            async with asyncio.timeout(_CONFIRM_SECONDS):
                sent = []
                for each in records:
                    key, value = encoded(*each)
                    sent.append(await producer.send(WEBHOOKS, value, key=key, partition=LOG.partition))
                for confirmation in sent:
                    # What is given up here goes on under the producer, and must not be cancelled.
                    await asyncio.shield(confirmation)
        except (KafkaError, TimeoutError) as error:
            log.warning("webhooks: not written yet: %s: %s; trying again", type(error).__name__, error)
            return False
        return True


async def read_outbox(connection: KafkaConnection) -> Outbox:
    """Return what the topic says now; nothing where it does not exist yet.

    Raises:
        KafkaError: a broker refuses or is away.
        DeadLetterLogError: the topic stands still before its end.
    """
    outbox = Outbox()
    async with open_consumer(connection) as consumer:
        if await partitions_of(consumer, WEBHOOKS):
            end = (await log_ends(connection, [LOG], PATIENCE_SECONDS))[LOG]
            async for record in records_between(consumer, LOG, 0, end):
                outbox.take(record.key, record.value)
    return outbox
