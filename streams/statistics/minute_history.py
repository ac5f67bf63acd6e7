"""The last 24 hours by minute of every row of a partition: exact, and corrected by late events.

The minutes of the hour in progress are read from the one-minute panes. When the hour is over, it is packed: some 200
bytes for a busy influencer. An event for an hour that was packed waits with others until it is folded into it. A row's
record holds its packed hours, so that they and the position are one: a crash cannot part them. It holds, too, which
minutes have changed and may not have been published.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.minutes import HOURS_KEPT, MINUTE_COUNTS, MINUTES_AN_HOUR
from models.times import HOUR_MS, MINUTE_MS
from streams.columns.arrays import I64
from streams.columns.formats import damaged
from streams.statistics.counters import COLUMN, COLUMNS_OF_COUNT, WIDTH
from streams.statistics.pane_ring import PaneRing

COUNTS_WIDTH: Final = len(MINUTE_COUNTS)
_SHAPE: Final = (MINUTES_AN_HOUR, COUNTS_WIDTH)
_CELLS: Final = MINUTES_AN_HOUR * COUNTS_WIDTH
_ROWS_AT_A_TIME: Final = 256
"""Rows whose hour is read from the panes at a time: 60 panes of 25 counters are 12 kB a row."""
_ROWS_AGAIN: Final = 8
"""Rows that are told again with a flush: their 25 hours take 10 ms together."""
_SIZES: Final = ("<i1", "<i2", "<i4", "<i8")
_BITS: Final = np.left_shift(np.uint64(1), np.arange(MINUTES_AN_HOUR, dtype=np.uint64))
_ALL_BITS: Final = (1 << MINUTES_AN_HOUR) - 1
_WHAT: Final = "hour of minutes"


def _counting() -> I64:
    """Return ``[counter, count]``: how often each counter goes into each count."""
    counting = np.zeros((WIDTH, COUNTS_WIDTH), dtype=np.int64)
    for place, name in enumerate(MINUTE_COUNTS):
        for column in COLUMNS_OF_COUNT.get(name, (name,)):
            counting[COLUMN[column], place] += 1
    return counting


_COUNTING: Final = _counting()
_IS_COUNTED: Final = _COUNTING.any(axis=1)


def _counted(counters: I64) -> I64:
    """Return ``[..., count]`` of ``[..., counter]``; an older record has fewer counters."""
    width = min(counters.shape[-1], WIDTH)
    counted: I64 = counters[..., :width] @ _COUNTING[:width]
    return counted


class ChangedHour(NamedTuple):
    """Closed minutes of a row that changed: bit n of ``bits`` is the n-th minute of the hour."""

    row: int
    hour: int
    bits: int


def minutes_in(bits: int) -> Iterator[int]:
    """Yield the places of the minutes that bits stand for, in order."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def pack_hour(counts: I64) -> bytes:
    """Pack ``[minute, count]`` of an hour."""
    low, high = int(counts.min()), int(counts.max())
    size = next(size for size in _SIZES if np.iinfo(size).min <= low and high <= np.iinfo(size).max)
    # By count, not by minute: most counts are 0 all through the hour.
    return size[2].encode() + zlib.compress(counts.T.astype(size).tobytes(), 1)


def padded(counts: I64) -> I64:
    """Return ``[minute, count]`` of a whole hour, from its first minutes."""
    hour = np.zeros(_SHAPE, dtype=np.int64)
    hour[: len(counts)] = counts
    return hour


def unpack_hour(data: bytes) -> I64:
    """Undo ``pack_hour``.

    Raises:
        PoisonedRecord: it is damaged.
    """
    size = f"<i{data[:1].decode('ascii', 'replace')}"
    if size not in _SIZES:
        raise damaged(_WHAT, f"integers of {data[:1]!r} bytes")
    expected = _CELLS * int(size[2])
    inflate = zlib.decompressobj()
    try:
        held = inflate.decompress(data[1:], expected + 1)
    except zlib.error as error:
        raise damaged(_WHAT, str(error)) from None
    if len(held) != expected or not inflate.eof or inflate.unused_data:
        raise damaged(_WHAT, f"{len(held)} bytes where {expected} belong")
    return np.frombuffer(held, dtype=size).reshape(COUNTS_WIDTH, MINUTES_AN_HOUR).T.astype(np.int64)


