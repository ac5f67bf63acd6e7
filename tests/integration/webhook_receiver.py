"""A receiver of webhooks on a free port: answers as it is told to, and remembers every request."""

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import msgspec
import standardwebhooks
from msgspec import Struct

from tests.serving import QuietHandler, Serving


class Request(Struct, frozen=True):
    """One request, and how it was answered: 0 where it was not."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def message_id(self) -> str:
        """The id of the message."""
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        """The body, read."""
        found: dict[str, Any] = msgspec.json.decode(self.body)
        return found


Answer = tuple[int, Mapping[str, str]]
"""Status and headers; status 0 for none: the request hangs until the receiver ends."""
Answering = Callable[[str, str, int], Answer]
"""Given path, message id, and which request of that message it is (from 1), returns the answer."""


def verified(request: Request, secret: str) -> Any:
    """Return the content of a request whose signature Standard Webhooks' own library accepts.

    Raises:
        WebhookVerificationError: it does not.
    """
    return standardwebhooks.Webhook(secret).verify(request.body, request.headers)


class Receiver(Serving):
    """Listens.

    Args:
        answer: how it answers.
    """

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self._tries: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()
        receiver = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                receiver.take(self)

        super().__init__(Handler)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        super().__exit__(kind, error, trace)

    def take(self, handler: QuietHandler) -> None:
        """Take one request."""
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = handler.body()
        with self._lock:
            key = handler.path, headers.get("webhook-id", "")
            self._tries[key] = self._tries.get(key, 0) + 1
            status, more = self.answer(*key, self._tries[key])
            self.requests.append(Request(handler.path, headers, body, status))
        if status == 0:
            self._ending.wait(60)
            return
        handler.answer(status, headers=more)

    def of(self, path: str) -> list[Request]:
        """Return the requests to a path."""
        with self._lock:
            return [each for each in self.requests if each.path == path]

    def taken(self, path: str) -> dict[str, Request]:
        """Return the messages that were answered with success, by id."""
        return {each.message_id: each for each in self.of(path) if 200 <= each.status < 300}
