"""Segments: the records of the log of remembered ids, which ``streams.changelog.dedupe`` writes and restores from.

Ids are hashes under a secret key of the partition, so that nobody can make one that passes for another. Each segment
carries the key: whoever has the ids has it, and the changelog is read by workers only.
"""

from collections import Counter
from collections.abc import Iterable
from enum import Enum
from typing import Final

from msgspec import Struct

from streams.columns.formats import Fields, Format, check_moments, damaged
from streams.columns.keyed_hashes import KEY_BYTES


class Naming(Enum):
    """What the remembered hashes are made of."""

    PLAIN = 1
    """Of events alone, by XXH3: format 1 of the log."""
    OWNED = 2
    """Of events and their owners, by XXH3: format 2."""
    KEYED = 3
    """The same, under a secret key."""


class Span(Struct, frozen=True, array_like=True):
    """Ids of one flush: the next offset after it, the newest stream time, and how many ids."""

    next_offset: int
    newest_ms: int
    count: int


class Segment(Struct, array_like=True):
    """One record of the dedupe log.

    ``is_plain``: its ids are those of events alone, as format 1 had them, and not of events and their owners.
    ``values`` has a value of 8 bytes for each id where a horizon keeps any. ``key`` is the secret of its ids; none for
    those of formats 1 and 2.
    """

    version: int
    spans: list[Span]
    ids: bytes
    is_plain: bool = False
    values: bytes = b""
    key: bytes = b""

    @property
    def naming(self) -> Naming:
        """What its ids are made of."""
        if self.key:
            return Naming.KEYED
        return Naming.PLAIN if self.is_plain else Naming.OWNED

    @property
    def newest_ms(self) -> int:
        """The newest stream time of its ids."""
        return max((span.newest_ms for span in self.spans), default=0)

    @property
    def count(self) -> int:
        """How many ids it holds."""
        return len(self.ids) // 8


def key_of(segments: Iterable[Segment]) -> bytes | None:
    """Return the key under which the ids of a partition are hashed, None where there are none.

    A partition has one owner at a time, and a late record of another is behind the fence: so there is one key. Were
    there two, the one with more ids would hold, and what is hashed under the other could not be asked for anything.
    """
    ids: Counter[bytes] = Counter()
    for segment in segments:
        if segment.key:
            ids[segment.key] += segment.count + 1
    return max(ids, key=lambda key: (ids[key], key)) if ids else None


def _plain_ids(fields: Fields) -> Fields:
    """Upgrade format 1: ids were those of events alone."""
    return [2, *fields, True, b""]


def _without_key(fields: Fields) -> Fields:
    """Upgrade format 2: hashes were XXH3, without a key."""
    return [3, *fields[1:], b""]


_WHAT: Final = "dedupe segment"
_FORMAT: Final = Format(_WHAT, Segment, (int, list, bytes), [_plain_ids, _without_key])
encode_segment: Final = _FORMAT.encode


def decode_segment(data: bytes) -> Segment:
    """Read a segment of this format or an older one.

    Raises:
        NewerRecord: it was written by a newer version.
        PoisonedRecord: it is damaged, or no segment at all.
    """
    segment = _FORMAT.decode(data)
    if len(segment.ids) != 8 * sum(span.count for span in segment.spans):
        raise damaged(_WHAT, f"{len(segment.ids)} bytes of ids, and spans of others")
    if len(segment.key) not in (0, KEY_BYTES) or (segment.key and segment.is_plain):
        raise damaged(_WHAT, f"a key of {len(segment.key)} bytes")
    for span in segment.spans:
        if span.count < 0 or span.next_offset < 0:
            raise damaged(_WHAT, f"{span.count} ids up to offset {span.next_offset}")
        check_moments(_WHAT, span.newest_ms)
    return segment


def new_segment(key: bytes, *, is_plain: bool = False) -> Segment:
    """Return an empty segment for ids under a key."""
    return Segment(_FORMAT.version, [], b"", is_plain, key=key)
