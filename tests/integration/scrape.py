"""What a worker's /metrics says, and what a topic holds."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from agents.broker.log_ends import log_ends
from agents.clock import wait_until
from agents.connection.kafka import KafkaConnection
from agents.embedded.processes import ChildProcess
from models.deadletters import DeadLetter
from models.redrives import is_mark
from models.topics import DEAD_LETTERS
from tests.integration.cluster import Cluster

Labels = frozenset[tuple[str, str]]
ANSWER_SECONDS = 30.0
LARGEST_FETCH = 64 * 1024 * 1024


class Scrape:
    """One scrape: every sample by name and labels.

    Args:
        text: What /metrics answered.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def samples(self) -> dict[tuple[str, Labels], float]:
        """Every sample; reading them takes a second when there are many."""
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
        }

    def plain(self, name: str) -> float:
        """The value of a sample without labels, found without reading all the others.

        Raises:
            KeyError: there is no such sample.
        """
        found = re.search(rf"^{name} (\S+)$", self.text, re.MULTILINE)
        if found is None:
            raise KeyError(name)
        return float(found[1])

    def value(self, name: str, **labels: str) -> float:
        """The value of a sample.

        Raises:
            KeyError: there is no such sample.
        """
        return self.samples[name, frozenset(labels.items())]

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels among theirs."""
        wanted = set(labels.items())
        return sum(value for (each, found), value in self.samples.items() if each == name and wanted <= found)

    def label_names(self) -> set[str]:
        """Every label name in use."""
        return {label for _, labels in self.samples for label, _ in labels}

    def values_of(self, label: str) -> set[str]:
        """Every value of a label."""
        return {value for _, labels in self.samples for each, value in labels if each == label}


def scrape(cluster: Cluster, worker: ChildProcess) -> Scrape:
    """Scrape a worker; it must answer."""
    status, body = cluster.get(worker, "/metrics")
    assert status == 200, worker.log_tail(20)
    return Scrape(body.decode())


def dead_letters(bootstrap: str) -> dict[tuple[str, int, int], DeadLetter]:
    """Every dead letter there is now, by the position of what was refused."""
    return _by_place(every_dead_letter(bootstrap))


def wait_for_dead_letters(bootstrap: str, count: int, timeout_seconds: float) -> dict[tuple[str, int, int], DeadLetter]:
    """Every dead letter, by the position of what was refused, once there are so many; what there is at the deadline."""
    with _dead_letter_consumer(bootstrap) as consumer:
        found: dict[tuple[str, int, int], DeadLetter] = {}

        def are_there() -> bool:
            found.update(_by_place(_letters_in(consumer)))
            return len(found) >= count

        wait_until(are_there, timeout_seconds=timeout_seconds, poll_seconds=0.2)
        return found


def every_dead_letter(bootstrap: str) -> list[DeadLetter]:
    """Every dead letter there is now, repetitions among them, as they lie in the topic."""
    with _dead_letter_consumer(bootstrap) as consumer:
        return _letters_in(consumer)


def _by_place(letters: list[DeadLetter]) -> dict[tuple[str, int, int], DeadLetter]:
    return {(letter.topic, letter.partition, letter.offset): letter for letter in letters}


def _dead_letter_consumer(bootstrap: str) -> "closing[KafkaConsumer]":
    return closing(
        KafkaConsumer(
            bootstrap_servers=bootstrap,
            enable_auto_commit=False,
            max_partition_fetch_bytes=LARGEST_FETCH,
            fetch_max_bytes=LARGEST_FETCH,
        )
    )


def _letters_in(consumer: KafkaConsumer) -> list[DeadLetter]:
    return [
        DeadLetter.from_record(record.key, record.value, list(record.headers))
        for record in records_of(consumer, DEAD_LETTERS, 0)
        if not is_mark(record.headers)
    ]


def records_of(consumer: KafkaConsumer, topic: str, partition: int) -> Iterator[Any]:
    """Every record of a partition from its beginning to its present end."""
    place = TopicPartition(topic, partition)
    servers = consumer.config["bootstrap_servers"]
    connection = KafkaConnection(address=servers if isinstance(servers, str) else ",".join(servers))
    ends = asyncio.run(log_ends(connection, [place], ANSWER_SECONDS))
    end = next(iter(ends.values()))
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    while consumer.position(place) < end:
        for records in consumer.poll(timeout_ms=1_000).values():
            yield from records
