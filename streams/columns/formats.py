"""Formats of what outlives a process: an older one is upgraded step by step, a newer one is refused.

Records are msgpack arrays. The first element is the number of the format; a record that begins with anything else is
of format 1 of a family that had no number then.

When a format changes: raise its number, keep the bytes of a record of the old one in ``tests/unit/golden``, and add
the step that makes the new one out of the old. An appended field needs that too: a worker of the older version would
read the record, leave the field out when it writes the record again, and nobody would notice.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

Fields = list[Any]
Upgrade = Callable[[Fields], Fields]
"""Turns the fields of one format into those of the next, number included."""
Content = TypeVar("Content", bound=msgspec.Struct)

_decode_any = msgspec.msgpack.Decoder(list).decode
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, IndexError)
NEWER: Final = "a newer version has written it; run that version on every worker"
"""What to do about a record of the future. There is no way back: the older version cannot know what it would lose."""


class UnsupportedRecord(ValueError):  # noqa: N818  # says what the record is
    """A stored record that this version cannot read."""


class Format(Generic[Content]):
    """One family of records, and how to read every format it ever had.

    Args:
        what: what a record is, for messages.
        content: the struct of the newest format, ``array_like``.
        upgrades: the step from format 1 to 2, from 2 to 3, and so on: one less than the newest format's number.
        numbered: whether the newest format begins with its number.
    """

    def __init__(
        self, what: str, content: type[Content], upgrades: Sequence[Upgrade] = (), *, numbered: bool = True
    ) -> None:
        self.what = what
        self.version = len(upgrades) + 1
        self._upgrades = tuple(upgrades)
        self._numbered = numbered
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(content).decode

    def encode(self, record: Content) -> bytes:
        """Return the bytes of a record of the newest format."""
        return self._encode(record)

    def decode(self, data: bytes) -> Content:
        """Read a record of any format up to the newest.

        Raises:
            UnsupportedRecord: it is of a newer format, damaged, or no record at all.
        """
        try:
            record = self._decode(data)
        except _UNREADABLE as error:
            return self._decode_older(data, error)
        if self._numbered and getattr(record, "version", None) != self.version:
            return self._decode_older(data, None)
        return record

    def _decode_older(self, data: bytes, problem: Exception | None) -> Content:
        try:
            fields = _decode_any(data)
            first = fields[0]
        except _UNREADABLE as error:
            raise UnsupportedRecord(f"not a {self.what}: {error}") from None
        version = first if type(first) is int else 1
        if version > self.version:
            readable = "format 1" if self.version == 1 else f"formats 1 to {self.version}"
            raise UnsupportedRecord(f"{self.what} of format {version}; this version reads {readable}: {NEWER}")
        if not 1 <= version < self.version:
            raise UnsupportedRecord(f"a {self.what} of format {version}, but damaged: {problem}")
        try:
            for upgrade in self._upgrades[version - 1 :]:
                fields = upgrade(fields)
            return self._decode(self._encode(fields))
        except (*_UNREADABLE, TypeError, ValueError) as error:
            raise UnsupportedRecord(f"a {self.what} of format {version}, but damaged: {error}") from None


def refuse_more_counters(what: str, width: int, known: int) -> None:
    """Refuse a record with counters that this version does not know.

    Raises:
        UnsupportedRecord: it has some; fewer than known are fine, those are 0.
    """
    if width > known:
        raise UnsupportedRecord(f"{what} with {width} counters; this version knows {known}: {NEWER}")
