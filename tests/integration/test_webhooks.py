"""Outgoing webhooks over a real broker to a real HTTP server: every message arrives, always with the same id."""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from signal import SIGKILL, SIGTERM
from typing import Any

import msgspec
import pytest

from agents.broker.producers import start_producer
from agents.clock import wait_until
from agents.connection.kafka import KafkaConnection
from agents.embedded.processes import ChildProcess, free_port
from models.alerts import AlertTransition
from models.rollups import CampaignRollup, GiveawayRollup, RevenueStats, WindowStats
from models.topics import ALERTS, ROLLUPS
from tests.integration.cluster import SETTLE_SECONDS, START_SECONDS, Cluster
from tests.integration.webhook_receiver import Receiver, verified
from tests.unit.alert_changes import BEGAN_MS, transition

NEW, OLD = "whsec_" + "QUFB" * 10, "whsec_" + "QkJC" * 10
OPS = {"name": "ops", "private": True, "alerts": ["opened", "escalated", "resolved"]}


def campaign(orders: int, revenue: str) -> tuple[list[str], CampaignRollup]:
    """A campaign's rollup, and its key."""
    stats = RevenueStats(orders=orders, revenue=revenue, refunds=0, refunded="0")
    total = WindowStats(purchases=orders, revenue={"EUR": stats})
    rollup = CampaignRollup(
        campaign_id="spring",
        name="",
        influencers=1,
        followers=None,
        as_of_ms=BEGAN_MS,
        windows={"total": total},
        leaderboards={},
    )
    return ["spring"], rollup


def giveaway(entries: int) -> tuple[list[str], GiveawayRollup]:
    """A giveaway's rollup, and its key."""
    rollup = GiveawayRollup(
        campaign_id="spring",
        influencer_id="",
        as_of_ms=BEGAN_MS,
        status="open",
        opens_ms=0,
        closes_ms=1,
        time_left_ms=0,
        entries=entries,
    )
    return ["spring", "", "giveaway"], rollup


def publish(cluster: Cluster, topic: str, values: Sequence[tuple[Any, Any]]) -> None:
    """Write records (key, value), as a worker does."""

    async def send() -> None:
        producer = await start_producer(KafkaConnection(address=cluster.broker.bootstrap))
        try:
            for key, value in values:
                encoded = key.encode() if isinstance(key, str) else msgspec.json.encode(key)
                await producer.send_and_wait(topic, msgspec.json.encode(value), key=encoded)
        finally:
            await producer.stop()

    asyncio.run(send())


def tell(cluster: Cluster, *transitions: AlertTransition) -> None:
    """Publish changes of alerts."""
    publish(cluster, ALERTS, [(each.alert.alert_id, each) for each in transitions])


class Gateways:
    """Gateways with webhooks, and the commands."""

    def __init__(self, cluster: Cluster, hooks: Sequence[dict[str, Any]], pauses: str = "0.1 " * 40) -> None:
        self._cluster = cluster
        self._started = 0
        self._files = cluster.path / "webhooks.yaml", cluster.path / "webhook_secrets"
        self.configure(hooks)
        self._settings = {
            "GATEWAY_WEBHOOKS_FILE": str(self._files[0]),
            "GATEWAY_WEBHOOK_SECRETS_FILE": str(self._files[1]),
            "GATEWAY_WEBHOOK_SECONDS": "1",
            "GATEWAY_WEBHOOK_PAUSES": pauses,
            "GATEWAY_DRAIN_SECONDS": "0.1",
            "SESSION_SECONDS": "2",
        }

    def configure(self, hooks: Sequence[dict[str, Any]]) -> None:
        """Write who is told into the files that gateways read."""
        lines = [f"{each['name']}={secret}" for each in hooks for secret in (NEW, OLD)]
        for file, text in zip(self._files, (json.dumps(hooks), "\n".join(lines)), strict=True):
            made = file.with_suffix(".new")
            made.write_text(text, encoding="utf-8")
            made.replace(file)

    @contextmanager
    def running(self) -> Iterator[ChildProcess]:
        """A gateway, just started."""
        self._started += 1
        name = f"gateway-{self._started}"
        environment = self._cluster.environment(GATEWAY_PORT=str(free_port()), **self._settings)
        command = [sys.executable, "-m", "agents.cli", "gateway"]
        process = ChildProcess(name, command, log_path=self._cluster.path / f"{name}.log", environment=environment)
        process.start()
        try:
            yield process
        except AssertionError:
            print(process.log_tail(60))
            raise
        finally:
            process.stop()

    def wait_sending(self, process: ChildProcess) -> None:
        """Return when a gateway sends."""

        def sends() -> bool:
            return "are followed" in process.log_tail(200)

        assert wait_until(sends, timeout_seconds=START_SECONDS, give_up=lambda: not process.running)

    def command(self, *arguments: str) -> tuple[int, str]:
        """Run ``gateway webhooks ...``; return exit code and output."""
        name = f"webhooks-{self._started}-{arguments[0]}"
        process = ChildProcess(
            name,
            [sys.executable, "-m", "agents.cli", "gateway", "webhooks", *arguments],
            log_path=self._cluster.path / f"{name}.log",
            environment=self._cluster.environment(**self._settings),
        )
        process.start()
        assert wait_until(lambda: not process.running, timeout_seconds=START_SECONDS)
        assert process.exit_code is not None
        return process.exit_code, process.log_tail(20)


