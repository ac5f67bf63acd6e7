"""Redeliveries: which event ids have been seen, for 72 hours or a bounded number of ids, whichever comes first.

One horizon belongs to one topic-partition. In memory it is a few generations of ``IdSet`` that are dropped whole
when they are too old. Its durable copy is a log of segments: each segment's record is rewritten until it is full,
then never touched again, so that a busy stream writes 8 bytes an id, and 16 of a comment: its newest version goes with
its id, so that an edit can replace it.

The trap that the log avoids: an id that survives a crash while the count it belongs to does not would turn the
replayed event into a duplicate, and lose it. So every span of ids in a segment carries the offset up to which it
reaches, and on restore only spans at or below the committed offset count.
"""

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from models.times import HOUR_MS
from streams.columns.arrays import U64
from streams.columns.formats import Fields, Format, check_moments, damaged
from streams.columns.idset import IdSet
from streams.statistics.comment_versions import Known, time_of

DEDUPE_HOURS: Final = 72
DEDUPE_CAPACITY: Final = 20_000_000
SEGMENT_IDS: Final = 2048
_GENERATION_IDS: Final = 1_000_000
_GENERATIONS_PER_HORIZON: Final = 8


class Span(Struct, frozen=True, array_like=True):
    """Ids of one flush: the next offset after it, the newest stream time, and how many ids."""

    next_offset: int
    newest_ms: int
    count: int


class Segment(Struct, array_like=True):
    """One record of the dedupe log.

    ``is_plain``: its ids are those of events alone, as format 1 had them, and not of events and their owners.
    ``values`` has a value of 8 bytes for each id where a horizon keeps any.
    """

    version: int
    spans: list[Span]
    ids: bytes
    is_plain: bool = False
    values: bytes = b""

    @property
    def newest_ms(self) -> int:
        """The newest stream time of its ids."""
        return max((span.newest_ms for span in self.spans), default=0)

    @property
    def count(self) -> int:
        """How many ids it holds."""
        return len(self.ids) // 8


class Generation:
    """Ids remembered in one stretch of time; ``is_plain`` as in ``Segment``."""

    def __init__(self, *, is_plain: bool = False, with_values: bool = False) -> None:
        self.ids = IdSet(with_values=with_values)
        self.is_plain = is_plain
        self.first_ms: dict[int, int] = {}
        """When comments of several versions were made."""
        self.oldest_ms: int | None = None
        self.newest_ms = 0


class _Recalled:
    """Ids of spans of a log that go to one generation together: a log has thousands of spans, of few ids each."""

    def __init__(self, *, is_plain: bool = False) -> None:
        self.is_plain = is_plain
        self.parts: list[bytes] = []
        self.values: list[bytes] = []
        self.count = 0
        self.oldest_ms: int | None = None
        self.newest_ms = 0

    def add(self, span: Span, ids: bytes, values: bytes) -> None:
        """Add the ids of one span."""
        self.parts.append(ids)
        self.values.append(values)
        self.count += span.count
        self.oldest_ms = span.newest_ms if self.oldest_ms is None else self.oldest_ms
        self.newest_ms = max(self.newest_ms, span.newest_ms)


