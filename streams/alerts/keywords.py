"""What comments are about: words that are common in them and rare in the other comments of the same minutes.

A fixed list of stop words knows one language; the other comments know all of them, and the campaign's own chatter
besides ("giveaway", "win").
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

FEWEST: Final = 3
"""At least this many comments share a word that is shown."""
LEAST_SHARE: Final = 0.2
LEAST_LIFT: Final = 2.0
"""A word that is shown is at least this many times as common as in the other comments."""
_NAMES_AND_LINKS: Final = re.compile(r"[@#][\w.]+|https?://\S+")
_WORD: Final = re.compile(r"[^\W\d_]{4,24}")
_COMMON_TEXT: Final = """
this that with have from your they what when will just like about here there their them then than were been
would could should really very much more most some only also into over after because where which while does
dont didnt cant isnt youre even still never ever again please thanks thank love guys want need make made know
"""
COMMON_WORDS: Final = frozenset(_COMMON_TEXT.split())
_SHORT: Final = 500
"""Characters of a comment whose words are remembered: it is looked at again with every minute it stands beside."""
_REMEMBERED: Final = 2_000
"""Comments: some 2 MB."""


def words_of(text: str) -> set[str]:
    """Return the distinct words of a comment, folded; no handles, hashtags or links."""
    return set(_WORD.findall(_NAMES_AND_LINKS.sub(" ", text).casefold())) - COMMON_WORDS


_remembered_words = lru_cache(_REMEMBERED)(words_of)


def document_frequency(texts: Iterable[str]) -> Counter[str]:
    """Return, for each word, how many of the comments contain it."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_remembered_words(text) if len(text) <= _SHORT else words_of(text))
    return counts


def distinctive_words(texts: list[str], others: Counter[str], other_texts: int, most: int) -> tuple[str, ...]:
    """Return up to ``most`` words that set ``texts`` apart from other comments, the most distinctive first.

    Args:
        texts: the comments in question.
        others: ``document_frequency`` of the comments to compare with.
        other_texts: how many those are.
        most: how many words at most.
    """
    scored = []
    for word, count in document_frequency(texts).items():
        share = count / max(1, len(texts))
        if count < FEWEST or share < LEAST_SHARE:
            continue
        lift = share * (other_texts + 1) / (others[word] + 0.5)
        if lift >= LEAST_LIFT:
            scored.append((-count * math.log(lift), word))
    return tuple(word for _, word in sorted(scored)[:most])
