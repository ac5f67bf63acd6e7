"""A simulated campaign fed to workers minute by minute of event time, and the alerts that come out."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from kafka import KafkaConsumer, TopicPartition

from agents.clock import wait_until
from agents.simulator.simulation import SimulatedRecord
from models.alerts import AlertTransition
from models.topics import ALERTS, INPUT_TOPICS
from tests.integration.cluster import Cluster

CHUNK_MS: Final = 10 * 60_000
GRACE_SECONDS: Final = 1_200
"""Two chunks: the topics of a chunk may be read in any order."""


def settings(start_ms: int) -> dict[str, str]:
    """Settings with which event time follows the log and not the clock, which stands at its beginning."""
    return {
        "clock": str(start_ms),
        "FUTURE_TOLERANCE_SECONDS": "86400",
        "ALERT_GRACE_SECONDS": str(GRACE_SECONDS),
        "ALERT_WAIT_SECONDS": "1",
        "SENTIMENT": "social",
    }


def chunks(records: Sequence[SimulatedRecord]) -> Iterator[list[SimulatedRecord]]:
    """Cut a log into stretches of ``CHUNK_MS``, by the time at which records are due."""
    chunk: list[SimulatedRecord] = []
    end_ms = records[0].due_ms + CHUNK_MS
    for record in records:
        if record.due_ms >= end_ms:
            yield chunk
            chunk, end_ms = [], end_ms + CHUNK_MS
        chunk.append(record)
    yield chunk


def wait_until_read(cluster: Cluster, timeout_seconds: float = 90.0) -> None:
    """Wait until the workers have committed the ends of the input topics."""
    consumer = KafkaConsumer(
        bootstrap_servers=cluster.broker.bootstrap, group_id="campaign-pulse", enable_auto_commit=False
    )
    try:
        partitions = [
            TopicPartition(topic, partition)
            for topic in INPUT_TOPICS
            for partition in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        consumer.assign(partitions)

        def read() -> bool:
            ends = consumer.end_offsets(partitions)
            return all((consumer.committed(each) or 0) >= ends[each] for each in partitions)

        assert wait_until(read, timeout_seconds=timeout_seconds), "the workers do not read to the end"
    finally:
        consumer.close()


def transitions(cluster: Cluster) -> list[AlertTransition]:
    """Everything on the alert topic, in the order of its partitions."""
    decode = msgspec.json.Decoder(AlertTransition).decode
    consumer = KafkaConsumer(bootstrap_servers=cluster.broker.bootstrap, enable_auto_commit=False)
    found = []
    try:
        partitions = [TopicPartition(ALERTS, each) for each in sorted(consumer.partitions_for_topic(ALERTS) or ())]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        quiet = 0
        while quiet < 3:
            polled = consumer.poll(timeout_ms=300)
            quiet = 0 if polled else quiet + 1
            found += [decode(record.value) for records in polled.values() for record in records]
    finally:
        consumer.close()
    return found
