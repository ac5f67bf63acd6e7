"""What producers do that is not their fault: transactions that are taken back or stand open, and every codec."""

from collections.abc import Sequence
from contextlib import closing
from typing import Final

from kafka import KafkaProducer

from bench.load import CODECS, Event
from streams.events.partitioning import partition_of
from tests.faults.events import strangers
from tests.faults.trial import Size, Trial

TAKEN_BACK: Final = 1_000
"""Events of a transaction that does not come to be."""
FLOW_SECONDS: Final = 2.0
CONFIRM_SECONDS: Final = 60.0


def take_back(trial: Trial, size: Size) -> None:
    """Transactions come to be, are taken back, are empty, and stand open; a worker is killed while one does."""
    trial.start(2)
    portions = trial.portions(2 * size.faults + 1)
    for number in range(size.faults):
        plain, bound = portions[2 * number], portions[2 * number + 1]
        trial.send(plain, FLOW_SECONDS)
        with closing(_producer(trial, "bound")) as producer:
            _transact(trial, producer, strangers(bound[:TAKEN_BACK], f"back-{number}"), keep=False)
            _transact(trial, producer, bound, keep=True)
            _transact(trial, producer, [], keep=True)
            with closing(_producer(trial, "open")) as hanging:
                hanging.begin_transaction()
                _send(trial, hanging, strangers(bound[:TAKEN_BACK], f"open-{number}"))
                trial.wait_sent()
                trial.kill(trial.any_worker())
                trial.add_worker()
                trial.pause_while(size.seconds, "a transaction stands open")
                hanging.abort_transaction()
        trial.strike(f"{2 * TAKEN_BACK:,} events were taken back")
        trial.struck_times += 1
    trial.send(portions[-1])
    trial.wait_sent()
    with closing(_producer(trial, "bound")) as producer:  # a marker is the last that lies in every log
        _transact(trial, producer, strangers(portions[-1][:TAKEN_BACK], "last"), keep=False)


def pack(trial: Trial, size: Size) -> None:
    """Events come in every codec that Kafka knows, and a worker is killed between them."""
    trial.start(2)
    portions = trial.portions(len(CODECS) * size.faults)
    for number, portion in enumerate(portions):
        trial.send(portion, codec=CODECS[number % len(CODECS)])
        if number % len(CODECS) == 2:
            trial.wait_sent()
            trial.kill(trial.any_worker())
            trial.struck_times += 1
            trial.add_worker()


def _producer(trial: Trial, name: str) -> KafkaProducer:
    producer = KafkaProducer(
        bootstrap_servers=trial.cluster.broker.bootstrap.split(","), transactional_id=f"faults-{name}", linger_ms=20
    )
    producer.init_transactions()
    return producer


def _transact(trial: Trial, producer: KafkaProducer, events: Sequence[Event], *, keep: bool) -> None:
    producer.begin_transaction()
    _send(trial, producer, events)
    if keep:
        producer.commit_transaction()
        trial.count(len(events))
    else:
        producer.abort_transaction()


def _send(trial: Trial, producer: KafkaProducer, events: Sequence[Event]) -> None:
    partitions = trial.subject.partitions
    for event in events:
        partition = (partition_of(event.key.decode(), partitions) + event.misplaced) % partitions
        producer.send(event.topic, key=event.key, value=event.value, partition=partition)
    producer.flush(CONFIRM_SECONDS)
