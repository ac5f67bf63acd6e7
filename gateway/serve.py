"""The gateway's process: listens, stops gently, and ends with a reason where it cannot start."""

import asyncio
import gc
import logging
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from agents.settings import Settings
from gateway.app import build
from gateway.bounded_http import BoundedProtocol
from gateway.spool import SpoolError
from gateway.state import GatewayState

__all__ = ["GentleServer", "SpoolError", "serve"]
log: Final = logging.getLogger("campaign_pulse")
_MOST_CONNECTIONS: Final = 6_000
_OTHER_FILES: Final = 500
_KEEP_ALIVE_SECONDS: Final = 15
_GC_THRESHOLDS: Final = (50_000, 20, 50)
"""A request makes hundreds of objects that hold no cycles; the default of 700 walks those of all others after each."""


class GentleServer(uvicorn.Server):
    """Says on /readyz that it goes, for as long as a load balancer needs to see it; then takes no more, and ends."""

    def __init__(self, config: uvicorn.Config, state: GatewayState, drain_seconds: float) -> None:
        super().__init__(config)
        self._state = state
        self._drain_seconds = drain_seconds

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # sockets of uvicorn
        """Listen, and say where."""
        await super().startup(sockets)  # type: ignore[arg-type]  # as above
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                log.warning("gateway: listening on http://%s:%d", f"[{host}]" if ":" in host else host, port)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear SIGTERM and SIGINT; a stop that was asked for ends with exit code 0, and not by the signal again."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _stop(self, number: int) -> None:
        """Begin to stop; a second signal, or Ctrl+C, stops at once."""
        if self._state.is_draining or number == signal.SIGINT:
            self._exit()
            return
        self._state.is_draining = True
        asyncio.get_running_loop().call_later(self._drain_seconds, self._exit)

    def _exit(self) -> None:
        # Streams end by themselves never, and would be waited for.
        if self._state.numbers is not None:
            self._state.numbers.hub.end_streams()
        self.should_exit = True


def _open_enough() -> None:
    """Let this process hold as many connections as it takes, where the system allows it: each is a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def serve(settings: Settings) -> int:
    """Run a gateway until it is told to stop; return the exit code.

    Raises:
        SpoolError: the spool's directory cannot be used.
    """
    _open_enough()
    state = GatewayState(settings)
    application = build(state)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    config = uvicorn.Config(
        application,
        host=settings.gateway_host,
        port=settings.gateway_port,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.gateway_answer_seconds) + 10,
    )
    server = GentleServer(config, state, settings.gateway_drain_seconds)
    server.run()
    return 0 if server.started else 1
