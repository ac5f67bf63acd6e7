"""A position belongs to one log: topics made anew, logs that were cut, groups whose offsets are gone or were set."""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.structs import OffsetAndMetadata

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess
from models.topics import COMMENTS
from streams.events.partitioning import partition_key, partition_of
from tests.brokers.apache_kafka import ApacheKafka
from tests.integration.cluster import Cluster
from tests.integration.commands import send
from tests.integration.scrape import Scrape, scrape

pytestmark = pytest.mark.broker

PARTITIONS = 2
NOW_MS = time.time_ns() // 1_000_000
SECONDS = 60.0
GROUP = "campaign-pulse"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A broker and no worker yet."""
    with Cluster(partitions=PARTITIONS) as running:
        yield running


def comments(influencer: str, first: int, count: int) -> list[dict[str, Any]]:
    """Comments with ids of their own, just now; made again they are the same, as in a redelivery."""
    return [
        {
            "type": "comment.created",
            "event_id": f"{influencer}-{number}",
            "campaign_id": "spring",
            "influencer_id": influencer,
            "platform": "tiktok",
            "occurred_at": NOW_MS + number,
            "comment_id": f"{influencer}-{number}",
            "post_id": "p",
            "author_id": f"a{number}",
            "text": "nice",
        }
        for number in range(first, first + count)
    ]


def counts(cluster: Cluster) -> dict[str, int]:
    """Comments of each influencer, as Redis has them."""
    found = cluster.snapshot()["influencers"]
    return {each["influencer_id"]: each["windows"]["total"]["comments"] for each in found}


def wait_for(cluster: Cluster, **expected: int) -> None:
    """Wait until the numbers are these."""
    assert wait_until(lambda: counts(cluster) == expected, timeout_seconds=SECONDS), counts(cluster)


def sends(cluster: Cluster, *events: list[dict[str, Any]]) -> None:
    """Send comments."""
    for some in events:
        send(cluster.broker.bootstrap, COMMENTS, PARTITIONS, some)


def admin(cluster: Cluster) -> Any:
    """An admin client, for a ``with``."""
    return closing(KafkaAdminClient(bootstrap_servers=cluster.broker.bootstrap))


def make_anew(cluster: Cluster) -> None:
    """Delete the topic of comments and make it anew, as an operator does."""
    with admin(cluster) as client:
        client.delete_topics([COMMENTS])
        assert wait_until(lambda: COMMENTS not in client.list_topics(), timeout_seconds=SECONDS)
        client.create_topics([NewTopic(COMMENTS, PARTITIONS, cluster.broker.replicas)])


def started(cluster: Cluster) -> ChildProcess:
    """Start a worker and wait until it is ready."""
    worker = cluster.add_worker()
    cluster.wait_ready()
    return worker


def figures(cluster: Cluster, worker: ChildProcess, reason: str) -> tuple[float, Scrape]:
    """How many logs have changed, and the whole scrape."""
    now = scrape(cluster, worker)
    return now.value("campaign_pulse_input_logs_changed_total", reason=reason), now


def test_a_topic_made_anew_while_stopped_goes_on_by_id(cluster: Cluster) -> None:
    """100 of ana; the topic anew; those 100 again, 60 new ones of ana and 60 of bea: 160 and 60, and it is said."""
    first = started(cluster)
    sends(cluster, comments("ana", 0, 100))
    wait_for(cluster, ana=100)
    first.stop()
    make_anew(cluster)
    sends(cluster, comments("ana", 0, 160), comments("bea", 0, 60))
    second = started(cluster)
    wait_for(cluster, ana=160, bea=60)
    changed, now = figures(cluster, second, "recreated")
    assert changed == PARTITIONS
    assert now.value("campaign_pulse_duplicates_total") == 100
    assert f"{COMMENTS}/0: the topic was made anew" in second.log_tail(200)
    second.stop()
    third = started(cluster)
    sends(cluster, comments("ana", 160, 5))
    wait_for(cluster, ana=165, bea=60)
    assert figures(cluster, third, "recreated")[0] == 0, "it is another log only once"


def test_a_topic_made_anew_while_running_goes_on_by_id(cluster: Cluster) -> None:
    """The worker notices by itself, reads the new log from its beginning and says so; a restart changes nothing."""
    worker = started(cluster)
    sends(cluster, comments("ana", 0, 100))
    wait_for(cluster, ana=100)
    make_anew(cluster)
    sends(cluster, comments("ana", 100, 60), comments("bea", 0, 60))
    wait_for(cluster, ana=160, bea=60)
    assert worker.running
    assert figures(cluster, worker, "recreated")[0] == PARTITIONS
    worker.stop()
    assert worker.exit_code == 0
    started(cluster)
    sends(cluster, comments("bea", 60, 1))
    wait_for(cluster, ana=160, bea=61)


def home(influencer: str) -> TopicPartition:
    """The partition of an influencer's comments."""
    return TopicPartition(COMMENTS, partition_of(partition_key("spring", influencer), PARTITIONS))


