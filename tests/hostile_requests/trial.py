"""A gateway among hostile senders: nothing of ours fails, nothing of theirs counts, and memory stays bounded."""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.request import urlopen

from kafka import KafkaConsumer, TopicPartition
from msgspec import Struct

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from models.read_keys import digest_of
from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.connectors.credentials import hash_of
from tests.hostile_requests.attacks import KEY, KEYED, KINDS, SECRET, STRANGERS, SlowSenders
from tests.hostile_requests.described import CAMPAIGN, READ_KEY, ask
from tests.hostile_requests.wire import CLOSED
from tests.integration.cluster import START_SECONDS, Cluster

MOST_BYTES: Final = 450 * 1024 * 1024
"""What a gateway may have had in memory: 128 MiB of bodies twice (in parts and joined), and itself."""
_SENDERS: Final = 8
_DEFINITION: Final = f"""
campaign_id: {CAMPAIGN}
name: Spring
starts_at: 2026-01-01T00:00:00Z
ends_at: 2099-01-01T00:00:00Z
influencers:
  - {{influencer_id: ana, handle: "@ana", platform: instagram}}
"""
_SLOW: Final = 120


class Report(Struct):
    """What was seen."""

    requests: int
    statuses: Counter[int]
    peak_bytes: int
    told_counted: int
    seconds: float


def run_trial(requests: int, seed: int, say: Callable[[str], None]) -> Report:
    """Send ``requests`` in all: a half by schemathesis, a half by hand.

    Raises:
        AssertionError: the gateway failed at something.
    """
    began, port = monotonic(), free_port()
    with Cluster(partitions=2) as cluster:
        cluster.command("topics")
        definition = cluster.path / "definition.yaml"
        definition.write_text(_DEFINITION, encoding="utf-8")
        cluster.command("campaigns", "apply", str(definition))
        process = _gateway(cluster, port)
        try:
            report = _attack(cluster, process, port, requests, seed, say)
        finally:
            process.stop()
        spool = list((cluster.path / "spool").glob("*.delivery"))
        assert spool == [], spool
        assert "Traceback" not in process.log_tail(100_000), process.log_tail(200)
    report.seconds = monotonic() - began
    return report


def _gateway(cluster: Cluster, port: int) -> ChildProcess:
    process = ChildProcess(
        "gateway",
        [sys.executable, "-m", "agents.cli", "gateway"],
        log_path=cluster.path / "gateway.log",
        environment=cluster.environment(
            GATEWAY_PORT=str(port),
            GATEWAY_SECRETS="\n".join(f"{kind}-main={SECRET}" for kind in KINDS if kind != "standard"),
            GATEWAY_KEYS=f"shop={hash_of(KEY)}",
            GATEWAY_READ_KEYS=f"reader={digest_of(READ_KEY)} campaign:* admin",
            GATEWAY_SPOOL_DIRECTORY=str(cluster.path / "spool"),
            # A busy machine is no error of the gateway's: 503 is for Kafka that is away.
            GATEWAY_ANSWER_SECONDS="30",
        ),
    )
    process.start()
    ready = wait_until(
        lambda: _status(port, "/readyz") == 200, timeout_seconds=START_SECONDS, give_up=lambda: not process.running
    )
    assert ready, process.log_tail(40)
    return process


def _attack(
    cluster: Cluster, process: ChildProcess, port: int, requests: int, seed: int, say: Callable[[str], None]
) -> Report:
    document: dict[str, Any] = json.loads(_get(port, "/openapi.json"))
    seen: Counter[int] = Counter()
    share = requests // 4
    slow = SlowSenders(port, _SLOW)
    say(f"strangers by hand: {share:,}")
    _by_hand(port, STRANGERS, share, seed, seen, slow)
    say(f"strangers by schemathesis: {share:,}")
    assert ask(document, port, share, seed, with_key=False, seen=seen) == 0
    assert _events(cluster) == 0, "a stranger's event was taken"
    refused = slow.statuses()
    assert set(refused) <= {408, 401, 503, CLOSED}, Counter(refused)
    say(f"with a key or a signature, by hand: {share:,}")
    _by_hand(port, KEYED, share, seed, seen, None)
    assert _events(cluster) == 0, "nonsense was counted"
    say(f"with a key, by schemathesis: {share:,}")
    told = ask(document, port, share, seed + 1, with_key=True, seen=seen)
    assert _events(cluster) == told, f"{_events(cluster)} events in Kafka, {told} were told"
    assert process.running, process.log_tail(100)
    assert _status(port, "/healthz") == 200
    failures = {status: count for status, count in seen.items() if status >= 500 and status != 503}
    assert not failures, failures
    peak = _peak_bytes(process.pid)
    assert peak < MOST_BYTES, f"{peak:,} bytes in memory"
    return Report(seen.total() + _SLOW, seen, peak, told, 0.0)


def _by_hand(
    port: int, attacks: tuple[Any, ...], count: int, seed: int, seen: Counter[int], slow: SlowSenders | None
) -> None:
    def one(number: int) -> int:
        status: int = attacks[number % len(attacks)](port, random.Random(seed * 1_000_003 + number))
        if slow is not None and number % 50 == 0:
            slow.trickle()
        return status

    with ThreadPoolExecutor(_SENDERS) as pool:
        seen.update(pool.map(one, range(count)))


def _events(cluster: Cluster) -> int:
    """Return how many events stand in the topics that workers count."""
    consumer = KafkaConsumer(bootstrap_servers=cluster.broker.bootstrap)
    try:
        places = [
            TopicPartition(topic, partition)
            for topic in (POSTS, COMMENTS, CONVERSIONS)
            for partition in consumer.partitions_for_topic(topic) or ()
        ]
        return sum(consumer.end_offsets(places).values())
    finally:
        consumer.close()


def _get(port: int, path: str) -> bytes:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        body: bytes = answer.read()
        return body


def _status(port: int, path: str) -> int:
    try:
        _get(port, path)
    except OSError:
        return 0
    return 200


def _peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
