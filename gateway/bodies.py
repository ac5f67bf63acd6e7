"""Reading a request's body: bounded in bytes and in time, packed or not."""

import asyncio
import zlib
from typing import Final

import cramjam
from starlette.requests import ClientDisconnect, Request

from gateway.problems import Refused

HOOK_BYTES: Final = 4 * 1024 * 1024
"""Of a hook's body: Meta's escapes make them large."""
EVENT_BYTES: Final = 1024 * 1024
"""Of our own endpoints, unpacked."""
_SECONDS: Final = 10.0


async def read_body(request: Request, most_bytes: int) -> bytes:
    """Return the body as it was sent.

    Raises:
        Refused: it is too large, or did not arrive in time.
    """
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and int(length[:20]) > most_bytes:
        raise _too_large(most_bytes)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most_bytes:
                    raise _too_large(most_bytes)
                parts.append(part)
    except TimeoutError:
        raise Refused(408, "too_slow", f"the body has not arrived within {_SECONDS:g} s") from None
    except ClientDisconnect:
        raise Refused(400, "cut_off", "the body is not whole: the sender is gone") from None
    return b"".join(parts)


def unpacked(body: bytes, encoding: str, most_bytes: int = EVENT_BYTES) -> bytes:
    """Return a body without its ``Content-Encoding``.

    Raises:
        Refused: the encoding is unknown, the body is not packed that way, or too large unpacked.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name == "gzip":
        return _gunzipped(body, most_bytes)
    if name == "zstd":
        return _zstd(body, most_bytes)
    raise Refused(415, "unknown_encoding", f"Content-Encoding {name[:40]!r}: gzip, zstd or none")


def _gunzipped(body: bytes, most_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(body, most_bytes + 1)
    except zlib.error as error:
        raise Refused(400, "not_gzip", f"the body is not packed by gzip: {error}") from None
    if len(content) > most_bytes:
        raise _too_large(most_bytes)
    if not unpacker.eof:
        raise Refused(400, "not_gzip", "the body ends within its gzip data")
    return content


def _zstd(body: bytes, most_bytes: int) -> bytes:
    room = bytearray(most_bytes)
    try:
        size = cramjam.zstd.decompress_into(body, room)
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):
            raise _too_large(most_bytes) from None
        raise Refused(400, "not_zstd", f"the body is not packed by zstd: {error}") from None
    return bytes(room[:size])


def _too_large(most_bytes: int) -> Refused:
    return Refused(413, "too_large", f"the body has more than {most_bytes:,} bytes")
