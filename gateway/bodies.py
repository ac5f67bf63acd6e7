"""Reading a request's body: bounded in bytes and in time, packed or not."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.requests import Request

from gateway.bounded_http import WHOLE_BODY
from gateway.problems import Refused
from gateway.state import GatewayState
from streams.connectors import packing

HOOK_BYTES: Final = 4 * 1024 * 1024
"""Of a hook's body: Meta's escapes make them large."""
EVENT_BYTES: Final = 1024 * 1024
"""Of our own endpoints, unpacked."""
SECONDS: Final = 10.0
MOST_HELD_BYTES: Final = 128 * 1024 * 1024
"""Of bodies that are being received or are not answered yet: two thousand slow senders would hold 8 GB."""


async def read_body(request: Request, most_bytes: int, seconds: float = SECONDS) -> bytes:
    """Return the body as it was sent; it is held until the request is answered.

    Raises:
        Refused: it is too large, did not arrive in time, or there is no room for it beside all others.
    """
    whole: Callable[[], bytes | None] | None = request.scope.get(WHOLE_BODY)
    if whole is not None and (body := whole()) is not None:
        # It is there, as it nearly always is: nothing is waited for, and no clock set.
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
        hold(request, len(body))
        return body
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and int(length[:20]) > most_bytes:
        raise _too_large(most_bytes)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise Refused(400, "cut_off", "the body is not whole: the sender is gone")
                if part := message.get("body", b""):
                    size += len(part)
                    if size > most_bytes:
                        raise _too_large(most_bytes)
                    hold(request, len(part))
                    parts.append(part)
                if not message.get("more_body", False):
                    break
    except TimeoutError:
        raise Refused(408, "too_slow", f"the body has not arrived within {seconds:g} s") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def hold(request: Request, size: int) -> None:
    """Count bytes that a request keeps in memory until it is answered.

    Raises:
        Refused: all requests together hold as much as may be.
    """
    state: GatewayState = request.app.state.gateway
    if state.held_bytes + size > MOST_HELD_BYTES:
        raise Refused(503, "busy", "too much is being received")
    state.held_bytes += size
    request.state.held_bytes += size


def unpacked(body: bytes, encoding: str, most_bytes: int = EVENT_BYTES) -> bytes:
    """Return a body without its ``Content-Encoding``.

    Raises:
        Refused: the encoding is unknown, the body is not packed that way, or too large unpacked.
    """
    try:
        return packing.unpacked(body, encoding, most_bytes)
    except packing.PackingError as problem:
        status = {"unknown_encoding": 415, "too_large": 413}.get(problem.reason, 400)
        raise Refused(status, problem.reason, str(problem)) from None


def _too_large(most_bytes: int) -> Refused:
    return Refused(413, "too_large", f"the body has more than {most_bytes:,} bytes")
