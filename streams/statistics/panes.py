"""Counters in panes: the columnar state from which every rolling window is summed.

One ``PaneRing`` holds one tier for all rows (influencers) of a partition, each pane in a cell that is made when the
row first counts something in it (``streams.columns.cells``). All rows share the partition's stream time, so that a pane
is cleared for all of them at once. Events are scattered a batch at a time.
"""

import numpy as np

from streams.columns.arrays import I64
from streams.statistics.counters import WIDTH
from streams.statistics.minute_history import MinuteHistory
from streams.statistics.pane_ring import PaneRing
from streams.statistics.windows import MINUTE_TIER, TIERS, WINDOWS, Window


class PaneStore:
    """The three tiers, the lifetime totals and the history by minute of all rows of a partition.

    Args:
        keys: campaign and influencer of each row, for the history; grows with the rows.
    """

    def __init__(self, keys: list[tuple[str, str]] | None = None) -> None:
        self.rings = tuple(PaneRing(tier) for tier in TIERS)
        self.minutes = MinuteHistory(self.rings[MINUTE_TIER], [] if keys is None else keys)
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
        self.minutes.advance(time_ms, rows)
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
        self.minutes.add(rows, times_ms, columns, amounts)

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
