"""Topics that change, or were never as they must be: told, never lost in silence, and a way out that works."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
import redis
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess
from models.topics import COMMENTS
from tests.brokers import make_broker
from tests.integration.cluster import Cluster
from tests.integration.commands import run, send
from tests.integration.scrape import scrape
from tests.integration.test_other_logs import PARTITIONS, SECONDS, admin, comments, sends, started, wait_for

pytestmark = [
    pytest.mark.broker,
    pytest.mark.brokers("kafka", reason="the embedded broker adds no partitions and tells no settings of topics"),
]
CHANGELOG = "campaign-pulse-state-changelog"
WIDER = 4
EVENTS = "campaign_pulse_events_total"


@pytest.fixture(scope="module")
def shared() -> Iterator[Cluster]:
    """A broker that makes every topic that is asked for, as many do by default: with one partition."""
    broker = make_broker(config={"auto.create.topics.enable": "true", "num.partitions": "1"})
    with Cluster(partitions=PARTITIONS, broker=broker) as running:
        yield running


@pytest.fixture
def cluster(shared: Cluster) -> Iterator[Cluster]:
    """The same without topics, and without workers afterwards."""
    yield shared
    for worker in shared.workers:
        worker.stop()
    shared.workers.clear()
    with admin(shared) as client:
        ours = [name for name in client.list_topics() if name.startswith("campaign")]
        client.delete_topics(ours)
        assert wait_until(lambda: not set(ours) & set(client.list_topics()), timeout_seconds=SECONDS)
    with closing(redis.Redis.from_url(shared.redis.url)) as client:
        client.flushdb()


def delete(cluster: Cluster, topic: str) -> None:
    """Delete a topic, as an operator does, and wait until it is gone."""
    with admin(cluster) as client:
        client.delete_topics([topic])
        assert wait_until(lambda: topic not in client.list_topics(), timeout_seconds=SECONDS)


def errors(worker: ChildProcess) -> int:
    """How many errors are in a worker's log."""
    return worker.log_tail(100_000).count(" ERROR ")


def test_partitions_that_are_added_are_told_and_there_is_a_way_back(cluster: Cluster) -> None:
    """Not ready with the reason while running, refused at the start; made anew and sent again, numbers are exact."""
    worker = started(cluster)
    sends(cluster, comments("ana", 0, 50))
    wait_for(cluster, ana=50)
    with admin(cluster) as client:
        client.create_partitions({COMMENTS: WIDER})
    later = [event for name in ("ana", "bea", "cleo") for event in comments(name, 100, 40)]
    send(cluster.broker.bootstrap, COMMENTS, WIDER, later)
    assert wait_until(lambda: not cluster.is_ready(worker), timeout_seconds=SECONDS)
    reason = f"{COMMENTS} has partitions {WIDER}, wanted {PARTITIONS}"
    assert reason.encode() in cluster.get(worker, "/readyz")[1]
    assert scrape(cluster, worker).value("campaign_pulse_topic_drift", topic=COMMENTS, what="partitions") == 1
    assert reason in worker.log_tail(100)
    worker.stop()
    refused = run("worker", environment=cluster.environment(METRICS_PORT="0"))
    assert refused.returncode == 2
    assert f"{COMMENTS}: {WIDER}" in refused.stderr
    assert "docs/runbooks.md#partitions-added" in refused.stderr
    checked = run("topics", "--check", environment=cluster.environment())
    assert checked.returncode == 1
    assert reason in checked.stdout
    delete(cluster, COMMENTS)  # the way back of the runbook
    started(cluster)
    sends(cluster, comments("ana", 0, 50), later)
    wait_for(cluster, ana=90, bea=40, cleo=40)


