"""Faults of the logs under the workers: made anew, cut, restored, widened, mirrored; positions lost or moved."""

import shutil
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic, OffsetSpec
from kafka.errors import KafkaError

from agents.clock import wait_until
from bench.load import Event
from models.topics import COMMENTS, INPUT_TOPICS
from streams.events.partitioning import partition_of
from tests.brokers import Broker, make_broker
from tests.faults.events import strangers
from tests.faults.subjects import OurWorkers
from tests.faults.trial import Size, Trial
from tests.integration.cluster import Cluster
from tests.integration.scrape import records_of

ADMIN_SECONDS = 60.0
"""Within which a broker has carried out what it was asked for."""
SAID_SECONDS = 60.0
UNREAD = 500
"""Events that are cut from a log, or jumped over, before anybody has read them."""
ADDED = 4
"""Partitions that a topic gets."""
EXPIRED = 10
"""One of so many records is too old to be copied to another cluster."""


def make_anew_while_stopped(trial: Trial, size: Size) -> None:
    """A topic is deleted and made anew between two workers: its offsets begin at 0 again, its events are others."""
    trial.start(1)
    portions = trial.portions(size.faults + 1)
    for portion in portions[:-1]:
        _send_and_read(trial, portion)
        _end_workers(trial)
        make_anew(trial, COMMENTS)
        trial.strike(f"{COMMENTS} was made anew, nobody read it")
        trial.struck_times += 1
        trial.add_worker()
    trial.send(portions[-1])


def make_anew_while_running(trial: Trial, size: Size) -> None:
    """A topic is deleted and made anew under the workers; one that ends over it, with a reason, is started again."""
    trial.start(2)
    portions = trial.portions(size.faults + 1)
    for portion in portions[:-1]:
        _send_and_read(trial, portion)
        make_anew(trial, COMMENTS)
        trial.strike(f"{COMMENTS} was made anew under the workers")
        trial.struck_times += 1
        trial.wait_ready()  # those that end over it are going down for a while
    trial.send(portions[-1])


def cut(trial: Trial, size: Size) -> None:
    """DeleteRecords takes everything from the logs, a few events among it that nobody has read: they are told."""
    trial.start(1)
    portions = trial.portions(size.faults + 1)
    for portion in portions[:-1]:
        _send_and_read(trial, portion)
        _end_workers(trial)
        unread = strangers(portion[:UNREAD])
        trial.send(unread)
        trial.wait_sent()
        with closing(_admin(trial)) as admin:
            admin.delete_records(dict.fromkeys(_places(trial), -1))
        trial.subject.missing = len(unread)
        trial.strike(f"the logs were cut to their ends, {len(unread)} events unread")
        trial.struck_times += 1
        trial.add_worker()
    trial.send(portions[-1])


def restore_logs(trial: Trial, size: Size) -> None:
    """The broker comes back with older copies of the logs, which end before the positions; producers send again."""
    trial.start(1)
    portions = trial.portions(2 * size.faults + 1)
    for number in range(size.faults):
        before, lost = portions[2 * number], portions[2 * number + 1]
        _send_and_read(trial, before)
        with TemporaryDirectory(prefix="pulse-logs-") as directory:
            trial.cluster.broker.stop()
            _copy_logs(trial, Path(directory), restore=False)
            trial.cluster.broker.start()
            _send_and_read(trial, lost)
            _end_workers(trial)
            trial.cluster.broker.stop()
            _copy_logs(trial, Path(directory), restore=True)
            trial.cluster.broker.start()
        trial.move(trial.cluster.broker)  # an idempotent producer whose records are gone has to begin anew
        trial.strike(f"{len(lost):,} events are gone from the logs")
        trial.struck_times += 1
        trial.add_worker()
        trial.wait_ready()  # a log that has grown beyond the positions before a worker sees it is not recognised
        again = trial.not_refused(lost)
        trial.random.shuffle(again)
        trial.send(again)
        trial.wait_sent()
    trial.send(portions[-1])


