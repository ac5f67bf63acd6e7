"""What a comment says by docs/giveaway.md, character by character: the oracle's own reading, without our code."""

import unicodedata
from typing import NamedTuple

_UNSPACED = ("CJK ", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
_JOINERS = "\u200c\u200d"


class Said(NamedTuple):
    """One text: hashtags, mentions in order, its words with and without hashtags, and all of it, folded."""

    hashtags: set[str]
    mentions: list[str]
    words: list[str]
    plain: list[str]
    folded: str


def fold(text: str) -> str:
    """Compatibility forms and case do not matter."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def account(name: str) -> str:
    """A handle or id of a list as it compares."""
    return fold(name).strip().lstrip("@").rstrip(".-·")


def said(text: str) -> Said:
    """Read one text."""
    whole = fold(text)
    mentions, rest = _mentions(whole)
    hashtags, _ = _hashtags(whole)
    _, plain = _hashtags(rest)
    return Said(hashtags, mentions, _words(rest), _words(plain), whole)


def says(comment: Said, keyword: str) -> bool:
    """Whether a keyword is in a comment."""
    wanted = fold(keyword).strip()
    words = _words(wanted)
    if not words or any(unicodedata.name(letter, "").startswith(_UNSPACED) for letter in wanted):
        return wanted in comment.folded
    return any(comment.words[at : at + len(words)] == words for at in range(len(comment.words)))


def answers(comment: Said, answer: str) -> bool:
    """Whether a comment is an answer."""
    return comment.plain == _words(fold(answer))


def _is_word(letter: str) -> bool:
    return letter == "_" or letter in _JOINERS or unicodedata.category(letter)[0] in "LMN"


def _starts(text: str, at: int, forbidden: str) -> bool:
    return at == 0 or not (text[at - 1] in forbidden or unicodedata.category(text[at - 1])[0] in "LN")


def _mentions(text: str) -> tuple[list[str], str]:
    found: list[str] = []
    rest = []
    at = 0
    while at < len(text):
        end = at
        if text[at] == "@" and _starts(text, at, "_."):
            while end < len(text) and text[end] == "@":
                stop = end + 1
                while stop < len(text) and (_is_word(text[stop]) or text[stop] in ".-·"):
                    stop += 1
                if stop == end + 1:
                    break
                handle = text[end + 1 : stop].rstrip(".-·")
                if handle and handle not in found and len(found) < 100:
                    found.append(handle)
                end = stop
        rest.append(text[at] if end == at else " ")
        at = max(end, at + 1)
    return found, "".join(rest)


def _hashtags(text: str) -> tuple[set[str], str]:
    found = set()
    rest = []
    at = 0
    while at < len(text):
        end = at + 1
        if text[at] == "#" and _starts(text, at, "_&"):
            while end < len(text) and _is_word(text[end]):
                end += 1
        if end > at + 1:
            found.add(text[at + 1 : end])
            rest.append(" ")
        else:
            rest.append(text[at])
        at = end
    return found, "".join(rest)


def _words(text: str) -> list[str]:
    spaced = "".join(letter if _is_word(letter) else " " for letter in text)
    return [word for word in spaced.split(" ") if word]
