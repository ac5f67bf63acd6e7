"""Topics as erasing needs them: read to their end, tombstones behind what must go, records cut off at the beginning."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import aiokafka.errors
from aiokafka import AIOKafkaProducer
from msgspec import Struct

from agents.broker.dead_letter_log import DeadLetterLogError, open_consumer, partitions_of, records_between
from agents.broker.log_ends import log_bounds
from agents.broker.topic_admin import LARGEST_MESSAGE_BYTES
from agents.connection.reach import UnreachableError, check_reachable
from agents.settings import Settings

PATIENCE_SECONDS: Final = 30.0
_TELL_EVERY: Final = 20_000
T = TypeVar("T")
OnProgress = Callable[[str, int, int], None]
"""Called now and then with the topic, the records read and how many there are, about."""


class ErasureError(RuntimeError):
    """Something could not be looked at or removed; one line, for users."""


class Key(NamedTuple):
    """Where a record of a compacted topic stands: the newest one with its key counts."""

    partition: int
    key: bytes


class LogRead(Struct, frozen=True):
    """How far the partitions of a topic were read: the next offset of each."""

    ends: dict[int, int]


def _asked(settings: Settings, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    try:
        check_reachable(settings.kafka_connection)
        return asyncio.run(work())
    except (UnreachableError, DeadLetterLogError) as error:
        raise ErasureError(str(error)) from None
    except (aiokafka.errors.KafkaError, TimeoutError, OSError) as error:
        raise ErasureError(f"PULSE_BROKER={settings.broker}: {type(error).__name__}: {error}") from None


def read_log(
    settings: Settings,
    topic: str,
    take: Callable[[Any], None],
    on_progress: OnProgress = lambda topic, done, total: None,
    since: Mapping[int, int] | None = None,
) -> LogRead:
    """Read a topic to where it ends now, one partition after the other; one that does not exist has no records.

    Args:
        settings: where Kafka is.
        topic: the topic.
        take: called with every record.
        on_progress: see ``OnProgress``.
        since: where to begin, by partition; at the beginning when absent.

    Raises:
        ErasureError: it cannot be read.
    """

    async def read() -> LogRead:
        async with open_consumer(settings.kafka_connection) as consumer:
            tps = await partitions_of(consumer, topic)
            bounds = await log_bounds(settings.kafka_connection, tps, PATIENCE_SECONDS)
            starts = {tp: max(bounds[tp].first, (since or {}).get(tp.partition, 0)) for tp in tps}
            total, done = sum(max(0, bounds[tp].end - starts[tp]) for tp in tps), 0
            for tp in tps:
                async for record in records_between(consumer, tp, starts[tp], bounds[tp].end):
                    take(record)
                    done += 1
                    if done % _TELL_EVERY == 0:
                        on_progress(topic, done, total)
            return LogRead({tp.partition: bounds[tp].end for tp in tps})

    return _asked(settings, read)


def keys_in_force(
    settings: Settings,
    topic: str,
    is_wanted: Callable[[Key], bool],
    on_progress: OnProgress = lambda topic, done, total: None,
) -> set[Key]:
    """Return the keys of a compacted topic that have a value, of those that are wanted.

    Raises:
        ErasureError: it cannot be read.
    """
    found: set[Key] = set()

    def take(record: Any) -> None:
        key = Key(record.partition, record.key or b"")
        if is_wanted(key):
            if record.value:
                found.add(key)
            else:
                found.discard(key)

    read_log(settings, topic, take, on_progress)
    return found


def write_records(settings: Settings, topic: str, records: Iterable[tuple[Key, bytes | None]]) -> int:
    """Write records of a compacted topic one after the other, values of None as tombstones; return how many.

    Raises:
        ErasureError: one of them was not confirmed.
    """
    wanted = list(records)

    async def write() -> None:
        producer = AIOKafkaProducer(
            **settings.kafka_connection.aiokafka_arguments(), acks="all", max_request_size=LARGEST_MESSAGE_BYTES
        )
        await producer.start()
        try:
            sent = [
                await producer.send(topic, key=place.key, value=value, partition=place.partition)
                for place, value in wanted
            ]
            for each in sent:
                await each
        finally:
            await producer.stop()

    if wanted:
        _asked(settings, write)
    return len(wanted)


def gone_within(is_gone: Callable[[], bool], seconds: float) -> bool:
    """Ask until something is gone, once a second; return whether it is."""
    until = time.monotonic() + seconds
    while not is_gone():
        if time.monotonic() >= until:
            return False
        time.sleep(1.0)
    return True
