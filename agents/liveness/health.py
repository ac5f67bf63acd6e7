"""The HTTP endpoints of a worker: /metrics, /healthz and /readyz, on the worker's own event loop.

On the loop and not in a thread, so that a scrape sees the state between two batches and never in the middle of one.
"""

from time import monotonic
from typing import Any, Final

from aiohttp import web
from mode import Service
from prometheus_client import CollectorRegistry

from agents.clock import Clock
from agents.metrics.exposition import CONTENT_TYPE, exposition

_HEADERS: Final = {"Content-Type": CONTENT_TYPE}


PHASES: Final = ("starting", "rebalancing", "recovering", "ready", "draining")
_NEXT: Final = {
    "starting": frozenset(("rebalancing", "recovering", "draining")),
    "rebalancing": frozenset(("recovering", "draining")),
    "recovering": frozenset(("rebalancing", "ready", "draining")),
    "ready": frozenset(("rebalancing", "draining")),
    "draining": frozenset(),
}


class Health:
    """Where a worker is in its life, and what, if anything, the watchdog finds wrong with it.

    ``starting``: not in the group yet. ``rebalancing``: its partitions are given back, new ones not assigned yet.
    ``recovering``: reads the changelog of those assigned. ``ready``: processes its partitions, or legitimately none.
    ``draining``: last flush and commit; the end.
    """

    def __init__(self, clock: Clock) -> None:
        self.started_at_ms = clock()
        self.phase = "starting"
        self.phase_since = monotonic()
        self.partitions: list[int] = []
        self.recovery_seconds = 0.0
        """How long reading the state took after the last assignment."""
        self.reason: str | None = None
        """What the watchdog finds wrong."""
        self.is_stuck = False
        """Whether only a restart can help; otherwise waiting can: the broker is away."""

    def _move(self, phase: str, partitions: list[int]) -> None:
        if phase in _NEXT[self.phase]:
            now = monotonic()
            if phase == "ready":
                self.recovery_seconds = now - self.phase_since
            self.phase, self.phase_since = phase, now
        if phase == self.phase:
            self.partitions = partitions

    def rebalancing(self) -> None:
        """The worker lets go of its partitions, and waits for an assignment."""
        self._move("rebalancing", [])

    def recovering(self) -> None:
        """Partitions are assigned; their state is read."""
        self._move("recovering", [])

    def ready(self, partitions: list[int]) -> None:
        """The worker processes these partitions."""
        self._move("ready", partitions)

    def draining(self) -> None:
        """The worker ends: nothing comes after this."""
        self._move("draining", [])

    @property
    def is_ready(self) -> bool:
        """Whether the worker processes what it is assigned."""
        return self.phase == "ready" and self.reason is None

    def describe(self) -> dict[str, Any]:
        """Return what the endpoints show."""
        return {"phase": self.phase, "partitions": self.partitions, "reason": self.reason}


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
