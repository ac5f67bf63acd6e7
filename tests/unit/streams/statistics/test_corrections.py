"""What is shown where platforms took back more than they added."""

import numpy as np

from streams.statistics.corrections import shown
from streams.statistics.counters import COLUMN, WIDTH


def sums(**counts: int) -> np.ndarray:
    """Counters of one window."""
    made = np.zeros(WIDTH, dtype=np.int64)
    for name, count in counts.items():
        made[COLUMN[name]] = count
    return made


def test_what_was_taken_back_is_apart_and_positive() -> None:
    """Counters below 0 are shown as 0; the corrections are the sum of what they lack."""
    visible, corrections = shown(np.array([sums(views=-487, likes=-3, reach=20, comments=5), sums(views=9)]))
    assert visible.tolist() == [sums(reach=20, comments=5).tolist(), sums(views=9).tolist()]
    assert corrections.tolist() == [490, 0]


def test_polarity_keeps_its_sign() -> None:
    """The sum of polarities of angry comments is no correction."""
    angry = sums(sentiment_negative=1, sentiment_micros=-900_000)
    visible, corrections = shown(angry)
    assert (visible.tolist(), int(corrections)) == (angry.tolist(), 0)
