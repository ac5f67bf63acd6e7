"""Server-Sent Events over one connection: what a reader is given is sent, and who does not read is dropped."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.bounded_http import PIPE, Pipe
from gateway.live.channel import Channel, Reader
from gateway.live.hub import Hub

_PATIENCE_SECONDS: Final = 15.0
_FIRST: Final = b"retry: 2000\n\n"
_LAST: Final = b"retry: 1000\n\n"
HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
)


class EventStream(Response):
    """A stream that ends when its reader is gone, reads too slowly, or the gateway ends.

    Args:
        hub: where the reader is subscribed.
        channel: what it reads.
        reader: what it is given.
        is_allowed: whether the reader's key still holds.
        patience_seconds: how long a reader may take to take what it is sent.
    """

    def __init__(
        self,
        hub: Hub,
        channel: Channel,
        reader: Reader,
        is_allowed: Callable[[], bool],
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        super().__init__()
        self._hub, self._channel, self._reader = hub, channel, reader
        self._is_allowed = is_allowed
        self._patience_seconds = patience_seconds
        self._pipe: Pipe | None = None
        self._is_sending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end."""
        if (pipe_of := scope.get(PIPE)) is not None:
            self._pipe = pipe_of()
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.unsubscribe(self._channel, self._reader)
            self._reader.write = None
            for task in (sending, leaving):
                task.cancel()
            ended = await asyncio.gather(sending, leaving, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception) and not isinstance(error, TimeoutError | OSError):
                raise error

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await self._part(send, _FIRST)
        self._reader.write = self._write
        while True:
            taken = await self._reader.wait()
            is_allowed = self._is_allowed()
            if taken and is_allowed:
                await self._part(send, taken)
            if self._reader.is_ended or not is_allowed:
                await send({"type": "http.response.body", "body": _LAST, "more_body": False})
                return

    async def _part(self, send: Send, data: bytes) -> None:
        # Waits while the connection takes no more: a reader that does not read is let go.
        self._is_sending = True
        async with asyncio.timeout(self._patience_seconds):
            await send({"type": "http.response.body", "body": data, "more_body": True})
        self._is_sending = False

    def _write(self, chunk: bytes) -> bool:
        """Send a chunk at once; return False where it has to wait its turn, or the key holds no more."""
        is_free = self._pipe is not None and not self._is_sending and self._is_allowed()
        return is_free and self._pipe is not None and self._pipe.write(chunk)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
