"""The HTTP endpoints of a worker: /metrics, /healthz and /readyz, on the worker's own event loop.

On the loop and not in a thread, so that a scrape sees the state between two batches and never in the middle of one.
"""

from typing import Any, Final

from aiohttp import web
from mode import Service
from prometheus_client import CollectorRegistry

from agents.liveness.health import Health
from agents.metrics.exposition import CONTENT_TYPE, exposition

_HEADERS: Final = {"Content-Type": CONTENT_TYPE}


class WebServer(Service):
    """Serves the endpoints."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, health: Health, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._host = host
        self._port = port
        self._registry = registry
        self._health = health
        self._runner: web.AppRunner | None = None

    async def on_start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def on_stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=exposition(self._registry), headers=_HEADERS)

    async def _healthz(self, request: web.Request) -> web.Response:
        return web.json_response(self._health.describe(), status=503 if self._health.is_stuck else 200)

    async def _readyz(self, request: web.Request) -> web.Response:
        return web.json_response(self._health.describe(), status=200 if self._health.is_ready else 503)
