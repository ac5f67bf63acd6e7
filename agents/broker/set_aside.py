"""Records in our own topics that were never ours: counted, told, and on their way to the dead letters.

Whoever may write to a topic that only workers write can put anything there: a record of another format, half a record,
noise. It is set aside with its place and its reason and the worker goes on; a record of a newer version of ours ends it
(``streams.columns.formats``), for nobody could say what it means.
"""

import logging
from collections import Counter
from typing import Any, Final, Protocol

from msgspec.structs import replace

from agents.broker.record_collector import RecordCollector
from models.deadletters import DeadLetter, Headers
from models.topics import DEAD_LETTERS
from streams.columns.formats import PoisonedRecord

log: Final = logging.getLogger("campaign_pulse")
WAITING_BYTES: Final = 32 * 1024 * 1024
"""Bytes of records that may wait for a flush; what comes beyond keeps its place and its reason, and not its value."""
LARGEST_LETTER_BYTES: Final = 8_000_000
"""Longer values are cut: with key and headers a dead letter must fit into a message of 8 MiB, and what came compressed
may be any size. A letter that the broker refuses would end every worker that reads it, again and again."""
_LARGEST_KEY_BYTES: Final = 64 * 1024
_OVERHEAD_BYTES: Final = 500
_HEADER_BYTES: Final = 10
_LARGEST_DETAIL: Final = 1_000
_TOLD_ONE_BY_ONE: Final = 10
_TOLD_EVERY: Final = 1_000
NO_OFFSET: Final = -1
"""Of what was found in the local copy of the state: where it stood in the changelog is not known any more."""


class Poisoned(Protocol):
    """What is needed of a record."""

    @property
    def offset(self) -> int:
        """Position in its topic-partition."""

    @property
    def key(self) -> bytes | None:
        """The key as sent."""

    @property
    def value(self) -> bytes | None:
        """The value as sent."""

    @property
    def headers(self) -> Any:
        """The headers as sent: pairs, a mapping, or None."""


class SetAside:
    """What was set aside since the last flush, and how much there was."""

    def __init__(self) -> None:
        self.total: Counter[tuple[str, str]] = Counter()
        """Records, by topic and reason."""
        self._read_to: dict[tuple[str, int], int] = {}
        """The last offset that was set aside, by topic and partition."""
        self._letters: list[DeadLetter] = []
        self._waiting_bytes = 0

    def take(self, topic: str, partition: int, record: Poisoned, error: PoisonedRecord) -> None:
        """Set a record aside, unless this process has done so when it read the topic before."""
        if record.offset <= self._read_to.get((topic, partition), NO_OFFSET):
            return
        self._read_to[topic, partition] = record.offset
        headers = record.headers.items() if isinstance(record.headers, dict) else record.headers or ()
        self._add(topic, partition, record.offset, record.key, record.value, error, tuple(headers))

    def take_stored(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, error: PoisonedRecord
    ) -> None:
        """Set a record aside that was found in the local copy of a topic."""
        self._add(topic, partition, NO_OFFSET, key, value, error, ())

    def _add(
        self,
        topic: str,
        partition: int,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        error: PoisonedRecord,
        headers: Headers,
    ) -> None:
        self.total[topic, error.fault] += 1
        told = sum(count for (name, _), count in self.total.items() if name == topic)
        if told <= _TOLD_ONE_BY_ONE or told % _TOLD_EVERY == 0:
            place = f"{topic}/{partition}" if offset == NO_OFFSET else f"{topic}/{partition}@{offset}"
            log.error("%s is set aside (%s): %s; number %d of this topic", place, error.fault, error, told)
        size = len(value or b"")
        letter = DeadLetter(
            reason=error.fault,
            detail=str(error)[:_LARGEST_KEY_BYTES],
            topic=topic,
            partition=partition,
            offset=offset,
            key=None if key is None else key[:_LARGEST_KEY_BYTES],
            value=value,
            original_headers=headers,
        )
        if self._waiting_bytes + size > WAITING_BYTES:
            letter, size = cut(letter, 0), 0
        self._letters.append(letter)
        self._waiting_bytes += size + len(letter.key or b"") + _OVERHEAD_BYTES

    def collect(self, collector: RecordCollector) -> bool:
        """Have the letters delivered with whatever is delivered next; return whether there are any."""
        letters, self._letters, self._waiting_bytes = self._letters, [], 0
        for letter in letters:
            collect_letter(collector, letter)
        return bool(letters)


def collect_letter(collector: RecordCollector, letter: DeadLetter) -> None:
    """Have a dead letter delivered with whatever is delivered next."""
    letter = fitting(letter, collector.largest_bytes(DEAD_LETTERS))
    collector.add(DEAD_LETTERS, 0, letter.key, letter.value, letter.headers())


def fitting(letter: DeadLetter, most_bytes: int) -> DeadLetter:
    """Return a letter that a topic takes whose messages have so many bytes at most.

    The topic of what was refused may take larger ones. What does not fit is the value; where key and headers leave
    it no room, they are cut, too.
    """
    most_bytes -= _OVERHEAD_BYTES
    most_of_key = max(0, min(_LARGEST_KEY_BYTES, most_bytes // 4))
    if len(letter.key or b"") > most_of_key and _size(letter) > most_bytes:
        # Under another key it is not what came: it counts as cut, and is not sent again.
        value = letter.value or b""
        letter = replace(
            letter,
            key=(letter.key or b"")[:most_of_key],
            value=value,
            cut_from_bytes=letter.cut_from_bytes or len(value),
        )
    if _size(replace(letter, value=None)) > most_bytes:
        letter = replace(letter, original_headers=(), detail=letter.detail[:_LARGEST_DETAIL])
    room = max(0, most_bytes - _size(replace(letter, value=None)))
    return cut(letter, min(LARGEST_LETTER_BYTES, room))


def _size(letter: DeadLetter) -> int:
    headers = sum(len(name.encode()) + len(value or b"") + _HEADER_BYTES for name, value in letter.headers())
    return headers + len(letter.key or b"") + len(letter.value or b"")


def cut(letter: DeadLetter, most_bytes: int) -> DeadLetter:
    """Return a letter with at most so many bytes of its value; it says how long that was."""
    if letter.value is None or len(letter.value) <= most_bytes:
        return letter
    return replace(letter, value=letter.value[:most_bytes], cut_from_bytes=letter.cut_from_bytes or len(letter.value))
