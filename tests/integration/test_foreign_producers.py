"""Producers of others: whatever client sends, keyed or not, packed or in transactions, each influencer is exact."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka import Producer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from agents.clock import wait_until
from models.deadletters import DeadLetter
from models.topics import COMMENTS
from tests.faults.judge import metric, unread
from tests.faults.subjects import GROUP
from tests.foreign.clients import CLIENTS, Outgoing, Step
from tests.integration.cluster import SETTLE_SECONDS, Cluster
from tests.integration.scrape import dead_letters
from tests.unit.events import value_of

pytestmark = [pytest.mark.broker, pytest.mark.slow]
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
INFLUENCERS = 37
EACH = 4
"""Comments for each influencer in a step."""
PARTITIONS = 6


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A worker that is ready; every test has influencers of its own."""
    with Cluster(partitions=PARTITIONS) as running:
        running.add_worker()
        running.wait_ready()
        yield running


class Sending:
    """Steps of one client, and how many comments of each influencer they make."""

    def __init__(self, client: str) -> None:
        self._client = client
        self.steps: list[Step] = []
        self.expected: Counter[str] = Counter()

    def add(self, codec: str = "none", *, keyed: bool = True, idempotent: bool = True, transaction: str = "") -> None:
        """Add a step; what its transaction takes back is not expected."""
        now_ms = time.time_ns() // 1_000_000
        records = []
        for number in range(INFLUENCERS * EACH):
            influencer = f"{self._client}-{number % INFLUENCERS}"
            event_id = f"{self._client}-{len(self.steps)}-{number}"
            value = value_of("comment.created", event_id, now_ms, influencer_id=influencer, comment_id=event_id)
            headers = {"trace": event_id, "pulse.forwarded-from": "elsewhere"} if number % 2 else {}
            records.append(Outgoing(influencer if keyed else None, value.decode(), headers))
            if transaction != "abort":
                self.expected[influencer] += 1
        self.steps.append(
            Step(topic=COMMENTS, records=records, codec=codec, idempotent=idempotent, transaction=transaction)
        )


def comments_of(cluster: Cluster, client: str) -> Counter[str]:
    """What was counted for each influencer of a client."""
    return Counter(
        {
            each["influencer_id"]: each["windows"]["total"]["comments"]
            for each in cluster.snapshot()["influencers"]
            if each["influencer_id"].startswith(f"{client}-")
        }
    )


def check(cluster: Cluster, client: str, sending: Sending) -> None:
    """Send, and wait until every influencer has its number, nothing is unread, and nothing was refused."""
    (worker,) = cluster.workers
    CLIENTS[client](cluster.broker.bootstrap, sending.steps)

    def is_read() -> bool:
        return not unread(cluster.broker.bootstrap, GROUP, PARTITIONS)

    wait_until(
        lambda: comments_of(cluster, client) == sending.expected and is_read(),
        timeout_seconds=SETTLE_SECONDS,
        give_up=lambda: not worker.running,
    )
    assert comments_of(cluster, client) == sending.expected, worker.log_tail(40)
    assert unread(cluster.broker.bootstrap, GROUP, PARTITIONS) == {}
    text = cluster.get(worker, "/metrics")[1].decode()
    assert metric(text, "campaign_pulse_missing_offsets_total") == 0
    assert refused(cluster, client) == []


def refused(cluster: Cluster, client: str) -> list[DeadLetter]:
    """The dead letters of a client's influencers."""
    letters = dead_letters(cluster.broker.bootstrap).values()
    return [each for each in letters if client.encode() in (each.key or b"") + (each.value or b"")]


@pytest.mark.brokers("kafka", reason="clients that are idempotent and transactional need Apache Kafka")
@pytest.mark.parametrize("client", CLIENTS)
def test_every_influencer_is_exact(cluster: Cluster, client: str) -> None:
    """Partitioner, codecs, headers (one of ours among them), no key, idempotence, transactions kept and taken back."""
    sending = Sending(client)
    for number, codec in enumerate(CODECS):
        sending.add(codec, idempotent=number % 2 == 0)
    sending.add(keyed=False)
    for transaction in ("commit", "abort", "commit", "abort"):
        sending.add("lz4", transaction=transaction)
    check(cluster, client, sending)


@pytest.mark.brokers("kafka", reason="a topic with the broker's timestamps, and headers of every kind")
def test_what_a_mirror_copies_is_exact(cluster: Cluster) -> None:
    """Copies keep partitions that are not the keys' own and our header, twice or empty; a tombstone is refused once."""
    bootstrap = cluster.broker.bootstrap
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        times = {"message.timestamp.type": "LogAppendTime"}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, COMMENTS, configs=times)])
    sending = Sending("mirror")
    sending.add()
    producer = Producer({"bootstrap.servers": bootstrap})
    ours = "pulse.forwarded-from"
    headers = [[(ours, b"0")], [(ours, b"0"), (ours, b"1")], [(ours, None)], []]
    for number, record in enumerate(sending.steps[0].records):
        producer.produce(
            COMMENTS, record.value, record.key, partition=number % PARTITIONS, headers=headers[number % len(headers)]
        )
    producer.produce(COMMENTS, None, "mirror-0", headers=headers[1])
    assert producer.flush(60) == 0
    wait_until(
        lambda: comments_of(cluster, "mirror") == sending.expected and bool(refused(cluster, "mirror")),
        timeout_seconds=SETTLE_SECONDS,
    )
    assert comments_of(cluster, "mirror") == sending.expected
    (letter,) = refused(cluster, "mirror")
    assert (letter.key, letter.value) == (b"mirror-0", None)


@pytest.mark.brokers("embedded", reason="about the embedded broker, fed from outside")
def test_the_embedded_broker_can_be_fed_from_outside(cluster: Cluster) -> None:
    """`make demo` is a real broker: librdkafka feeds it, keyed and not, with every codec."""
    sending = Sending("librdkafka")
    for codec in CODECS:
        sending.add(codec, idempotent=False)
    sending.add(keyed=False, idempotent=False)
    check(cluster, "librdkafka", sending)
