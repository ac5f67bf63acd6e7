"""Which rows of a partition have to be shown again: by events, or because panes have left a window."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from streams.columns.arrays import I64
from streams.statistics.counters import WIDTH
from streams.statistics.influencers import InfluencerStore
from streams.statistics.windows import WINDOWS

_CHUNK_ROWS: Final = 512
"""Rows summed at a time: 512 rows of panes are 18 MB."""


class ShownRows:
    """What was shown of the rows of a store, and what was touched since.

    Args:
        store: has the rows.
    """

    def __init__(self, store: InfluencerStore) -> None:
        self._store = store
        self._touched: set[int] = set()
        self._unseen: set[int] = set()
        self._shown: I64 = np.zeros((0, len(WINDOWS), WIDTH), dtype=np.int64)
        self._shown_pane = -1
        self._unlike_shown: set[int] = set()

    def touch(self, rows: Iterable[int]) -> None:
        """Have some rows shown again."""
        some = tuple(rows)
        self._touched.update(some)
        self._unseen.update(some)

    def touch_all(self) -> None:
        """Have every row shown again."""
        self._touched.update(range(len(self._store)))

    def take_unseen(self) -> list[int]:
        """Return the rows that were touched since last asked, for this or for ``take_changed``, which has them too."""
        unseen, self._unseen = self._unseen, set()
        return sorted(unseen)

    def take_changed(self) -> list[int]:
        """Return the rows whose numbers changed since last asked."""
        store = self._store
        pane = store.panes.rings[0].head
        if pane != self._shown_pane:
            self._shown_pane = pane
            shown = np.zeros((len(store), len(WINDOWS), WIDTH), dtype=np.int64)
            for start in range(0, len(store), _CHUNK_ROWS):
                rows = np.arange(start, min(start + _CHUNK_ROWS, len(store)))
                shown[rows] = store.panes.window_sums(rows)[:, : len(WINDOWS)]
            known = len(self._shown)
            moved = (shown[:known] != self._shown).any(axis=(1, 2))
            self._touched.update(np.flatnonzero(moved).tolist())
            self._shown = shown
            # A late event may enter and leave a window between two looks: the sums look unmoved, but it was shown.
            self._touched |= self._unlike_shown
            self._unlike_shown = set()
        else:
            self._unlike_shown |= self._touched
        changed, self._touched = self._touched, set()
        self._unseen = set()
        return sorted(changed)
