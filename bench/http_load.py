"""Requests over kept connections: as fast as answers come, or so many a second whether they come or not."""

import asyncio
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

import uvloop
from msgspec import Struct

_GIVE_UP_SECONDS: Final = 120.0


class Load(Struct):
    """What was seen: seconds over all and of each answer, and how many were no success."""

    seconds: float
    latencies: list[float]
    failures: int

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, part: float) -> float:
        """Return the seconds within which a part of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def request_bytes(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return a POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def closed_loop(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Send the next request on a connection when the last one is answered."""
    return uvloop.run(_run(port, requests, connections, None))


def open_loop(port: int, requests: Sequence[bytes], per_second: float, connections: int) -> Load:
    """Send at a steady rate; a latency counts from when a request was due, so that waiting for a connection counts."""
    return uvloop.run(_run(port, requests, connections, per_second))


async def _run(port: int, requests: Sequence[bytes], connections: int, per_second: float | None) -> Load:
    load = _Load(len(requests))
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port) for _ in range(connections)]
    began = perf_counter()
    if per_second is None:
        load.waiting.extend((None, request) for request in requests)
        for _, connection in made:
            connection.next()
    else:
        load.idle.extend(connection for _, connection in made)
        for number, request in enumerate(requests):
            due = began + number / per_second
            if (pause := due - perf_counter()) > 0:
                await asyncio.sleep(pause)
            load.waiting.append((due, request))
            if load.idle:
                load.idle.popleft().next()
    async with asyncio.timeout(_GIVE_UP_SECONDS):
        await load.done.wait()
    if load.is_broken:
        raise RuntimeError("a connection was closed before all answers came")
    seconds = perf_counter() - began
    for transport, _ in made:
        transport.close()
    return Load(seconds, load.latencies, load.failures)


class _Load:
    """What the connections of one load share."""

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self.waiting: deque[tuple[float | None, bytes]] = deque()
        self.idle: deque[_Connection] = deque()
        self.latencies: list[float] = []
        self.failures = 0
        self.is_broken = False
        self.done = asyncio.Event()

    def answered(self, seconds: float, is_success: bool) -> None:
        """Count an answer."""
        self.latencies.append(seconds)
        self.failures += not is_success
        if len(self.latencies) == self._requests:
            self.done.set()


class _Connection(asyncio.Protocol):
    """One connection with at most one request on the way."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._since = 0.0
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport: Any = transport  # uvloop's is no asyncio.Transport

    def next(self) -> None:
        """Send the next request, or wait for one."""
        if not self._load.waiting:
            self._load.idle.append(self)
            return
        due, request = self._load.waiting.popleft()
        self._since = perf_counter() if due is None else due
        self._transport.write(request)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the load, unless it has ended."""
        if not self._load.done.is_set():
            self._load.is_broken = True
            self._load.done.set()

    def data_received(self, data: bytes) -> None:
        """Take an answer whose body has a Content-Length."""
        self._received += data
        header, end, body = self._received.partition(b"\r\n\r\n")
        length = int(header.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if not end or len(body) < length:
            return
        self._received = b""
        self._load.answered(perf_counter() - self._since, header[9:12] == b"200")
        self.next()
