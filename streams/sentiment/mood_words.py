"""The words behind a mood: which words made comments praise or blame, and how many people said each.

Only words that are known beforehand are told: those of the lexicon, of the languages' lists, emoji, and the campaign's
own terms. So no name, number or address of anybody is among them, and a word is told only when several people said it.
The result is a function of the set of comments: whoever is read twice is one person all the same.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from models.times import HOUR_MS, MINUTE_MS
from streams.sentiment.scorers import NEGATIVE_THRESHOLD, POSITIVE_THRESHOLD
from streams.sentiment.social import SocialScorer

LEAST_PEOPLE: Final = 5
"""Who said a word that is told."""
MOST_TOLD: Final = 8
_PANE_MS: Final = 5 * MINUTE_MS
_PANES: Final = HOUR_MS // _PANE_MS
_LEAST_LOGIT: Final = 300
"""In thousandths: a word below it has not made the mood."""
_LONGEST_WORD: Final = 40
_MOST_WORDS: Final = 2_000
"""Of a campaign in a pane."""
_MOST_PEOPLE: Final = 5_000
"""Of a word in a pane: beyond it, it is a common word in any case."""


class WordCount(Struct, frozen=True):
    """A word and how many people said it."""

    word: str
    people: int


class MoodWords(Struct, frozen=True):
    """The commonest words of praise and of blame, the commonest first."""

    positive: tuple[WordCount, ...] = ()
    negative: tuple[WordCount, ...] = ()


def words_behind(scorer: SocialScorer, text: str, terms: Mapping[str, float] | None = None) -> set[tuple[str, bool]]:
    """Return the words that made a text what it is, each with whether it is praise; none of a neutral text.

    Args:
        scorer: explains texts.
        text: a comment.
        terms: the campaign's own words, in lower case, with their weights.
    """
    (polarity,) = scorer.score_many([text])
    if not (polarity >= POSITIVE_THRESHOLD or polarity <= NEGATIVE_THRESHOLD):
        return set()  # neutral, or not read
    is_praise = polarity > 0
    found = set()
    for part in scorer.explain(text).parts:
        word = part.text.lower()
        weight = (terms or {}).get(word)
        tells = part.positive - part.negative if weight is None else round(weight * 1_000)
        is_known = weight is not None or part.kind == "list" or (part.kind == "word" and scorer.is_of_lexicon(word))
        if is_known and abs(tells) >= _LEAST_LOGIT and (tells > 0) == is_praise and len(word) <= _LONGEST_WORD:
            found.add((word, is_praise))
    return found


class SaidWords:
    """Who said which words of late, by campaign; people are numbers that stand for nobody elsewhere."""

    def __init__(self) -> None:
        self._panes: dict[str, dict[int, dict[tuple[str, bool], set[int]]]] = {}

    def add(self, campaign_id: str, person: int, at_ms: int, words: Iterable[tuple[str, bool]]) -> None:
        """Add what a person said at a moment of event time."""
        said = self._panes.setdefault(campaign_id, {}).setdefault(at_ms // _PANE_MS, {})
        for word in words:
            people = said.get(word)
            if people is None:
                if len(said) >= _MOST_WORDS:
                    continue
                people = said[word] = set()
            if len(people) < _MOST_PEOPLE:
                people.add(person)

    def forget_before(self, now_ms: int) -> None:
        """Let go of what is older than an hour."""
        first = now_ms // _PANE_MS - _PANES
        for campaign_id, panes in list(self._panes.items()):
            self._panes[campaign_id] = {pane: said for pane, said in panes.items() if pane >= first}
            if not self._panes[campaign_id]:
                del self._panes[campaign_id]

    def told(self, campaign_id: str, now_ms: int) -> MoodWords:
        """Return the commonest words of the last hour that several people said."""
        last = now_ms // _PANE_MS
        people: dict[tuple[str, bool], set[int]] = {}
        for pane, said in self._panes.get(campaign_id, {}).items():
            if last - _PANES <= pane <= last:
                for word, who in said.items():
                    people.setdefault(word, set()).update(who)
        counts = sorted((-len(who), word, praise) for (word, praise), who in people.items() if len(who) >= LEAST_PEOPLE)
        ranked = {
            praise: tuple(WordCount(word, -count) for count, word, each in counts if each is praise)[:MOST_TOLD]
            for praise in (True, False)
        }
        return MoodWords(ranked[True], ranked[False])
