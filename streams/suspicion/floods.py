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

from streams.columns.arrays import F64, I64
from streams.suspicion.comment_columns import CommentColumns, ramp
from streams.suspicion.handles import handle_shape

WINDOWS_MS: Final = (5_000, 15_000, 40_000, 90_000, 180_000)
LEAST_ACCOUNTS: Final = 6
FALSE_ALARMS: Final = 1.0
"""Expected number of groups of real people that pass the tail test in a whole campaign."""
ROUNDS: Final = 2
"""In the second round, who was marked in the first no longer makes a shape look usual."""
_MARKED: Final = 0.5
PURITY: Final = (0.58, 0.92)
"""Share of a group that its moment does not explain."""


def floods(columns: CommentColumns, randomness: F64) -> tuple[F64, I64]:
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
    crowds = []
    for window_ms in WINDOWS_MS:
        for shift in (0, window_ms // 2):
            window = (at_ms + shift) // window_ms
            crowds += [window, window * (int(text.max()) + 1) + text]
    usual = np.ones(people, dtype=bool)
    for _ in range(ROUNDS):
        for crowd in crowds:
            _mark(crowd, shape, usual, strength, alike)
        usual = strength < _MARKED
    return strength, alike


def _first_entries(columns: CommentColumns) -> I64:
    order = np.lexsort((columns.at_ms, columns.person))
    person = columns.person[order]
    return order[np.r_[True, person[1:] != person[:-1]]]


def _mark(crowd: I64, shape: I64, usual: NDArray[np.bool_], strength: F64, alike: I64) -> None:
    """Compare the shapes within each crowd with their share outside it, and raise ``strength`` of who stands out."""
    _, crowd = np.unique(crowd, return_inverse=True)
    size, usual_size = np.bincount(crowd), np.bincount(crowd, weights=usual)
    _, places, cell, counts = np.unique(
        crowd.astype(np.int64) * (int(shape.max()) + 1) + shape,
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    observed = counts.astype(np.float64)
    total = np.bincount(shape, weights=usual)[shape[places]] - np.bincount(cell, weights=usual)
    # The share among those who came at another time, half an account added: nothing is expected to be impossible.
    share = (total + 0.5) / (usual_size.sum() - usual_size[crowd[places]] + 1.0)
    expected = size[crowd[places]] * share
    surprise = observed * np.log(observed / expected) - observed + expected
    passed = (observed > expected) & (counts >= LEAST_ACCOUNTS) & (surprise > np.log(len(counts) / FALSE_ALARMS))
    value = (passed * ramp(1.0 - expected / observed, *PURITY))[cell]
    better = value > strength
    strength[better] = value[better]
    alike[better] = counts[cell][better]
