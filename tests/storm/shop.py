"""The shop whose orders come by webhook too: a list in pages, for a poller, in which every order stands already."""

import json
import threading
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.serving import QuietHandler, Serving
from tests.storm.deliveries import SHOPIFY, deliveries

_PAGE: Final = 250


class Shop(Serving):
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
        shop = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                body, link = shop.answer(self.path)
                # Who asked may have been killed.
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.answer(200, body, {"Link": link} if link else {})

        super().__init__(Handler)

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
