"""What messages are made of: the topics of alerts and rollups, read from where the sender before has ended.

Nothing is told of what was there before the first webhook was configured: alerts are read from their end, and the
totals that campaigns have are only remembered.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from agents.broker.dead_letter_log import (
    PATIENCE_SECONDS,
    DeadLetterLogError,
    open_consumer,
    partitions_of,
    records_between,
)
from agents.broker.log_ends import log_ends
from agents.clock import wall_clock
from agents.connection.kafka import KafkaConnection
from gateway.webhooks.deriving import Change, Deriving
from gateway.webhooks.outbox import Outbox, Switch, place_key, switch_key
from models.topics import ALERTS, ROLLUPS
from models.webhooks import Milestones, WebhookRules

log: Final = logging.getLogger("campaign_pulse")
_POLL_MS: Final = 500
_AGAIN_SECONDS: Final = 2.0
_SAVE_SECONDS: Final = 30.0
"""Without a message, how far it is read is saved that often; after a kill this much is read again."""
Write = Callable[[Sequence[Change]], Awaitable[None]]


class Sources:
    """Reads alerts and rollups, and has messages made of them.

    Args:
        connection: how Kafka is reached.
        webhooks: who is told.
        outbox: what is known; what was written is put into it.
        write: writes records of the outbox, confirmed.
        on_made: called with the ids of messages that are safe.
        name_of: returns a campaign's name.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        webhooks: Iterable[WebhookRules],
        outbox: Outbox,
        write: Write,
        on_made: Callable[[list[str]], None],
        name_of: Callable[[str], str],
    ) -> None:
        self._connection = connection
        self._webhooks = tuple(webhooks)
        self._outbox = outbox
        self._write = write
        self._on_made = on_made
        self._name_of = name_of
        self._saved_at = 0.0
        asks_for_totals = any(each.milestones != Milestones() for each in self._webhooks)
        self._topics = (ALERTS, ROLLUPS) if asks_for_totals else (ALERTS,)

    async def follow(self) -> None:
        """Read and make messages; ends only when it is cancelled."""
        told = ""
        while True:
            try:
                async with open_consumer(self._connection) as consumer:
                    tps = [tp for topic in self._topics for tp in await partitions_of(consumer, topic)]
                    await self._begin(consumer, tps)
                    await self._follow(consumer, tps)
            except (KafkaError, OSError, TimeoutError, DeadLetterLogError) as error:
                if str(error) != told:
                    told = str(error)
                    log.warning("webhooks: %s: %s; trying again", type(error).__name__, error)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _begin(self, consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition]) -> None:
        """Begin where another one has ended; a topic that is read for the first time from its end."""
        outbox, names = self._outbox, [each.name for each in self._webhooks]
        are_new = not any(name in outbox.switches for name in names)
        known = set() if are_new else {topic for topic, _ in outbox.places}
        ends = await log_ends(self._connection, [tp for tp in tps if tp.topic not in known], PATIENCE_SECONDS)
        deriving = Deriving(self._webhooks, outbox, self._name_of)
        for tp, end in ends.items():
            if tp.topic == ROLLUPS:
                async for record in records_between(consumer, tp, 0, end):
                    deriving.remember(record)
            deriving.places[tp.topic, tp.partition] = end
        changes = deriving.changes(wall_clock())
        if ROLLUPS not in self._topics:
            # Nobody asks for milestones any more: who does later is not told what was reached until then.
            changes += [(place_key(*place), None) for place in outbox.places if place[0] == ROLLUPS]
        # Last: a beginning that was cut off begins again.
        changes += [(switch_key(name), Switch()) for name in names if name not in outbox.switches]
        await self._save(deriving, changes)

    async def _follow(self, consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition]) -> None:
        deriving = Deriving(self._webhooks, self._outbox, self._name_of)
        consumer.assign(list(tps))
        for tp in tps:
            consumer.seek(tp, deriving.places.get((tp.topic, tp.partition), 0))
        log.info("webhooks: %s are followed", " and ".join(self._topics))
        while True:
            for records in (await consumer.getmany(*tps, timeout_ms=_POLL_MS)).values():
                for record in records:
                    deriving.take(record, wall_clock())
            if deriving.has_made or time.monotonic() - self._saved_at > _SAVE_SECONDS:
                await self._save(deriving, deriving.changes(wall_clock()))

    async def _save(self, deriving: Deriving, changes: Sequence[Change]) -> None:
        if changes:
            await self._write(changes)
        made = deriving.saved(changes)
        self._saved_at = time.monotonic()
        if made:
            self._on_made(made)
