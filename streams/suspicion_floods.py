"""Floods: accounts that appear in the same seconds and look alike.

A go-live sends thousands of real people within seconds, so the rate itself proves nothing. What is tested is the
mixture: of all who entered for the first time in those seconds, how many have this shape of handle (and this text),
against the shape's share among all other entrants. The tail of that count is bounded by Chernoff's inequality for a
Poisson variable, ``log P(X >= k) <= -(k ln(k / m) - k + m)`` with the expectation ``m``; expected members are taken
off again: with 40 of a shape where 4 are expected, each is a bot with 0.9.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.suspicion_columns import I64, EntryColumns, ramp
from streams.suspicion_handles import handle_shape

F64 = NDArray[np.float64]

WINDOWS_MS: Final = (5_000, 15_000, 40_000, 90_000, 180_000)
LEAST_ACCOUNTS: Final = 6
FALSE_ALARMS: Final = 1.0
"""Expected number of groups of real people that pass the tail test in a whole campaign."""
PURITY: Final = (0.52, 0.88)
"""Share of a group that its moment does not explain."""


def floods(columns: EntryColumns, randomness: F64) -> tuple[F64, I64]:
    """Return by person: strength, and how many look-alikes came within the same window.

    Args:
        columns: the entries.
        randomness: how random each handle reads (``random_handles``); random ones are one shape.
    """
    people = columns.entrants
    strength, alike = np.zeros(people), np.zeros(people, dtype=np.int64)
    if people < LEAST_ACCOUNTS:
        return strength, alike
    first_entry = _first_entries(columns)
    at_ms = columns.at_ms[first_entry] - columns.at_ms.min()
    text = columns.text[first_entry].astype(np.int64)
    shapes: dict[str, int] = {}
    shape = np.fromiter(
        (
            shapes.setdefault("random" if random else handle_shape(handle), len(shapes))
            for handle, random in zip(columns.handles, (randomness >= 0.5).tolist(), strict=True)
        ),
        np.int64,
        people,
    )
    total = np.bincount(shape)
    for window_ms in WINDOWS_MS:
        for shift in (0, window_ms // 2):
            window = (at_ms + shift) // window_ms
            crowds = (window, window * (int(text.max()) + 1) + text)
            for crowd in crowds:
                _mark(crowd, shape, total, strength, alike)
    return strength, alike


def _first_entries(columns: EntryColumns) -> I64:
    order = np.lexsort((columns.at_ms, columns.person))
    person = columns.person[order]
    return order[np.r_[True, person[1:] != person[:-1]]]


def _mark(crowd: I64, shape: I64, total: I64, strength: F64, alike: I64) -> None:
    """Compare the shapes within each crowd with their share outside it, and raise ``strength`` of who stands out."""
    _, crowd = np.unique(crowd, return_inverse=True)
    size = np.bincount(crowd)
    _, places, cell, counts = np.unique(
        crowd.astype(np.int64) * len(total) + shape, return_index=True, return_inverse=True, return_counts=True
    )
    observed = counts.astype(np.float64)
    # The share among those who came at another time, half an account added: nothing is expected to be impossible.
    others = (total[shape[places]] - observed + 0.5) / (len(crowd) - size[crowd[places]] + 1.0)
    expected = size[crowd[places]] * others
    surprise = observed * np.log(np.maximum(observed, 1.0) / expected) - observed + expected
    passed = (observed > expected) & (counts >= LEAST_ACCOUNTS) & (surprise > np.log(len(counts) / FALSE_ALARMS))
    value = (passed * ramp(1.0 - expected / observed, *PURITY))[cell]
    better = value > strength
    strength[better] = value[better]
    alike[better] = counts[cell][better]
