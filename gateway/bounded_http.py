"""HTTP/1.1 as uvicorn speaks it with httptools, with the bounds that httptools has not.

Without them a header that never ends takes all memory, two thousand that never end take all connections, and a body
that nobody wants any more is read for ever.
"""

import asyncio
from functools import partial
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEADER_BYTES: Final = 64 * 1024
"""Of the request line and all fields together; of trailers, and of what stands between chunks."""
HEADER_FIELDS: Final = 200
HEADER_SECONDS: Final = 10.0
"""From the first byte of a request, or from the connection's begin, to the end of its header."""
WAITING_REQUESTS: Final = 16
"""Requests that came before the one in front of them was answered: no sender of hooks does that."""
LINGER_SECONDS: Final = 2.0
"""For a sender that is still sending a body whose request has been answered: it needs time to read the answer."""
WHOLE_BODY: Final = "pulse.whole_body"
"""In a request's scope: returns its body, where it has been received whole and nothing of it was taken; else None."""
PIPE: Final = "pulse.pipe"
"""In a request's scope: returns the pipe of its answer."""
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large"
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout"


def chunk_of(body: bytes) -> bytes:
    """Return a piece of an answer as it stands on the wire where no length was said."""
    return b"%x\r\n%b\r\n" % (len(body), body)


class Pipe:
    """Writes to an answer that has begun, past ASGI: a crowd is sent one and the same object, without a task's step.

    Args:
        cycle: the request and its answer.
    """

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def write(self, chunk: bytes) -> bool:
        """Send a piece, made by ``chunk_of``, and return True; False where the connection does not take it at once."""
        cycle = self._cycle
        # A connection on which another request waits behind this one may be gone, and this one was not told.
        is_gone = cycle.disconnected or cycle.transport.is_closing()
        if is_gone or cycle.flow.write_paused or not cycle.chunked_encoding or cycle.response_complete:
            return False
        cycle.transport.write(chunk)
        return True


def _without_chunks(cycle: RequestResponseCycle) -> None:
    """Have an answer of unknown length end with its connection: HTTP/1.0 has no chunks (RFC 9112, 6.1).

    uvicorn sends them all the same, and their lengths would stand within a stream's lines.
    """
    framed = cycle.send

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            if not any(name.lower() == b"content-length" for name, _ in message.get("headers", ())):
                cycle.chunked_encoding = False
                is_open.append(True)
        elif is_open:
            # What uvicorn expects to come is what comes: it knows no other answer without chunks than of a length.
            cycle.expected_content_length = len(message.get("body", b""))
        await framed(message)

    is_open: list[bool] = []
    cycle.send = send  # type: ignore[method-assign]  # of this cycle alone


class BoundedProtocol(HttpToolsProtocol):
    """One connection. What breaks a bound is answered, where an answer can be read, and the connection closed."""

    header_seconds: float = HEADER_SECONDS
    linger_seconds: float = LINGER_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._is_whole = True
        """Whether the newest request has come to its end."""
        self._header_bytes = 0
        """Received since the last end of a header or piece of a body: what a parser may hold."""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first header."""
        super().connection_made(transport)  # type: ignore[arg-type]  # a server's transports read and write
        self._end_after(self.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._end_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes. One piece of them, 256 KiB at most, is parsed whatever it holds."""
        if self.transport.is_closing():
            return
        self._header_bytes += len(data)
        super().data_received(data)
        if self._header_bytes > HEADER_BYTES or (not self._is_whole and len(self.headers) > HEADER_FIELDS):
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin a header; that of the first request is waited for already."""
        super().on_message_begin()
        self._is_whole = False
        if self._timer is None:
            self._end_after(self.header_seconds)

    def on_headers_complete(self) -> None:
        """Start the request, unless the connection is being closed."""
        self._header_bytes = 0
        self._end_no_more()
        if len(self.headers) > HEADER_FIELDS:
            self._refuse(_TOO_LARGE)
        elif len(self.pipeline) >= WAITING_REQUESTS:
            self.transport.close()
        if not self.transport.is_closing():
            super().on_headers_complete()
            self._offer()

    def _offer(self) -> None:
        """Let a request see whether its body is there, which nearly always comes in one piece with the header.

        And let its answer be written to.
        """
        if (cycle := self.cycle) is None or cycle.scope is not self.scope:
            return
        if self.scope["http_version"] == "1.0":
            _without_chunks(cycle)

        def whole() -> bytes | None:
            if cycle.more_body or cycle.disconnected or cycle.response_started:
                return None
            return bytes(cycle.body)

        self.scope[WHOLE_BODY] = whole  # type: ignore[typeddict-unknown-key]  # ours
        self.scope[PIPE] = partial(Pipe, cycle)  # type: ignore[typeddict-unknown-key]  # ours

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._header_bytes = 0
        if self.cycle is not None and not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; its answer may have been given before."""
        self._is_whole = True
        self._header_bytes = 0
        self._end_no_more()
        if self.cycle is not None:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request; of one that was answered before its end, the rest is not read for long."""
        super().on_response_complete()
        if not self._is_whole and not self.pipeline and self._timer is None:
            self._timer = self.loop.call_later(self.linger_seconds, self.transport.close)

    def _end_after(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._refuse, _TOO_SLOW)

    def _end_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: bytes) -> None:
        self._end_no_more()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            # Else an earlier request of this connection is being answered, and this would stand within its answer.
            self.transport.write(status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()