def forget_group(trial: Trial, size: Size) -> None:
    """The consumer group is deleted with its offsets between two workers: everything is read again."""
    trial.start(1)
    portions = trial.portions(size.faults + 1)
    for portion in portions[:-1]:
        _send_and_read(trial, portion)
        _end_workers(trial)
        with closing(_admin(trial)) as admin:

            def is_deleted(admin: KafkaAdminClient = admin) -> bool:
                try:
                    admin.delete_groups([trial.subject.group])
                except KafkaError:  # a member that has just left may still be counted
                    return False
                return not admin.list_group_offsets({trial.subject.group: None}).get(trial.subject.group)

            assert wait_until(is_deleted, timeout_seconds=ADMIN_SECONDS), "the group is not deleted"
        trial.strike("the group and its offsets were deleted")
        trial.struck_times += 1
        trial.add_worker()
    trial.send(portions[-1])


def move_offsets(trial: Trial, size: Size) -> None:
    """The group's offsets are moved between two workers: back to the beginning, then ahead over events nobody read."""
    trial.start(1)
    portions = trial.portions(size.faults + 1)
    for number, portion in enumerate(portions[:-1]):
        ahead = number % 2 == 1
        _send_and_read(trial, portion)
        _end_workers(trial)
        jumped = strangers(portion[:UNREAD]) if ahead else []
        trial.send(jumped)
        trial.wait_sent()
        trial.subject.missing = len(jumped)
        where = OffsetSpec.LATEST if ahead else OffsetSpec.EARLIEST
        with closing(_admin(trial)) as admin:

            def are_moved(admin: KafkaAdminClient = admin, where: OffsetSpec = where) -> bool:
                answer = admin.reset_group_offsets(trial.subject.group, dict.fromkeys(_places(trial), where))
                return all(each["error"].errno == 0 for each in answer.values())

            assert wait_until(are_moved, timeout_seconds=ADMIN_SECONDS), "the offsets are not moved"
        trial.strike(
            f"offsets were moved ahead, over {len(jumped)} events" if ahead else "offsets were moved back to 0"
        )
        trial.struck_times += 1
        trial.add_worker()
    trial.send(portions[-1])


def add_partitions(trial: Trial, size: Size) -> None:
    """An input topic gets more partitions, and producers use them: the workers say so until the way out is gone.

    The way out is that of docs/runbooks.md: what lies in the added partitions is kept, the topic is made anew with the
    number that it had, and what was kept is sent again. The plain app has none, and goes on.
    """
    trial.start(2)
    portions = trial.portions(2 * size.faults + 1)
    before, wider = trial.subject.partitions, trial.subject.partitions + ADDED
    for number in range(size.faults):
        _send_and_read(trial, portions[2 * number])
        with closing(_admin(trial)) as admin:
            admin.create_partitions({COMMENTS: wider})
        trial.strike(f"{COMMENTS} has {wider} partitions")
        trial.struck_times += 1
        placed = [_placed(event, wider) if event.topic == COMMENTS else event for event in portions[2 * number + 1]]
        trial.send(placed)
        trial.wait_sent()
        if isinstance(trial.subject, OurWorkers):
            _say_and_mend(trial, trial.subject, range(before, wider))
    trial.send(portions[-1])


def _say_and_mend(trial: Trial, subject: OurWorkers, added: range) -> None:
    wanted = f"{COMMENTS} has partitions {added.stop}, wanted {added.start}"

    def is_said() -> bool:
        answers = [subject.cluster.get(worker, "/readyz") for worker in trial.workers]
        return all(status == 503 and wanted in body.decode() for status, body in answers)

    trial.until(is_said, f"every worker says that {wanted}", SAID_SECONDS)
    _read(trial)
    _end_workers(trial)
    kept = [record for place in added for record in _records(trial.cluster, COMMENTS, place)]
    make_anew(trial, COMMENTS)
    trial.strike(f"{COMMENTS} was made anew; {len(kept):,} events of the added partitions are sent again")
    trial.add_worker()
    trial.send([Event(COMMENTS, record.key or b"", record.value, record.timestamp) for record in kept])
    trial.wait_sent()
    trial.count(-len(kept))
    trial.notes.append(f"told while they ran: {wanted}")


