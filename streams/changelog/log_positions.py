"""A position belongs to one log: which log it was counted in, and where counting goes on when it is another one.

Offsets are numbers within one log. A topic that was deleted and made anew, cut, restored from a backup or mirrored to
another cluster is another log, in which the same numbers stand for other events. Every topic-partition therefore has a
record in the changelog that names the log (``LogPosition``), by the id that the broker gave the topic. When the log is
another one it gets the next *number*, and positions are kept as *places*: the log's number and the offset in one
integer. What was counted in an earlier log lies below everything in the later one, so rows and remembered ids of it
need not be touched: rows skip nothing of the new log, and ids remember everything of the old.

A log that was cut keeps its id, and may be longer again than what was read of it before anybody looks (an unclean
election, a disk that came back as it was earlier). Beside its position therefore stands which record was read last: it
is asked for again, and another record in its place is another log. Offsets and the content of records are what every
broker has; the epochs of its leaders are not shown by every client, nor kept by every broker.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from msgspec import Struct

from streams.changelog.id_segments import Segment
from streams.changelog.row_records import RowRecord
from streams.columns.formats import Fields, Format, damaged

PLACES: Final = 1 << 44
"""Places of one log: a million records a second for half a year, and half a million logs, before they end."""
_MOST_LOGS: Final = 1 << 19
_DIGEST_BYTES: Final = 8
RECREATED: Final = "recreated"
TRUNCATED: Final = "truncated"
CHANGES: Final = (RECREATED, TRUNCATED)
"""What can have happened to a log: its topic has another id, or it does not hold what was read of it."""


class LastRecord(NamedTuple):
    """The last record that was read of a log: its offset, -1 where there is none, and a digest of key and value."""

    offset: int
    digest: bytes


NOTHING_READ: Final = LastRecord(-1, b"")


def last_record(offset: int, key: bytes | None, value: bytes | None) -> LastRecord:
    """Return how a record is recognised in its place: BLAKE2b of key and value, 8 bytes."""
    key_bytes, value_bytes = key or b"", value or b""
    head = b"%d,%d,%d,%d;" % (key is None, len(key_bytes), value is None, len(value_bytes))
    digest = hashlib.blake2b(head, digest_size=_DIGEST_BYTES)
    digest.update(key_bytes)
    digest.update(value_bytes)
    return LastRecord(offset, digest.digest())


class LogPosition(Struct, frozen=True, array_like=True):
    """Which log a topic-partition was counted in last, and how far.

    Written with every flush that covers anything new. ``begun`` is what that flush covers, and ``confirmed`` what the
    flush before it had covered: all records of that one have been delivered.
    """

    version: int
    number: int
    log_id: str
    """The id that the broker gave the topic; empty where it gives none."""
    begun: int
    confirmed: int
    partitions: int
    """How many partitions the topic had: keys were placed by that number."""
    last: LastRecord
    """The last record before ``begun`` that was read."""


def _with_last_record(fields: Fields) -> Fields:
    """Format 1 to 2: which record was read last is not known."""
    _, *others = fields
    return [2, *others, [*NOTHING_READ]]


_WHAT: Final = "log position"
_FORMAT: Final = Format(_WHAT, LogPosition, (int, int, str, int, int), (_with_last_record,))
encode_log_position: Final = _FORMAT.encode


def decode_log_position(data: bytes) -> LogPosition:
    """Read a position of this format or an older one.

    Raises:
        NewerRecord: it was written by a newer version.
        PoisonedRecord: it is damaged, or no position at all.
    """
    position = _FORMAT.decode(data)
    if not (0 <= position.number < _MOST_LOGS and 0 <= position.confirmed < PLACES and 0 <= position.begun < PLACES):
        raise damaged(_WHAT, f"log {position.number}, offsets {position.confirmed} to {position.begun}")
    return position


def log_position(
    number: int, log_id: str, begun: int, confirmed: int, partitions: int, last: LastRecord = NOTHING_READ
) -> LogPosition:
    """Return a position of the newest format."""
    return LogPosition(_FORMAT.version, number, log_id, begun, confirmed, partitions, last)


class SeenLog(NamedTuple):
    """What the broker says of a topic-partition now: the topic's id, and the log's first and next offsets."""

    log_id: str
    first: int
    end: int


class LogStart(Struct, frozen=True):
    """Where counting goes on.

    Args:
        next_offset: of the first record to be read.
        number: of the log.
        log_id: of the log.
        counted_to: the place up to which remembered ids count: what lies at or beyond it is read again.
        confirmed: offset up to which flushes of this log are known to be confirmed.
        change: why positions in the earlier log do not hold any more; empty when it is the same log.
        missing: records between what was counted and ``next_offset``: somebody has set the offsets forward.
        is_beyond: whether the group's offset lay beyond the end of the log, where no record is.
        before_ids: records of another log that are not read, because their ids would have been forgotten by now.
        last: the last record that was read of this log.
    """

    next_offset: int = 0
    number: int = 0
    log_id: str = ""
    counted_to: int = 0
    confirmed: int = 0
    change: str = ""
    missing: int = 0
    is_beyond: bool = False
    before_ids: int = 0
    last: LastRecord = NOTHING_READ

    @property
    def base(self) -> int:
        """The place of the log's offset 0."""
        return self.number * PLACES