@pytest.mark.broker
def test_every_message_arrives_with_one_id_whatever_is_killed() -> None:
    """Gateways killed with -9, answers of 500 and none at all: each message is taken, and is the same at every attempt.

    Two gateways run at a time, and one of them sends. A worker that tells a change twice makes no second message.
    """
    chance = Random(24)

    def answer(path: str, message_id: str, nth: int) -> tuple[int, dict[str, str]]:
        return (200 if nth > 1 else chance.choice([200, 200, 500, 429, 302, 0])), {"Location": "/elsewhere"}

    with Cluster(partitions=3) as cluster, Receiver(answer) as receiver:
        cluster.command("topics")
        gateways = Gateways(cluster, [{**OPS, "url": receiver.url + "/ops"}])
        with gateways.running() as first:
            gateways.wait_sending(first)
            tell(cluster, *(transition(number) for number in range(10)))
            assert wait_until(lambda: len(receiver.requests) > 4, timeout_seconds=SETTLE_SECONDS)
            first.signal(SIGKILL)
            tell(cluster, *(transition(number) for number in range(10, 20)))
        with gateways.running() as second, gateways.running() as third:
            assert wait_until(lambda: len(receiver.taken("/ops")) > 12, timeout_seconds=SETTLE_SECONDS)
            sending = second if "are followed" in second.log_tail(200) else third
            sending.signal(SIGKILL)
            tell(cluster, *(transition(number, "resolved") for number in range(20)), transition(3))
            assert wait_until(lambda: len(receiver.taken("/ops")) == 40, timeout_seconds=SETTLE_SECONDS), (
                f"{len(receiver.taken('/ops'))} of 40"
            )
            assert wait_until(lambda: '"waiting":0' in gateways.command("list", "--json")[1], timeout_seconds=60)
    told = {(each.content["data"]["alert_id"], each.content["type"]) for each in receiver.taken("/ops").values()}
    kinds = ("alert.opened", "alert.resolved")
    assert told == {(f"a{number}", kind) for number in range(20) for kind in kinds}
    assert receiver.of("/elsewhere") == []
    assert len({(each.message_id, each.body) for each in receiver.requests}) == 40
    for each in receiver.taken("/ops").values():
        assert verified(each, NEW) == verified(each, OLD) == each.content
        assert b"somebody wrote this" not in each.body


