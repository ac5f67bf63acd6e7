"""Connections to the endpoints: one request each, few at a time, none for long.

aiohttp waits for the head of a request for ever, and every connection costs a file descriptor: 900 half-sent requests
were all still there after 20 seconds. The oldest makes room for a new one, so that the orchestrator's probe, which is
done within milliseconds, is always heard.
"""

import asyncio
from typing import cast

from aiohttp import web

MOST_CONNECTIONS = 50
LIFETIME_SECONDS = 10.0
"""From being accepted to the last byte of the answer. Prometheus waits for a scrape 4 s (``prometheus.yml``)."""


class Connections:
    """What is open now, the oldest first.

    Args:
        server: makes aiohttp's part of a connection.
        most: how many there are at most.
        lifetime_seconds: how long each lasts at most.
    """

    def __init__(
        self, server: web.Server, most: int = MOST_CONNECTIONS, lifetime_seconds: float = LIFETIME_SECONDS
    ) -> None:
        self._server = server
        self._most = most
        self._lifetime_seconds = lifetime_seconds
        self._open: dict[Connection, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def new(self) -> "Connection":
        """Return what asyncio is to talk to of a connection it accepts."""
        return Connection(self, self._server())

    def opened(self, connection: "Connection") -> None:
        """Note a connection, and end the oldest where there are too many."""
        if len(self._open) >= self._most:
            oldest = next(iter(self._open))
            self.closed(oldest)
            oldest.abort()
        loop = asyncio.get_running_loop()
        self._open[connection] = loop.call_later(self._lifetime_seconds, connection.abort)

    def closed(self, connection: "Connection") -> None:
        """Note that a connection is gone."""
        timer = self._open.pop(connection, None)
        if timer is not None:
            timer.cancel()


class Connection(asyncio.Protocol):
    """Passes everything on to aiohttp, and can be ended from outside."""

    def __init__(self, connections: Connections, handler: asyncio.Protocol) -> None:
        self._connections = connections
        self._handler = handler
        self._transport: asyncio.Transport | None = None

    def abort(self) -> None:
        """End it without an answer."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept."""
        self._transport = cast(asyncio.Transport, transport)
        self._connections.opened(self)
        self._handler.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._connections.closed(self)
        self._handler.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on."""
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on."""
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        """Pass on: the other side reads too slowly."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Pass on."""
        self._handler.resume_writing()
