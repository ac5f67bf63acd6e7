"""Numbers for 64-bit ids: a table in flat arrays, asked a batch at a time."""

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
_GROWTH: Final = 2.0
_SMALL: Final = 1 << 17
"""Slots up to which a table grows twice as fast: laying an id out again takes 30 ns, half as long as adding it."""
_STRETCH: Final = 1 << 16
"""Slots that are laid out together when a table grows: memory is needed meanwhile for so many, not for all."""
_HALF: Final = np.uint64(32)
_ONE: Final = np.uint64(1)


class IdMap:
    """Gives non-zero ids consecutive numbers from 0; open addressing as in ``streams.idset``, 17 to 34 bytes an id.

    Places are signed numbers, because numpy converts unsigned ones at every look, and go round by a comparison, because
    a remainder is a division; only what has not been found at its home is carried on. A million ids that are known
    take 15 ns each so, 54 ns otherwise.
    """

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

    def ids(self) -> U64:
        """Return the ids in the order of their numbers."""
        found = np.zeros(self.count, dtype=np.uint64)
        used = np.flatnonzero(self._slots != 0)  # a fifth of the time that it takes with numbers
        found[self._numbers[used]] = self._slots[used]
        return found

    def _home(self, ids: U64) -> I64:
        return (((ids >> _HALF) * np.uint64(len(self._slots))) >> _HALF).view(np.int64)

    def find(self, ids: U64) -> I64:
        """Return the number of each id, -1 where it has none."""
        if not self.count:
            return np.full(len(ids), -1, dtype=np.int64)
        slots, size = self._slots, len(self._slots)
        place = self._home(ids)
        held = slots[place]
        numbers: I64 = np.where(held == ids, self._numbers[place], -1).astype(np.int64)
        pending = np.flatnonzero((held != ids) & (held != 0))
        wanted, place = ids[pending], place[pending]
        while len(pending):
            place += 1
            place[place == size] = 0
            held = slots[place]
            equal = np.flatnonzero(held == wanted)
            numbers[pending[equal]] = self._numbers[place[equal]]
            on = np.flatnonzero((held != wanted) & (held != 0))
            pending, wanted, place = pending[on], wanted[on], place[on]
        return numbers

    def take(self, ids: U64) -> tuple[I64, I64]:
        """Return the number of each id, giving new ones the next numbers, and where each new id stands first.

        "First" of several that are equal is any one of them; new numbers are given in the order of these places.
        """
        self._reserve(self.count + len(ids))
        places = self._settle(ids)
        numbers = self._numbers[places].astype(np.int64)
        new = np.flatnonzero(numbers < 0)
        if not len(new):
            return numbers, new
        # A new id may stand several times: the one that was written last speaks for it.
        where = places[new]
        given = np.arange(self.count, self.count + len(new))
        self._numbers[where] = given
        stayed = self._numbers[where] == given
        firsts = new
        if not stayed.all():
            firsts = new[stayed]
            self._numbers[places[firsts]] = given[: len(firsts)]
            given = self._numbers[where].astype(np.int64)
        self.count += len(firsts)
        numbers[new] = given
        return numbers, firsts

    def _settle(self, ids: U64) -> I64:
        """Return the place of each id, putting those that are not there into free ones."""
        slots, size = self._slots, len(self._slots)
        places = self._home(ids)
        pending, wanted, place = np.arange(len(ids)), ids, places
        while True:
            held = slots[place]
            free = np.flatnonzero(held == 0)
            if len(free):
                slots[place[free]] = wanted[free]
                # Of several ids written to one free slot the last has stayed: the others read back and move on.
                held[free] = slots[place[free]]
            on = np.flatnonzero(held != wanted)
            if not len(on):
                return places
            pending, wanted, place = pending[on], wanted[on], place[on] + 1
            place[place == size] = 0
            places[pending] = place

    def _reserve(self, needed: int) -> None:
        """Make room; a larger table is filled stretch by stretch: meanwhile 42 bytes an id more are taken, not 77."""
        slots, numbers = self._slots, self._numbers
        if needed <= _FULLEST * len(slots):
            return
        growth = 2 * _GROWTH if len(slots) <= _SMALL else _GROWTH
        free = np.append(np.flatnonzero(slots == 0), len(slots))
        # What has gone round the end stands before the first free slot, and its home is far behind it.
        begin = np.arange(free[0])
        round_end = begin[self._home(slots[: free[0]]) > begin]
        rest = [(slots[round_end], numbers[round_end])]
        slots[round_end] = 0
        size = max(int(len(slots) * growth), int(needed / _FULLEST) + 1)
        self._slots = np.zeros(size, dtype=np.uint64)
        self._numbers = np.full(size, -1, dtype=np.int32)
        # Behind a free slot everything has its home behind it, too: stretches end at one. In a larger table homes lie
        # farther apart, so what is laid out of a stretch does not reach the next.
        ends = free[np.searchsorted(free, np.append(np.arange(_STRETCH, len(slots), _STRETCH), len(slots)))]
        start = 0
        for end in ends.tolist():
            used = start + np.flatnonzero(slots[start:end] != 0)
            start = end
            ids, own = slots[used], numbers[used]
            order, places = laid_out(self._home(ids))
            inside = int(np.searchsorted(places, size))
            self._slots[places[:inside]] = ids[order[:inside]]
            self._numbers[places[:inside]] = own[order[:inside]]
            rest.append((ids[order[inside:]], own[order[inside:]]))
        for ids, own in rest:
            for wanted, number, home in zip(ids, own.tolist(), self._home(ids).tolist(), strict=True):
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


def distinct(values: Column) -> Column:
    """Return the distinct values, sorted, as ``numpy.unique`` does without a tenth of a second for its first call."""
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered  # type: ignore[return-value]  # the same type of entries


def mixed(ids: U64, groups: I64) -> U64:
    """Return one non-zero hash for each pair of an id and a small number (SplitMix64's finaliser, Steele 2014)."""
    with np.errstate(over="ignore"):
        value: U64 = ids + (groups.astype(np.uint64) + _ONE) * np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        value ^= value >> np.uint64(31)
    value[value == 0] = 1
    return value
