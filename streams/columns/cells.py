"""Cells of numbers that are made when they are needed: ``[row, place]`` leads to one, or to nothing.

Rows of a full table cost as much whether they are used or not. Here a row costs four bytes a place, and a cell of
``width`` numbers for each place that holds anything; so somebody with a single event costs next to nothing.
"""

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from streams.columns.arrays import I32, I64

Number = TypeVar("Number", np.int64, np.uint16)
_SPARE_CELLS = 64


class CellPool(Generic[Number]):
    """The cells of all rows.

    Args:
        places: places of a row.
        width: numbers of a cell.
        dtype: their type.
    """

    def __init__(self, places: int, width: int, dtype: type[Number]) -> None:
        self.places = places
        self.width = width
        self.cells: NDArray[Number] = np.zeros((_SPARE_CELLS, width), dtype=dtype)
        """All cells. Cell 0 is what is read where nothing is: it stays zero."""
        self.numbers: I32 = np.zeros((0, places), dtype=np.int32)
        """The cell of each ``[row, place]``; 0 for none."""
        self.used = 1
        """Cells that were ever made, number 0 among them."""
        self._free: list[I32] = []

    def reserve(self, rows: int) -> None:
        """Make room for ``rows`` rows."""
        if rows > len(self.numbers):
            grown = np.zeros((rows, self.places), dtype=np.int32)
            grown[: len(self.numbers)] = self.numbers
            self.numbers = grown

    def made(self, spots: I64) -> I64:
        """Return the cells at some spots (``row * places + place``), made where there were none.

        ``cells`` may be another array afterwards.
        """
        by_spot = self.numbers.reshape(-1)
        found = by_spot[spots]
        if not found.all():
            missing = spots[found == 0]
            # Of places of one spot the one that is written last speaks for it: sorting all takes five times as long.
            places = np.arange(len(missing), dtype=np.int32)
            by_spot[missing] = places
            missing = np.sort(missing[by_spot[missing] == places])
            by_spot[missing] = self._take(len(missing))
            found = by_spot[spots]
        return found.astype(np.int64)

    def put(self, spots: I64, values: NDArray[np.integer]) -> None:
        """Set the numbers of the cells at some spots: ``[spot, width]``."""
        numbers = self.made(spots)  # first: it may put the cells elsewhere
        self.cells[numbers] = values

    def _take(self, count: int) -> I32:
        """Return that many cells that hold nothing."""
        taken: list[I32] = []
        while count and self._free:
            free = self._free.pop()
            if len(free) > count:
                self._free.append(free[count:])
                free = free[:count]
            taken.append(free)
            count -= len(free)
        if self.used + count > len(self.cells):
            grown = np.zeros((max(2 * len(self.cells), self.used + count), self.width), dtype=self.cells.dtype)
            grown[: self.used] = self.cells[: self.used]
            self.cells = grown
        taken.append(np.arange(self.used, self.used + count, dtype=np.int32))
        self.used += count
        return np.concatenate(taken)

    def clear(self, places: slice, rows: int) -> None:
        """Empty some places of the first rows; their cells may be used again."""
        held = self.numbers[:rows, places]
        if held.any():
            gone = held[held > 0]
            self.cells[gone] = 0
            held[:] = 0
            self._free.append(gone)

    def clear_all(self) -> None:
        """Empty every place of every row."""
        self.numbers[:] = 0
        self.cells[: self.used] = 0
        self.used = 1
        self._free.clear()
