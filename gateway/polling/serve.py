"""The poller's process: definitions, cursors, one task a source, the endpoints for operators, and a gentle end."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from aiokafka.errors import KafkaError

from agents.broker.dead_letter_log import DeadLetterLogError
from agents.clock import make_clock, wall_clock
from agents.listening import ListenError, check_can_listen
from agents.metrics.exposition import CONTENT_TYPE, exposition
from agents.settings import Settings
from agents.stages.definitions import Change, DefinitionFeed
from gateway.polling.client import Client
from gateway.polling.cursors import Cursors
from gateway.polling.definitions import Definitions
from gateway.polling.hooked import Hooked
from gateway.polling.metrics import PollMetrics
from gateway.polling.source import PolledSource
from gateway.publisher import NotConfirmedError, Publisher
from gateway.reloading import follow_settings
from models.campaigns import CampaignDefinition
from models.times import SECOND_MS
from streams.connectors.credentials import parse_addresses, parse_secrets
from streams.connectors.polling.budget import Budget
from streams.connectors.polling.vendors import VENDORS, vendor_of

__all__ = ["PollError", "check", "run"]
log: Final = logging.getLogger("campaign_pulse")
_CONFIRM_SECONDS: Final = 30.0
_LONGEST_SLEEP_SECONDS: Final = 5.0
_AGAIN_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 45.0
_YOUTUBE: Final = "youtube"


class PollError(Exception):
    """A poller that cannot start; one line, for operators."""


def check(settings: Settings) -> None:
    """Check that every source can be asked.

    Raises:
        PollError: a source is of no API that is polled, or has no address.
    """
    tokens, addresses = parse_secrets(settings.poll_tokens), parse_addresses(settings.poll_addresses)
    if not tokens:
        raise PollError("PULSE_POLL_TOKENS is not set: there is nothing that could be asked")
    for name in tokens:
        vendor = vendor_of(name)
        if vendor is None:
            raise PollError(f"PULSE_POLL_TOKENS: {name!r} begins with none of: {', '.join(sorted(VENDORS))}")
        if not vendor.address and name not in addresses:
            raise PollError(f"PULSE_POLL_ADDRESSES has no address of {name!r}; {vendor.name} has none for everybody")
    for name in addresses:
        if name not in tokens:
            raise PollError(f"PULSE_POLL_ADDRESSES: {name!r} has no token in PULSE_POLL_TOKENS")


def run(settings: Settings, *, once: bool = False) -> int:
    """Poll until SIGTERM or SIGINT, or everything once; return the exit code: 1 where ``once`` met trouble.

    Raises:
        PollError: the poller cannot start.
    """
    check(settings)
    return asyncio.run(Poller(settings).run(once=once))


class Poller:
    """Everything that one process polls.

    Args:
        settings: of the process.
        reread: returns the settings anew, for tokens that were changed in their file.
    """

    def __init__(self, settings: Settings, reread: Callable[[], Settings] | None = None) -> None:
        self._settings = settings
        self._reread = reread or (lambda: Settings.from_environment(os.environ))
        self._tokens = parse_secrets(settings.poll_tokens)
        self._publisher = Publisher(settings.kafka_connection, _CONFIRM_SECONDS)
        self._cursors = Cursors(self._publisher)
        self._definitions = Definitions()
        self._known: dict[str, CampaignDefinition] = {}
        self._person_key = settings.gateway_person_key.encode() or None
        self._hooked = Hooked(list(self._tokens), lambda: self._definitions.placer, self._person_key)
        self._metrics = PollMetrics()
        self._client = Client()
        self._stopping = asyncio.Event()
        self._is_ready = False
        self._sources: list[PolledSource] = []

    async def run(self, *, once: bool) -> int:
        """Poll; return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        runner = await self._listen()
        helpers: list[asyncio.Task[None]] = []
        tasks: list[asyncio.Task[None]] = []
        feed = DefinitionFeed(self._settings.kafka_connection, self._take, self._take_live, _passed_over)
        try:
            await self._start(feed, helpers)
            tasks += [asyncio.create_task(self._poll(source, once)) for source in self._sources]
            await self._until_stopped(tasks, helpers)
            self._is_ready = False
            if tasks:
                # What is on its way is confirmed; what comes after it is for who starts next.
                await asyncio.wait(tasks, timeout=_STOP_SECONDS)
            return int(once and any(source.has_trouble for source in self._sources))
        finally:
            self._stopping.set()
            for task in (*tasks, *helpers):
                task.cancel()
            await asyncio.gather(*tasks, *helpers, return_exceptions=True)
            await feed.stop()
            await self._client.close()
            await self._publisher.stop()
            await runner.cleanup()

    async def _until_stopped(self, tasks: list[asyncio.Task[None]], helpers: list[asyncio.Task[None]]) -> None:
        """Wait until the process is to stop, or every source has ended; an error of any task is raised."""
        stopped = asyncio.create_task(self._end())
        left = set(tasks)
        try:
            while left and not self._stopping.is_set():
                done, _ = await asyncio.wait({stopped, *helpers, *left}, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                left -= done
        finally:
            stopped.cancel()

    async def _end(self) -> None:
        await self._stopping.wait()

    async def _start(self, feed: DefinitionFeed, helpers: list[asyncio.Task[None]]) -> None:
        connection = self._settings.kafka_connection
        for start in (self._publisher.start, feed.start, lambda: self._cursors.load(connection)):
            await self._until_it_works(start)
        helpers.append(asyncio.create_task(self._hooked.follow(connection)))
        helpers.append(asyncio.create_task(follow_settings(self._reread, self._take_tokens, "poll")))
        while not self._hooked.is_read and not self._stopping.is_set():
            await self._sleep(0.1)
        self._sources = [self._source(name) for name in self._tokens]
        self._is_ready = True
        log.info("poll: %d sources", len(self._sources))

    async def _until_it_works(self, start: Callable[[], Any]) -> None:
        while not self._stopping.is_set():
            try:
                await start()
            except (KafkaError, OSError, TimeoutError, DeadLetterLogError) as error:
                log.warning("poll: %s: %s; trying again", type(error).__name__, error)
                await self._sleep(_AGAIN_SECONDS)
            else:
                return

    def _source(self, name: str) -> PolledSource:
        vendor = vendor_of(name)
        assert vendor is not None  # `check` has looked
        budget = Budget(vendor.limits, self._settings.poll_youtube_units if vendor.name == _YOUTUBE else None)
        made = PolledSource(
            name,
            vendor,
            parse_addresses(self._settings.poll_addresses).get(name, vendor.address),
            token=lambda: self._tokens[name][0],
            budget=budget,
            client=self._client,
            publisher=self._publisher,
            cursors=self._cursors,
            hooked=self._hooked,
            definitions=self._definitions,
            metrics=self._metrics,
            now_ms=make_clock(self._settings.clock),
            pace_ms=wall_clock,
            is_stopping=self._stopping.is_set,
            person_key=self._person_key,
        )
        if budget.is_counted:
            text = "Units that the vendor grants today and that are not used."
            self._metrics.gauge("campaign_poll_units_left", text, name, lambda: float(budget.left(wall_clock()) or 0))
        self._metrics.gauge(
            "campaign_poll_paused_seconds",
            "For how long nothing is asked: a limit is reached, or an API or its token is no good.",
            name,
            lambda: max(0.0, (budget.paused_until_ms - wall_clock()) / SECOND_MS),
        )
        return made

    async def _poll(self, source: PolledSource, once: bool) -> None:
        while not self._stopping.is_set():
            try:
                wait_ms = await source.step()
            except NotConfirmedError as error:
                log.debug("poll: %s: %s; what was read is read again", source.name, error)
                wait_ms = round(_AGAIN_SECONDS * SECOND_MS)
            else:
                if once and (wait_ms > 0 or source.has_trouble):
                    return
            await self._sleep(min(_LONGEST_SLEEP_SECONDS, max(0.05, wait_ms / SECOND_MS)))

    async def _sleep(self, seconds: float) -> None:
        """Sleep, or end sooner when the process is to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    # ------------------------------------------------------------ what changes

    def _take(self, change: Change) -> None:
        campaign_id, definition = change
        if isinstance(definition, CampaignDefinition):
            self._known[campaign_id] = definition
        else:
            self._known.pop(campaign_id, None)
        self._definitions.set(list(self._known.values()))

    async def _take_live(self, change: Change) -> None:
        self._take(change)

    def _take_tokens(self, settings: Settings) -> None:
        """Take tokens that were changed in their file."""
        tokens = parse_secrets(settings.poll_tokens)
        for source in self._sources:
            if (new := tokens.get(source.name)) is not None and new != self._tokens[source.name]:
                self._tokens[source.name] = new
                source.wake()
                log.info("poll: %s: another token", source.name)

    # --------------------------------------------------------------- operators

    async def _listen(self) -> web.AppRunner:
        application = web.Application()
        application.router.add_get("/healthz", _healthz)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._show)
        runner = web.AppRunner(application, access_log=None, handle_signals=False)
        await runner.setup()
        host, port = self._settings.metrics_host, self._settings.metrics_port
        try:
            check_can_listen("PULSE_METRICS", host, port)
            await web.TCPSite(runner, host, port).start()
        except ListenError as error:
            await runner.cleanup()
            raise PollError(str(error)) from None
        except OSError as error:
            await runner.cleanup()
            raise PollError(f"PULSE_METRICS_PORT: cannot listen on {host}:{port}: {error.strerror}") from None
        return runner

    async def _readyz(self, request: web.Request) -> web.Response:
        is_ready = self._is_ready and not self._stopping.is_set()
        return web.json_response({"status": "ready" if is_ready else "waiting"}, status=200 if is_ready else 503)

    async def _show(self, request: web.Request) -> web.Response:
        return web.Response(body=exposition(self._metrics.registry), headers={"Content-Type": CONTENT_TYPE})


async def _healthz(request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


def _passed_over(record: object, problem: object) -> None:
    log.warning("poll: passed over in the definitions: %s", problem)
