"""A campaign's names take part in no score: they are taken out of a text before it is scored.

A brand called "Bad Habit" or "Love Moschino" would otherwise colour every question about it. Of names there may be any
number of words, in any script; case and accents do not matter, nor what stands between their words ("bad-habit",
"#BadHabit").
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from streams.sentiment.scorers import SentimentScorer

_BETWEEN: Final = r"[\s_.\-]{0,3}"
_NO_LETTER_BEFORE: Final = r"(?<![0-9A-Za-z\u00c0-\u024f\u0370-\u052f@])"
_NO_LETTER_AFTER: Final = r"(?![0-9A-Za-z\u00c0-\u024f\u0300-\u052f])"
_WITH_BLANKS: Final = re.compile("[0-9A-Za-z\u00c0-\u024f\u0370-\u052f]")
_APOSTROPHES: Final = "['’`´]"


class NamelessScorer:
    """Scores texts without the names of a campaign.

    Args:
        scorer: what scores the rest.
        names: brands and products, as people write them.
    """

    def __init__(self, scorer: SentimentScorer, names: Sequence[str]) -> None:
        self._scorer = scorer
        self._find = names_pattern(names)

    def score(self, text: str) -> float:
        """Polarity of one text without its names."""
        return self._scorer.score(self._without(text))

    def score_many(self, texts: list[str]) -> list[float]:
        """Polarities of many texts, in their order."""
        return self._scorer.score_many([self._without(text) for text in texts])

    def _without(self, text: str) -> str:
        return self._find.sub(_left, text)


def names_pattern(names: Sequence[str]) -> re.Pattern[str]:
    """What finds names in a text: longer ones first, alone or at the start of a hashtag."""
    forms = {form for name in names for form in _forms(name)}
    if not forms:
        return re.compile(r"(?!)")
    longest = sorted(forms, key=lambda form: (-len(form), form))
    free, tagged = "|".join(map(_free, longest)), "|".join(_inner(form) for form in longest)
    return re.compile(rf"[#＃](?:{tagged})(?P<rest>\w{{0,80}})|{free}", re.IGNORECASE)


def _left(found: re.Match[str]) -> str:
    """What is left of a name: a blank, or the rest of the hashtag that it begins."""
    rest = found["rest"]
    return f" #{rest.lstrip('_')} " if rest else " "


def _forms(name: str) -> list[tuple[str, ...]]:
    """The words of a name, composed and decomposed, with and without its accents."""
    plain = "".join(char for char in unicodedata.normalize("NFD", name) if not unicodedata.combining(char))
    spellings = {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name), plain}
    return sorted({tuple(re.split(r"[\s_\-]+", each.strip())) for each in spellings if each.strip()})


def _inner(words: tuple[str, ...]) -> str:
    return _BETWEEN.join(re.sub(r"\\?['’`´]", lambda _: _APOSTROPHES, re.escape(word)) for word in words)


def _free(words: tuple[str, ...]) -> str:
    """A name that stands by itself. Scripts without blanks have no edges of words; "'s" belongs to the name."""
    first, last = words[0][0], words[-1][-1]
    before = _NO_LETTER_BEFORE if _WITH_BLANKS.match(first) else ""
    after = rf"(?:{_APOSTROPHES}s)?{_NO_LETTER_AFTER}" if _WITH_BLANKS.match(last) else ""
    return f"{before}{_inner(words)}{after}"
