"""A source that is polled against a server in the test; what it publishes is kept, or not confirmed."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from agents.connection.kafka import KafkaConnection
from gateway.polling.client import Client
from gateway.polling.cursors import Cursors
from gateway.polling.hooked import Hooked
from gateway.polling.metrics import PollMetrics
from gateway.polling.source import Definitions, PolledSource
from gateway.publisher import NotConfirmedError, Placed, Publisher, Record
from models.topics import CURSORS, INBOX
from streams.connectors.polling.budget import Budget
from streams.connectors.polling.vendors import vendor_of
from streams.events.definitions import parse_definitions

NOW_MS = 1_776_533_400_000
"""2026-04-18T17:30:00Z, in the middle of the campaign."""
DEFINITION = """
campaign_id: spring
name: Spring
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
giveaway: {opens_at: "2026-04-18T14:00:00Z", closes_at: "2026-04-18T19:30:00Z"}
sources: {shopify-main: {default: true}}
influencers:
  - influencer_id: ana
    handle: "@ana"
    platform: instagram
    discount_codes: [ANA10]
    accounts: {instagram: ["178414"], tiktok: [biz-ana], youtube: [UCana]}
    posts: {instagram: ["18001"], tiktok: ["7203"], youtube: [vid1], x: ["1001", "1002"]}
    live_chats: {chat1: vid1}
"""
Page = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Vendors:
    """A server: answers are functions of the request, and every request is kept."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.answers: dict[str, Callable[[web.Request], Any]] = {}

    def answer(self, path: str, made: Callable[[web.Request], Any]) -> None:
        """Answer requests to a path: a value is JSON, a response is sent as it is."""
        self.answers[path] = made

    def asked(self, path: str) -> list[web.Request]:
        """The requests to a path."""
        return [each for each in self.requests if each.path == path]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        await request.read()
        made = self.answers.get(request.path)
        if made is None:
            return web.json_response({"error": {"code": 100, "message": "unknown path"}}, status=404)
        told = made(request)
        return told if isinstance(told, web.StreamResponse) else web.json_response(told)


class Poll:
    """One source, its server, and a clock that the test moves."""

    def __init__(self, source: str, vendors: Vendors, definition: str = DEFINITION, units: int | None = None) -> None:
        self.name = source
        self.vendors = vendors
        self.now_ms = NOW_MS
        self.published: list[Record] = []
        self.is_confirming = True
        self.token = "t0ken"
        self.metrics = PollMetrics()
        self.definitions = Definitions()
        self.definitions.set(parse_definitions(definition))
        self.publisher = Publisher(KafkaConnection(address="127.0.0.1:1"), 1)
        self.publisher.publish = self._publish  # type: ignore[method-assign]  # the part that needs Kafka
        self.cursors = Cursors(self.publisher)
        self.hooked = Hooked([source], lambda: self.definitions.placer, None)
        self.hooked.is_read = True
        self.units = units
        self._address = ""
        self._client: Client | None = None
        self.source: PolledSource | None = None

    async def _publish(self, records: Sequence[Record]) -> list[Placed]:
        if not self.is_confirming:
            raise NotConfirmedError("Kafka has not confirmed within 1 s")
        self.published += records
        return [Placed(record.topic, 0, place) for place, record in enumerate(records)]

    def start(self) -> None:
        """Begin anew, as a process that was started again: what is not on the topic of cursors is forgotten."""
        vendor = vendor_of(self.name)
        assert vendor is not None
        assert self._client is not None
        self.source = PolledSource(
            self.name,
            vendor,
            self._address,
            token=lambda: self.token,
            budget=Budget(vendor.limits, self.units),
            client=self._client,
            publisher=self.publisher,
            cursors=self.cursors,
            hooked=self.hooked,
            definitions=self.definitions,
            metrics=self.metrics,
            now_ms=lambda: self.now_ms,
            pace_ms=lambda: self.now_ms,
        )

    async def round(self, minutes: float = 0) -> list[dict[str, Any]]:
        """Let time pass, ask for what is due, and return the events that came of it."""
        assert self.source is not None
        self.now_ms += round(minutes * 60_000)
        before = len(self.published)
        for _ in range(20):
            self.now_ms += 1_100  # a second's limit is not what is tested
            if await self.source.step() > 0:
                break
        return self.events(before)

    def events(self, start: int = 0) -> list[dict[str, Any]]:
        """The events that were published."""
        return [json.loads(record.value) for record in self.published[start:] if record.topic not in (CURSORS, INBOX)]

    def counted(self, name: str, **labels: str) -> float:
        """A metric of the source."""
        return self.metrics.registry.get_sample_value(name, {"source": self.name, **labels}) or 0.0

    def cursor(self, target: str) -> str | None:
        """The cursor of a target."""
        return self.cursors.of(self.name).get(target)


def polled(source: str, test: Callable[[Poll, Vendors], Awaitable[None]], **options: Any) -> None:
    """Run a test against a server."""
    asyncio.run(_polled(source, test, options))


async def _polled(source: str, test: Callable[[Poll, Vendors], Awaitable[None]], options: dict[str, Any]) -> None:
    vendors = Vendors()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", vendors._handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    poll = Poll(source, vendors, **options)
    poll._address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    poll._client = Client()
    try:
        poll.start()
        await test(poll, vendors)
    finally:
        await poll._client.close()
        await runner.cleanup()
