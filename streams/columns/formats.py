"""Formats of what outlives a process: an older one is upgraded, a newer one is refused, a stranger's is told apart.

Records are msgpack arrays. The first element is the number of the format; a record that begins with anything else is
of format 1 of a family that had no number then.

When a format changes: raise its number, keep the bytes of a record of the old one in ``tests/unit/golden``, and add
the step that makes the new one out of the old. An appended field needs that too: a worker of the older version would
read the record, leave the field out when it writes the record again, and nobody would notice.

A record that claims to be of a newer format ends whoever reads it, so the claim must be worth something. A newer format
therefore keeps the first fields of its family (``head``), and has another number of fields than any before: where only
a meaning or a type changes, append one. What has a newer number and as many fields as this format is of this format,
with a damaged number.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec

from models.times import LATEST_MS

Fields = list[Any]
Upgrade = Callable[[Fields], Fields]
"""Turns the fields of one format into those of the next, number included."""
Content = TypeVar("Content", bound=msgspec.Struct)

_decode_any = msgspec.msgpack.Decoder(list).decode
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, IndexError)
_NOT_UPGRADED: Final = (*_UNREADABLE, TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What a step from one format to the next raises for fields that are not those of its format."""
NEWER: Final = "a newer version has written it; run that version on every worker"
"""What to do about a record of the future. There is no way back: the older version cannot know what it would lose."""
_MOST_AHEAD: Final = 1000
"""A number further ahead than that is not one of a format: there is one more format every few months."""
Fault = Literal["foreign_key", "foreign_value", "damaged_value", "no_epoch"]
"""What is wrong with a record that was never ours: its key, its value, or something in a value that has our form; or
it lacks the epoch that every record of the changelog carries."""
FAULTS: tuple[Fault, ...] = Fault.__args__  # type: ignore[attr-defined]  # typing.Literal's documented member


class UnsupportedRecord(ValueError):  # noqa: N818  # says what the record is
    """A stored record that this version cannot read."""


class NewerRecord(UnsupportedRecord):
    """A record that a newer version has written: whoever reads it must end, or would lose what it says."""


class PoisonedRecord(UnsupportedRecord):
    """A record that no version of ours has written, or that is damaged: to be set aside.

    Args:
        fault: what is wrong, for machines.
        problem: the same, for people.
    """

    def __init__(self, fault: Fault, problem: str) -> None:
        super().__init__(problem)
        self.fault: Fault = fault


class Format(Generic[Content]):
    """One family of records, and how to read every format it ever had.

    Args:
        what: what a record is, for messages.
        content: the struct of the newest format, ``array_like``.
        head: the types of the fields with which every format of the family begins, its number among them.
        upgrades: the step from format 1 to 2, from 2 to 3, and so on: one less than the newest format's number.
        numbered: whether the newest format begins with its number.
    """

    def __init__(
        self,
        what: str,
        content: type[Content],
        head: tuple[type, ...],
        upgrades: Sequence[Upgrade] = (),
        *,
        numbered: bool = True,
    ) -> None:
        self.what = what
        self._head = head
        self._fields = len(msgspec.structs.fields(content))
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
            NewerRecord: it is of a newer format.
            PoisonedRecord: it is damaged, or no record at all.
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
            raise PoisonedRecord("foreign_value", f"not a {self.what}: {error}") from None
        version = first if type(first) is int else 1
        if self._is_newer(fields, version):
            readable = "format 1" if self.version == 1 else f"formats 1 to {self.version}"
            raise NewerRecord(f"{self.what} of format {version}; this version reads {readable}: {NEWER}")
        if not 1 <= version < self.version:
            raise PoisonedRecord("foreign_value", f"a {self.what} of format {version}, but damaged: {problem}")
        try:
            for upgrade in self._upgrades[version - 1 :]:
                fields = upgrade(fields)
            return self._decode(self._encode(fields))
        except _NOT_UPGRADED as error:
            raise PoisonedRecord("foreign_value", f"a {self.what} of format {version}, but damaged: {error}") from None

    def _is_newer(self, fields: Fields, version: int) -> bool:
        """Return whether a record is one of a format that is still to come."""
        if not self.version < version <= self.version + _MOST_AHEAD:
            return False
        if tuple(map(type, fields[: len(self._head)])) != self._head:
            return False
        return not self._numbered or len(fields) != self._fields


def numbered_fields(data: bytes) -> Fields | None:
    """Return the fields of a record that begins with the number of a format, of whatever family; else None."""
    try:
        fields = _decode_any(data)
    except _UNREADABLE:
        return None
    return fields if fields and type(fields[0]) is int and 1 <= fields[0] <= _MOST_AHEAD else None


def damaged(what: str, problem: str) -> PoisonedRecord:
    """Return what is raised for a value that has the form of a record and cannot be one."""
    return PoisonedRecord("damaged_value", f"a damaged {what}: {problem}")


def check_moments(what: str, *moments_ms: int) -> None:
    """Check that the moments of a stored record can be: from 1970 to the end of the century.

    Raises:
        PoisonedRecord: one cannot.
    """
    for each in moments_ms:
        if not 0 <= each <= LATEST_MS:
            raise damaged(what, f"a moment of {each} ms")


def refuse_more_counters(what: str, width: int, known: int) -> None:
    """Refuse a record with counters that this version does not know.

    Raises:
        NewerRecord: it has some; fewer than known are fine, those are 0.
        PoisonedRecord: it has so many that no version will.
    """
    if width > known + _MOST_AHEAD or width < 0:
        raise damaged(what, f"{width} counters")
    if width > known:
        raise NewerRecord(f"{what} with {width} counters; this version knows {known}: {NEWER}")
