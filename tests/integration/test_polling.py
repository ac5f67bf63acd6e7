"""``gateway poll`` as a process: a shop is asked, Kafka confirms, a kill and a restart lose and double nothing."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from tests.integration.cluster import SETTLE_SECONDS, START_SECONDS, Cluster
from tests.integration.test_gateway import CLOCK_MS, DEFINITION, totals
from tests.serving import QuietHandler, Serving

PAGE, ORDERS = 40, 200


class Shop(Serving):
    """Orders in pages; it can be told to say that it is asked too often."""

    def __init__(self) -> None:
        self.is_limited = False
        self.asked = 0
        self.pages: list[int] = []
        self.tokens: set[str] = set()
        self.gate = threading.Semaphore(3)
        """So many pages are answered before somebody lets more through."""
        shop = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                status, headers, body = shop.answer(self.path, self.headers.get("X-Shopify-Access-Token", ""))
                # Who asked may have been killed.
                with suppress(BrokenPipeError):
                    self.answer(status, body, headers)

        super().__init__(Handler)

    def answer(self, path: str, token: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        self.tokens.add(token)
        if self.is_limited:
            return 429, {"Retry-After": "1"}, b""
        self.asked += 1
        number = int(parse_qs(urlsplit(path).query).get("page_info", ["0"])[0])
        self.gate.acquire()
        self.pages.append(number)
        rows = [
            {
                "id": each,
                "created_at": "2026-04-18T16:00:00Z",
                "updated_at": "2026-04-18T16:00:00Z",
                "currency": "EUR",
                "total_price": "10.00",
                "financial_status": "paid",
                "discount_codes": [{"code": "ana10"}],
            }
            for each in range(number * PAGE, (number + 1) * PAGE)
        ]
        headers = {}
        if (number + 1) * PAGE < ORDERS:
            headers["Link"] = f'<http://shop/orders.json?limit=250&page_info={number + 1}>; rel="next"'
        return 200, headers, json.dumps({"orders": rows}).encode()


@contextmanager
def poller(cluster: Cluster, address: str, tokens: Path, port: int, name: str) -> Iterator[ChildProcess]:
    """A poller of the shop."""
    settings = {
        "POLL_TOKENS_FILE": str(tokens),
        "POLL_ADDRESSES": f"shopify-main={address}",
        "METRICS_PORT": str(port),
    }
    process = ChildProcess(
        name,
        [sys.executable, "-m", "agents.cli", "gateway", "poll"],
        log_path=cluster.path / f"{name}.log",
        environment=cluster.environment(**settings),
    )
    process.start()
    try:
        yield process
    finally:
        process.stop()


def scraped(port: int) -> str:
    """The poller's metrics; nothing when it does not answer."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


@pytest.mark.broker
def test_orders_are_read_once_whatever_is_killed(tmp_path: Path) -> None:
    """Killed between two pages: the next one begins with the first page again, and every order counts once.

    The limit of the shop is waited out, a token that is changed in its file is taken, metrics say what was asked, no
    output has the token, and SIGTERM ends it with 0.
    """
    definition, tokens, port = tmp_path / "definition.yaml", tmp_path / "tokens", free_port()
    definition.write_text(DEFINITION, encoding="utf-8")
    tokens.write_text("shopify-main=s3cret-1\n", encoding="utf-8")
    with Cluster(clock=CLOCK_MS, partitions=3) as cluster, Shop() as shop:
        cluster.command("campaigns", "apply", str(definition))
        cluster.add_worker()
        with poller(cluster, shop.url, tokens, port, "poller-1") as first:
            # Three pages are answered, and it waits for the fourth.
            assert wait_until(lambda: shop.asked == 4, timeout_seconds=START_SECONDS), first.log_tail(40)
            assert wait_until(lambda: totals(cluster).get("purchases", 0) >= 2 * PAGE, timeout_seconds=SETTLE_SECONDS)
            first.signal(SIGKILL)
            assert wait_until(lambda: not first.running, timeout_seconds=10)
        shop.is_limited = True
        for _ in range(100):
            shop.gate.release()
        # The page that the killed one was waiting for.
        assert wait_until(lambda: len(shop.pages) == 4, timeout_seconds=SETTLE_SECONDS)
        shop.pages.clear()
        with poller(cluster, shop.url, tokens, port, "poller-2") as second:
            waiting = 'campaign_poll_requests_total{source="shopify-main",what="orders",outcome="waiting"}'
            assert wait_until(lambda: waiting in scraped(port), timeout_seconds=START_SECONDS), second.log_tail(40)
            tokens.write_text("shopify-main=s3cret-2\n", encoding="utf-8")
            assert wait_until(lambda: "s3cret-2" in shop.tokens, timeout_seconds=START_SECONDS)
            shop.is_limited = False
            assert wait_until(lambda: totals(cluster).get("purchases") == ORDERS, timeout_seconds=SETTLE_SECONDS)
            assert totals(cluster)["revenue"]["EUR"]["revenue"] == str(ORDERS * 10)
            assert shop.pages[0] == 0
            assert f'campaign_poll_events_total{{source="shopify-main"}} {ORDERS}.0' in scraped(port)
            second.signal(SIGTERM)
            assert wait_until(lambda: not second.running, timeout_seconds=30)
            assert second.exit_code == 0
            assert "s3cret" not in second.log_tail(200)
