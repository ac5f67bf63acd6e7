"""The one that sends: of all gateways whoever holds the outbox's only partition, by Kafka's group protocol.

It knows everything from the topic, makes messages, sends them, and writes down what came of each attempt before the
next one of that message. Killed at any moment, another one goes on: a message may be sent again, with the same id.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct
from msgspec.structs import replace

from agents.broker.dead_letter_log import PATIENCE_SECONDS
from agents.broker.log_ends import log_ends
from agents.clock import wall_clock
from agents.connection.kafka import KafkaConnection
from gateway.webhooks.hook_queue import HookQueue
from gateway.webhooks.metrics import WebhookMetrics
from gateway.webhooks.outbox import Done, Key, Outbox, Outcome, Switch, Value, Waiting, message_key, switch_key
from gateway.webhooks.outbox_log import LOG, OutboxLog
from gateway.webhooks.posting import Attempt, Poster
from gateway.webhooks.sources import Sources
from models.times import DAY_MS, SECOND_MS
from models.topics import WEBHOOKS
from models.webhooks import WebhookRules
from streams.webhooks.schedule import LONGEST_MS, next_attempt_ms

log: Final = logging.getLogger("campaign_pulse")
MOST_WAITING: Final = 10_000
"""Messages of one receiver; of more the oldest are given up."""
_REMEMBERED_MS: Final = 7 * DAY_MS
_POLL_MS: Final = 250
_TIDY_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 5.0
_AGAIN_SECONDS: Final = 2.0
_AT_ONCE: Final = 500


class Receivers(Struct, frozen=True):
    """Who is told, and the secrets of each, the newest first."""

    webhooks: Mapping[str, WebhookRules]
    secrets: Mapping[str, Sequence[str]]


class Sender(ConsumerRebalanceListener):
    """Sends, where it is this gateway's turn.

    Args:
        connection: how Kafka is reached.
        group: of the gateways.
        session_seconds: after how long without a sign another gateway takes over.
        receivers: returns who is told; another object when that has changed.
        name_of: returns a campaign's name.
        metrics: of webhooks.
        attempt_seconds: how long one attempt may take.
        pauses_ms: after the first failure, the second, and so on.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        group: str,
        session_seconds: float,
        receivers: Callable[[], Receivers],
        name_of: Callable[[str], str],
        metrics: WebhookMetrics,
        attempt_seconds: float,
        pauses_ms: Sequence[int],
    ) -> None:
        self._connection = connection
        self._group = group
        self._session_ms = round(session_seconds * SECOND_MS)
        self._receivers_now = receivers
        self._receivers = receivers()
        self._name_of = name_of
        self._metrics = metrics
        self._pauses_ms = tuple(pauses_ms)
        self._log = OutboxLog(connection)
        self._poster = Poster(attempt_seconds)
        self._random = random.Random()  # noqa: S311  # spreads attempts, and is no secret
        self._outbox = Outbox()
        self._queues: dict[str, HookQueue] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._is_held = False
        self._turn = 0
        """Another one each time that the partition is given or taken away."""
        self._end: int | None = None
        metrics.sender(lambda: float(self.is_sending))

    @property
    def is_sending(self) -> bool:
        """Whether this gateway sends."""
        return bool(self._tasks)

    # ------------------------------------------------------------- whose turn

    async def run(self) -> None:
        """Send when it is this gateway's turn; ends only when it is cancelled, or by an error of ours."""
        try:
            await self._log.start()
            told = ""
            while True:
                try:
                    await self._take_part()
                except (KafkaError, OSError, TimeoutError) as error:
                    if str(error) != told:
                        told = str(error)
                        log.warning("webhooks: %s: %s; trying again", type(error).__name__, error)
                await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            await self._stop_sending()
            await self._poster.close()
            await self._log.stop()

    async def _take_part(self) -> None:
        consumer = AIOKafkaConsumer(
            **self._connection.aiokafka_arguments(),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=self._session_ms,
            heartbeat_interval_ms=max(100, self._session_ms // 5),
        )
        consumer.subscribe([WEBHOOKS], listener=self)
        try:
            await consumer.start()
            while True:
                records = (await consumer.getmany(timeout_ms=_POLL_MS)).get(LOG, [])
                if self._is_held:
                    await self._follow(consumer, records)
        finally:
            await self._stop_sending()
            await consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer, records: Sequence[object]) -> None:
        """Take in what the topic says; begin to send at its end, and end where a part of it has."""
        if self.is_sending:
            for task in self._tasks:
                if task.done():
                    task.result()
            for record in records:
                self._hear(record)
            if self._receivers_now() is not self._receivers:
                # What was cut off may be written, and not known here: everything is read anew.
                await self._stop_sending()
                self._outbox, self._end = Outbox(), None
                await consumer.seek_to_beginning(LOG)
            return
        for record in records:
            self._outbox.take(record.key, record.value)  # type: ignore[attr-defined]  # aiokafka's record
        turn = self._turn
        if self._end is None:
            end = (await log_ends(self._connection, [LOG], PATIENCE_SECONDS))[LOG]
            if turn != self._turn:
                return  # taken away meanwhile, and perhaps given again: read from the beginning
            self._end = end
        if await consumer.position(LOG) >= self._end and turn == self._turn:
            log.info("webhooks: this gateway sends; %d messages wait", len(self._outbox.waiting))
            self._begin_sending()

    def _hear(self, record: object) -> None:
        """Take in that somebody has turned a receiver on; everything else this gateway has written itself."""
        heard = Outbox()
        heard.take(record.key, record.value)  # type: ignore[attr-defined]  # aiokafka's record
        for name, switch in heard.switches.items():
            self._outbox.switches[name] = switch
            if name in self._queues:
                self._queues[name].wake()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Read the topic from its beginning."""
        self._is_held = LOG in assigned
        self._turn += 1
        self._outbox, self._end = Outbox(), None

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Send nothing more: another gateway does."""
        self._is_held = False
        self._turn += 1
        await self._stop_sending()

    def _begin_sending(self) -> None:
        self._receivers = self._receivers_now()
        outbox, webhooks = self._outbox, self._receivers.webhooks
        self._queues = {name: HookQueue(outbox.waiting_of(name)) for name in webhooks}
        for name in webhooks:
            self._show(name)
        sources = Sources(self._connection, webhooks.values(), outbox, self._log.write, self._made, self._name_of)
        self._tasks = [asyncio.create_task(sources.follow()), asyncio.create_task(self._tidy())]
        self._tasks += [
            asyncio.create_task(self._deliver(rules, new=new)) for rules in webhooks.values() for new in (True, False)
        ]

    async def _stop_sending(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _show(self, name: str) -> None:
        def oldest() -> float:
            made_ms = self._outbox.oldest_ms(name) if self.is_sending else None
            return 0.0 if made_ms is None else max(0.0, (wall_clock() - made_ms) / SECOND_MS)

        self._metrics.webhook(
            name,
            {
                "waiting": lambda: float(self._outbox.counts()[name] if self.is_sending else 0),
                "oldest_seconds": oldest,
                "off": lambda: float(self.is_sending and self._outbox.is_off(name)),
            },
        )

    # ---------------------------------------------------------------- sending

    def _made(self, message_ids: list[str]) -> None:
        for message_id in message_ids:
            message = self._outbox.waiting[message_id]
            self._metrics.messages.labels(message.webhook, "made").inc()
            if message.webhook in self._queues:
                self._queues[message.webhook].add(message_id, message)

    async def _deliver(self, rules: WebhookRules, *, new: bool) -> None:
        """Send the messages of a receiver one after the other, the new ones or those that have failed."""
        queue = self._queues[rules.name]
        while True:
            queue.came[new].clear()
            now_ms = wall_clock()
            is_off = self._outbox.is_off(rules.name)
            message_id = None if is_off else queue.take(now_ms, new=new)
            if message_id is None:
                wait = _LOOK_SECONDS if is_off else queue.seconds_until_due(now_ms, new=new, most=_LOOK_SECONDS)
                await _event_or_time(queue.came[new], max(wait, 0.01))
                continue
            message = self._outbox.waiting.get(message_id)
            if message is None:
                continue  # given up meanwhile
            secrets = self._receivers.secrets.get(rules.name, ())
            attempt = await self._poster.post(rules, secrets, message_id, message.body)
            await self._settle(rules.name, message_id, message, attempt)

    async def _settle(self, name: str, message_id: str, message: Waiting, attempt: Attempt) -> None:
        """Write down what came of an attempt, and go on from there."""
        now_ms, key = wall_clock(), message_key(message_id)
        if attempt.is_taken:
            await self._write([(key, Done(webhook=name, at_ms=now_ms, outcome="sent"))])
            self._count(name, "sent", "sent")
            return
        tried = replace(message, attempts=message.attempts + 1, problem=attempt.problem, next_ms=now_ms)
        queue = self._queues[name]
        if attempt.is_gone:
            log.warning(
                "webhooks: %s answered 410 and is off: `gateway webhooks enable %s` turns it on again", name, name
            )
            off = Switch(off_ms=now_ms, reason="answered 410 Gone")
            await self._write([(switch_key(name), off), (key, tried)])
            queue.add(message_id, tried)
            self._count(name, "gone")
            return
        if attempt.asked_ms is not None and attempt.status in {429, 503}:
            queue.paused_until_ms = max(queue.paused_until_ms, attempt.asked_ms)
        next_ms = next_attempt_ms(tried.attempts, now_ms, self._random.random(), attempt.asked_ms, self._pauses_ms)
        if next_ms is None:
            log.error(
                "webhooks: %s: %s given up after %d attempts: %s", name, message_id, tried.attempts, attempt.problem
            )
            await self._write([(key, Done(webhook=name, at_ms=now_ms, outcome="failed"))])
            self._count(name, "failed", "failed")
            return
        tried = replace(tried, next_ms=next_ms)
        log.info("webhooks: %s: %s: %s", name, message_id, attempt.problem)
        await self._write([(key, tried)])
        queue.add(message_id, tried)
        self._count(name, "retried")

    async def _write(self, records: Sequence[tuple[Key, Value | None]]) -> None:
        await self._log.write(records)
        for key, value in records:
            self._outbox.put(key, value)

    def _count(self, name: str, attempt: str, message: str = "") -> None:
        self._metrics.attempts.labels(name, attempt).inc()
        if message:
            self._metrics.messages.labels(name, message).inc()

    # ------------------------------------------------------------------- tidy

    async def _tidy(self) -> None:
        """Give up what waits for too long, for nobody, or behind too many; forget what was taken long ago."""
        while True:
            now_ms = wall_clock()
            records: list[tuple[Key, Value | None]] = []
            for message_id, outcome in self._too_much(now_ms):
                name = self._outbox.waiting[message_id].webhook
                records.append((message_key(message_id), Done(webhook=name, at_ms=now_ms, outcome=outcome)))
                self._metrics.messages.labels(name, outcome).inc()
            configured = self._receivers.webhooks
            records += [(switch_key(name), None) for name in self._outbox.switches if name not in configured]
            for message_id, done in self._outbox.done.items():
                if done.at_ms < now_ms - _REMEMBERED_MS:
                    records.append((message_key(message_id), None))
            for start in range(0, len(records), _AT_ONCE):
                await self._write(records[start : start + _AT_ONCE])
            await asyncio.sleep(_TIDY_SECONDS)

    def _too_much(self, now_ms: int) -> list[tuple[str, Outcome]]:
        found: list[tuple[str, Outcome]] = []
        counts = self._outbox.counts()
        for message_id, message in self._outbox.waiting.items():
            name = message.webhook
            if name not in self._receivers.webhooks:
                found.append((message_id, "removed"))
            elif message.made_ms < now_ms - LONGEST_MS:
                found.append((message_id, "expired"))
            elif counts[name] > MOST_WAITING:
                counts[name] -= 1
                found.append((message_id, "dropped"))
        return found


async def _event_or_time(event: asyncio.Event, seconds: float) -> None:
    """Return when an event is set, or after a while."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
