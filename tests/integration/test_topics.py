"""Topics: created as they must be, verified when they exist, and clear messages when neither is possible."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic

from agents.broker import topic_admin
from agents.broker.topic_admin import TopicError, ensure_topics, topic_specs
from agents.settings import Settings
from tests.brokers import Broker, make_broker
from tests.integration.cluster import Cluster
from tests.integration.commands import run

pytestmark = pytest.mark.broker

NAMES = {
    "campaign.actions.v1",
    "campaign.posts.v1",
    "campaign.comments.v1",
    "campaign.conversions.v1",
    "campaign.definitions.v1",
    "campaign.cursors.v1",
    "campaign.webhooks.v1",
    "campaign.inbox.v1",
    "campaign.influencer-snapshots.v1",
    "campaign.rollups.v1",
    "campaign.entries.v1",
    "campaign.dead-letters.v1",
    "campaign.draws.v1",
    "campaign.windows.v1",
    "campaign.alerts.v1",
    "campaign.minutes.v1",
    "campaign-pulse-state-changelog",
}
SINGLE = {
    "campaign.actions.v1",
    "campaign.cursors.v1",
    "campaign.webhooks.v1",
    "campaign.definitions.v1",
    "campaign.dead-letters.v1",
    "campaign.draws.v1",
}
COMPACTED = {
    "campaign.actions.v1",
    "campaign.webhooks.v1",
    "campaign.cursors.v1",
    "campaign.definitions.v1",
    "campaign.influencer-snapshots.v1",
    "campaign.rollups.v1",
    "campaign.entries.v1",
    "campaign-pulse-state-changelog",
}
LARGE = {
    "campaign.windows.v1",
    "campaign.entries.v1",
    "campaign.definitions.v1",
    "campaign.inbox.v1",
    "campaign.posts.v1",
    "campaign.comments.v1",
    "campaign.conversions.v1",
    "campaign.dead-letters.v1",
    "campaign-pulse-state-changelog",
}


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A broker without topics."""
    with make_broker() as running:
        yield running


def settings(broker: Broker, **more: Any) -> Settings:
    """Settings with this broker."""
    return Settings(broker=broker.bootstrap, **more)


def create(broker: Broker, **partitions: int) -> None:
    """Create input topics; the names are ``posts``, ``comments``, ``conversions``."""
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
        admin.create_topics(
            [NewTopic(f"campaign.{name}.v1", count, broker.replicas) for name, count in partitions.items()]
        )


def environment(broker: Broker) -> dict[str, str]:
    """What a command needs."""
    return {"PATH": "", "PULSE_BROKER": broker.bootstrap, "PULSE_METRICS_PORT": "0"}


def test_missing_topics_are_created_with_their_partitions_and_settings(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every topic, with the partitions of the settings, compaction where only the newest counts, room for 8 MiB."""
    created: dict[str, NewTopic] = {}

    class Recorded(KafkaAdminClient):  # type: ignore[misc]  # kafka-python has no types
        """The admin client. The embedded broker takes topic settings, and does not tell them when asked."""

        def create_topics(self, new_topics: list[NewTopic], *args: Any, **kwargs: Any) -> Any:
            created.update({topic.name: topic for topic in new_topics})
            return super().create_topics(new_topics, *args, **kwargs)

    monkeypatch.setattr(topic_admin, "KafkaAdminClient", Recorded)
    counts = ensure_topics(settings(broker, partitions=5))
    assert counts == {name: 1 if name in SINGLE else 5 for name in NAMES}
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
        described = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(sorted(NAMES))}
    assert described == counts
    configs = {name: dict(topic.topic_configs) for name, topic in created.items()}
    assert {name for name, config in configs.items() if config.get("cleanup.policy") == "compact"} == COMPACTED
    assert {name for name, config in configs.items() if config.get("max.message.bytes") == "8388608"} == LARGE
    redelivery_ms = 72 * 3_600_000
    for name in ("campaign.posts.v1", "campaign.comments.v1", "campaign.conversions.v1"):
        assert int(configs[name]["retention.ms"]) > redelivery_ms


@pytest.mark.brokers("kafka", reason="the embedded broker has no replicas, three nodes have enough")
def test_more_replicas_than_brokers_name_the_setting(broker: Broker) -> None:
    """In one line, without the client's dump of its request."""
    with pytest.raises(TopicError) as refused:
        ensure_topics(settings(broker, partitions=1, replication=3))
    assert "PULSE_REPLICATION=3" in str(refused.value)
    assert len(str(refused.value)) < 150


@pytest.mark.replication
@pytest.mark.brokers("kafka", "kafka3", reason="the embedded broker does not tell the settings of its topics")
def test_the_broker_has_the_replicas_and_settings(broker: Broker) -> None:
    """What the broker itself says of every topic: its replicas, and each setting that was asked for."""
    wanted = settings(broker, partitions=3, replication=broker.replicas)
    ensure_topics(wanted)
    specs = {spec.name: spec for spec in topic_specs(wanted)}
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
        described = admin.describe_topics(sorted(specs))
        told = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in sorted(specs)])
    replicas = {len(each["replica_nodes"]) for topic in described for each in topic["partitions"]}
    assert replicas == {broker.replicas}
    for name, entries in told["topic"].items():
        found = {key: entry["value"] for key, entry in entries.items()}
        assert found.items() >= specs[name].config.items(), name
        assert found.get("min.insync.replicas") == ("2" if broker.replicas == 3 else None), name
    assert set(told["topic"]) == set(specs)


