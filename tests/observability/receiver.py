"""Who is called by Alertmanager: keeps every webhook and every Slack message."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class Receiver:
    """An HTTP server that writes down what it is sent.

    ``webhooks``: Alertmanager's own documents, each with ``receiver``, ``status`` and ``alerts``. ``messages``: Slack
    attachments, which carry the text of the templates.
    """

    def __init__(self) -> None:
        self.webhooks: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path.startswith("/webhook"):
                    receiver.webhooks.append(document)
                else:
                    receiver.messages.extend(document["attachments"])
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: Any) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver")
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def alerts(self, status: str) -> list[dict[str, Any]]:
        """Return every alert that was told with this status, in order; repeated ones once."""
        told = {
            (alert["fingerprint"], alert["startsAt"]): alert
            for document in self.webhooks
            for alert in document["alerts"]
            if alert["status"] == status
        }
        return list(told.values())
