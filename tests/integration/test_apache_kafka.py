"""Apache Kafka as the tests have it: data survive restarts and kills, and one node of three may go."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from agents.clock import wait_until
from tests.brokers import COMPACTING, Broker, make_broker

TOPIC = "harness"

pytestmark = [
    pytest.mark.broker,
    pytest.mark.replication,
    pytest.mark.brokers("kafka", "kafka3", reason="about Apache Kafka itself: data that survive, nodes, compaction"),
]


@pytest.fixture(scope="module")
def compacting() -> Iterator[Broker]:
    """A broker that compacts quickly, with a compacted topic."""
    with make_broker(config=COMPACTING) as running:
        with closing(KafkaAdminClient(bootstrap_servers=running.bootstrap)) as admin:
            admin.create_topics([NewTopic(TOPIC, 1, running.replicas, topic_configs={"cleanup.policy": "compact"})])
        yield running


def send(broker: Broker, key: bytes, value: bytes) -> None:
    """Send one record and wait until it is confirmed by all."""
    with closing(KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")) as producer:
        producer.send(TOPIC, key=key, value=value).get(timeout=30)


def values(broker: Broker, key: bytes) -> list[bytes]:
    """All values of a key that are still in the topic."""
    place = TopicPartition(TOPIC, 0)
    found = []
    with closing(KafkaConsumer(bootstrap_servers=broker.bootstrap, enable_auto_commit=False)) as consumer:
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end = consumer.end_offsets([place])[place]
        while consumer.position(place) < end:
            for records in consumer.poll(timeout_ms=500).values():
                found += [record.value for record in records if record.key == key]
    return found


def test_records_survive_a_restart_and_a_kill_on_the_same_address(compacting: Broker) -> None:
    """What was confirmed is there after an orderly end and after SIGKILL, where clients knew it."""
    address = compacting.bootstrap
    send(compacting, b"restart", b"1")
    compacting.restart()
    assert values(compacting, b"restart") == [b"1"]
    send(compacting, b"kill", b"2")
    compacting.kill()
    assert not compacting.running
    compacting.start()
    assert compacting.bootstrap == address
    assert values(compacting, b"kill") == [b"2"]


def test_a_pause_is_survived(compacting: Broker) -> None:
    """A frozen broker goes on where it was."""
    send(compacting, b"pause", b"1")
    compacting.pause()
    compacting.resume()
    assert values(compacting, b"pause") == [b"1"]


def test_compaction_keeps_only_the_newest(compacting: Broker) -> None:
    """Old values of a key go within seconds: tests can have a changelog compacted."""
    for number in range(5):
        send(compacting, b"compacted", b"%d" % number)

    def only_newest() -> bool:
        send(compacting, b"roll", b"")  # the newest segment is never compacted
        return values(compacting, b"compacted") == [b"4"]

    assert wait_until(only_newest, timeout_seconds=60)


@pytest.mark.brokers("kafka3", reason="needs more than one node")
def test_one_node_of_three_may_go_and_come_back() -> None:
    """Writes that two nodes confirm go on without the third, which has them when it returns."""
    with make_broker() as broker:
        with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
            admin.create_topics([NewTopic(TOPIC, 1, broker.replicas)])
        send(broker, b"a", b"all three")
        broker.nodes[1].kill()
        send(broker, b"a", b"first and third")
        broker.nodes[1].start()
        assert broker.wait_in_sync()
        broker.nodes[0].kill()
        send(broker, b"a", b"second and third")
        assert values(broker, b"a") == [b"all three", b"first and third", b"second and third"]
