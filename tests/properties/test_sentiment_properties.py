"""Laws of sentiment scoring that hold for every string."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.sentiment.languages import UNREAD
from streams.sentiment.scorers import CachedScorer, TextBlobScorer
from streams.sentiment.social import load_social_scorer
from streams.sentiment.tokens import MAX_TOKENS, tokenize

WORDS = st.sampled_from(
    # A word list reads best as words.
    """
    das ist nicht schön и обман 詐欺 nada mal sick jättefin tack så mycket
    love hate not never very but scam won 😭 ❤️‍🔥 👍🏽 🔥🔥 :( :) #winner @me http://x.y !!! ... WIN soooo não 𝓁𝑜𝓋𝑒 &lt;3
    """.split()  # noqa: SIM905
)
# Any code point, lone surrogates included, and comments made of meaningful pieces.
TEXTS = st.one_of(
    st.text(st.characters(), max_size=200),
    st.text(st.characters(categories=["Cs", "Cc", "Mn", "So", "Sk", "Lo"]), max_size=60),
    st.lists(WORDS, max_size=30).map(" ".join),
    st.lists(WORDS, max_size=30).map("".join),
)
SOCIAL = load_social_scorer()
TEXTBLOB = TextBlobScorer()


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_any_string_has_a_polarity_in_range_and_outside_the_neutral_band_or_zero(text: str) -> None:
    """No string raises; a polarity is 0, that of a text which is not read, or lies beyond ±0.05."""
    polarity = SOCIAL.score(text)
    assert -1.0 <= polarity <= 1.0
    assert polarity in (0.0, UNREAD) or abs(polarity) > 0.05


@given(TEXTS)
@settings(max_examples=150, deadline=None)
def test_textblob_scores_any_string(text: str) -> None:
    """The other scorer keeps the same promise."""
    assert -1.0 <= TEXTBLOB.score(text) <= 1.0


@given(st.lists(TEXTS, max_size=12))
@settings(max_examples=100, deadline=None)
def test_alone_in_a_batch_cached_or_not_the_score_is_the_same(texts: list[str]) -> None:
    """A score depends on the text alone."""
    alone = [SOCIAL.score(text) for text in texts]
    assert SOCIAL.score_many(texts) == alone
    cached = CachedScorer(SOCIAL, capacity=4)
    assert cached.score_many(texts) == alone
    assert cached.score_many(texts) == alone


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_the_parts_of_an_explanation_sum_to_the_score(text: str) -> None:
    """Additivity is exact for every string."""
    explanation = SOCIAL.explain(text)
    assert explanation.polarity == SOCIAL.score(text)
    assert sum(part.negative for part in explanation.parts) == explanation.negative
    assert sum(part.positive for part in explanation.parts) == explanation.positive


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "a " * 50_000,
        "!" * 100_000,
        "😀" * 1_000,
        "👩‍👩‍👧‍👦" * 10_000,
        "\ud83d" * 100_000,
        "\u200d\ufe0f" * 50_000,
        "\x00\x1f" * 50_000,
        "\u202eمرحبا " * 15_000,
        "e" + "\u0301" * 100_000,
        "#" * 100_000,
        "#" + "winaway" * 15_000,
        "@" * 100_000,
        "http://" * 15_000,
        ":" * 100_000,
        ":'" * 50_000,
        "hahah" * 20_000,
        "not " * 25_000,
        "&lt;" * 25_000,
        "<" * 100_000,
        "x'" * 50_000,
        "🇫🇷" * 20_000,
    ],
    ids=lambda text: ascii(text[:8]),
)
def test_a_hundred_kilobytes_of_anything_are_scored_within_the_token_bound(text: str) -> None:
    """Time is bounded because the work is: a fixed number of tokens, whatever the text (the test run has a timeout)."""
    assert len(tokenize(text)) <= MAX_TOKENS
    assert -1.0 <= SOCIAL.score(text) <= 1.0
    assert SOCIAL.explain(text).polarity == SOCIAL.score(text)
