"""What a comment says, as far as a giveaway's rules ask: its hashtags, the handles it mentions, and its words.

Text is compared after NFKC and case folding, so that full-width letters, ``ß`` and capitals do not matter; accents do.
Words, hashtags and handles are those of Unicode: combining marks and joiners of Indic and Arabic scripts belong to
them.
"""

import re
import unicodedata
from typing import Final

import regex
from msgspec import Struct

MOST_MENTIONS: Final = 100
"""Handles read of one comment: beyond it is spam, and memory must be bounded."""

_WORD: Final = r"[\p{L}\p{M}\p{N}_\u200c\u200d]"
_HASHTAG: Final = regex.compile(rf"(?<![\p{{L}}\p{{N}}_&])#({_WORD}+)")
_MENTIONS: Final = regex.compile(rf"(?<![\p{{L}}\p{{N}}_.])(?:@(?:{_WORD}|[.\-·])+)+")
_ASCII_MENTIONS: Final = re.compile(r"(?<![A-Za-z0-9_.])(?:@[A-Za-z0-9_.\-]+)+")
"""The same for ASCII, several times as fast."""
_WORDS: Final = regex.compile(rf"{_WORD}+")
_UNSPACED: Final = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
"""Scripts that are written without spaces: a keyword in them is looked for anywhere."""


class CommentText(Struct, frozen=True, gc=False):
    """One text as the rules read it.

    ``hashtags`` without ``#``; ``mentions`` distinct, in order, without ``@``; ``words`` all words but mentions and
    ``plain`` all words but mentions and hashtags, each between single spaces, beginning and ending with one;
    ``folded`` the whole text.
    """

    hashtags: frozenset[str]
    mentions: tuple[str, ...]
    words: str
    plain: str
    folded: str


def folded(text: str) -> str:
    """Return text as it is compared: NFKC, case folded."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def handle_key(account: str) -> str:
    """Return a handle or account id as it is compared: folded, without ``@`` and surrounding dots and spaces."""
    return folded(account).strip().lstrip("@").rstrip(".-·")


def spaced(text: str) -> str:
    """Return the words of a folded text between single spaces."""
    return f" {' '.join(_WORDS.findall(text))} "


def mentions_of(whole: str) -> tuple[str, ...]:
    """Return the distinct handles that a folded text mentions, in order."""
    if "@" not in whole:
        return ()
    mentions: dict[str, None] = {}
    for run in (_ASCII_MENTIONS if whole.isascii() else _MENTIONS).findall(whole):
        for part in run[1:].split("@"):
            handle = part.rstrip(".-·")
            if handle and len(mentions) < MOST_MENTIONS:
                mentions[handle] = None
    return tuple(mentions)


def hashtags_of(whole: str) -> frozenset[str]:
    """Return the hashtags of a folded text."""
    return frozenset(_HASHTAG.findall(whole)) if "#" in whole else frozenset()


def read_text(text: str) -> CommentText:
    """Read one comment."""
    whole = folded(text)
    mentions = mentions_of(whole)
    without = _MENTIONS.sub(" ", whole) if mentions else whole
    if "#" not in whole:
        words = spaced(without)
        return CommentText(frozenset(), mentions, words, words, whole)
    return CommentText(hashtags_of(whole), mentions, spaced(without), spaced(_HASHTAG.sub(" ", without)), whole)


class Phrase(Struct, frozen=True, gc=False):
    """A keyword, ready to be looked for."""

    words: str
    folded: str
    anywhere: bool

    def is_in(self, reading: CommentText) -> bool:
        """Return whether a comment says it: as whole words, or anywhere when it has none or needs no spaces."""
        return self.folded in reading.folded if self.anywhere else self.words in reading.words


def phrase_of(text: str) -> Phrase:
    """Prepare a keyword."""
    whole = folded(text).strip()
    words = spaced(whole)
    return Phrase(words, whole, not words.strip() or _UNSPACED.search(whole) is not None)