def test_more_partitions_everywhere_are_refused_by_the_state(cluster: Cluster) -> None:
    """Influencers would go on from zero in other partitions: the worker ends and says so; the counts stay."""
    worker = started(cluster)
    sends(cluster, comments("ana", 0, 50))
    wait_for(cluster, ana=50)
    worker.stop()
    with admin(cluster) as client:
        together = [name for name in client.list_topics() if name.startswith("campaign")]
        counts = {each["name"]: len(each["partitions"]) for each in client.describe_topics(together)}
        client.create_partitions({name: WIDER for name, count in counts.items() if count == PARTITIONS})
    refused = cluster.add_worker()
    assert wait_until(lambda: not refused.running, timeout_seconds=SECONDS)
    assert refused.exit_code == 1
    assert f"the state was counted with {PARTITIONS} partitions" in refused.log_tail(5)


def test_a_deleted_input_is_not_made_by_asking_for_it(cluster: Cluster) -> None:
    """The worker ends with the reason and few lines, the topic stays gone; the next start makes it as it must be.

    Nor does it wait for the topic, with a rebalance or while it goes down: what it had read can be committed no more.
    """
    worker = cluster.add_worker(FLUSH_SECONDS="4", FLUSH_LEAST_SECONDS="4")
    cluster.wait_ready()
    sends(cluster, comments("ana", 0, 50))
    wait_for(cluster, ana=50)
    before = errors(worker)
    sends(cluster, comments("ana", 50, 10))  # the flush has just been: these are applied, and wait for the next one
    assert wait_until(lambda: scrape(cluster, worker).value(EVENTS) == 60, timeout_seconds=SECONDS)
    with admin(cluster) as client:
        client.delete_topics([COMMENTS])
        assert wait_until(lambda: not worker.running, timeout_seconds=SECONDS)
        assert COMMENTS not in client.list_topics()
    assert worker.exit_code == 1
    assert f"deleted while the worker ran: {COMMENTS}" in worker.log_tail(1)
    assert not re.search("not flushed and committed|Task timed out", worker.log_tail(1_000)), worker.log_tail(100)
    assert errors(worker) - before < 30
    started(cluster)
    with admin(cluster) as client:
        assert len(client.describe_topics([COMMENTS])[0]["partitions"]) == PARTITIONS
    sends(cluster, comments("ana", 60, 5))
    wait_for(cluster, ana=65)


def test_an_input_that_a_producer_had_made_is_refused_with_the_way_out(cluster: Cluster) -> None:
    """One partition and two are wanted: told before anything is made of it, and whether it holds records."""
    with closing(KafkaProducer(bootstrap_servers=cluster.broker.bootstrap)) as producer:
        producer.send(COMMENTS, b"{}").get(timeout=30)
    refused = run("worker", environment=cluster.environment(METRICS_PORT="0"))
    assert refused.returncode == 2
    assert f"topic {COMMENTS} has 1 partitions and PULSE_PARTITIONS=2" in refused.stderr
    assert "it holds records" in refused.stderr
    with admin(cluster) as client:
        assert CHANGELOG not in client.list_topics()
    delete(cluster, COMMENTS)
    assert run("topics", environment=cluster.environment()).returncode == 0


def test_settings_that_lose_state_are_refused_and_mended_by_a_command(cluster: Cluster) -> None:
    """A changelog that is deleted by age: named with both values; `topics --apply` sets what differs and no more."""
    environment = cluster.environment(METRICS_PORT="0")
    assert run("topics", environment=environment).returncode == 0
    assert run("topics", "--check", environment=environment).returncode == 0
    with closing(KafkaAdminClient(bootstrap_servers=cluster.broker.bootstrap)) as client:
        wrong = {"cleanup.policy": "delete", "retention.ms": "1000"}
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, CHANGELOG, wrong)])
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, COMMENTS, {"retention.ms": "3600000"})])
    refused = run("worker", environment=environment)
    assert refused.returncode == 2
    assert f"{CHANGELOG} has cleanup.policy delete, wanted compact" in refused.stderr
    assert "campaign-pulse topics --apply" in refused.stderr
    checked = run("topics", "--check", environment=environment)
    assert checked.returncode == 1
    assert f"{COMMENTS} has retention.ms 3600000, wanted 345600000" in checked.stdout
    applied = run("topics", "--apply", environment=environment)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert f"{CHANGELOG}: cleanup.policy delete -> compact" in applied.stdout
    assert run("topics", "--check", environment=environment).stdout == "the topics are as they must be\n"
