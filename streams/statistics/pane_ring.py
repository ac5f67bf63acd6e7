"""One ring of panes: the newest panes of one size, of every row, each in a cell made when it is needed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.columns.arrays import I64
from streams.columns.cells import CellPool
from streams.statistics.counters import WIDTH
from streams.statistics.windows import Tier

_FOLDED_ROWS: Final = 16
"""Rows folded at a time: their panes (at most 16 kB a row and tier) stay in the processor's cache."""


class PaneRing:
    """The newest ``tier.panes`` panes of every row. ``head`` is the number of the newest pane."""

    def __init__(self, tier: Tier, width: int = WIDTH) -> None:
        self.tier = tier
        self.width = width
        self.head = 0
        self._pool = CellPool(tier.panes, width, np.int64)
        self.marks: NDArray[np.bool_] = np.zeros((0, tier.panes), dtype=np.bool_)
        """``[row, slot]``: which panes were added to; whoever keeps marks takes them away."""
        self._keeps_marks = False

    def keep_marks(self) -> None:
        """Mark the panes that are added to from now on."""
        self._keeps_marks = True

    def reserve(self, rows: int) -> None:
        """Make room for ``rows`` rows."""
        self._pool.reserve(rows)
        if self._keeps_marks and rows > len(self.marks):
            grown = np.zeros((rows, self.tier.panes), dtype=np.bool_)
            grown[: len(self.marks)] = self.marks
            self.marks = grown

    def advance(self, time_ms: int, rows: int) -> bool:
        """Open the pane of ``time_ms`` and forget those that fall out; return whether the head moved."""
        head = time_ms // self.tier.pane_ms
        if head <= self.head:
            return False
        panes = self.tier.panes
        if head - self.head >= panes:
            self._pool.clear_all()
            self.marks[:] = False
        else:
            first, last = (self.head + 1) % panes, head % panes
            for slots in [slice(first, last + 1)] if first <= last else [slice(first, panes), slice(0, last + 1)]:
                self._pool.clear(slots, rows)
                if self._keeps_marks:
                    self.marks[:rows, slots] = False
        self.head = head
        return True

    def add(self, rows: I64, times_ms: I64, columns: I64, amounts: I64) -> None:
        """Add amounts at their event times; those older than the ring fall away.

        ``columns`` and ``amounts`` may have a row for each of several counters of the same events, so that the place
        of an event is found once.
        """
        panes = times_ms // self.tier.pane_ms
        spots = rows * self.tier.panes + panes % self.tier.panes
        kept = panes > self.head - self.tier.panes
        if not kept.all():
            spots, columns, amounts = spots[kept], columns[..., kept], amounts[..., kept]
        if self._keeps_marks:
            self.marks.reshape(-1)[spots] = True
        places = self._pool.made(spots) * self.width + columns
        np.add.at(self._pool.cells.reshape(-1), places.reshape(-1), amounts.reshape(-1))

    def sums(self, rows: I64, panes: int) -> I64:
        """Return ``[row, counter]``: the sums of the newest ``panes`` panes of the given rows."""
        numbers = self._pool.numbers[rows]
        if panes < self.tier.panes:
            numbers = numbers[:, self.newest(panes)]
        found: I64 = self._pool.cells[numbers].sum(axis=1)
        return found

    def folded(self, rows: I64) -> I64:
        """Return ``[pane, counter]``: the panes of the given rows added up, in the order of the ring's slots."""
        folded = np.zeros((self.tier.panes, self.width), dtype=np.int64)
        for start in range(0, len(rows), _FOLDED_ROWS):
            folded += self._pool.cells[self._pool.numbers[rows[start : start + _FOLDED_ROWS]]].sum(axis=0)
        return folded

    def newest(self, panes: int) -> I64:
        """Return the slots of the newest ``panes`` panes."""
        slots: I64 = np.arange(self.head - panes + 1, self.head + 1) % self.tier.panes
        return slots

    def pane(self, slot: int, rows: int) -> I64:
        """Return ``[row, counter]`` of one slot, of the first rows."""
        found: I64 = self._pool.cells[self._pool.numbers[:rows, slot]]
        return found

    def panes_of(self, rows: I64, slots: I64) -> I64:
        """Return ``[row, slot, counter]`` of some slots of some rows."""
        found: I64 = self._pool.cells[self._pool.numbers[rows][:, slots]]
        return found

    def panes_sum(self, slots: I64, rows: int) -> I64:
        """Return ``[row, counter]``: the sums of some slots, of the first rows."""
        found: I64 = self._pool.cells[self._pool.numbers[:rows, slots]].sum(axis=1)
        return found

    def slots_in_use(self, rows: int) -> I64:
        """Return the slots in which any of the first rows has counted anything."""
        places = [slot for slot in range(self.tier.panes) if self.pane(slot, rows).any()]
        return np.array(places, dtype=np.int64)

    def held_by(self, row: int) -> tuple[I64, I64]:
        """Return the slots in which one row has counted anything, and ``[slot, counter]`` of these."""
        numbers = self._pool.numbers[row]
        slots = np.flatnonzero(numbers)
        held: I64 = self._pool.cells[numbers[slots]]
        holds = held.any(axis=1)
        return slots[holds], held[holds]

    def put(self, row: int, slots: I64, counts: I64) -> None:
        """Put ``[slot, counter]`` of one row back, at some slots."""
        self._pool.put(row * self.tier.panes + slots, counts)
