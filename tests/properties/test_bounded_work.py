"""A text of any shape costs work in proportion to its length, wherever texts of strangers are read."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.secrets import masked, masked_value
from agents.terminal import visible, visible_json
from streams.alerts.keywords import words_of
from streams.comparison import MOST_CHARACTERS, comparable, unaccented
from streams.ledger.comment_texts import MOST_HASHTAGS, MOST_MENTIONS, read_text
from streams.ledger.forgetting import without_people
from streams.ledger.platform_rules import WIDE
from streams.ledger.subjects import Asked, Subject
from streams.sentiment.social import load_social_scorer
from streams.stream_safe import MOST_NON_STARTERS
from streams.suspicion.comment_columns import view_of
from tests.properties.hostile_shapes import LONGEST, SHAPES, WORST, growth
from tests.unit.ledgers import block, book, comment

MOST_GROWTH = 8.0
"""Half-way, in powers of two, between linear and quadratic."""
SOCIAL = load_social_scorer()
BOOK = book(
    friends=1,
    hashtags=["win"],
    keywords=["please"],
    answers=["blue ❤"],
    forbidden_words=["spam"],
    min_words=2,
    ignore_accents=True,
)


_LEO = Subject(Asked("leo"), frozenset(), frozenset({"leo"}))


def forget(text: str) -> object:
    """Take a person out of a block that has the text."""
    return without_people(block(comment(1, "noa", text)), {1}, _LEO, "gone0", words=True)


READERS: dict[str, Callable[[str], object]] = {
    "sentiment": SOCIAL.score,
    "words of alerts": words_of,
    "suspicion": lambda text: view_of("1", "mia", 1, text, "instagram"),
    "forget": forget,
    "secrets in messages": masked,
    "secrets in values": masked_value,
    "terminal": visible,
    "JSON on a terminal": visible_json,
    **{f"rules on {name or 'others'}": BOOK.on(name).read for name in ("", "instagram", "x", "youtube")},
}


@pytest.mark.parametrize("name", WORST)
@pytest.mark.parametrize("reader", READERS)
def test_what_was_worst_grows_with_its_length(reader: str, name: str) -> None:
    """Four times the text, at most eight times the time."""
    assert any(growth(READERS[reader], WORST[name], LONGEST) <= MOST_GROWTH for _ in range(3))


@pytest.mark.parametrize("reader", READERS)
@given(make=SHAPES)
@settings(max_examples=15)
def test_any_shape_grows_with_its_length(reader: str, make: Callable[[int], str]) -> None:
    """Whatever is repeated, behind whatever it begins with."""
    # A machine that is busy with something else may disturb one measurement, but not three.
    assert any(growth(READERS[reader], make, LONGEST) <= MOST_GROWTH for _ in range(3))


@given(make=SHAPES, length=st.integers(1, LONGEST))
def test_what_is_compared_is_bounded(make: Callable[[int], str], length: int) -> None:
    """In characters, and in marks in a row; so are the mentions and hashtags that are read."""
    text = comparable(make(length))
    assert len(text) <= MOST_CHARACTERS
    run = longest = 0
    for char in unicodedata.normalize("NFD", text):
        run = run + 1 if unicodedata.combining(char) else 0
        longest = max(longest, run)
    assert longest <= MOST_NON_STARTERS + 3  # What folding a letter's case adds to its own marks.
    assert len(unaccented(text)) <= 2 * MOST_CHARACTERS
    reading = read_text(make(length), WIDE)
    assert len(reading.mentions) <= MOST_MENTIONS
    assert len(reading.hashtags) <= 2 * MOST_HASHTAGS
