"""What the routes of a gateway share: definitions in force, credentials, the way to Kafka, and whether it is ready."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Final

from aiokafka.errors import KafkaError

from agents.clock import make_clock, wall_clock
from agents.settings import Settings
from agents.stages.definitions import Change, DefinitionFeed
from gateway.desk.desk import Desk
from gateway.draws.allowance import Allowance
from gateway.draws.shelf import DrawShelf
from gateway.live.numbers_out import NumbersOut
from gateway.metrics import Metrics
from gateway.publisher import NotConfirmedError, Publisher, Record
from gateway.reloading import follow_settings
from gateway.spool import Spool, SpoolError
from gateway.tracked_links import TrackedLinks
from gateway.webhooks.metrics import WebhookMetrics
from gateway.webhooks.sender import Receivers, Sender
from gateway.words.feed import WordFeed
from models.campaigns import CampaignDefinition
from models.read_keys import parse_read_keys
from streams.connectors.credentials import parse_keys, parse_secrets
from streams.connectors.placing import Placer
from streams.webhooks.rules import parse_webhooks, problem_of_secrets
from streams.webhooks.schedule import parse_pauses

log: Final = logging.getLogger("campaign_pulse")
_DRAIN_PAUSE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.02
_QUESTIONS_A_SECOND: Final = 5.0
_QUESTIONS_AT_ONCE: Final = 50.0


class GatewayState:
    """Everything a gateway knows. Used on one event loop.

    Args:
        settings: of the process.
        reread: returns the settings anew, for secrets and keys that were changed in their files.
    """

    def __init__(self, settings: Settings, reread: Callable[[], Settings] | None = None) -> None:
        self.settings = settings
        self._reread = reread or (lambda: Settings.from_environment(os.environ))
        self.now_ms = make_clock(settings.clock)
        self.metrics = Metrics()
        self.publisher = Publisher(settings.kafka_connection, settings.gateway_answer_seconds)
        self.placer = Placer([])
        self.links = TrackedLinks([])
        self.secrets = parse_secrets(settings.gateway_secrets)
        self.keys = parse_keys(settings.gateway_keys)
        self.read_keys = parse_read_keys(settings.gateway_read_keys)
        """What may be read, by whom."""
        self.person_key = settings.gateway_person_key.encode() or None
        self.mapped_late: Callable[[tuple[Record, ...]], tuple[Record, ...]] = lambda records: records
        """Maps what was kept on disk before the definitions were known."""
        self.held_bytes = 0
        """Of bodies whose requests are not answered yet."""
        self.is_draining = False
        self.is_defined = False
        """Whether the definitions are read to their end."""
        self._definitions: dict[str, CampaignDefinition] = {}
        published = settings.gateway_draws_directory
        self.shelf = DrawShelf(Path(published) if published else None)
        self.draw_questions = Allowance(_QUESTIONS_A_SECOND, _QUESTIONS_AT_ONCE)
        self.numbers = (
            NumbersOut(settings.redis_url, settings.redis_prefix, self, self.now_ms, self.shelf.newest)
            if settings.redis_url
            else None
        )
        """What is read; None where there is no Redis."""
        self.desk = Desk(settings, self.publisher, wall_clock)
        self._words: WordFeed | None = None
        if self.numbers is not None and settings.gateway_words == "true":
            hub = self.numbers.hub
            self._words = WordFeed(
                settings.kafka_connection, self.now_ms, lambda: self._definitions, lambda: hub.readers > 0
            )
            self.numbers.views.told_words = self._words.told
        self._feed: DefinitionFeed | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.background: set[asyncio.Task[None]] = set()
        """Work that nobody waits for: clicks whose redirect has been answered."""
        directory = settings.gateway_spool_directory
        self.receivers = receivers_of(settings)
        """Who is told of alerts and milestones."""
        self.has_sender_failed = False
        """Whether sending has ended by an error of ours."""
        self._webhook_metrics = WebhookMetrics(self.metrics.registry) if self.receivers.webhooks else None
        self.spool = Spool(Path(directory), settings.gateway_spool_bytes) if directory else None
        self._gauges()

    def _gauges(self) -> None:
        gauge = self.metrics.gauge
        gauge("campaign_gateway_ready", "1 while /readyz is 200.", lambda: float(not self.why_not_ready()))
        gauge(
            "campaign_gateway_in_flight_bytes",
            "Bytes on the way to Kafka, without a confirmation yet.",
            lambda: float(self.publisher.bytes_on_the_way),
        )
        if (numbers := self.numbers) is not None:
            gauge("campaign_gateway_streams", "Open streams of numbers.", lambda: float(numbers.hub.readers))
        if (spool := self.spool) is not None:
            gauge("campaign_gateway_spool_bytes", "Bytes of deliveries that wait.", lambda: float(spool.waiting_bytes))
            gauge("campaign_gateway_spool_deliveries", "Deliveries that wait.", lambda: float(spool.waiting))

    @property
    def definitions(self) -> Mapping[str, CampaignDefinition]:
        """The definitions in force, by campaign."""
        return self._definitions

    def why_not_ready(self) -> str:
        """Return why the gateway should get no requests; empty when it should."""
        if self.is_draining:
            return "stopping"
        if not self.is_defined:
            return "the campaign definitions are not read to their end yet"
        if not self.publisher.is_confirming:
            return "Kafka has not confirmed the last records"
        if self.numbers is not None and self.numbers.hub.has_failed:
            return "the numbers are not followed any more; the log says why"
        if self.has_sender_failed:
            return "webhooks are not sent any more; the log says why"
        return ""

    async def knows_definitions(self) -> bool:
        """Return whether the definitions are read to their end; a start is waited for as long as a confirmation is.

        Before, everything would fit no campaign, and be parked with success.
        """
        until = time.monotonic() + self.settings.gateway_answer_seconds
        while not self.is_defined and time.monotonic() < until:  # noqa: ASYNC110  # a flag: no loop owns it
            await asyncio.sleep(_LOOK_SECONDS)
        return self.is_defined

    async def start(self) -> None:
        """Connect, in the background until it succeeds: a gateway without Kafka answers 503, and is not ready."""
        reloading = follow_settings(self._reread, self._take_settings, "gateway")
        self._tasks = [asyncio.create_task(self._connect()), asyncio.create_task(reloading)]
        if self.numbers is not None:
            self._tasks.append(asyncio.create_task(self.desk.follow()))
        if self.spool is not None:
            self._tasks.append(asyncio.create_task(self._drain_spool(self.spool)))
        if self.numbers is not None:
            self.numbers.start()
        if self._words is not None:
            self._tasks.append(asyncio.create_task(self._words.run()))
        if self._webhook_metrics is not None:
            sending = asyncio.create_task(self._send(self._webhook_metrics))
            sending.add_done_callback(self._sending_ended)
            self._tasks.append(sending)

    async def stop(self) -> None:
        """End what runs, after what is on the way."""
        if self.background:
            await asyncio.wait(self.background, timeout=self.settings.gateway_answer_seconds)
        if self.numbers is not None:
            await self.numbers.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.desk.stop()
        if self._feed is not None:
            await self._feed.stop()
        await self.publisher.stop()
        if self.spool is not None:
            self.spool.close()

    def in_background(self, work: Coroutine[None, None, None]) -> None:
        """Do work that nobody waits for; its own errors are its own to handle."""
        task = asyncio.create_task(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    async def _connect(self) -> None:
        await self._until_it_works("producer", self.publisher.start)
        await self._until_it_works("definitions", self._follow)
        self.is_defined = True
        log.info("gateway: ready, %d campaign definitions", len(self._definitions))

    async def _send(self, metrics: WebhookMetrics) -> None:
        """Send messages to receivers, when it is this gateway's turn. Definitions first: messages have their names."""
        while not self.is_defined:  # noqa: ASYNC110  # a flag: no loop owns it
            await asyncio.sleep(_LOOK_SECONDS)
        settings = self.settings
        sender = Sender(
            settings.kafka_connection,
            f"{settings.group}-webhooks",
            settings.session_seconds,
            lambda: self.receivers,
            self._name_of,
            metrics,
            settings.gateway_webhook_seconds,
            parse_pauses(settings.gateway_webhook_pauses),
        )
        await sender.run()

    def _sending_ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        self.has_sender_failed = True
        log.error("gateway: webhooks are not sent any more", exc_info=error)

    def _name_of(self, campaign_id: str) -> str:
        definition = self._definitions.get(campaign_id)
        return campaign_id if definition is None else definition.name

    async def _until_it_works(self, what: str, start: Callable[[], Coroutine[None, None, None]]) -> None:
        while True:
            try:
                await start()
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("gateway: %s: %s: %s; trying again", what, type(error).__name__, error)
                await asyncio.sleep(_DRAIN_PAUSE_SECONDS)
            else:
                return

    async def _follow(self) -> None:
        feed = DefinitionFeed(self.settings.kafka_connection, self._take, self._take_live, self._poisoned)
        await feed.start()
        self._feed = feed

    def _poisoned(self, record: object, problem: object) -> None:
        log.warning("gateway: passed over in the definitions: %s", problem)

    def _take(self, change: Change) -> None:
        campaign_id, definition = change
        if not isinstance(definition, CampaignDefinition):
            # Taken back, or its people's data is purged: nothing new of it is to come in.
            self._definitions.pop(campaign_id, None)
        else:
            self._definitions[campaign_id] = definition
        self.define(self._definitions.values())

    async def _take_live(self, change: Change) -> None:
        self._take(change)

    def define(self, definitions: Iterable[CampaignDefinition]) -> None:
        """Put definitions in force; those of the topic when it is not read to its end are not all yet."""
        known = sorted(definitions, key=lambda each: each.campaign_id)
        self._definitions = {each.campaign_id: each for each in known}
        self.placer = Placer(known)
        self.links = TrackedLinks(known)

    def _take_settings(self, settings: Settings) -> None:
        """Take secrets and keys that were changed in their files."""
        self.secrets = parse_secrets(settings.gateway_secrets)
        self.keys = parse_keys(settings.gateway_keys)
        self.read_keys = parse_read_keys(settings.gateway_read_keys)
        self.person_key = settings.gateway_person_key.encode() or None
        receivers = receivers_of(settings)
        if problem := problem_of_secrets(receivers.webhooks, receivers.secrets):
            log.warning("gateway: the earlier webhooks stay: %s", problem)
        elif receivers != self.receivers:
            self.receivers = receivers

    async def _drain_spool(self, spool: Spool) -> None:
        while True:
            try:
                for name, records in spool.oldest() if self.is_defined else ():
                    await self.publisher.publish(self.mapped_late(records))
                    spool.drop(name)
            except NotConfirmedError:
                pass  # the next round tries again; the metric shows what waits
            except SpoolError as error:
                log.error("gateway: spool: %s", error)
            await asyncio.sleep(_DRAIN_PAUSE_SECONDS)


def receivers_of(settings: Settings) -> Receivers:
    """Return who is told, by settings that were checked."""
    return Receivers(parse_webhooks(settings.gateway_webhooks), parse_secrets(settings.gateway_webhook_secrets))
