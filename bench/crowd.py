"""``python -m bench.crowd PORT READERS PATH``: readers of a stream of numbers, who keep nothing of what they read.

A process of its own, so that reading costs nobody else's time. It says on stdout how many are connected; on SIGTERM it
ends, with a line of JSON: how many were connected at the end, and how many events and bytes came.
"""

import asyncio
import signal
import sys
from typing import Any, Final

import msgspec
import uvloop
from msgspec import Struct

_AT_ONCE: Final = 100
_SECONDS: Final = 60.0


class Heard(Struct):
    """What a crowd has read."""

    connected: int = 0
    events: int = 0
    bytes: int = 0


class _Reader(asyncio.Protocol):
    def __init__(self, heard: Heard, request: bytes) -> None:
        self._heard = heard
        self._request = request
        self._is_connected = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        sending: Any = transport  # uvloop's is no asyncio.Transport
        sending.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._is_connected and data.startswith(b"HTTP/1.1 200"):
            self._is_connected = True
            self._heard.connected += 1
        self._heard.events += data.count(b"event: ")
        self._heard.bytes += len(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._heard.connected -= self._is_connected


async def _run(port: int, readers: int, path: str) -> Heard:
    heard, ended = Heard(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n".encode()
    transports = []
    for number in range(readers):
        transport, _ = await loop.create_connection(lambda: _Reader(heard, request), "127.0.0.1", port)
        transports.append(transport)
        if number % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0.05)
    async with asyncio.timeout(_SECONDS):
        while heard.connected < readers:  # noqa: ASYNC110  # answers, counted where they arrive
            await asyncio.sleep(0.05)
    print(f"connected {heard.connected}", flush=True)
    await ended.wait()
    found = msgspec.structs.replace(heard)
    for transport in transports:
        transport.close()
    return found


if __name__ == "__main__":
    read = uvloop.run(_run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
    print(msgspec.json.encode(read).decode(), flush=True)
