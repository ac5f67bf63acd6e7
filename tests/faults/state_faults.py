"""Faults of what workers keep: a full disk, and a changelog of several versions."""

import json
from contextlib import closing
from typing import Any

import msgspec
from kafka import KafkaConsumer, KafkaProducer

from tests.faults.disks import a_disk
from tests.faults.server_faults import CHANGELOG
from tests.faults.trial import Size, Trial, reason_in
from tests.integration.scrape import records_of

REFUSAL_SECONDS = 60.0
FORMAT_OF_THE_FUTURE = 99


def fill_disk(trial: Trial, size: Size) -> None:
    """The disk of a worker's store is full; the worker must say so and end. Then there is space again."""
    with a_disk(trial.cluster.stores) as disk:
        trial.notes.append(f"the disk is {disk.how}")
        trial.cluster.worker_prefix = disk.prefix
        trial.start(1)
        portions = trial.portions(2 * size.faults + 1)
        for number in range(size.faults):
            worker = trial.ready_worker()
            trial.send(portions[2 * number])
            trial.wait_busy()
            trial.workers.remove(worker)
            disk.fill(worker)
            trial.send(portions[2 * number + 1])
            code = worker.wait(REFUSAL_SECONDS)
            assert code == 1, f"{worker.name} with a full disk: exit code {code}\n{worker.log_tail(40)}"
            assert "no space left on its disk" in worker.log_tail(200), worker.log_tail(40)
            disk.free()
            trial.strike(f"{worker.name} ended: {reason_in(worker)}")
            trial.struck_times += 1
            trial.add_worker(worker.name)
        trial.send(portions[-1])
        trial.wait_sent()
        trial.until(trial.subject.is_idle, "everything is read and committed")
    # The worker keeps the disk as long as it lives; those that come after it have another one.
    trial.cluster.worker_prefix = ()


def mix_versions(trial: Trial, size: Size) -> None:
    """Half of the state lies in the changelog as the first version wrote it, and one record as a later version will.

    The worker refuses to start over the newer record, and says which it is. Once that is gone, it goes on with the
    older ones as if they were its own.
    """
    bootstrap = trial.cluster.broker.bootstrap
    trial.start(1)
    portions = trial.portions(size.faults + 1)
    for portion in portions[:-1]:
        trial.send(portion)
        trial.wait_sent()
        trial.until(trial.subject.is_idle, "everything is read and committed")
        trial.remove(trial.ready_worker())
        rows = newest_rows(bootstrap, trial.subject.partitions)
        older = [_as_format_1(record) for record in rows if trial.random.random() < 0.5] or [_as_format_1(rows[0])]
        _write(bootstrap, older)
        victim = trial.random.choice(rows)
        _write(bootstrap, [_of_the_future(victim)])
        refusing = trial.subject.add_worker()
        code = refusing.wait(REFUSAL_SECONDS)
        said = refusing.log_tail(200)
        assert code == 1, f"a newer record: exit code {code}\n{said[-3000:]}"
        assert f"of format {FORMAT_OF_THE_FUTURE}" in said, said[-3000:]
        assert "newer version" in said, said[-3000:]
        _write(bootstrap, [_as_format_1(victim)])
        trial.strike(f"{len(older)} of {len(rows)} records are of format 1; one of the future was refused")
        trial.struck_times += 1
        trial.add_worker()
    trial.send(portions[-1])


def newest_rows(bootstrap: str, partitions: int) -> list[Any]:
    """The newest record of each influencer in the changelog."""
    newest: dict[bytes, Any] = {}
    for partition in range(partitions):
        with closing(KafkaConsumer(bootstrap_servers=bootstrap.split(","), enable_auto_commit=False)) as consumer:
            for record in records_of(consumer, CHANGELOG, partition):
                if record.value is not None and json.loads(record.key)[1] == "row":
                    newest[record.key] = record
    return list(newest.values())


def _as_format_1(record: Any) -> Any:
    """A record as the first version wrote it: without width, minutes and voices, of posts their metrics alone."""
    _, _, *fields, posts, _hours, _unpublished, _voices = msgspec.msgpack.decode(record.value)
    metrics = {post_id: post[0] for post_id, post in posts.items()}
    return record._replace(value=msgspec.msgpack.encode([1, *fields, metrics]))


def _of_the_future(record: Any) -> Any:
    _, *fields = msgspec.msgpack.decode(record.value)
    return record._replace(value=msgspec.msgpack.encode([FORMAT_OF_THE_FUTURE, *fields, "a field of the future"]))


def _write(bootstrap: str, records: list[Any]) -> None:
    """Append records with the headers they had: those of a writer whose records count."""
    with closing(KafkaProducer(bootstrap_servers=bootstrap.split(","))) as producer:
        for record in records:
            producer.send(
                CHANGELOG,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                partition=record.partition,
            ).get(timeout=30)