class DedupeHorizon:
    """The remembered ids of one topic-partition and their log.

    Args:
        hours: how long ids are remembered.
        generation_ids: ids forgotten together at least; None for ``_GENERATION_IDS``.
        segment_ids: ids in a full segment.
        with_versions: whether the newest version of each comment is kept with its id.
    """

    def __init__(
        self,
        hours: int = DEDUPE_HOURS,
        generation_ids: int | None = None,
        segment_ids: int = SEGMENT_IDS,
        *,
        with_versions: bool = False,
    ) -> None:
        self._with_versions = with_versions
        self._segment_ids = segment_ids
        self._keep_ms = hours * HOUR_MS
        self._generation_ids = _GENERATION_IDS if generation_ids is None else generation_ids
        self.generations: list[Generation] = [Generation(with_values=with_versions)]
        self._fresh: list[U64] = []
        self._fresh_values: list[U64] = []
        self._fresh_ms = 0
        self._segments: dict[int, tuple[int, int]] = {}  # sequence: (newest_ms, ids), for expiry
        self._open = _new_segment()
        self._sequence = 0

    def __len__(self) -> int:
        return sum(len(generation.ids) for generation in self.generations)

    @property
    def bytes_used(self) -> int:
        """Memory of the id tables in bytes."""
        return sum(generation.ids.bytes_used for generation in self.generations)

    @property
    def oldest_newest_ms(self) -> int:
        """The newest time of the oldest generation: what would be forgotten next."""
        return self.generations[0].newest_ms

    @property
    def has_plain(self) -> bool:
        """Whether ids are remembered that an older version has written."""
        return any(generation.is_plain for generation in self.generations)

    def first_seen(
        self, ids: U64, newest_ms: int, plain: U64 | None = None, versions: U64 | None = None
    ) -> NDArray[np.bool_]:
        """Remember ids and return which of them were not known, each only at its first place in the batch.

        Args:
            ids: of events and their owners.
            newest_ms: stream time.
            plain: ids of the same events alone, by which an older version remembered them; None where it cannot have.
            versions: of the comments among them, 0 for others; where they are kept.
        """
        distinct, first = np.unique(ids, return_index=True)
        known = np.zeros(len(distinct), dtype=np.bool_)
        for generation in self.generations:
            if not generation.is_plain:
                known |= generation.ids.contains(distinct)
            elif plain is not None:
                known |= generation.ids.contains(plain[first])
        fresh, places = distinct[~known], first[~known]
        is_new = np.zeros(len(ids), dtype=np.bool_)
        is_new[places] = True
        if len(fresh):
            values = None
            if self._with_versions:
                values = np.zeros(len(fresh), dtype=np.uint64) if versions is None else versions[places]
                self._fresh_values.append(values)
            self._remember(fresh, newest_ms, values)
            self._fresh.append(fresh)
            self._fresh_ms = max(self._fresh_ms, newest_ms)
        return is_new

    def versions_of(self, ids: U64) -> U64:
        """Return the newest known version of each comment, 0 for those that are not known by it."""
        versions = np.zeros(len(ids), dtype=np.uint64)
        for generation in self.generations:
            if not generation.is_plain:
                versions |= generation.ids.values_of(ids)
        return versions

    def revise(self, comment: int, version: int, newest_ms: int) -> tuple[Known, Known] | None:
        """Take another version of a comment that is known; return what was and what is, or None for no change."""
        change = self._fold(comment, version)
        if change is not None:
            self._fresh.append(np.array([comment], dtype=np.uint64))
            self._fresh_values.append(np.array([version], dtype=np.uint64))
            self._fresh_ms = max(self._fresh_ms, newest_ms)
        return change

    def _fold(self, comment: int, version: int) -> tuple[Known, Known] | None:
        one = np.array([comment], dtype=np.uint64)
        for generation in self.generations:
            newest = 0 if generation.is_plain else int(generation.ids.values_of(one)[0])
            if newest:
                break
        else:
            return None
        before = Known(generation.first_ms.get(comment, time_of(newest)), newest)
        after = Known(min(before.first_ms, time_of(version)), max(newest, version))
        if after == before:
            return None
        generation.ids.set_value(comment, after.newest)
        generation.first_ms[comment] = after.first_ms
        return before, after

    def _remember(
        self,
        fresh: U64,
        newest_ms: int,
        values: U64 | None = None,
        oldest_ms: int | None = None,
        *,
        is_plain: bool = False,
    ) -> None:
        """Add ids to the newest generation, or to a new one; ``oldest_ms`` is that of the first where they differ."""
        newest = self.generations[-1]
        if newest.is_plain != is_plain and not len(newest.ids):
            newest.is_plain = is_plain
            newest.ids = IdSet(with_values=self._with_versions and not is_plain)
        if newest.is_plain != is_plain or self._is_full(newest_ms):
            self.generations.append(Generation(is_plain=is_plain, with_values=self._with_versions and not is_plain))
        newest = self.generations[-1]
        if newest.oldest_ms is None:
            newest.oldest_ms = newest_ms if oldest_ms is None else oldest_ms
        newest.newest_ms = max(newest.newest_ms, newest_ms)
        newest.ids.add(fresh, values)

    def _is_full(self, time_ms: int, more: int = 0, oldest_ms: int | None = None) -> bool:
        """Return whether ids of ``time_ms`` go to a new generation if ``more`` since ``oldest_ms`` are added first."""
        newest = self.generations[-1]
        begin_ms = oldest_ms if newest.oldest_ms is None else newest.oldest_ms
        if begin_ms is None:
            return False
        stretch_ms = self._keep_ms // _GENERATIONS_PER_HORIZON
        return len(newest.ids) + more >= self._generation_ids or time_ms - begin_ms >= stretch_ms

    def seal(self, next_offset: int) -> list[tuple[int, Segment]]:
        """Close the span up to ``next_offset`` and return the log records that changed, as (sequence, segment).

        Its time is the newest with which its ids came: a restart must forget them when this process would.
        """
        if not self._fresh:
            return []
        fresh, newest_ms = np.concatenate(self._fresh), self._fresh_ms
        values = np.concatenate(self._fresh_values) if self._fresh_values else np.zeros(0, dtype=np.uint64)
        self._fresh, self._fresh_values, self._fresh_ms = [], [], 0
        changed: list[tuple[int, Segment]] = []
        for start in range(0, len(fresh), self._segment_ids):
            part = fresh[start : start + self._segment_ids]
            self._open.spans.append(Span(next_offset, newest_ms, len(part)))
            self._open.ids += part.astype("<u8").tobytes()
            self._open.values += values[start : start + self._segment_ids].astype("<u8").tobytes()
            self._segments[self._sequence] = (self._open.newest_ms, self._open.count)
            changed.append((self._sequence, self._open))
            if self._open.count >= self._segment_ids:
                self._sequence += 1
                self._open = _new_segment()
        return changed

    def restore(self, segments: dict[int, Segment], committed: int) -> None:
        """Take up the log after a restart: only ids of offsets below ``committed`` are remembered."""
        stored = sum(segment.count for segment in segments.values())
        if stored and not len(self):
            # As large as it will be: growing on the way would place every id several times.
            self.generations[0].ids = IdSet(min(stored, self._generation_ids), with_values=self._with_versions)
        recalled = _Recalled()
        for sequence in sorted(segments):
            segment = segments[sequence]
            kept = _new_segment(is_plain=segment.is_plain)
            if segment.is_plain != recalled.is_plain:
                self._remember_recalled(recalled)
                recalled = _Recalled(is_plain=segment.is_plain)
            start = 0
            for span in segment.spans:
                end = start + 8 * span.count
                if span.next_offset <= committed:
                    if self._is_full(span.newest_ms, recalled.count, recalled.oldest_ms):
                        self._remember_recalled(recalled)
                        recalled = _Recalled(is_plain=segment.is_plain)
                    recalled.add(span, segment.ids[start:end], segment.values[start:end])
                    kept.spans.append(span)
                    kept.ids += segment.ids[start:end]
                    kept.values += segment.values[start:end]
                start = end
            self._segments[sequence] = (kept.newest_ms, kept.count)
            # A segment from which spans were left out is continued: its next write replaces the record.
            self._sequence, self._open = sequence, kept
        self._remember_recalled(recalled)
        if self._open.is_plain or self._open.count >= self._segment_ids:
            self._sequence += 1
            self._open = _new_segment()

    def _remember_recalled(self, recalled: "_Recalled") -> None:
        if not recalled.count:
            return
        ids = np.frombuffer(b"".join(recalled.parts), dtype="<u8").astype(np.uint64)
        values = np.frombuffer(b"".join(recalled.values), dtype="<u8").astype(np.uint64)
        # A fifth to a tenth of the time of numpy.unique, which hashes; and in the order of the table, filled in one go.
        if len(values):
            order = np.argsort(ids, kind="stable")
            ids, values = ids[order], values[order]
        else:
            ids = np.sort(ids)
        again = np.append(False, ids[1:] == ids[:-1])
        for generation in self.generations:
            if generation.is_plain == recalled.is_plain:
                again |= generation.ids.contains(ids)
        if not again.all():
            new = values[~again] if len(values) else None
            self._remember(ids[~again], recalled.newest_ms, new, recalled.oldest_ms, is_plain=recalled.is_plain)
        if len(values):
            for comment, version in zip(ids[again].tolist(), values[again].tolist(), strict=True):
                self._fold(comment, version)

    def expire(self, now_ms: int) -> list[int]:
        """Forget what is older than the horizon and return the sequences of log records to delete."""
        return self.forget_until(now_ms - self._keep_ms)

    def forget_until(self, time_ms: int) -> list[int]:
        """Forget whole generations whose newest id is older than ``time_ms``; return the log records to delete."""
        while len(self.generations) > 1 and self.generations[0].newest_ms < time_ms:
            del self.generations[0]
        gone = [
            sequence
            for sequence, (newest_ms, _) in self._segments.items()
            if newest_ms < time_ms and sequence != self._sequence
        ]
        for sequence in gone:
            del self._segments[sequence]
        return gone


def _plain_ids(fields: Fields) -> Fields:
    """Upgrade format 1: ids were those of events alone."""
    return [2, *fields, True, b""]


_WHAT: Final = "dedupe segment"
_FORMAT: Final = Format(_WHAT, Segment, (int, list, bytes), [_plain_ids])
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
    for span in segment.spans:
        if span.count < 0 or span.next_offset < 0:
            raise damaged(_WHAT, f"{span.count} ids up to offset {span.next_offset}")
        check_moments(_WHAT, span.newest_ms)
    return segment


def _new_segment(*, is_plain: bool = False) -> Segment:
    return Segment(_FORMAT.version, [], b"", is_plain)
