"""What webhooks have brought: read from the inbox, so that a poller knows what they missed, and when they guessed.

It follows the deliveries of the sources that are polled and maps them as the gateway has. What is kept is bounded: the
newest events, and only what can be missed (comments, orders, refunds).
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.broker.dead_letter_log import PATIENCE_SECONDS, open_consumer, partitions_of
from agents.broker.log_ends import log_ends
from agents.connection.kafka import KafkaConnection
from gateway.inbox import kept_of
from models.topics import INBOX
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.placing import Placer
from streams.connectors.translation import translate

log: Final = logging.getLogger("campaign_pulse")
_MOST: Final = 500_000
_POLL_MS: Final = 500
_AGAIN_SECONDS: Final = 5.0
MISSABLE: Final = frozenset({"comment.created", "purchase", "refund"})


class EventHead(Struct):
    """What is read of an event of ours."""

    type: str
    event_id: str
    campaign_id: str = ""
    influencer_id: str = ""
    platform: str = ""
    occurred_at: int | str = 0
    time_source: str = "payload"
    comment_id: str = ""
    post_id: str = ""
    parent_id: str = ""


head_of = msgspec.json.Decoder(EventHead).decode


class Hooked:
    """Events that came by webhook.

    Args:
        sources: that are polled.
        placer: returns the definitions in force.
        person_key: of pseudonyms.
    """

    def __init__(self, sources: Collection[str], placer: Callable[[], Placer], person_key: bytes | None) -> None:
        self._sources = frozenset(sources)
        self._placer = placer
        self._person_key = person_key
        self._events: OrderedDict[tuple[str, str], EventHead] = OrderedDict()
        self._with_hooks: set[str] = set()
        self.is_read = False
        """Whether the inbox was read to its end once."""

    def has_hooks(self, source: str) -> bool:
        """Return whether a source's webhooks have brought what can be missed in the last days.

        YouTube's tell of new videos and never of comments: a comment that they have not brought is missed by nobody.
        """
        return source in self._with_hooks

    def find(self, source: str, event_id: str) -> EventHead | None:
        """Return an event that a webhook has brought."""
        return self._events.get((source, event_id))

    async def follow(self, connection: KafkaConnection) -> None:
        """Read the inbox from its beginning, and go on; ends only when it is cancelled."""
        while True:
            try:
                async with open_consumer(connection) as consumer:
                    await self._follow(consumer, connection)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("poll: inbox: %s; trying again", type(error).__name__)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _follow(self, consumer: AIOKafkaConsumer, connection: KafkaConnection) -> None:
        tps = await partitions_of(consumer, INBOX)
        if not tps:
            return
        ends = await log_ends(connection, tps, PATIENCE_SECONDS)
        consumer.assign(tps)
        await consumer.seek_to_beginning(*tps)
        while True:
            for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                for record in records:
                    self.take(record.value, record.headers)
            if not self.is_read:
                positions = [await consumer.position(tp) >= ends[tp] for tp in tps]
                self.is_read = all(positions)

    def take(self, value: bytes | None, headers: object) -> None:
        """Take one record of the inbox in."""
        kept = kept_of(value, headers)
        if kept is None or kept.is_polled or kept.source not in self._sources:
            return
        placer = self._placer()
        done = translate(kept.delivery(placer, self._person_key), placer, CATALOGUE[kept.kind].read)
        for event in done.events:
            head = head_of(event.value)
            if head.type in MISSABLE:
                self._with_hooks.add(kept.source)
                self._events[kept.source, head.event_id] = head
                if len(self._events) > _MOST:
                    self._events.popitem(last=False)