def mirror(trial: Trial, size: Size) -> None:
    """Workers go on at another cluster, to which all topics were copied with other offsets, without the group's."""
    trial.start(1)
    portions = trial.portions(size.faults + 1)
    # A copy of a refused value has a position of its own, and so a dead letter of its own: they come at the end.
    late = [event for portion in portions[:-1] for event in portion if (event.topic, event.value) in trial.log.refused]
    for portion in portions[:-1]:
        good = trial.not_refused(portion)
        read, unread = good[: len(good) // 2], good[len(good) // 2 :]
        _send_and_read(trial, read)
        _end_workers(trial)
        trial.send(unread)
        trial.wait_sent()
        other = make_broker()
        other.start()
        old = trial.move(other)
        try:
            trial.cluster.command("topics")
            copied = _copy_topics(old, trial.cluster.broker)
        finally:
            old.close()
        trial.strike(f"{copied:,} records were copied to another cluster")
        trial.struck_times += 1
        trial.add_worker()
    trial.send([*late, *portions[-1]])


def _copy_topics(source: Broker, target: Broker) -> int:
    """Copy what is in all topics as mirrors do: partition, key, headers and time stay, what is oldest has expired."""
    copied = 0
    with (
        closing(KafkaAdminClient(bootstrap_servers=source.bootstrap)) as old,
        closing(KafkaAdminClient(bootstrap_servers=target.bootstrap)) as new,
        closing(KafkaProducer(bootstrap_servers=target.bootstrap, linger_ms=20)) as producer,
    ):
        for topic in old.describe_topics([name for name in old.list_topics() if not name.startswith("__")]):
            name, partitions = topic["name"], [each["partition_index"] for each in topic["partitions"]]
            if name not in new.list_topics():
                new.create_topics([NewTopic(name, len(partitions), target.replicas)])
            for partition in partitions:
                records = _records_at(source.bootstrap, name, partition)
                expired = len(records) // EXPIRED if name in INPUT_TOPICS else 0
                for record in records[expired:]:
                    producer.send(
                        name,
                        key=record.key,
                        value=record.value,
                        headers=list(record.headers),
                        partition=partition,
                        timestamp_ms=record.timestamp,
                    )
                copied += len(records) - expired
        producer.flush(ADMIN_SECONDS)
    return copied


def _placed(event: Event, partitions: int) -> Event:
    """An event where a producer that knows of so many partitions sends it."""
    return event._replace(partition=partition_of(event.key.decode(), partitions), misplaced=False)


def _records(cluster: Cluster, topic: str, partition: int) -> list[Any]:
    return _records_at(cluster.broker.bootstrap, topic, partition)


def _records_at(bootstrap: str, topic: str, partition: int) -> list[Any]:
    with closing(KafkaConsumer(bootstrap_servers=bootstrap.split(","), enable_auto_commit=False)) as consumer:
        return list(records_of(consumer, topic, partition))


def make_anew(trial: Trial, topic: str) -> None:
    """Delete a topic and make it again, empty, as it was."""
    with closing(_admin(trial)) as admin:
        admin.delete_topics([topic])
        gone = wait_until(lambda: topic not in admin.list_topics(), timeout_seconds=ADMIN_SECONDS)
        assert gone, f"{topic} is not deleted"
    trial.cluster.command("topics")


def _send_and_read(trial: Trial, portion: list[Event]) -> None:
    trial.send(portion)
    trial.wait_sent()
    _read(trial)


def _read(trial: Trial) -> None:
    """Wait until all is read; twice, for what is forwarded is appended before the commit of what it came from."""
    for _ in range(2):
        trial.until(trial.subject.is_idle, "everything is read and committed")


def _end_workers(trial: Trial) -> None:
    for worker in list(trial.workers):
        trial.remove(worker)


def _admin(trial: Trial) -> KafkaAdminClient:
    return KafkaAdminClient(bootstrap_servers=trial.cluster.broker.bootstrap.split(","))


def _places(trial: Trial) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for topic in INPUT_TOPICS for number in range(trial.subject.partitions)]


def _copy_logs(trial: Trial, kept: Path, *, restore: bool) -> None:
    """Keep a copy of the input topics' logs of a broker that stands still, or put the copy in their place."""
    for node in trial.cluster.broker.nodes:
        for place in _places(trial):
            name = f"{place.topic}-{place.partition}"
            log, copy = node.directory / "data" / name, kept / node.name / name
            if restore:
                shutil.rmtree(log)
                shutil.copytree(copy, log)
            else:
                shutil.copytree(log, copy)
