"""The shop whose orders come by webhook too: a list in pages, for a poller, in which every order stands already."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.storm.deliveries import SHOPIFY, deliveries

_PAGE: Final = 250


class Shop:
    """All orders of a storm: some before their webhook has come, most of them after it.

    Args:
        count: of the deliveries of the storm.
    """

    def __init__(self, count: int) -> None:
        self._orders = [
            json.loads(each.body)
            for each in deliveries(count)
            if each.path == SHOPIFY and each.event["type"] == "purchase"
        ]
        self._lock = threading.Lock()
        self.pages = 0
        """Answered."""
        self.whole_reads = 0
        """Times that somebody came to the last page."""

    def answer(self, path: str) -> tuple[bytes, str]:
        """Return a page, and the header that says where the next one is."""
        number = int(parse_qs(urlsplit(path).query).get("page_info", ["0"])[0])
        rows = self._orders[number * _PAGE : (number + 1) * _PAGE]
        is_last = (number + 1) * _PAGE >= len(self._orders)
        with self._lock:
            self.pages += 1
            self.whole_reads += is_last
        link = "" if is_last else f'<http://shop/orders.json?limit={_PAGE}&page_info={number + 1}>; rel="next"'
        return json.dumps({"orders": rows}).encode(), link

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve; yield the address."""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body, link = shop.answer(self.path)
                try:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    if link:
                        self.send_header("Link", link)
                    self.end_headers()
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    return  # who asked was killed

            def log_message(self, format: str, *args: Any) -> None:
                return

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()
