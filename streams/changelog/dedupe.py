"""Redeliveries: which event ids have been seen, for 72 hours or a bounded number of ids, whichever comes first.

One horizon belongs to one topic-partition. In memory it is a few generations of ``IdSet`` that are dropped whole
when they are too old. Its durable copy is a log of segments: each segment's record is rewritten until it is full,
then never touched again, so that a busy stream writes 8 bytes an id, and 16 of a comment: its newest version goes with
its id, so that an edit can replace it.

The trap that the log avoids: an id that survives a crash while the count it belongs to does not would turn the
replayed event into a duplicate, and lose it. So every span of ids in a segment carries the offset up to which it
reaches, and on restore only spans at or below the committed offset count.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.times import HOUR_MS
from streams.changelog.id_segments import Naming, Segment, Span, new_segment
from streams.columns.arrays import I64, U64
from streams.columns.idset import IdSet
from streams.columns.keyed_hashes import KEY_BYTES
from streams.statistics.comment_versions import Known, time_of

DEDUPE_HOURS: Final = 72
DEDUPE_CAPACITY: Final = 20_000_000
SEGMENT_IDS: Final = 2048
_GENERATION_IDS: Final = 1_000_000
_GENERATIONS_PER_HORIZON: Final = 8


NO_OLDER: Final[Mapping[Naming, U64]] = MappingProxyType({})
_NO_OLDER_ONE: Final[Mapping[Naming, int]] = MappingProxyType({})


class Generation:
    """Ids remembered in one stretch of time; ``naming`` as in ``streams.changelog.id_segments``."""

    def __init__(self, naming: Naming = Naming.KEYED, *, with_values: bool = False) -> None:
        self.ids = IdSet(with_values=with_values)
        self.naming = naming
        self.first_ms: dict[int, int] = {}
        """When comments of several versions were made."""
        self.oldest_ms: int | None = None
        self.newest_ms = 0


class _Fresh:
    """Ids that no segment has yet, with their values where a horizon keeps any."""

    def __init__(self) -> None:
        self._ids: list[U64] = []
        self._values: list[U64] = []

    def __bool__(self) -> bool:
        return bool(self._ids)

    def add(self, ids: U64, values: U64 | None) -> None:
        """Add some."""
        self._ids.append(ids)
        if values is not None:
            self._values.append(values)

    def columns(self) -> tuple[U64, U64]:
        """Return all of them."""
        values = np.concatenate(self._values) if self._values else np.zeros(0, dtype=np.uint64)
        return np.concatenate(self._ids), values


class _Recalled:
    """Ids of spans of a log that go to one generation together: a log has thousands of spans, of few ids each."""

    def __init__(self, naming: Naming = Naming.KEYED) -> None:
        self.naming = naming
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
        key: the secret under which ids are hashed, for the log.
    """

    def __init__(
        self,
        hours: int = DEDUPE_HOURS,
        generation_ids: int | None = None,
        segment_ids: int = SEGMENT_IDS,
        *,
        with_versions: bool = False,
        key: bytes = bytes(KEY_BYTES),
    ) -> None:
        self.key = key
        self._with_versions = with_versions
        self._segment_ids = segment_ids
        self._keep_ms = hours * HOUR_MS
        self._generation_ids = _GENERATION_IDS if generation_ids is None else generation_ids
        self.generations: list[Generation] = [Generation(with_values=with_versions)]
        self._fresh = _Fresh()
        self._fresh_older = _Fresh()
        """Versions of comments that are known by an older name, under which a restart has to find them."""
        self._fresh_ms = 0
        self._segments: dict[int, tuple[int, int]] = {}  # sequence: (newest_ms, ids), for expiry
        self._open = new_segment(key)
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
    def namings(self) -> set[Naming]:
        """By which names ids are remembered: those of older versions are asked for until they are forgotten."""
        return {generation.naming for generation in self.generations if len(generation.ids)}

    def first_seen(
        self, ids: U64, newest_ms: int, older: Mapping[Naming, U64] = NO_OLDER, versions: U64 | None = None
    ) -> NDArray[np.bool_]:
        """Remember ids and return which of them were not known, each only at its first place in the batch.

        Args:
            ids: of events and their owners.
            newest_ms: stream time.
            older: the names of the same events by which older versions remembered them; those in ``namings``.
            versions: of the comments among them, 0 for others; where they are kept.
        """
        distinct, first = _distinct(ids)
        known = np.zeros(len(distinct), dtype=np.bool_)
        for generation in self.generations:
            if generation.naming is Naming.KEYED:
                known |= generation.ids.contains(distinct)
            elif generation.naming in older:
                known |= generation.ids.contains(older[generation.naming][first])
        fresh, places = distinct[~known], first[~known]
        is_new = np.zeros(len(ids), dtype=np.bool_)
        is_new[places] = True
        if len(fresh):
            values = None
            if self._with_versions:
                values = np.zeros(len(fresh), dtype=np.uint64) if versions is None else versions[places]
            self._remember(fresh, newest_ms, values)
            self._fresh.add(fresh, values)
            self._fresh_ms = max(self._fresh_ms, newest_ms)
        return is_new

    def versions_of(self, ids: U64, older: Mapping[Naming, U64] = NO_OLDER) -> U64:
        """Return the newest known version of each comment, 0 for those that are not known by it."""
        versions = np.zeros(len(ids), dtype=np.uint64)
        for generation in self.generations:
            if generation.naming is Naming.KEYED:
                versions |= generation.ids.values_of(ids)
            elif generation.naming is Naming.OWNED and Naming.OWNED in older:
                versions |= generation.ids.values_of(older[Naming.OWNED])
        return versions

    def revise(
        self, comment: int, version: int, newest_ms: int, older: Mapping[Naming, int] = _NO_OLDER_ONE
    ) -> tuple[Known, Known] | None:
        """Take another version of a comment that is known; return what was and what is, or None for no change."""
        names = ((Naming.KEYED, comment, self._fresh), (Naming.OWNED, older.get(Naming.OWNED), self._fresh_older))
        for naming, name, fresh in names:
            change = None if name is None else self._fold(name, version, naming)
            if name is not None and change is not None:
                fresh.add(np.array([name], dtype=np.uint64), np.array([version], dtype=np.uint64))
                self._fresh_ms = max(self._fresh_ms, newest_ms)
                return change
        return None

    def _fold(self, comment: int, version: int, naming: Naming) -> tuple[Known, Known] | None:
        one = np.array([comment], dtype=np.uint64)
        for generation in self.generations:
            newest = 0 if generation.naming is not naming else int(generation.ids.values_of(one)[0])
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
        naming: Naming = Naming.KEYED,
    ) -> None:
        """Add ids to the newest generation, or to a new one; ``oldest_ms`` is that of the first where they differ."""
        newest = self.generations[-1]
        with_values = self._with_versions and naming is not Naming.PLAIN
        if newest.naming is not naming and not len(newest.ids):
            newest.naming = naming
            newest.ids = IdSet(with_values=with_values)
        if newest.naming is not naming or self._is_full(newest_ms):
            self.generations.append(Generation(naming, with_values=with_values))
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
        changed: list[tuple[int, Segment]] = []
        for taken, key in ((self._fresh_older, b""), (self._fresh, self.key)):
            if taken:
                self._write(taken, key, next_offset, changed)
        self._fresh, self._fresh_older, self._fresh_ms = _Fresh(), _Fresh(), 0
        return changed

    def _write(self, taken: "_Fresh", key: bytes, next_offset: int, changed: list[tuple[int, Segment]]) -> None:
        """Put ids into segments of their key, and these to those that changed."""
        ids, values = taken.columns()
        if self._open.key != key:
            self._begin_segment(key)
        for start in range(0, len(ids), self._segment_ids):
            part = ids[start : start + self._segment_ids]
            self._open.spans.append(Span(next_offset, self._fresh_ms, len(part)))
            self._open.ids += part.astype("<u8").tobytes()
            self._open.values += values[start : start + self._segment_ids].astype("<u8").tobytes()
            self._segments[self._sequence] = (self._open.newest_ms, self._open.count)
            changed.append((self._sequence, self._open))
            if self._open.count >= self._segment_ids:
                self._begin_segment(key)

    def _begin_segment(self, key: bytes) -> None:
        if self._open.count:
            self._sequence += 1
        self._open = new_segment(key)

    def adopt(self, key: bytes) -> None:
        """Take ids to be hashed under this key; before any are remembered."""
        self.key = key
        self._open = new_segment(key)

    def restore(self, segments: dict[int, Segment], committed: int) -> None:
        """Take up the log after a restart: only ids of offsets below ``committed`` are remembered."""
        stored = sum(segment.count for segment in segments.values())
        if stored and not len(self):
            # As large as it will be: growing on the way would place every id several times.
            self.generations[0].ids = IdSet(min(stored, self._generation_ids), with_values=self._with_versions)
        recalled = _Recalled()
        for sequence in sorted(segments):
            segment = segments[sequence]
            if segment.key and segment.key != self.key:
                continue  # see ``key_of``
            kept = new_segment(segment.key, is_plain=segment.is_plain)
            if segment.naming is not recalled.naming:
                self._remember_recalled(recalled)
                recalled = _Recalled(segment.naming)
            start = 0
            for span in segment.spans:
                end = start + 8 * span.count
                if span.next_offset <= committed:
                    if self._is_full(span.newest_ms, recalled.count, recalled.oldest_ms):
                        self._remember_recalled(recalled)
                        recalled = _Recalled(segment.naming)
                    recalled.add(span, segment.ids[start:end], segment.values[start:end])
                    kept.spans.append(span)
                    kept.ids += segment.ids[start:end]
                    kept.values += segment.values[start:end]
                start = end
            self._segments[sequence] = (kept.newest_ms, kept.count)
            # A segment from which spans were left out is continued: its next write replaces the record.
            self._sequence, self._open = sequence, kept
        self._remember_recalled(recalled)
        if segments and (self._open.key != self.key or self._open.count >= self._segment_ids):
            self._sequence += 1
            self._open = new_segment(self.key)

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
            if generation.naming is recalled.naming:
                again |= generation.ids.contains(ids)
        if not again.all():
            new = values[~again] if len(values) else None
            self._remember(ids[~again], recalled.newest_ms, new, recalled.oldest_ms, recalled.naming)
        if len(values):
            for comment, version in zip(ids[again].tolist(), values[again].tolist(), strict=True):
                self._fold(comment, version, recalled.naming)

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


def _distinct(ids: U64) -> tuple[U64, I64]:
    """Return the distinct ids of a batch and where each is first; nearly always all of them, in their order.

    To sort them and look takes a tenth of what sorting their places takes.
    """
    ordered = np.sort(ids)
    if (ordered[1:] != ordered[:-1]).all():
        return ids, np.arange(len(ids))
    distinct, first = np.unique(ids, return_index=True)
    return distinct, first
