"""Texts that somebody writes who wants a worker to stand still: shapes that repeat, of any length."""

import time
from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st

LONGEST: Final = 20_000
"""The longest text of an event (``docs/events.md``)."""
_PIECES: Final = (
    # Marks out of order, half-width ones, ones that are two; joiners, flags, tags, skin tones, keycaps, selectors.
    "\u0345", "\u0334", "\u0301", "\uff9e", "\u0344", "\u0f73", "👩\u200d", "\u200d", "🇩", "🏴", "\U000e0067",
    "👍🏽", "1\u20e3", "❤\ufe0f", "\u200b", "\ufdfa",
    # What mentions, hashtags, mail and pages begin with and go on with.
    "@", "#", "@a", "#a", "@ä", "#\u0301", "www.", "http://", "://", "/", ".com/", "a.", "-", "a@b.", "a@b.c ", "·",
    # Quotes and brackets, escapes, emoticons, digits, blanks.
    '"', "'", "(", ")", ",", "&amp;", "&#39;", "\\u0041", "\\u", "%25", ":)", "[:", "<", "!?", "1", "1,", " ", "\n",
    # Letters: alone, of other scripts, decomposed, in words.
    "_", "a", "ab", "A", "ß", "ά", "я", "أ", "中", "ก", "か\u3099", "\u1100", "가", "RT @", "hello ", "soooo ",
)  # fmt: skip
_BEGINNINGS: Final = ("", "a", "@", "#", "🏴", "/ http://", "/ www.", "/ a", "x@")
_ENDS: Final = ("", "@", "#", "é", "/", ".com/")


def shape(pieces: list[str], beginning: str, end: str) -> Callable[[int], str]:
    """Return what makes the text of a length: pieces in turn, between a beginning and an end."""

    def repeated(length: int) -> str:
        unit = "".join(pieces)
        return (beginning + unit * (length // len(unit)))[: length - len(end)] + end

    return repeated


def in_halves(first: str, second: str) -> Callable[[int], str]:
    """Return what makes a text of two runs: of marks, the later ones belong before the earlier."""
    return lambda length: "a" + first * ((length - 1) // 2 // len(first)) + second * ((length - 1) // 2 // len(second))


SHAPES: Final = st.one_of(
    st.builds(
        shape,
        st.lists(st.sampled_from(_PIECES), min_size=1, max_size=3),
        st.sampled_from(_BEGINNINGS),
        st.sampled_from(_ENDS),
    ),
    st.builds(in_halves, st.sampled_from(_PIECES), st.sampled_from(_PIECES)),
)

WORST: Final = {
    "marks out of order": in_halves("\u0345", "\u0334"),
    "marks with something unseen between": shape(["\u0345", "\u200b", "\u0334"], "a", ""),
    "quotes behind a scheme": shape(['"', "'"], "/ http://", ""),
    "quotes and a mention behind a scheme": shape(['"', "'"], "/ http://", "@"),
    "schemes that are none": shape(["a."], "/ ", ""),
    "hosts that are none": shape(["www."], "/ a", "@"),
    "tags of a flag": shape(["\U000e0067"], "🏴", ""),
    "one letter that is a phrase": shape(["\ufdfa"], "", ""),
    "hashtags of a mark": shape(["#\u0301"], "", ""),
    "mentions": shape(["@ä"], "", ""),
    "mailboxes": shape(["a@b."], "", ""),
    "schemes": shape(["http://"], "", "@"),
    "arguments": shape(["ab="], "", ""),
    "families": shape(["👩\u200d"], "", ""),
}
"""What was quadratic, or cost most, when it was looked for."""


def growth(work: Callable[[str], object], make: Callable[[int], str], length: int, rounds: int = 3) -> float:
    """Return how many times as long four times the text takes: 4 when linear, 16 when quadratic.

    The best of several rounds, by the clock of the processor. What takes less than a millisecond cannot be told, and
    is 0.
    """
    long = _best(work, make(length), rounds)
    if long < 0.001:
        return 0.0
    short = _best(work, make(length // 4), rounds)
    return long / max(short, 1e-6)


def _best(work: Callable[[str], object], text: str, rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        begun = time.thread_time()
        work(text)
        best = min(best, time.thread_time() - begun)
    return best
