"""Signed deliveries through a gateway to a worker, with kill -9 in between: each counts exactly once."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

import pytest

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from tests.integration.cluster import SETTLE_SECONDS, START_SECONDS, Cluster
from tests.storm.trial import run_trial

CLOCK_MS = "1776533400000"  # 2026-04-18T17:30:00Z, for gateway and worker: ids are remembered for 72 hours
ORDERS, COMMENTS, SINGLE = 150, 150, 40
DEFINITION = """
campaign_id: spring
name: Spring
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - influencer_id: ana
    handle: "@ana"
    platform: instagram
    discount_codes: [ANA10]
    accounts: {instagram: ["1"]}
    tracked_links: {bio: "https://shop.example/"}
"""
SECRETS = "shopify-main=s1\ninstagram-main=s2\nwoo-at=s3"


def order(number: int) -> tuple[str, bytes, dict[str, str]]:
    """A signed order of Shopify, 10.00 EUR."""
    fields = {"id": number, "created_at": "2026-04-18T16:00:00Z", "currency": "EUR", "total_price": "10.00"}
    body = json.dumps({**fields, "discount_codes": [{"code": "ana10"}]}).encode()
    signature = base64.b64encode(hmac.new(b"s1", body, hashlib.sha256).digest()).decode()
    return "/v1/hooks/shopify/main", body, {"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": signature}


def comment(number: int) -> tuple[str, bytes, dict[str, str]]:
    """A signed comment of Instagram."""
    value = {"id": f"c{number}", "text": "hi", "from": {"username": f"fan{number}"}, "media": {"id": "m"}}
    entry = {"id": "1", "time": 1_776_528_250, "changes": [{"field": "comments", "value": value}]}
    body = json.dumps({"object": "instagram", "entry": [entry]}).encode()
    signature = "sha256=" + hmac.new(b"s2", body, hashlib.sha256).hexdigest()
    return "/v1/hooks/instagram/main", body, {"X-Hub-Signature-256": signature}


def single(number: int) -> tuple[str, bytes, dict[str, str]]:
    """A signed order of WooCommerce, 1.00 EUR: it is sent once."""
    fields = {"id": 1_000 + number, "date_paid_gmt": "2026-04-18T16:00:00", "currency": "EUR", "total": "1.00"}
    body = json.dumps({**fields, "coupon_lines": [{"code": "ana10"}]}).encode()
    signature = base64.b64encode(hmac.new(b"s3", body, hashlib.sha256).digest()).decode()
    return "/v1/hooks/woo/at", body, {"X-WC-Webhook-Topic": "order.created", "X-WC-Webhook-Signature": signature}


class Sender:
    """Sends as the platforms do: again until it is a success, every tenth twice."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.tries = 0

    def once(self, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        """One request; the status is 0 when there was no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def until_success(self, delivery: tuple[str, bytes, dict[str, str]]) -> None:
        """Come again until it is taken."""
        path, body, headers = delivery

        def is_taken() -> bool:
            self.tries += 1
            return self.once(path, body, headers)[0] == 200

        assert wait_until(is_taken, timeout_seconds=SETTLE_SECONDS, poll_seconds=0.1)

    def is_ready(self) -> bool:
        """Whether the gateway says that it is."""
        return self.once("/readyz", None, {})[0] == 200


@contextmanager
def gateway(cluster: Cluster, port: int, name: str) -> Iterator[ChildProcess]:
    """A gateway that has read the definitions."""
    settings = {
        "GATEWAY_PORT": str(port),
        "GATEWAY_SECRETS": SECRETS,
        "GATEWAY_SPOOL_DIRECTORY": str(cluster.path / "spool"),
        "GATEWAY_ANSWER_SECONDS": "0.5",
        "GATEWAY_DRAIN_SECONDS": "0.5",
    }
    process = ChildProcess(
        name,
        [sys.executable, "-m", "agents.cli", "gateway"],
        log_path=cluster.path / f"{name}.log",
        environment=cluster.environment(**settings),
    )
    process.start()
    try:
        ready = wait_until(Sender(port).is_ready, timeout_seconds=START_SECONDS, give_up=lambda: not process.running)
        assert ready, process.log_tail(40)
        yield process
    finally:
        process.stop()


def waiting(directory: Path) -> int:
    """Deliveries on disk."""
    return len(list(directory.glob("*.delivery")))


def totals(cluster: Cluster) -> dict[str, Any]:
    """What the read model says of ana in all."""
    found = [each for each in cluster.snapshot()["influencers"] if each["influencer_id"] == "ana"]
    return dict(found[0]["windows"]["total"]) if found else {}


@pytest.mark.broker
def test_each_delivery_counts_once_whatever_is_killed(tmp_path: Path) -> None:
    """Gateway killed in the middle of deliveries, Kafka away, killed again while some wait on disk: the sums are right.

    What was answered with success is counted; what was not comes again and counts once; what comes only once waits on
    disk and survives the kill. At the end it stops on SIGTERM, ready no more but answering, with exit code 0.
    """
    port = free_port()
    definition = tmp_path / "definition.yaml"
    definition.write_text(DEFINITION, encoding="utf-8")
    spool = Path()
    with Cluster(clock=CLOCK_MS, partitions=3) as cluster:
        spool = cluster.path / "spool"
        cluster.command("campaigns", "apply", str(definition))
        cluster.add_worker()
        sender = Sender(port)
        deliveries = [order(number) for number in range(ORDERS)] + [comment(number) for number in range(COMMENTS)]
        deliveries = [each for pair in zip(deliveries[:ORDERS], deliveries[ORDERS:], strict=True) for each in pair]
        deliveries += deliveries[::10]
        with ThreadPoolExecutor(4) as pool:
            with gateway(cluster, port, "gateway-1") as first:
                sent = [pool.submit(sender.until_success, each) for each in deliveries]
                assert wait_until(lambda: sum(each.done() for each in sent) > 60, timeout_seconds=SETTLE_SECONDS)
                first.signal(SIGKILL)
            with gateway(cluster, port, "gateway-2") as second:
                for each in sent:
                    each.result(SETTLE_SECONDS)
                cluster.broker.pause()
                try:
                    for number in range(SINGLE):
                        assert sender.once(*single(number))[0] == 200
                    assert sender.once(*order(ORDERS))[0] == 503
                    assert waiting(spool) == SINGLE
                    second.signal(SIGKILL)
                finally:
                    cluster.broker.resume()
        with gateway(cluster, port, "gateway-3") as third:
            sender.until_success(order(ORDERS))
            assert wait_until(lambda: waiting(spool) == 0, timeout_seconds=SETTLE_SECONDS)
            expected = ORDERS + 1 + SINGLE
            assert wait_until(
                lambda: totals(cluster).get("purchases") == expected and totals(cluster).get("comments") == COMMENTS,
                timeout_seconds=SETTLE_SECONDS,
            ), totals(cluster)
            assert totals(cluster)["revenue"]["EUR"]["revenue"] == str((ORDERS + 1) * 10 + SINGLE)
            assert sender.once("/l/bio", None, {"User-Agent": "Mozilla/5.0"})[0] == 302
            assert wait_until(lambda: totals(cluster).get("clicks") == 1, timeout_seconds=SETTLE_SECONDS)
            third.signal(SIGTERM)
            assert wait_until(lambda: not sender.is_ready(), timeout_seconds=10)
            assert wait_until(lambda: not third.running, timeout_seconds=20)
            assert third.exit_code == 0


def test_a_gateway_starts_without_kafka_where_it_has_a_disk(tmp_path: Path) -> None:
    """A restart while Kafka is away loses nothing that is sent only once; what comes again is told to; not ready."""
    spool, port, log = tmp_path / "spool", free_port(), tmp_path / "gateway.log"
    settings = {
        "BROKER": f"127.0.0.1:{free_port()}",
        "GATEWAY_PORT": str(port),
        "GATEWAY_SECRETS": SECRETS,
        "GATEWAY_SPOOL_DIRECTORY": str(spool),
        "GATEWAY_ANSWER_SECONDS": "0.5",
        "GATEWAY_DRAIN_SECONDS": "0",
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
    environment = clean | {f"PULSE_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "agents.cli", "gateway"]
    process = ChildProcess("gateway", command, log_path=log, environment=environment)
    process.start()
    try:
        sender = Sender(port)
        answers = wait_until(
            lambda: sender.once("/healthz", None, {})[0] == 200,
            timeout_seconds=START_SECONDS,
            give_up=lambda: not process.running,
        )
        assert answers, process.log_tail(40)
        assert "no Kafka broker answers" in process.log_tail(40)
        assert not sender.is_ready()
        assert sender.once(*single(1))[0] == 200
        assert waiting(spool) == 1
        assert sender.once(*order(1))[0] == 503
    finally:
        process.stop()
    assert process.exit_code == 0


@pytest.mark.broker
def test_five_sources_are_exact_whoever_is_killed(tmp_path: Path) -> None:
    """Gateway, poller, broker and worker killed once each, by chance: SQL's numbers, and nothing waits on disk.

    The long form is `python -m tests.storm`.
    """
    report = run_trial(300, 4, 5, tmp_path, print)
    assert set(report.kills.values()) == {1}
    assert report.tries >= 330
