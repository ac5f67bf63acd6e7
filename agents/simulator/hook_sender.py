"""Delivers simulated items to a gateway as their platforms do: again until it is a success, in threads of its own."""

import http.client
import queue
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from agents.simulator.deliveries import Hook, portions, request_of
from agents.simulator.publisher import PublishError

_THREADS: Final = 2
_MOST_WAITING: Final = 2_000
_MOST_UPDATES: Final = 100
"""Of one request; Meta sends up to 1,000."""
_AGAIN_SECONDS: Final = 0.25
_TIMEOUT_SECONDS: Final = 15.0
_GIVE_UP_TRIES: Final = 240
_NOTHING_MORE: Final = None


class HookSender:
    """Sends items; ``finish`` returns when all of them are taken.

    Args:
        url: of the gateway.
        secrets: by kind of source.
    """

    def __init__(self, url: str, secrets: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._secrets = secrets
        self._waiting: queue.Queue[Hook | None] = queue.Queue(_MOST_WAITING)
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(_THREADS)]
        self._lock = threading.Lock()
        self._failure = ""
        self.taken: Counter[str] = Counter()
        """Items that the gateway has confirmed, by kind."""
        for thread in self._threads:
            thread.start()

    def send(self, hook: Hook) -> None:
        """Send an item, soon; waits while too many wait.

        Raises:
            PublishError: the gateway refuses, or is away for a minute.
        """
        self._check()
        while True:
            try:
                self._waiting.put(hook, timeout=1.0)
            except queue.Full:
                self._check()
            else:
                return

    def finish(self) -> None:
        """Wait until everything is taken.

        Raises:
            PublishError: the gateway refuses, or is away for a minute.
        """
        for _ in self._threads:
            self._waiting.put(_NOTHING_MORE)
        for thread in self._threads:
            thread.join()
        self._check()

    def _check(self) -> None:
        if self._failure:
            raise PublishError(f"the gateway at {self._host}:{self._port}: {self._failure}")

    def _work(self) -> None:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        while (first := self._waiting.get()) is not _NOTHING_MORE:
            hooks, is_last = [first], False
            while len(hooks) < _MOST_UPDATES:
                try:
                    more = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if more is _NOTHING_MORE:
                    is_last = True
                    break
                hooks.append(more)
            for portion in portions(hooks, _MOST_UPDATES):
                self._deliver(connection, portion)
            if is_last:
                break
        connection.close()

    def _deliver(self, connection: http.client.HTTPConnection, portion: list[Hook]) -> None:
        request = request_of(portion, self._secrets)
        for _ in range(_GIVE_UP_TRIES):
            if self._failure:
                return  # of another thread; what waits is not sent any more
            status, told = 0, ""
            try:
                connection.request("POST", request.path, request.body, request.headers)
                answer = connection.getresponse()
                status, told = answer.status, answer.read().decode("utf-8", "replace")
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                told = f"{type(error).__name__}: {error}"
            if status == 200:
                with self._lock:
                    self.taken[portion[0].kind] += len(portion)
                return
            if 400 <= status < 500:
                break
            threading.Event().wait(_AGAIN_SECONDS)
        self._failure = f"{request.path} answers {status}: {told[:300]}" if status else told
