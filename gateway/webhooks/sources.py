"""What messages are made of: the topics of alerts and rollups, read from where the sender before has ended.

Nothing is told of what was there before the first webhook was configured: alerts are read from their end, and the
totals that campaigns have are only remembered.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
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
from gateway.webhooks.outbox import High, Key, Outbox, Place, Switch, Value, high_key, place_key, switch_key, waiting_of
from models.alerts import AlertTransition
from models.rollups import CampaignRollup, GiveawayRollup, Rollup
from models.topics import ALERTS, ROLLUPS
from models.webhooks import WebhookRules
from streams.webhooks.messages import Made, Totals, of_totals, of_transition
from streams.webhooks.schedule import LONGEST_MS

log: Final = logging.getLogger("campaign_pulse")
_POLL_MS: Final = 500
_AGAIN_SECONDS: Final = 2.0
_SAVE_SECONDS: Final = 30.0
"""Without a message, how far it is read is saved that often; after a kill this much is read again."""
_decode_transition: Final = msgspec.json.Decoder(AlertTransition).decode
_decode_rollup: Final = msgspec.json.Decoder(Rollup).decode
_decode_key: Final = msgspec.json.Decoder(list[str]).decode
Write = Callable[[Sequence[tuple[Key, Value | None]]], Any]


class Sources:
    """Reads alerts and rollups, and makes messages of them.

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
        self._highs: dict[str, Totals] = {}
        """Totals that have risen and are not saved yet."""
        self._places: dict[tuple[str, int], int] = {}
        self._saved_at = 0.0
        reads_totals = any(
            each.milestones.first_order
            or each.milestones.entries
            or each.milestones.every_entries
            or each.milestones.revenue
            for each in self._webhooks
        )
        self._topics = (ALERTS, ROLLUPS) if reads_totals else (ALERTS,)

    async def follow(self) -> None:
        """Read and make messages; ends only when it is cancelled."""
        while True:
            self._highs, self._places = {}, dict(self._outbox.places)
            try:
                async with open_consumer(self._connection) as consumer:
                    tps = [tp for topic in self._topics for tp in await partitions_of(consumer, topic)]
                    await self._begin(consumer, tps)
                    await self._follow(consumer, tps)
            except (KafkaError, OSError, TimeoutError, DeadLetterLogError) as error:
                log.warning("webhooks: %s: %s; trying again", type(error).__name__, error)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _begin(self, consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition]) -> None:
        """Begin where another one has ended; a topic that is read for the first time from its end."""
        names = [each.name for each in self._webhooks]
        are_new = not any(name in self._outbox.switches for name in names)
        new_topics = {
            topic for topic in self._topics if are_new or not any(known == topic for known, _ in self._outbox.places)
        }
        ends = await log_ends(self._connection, [tp for tp in tps if tp.topic in new_topics], PATIENCE_SECONDS)
        records: list[tuple[Key, Value | None]] = []
        for tp, end in ends.items():
            if tp.topic == ROLLUPS:
                async for record in records_between(consumer, tp, 0, end):
                    self._remember(record)
            self._places[tp.topic, tp.partition] = end
        records += [(high_key(campaign), High(totals=totals)) for campaign, totals in self._highs.items()]
        records += [(place_key(tp.topic, tp.partition), Place(next=end)) for tp, end in ends.items()]
        if ROLLUPS not in self._topics:
            # Nobody asks for milestones any more: who does later is not told what was reached until then.
            records += [(place_key(*place), None) for place in self._outbox.places if place[0] == ROLLUPS]
            self._places = {place: next_ for place, next_ in self._places.items() if place[0] != ROLLUPS}
        # Last: a beginning that was cut off begins again.
        records += [(switch_key(name), Switch()) for name in names if name not in self._outbox.switches]
        await self._save(records)

    async def _follow(self, consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition]) -> None:
        consumer.assign(list(tps))
        for tp in tps:
            consumer.seek(tp, self._places.get((tp.topic, tp.partition), 0))
        log.info("webhooks: %s are followed", " and ".join(self._topics))
        while True:
            fetched = await consumer.getmany(*tps, timeout_ms=_POLL_MS)
            made: dict[str, Made] = {}
            for tp, records in fetched.items():
                for record in records:
                    for each in self._told(record):
                        if not self._outbox.knows(each.message_id):
                            made.setdefault(each.message_id, each)
                self._places[tp.topic, tp.partition] = records[-1].offset + 1
            if made:
                await self._save(waiting_of(list(made.values()), wall_clock()))
                self._on_made(list(made))
            elif time.monotonic() - self._saved_at > _SAVE_SECONDS:
                await self._save([])

    async def _save(self, records: Sequence[tuple[Key, Value | None]]) -> None:
        """Write messages, and after them what they were made of: cut off anywhere, the rest is made again the same."""
        outbox = self._outbox
        whole = list(records)
        whole += [(high_key(campaign), High(totals=totals)) for campaign, totals in self._highs.items()]
        whole += [
            (place_key(*place), Place(next=next_))
            for place, next_ in self._places.items()
            if outbox.places.get(place) != next_
        ]
        if whole:
            await self._write(whole)
        for key, value in whole:
            outbox.put(key, value)
        self._highs.clear()
        self._saved_at = time.monotonic()

    def _told(self, record: Any) -> Iterable[Made]:
        """Return what a record tells."""
        if record.topic == ROLLUPS:
            return self._told_of_totals(record)
        if record.timestamp < wall_clock() - LONGEST_MS:
            return ()
        try:
            transition = _decode_transition(record.value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError):
            log.warning("webhooks: %s/%d@%d is no alert", record.topic, record.partition, record.offset)
            return ()
        return of_transition(transition, self._webhooks, self._name_of(transition.alert.campaign_id))

    def _told_of_totals(self, record: Any) -> Iterable[Made]:
        found = self._remember(record)
        if found is None:
            return ()
        campaign_id, before, at_ms = found
        after = self._highs[campaign_id]
        return of_totals(before, after, self._webhooks, campaign_id, self._name_of(campaign_id), at_ms)

    def _remember(self, record: Any) -> tuple[str, Totals, int] | None:
        """Take a rollup in; return campaign, the totals before, and event time, where it has raised them."""
        try:
            # By the key: of most rollups, those of influencers, nothing else is looked at.
            match _decode_key(record.key or b""):
                case [_] | [_, "", "giveaway"] if record.value:
                    rollup = _decode_rollup(record.value)
                case _:
                    return None
        except (msgspec.DecodeError, UnicodeDecodeError):
            log.warning("webhooks: %s/%d@%d is no rollup", record.topic, record.partition, record.offset)
            return None
        if not isinstance(rollup, CampaignRollup | GiveawayRollup):
            return None
        campaign_id = rollup.campaign_id
        before = self._highs.get(campaign_id) or self._outbox.highs.get(campaign_id, Totals())
        after = before.with_rollup(rollup)
        if after == before:
            return None
        self._highs[campaign_id] = after
        return campaign_id, before, rollup.as_of_ms
