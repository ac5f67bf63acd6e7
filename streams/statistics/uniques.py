"""Distinct people, estimated: HyperLogLog for lifetimes, and for every rolling window at once.

HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007): a hash chooses one of m registers and has a rank (position of
its first set bit); a register keeps the largest rank. For rolling windows each register keeps, for every rank, the
last pane in which that rank was seen (after Sliding HyperLogLog, Chabchoub and Hebrail 2010): the register's value
for a window is the largest rank seen since the window began. Both are maxima, so arrival order cannot matter, an
event added twice changes nothing, and sketches merge by maximum. Standard error 1.04 / sqrt(1024) = 3.25 %.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.columns.arrays import I64, U8, U16, U64
from streams.columns.cells import CellPool
from streams.statistics.windows import FINEST_MS, LONGEST_MS, WINDOWS, window_start_ms

REGISTERS: Final = 1024
RANKS: Final = 24
STANDARD_ERROR: Final = 1.04 / REGISTERS**0.5
_ALPHA: Final = 0.7213 / (1 + 1.079 / REGISTERS)
_PANES_KEPT: Final = LONGEST_MS // FINEST_MS + 1
_REBASE_AT: Final = 60_000
_POWERS: Final = 0.5 ** np.arange(RANKS + 1)
_COUNTED_ROWS: Final = 16
"""Rows counted at a time: their last panes (at most 48 kB a row) stay in the processor's cache."""


def places_of(hashes: U64) -> tuple[I64, I64]:
    """Return for each hash its register (0..1023) and its rank (1..24)."""
    registers = (hashes & np.uint64(REGISTERS - 1)).astype(np.int64)
    rest = (hashes >> np.uint64(10)) | np.uint64(1 << (RANKS - 1))  # the guard bit caps the rank
    lowest = rest & (~rest + np.uint64(1))
    return registers, np.log2(lowest.astype(np.float64)).astype(np.int64) + 1


def estimates(histograms: I64) -> I64:
    """Return numbers of distinct hashes, estimated from histograms ``[..., rank]`` of registers (0 = never seen)."""
    raw = _ALPHA * REGISTERS * REGISTERS / (histograms * _POWERS).sum(axis=-1)
    empty = histograms[..., 0]
    linear = REGISTERS * np.log(REGISTERS / np.maximum(empty, 1))
    return np.rint(np.where((raw <= 2.5 * REGISTERS) & (empty > 0), linear, raw)).astype(np.int64)