def set_offset(cluster: Cluster, offset: int) -> None:
    """Set the group's offset of ana's partition, as kafka-consumer-groups does."""
    with admin(cluster) as client:
        client.alter_group_offsets(GROUP, {home("ana"): OffsetAndMetadata(offset, "", -1)})


@pytest.mark.brokers("kafka", reason="the embedded broker has no administration of groups")
def test_offsets_of_the_group_deleted_set_back_and_set_forward(cluster: Cluster) -> None:
    """A group that was deleted and offsets at the beginning change no number; what is jumped over is missing."""
    worker = started(cluster)
    sends(cluster, comments("ana", 0, 50))
    wait_for(cluster, ana=50)
    worker.stop()
    with admin(cluster) as client:
        client.delete_groups([GROUP])
    sends(cluster, comments("ana", 50, 10))
    worker = started(cluster)
    wait_for(cluster, ana=60)
    worker.stop()
    set_offset(cluster, 0)
    worker = started(cluster)
    skipped = lambda: scrape(cluster, worker).value("campaign_pulse_skipped_records_total", reason="read_again")  # noqa: E731
    assert wait_until(lambda: skipped() == 60, timeout_seconds=SECONDS), skipped()
    assert counts(cluster) == {"ana": 60}
    worker.stop()
    sends(cluster, comments("ana", 60, 20))
    set_offset(cluster, 75)
    worker = started(cluster)
    wait_for(cluster, ana=65)
    assert scrape(cluster, worker).value("campaign_pulse_missing_offsets_total") == 15
    assert "was set forward from 60 to 75" in worker.log_tail(100)


@pytest.mark.brokers("kafka", reason="the embedded broker keeps everything in memory")
@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_a_log_that_was_cut_goes_on_by_id(cluster: Cluster, running: bool) -> None:
    """A disk that comes back as it was some records earlier, as after an unclean election: new ones are not skipped."""
    broker = cluster.broker
    assert isinstance(broker, ApacheKafka)
    log = broker.data_directories[0] / f"{COMMENTS}-{home('ana').partition}"
    worker = started(cluster)
    sends(cluster, comments("ana", 0, 60))
    wait_for(cluster, ana=60)
    broker.stop()
    shutil.copytree(log, cluster.path / "earlier")
    broker.start()
    sends(cluster, comments("ana", 60, 40))
    wait_for(cluster, ana=100)
    if not running:
        worker.stop()
    broker.stop()
    shutil.rmtree(log)
    shutil.copytree(cluster.path / "earlier", log)
    broker.start()
    sends(cluster, comments("ana", 95, 15))  # five that were lost with the cut, and ten that nobody knows
    if not running:
        worker = started(cluster)
    wait_for(cluster, ana=110)
    assert worker.running
    assert figures(cluster, worker, "truncated")[0] == 1
    assert "the log was cut" in worker.log_tail(200)


@pytest.mark.brokers("kafka", reason="the embedded broker keeps everything in memory")
def test_a_log_that_was_cut_and_is_longer_again_goes_on_by_id(cluster: Cluster) -> None:
    """Cut from 100 to 60 while no worker runs, and 115 long when one starts: all of it counts, once."""
    broker = cluster.broker
    assert isinstance(broker, ApacheKafka)
    log = broker.data_directories[0] / f"{COMMENTS}-{home('ana').partition}"
    worker = started(cluster)
    sends(cluster, comments("ana", 0, 60))
    wait_for(cluster, ana=60)
    broker.stop()
    shutil.copytree(log, cluster.path / "earlier")
    broker.start()
    sends(cluster, comments("ana", 60, 40))
    wait_for(cluster, ana=100)
    worker.stop()
    broker.stop()
    shutil.rmtree(log)
    shutil.copytree(cluster.path / "earlier", log)
    broker.start()
    sends(cluster, comments("ana", 95, 55))  # five that were lost with the cut, and fifty that nobody knows
    worker = started(cluster)
    wait_for(cluster, ana=150)
    assert figures(cluster, worker, "truncated")[0] == 1
    assert "another record than the one that was read stands at 99" in worker.log_tail(200)
    worker.stop()
    worker = started(cluster)
    sends(cluster, comments("ana", 150, 1))
    wait_for(cluster, ana=151)
    assert figures(cluster, worker, "truncated")[0] == 0, "it is cut only once"


@pytest.mark.brokers("kafka", reason="the embedded broker cannot delete records")
def test_records_that_expired_unread_are_missing(cluster: Cluster) -> None:
    """50 while the worker is down, 30 of them gone before it starts: 20 more, and 30 missing."""
    worker = started(cluster)
    sends(cluster, comments("ana", 0, 100))
    wait_for(cluster, ana=100)
    worker.stop()
    sends(cluster, comments("ana", 100, 50))
    with admin(cluster) as client:
        client.delete_records({home("ana"): 130})
    worker = started(cluster)
    wait_for(cluster, ana=120)
    assert scrape(cluster, worker).value("campaign_pulse_missing_offsets_total") == 30
