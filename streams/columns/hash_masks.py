"""Masks by hash, for few hashes and many questions."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from streams.columns.arrays import I64, U16, U64

_LOW: Final = np.uint64(0xFFFF)


class HashMasks:
    """Finds the few among many hashes that have a mask.

    A table of 65,536 bits, by the lowest bits of a hash, leaves hardly any that must be searched for: 3 ns each
    instead of 20.

    Args:
        masks: the mask of each hash.
    """

    def __init__(self, masks: Mapping[int, int]) -> None:
        self._hashes: U64 = np.array(sorted(masks), dtype=np.uint64)
        self._masks: U16 = np.array([masks[each] for each in sorted(masks)], dtype=np.uint16)
        self._may_be = np.zeros(int(_LOW) + 1, dtype=np.bool_)
        self._may_be[(self._hashes & _LOW).view(np.int64)] = True

    def places(self, hashes: U64) -> tuple[I64, U16]:
        """Return the places of hashes that have a mask, and these masks."""
        places = np.flatnonzero(self._may_be[(hashes & _LOW).view(np.int64)])
        if not len(places):
            return places, np.zeros(0, dtype=np.uint16)
        known = np.minimum(np.searchsorted(self._hashes, hashes[places]), len(self._hashes) - 1)
        equal = self._hashes[known] == hashes[places]
        return places[equal], self._masks[known[equal]]

    def add_to(self, masks: U16, hashes: U64) -> None:
        """Set in each mask the bits of its hash."""
        places, own = self.places(hashes)
        masks[places] |= own