def test_a_second_time_changes_nothing(broker: Broker) -> None:
    """Existing topics keep their partitions, whatever the settings say now."""
    first = ensure_topics(settings(broker, partitions=3))
    assert ensure_topics(settings(broker, partitions=9)) == first


def test_missing_topics_follow_the_existing_ones(broker: Broker) -> None:
    """A co-partitioned topic that is missing gets as many partitions as the others have."""
    create(broker, comments=6)
    counts = ensure_topics(settings(broker, partitions=2))
    assert counts["campaign.posts.v1"] == counts["campaign-pulse-state-changelog"] == 6
    assert counts["campaign.rollups.v1"] == 2


@pytest.mark.parametrize("command", [["topics"], ["worker"], ["campaigns", "list"]])
def test_a_mismatch_is_named_with_its_counts(broker: Broker, command: list[str]) -> None:
    """Topics that must be co-partitioned and are not: exit code 2, one line with each topic and its count."""
    create(broker, posts=4, comments=6, conversions=4)
    result = run(*command, environment=environment(broker))
    assert result.returncode == 2
    assert result.stderr.startswith("Error: these topics need the same number of partitions: ")
    assert result.stderr.count("\n") == 1
    for part in ("campaign.posts.v1: 4", "campaign.comments.v1: 6", "campaign.conversions.v1: 4"):
        assert part in result.stderr


def test_topics_lists_and_creates(broker: Broker) -> None:
    """The command lists every topic whole; --no-create needs no broker and creates nothing."""
    listed = run("topics", "--no-create", environment={"PATH": "", "PULSE_BROKER": "127.0.0.1:1"})
    assert listed.returncode == 0
    assert {line.split()[0] for line in listed.stdout.splitlines()[1:]} >= NAMES
    assert "max.message.bytes=8388608" in listed.stdout
    made = run("topics", environment=environment(broker))
    assert made.returncode == 0, made.stderr
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
        assert set(admin.list_topics()) >= NAMES


@pytest.mark.brokers("embedded", reason="no broker answers: the same with all of them")
def test_a_broker_that_is_away_is_one_line_and_exit_code_2() -> None:
    """Each command that needs the broker names the setting and its value, without a traceback or a client's log."""
    commands = [
        ["topics"],
        ["worker"],
        ["campaigns", "list"],
        ["campaigns", "remove", "spring"],
        ["tail", "--topic", "campaign.rollups.v1"],
    ]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "agents.cli", *command],
            env={"PATH": "", "PULSE_BROKER": "127.0.0.1:1", "PULSE_METRICS_PORT": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    for command, process in zip(commands, running, strict=True):
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (2, ""), (command, err)
        assert err.startswith("Error: "), command
        assert "PULSE_BROKER=127.0.0.1:1" in err, command
        assert err.count("\n") == 1, (command, err)


def test_a_taken_metrics_port_is_named() -> None:
    """A worker whose port is in use says which one, before it joins anything."""
    with Cluster() as cluster:
        port = str(cluster.redis.port)
        result = run("worker", environment=cluster.environment(METRICS_PORT=port))
    assert result.returncode == 2
    assert result.stderr.startswith(f"Error: PULSE_METRICS_PORT: cannot listen on 127.0.0.1:{port}: Address already in")