@pytest.mark.broker
def test_gone_is_off_until_somebody_turns_it_on_and_holds_up_nobody_else() -> None:
    """410 ends it for this receiver alone; a slow one and one that asks to wait get theirs later, and nothing is lost.

    Receivers are read anew while it runs.

    Milestones are told once: not what was reached before the first webhook was there, nor again after a correction.
    """
    gone = True

    def answer(path: str, message_id: str, nth: int) -> tuple[int, dict[str, str]]:
        if path == "/gone":
            return (410 if gone else 204), {}
        if path == "/slow":
            return (0 if nth == 1 else 200), {}
        if path == "/later":
            return (503, {"Retry-After": "3"}) if nth == 1 else (200, {})
        return 200, {}

    with Cluster(partitions=3) as cluster, Receiver(answer) as receiver:
        cluster.command("topics")
        publish(cluster, ROLLUPS, [campaign(0, "0"), giveaway(1_200)])
        tell(cluster, transition(0))
        reached = {"first_order": True, "entries": [1_500], "every_entries": 1_000}
        reached["revenue"] = [{"amount": "100", "currency": "EUR"}, {"amount": "1000", "currency": "EUR"}]
        hooks: list[dict[str, Any]] = [
            {**OPS, "name": "gone", "url": receiver.url + "/gone"},
            {**OPS, "name": "slow", "url": receiver.url + "/slow"},
            {**OPS, "name": "later", "url": receiver.url + "/later"},
            {**OPS, "name": "chat", "url": receiver.url + "/chat", "format": "slack", "severity": "critical"},
            {**OPS, "name": "inner", "url": "https://127.0.0.1:1/", "private": False},
            {"name": "goals", "private": True, "url": receiver.url + "/goals", "milestones": reached},
        ]
        gateways = Gateways(cluster, hooks, pauses="0.1 0.1 0.1 3600")
        with gateways.running() as gateway:
            gateways.wait_sending(gateway)
            tell(cluster, transition(1), transition(2, severity="critical", explanation="<!channel> & more"))
            publish(cluster, ROLLUPS, [giveaway(3_100), campaign(2, "99.99"), giveaway(900), giveaway(2_500)])
            publish(cluster, ROLLUPS, [campaign(1, "100"), campaign(1, "90"), campaign(3, "120.50"), giveaway(4_000)])
            for path, count in (("/slow", 2), ("/later", 2), ("/chat", 1), ("/goals", 6)):
                assert wait_until(
                    lambda path=path, count=count: len(receiver.taken(path)) == count,  # type: ignore[misc]
                    timeout_seconds=SETTLE_SECONDS,
                ), (path, receiver.of(path))
            assert wait_until(lambda: len(receiver.of("/gone")) == 1, timeout_seconds=60)
            code, said = gateways.command("list", "--json")
            assert code == 1
            rows = {row["webhook"]: row for row in map(json.loads, filter(None, said.splitlines()))}
            assert rows["gone"]["off_ms"] is not None
            assert rows["gone"]["waiting"] == 2
            assert rows["slow"] | {"waiting": 0, "sent": 2, "off_ms": None} == rows["slow"]
            assert "not public" in rows["inner"]["trouble"]
            assert receiver.url not in said
            gone = False
            assert gateways.command("test", "gone")[0] == 0
            assert gateways.command("enable", "gone")[0] == 0
            assert wait_until(lambda: len(receiver.taken("/gone")) == 3, timeout_seconds=SETTLE_SECONDS)
            # One more, while it runs: told of what comes from now on.
            gateways.configure([*hooks, {**OPS, "name": "added", "url": receiver.url + "/added"}])
            again = wait_until(lambda: gateway.log_tail(500).count("are followed") == 2, timeout_seconds=60)
            assert again, gateway.log_tail(40)
            tell(cluster, transition(3))
            for path, count in (("/added", 1), ("/slow", 3)):
                assert wait_until(
                    lambda path=path, count=count: len(receiver.taken(path)) == count,  # type: ignore[misc]
                    timeout_seconds=SETTLE_SECONDS,
                ), (path, receiver.of(path))
            gateway.signal(SIGTERM)
            assert wait_until(lambda: not gateway.running, timeout_seconds=30)
            assert gateway.exit_code == 0
    chat = next(iter(receiver.taken("/chat").values()))
    assert chat.content == {"text": "Alert (critical): spring, ana: &lt;!channel&gt; &amp; more"}
    goals = [each.content["data"] for each in receiver.of("/goals")]
    assert sorted((each["milestone"], str(each["threshold"])) for each in goals) == [
        ("entries", "1500"),
        ("entries", "2000"),
        ("entries", "3000"),
        ("entries", "4000"),
        ("first_order", "1"),
        ("revenue", "100"),
    ]
    assert {each["value"] for each in goals if each["milestone"] == "revenue"} == {"100"}
    asked, came = receiver.of("/later")[0], receiver.of("/later")[-1]
    assert int(came.headers["webhook-timestamp"]) - int(asked.headers["webhook-timestamp"]) >= 3
