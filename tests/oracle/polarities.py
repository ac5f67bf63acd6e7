"""What a scorer of the product says, as the oracle takes it: None for a text that is not read."""

from collections.abc import Callable

from streams.sentiment.languages import UNREAD
from streams.sentiment.scorers import SentimentScorer


def polarities(scorer: SentimentScorer) -> Callable[[list[str]], list[float | None]]:
    """Return the oracle's scorer."""
    return lambda texts: [None if score == UNREAD else score for score in scorer.score_many(texts)]
