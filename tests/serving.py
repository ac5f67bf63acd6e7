"""A small server of a test's own: on a free port, in a thread, quiet, started and ended by ``with``."""

import socketserver
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

_POLL_SECONDS: Final = 0.02
"""How long an end waits for the loop at most: the library's half a second is one for every test."""


class QuietHandler(BaseHTTPRequestHandler):
    """A handler of HTTP that logs nothing."""

    def body(self) -> bytes:
        """Return the request's body."""
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Send an answer; its length is added to the headers."""
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""


class Serving:
    """Listens on 127.0.0.1 from the start, and answers inside ``with``.

    Args:
        handler: what answers a request, or holds a conversation.
        kind: the server.
    """

    def __init__(
        self,
        handler: type[socketserver.BaseRequestHandler],
        kind: type[socketserver.ThreadingTCPServer] | type[ThreadingHTTPServer] = ThreadingHTTPServer,
    ) -> None:
        self._server = kind(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), name="serving")

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address for HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
