"""Sentiment scorers: from a text to a polarity in -1..1, and from a polarity to one of three classes.

``social`` (the default) is the additive model of ``streams.sentiment.social``; ``textblob`` is TextBlob's pattern
lexicon; ``none`` reads nothing. All are pure functions of the text: the same text gives the same float in every
process, so a score may be stored, replayed and compared exactly. ``CachedScorer`` puts a bounded memory in front.
"""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TypeAlias, cast

from streams.sentiment.languages import NOTHING, UNREAD, the_languages
from streams.sentiment.social import load_social_scorer

Sentiment: TypeAlias = Literal["negative", "neutral", "positive"]

POSITIVE_THRESHOLD = 0.05
"""A polarity above this is positive (VADER's convention, https://github.com/cjhutto/vaderSentiment#about-the-scoring)."""

NEGATIVE_THRESHOLD = -0.05
"""A polarity below this is negative."""

DEFAULT_SCORER = "social"
NO_SCORER = "none"
DEFAULT_CACHE_CAPACITY = 65_536
"""Texts remembered by default: about 15 MB with comments of 70 characters."""

MAX_CACHED_CHARACTERS = 300
"""Longer texts are scored each time: they hardly ever repeat, and a bound per text bounds the memory of the cache."""

MAX_TEXTBLOB_CHARACTERS = 5_000
"""What TextBlob gets to see of a text. Its tokeniser is quadratic in runs of punctuation; the events allow 20,000."""

_TEXTBLOB_READS = frozenset(("en", NOTHING))


class SentimentScorer(Protocol):
    """Anything that gives texts a polarity, or ``UNREAD`` (nearly 0) when it does not read their language.

    ``score`` and ``score_many`` agree exactly, accept any ``str`` (empty, huge, with lone surrogates) without raising,
    and depend on the text alone.
    """

    def score(self, text: str) -> float:
        """Polarity of one text: -1 (negative) to 1 (positive)."""
        ...

    def score_many(self, texts: list[str]) -> list[float]:
        """Polarities of many texts, in their order."""
        ...


def classify(polarity: float) -> Sentiment:
    """Class of a polarity: strictly beyond a threshold is positive or negative, the rest is neutral."""
    if polarity > POSITIVE_THRESHOLD:
        return "positive"
    if polarity < NEGATIVE_THRESHOLD:
        return "negative"
    return "neutral"


class TextBlobScorer:
    """Polarity by TextBlob's pattern lexicon: the mean over the adjectives and adverbs it knows, 0 for none.

    It reads English: other languages are ``UNREAD``.

    The first construction imports TextBlob and loads its lexicon (one to two seconds).
    """

    def __init__(self) -> None:
        # Imported here: TextBlob pulls in nltk, and a worker that scores with ``social`` need not pay for that.
        from textblob.en import sentiment

        self._assess: Callable[[str], tuple[float, float]] = sentiment
        self._assess("good")  # Loads the lexicon now, not inside the first batch.

    def score(self, text: str) -> float:
        """Polarity of the first ``MAX_TEXTBLOB_CHARACTERS`` characters."""
        if the_languages().language_of(text[:MAX_TEXTBLOB_CHARACTERS]) not in _TEXTBLOB_READS:
            return UNREAD
        polarity = float(self._assess(text[:MAX_TEXTBLOB_CHARACTERS])[0])
        return max(-1.0, min(1.0, polarity))

    def score_many(self, texts: list[str]) -> list[float]:
        """Polarities one by one: TextBlob has no batch call."""
        return [self.score(text) for text in texts]


class NoScorer:
    """Reads no text: every one is ``UNREAD``, at no cost, and windows say nothing of a mood."""

    def score(self, text: str) -> float:
        """Return ``UNREAD``."""
        return UNREAD

    def score_many(self, texts: list[str]) -> list[float]:
        """Return ``UNREAD`` for each."""
        return [UNREAD] * len(texts)