class UniqueStore:
    """The sketches of all rows of a partition.

    For each ``[row, rank - 1]`` that was seen there is a cell of the registers' last panes (5 s) of that rank, counted
    from ``base``; 0 is never.
    """

    def __init__(self) -> None:
        self.base = 0
        self._last_seen = CellPool(RANKS, REGISTERS, np.uint16)
        self.lifetime: U8 = np.zeros((0, REGISTERS), dtype=np.uint8)

    def reserve(self, rows: int) -> None:
        """Make room for ``rows`` rows."""
        if rows > len(self.lifetime):
            self._last_seen.reserve(rows)
            lifetime = np.zeros((rows, REGISTERS), dtype=np.uint8)
            lifetime[: len(self.lifetime)] = self.lifetime
            self.lifetime = lifetime

    def advance(self, time_ms: int) -> None:
        """Keep the panes of the longest window before ``time_ms`` representable in 16 bits."""
        pane = time_ms // FINEST_MS
        if pane - self.base <= _REBASE_AT:
            return
        base = pane - _PANES_KEPT - 1
        shift = base - self.base
        held = self._last_seen.cells[: self._last_seen.used]
        if shift > _REBASE_AT:
            held[:] = 0
        else:
            np.maximum(held, shift, out=held)
            held -= np.uint16(shift)
        self.base = base

    def add(self, rows: I64, times_ms: I64, hashes: U64) -> None:
        """Add people (hashes) at event times. ``advance`` to the newest time first."""
        registers, ranks = places_of(hashes)
        np.maximum.at(self.lifetime.reshape(-1), rows * REGISTERS + registers, ranks.astype(np.uint8))
        seen = times_ms // FINEST_MS - self.base
        kept = seen > 0
        cells = self._last_seen.made((rows * RANKS + ranks - 1)[kept])
        places = cells * REGISTERS + registers[kept]
        np.maximum.at(self._last_seen.cells.reshape(-1), places, seen[kept].astype(np.uint16))

    def seen_by(self, row: int, top: int) -> U16:
        """Return ``[rank - 1, register]`` of one row, of the ranks up to ``top``: the last pane; 0 for never."""
        found: U16 = self._last_seen.cells[self._last_seen.numbers[row, :top]]
        return found

    def put_seen(self, row: int, places: I64, panes: U16) -> None:
        """Put last panes of one row back, at places in ``[rank - 1, register]``."""
        ranks, registers = np.divmod(places, REGISTERS)
        numbers = self._last_seen.made(row * RANKS + ranks)  # first: it may put the cells elsewhere
        self._last_seen.cells[numbers, registers] = panes

    def window_registers(self, row: int, as_of_ms: int) -> U8:
        """Return ``[window, register]``: the register values of every rolling window and, last, the lifetime."""
        registers = np.zeros((len(WINDOWS) + 1, REGISTERS), dtype=np.uint8)
        registers[-1] = self.lifetime[row]
        top = int(registers[-1].max())
        if not top:
            return registers
        # As many of these as lie in a window, so high is the highest rank in it.
        seen = self._seen_since(np.array([row]), top)[0]
        for index, start in enumerate(self._starts(as_of_ms)):
            np.add.reduce((seen >= start).view(np.uint8), axis=0, out=registers[index])
        return registers

    def counts(self, rows: I64, as_of_ms: int) -> I64:
        """Return ``[row, window]``: the estimates of ``window_registers``, without these and a third as dear."""
        counts = np.zeros((len(rows), len(WINDOWS) + 1), dtype=np.int64)
        for start in range(0, len(rows), _COUNTED_ROWS):
            some = slice(start, start + _COUNTED_ROWS)
            counts[some] = self._counts(rows[some], as_of_ms)
        return counts

    def _counts(self, rows: I64, as_of_ms: int) -> I64:
        lifetime = self.lifetime[rows]
        top = int(lifetime.max())
        at_least = np.zeros((len(rows), len(WINDOWS) + 1, RANKS + 2), dtype=np.int64)
        at_least[..., 0] = REGISTERS
        if top:
            seen = self._seen_since(rows, top)
            for index, start in enumerate(self._starts(as_of_ms)):
                at_least[:, index, 1 : top + 1] = _trues(seen >= start)
            ranks = np.arange(1, top + 1, dtype=np.uint8)
            at_least[:, -1, 1 : top + 1] = _trues(lifetime[:, None, :] >= ranks[:, None])
        return estimates(at_least[..., :-1] - at_least[..., 1:])

    def _seen_since(self, rows: I64, top: int) -> U16:
        """Return ``[row, rank - 1, register]``: when a rank or a higher one was seen last; 0 for never."""
        seen: U16 = self._last_seen.cells[self._last_seen.numbers[rows, :top]]
        # Rank by rank: ``maximum.accumulate`` along this axis takes five times as long.
        for rank in range(top - 1, 0, -1):
            np.maximum(seen[:, rank - 1], seen[:, rank], out=seen[:, rank - 1])
        return seen

    def _starts(self, as_of_ms: int) -> list[int]:
        """Return the first pane of each rolling window, as panes are counted here."""
        return [max(window_start_ms(window, as_of_ms) // FINEST_MS - self.base, 1) for window in WINDOWS]


def _trues(flags: NDArray[np.bool_]) -> I64:
    """Return how many of the last axis are true, of ``REGISTERS``: eight at once, each in a byte of its own."""
    bytes_of_sums = np.add.reduce(flags.view(np.uint64), axis=-1).view(np.uint8)
    found: I64 = bytes_of_sums.reshape(*flags.shape[:-1], 8).sum(axis=-1, dtype=np.int64)
    return found
