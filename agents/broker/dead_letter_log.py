"""The topic of dead letters, read from its beginning to its end at a moment: letters, and the marks of redrives."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from agents.broker.log_ends import log_ends
from agents.broker.topic_admin import absent
from agents.connection.kafka import KafkaConnection
from models.deadletters import DeadLetter, Reason
from models.redrives import RedriveMark, decode_mark, is_mark
from models.topics import DEAD_LETTERS, INPUT_TOPICS

PATIENCE_SECONDS: Final = 30.0
MARKS: Final = TopicPartition(DEAD_LETTERS, 0)
"""Where marks are written: one log, so that of two redrives one is the first."""
_FETCH_BYTES: Final = 16_000_000
"""A dead letter is up to a maximal message, its key and headers."""


class DeadLetterLogError(RuntimeError):
    """The topic of dead letters cannot be read; the message is for the operator."""


class PlacedLetter(Struct, frozen=True):
    """A dead letter, and where it stands itself: ``at_ms`` is when it was written, epoch milliseconds."""

    partition: int
    offset: int
    at_ms: int
    letter: DeadLetter


class LetterPlace(Struct, frozen=True, gc=False):
    """What is kept of a dead letter that was read: hundreds of bytes, whatever its size."""

    partition: int
    offset: int
    at_ms: int
    identity: bytes
    reason: Reason
    topic: str
    hindrance: str
    """Why it cannot be sent again; empty when it can."""


class Begun(Struct, frozen=True):
    """A redrive that was begun and of which no end is known."""

    run: str
    at_ms: int
    ends: dict[str, int]


class Redrives:
    """What the marks say, in the order in which they stand."""

    def __init__(self) -> None:
        self.done: set[bytes] = set()
        """Identities of dead letters that were sent again."""
        self.begun: dict[bytes, Begun] = {}
        """Those of which it is not known."""

    def take(self, mark: RedriveMark, at_ms: int) -> None:
        """Take one mark into account."""
        for each in mark.identities:
            identity = bytes.fromhex(each)
            if mark.stage == "begun":
                if identity not in self.done:
                    self.begun.setdefault(identity, Begun(mark.run, at_ms, mark.ends))
            elif mark.stage == "done":
                self.done.add(identity)
                self.begun.pop(identity, None)
            elif identity in self.begun and self.begun[identity].run == mark.run:
                del self.begun[identity]

    def state(self, identity: bytes) -> str:
        """Return ``open``, ``begun`` or ``redriven``."""
        return "redriven" if identity in self.done else "begun" if identity in self.begun else "open"


class Survey:
    """What was found in the topic so far. Plain data: another consumer can read on from it."""

    def __init__(self) -> None:
        self.places: list[LetterPlace] = []
        """Letters that were wanted, in the order of the log, each once however often it was written."""
        self.redrives = Redrives()
        self.strangers = 0
        """Records that are neither letters of ours nor marks."""
        self.positions: dict[int, int] = {}
        """The next offset to read, by partition."""
        self._seen: set[bytes] = set()

    def add(self, record: Any, wanted: Callable[[PlacedLetter], bool]) -> None:
        """Take one record in."""
        try:
            if is_mark(record.headers):
                self.redrives.take(decode_mark(record.value), record.timestamp)
                return
            letter = DeadLetter.from_record(record.key, record.value, record.headers)
        except (ValueError, msgspec.DecodeError):
            self.strangers += 1
            return
        placed = PlacedLetter(record.partition, record.offset, record.timestamp, letter)
        if not wanted(placed) or (identity := letter.identity) in self._seen:
            return
        self._seen.add(identity)
        self.places.append(
            LetterPlace(
                placed.partition,
                placed.offset,
                placed.at_ms,
                identity,
                letter.reason,
                letter.topic,
                hindrance_of(letter),
            )
        )


def hindrance_of(letter: DeadLetter) -> str:
    """Return why a dead letter cannot be sent again; empty when it can."""
    if letter.cut_from_bytes is not None:
        return f"cut from {letter.cut_from_bytes:,} bytes"
    if letter.reason == "undecodable_batch":
        return "a whole batch, which cannot be decoded"
    if letter.topic not in INPUT_TOPICS:
        return "not from an input topic"
    return ""


class _Campaign(Struct):
    campaign_id: Any = None


_decode_campaign: Final = msgspec.json.Decoder(_Campaign).decode


def campaign_of(value: bytes | None) -> str | None:
    """Return the campaign of a refused event; None when it cannot be read or names none."""
    try:
        found = _decode_campaign(value or b"").campaign_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


@asynccontextmanager
async def open_consumer(connection: KafkaConnection) -> AsyncIterator[AIOKafkaConsumer]:
    """Connect a consumer without a group, which reads what it is told to."""
    consumer = AIOKafkaConsumer(
        **connection.aiokafka_arguments(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=100,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    """Return the partitions of a topic; none when it does not exist. Nothing is created by looking."""
    if topic not in await consumer.topics():
        return []
    # Apache Kafka tells the partitions of topics that were asked for, and this asks.
    await consumer.beginning_offsets([TopicPartition(topic, 0)])
    return [TopicPartition(topic, each) for each in sorted(consumer.partitions_for_topic(topic) or set())]


async def records_between(consumer: AIOKafkaConsumer, tp: TopicPartition, start: int, end: int) -> AsyncIterator[Any]:
    """Yield the records of a partition from ``start``, or its beginning if that is later, to before ``end``.

    Raises:
        DeadLetterLogError: nothing came for half a minute, though the log goes on.
    """
    if start >= end:
        return
    consumer.assign([tp])
    consumer.seek(tp, start)
    quiet_since = time.monotonic()
    while await consumer.position(tp) < end:
        records = (await consumer.getmany(tp, timeout_ms=500)).get(tp, [])
        if records:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since > PATIENCE_SECONDS:
            raise DeadLetterLogError(f"{tp.topic}/{tp.partition} stands still before its end, {end}")
        for record in records:
            if record.offset >= end:
                return
            yield record


async def read_on(
    consumer: AIOKafkaConsumer,
    connection: KafkaConnection,
    survey: Survey,
    wanted: Callable[[PlacedLetter], bool],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Read what has come since a survey was made, or everything into a new one.

    Args:
        consumer: see ``open_consumer``.
        connection: how Kafka is reached.
        survey: what was found so far.
        wanted: which letters to note.
        on_progress: called now and then with the records read and how many there are.

    Raises:
        DeadLetterLogError: the topic does not exist or cannot be read.
        KafkaError: a broker refused or is away.
        TimeoutError: a broker does not answer.
    """
    tps = await partitions_of(consumer, DEAD_LETTERS)
    if not tps:
        raise DeadLetterLogError(absent(DEAD_LETTERS))
    ends = await log_ends(connection, tps, PATIENCE_SECONDS)
    beginnings = await consumer.beginning_offsets(tps)
    starts = {tp: max(beginnings[tp], survey.positions.get(tp.partition, 0)) for tp in tps}
    total = sum(max(0, ends[tp] - starts[tp]) for tp in tps)
    done = 0
    for tp in tps:
        async for record in records_between(consumer, tp, starts[tp], ends[tp]):
            survey.add(record, wanted)
            done += 1
            if done % 500 == 0:
                on_progress(done, total)
        survey.positions[tp.partition] = max(ends[tp], starts[tp])
    on_progress(total, total)


async def letters_at(consumer: AIOKafkaConsumer, places: Sequence[LetterPlace]) -> AsyncIterator[PlacedLetter]:
    """Yield the letters at some places, in the order of the log; what was deleted meanwhile is left out."""
    by_partition: dict[int, set[int]] = {}
    for place in places:
        by_partition.setdefault(place.partition, set()).add(place.offset)
    for partition, offsets in sorted(by_partition.items()):
        tp = TopicPartition(DEAD_LETTERS, partition)
        async for record in records_between(consumer, tp, min(offsets), max(offsets) + 1):
            if record.offset in offsets:
                letter = DeadLetter.from_record(record.key, record.value, record.headers)
                yield PlacedLetter(partition, record.offset, record.timestamp, letter)


def place_names(ends: Mapping[TopicPartition, int]) -> dict[str, int]:
    """Return positions as marks hold them: by ``topic/partition``."""
    return {f"{tp.topic}/{tp.partition}": end for tp, end in ends.items()}