class CachedScorer:
    """A bounded memory of whole texts in front of a scorer.

    Giveaway comments repeat heavily ("done", "❤️❤️❤️"). Texts live in two generations of at most half the capacity
    each. A new text joins the young one; when that is full, it becomes the old one and the former old one is forgotten.
    A text found in the old generation joins the young one again, so what repeats stays and what does not is gone after
    at most ``capacity`` other texts: least-recently-used eviction without per-hit bookkeeping. The cache never changes
    a result, because a score depends on the text alone.

    Args:
        scorer: What scores a text that is not remembered.
        capacity: Texts remembered at most, 2 or more.
        max_characters: Longer texts are passed through and not remembered.

    Raises:
        ValueError: ``capacity`` is below 2.
    """

    def __init__(
        self,
        scorer: SentimentScorer,
        capacity: int = DEFAULT_CACHE_CAPACITY,
        max_characters: int = MAX_CACHED_CHARACTERS,
    ) -> None:
        if capacity < 2:
            raise ValueError(f"capacity must be at least 2, got {capacity}")
        self.scorer = scorer
        self.capacity = capacity
        self.max_characters = max_characters
        self.hits = 0
        self.misses = 0
        self._is_silent = isinstance(scorer, NoScorer)
        self._half = capacity // 2
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}

    def __len__(self) -> int:
        """Distinct texts remembered now."""
        return len(self._young.keys() | self._old.keys())

    def score(self, text: str) -> float:
        """Polarity of one text, from memory when it is known."""
        if self._is_silent:
            return UNREAD
        known = self._young.get(text)
        if known is not None:
            self.hits += 1
            return known
        return self.score_many([text])[0]

    def score_many(self, texts: list[str]) -> list[float]:
        """Polarities in order; texts not remembered go to the scorer in one call, each distinct text once."""
        if self._is_silent:
            return self.scorer.score_many(texts)
        found = list(map(self._young.get, texts))
        self.hits += len(texts)
        if None not in found:
            return cast(list[float], found)
        unknown = [text for text, score in zip(texts, found, strict=True) if score is None]
        resolved = self._resolve(unknown)
        return [resolved[text] if score is None else score for text, score in zip(texts, found, strict=True)]

    def _resolve(self, texts: list[str]) -> dict[str, float]:
        """Scores of texts that the young generation lacks, which they join."""
        old = self._old
        resolved = {text: old[text] for text in texts if text in old} if old else {}
        misses = list({text: None for text in texts if text not in resolved})
        if misses:
            resolved.update(zip(misses, self.scorer.score_many(misses), strict=True))
            self.misses += len(misses)
            self.hits -= len(misses)
        for text, score in resolved.items():
            if len(text) <= self.max_characters:
                if len(self._young) >= self._half:
                    self._old, self._young = self._young, {}
                self._young[text] = score
        return resolved


def is_silent(scorer: SentimentScorer) -> bool:
    """Return whether a scorer, behind a cache or not, reads nothing: names and terms make no difference to it."""
    return isinstance(scorer.scorer if isinstance(scorer, CachedScorer) else scorer, NoScorer)


def make_scorer(name: str) -> SentimentScorer:
    """The scorer of that name, without a cache.

    Raises:
        ValueError: No scorer has that name.
    """
    if name == NO_SCORER:
        return NoScorer()
    factory = SCORERS.get(name)
    if factory is None:
        raise ValueError(f"unknown sentiment scorer {name!r}; choose one of: {', '.join(sorted(SCORERS))}")
    return factory()


def make_scorer_with_terms(name: str, capacity: int) -> Callable[[Mapping[str, float]], SentimentScorer] | None:
    """What makes the scorer of a campaign with terms of its own; None when the named scorer has no use for terms."""
    if name != DEFAULT_SCORER:
        return None
    return lambda terms: CachedScorer(load_social_scorer(terms), capacity)


def default_scorer() -> CachedScorer:
    """The default scorer behind a fresh cache: what a worker uses and what other tools are given."""
    return CachedScorer(make_scorer(DEFAULT_SCORER))


SCORERS: dict[str, Callable[[], SentimentScorer]] = {"social": load_social_scorer, "textblob": TextBlobScorer}
"""Scorers by the name that ``PULSE_SENTIMENT`` takes; besides, it takes ``NO_SCORER``."""
