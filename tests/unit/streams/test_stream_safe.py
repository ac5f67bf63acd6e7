"""Stream-safe text: UAX #15, section 13."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.comparison import comparable
from streams.stream_safe import MOST_NON_STARTERS, NON_STARTERS, stream_safe

ACUTE, IOTA, OVERLAY = "\u0301", "\u0345", "\u0334"


def longest_run(text: str) -> int:
    """The longest run of non-starters of a text in NFKD."""
    longest = run = 0
    for char in unicodedata.normalize("NFKD", text):
        run = run + 1 if unicodedata.combining(char) else 0
        longest = max(longest, run)
    return longest


def test_every_non_starter_is_known() -> None:
    """Of all code points, those whose decomposition begins with a combining class other than 0, and no other."""
    found = {
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if unicodedata.combining(unicodedata.normalize("NFKD", char)[0])
    }
    assert found == NON_STARTERS


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a" + ACUTE * 30, 30),
        ("a" + ACUTE * 31, 30),
        # The letter brings one of its own.
        ("á" + ACUTE * 40, 29),
        # Each of these decomposes into two.
        ("a" + "\u0344" * 40, 15),
        # Half-width marks of Katakana: starters, until they are normalised.
        ("ｶ" + "\uff9e" * 40, 30),
    ],
)
def test_the_first_thirty_stay(text: str, kept: int) -> None:
    """A run is counted as it will be when it is normalised."""
    assert stream_safe(text) == text[: 1 + kept]
    assert stream_safe(text + "b" + ACUTE) == text[: 1 + kept] + "b" + ACUTE


@given(st.text(st.sampled_from([*"aáᾂ中👩 ", ACUTE, IOTA, OVERLAY, "\u0344", "\u0f73", "\uff9e"]), max_size=200))
def test_no_run_is_longer_whatever_stands_between(text: str) -> None:
    """The definition of the format; what is in it already stays as it is."""
    safe = stream_safe(text)
    assert longest_run(safe) <= MOST_NON_STARTERS
    assert stream_safe(safe) == safe
    if longest_run(text) <= MOST_NON_STARTERS:
        assert safe == text


def test_marks_with_something_unseen_between_them_are_one_run() -> None:
    """What is taken out before a text is normalised does not hide how long a run is."""
    assert comparable("a" + (ACUTE * 10 + "\u200b") * 2_000) == comparable("a" + ACUTE * 30)