class MinuteHistory:
    """The minutes of all rows of a partition.

    Args:
        ring: the one-minute panes; marks of changes are kept there.
        keys: campaign and influencer of each row; grows with the rows.
        hours_kept: hours before the one in progress that are kept and corrected.
    """

    def __init__(self, ring: PaneRing, keys: list[tuple[str, str]], hours_kept: int = HOURS_KEPT) -> None:
        self._ring = ring
        self._keys = keys
        self._hours_kept = hours_kept
        ring.keep_marks()
        self._packed: dict[int, dict[int, bytes]] = {}
        """By hour and row; no row that has nothing in the hour."""
        self._changed: dict[int, dict[int, int]] = {}
        """Minutes of packed hours that were not published yet, as bits, by hour and row."""
        self._late: list[tuple[I64, I64, I64, I64]] = []
        """Rows, minutes, columns and amounts that were not folded yet."""
        self._parts: dict[int, dict[str, bytes]] = {}
        """What the partition has of campaigns, by packed hour and campaign: only what was asked for."""
        self._open_parts: dict[str, I64] = {}
        """The same of the hour in progress, in which the closed minutes are right."""
        self._again: dict[int, int] = {}
        """Rows whose hours are told again, with the minutes, as bits, that are published again."""

    @property
    def hour(self) -> int:
        """The hour in progress."""
        return self._ring.head // MINUTES_AN_HOUR

    def closed(self, hour: int) -> int:
        """Return how many minutes of an hour are over."""
        return MINUTES_AN_HOUR if hour < self.hour else self._ring.head % MINUTES_AN_HOUR

    # -------------------------------------------------------------- events in

    def add(self, rows: I64, times_ms: I64, columns: I64, amounts: I64) -> None:
        """Take amounts that were added to the panes, of which those of hours that are over are kept here."""
        begin_ms = self.hour * HOUR_MS
        if not len(times_ms) or int(times_ms.min()) >= begin_ms:
            return
        late = (times_ms < begin_ms) & (times_ms >= begin_ms - self._hours_kept * HOUR_MS)
        columns, amounts = columns[..., late], amounts[..., late]
        counted: NDArray[np.bool_] = np.take(_IS_COUNTED, columns)
        if counted.any():
            rows, minutes = rows[late], times_ms[late] // MINUTE_MS
            rows, minutes = np.broadcast_to(rows, columns.shape), np.broadcast_to(minutes, columns.shape)
            self._late.append((rows[counted], minutes[counted], columns[counted], amounts[counted]))

    def advance(self, time_ms: int, rows: int) -> None:
        """Pack the hour in progress if it is over at ``time_ms``; before the panes move on."""
        if time_ms // HOUR_MS <= self.hour:
            return
        self.fold()
        hour, places = self.hour, self._ring.head % MINUTES_AN_HOUR + 1
        slots = np.arange(places)
        for start in range(0, rows, _ROWS_AT_A_TIME):
            some = np.arange(start, min(start + _ROWS_AT_A_TIME, rows))
            counts = np.zeros((len(some), *_SHAPE), dtype=np.int64)
            counts[:, :places] = _counted(self._ring.panes_of(some, slots))
            for place in np.flatnonzero(counts.any(axis=(1, 2))).tolist():
                self._packed.setdefault(hour, {})[start + place] = pack_hour(counts[place])
        for row, bits in self._marked(places, rows):
            self._note(hour, row, bits)
        self._ring.marks[:rows] = False
        self._open_parts.clear()

    def fold(self) -> None:
        """Add what came late to its hours."""
        if not self._late:
            return
        rows, minutes, columns, amounts = (np.concatenate(each) for each in zip(*self._late, strict=True))
        self._late.clear()
        hours, places = np.divmod(minutes, MINUTES_AN_HOUR)
        order = np.lexsort((rows, hours))
        rows, hours, places, columns, amounts = (each[order] for each in (rows, hours, places, columns, amounts))
        begins = np.flatnonzero((np.diff(rows, prepend=-1) != 0) | (np.diff(hours, prepend=-1) != 0)).tolist()
        for begin, end in zip(begins, [*begins[1:], len(rows)], strict=True):
            counters = np.zeros((MINUTES_AN_HOUR, WIDTH), dtype=np.int64)
            np.add.at(counters, (places[begin:end], columns[begin:end]), amounts[begin:end])
            bits = int(np.bitwise_or.reduce(_BITS[places[begin:end]]))
            self._put_late(int(rows[begin]), int(hours[begin]), counters @ _COUNTING, bits)

    def _put_late(self, row: int, hour: int, more: I64, bits: int) -> None:
        packed = self._packed.setdefault(hour, {})
        counts = more + unpack_hour(packed[row]) if row in packed else more
        if counts.any():
            packed[row] = pack_hour(counts)
        else:
            packed.pop(row, None)
        self._note(hour, row, bits)
        parts = self._parts.get(hour)
        if parts and (campaign_id := self._keys[row][0]) in parts:
            parts[campaign_id] = pack_hour(unpack_hour(parts[campaign_id]) + more)

    def _note(self, hour: int, row: int, bits: int) -> None:
        changed = self._changed.setdefault(hour, {})
        changed[row] = changed.get(row, 0) | bits

    def _marked(self, places: int, rows: int) -> list[tuple[int, int]]:
        """Return the rows with marks in the first places of the hour in progress, with these as bits."""
        marks = self._ring.marks[:rows, :places]
        marked = np.flatnonzero(marks.any(axis=1))
        bits = marks[marked].astype(np.uint64) @ _BITS[:places]
        return list(zip(marked.tolist(), bits.tolist(), strict=True))

    # ------------------------------------------------------------ numbers out

    def take_changed(self) -> list[ChangedHour]:
        """Return the closed minutes that changed since last asked, and take them as published.

        What is older than is kept, and was published, is forgotten here: not before, or nobody could read it.
        """
        self.fold()
        oldest = self.hour - self._hours_kept
        for hour in [hour for hour in self._packed if hour < oldest and hour not in self._changed]:
            del self._packed[hour]
            self._parts.pop(hour, None)
        found = [
            ChangedHour(row, hour, bits) for hour, rows in self._changed.items() for row, bits in sorted(rows.items())
        ]
        self._changed.clear()
        for row in list(islice(self._again, _ROWS_AGAIN)):
            bits = self._again.pop(row)
            found += [ChangedHour(row, hour, bits) for hour in self.hours_of(row)]
        hour, places, rows = self.hour, self.closed(self.hour), len(self._keys)
        found += [ChangedHour(row, hour, bits) for row, bits in self._marked(places, rows)]
        self._ring.marks[:rows, :places] = False
        return found

    def tell_again(self, rows: Iterable[int], *, with_records: bool) -> None:
        """Have all hours of some rows told again, a few rows at a time: a reader lost them.

        Args:
            rows: which.
            with_records: whether the records of their minutes are to be published again, too.
        """
        bits = _ALL_BITS if with_records else 0
        for row in rows:
            self._again[row] = self._again.get(row, 0) | bits

    def counts(self, row: int, hour: int) -> I64:
        """Return ``[minute, count]`` of the closed minutes of a row's hour."""
        if hour == self.hour:
            some = np.array([row])
            return _counted(self._ring.panes_of(some, np.arange(self.closed(hour)))[0])
        packed = self._packed.get(hour, {}).get(row)
        return np.zeros(_SHAPE, dtype=np.int64) if packed is None else unpack_hour(packed)

    def hours_of(self, row: int) -> list[int]:
        """Return the hours in which a row has anything, the one in progress last."""
        return [*(hour for hour in sorted(self._packed) if row in self._packed[hour]), self.hour]

    def part(self, campaign_id: str, rows: Iterable[int], hour: int, bits: int = _ALL_BITS) -> I64:
        """Return ``[minute, count]`` of the closed minutes of a campaign's rows, added up.

        Args:
            campaign_id: the campaign.
            rows: its rows, all of them.
            hour: the hour.
            bits: which minutes may have changed since this was last asked of the campaign.
        """
        if hour == self.hour:
            return self._open_part(campaign_id, rows, bits)
        parts = self._parts.setdefault(hour, {})
        if campaign_id not in parts:
            packed = self._packed.get(hour, {})
            summed = np.zeros(_SHAPE, dtype=np.int64)
            for row in rows:
                if row in packed:
                    summed += unpack_hour(packed[row])
            parts[campaign_id] = pack_hour(summed)
        return unpack_hour(parts[campaign_id])

    def _open_part(self, campaign_id: str, rows: Iterable[int], bits: int) -> I64:
        known = self._open_parts.get(campaign_id)
        if known is None:
            known = self._open_parts[campaign_id] = np.zeros(_SHAPE, dtype=np.int64)
            bits = _ALL_BITS
        places = self.closed(self.hour)
        slots = np.array([place for place in minutes_in(bits) if place < places], dtype=np.int64)
        numbers = np.fromiter(rows, dtype=np.int64)
        known[slots] = 0
        for start in range(0, len(numbers), _ROWS_AT_A_TIME):
            some = numbers[start : start + _ROWS_AT_A_TIME]
            known[slots] += _counted(self._ring.panes_of(some, slots).sum(axis=0))
        return known[:places]

    # -------------------------------------------------------------- state out

    def stored(self, row: int) -> tuple[dict[int, bytes], dict[int, int]]:
        """Return a row's packed hours, and by hour the minutes that may not have been published: for its record."""
        self.fold()
        hours = {hour: packed[row] for hour, packed in sorted(self._packed.items()) if row in packed}
        changed = {hour: rows[row] for hour, rows in sorted(self._changed.items()) if row in rows}
        marks = self._ring.marks[row, : self._ring.head % MINUTES_AN_HOUR + 1]
        if marks.any():
            changed[self.hour] = int(marks.astype(np.uint64) @ _BITS[: len(marks)])
        return hours, changed

    def restore(self, row: int, hours: Mapping[int, bytes], changed: Mapping[int, int]) -> None:
        """Put back what ``stored`` returned. The panes must stand at the newest record's time."""
        oldest = self.hour - self._hours_kept
        for hour, packed in hours.items():
            if hour >= oldest or hour in changed:
                self._packed.setdefault(hour, {})[row] = packed
        for hour, bits in changed.items():
            if hour < self.hour:
                self._note(hour, row, bits)
            else:
                self._ring.marks[row, list(minutes_in(bits))] = True

    def restore_open(self, row: int, hour: int, places: I64, counters: I64) -> None:
        """Pack an hour that was in progress when a row was written, and is over now.

        Args:
            row: the row.
            hour: the hour.
            places: minutes of the hour.
            counters: ``[place, counter]``.
        """
        counts = np.zeros(_SHAPE, dtype=np.int64)
        counts[places] = _counted(counters)
        if hour < self.hour and counts.any():
            self._packed.setdefault(hour, {})[row] = pack_hour(counts)
