"""People who are refused, once and for all: their account bore an excluded handle or that of a past winner.

Which people these are is a function of the set of comments that are not forgotten, not of their order.
"""

from collections.abc import Mapping

import numpy as np

from streams.columns.arrays import I64, U16, U64
from streams.columns.idmap import IdMap
from streams.giveaway.entry_columns import Refusals


class RefusedPeople:
    """The refused people of one giveaway, and why."""

    def __init__(self) -> None:
        self._latest_ms: dict[int, dict[int, int]] = {}
        """By person hash, and by the bit of each reason: when the newest comment was made that shows it."""
        self._hashes: U64 = np.zeros(0, dtype=np.uint64)
        self._reasons: U16 = np.zeros(0, dtype=np.uint16)
        self._is_stale = False

    def __bool__(self) -> bool:
        """Whether anybody is, or was before being forgotten."""
        return bool(self._latest_ms)

    def put(self, refusals: Refusals, forgotten: Mapping[int, int]) -> None:
        """Take what comments show; ``forgotten`` says of people until when their comments do not count."""
        for person, mask, at_ms in zip(*(column.tolist() for column in refusals), strict=True):
            if at_ms <= forgotten.get(person, -1):
                continue
            known = self._latest_ms.setdefault(person, {})
            left = mask
            while left:
                bit = left & -left
                left ^= bit
                self._is_stale |= bit not in known
                known[bit] = max(at_ms, known.get(bit, at_ms))

    def forget(self, person: int, until_ms: int) -> None:
        """Drop what comments up to a moment have shown."""
        known = self._latest_ms.get(person)
        if known is not None:
            self._latest_ms[person] = {bit: at_ms for bit, at_ms in known.items() if at_ms > until_ms}
            self._is_stale = True

    def reasons_of(self, numbers: IdMap) -> tuple[I64, U16]:
        """Return those who have a number, by it, and their reasons as masks."""
        if self._is_stale:
            self._is_stale = False
            self._hashes = np.array(list(self._latest_ms), dtype=np.uint64)
            self._reasons = np.array([sum(bits) for bits in self._latest_ms.values()], dtype=np.uint16)
        found = numbers.find(self._hashes)
        return found[found >= 0], self._reasons[found >= 0]
