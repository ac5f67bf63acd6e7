"""The HTTP endpoints of a worker: /metrics, /healthz and /readyz, on the worker's own event loop.

On the loop and not in a thread, so that a scrape sees the state between two batches and never in the middle of one.
Whoever asks too often gets the last answer again: scrapes take a tenth of the loop's time, more only where one takes
longer than a tenth of a second. With a password /metrics wants a login; the two others tell only how the worker is, to
whoever starts it anew.
"""

import asyncio
import base64
import hmac
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler
from mode import Service
from prometheus_client import CollectorRegistry

from agents.liveness.health import Health
from agents.metrics.connections import Connections
from agents.metrics.exposition import CONTENT_TYPE, exposition
from streams.duty_cycle import DutyCycle

_HEADERS: Final = {"Content-Type": CONTENT_TYPE}
USER: Final = "prometheus"
"""Who logs in where /metrics has a password."""
_LOGIN_WANTED: Final = {"WWW-Authenticate": 'Basic realm="campaign-pulse", charset="UTF-8"'}
_PAUSE: Final = 9.0
"""An answer to a scrape stands for so many times as long as it took to make: 0.1 s when that was 10 ms."""
_OLDEST_SECONDS: Final = 1.0
"""But no longer than this: a scrape of a busy worker must not show what was true ten seconds ago."""


class WebServer(Service):
    """Serves the endpoints."""

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        health: Health,
        *,
        password: str = "",
        clock: Callable[[], float] = monotonic,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._host = host
        self._port = port
        self._registry = registry
        self._health = health
        self._login = f"{USER}:{password}".encode() if password else b""
        self._clock = clock
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._scrapes = DutyCycle(_PAUSE)
        self._answer = b""

    async def on_start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        application = web.Application(middlewares=[_one_request])
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None  # There is one after setup().
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(Connections(server).new, self._host, self._port)

    async def on_stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        if self._login and not hmac.compare_digest(_given_login(request), self._login):
            return web.Response(status=401, headers=_LOGIN_WANTED)
        begun = self._clock()
        if self._scrapes.is_due(begun):
            self._answer = exposition(self._registry)
            now = self._clock()
            self._scrapes.ended(min(now - begun, _OLDEST_SECONDS / _PAUSE), now)
        return web.Response(body=self._answer, headers=_HEADERS)

    async def _healthz(self, request: web.Request) -> web.Response:
        return web.json_response(self._health.describe(), status=503 if self._health.is_stuck else 200)

    async def _readyz(self, request: web.Request) -> web.Response:
        return web.json_response(self._health.describe(), status=200 if self._health.is_ready else 503)


def _given_login(request: web.Request) -> bytes:
    """Return what a request logs in with by HTTP Basic (RFC 7617, in UTF-8): user, colon, password; empty without."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(credentials.strip(), validate=True)
    except ValueError:
        return b""


@web.middleware
async def _one_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Close every connection behind its answer: one that is kept would be waited for."""
    response = await handler(request)
    response.force_close()
    return response
