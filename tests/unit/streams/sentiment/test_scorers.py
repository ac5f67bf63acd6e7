"""Scorers behind the protocol: classes of a polarity, TextBlob, the cache, and the choice by name."""

import pytest

from streams.sentiment.scorers import (
    NEGATIVE_THRESHOLD,
    POSITIVE_THRESHOLD,
    CachedScorer,
    TextBlobScorer,
    classify,
    default_scorer,
    make_scorer,
)


class CountingScorer:
    """Scores a text by its length and remembers what it was asked."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def score(self, text: str) -> float:
        """The batch of one."""
        return self.score_many([text])[0]

    def score_many(self, texts: list[str]) -> list[float]:
        """A hundredth a character."""
        self.batches.append(list(texts))
        return [len(text) / 100 for text in texts]


@pytest.mark.parametrize(
    ("polarity", "expected"),
    [
        (1.0, "positive"),
        (0.0501, "positive"),
        (POSITIVE_THRESHOLD, "neutral"),
        (0.0, "neutral"),
        (NEGATIVE_THRESHOLD, "neutral"),
        (-0.0501, "negative"),
        (-1.0, "negative"),
    ],
)
def test_classes_begin_strictly_beyond_the_thresholds(polarity: float, expected: str) -> None:
    """A polarity exactly on a threshold is neutral."""
    assert classify(polarity) == expected


def test_unknown_scorer_is_named_with_the_choices() -> None:
    """A misspelt PULSE_SENTIMENT says what was given and what could be."""
    with pytest.raises(ValueError, match=r"'vader'.*social, textblob"):
        make_scorer("vader")


@pytest.mark.parametrize("name", ["social", "textblob"])
def test_every_named_scorer_tells_praise_from_complaint(name: str) -> None:
    """Both scorers agree on words that every lexicon has."""
    scorer = make_scorer(name)
    assert scorer.score("This is wonderful") > POSITIVE_THRESHOLD
    assert scorer.score("This is terrible") < NEGATIVE_THRESHOLD


def test_textblob_survives_what_its_tokeniser_is_slow_on() -> None:
    """A hundred thousand frowns are cut to a bounded prefix and stay in range."""
    assert -1.0 <= TextBlobScorer().score(":(" * 50_000) < 0.0


def test_textblob_scores_alone_as_in_a_batch() -> None:
    """The protocol's law holds for the adapter."""
    scorer = TextBlobScorer()
    texts = ["good", "bad", "", "\ud800"]
    assert scorer.score_many(texts) == [scorer.score(text) for text in texts]


def test_default_scorers_share_no_cache() -> None:
    """A scorer asked for twice counts its own hits."""
    first, second = default_scorer(), default_scorer()
    first.score_many(["done", "done"])
    assert (first.hits, first.misses) == (1, 1)
    assert (second.hits, second.misses) == (0, 0)


class TestCachedScorer:
    """The bounded memory of whole texts."""

    def test_each_distinct_text_is_scored_once_in_one_batch(self) -> None:
        """Repetition inside a batch and between batches costs the inner scorer nothing."""
        inner = CountingScorer()
        cached = CachedScorer(inner)
        assert cached.score_many(["a", "bb", "a"]) == [0.01, 0.02, 0.01]
        assert cached.score_many(["bb", "ccc"]) == [0.02, 0.03]
        assert cached.score("ccc") == 0.03
        assert inner.batches == [["a", "bb"], ["ccc"]]

    def test_hits_and_misses_add_up_to_the_texts(self) -> None:
        """A miss is a text the inner scorer saw; everything else is a hit."""
        cached = CachedScorer(CountingScorer())
        cached.score_many(["a", "b", "a"])
        cached.score("a")
        assert (cached.hits, cached.misses) == (2, 2)

    def test_memory_never_exceeds_the_capacity(self) -> None:
        """A stream of distinct texts keeps at most ``capacity`` of them."""
        cached = CachedScorer(CountingScorer(), capacity=10)
        for start in range(0, 1000, 7):
            cached.score_many([f"text {i}" for i in range(start, start + 7)])
            assert len(cached) <= 10

    def test_what_repeats_stays(self) -> None:
        """A text met in every batch outlives any number of texts met once."""
        inner = CountingScorer()
        cached = CachedScorer(inner, capacity=10)
        for i in range(200):
            cached.score_many(["done", f"once {i}"])
        assert sum(batch.count("done") for batch in inner.batches) == 1

    def test_long_texts_are_not_remembered(self) -> None:
        """The memory is bounded in bytes because long texts pass through."""
        inner = CountingScorer()
        cached = CachedScorer(inner, max_characters=5)
        cached.score_many(["123456", "12345"])
        cached.score_many(["123456", "12345"])
        assert inner.batches == [["123456", "12345"], ["123456"]]
        assert len(cached) == 1

    def test_a_capacity_that_holds_nothing_is_refused(self) -> None:
        """Below two there are no two generations."""
        with pytest.raises(ValueError, match="capacity"):
            CachedScorer(CountingScorer(), capacity=1)

    def test_empty_batch(self) -> None:
        """No texts, no scores."""
        assert CachedScorer(CountingScorer()).score_many([]) == []
