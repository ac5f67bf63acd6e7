"""Readers of Server-Sent Events, each with what it has been told, coming back where they were cut off."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import msgspec

_AGAIN_SECONDS: Final = 0.2
_SILENCE_SECONDS: Final = 20.0
"""A stream pings every 15 s: one that is silent for longer is dead, and its reader comes back, as browsers' own do."""


class Watcher:
    """One reader.

    Args:
        url: of the stream.
        seen: called with each part's name and content; raises AssertionError where it must not be.
    """

    def __init__(self, url: str, seen: Callable[[str, Any], None]) -> None:
        self.url = url
        self._seen = seen
        self.told: dict[str, Any] = {}
        """The newest value of each part."""
        self.last_id = ""
        self.connections = self.resumed = self.resets = 0
        self._answer: aiohttp.ClientResponse | None = None

    async def follow(self, session: aiohttp.ClientSession) -> None:
        """Read, and come back, until it is cancelled."""
        while True:
            headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
            try:
                async with session.get(self.url, headers=headers) as answer:
                    if answer.status == 200:
                        self.connections += 1
                        self.resumed += bool(headers)
                        self._answer = answer
                        await self._read(answer)
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass  # whoever watches comes back
            self._answer = None
            await asyncio.sleep(_AGAIN_SECONDS)

    def cut(self) -> None:
        """Lose the connection, in the middle of whatever is on its way."""
        if self._answer is not None:
            self._answer.close()

    async def _read(self, answer: aiohttp.ClientResponse) -> None:
        event = {"event": "", "data": ""}
        async for raw in answer.content:
            line = raw.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last_id = value
                elif name in event:
                    event[name] = value
                continue
            if event["event"] == "reset":
                self.resets += 1
                self.told.clear()
            elif event["event"]:
                content = msgspec.json.decode(event["data"])
                self._seen(event["event"], content)
                self.told[event["event"]] = content
            event = {"event": "", "data": ""}


class Crowd:
    """Readers on a thread of their own.

    Args:
        urls: one for each reader.
        seen: see ``Watcher``.
    """

    def __init__(self, urls: Sequence[str], seen: Callable[[str, Any], None]) -> None:
        self.watchers = [Watcher(url, seen) for url in urls]
        self.failures: list[BaseException] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join()

    def cut(self, watchers: Sequence[Watcher]) -> None:
        """Have some lose their connections."""
        for each in watchers:
            self._loop.call_soon_threadsafe(each.cut)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._follow())

    async def _follow(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=_SILENCE_SECONDS)
        connector = aiohttp.TCPConnector(limit=0)
        # A part is one line; leaderboards are long.
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, read_bufsize=2**20) as session:
            self._tasks = [asyncio.create_task(each.follow(session)) for each in self.watchers]
            ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        self.failures += [each for each in ended if isinstance(each, Exception)]

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
