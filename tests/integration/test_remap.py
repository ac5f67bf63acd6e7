"""``gateway remap`` on a broker: what fitted no campaign or could not be mapped is mapped later, once, and said."""

import base64
import hashlib
import hmac
import json
from contextlib import closing
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from models.topics import COMMENTS, CONVERSIONS
from tests.integration.cluster import Cluster
from tests.integration.commands import run
from tests.unit.gateway.asking import KEY, SOURCES, Gateway
from tests.unit.streams.connectors.deliveries import FOLDER, RECEIVED_MS, kept

EVES = """
campaign_id: other
name: Other
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers: [{influencer_id: eve, handle: "@eve", platform: instagram, accounts: {instagram: ["1"]}}]
"""
TRACKED = b'{"event": "Signed Up", "messageId": "m-1", "timestamp": "2026-04-18T16:00:00Z", "userId": "u"}'
HOURS_80 = RECEIVED_MS + 80 * 3_600_000


def two_comments() -> bytes:
    """One of eve's account, one of ana's."""
    entries = []
    for account in ("1", "17841400000000001"):
        value = {"id": f"c{account}", "text": "hi", "from": {"username": "fan"}, "media": {"id": "m"}}
        change = {"field": "comments", "value": value}
        entries.append({"id": account, "time": 1_776_528_250, "changes": [change]})
    return json.dumps({"object": "instagram", "entry": entries}).encode()


def arrived() -> Gateway:
    """A gateway that knew of eve's campaign alone: what it sent."""
    gateway = Gateway(EVES, clock=str(RECEIVED_MS))
    assert gateway.hook("shopify_orders_create.json").json["parked"] == 1
    without = kept("shopify_orders_create.json").body.replace(b'"created_at":', b'"createdAt":')
    signature = base64.b64encode(hmac.new(SOURCES["shopify"].encode(), without, hashlib.sha256).digest()).decode()
    headers = {"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": signature}
    assert gateway.ask("/v1/hooks/shopify/main", without, headers).json["unmapped"] == 1
    both = two_comments()
    signature = "sha256=" + hmac.new(SOURCES["instagram"].encode(), both, hashlib.sha256).hexdigest()
    answer = gateway.ask("/v1/hooks/instagram/main", both, {"X-Hub-Signature-256": signature})
    assert (answer.json["events"], answer.json["parked"]) == (1, 1)
    key = base64.b64encode(f"{KEY}:".encode()).decode()
    assert gateway.ask("/v1/track", TRACKED, {"Authorization": f"Basic {key}"}).status == 200
    return gateway


def read(bootstrap: str, topic: str) -> list[dict[str, Any]]:
    """The events of a topic."""
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=1_000)) as consumer:
        places = [TopicPartition(topic, each) for each in range(2)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        return [json.loads(record.value) for record in consumer]


@pytest.mark.broker
def test_what_a_definition_did_not_know_counts_once_it_does() -> None:
    """Said while it is open; nothing sent by a dry run; then sent once, with the platform's ids, and never again.

    What is still unmapped or parked keeps its reason; a delivery of which a part counted longer ago than ids are
    remembered is left alone.
    """
    with Cluster(partitions=2, clock=str(RECEIVED_MS)) as cluster:
        cluster.command("campaigns", "apply", _written(cluster, "eves.yaml", EVES))
        with closing(KafkaProducer(bootstrap_servers=cluster.broker.bootstrap)) as producer:
            for record in arrived().published:
                producer.send(record.topic, record.value, record.key, list(record.headers))
            producer.flush()
        here, later = cluster.environment(), cluster.environment(CLOCK=str(HOURS_80))

        nothing = run("gateway", "remap", environment=here)
        assert nothing.returncode == 1, nothing.stderr
        assert "4 deliveries looked at, 1 events sent, 4 still open" in nothing.stderr
        cluster.command("campaigns", "apply", str(FOLDER / "definition.yaml"))

        dry = run("gateway", "remap", "--dry-run", "--json", environment=later)
        told = {(each["source"], each["before"]): each for each in map(json.loads, dry.stdout.splitlines())}
        assert told["shopify-main", "parked"]["events"] == 1
        refused = told["instagram-main", "parked"]
        assert (refused["after"], refused["events"]) == ("parked", 0)
        assert "1 of its events are counted, more than 72 h ago" in refused["reasons"][0]
        assert read(cluster.broker.bootstrap, CONVERSIONS) == []

        first = run("gateway", "remap", environment=here)
        assert first.returncode == 1
        assert "unmapped: shopify-main" in first.stderr
        assert "sources.segment-shop.default" in first.stderr
        assert "4 deliveries looked at, 3 events sent, 2 still open" in first.stderr
        (order,) = read(cluster.broker.bootstrap, CONVERSIONS)
        assert (order["event_id"], order["campaign_id"]) == ("shopify-main:order:5900000000001", "spring")
        assert order["influencer_id"] == "ana"
        comments = read(cluster.broker.bootstrap, COMMENTS)
        assert {each["event_id"] for each in comments} == {"c1", "c17841400000000001"}

        again = run("gateway", "remap", "--source", "shopify", "--only", "parked", environment=here)
        assert (again.returncode, again.stdout) == (0, ""), again.stderr
        assert len(read(cluster.broker.bootstrap, CONVERSIONS)) == 1
        letters = run("dead-letters", "list", "--state", "redriven", "--json", environment=here)
        # The first delivery stands where its letter says; the others are where this test has put them.
        assert [json.loads(line)["key"] for line in letters.stdout.splitlines()] == ["shopify-main"]


def _written(cluster: Cluster, name: str, text: str) -> str:
    path = cluster.path / name
    path.write_text(text, encoding="utf-8")
    return str(path)