def same_log(committed: int) -> LogStart:
    """Return the start in the only log there ever was, from a committed offset."""
    return LogStart(next_offset=committed, counted_to=committed, confirmed=committed)


class Held(NamedTuple):
    """The place behind everything that a state holds of one topic, in its rows and in its remembered ids."""

    rows: int = 0
    ids: int = 0

    @property
    def all(self) -> int:
        """The place behind both."""
        return max(self)


def held_in(topic_index: int, rows: Iterable[RowRecord], segments: Mapping[int, Segment]) -> Held:
    """Return what a state holds of one topic."""
    return Held(
        max((row.applied[topic_index] + 1 for row in rows if topic_index < len(row.applied)), default=0),
        max((span.next_offset for segment in segments.values() for span in segment.spans), default=0),
    )


def start_of(
    known: LogPosition | None,
    seen: SeenLog,
    committed: int | None,
    held: Held,
    *,
    was_cut: bool = False,
) -> LogStart:
    """Decide where counting goes on after an assignment.

    Args:
        known: what the changelog says; None when an older version wrote it, or nobody.
        seen: what the broker says now.
        committed: the group's offset, or None when it has none.
        held: by the state.
        was_cut: whether the broker was seen to give records again that lie before those that were read, or to have
            another record where the last one was read.
    """
    if known is None:
        known = log_position(0, seen.log_id, held.all, 0, 0)
    is_other = bool(known.log_id and seen.log_id and known.log_id != seen.log_id)
    # A committed offset alone proves nothing: anybody can set it.
    if is_other or was_cut or seen.end < known.begun:
        number = max(known.number, held.all // PLACES) + 1
        confirmed = known.number * PLACES + known.confirmed
        return LogStart(
            next_offset=seen.first,
            number=number,
            log_id=seen.log_id,
            # All ids of earlier logs: what they are of will not be read again. But where no row of a flush has come
            # down that was under way, neither has anything that its ids are of.
            counted_to=number * PLACES if held.rows > confirmed else confirmed,
            confirmed=seen.first,
            change=RECREATED if is_other else TRUNCATED,
        )
    # Where the group was deleted, or its offsets have expired, it goes on behind what is known to be counted; so it
    # does when they were set beyond the end of the log: what is appended next lies below, and would never be read.
    is_beyond = committed is not None and committed > seen.end
    next_offset = known.confirmed if committed is None or is_beyond else committed
    confirmed = max(next_offset, known.confirmed)
    return LogStart(
        next_offset=next_offset,
        number=known.number,
        log_id=seen.log_id or known.log_id,
        counted_to=known.number * PLACES + confirmed,
        confirmed=confirmed,
        missing=max(0, next_offset - known.begun),
        is_beyond=is_beyond,
        last=known.last,
    )


def position_at(start: LogStart, known: LogPosition | None, partitions: int) -> LogPosition | None:
    """Return the record that must be written before anything is counted from ``start`` on; None when it is there."""
    if known is not None and (known.number, known.log_id) == (start.number, start.log_id) and not start.missing:
        return None
    begun = max(start.next_offset, start.confirmed)
    if known is not None and known.number == start.number:
        begun = max(begun, known.begun)
    return log_position(start.number, start.log_id, begun, start.confirmed, partitions, start.last)


def reach_ms(segments: Mapping[int, Segment], keep_ms: int) -> int | None:
    """Return the time since which every id of a topic-partition is remembered; None when none was ever forgotten.

    Args:
        segments: the remembered ids.
        keep_ms: how long they are remembered.
    """
    times_ms = [span.newest_ms for segment in segments.values() for span in segment.spans]
    if not times_ms:
        return None
    begins_ms = max(times_ms) - keep_ms
    first = min(segments)
    if first:  # earlier ones were forgotten: the log of ids begins with 0
        begins_ms = max(begins_ms, segments[first].newest_ms)
    return begins_ms if first or min(times_ms) < begins_ms else None
