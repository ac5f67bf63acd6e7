"""What is remembered of a comment beside its id: its newest version, in 64 bits, so that an edit can replace it.

A version is event time, class and polarity, from the highest bits to the lowest: the larger of two is the newer, and of
two at one time the one that is not read, or else the one with the larger polarity, whichever came first.
"""

from typing import Final, NamedTuple

import numpy as np

from streams.columns.arrays import I64, U64
from streams.events.decode import EARLIEST_EVENT_MS

_POLARITY_BITS: Final = 21
_TIME_SHIFT: Final = _POLARITY_BITS + 2
_OFFSET: Final = 1_000_001
"""Polarities are -1,000,000 to 1,000,000 millionths; no version is 0."""


class Known(NamedTuple):
    """What counts of a comment: when it was made (the time of its oldest version), and its newest version."""

    first_ms: int
    newest: int

    @property
    def class_index(self) -> int:
        """0 for negative, 1 for neutral, 2 for positive, 3 for not read."""
        return (self.newest >> _POLARITY_BITS) & 3

    @property
    def micros(self) -> int:
        """Polarity in millionths."""
        return (self.newest & ((1 << _POLARITY_BITS) - 1)) - _OFFSET


def pack_versions(times_ms: I64, classes: I64, micros: I64) -> U64:
    """Return the versions of comments; times are not before 2000 and before 2069."""
    packed: I64 = ((times_ms - EARLIEST_EVENT_MS) << _TIME_SHIFT) | (classes << _POLARITY_BITS) | (micros + _OFFSET)
    return packed.astype(np.uint64)


def time_of(version: int) -> int:
    """Return the event time of a version."""
    return (version >> _TIME_SHIFT) + EARLIEST_EVENT_MS
