"""Numbers for 64-bit ids, and how often each is referred to: tables in flat arrays, asked a batch at a time."""

from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from streams.idset import laid_out

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
Column = TypeVar("Column", bound=NDArray[Any])
_SMALLEST: Final = 1024
_FULLEST: Final = 0.7
_GROWTH: Final = 1.5
_HALF: Final = np.uint64(32)
_ONE: Final = np.uint64(1)


class IdMap:
    """Gives non-zero ids consecutive numbers from 0; open addressing as in ``streams.idset``, 17 to 26 bytes an id."""

    def __init__(self) -> None:
        self._slots: U64 = np.zeros(_SMALLEST, dtype=np.uint64)
        self._numbers: I32 = np.full(_SMALLEST, -1, dtype=np.int32)
        self.count = 0

    def __len__(self) -> int:
        return self.count

    @property
    def bytes_used(self) -> int:
        """Memory of the table in bytes."""
        return self._slots.nbytes + self._numbers.nbytes

    def _home(self, ids: U64) -> U64:
        return ((ids >> _HALF) * np.uint64(len(self._slots))) >> _HALF

    def find(self, ids: U64) -> I64:
        """Return the number of each id, -1 where it has none."""
        numbers = np.full(len(ids), -1, dtype=np.int64)
        if not self.count:
            return numbers
        size = np.uint64(len(self._slots))
        pending = np.arange(len(ids))
        wanted = ids
        place = self._home(ids)
        while len(pending):
            held = self._slots[place]
            equal = held == wanted
            numbers[pending[equal]] = self._numbers[place[equal]]
            on = ~equal & (held != 0)
            pending, wanted, place = pending[on], wanted[on], (place[on] + _ONE) % size
        return numbers

    def take(self, ids: U64) -> tuple[I64, U64]:
        """Return the number of each id, giving new ones their numbers, and the new ids in the order of these."""
        self._reserve(self.count + len(ids))
        size = np.uint64(len(self._slots))
        slots = np.empty(len(ids), dtype=np.int64)
        pending = np.arange(len(ids))
        wanted, place = ids, self._home(ids)
        while len(pending):
            held = self._slots[place]
            free = held == 0
            if free.any():
                self._slots[place[free]] = wanted[free]
                # Of several ids written to one free slot the last has stayed: the others read back and move on.
                held = self._slots[place]
            settled = held == wanted
            slots[pending[settled]] = place[settled]
            on = ~settled
            pending, wanted, place = pending[on], wanted[on], (place[on] + _ONE) % size
        numbers = self._numbers[slots].astype(np.int64)
        new = np.flatnonzero(numbers < 0)
        if len(new):
            # A new id may stand several times: the one that was written last speaks for it.
            self._numbers[slots[new]] = new
            firsts = new[self._numbers[slots[new]] == new]
            self._numbers[slots[firsts]] = np.arange(self.count, self.count + len(firsts), dtype=np.int32)
            self.count += len(firsts)
            numbers[new] = self._numbers[slots[new]]
            return numbers, ids[firsts]
        return numbers, ids[:0]

    def _reserve(self, needed: int) -> None:
        if needed <= _FULLEST * len(self._slots):
            return
        used = self._slots != 0
        ids, numbers = self._slots[used], self._numbers[used]
        size = max(int(len(self._slots) * _GROWTH), int(needed / _FULLEST) + 1)
        self._slots = np.zeros(size, dtype=np.uint64)
        self._numbers = np.full(size, -1, dtype=np.int32)
        order, places = laid_out(self._home(ids))
        inside = len(places) - int(np.count_nonzero(places >= size))
        self._slots[places[:inside]] = ids[order[:inside]]
        self._numbers[places[:inside]] = numbers[order[:inside]]
        rest = order[inside:]
        for wanted, number, home in zip(ids[rest], numbers[rest].tolist(), self._home(ids[rest]).tolist(), strict=True):
            place = home
            while self._slots[place]:
                place = (place + 1) % size
            self._slots[place], self._numbers[place] = wanted, number


def grown(held: Column, size: int) -> Column:
    """Return an array with room for ``size`` entries, zeros where it is new; with room to spare when it grows."""
    if size <= len(held):
        return held
    larger = np.zeros(max(size, int(len(held) * _GROWTH), _SMALLEST), dtype=held.dtype)
    larger[: len(held)] = held
    return larger  # type: ignore[return-value]  # the same type of entries


class Distinct:
    """How many distinct ids are referred to in each group, while references come and go."""

    def __init__(self) -> None:
        self._ids = IdMap()
        self._references: I32 = np.zeros(0, dtype=np.int32)
        self._groups: I32 = np.zeros(0, dtype=np.int32)
        self._counts: I64 | None = None

    @property
    def bytes_used(self) -> int:
        """Memory of the tables in bytes."""
        return self._ids.bytes_used + self._references.nbytes + self._groups.nbytes

    def change(self, ids: U64, groups: I64, by: int) -> None:
        """Add (1) or take back (-1) one reference for each (id, group)."""
        if not len(ids):
            return
        numbers, _ = self._ids.take(mixed(ids, groups))
        self._references = grown(self._references, len(self._ids))
        self._groups = grown(self._groups, len(self._ids))
        np.add.at(self._references, numbers, np.int32(by))
        self._groups[numbers] = groups
        self._counts = None

    def counts(self, groups: int) -> I64:
        """Return the distinct ids of the first ``groups`` groups."""
        if self._counts is None or len(self._counts) < groups:
            used = len(self._ids)
            referred = self._groups[:used][self._references[:used] > 0]
            self._counts = np.bincount(referred, minlength=groups)
        return self._counts


def mixed(ids: U64, groups: I64) -> U64:
    """Return one non-zero hash for each pair of an id and a small number (SplitMix64's finaliser, Steele 2014)."""
    with np.errstate(over="ignore"):
        value: U64 = ids + (groups.astype(np.uint64) + _ONE) * np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        value ^= value >> np.uint64(31)
    value[value == 0] = 1
    return value
