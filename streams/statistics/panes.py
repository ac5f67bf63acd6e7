"""Counters in panes: the columnar state from which every rolling window is summed.

One ``PaneRing`` holds one tier for all rows (influencers) of a partition, each pane in a cell that is made when the
row first counts something in it (``streams.columns.cells``). All rows share the partition's stream time, so that a pane
is cleared for all of them at once. Events are scattered a batch at a time.
"""

from typing import Final

import numpy as np

from streams.columns.arrays import I64
from streams.columns.cells import CellPool
from streams.statistics.counters import WIDTH
from streams.statistics.windows import TIERS, WINDOWS, Tier, Window

_FOLDED_ROWS: Final = 16
"""Rows folded at a time: their panes (at most 16 kB a row and tier) stay in the processor's cache."""


class PaneRing:
    """The newest ``tier.panes`` panes of every row. ``head`` is the number of the newest pane."""

    def __init__(self, tier: Tier, width: int = WIDTH) -> None:
        self.tier = tier
        self.width = width
        self.head = 0
        self._pool = CellPool(tier.panes, width, np.int64)

    def reserve(self, rows: int) -> None:
        """Make room for ``rows`` rows."""
        self._pool.reserve(rows)

    def advance(self, time_ms: int, rows: int) -> bool:
        """Open the pane of ``time_ms`` and forget those that fall out; return whether the head moved."""
        head = time_ms // self.tier.pane_ms
        if head <= self.head:
            return False
        panes = self.tier.panes
        if head - self.head >= panes:
            self._pool.clear_all()
        else:
            first, last = (self.head + 1) % panes, head % panes
            if first <= last:
                self._pool.clear(slice(first, last + 1), rows)
            else:
                self._pool.clear(slice(first, panes), rows)
                self._pool.clear(slice(0, last + 1), rows)
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


class PaneStore:
    """The three tiers and the lifetime totals of all rows of a partition."""

    def __init__(self) -> None:
        self.rings = tuple(PaneRing(tier) for tier in TIERS)
        self.totals: I64 = np.zeros((0, WIDTH), dtype=np.int64)

    def reserve(self, rows: int) -> None:
        """Make room for ``rows`` rows."""
        for ring in self.rings:
            ring.reserve(rows)
        if rows > len(self.totals):
            grown = np.zeros((rows, WIDTH), dtype=np.int64)
            grown[: len(self.totals)] = self.totals
            self.totals = grown

    def advance(self, time_ms: int, rows: int) -> bool:
        """Move every tier to ``time_ms``; return whether the finest pane changed."""
        moved = [ring.advance(time_ms, rows) for ring in self.rings]
        return moved[0]

    def add(self, rows: I64, times_ms: I64, columns: I64, amounts: I64) -> None:
        """Add amounts to the totals and to the panes of their event times; see ``PaneRing.add`` for several."""
        self.add_to_totals(rows, columns, amounts)
        self.add_to_panes(rows, times_ms, columns, amounts)

    def add_to_panes(self, rows: I64, times_ms: I64, columns: I64, amounts: I64) -> None:
        """Add amounts to the panes only, not to the totals."""
        for ring in self.rings:
            ring.add(rows, times_ms, columns, amounts)

    def add_to_totals(self, rows: I64, columns: I64, amounts: I64) -> None:
        """Add amounts to the totals only."""
        np.add.at(self.totals.reshape(-1), (rows * WIDTH + columns).reshape(-1), amounts.reshape(-1))

    def window_sums(self, rows: I64) -> I64:
        """Return ``[row, window, counter]``: every rolling window and, last, the lifetime totals."""
        sums = np.empty((len(rows), len(WINDOWS) + 1, WIDTH), dtype=np.int64)
        for index, window in enumerate(WINDOWS):
            sums[:, index] = self.window_sum(rows, window)
        sums[:, -1] = self.totals[rows]
        return sums

    def folded_sums(self, rows: I64) -> I64:
        """Return ``[window, counter]``: like ``window_sums``, added up over the rows; every pane is read once."""
        sums = np.empty((len(WINDOWS) + 1, WIDTH), dtype=np.int64)
        folded = [ring.folded(rows) for ring in self.rings]
        for index, window in enumerate(WINDOWS):
            slots = self.rings[window.tier].newest(window.panes)
            sums[index] = folded[window.tier][slots].sum(axis=0)
        sums[-1] = self.totals[rows].sum(axis=0)
        return sums

    def window_sum(self, rows: I64, window: Window) -> I64:
        """Return ``[row, counter]`` of one rolling window."""
        return self.rings[window.tier].sums(rows, window.panes)
