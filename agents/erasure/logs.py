"""Topics as erasing needs them: read to their end, tombstones behind what must go, records cut off at the beginning."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import aiokafka.errors
from aiokafka import AIOKafkaProducer

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


def _asked(settings: Settings, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    try:
        check_reachable(settings.kafka_connection)
        return asyncio.run(work())
    except (UnreachableError, DeadLetterLogError) as error:
        raise ErasureError(str(error)) from None
    except (aiokafka.errors.KafkaError, TimeoutError, OSError) as error:
        raise ErasureError(f"PULSE_BROKER={settings.broker}: {type(error).__name__}: {error}") from None


def read_logs(
    settings: Settings,
    takers: Mapping[str, Callable[[Any], object]],
    on_progress: OnProgress = lambda topic, done, total: None,
) -> None:
    """Read topics to where they end now, one partition after the other; one that does not exist has no records.

    Args:
        settings: where Kafka is.
        takers: what is called with every record of each topic.
        on_progress: see ``OnProgress``.

    Raises:
        ErasureError: one of them cannot be read.
    """

    async def read() -> None:
        async with open_consumer(settings.kafka_connection) as consumer:
            tps = [tp for topic in takers for tp in await partitions_of(consumer, topic)]
            bounds = await log_bounds(settings.kafka_connection, tps, PATIENCE_SECONDS)
            total, done = sum(bounds[tp].end - bounds[tp].first for tp in tps), 0
            for tp in tps:
                take = takers[tp.topic]
                async for record in records_between(consumer, tp, bounds[tp].first, bounds[tp].end):
                    take(record)
                    done += 1
                    if done % _TELL_EVERY == 0:
                        on_progress(tp.topic, done, total)

    _asked(settings, read)


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

    read_logs(settings, {topic: take}, on_progress)
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
