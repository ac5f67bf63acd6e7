"""What a comment says by docs/giveaway.md, character by character: the oracle's own reading, without our code.

It knows less than the product: logs of the oracle have no addresses, no X and no Facebook, and emoji of one character.
"""

import unicodedata
import urllib.parse
from typing import NamedTuple

_UNSPACED = ("CJK ", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f"
_ASCII = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_WIDTHS = {
    ord(wide): ord(wide) - 0xFEE0 for wide in map(chr, range(0xFF01, 0xFF5F)) if wide.isalnum() or wide in "＠＃"
}
_HANDLES = {"instagram": ("_.", 1, 30), "tiktok": ("_.", 2, 24)}
"""Marks besides letters and digits, the shortest, the longest."""


class Said(NamedTuple):
    """One text: hashtags, mentions in order, its words and emoji with and without hashtags, and all of it, folded."""

    hashtags: set[str]
    mentions: list[str]
    words: list[str]
    plain: list[str]
    folded: str


def fold(text: str) -> str:
    """What nobody sees does not count, nor compatibility forms, case, and which apostrophe or dash was typed."""
    text = "".join(letter for letter in text if letter not in _UNSEEN)
    text = text.translate(dict.fromkeys(map(ord, "´`’‘"), "'")).translate(dict.fromkeys(map(ord, "‐‑‒–—−"), "-"))
    text = text.replace("İ", "i").replace("ı", "i")
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).replace("i\u0307", "i")
    # Greek capitals have no accents.
    parts = []
    for letter in unicodedata.normalize("NFD", text):
        if unicodedata.category(letter) == "Mn" and parts and unicodedata.name(parts[-1], "").startswith("GREEK"):
            continue
        parts.append(letter)
    return unicodedata.normalize("NFC", "".join(parts))


def code_form(code: str) -> str:
    """A discount code as it compares."""
    return " ".join(fold(code).split())


def utm_form(value: str) -> str:
    """A utm value as it compares: escaped as often as it may be, up to three times."""
    for _ in range(3):
        value = urllib.parse.unquote(value) if "%" in value else value
    return code_form(value.replace("+", " "))


def account(name: str) -> str:
    """A handle or id of a list as it compares."""
    return fold(name).strip().lstrip("@").rstrip(".-·")


def said(text: str, platform: str) -> Said:
    """Read one text."""
    whole = "".join(letter for letter in text if letter not in _UNSEEN).translate(_WIDTHS)
    mentions, rest = _mentions(whole, platform)
    hashtags, without = _hashtags(rest)
    return Said(hashtags, mentions, _words(fold(rest)), _words(fold(without)), fold(rest))


def says(comment: Said, keyword: str) -> bool:
    """Whether a keyword is in a comment."""
    wanted = fold(keyword).strip()
    words = _words(wanted)
    if not words or any(unicodedata.name(letter, "").startswith(_UNSPACED) for letter in wanted):
        return wanted in comment.folded
    said = comment.words if any(map(_is_emoji, words)) else [word for word in comment.words if not _is_emoji(word)]
    return any(said[at : at + len(words)] == words for at in range(len(said)))


def answers(comment: Said, answer: str) -> bool:
    """Whether a comment is an answer."""
    wanted = _words(fold(answer))
    if any(map(_is_emoji, wanted)):
        return comment.plain == wanted
    return [word for word in comment.plain if not _is_emoji(word)] == wanted


def length(comment: Said) -> int:
    """How many words a comment has, mentions and hashtags not counted; without spaces, every letter is one."""
    total = 0
    for word in comment.plain:
        if not _is_emoji(word):
            alone = [letter for letter in word if unicodedata.name(letter, "").startswith(_UNSPACED)]
            total += len(alone)
            rest = "".join(" " if letter in alone else letter for letter in word)
            total += len(rest.split())
    return total


def _is_emoji(word: str) -> bool:
    return len(word) == 1 and unicodedata.category(word) == "So"


def _is_word(letter: str) -> bool:
    return letter == "_" or unicodedata.category(letter)[0] in "LMN"


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


def _handle(text: str, at: int, platform: str) -> int:
    """Where the handle ends whose first character this is."""
    stop = at
    if platform in _HANDLES:
        while stop < len(text) and text[stop] in _ASCII + _HANDLES[platform][0]:
            stop += 1
        return at if stop < len(text) and (_is_latin(text[stop]) or unicodedata.category(text[stop]) == "Mn") else stop
    begun_latin = None
    while stop < len(text) and (_is_word(text[stop]) or text[stop] in ".-·"):
        if text[stop].isalpha():
            begun_latin = _is_latin(text[stop]) if begun_latin is None else begun_latin
            if begun_latin and not _is_latin(text[stop]):
                break
        stop += 1
    return stop


def _name(piece: str, platform: str) -> str:
    """The handle of what stands behind an at sign, or nothing."""
    _, shortest, longest = _HANDLES.get(platform, ("", 1, 256))
    if platform == "instagram":
        piece = piece.partition("..")[0]
    if platform == "youtube":
        shortest, longest = 3 if piece.isascii() else 1, 30
    forbidden = {"instagram": ".", "tiktok": "", "youtube": "_.-·"}.get(platform, ".-·")
    piece = piece.rstrip(forbidden or ".")
    return "" if not shortest <= len(piece) <= longest or piece[0] in forbidden else fold(piece)


def _may_begin(text: str, at: int, platform: str) -> bool:
    if at == 0:
        return True
    before = text[at - 1]
    if platform in _HANDLES:
        return not (before in _ASCII + "_" or _is_latin(before))
    if unicodedata.name(before, "").startswith((*_UNSPACED, "HANGUL")):
        return True
    return not (before == "_" or unicodedata.category(before)[0] in "LN")


def _mentions(text: str, platform: str) -> tuple[list[str], str]:
    found: list[str] = []
    rest = []
    at = 0
    while at < len(text):
        end = at
        if text[at] == "@" and _may_begin(text, at, platform):
            while end < len(text) and text[end] == "@":
                stop = _handle(text, end + 1, platform)
                if stop == end + 1:
                    break
                handle = _name(text[end + 1 : stop], platform)
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
    after_hashtag = False
    while at < len(text):
        end = at + 1
        before = text[at - 1] if at else " "
        unspaced = unicodedata.name(before, "").startswith(_UNSPACED)
        if text[at] == "#" and (
            after_hashtag or unspaced or not (before in "_&" or unicodedata.category(before)[0] in "LN")
        ):
            while end < len(text) and (_is_word(text[end]) or text[end] in "・·〜"):
                end += 1
        after_hashtag = end > at + 1
        if after_hashtag:
            found.add(fold(text[at + 1 : end]))
        rest.append(" " if after_hashtag else text[at])
        at = end
    return found, "".join(rest)


def _words(text: str) -> list[str]:
    spaced = "".join(f" {letter} " if _is_emoji(letter) else letter if _is_word(letter) else " " for letter in text)
    return spaced.split()
