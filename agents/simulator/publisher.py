"""Sends simulated records to Kafka, at a rate, at their due times, or as fast as the producer goes."""

import threading
import time
from collections.abc import Callable, Iterable

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.partitioner.default import murmur2
from msgspec import Struct

from agents.connection.kafka import KafkaConnection
from agents.simulator.plan import SimulatedRecord

PROGRESS_RECORDS = 1000
_AHEAD_SECONDS = 0.005  # sleep only when this far ahead: shorter sleeps cost more than they pace


class PublishError(Exception):
    """The records could not be sent; the message says where and why."""


class PublishReport(Struct, frozen=True, kw_only=True):
    """What was sent. ``misplaced`` counts records that really went to a partition not their key's own.

    ``failed`` were handed to the producer and not acknowledged by the broker; ``error`` is the first reason.
    """

    sent: int
    failed: int
    misplaced: int
    by_topic: dict[str, int]
    seconds: float
    error: str | None = None


def publish(
    records: Iterable[SimulatedRecord],
    connection: KafkaConnection,
    rate: float | None = None,
    stop: threading.Event | None = None,
    *,
    real_time: bool = False,
    divert: Callable[[SimulatedRecord], SimulatedRecord | None] = lambda record: record,
    on_progress: Callable[[int], None] | None = None,
) -> PublishReport:
    """Send records and wait until the broker has acknowledged them all. Blocks; run it in a thread beside a loop.

    Args:
        records: In sending order. Each record taken is also sent, so a simulation's truth matches what was sent.
        connection: How Kafka is reached.
        rate: Records a second; None means as fast as possible.
        stop: Ends the sending before the next record.
        divert: Returns what is to be sent of a record; None where it reaches Kafka in another way.
        real_time: Hold each record back until the wall clock reaches its ``due_ms``.
        on_progress: Called with the number sent, every ``PROGRESS_RECORDS`` records.

    Raises:
        PublishError: the broker cannot be reached, or a topic does not exist.
        ValueError: ``rate`` is not positive.
    """
    if rate is not None and rate <= 0:
        raise ValueError(f"rate must be positive, not {rate}")
    stop = threading.Event() if stop is None else stop
    try:
        # Idempotent by kafka-python's default: a retry neither repeats nor reorders a record.
        producer = KafkaProducer(
            **connection.kafka_python_arguments(),
            linger_ms=20,
            batch_size=256 * 1024,
            max_block_ms=15_000,
        )
    except KafkaError as error:
        raise PublishError(f"no broker at {connection.address}: {error}") from error
    sender = _Sender(producer)
    started = time.monotonic()
    try:
        iterator = iter(records)
        while not stop.is_set():
            record = next(iterator, None)
            if record is None:
                break
            if real_time:
                _wait(stop, record.due_ms / 1000 - time.time())
            if rate is not None:
                _wait(stop, started + sender.sent / rate - time.monotonic())
            if (direct := divert(record)) is not None:
                sender.send(direct)
            if on_progress is not None and sender.sent % PROGRESS_RECORDS == 0:
                on_progress(sender.sent)
        producer.flush()
    except KafkaError as error:
        raise PublishError(f"sending to {connection.address} failed after {sender.sent} records: {error}") from error
    finally:
        producer.close(timeout=5)
    return sender.report(time.monotonic() - started)


def _wait(stop: threading.Event, seconds: float) -> None:
    if seconds > _AHEAD_SECONDS:
        stop.wait(seconds)


class _Sender:
    """Chooses partitions and counts."""

    def __init__(self, producer: KafkaProducer) -> None:
        self._producer = producer
        self._partitions: dict[str, list[int]] = {}
        self._hashes: dict[bytes, int] = {}
        self._by_topic: dict[str, int] = {}
        self._errors: list[str] = []
        self._acknowledged = 0
        self.sent = 0
        self._misplaced = 0

    def send(self, record: SimulatedRecord) -> None:
        topic, key = record.topic, record.key
        partitions = self._partitions.get(topic)
        if partitions is None:
            found = self._producer.partitions_for(topic)
            if not found:
                raise PublishError(f"topic {topic} does not exist")
            partitions = self._partitions[topic] = sorted(found)
        if key is None:
            index = self.sent % len(partitions)
        else:
            # One hash for each influencer: murmur2 in Python costs more than the rest of this function.
            hashed = self._hashes.get(key)
            if hashed is None:
                hashed = self._hashes[key] = murmur2(key) & 0x7FFFFFFF
            index = hashed % len(partitions)
        if record.misplaced and len(partitions) > 1:
            index = (index + 1 + self.sent % (len(partitions) - 1)) % len(partitions)
            self._misplaced += 1
        future = self._producer.send(topic, value=record.value, key=key, partition=partitions[index])
        future.add_callback(self._confirm)
        future.add_errback(self._note)
        self.sent += 1
        self._by_topic[topic] = self._by_topic.get(topic, 0) + 1

    def _confirm(self, _: object) -> None:
        self._acknowledged += 1  # called by the producer's one sending thread only

    def _note(self, error: BaseException) -> None:
        if not self._errors:
            self._errors.append(f"{type(error).__name__}: {error}")

    def report(self, seconds: float) -> PublishReport:
        return PublishReport(
            sent=self.sent,
            failed=self.sent - self._acknowledged,
            misplaced=self._misplaced,
            by_topic=dict(sorted(self._by_topic.items())),
            seconds=seconds,
            error=self._errors[0] if self._errors else None,
        )
