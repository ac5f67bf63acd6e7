"""Which broker the tests run against: chosen once, by the option ``--broker``."""

from collections.abc import Mapping
from enum import StrEnum

from tests.brokers.apache_kafka import ApacheKafka
from tests.brokers.artefacts import java_version, kafka_version
from tests.brokers.embedded import EmbeddedTestBroker
from tests.brokers.kinds import Broker


class BrokerKind(StrEnum):
    """The choices of ``--broker``."""

    EMBEDDED = "embedded"
    KAFKA = "kafka"
    KAFKA3 = "kafka3"


_chosen = BrokerKind.EMBEDDED


def select(kind: str) -> None:
    """Choose the broker of this process."""
    global _chosen
    _chosen = BrokerKind(kind)


def chosen() -> BrokerKind:
    """The broker that was chosen."""
    return _chosen


def describe() -> str:
    """The chosen broker with its version, for people."""
    if _chosen is BrokerKind.EMBEDDED:
        return "embedded (Tansu, in memory)"
    nodes = "3 nodes" if _chosen is BrokerKind.KAFKA3 else "1 node"
    return f"Apache Kafka {kafka_version()}, {nodes} (KRaft), Java {java_version()}"


def make_broker(config: Mapping[str, str] | None = None) -> Broker:
    """A broker of the chosen kind, not started.

    Args:
        config: Broker properties besides ours.

    Raises:
        ValueError: The embedded broker was given properties.
    """
    if _chosen is BrokerKind.EMBEDDED:
        if config:
            raise ValueError(f"the embedded broker has no properties: {dict(config)}")
        return EmbeddedTestBroker()
    return ApacheKafka(nodes=3 if _chosen is BrokerKind.KAFKA3 else 1, config=config)
