"""How texts of people compare: one folding for handles, hashtags, keywords, answers, discount codes and utm values.

Two texts are equal when a reader would call them equal. What nobody sees does not count (default ignorable characters
of Unicode, skin tones, the selectors of text and emoji style; joiners count within emoji only), nor do case, width and
composition (NFKC, case folding: UAX #15, UAX #31), which blank, dash or apostrophe was typed, elongation (Arabic
tatweel), nor the digits of which script. Turkish ``İ``, ``I``, ``ı`` and ``i`` are one letter, because the same word
has either pair in capitals and small; Greek letters lose their accents, because capitals have none. Emoji stay what
they are: NFKC would make ``tm`` of the sign. Other accents count unless ``unaccented`` takes them off.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

import regex

from streams.stream_safe import stream_safe


def _any_of(marks: Iterable[int]) -> str:
    """Return a pattern of one of these characters, in ranges: a long list would be gone through one by one."""
    ranges: list[list[int]] = []
    for mark in sorted(marks):
        if ranges and mark == ranges[-1][1] + 1:
            ranges[-1][1] = mark
        else:
            ranges.append([mark, mark])
    return f"[{''.join(f'{re.escape(chr(first))}-{re.escape(chr(last))}' for first, last in ranges)}]"


_INVISIBLE: Final = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    (0x1F3FB, 0x1F3FF), (0xE0000, 0xE001F), (0xE0080, 0xE0FFF),
)  # fmt: skip
"""Default_Ignorable_Code_Point (DerivedCoreProperties.txt) but the joiner and the tags of flags, and skin tones."""
_SPACES: Final = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\u2800"
)
"""White space but the ends of lines, and the empty pattern of Braille, which looks like it."""
_NARROWED: Final = {
    mark: mark - 0xFEE0 for mark in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_SEEN: Final[dict[int, str | int | None]] = {
    **{mark: None for first, last in _INVISIBLE for mark in range(first, last + 1)},
    **dict.fromkeys(map(ord, _SPACES), " "),
    **dict.fromkeys(map(ord, "\u2028\u2029\u0085"), "\n"),
    **_NARROWED,
    **dict(zip(map(ord, "＠﹫＃﹟＿．"), "@@##_.", strict=True)),
}
_UNSEEN: Final = re.compile(_any_of(_SEEN))
_JOINS: Final = re.compile("[\u200d\U000e0020-\U000e007f]")
_LONE_JOINERS: Final = regex.compile(r"(?<!\p{Extended_Pictographic})\u200d|\u200d(?!\p{Extended_Pictographic})")
_TAGS: Final = regex.compile(r"(🏴[\U000e0020-\U000e007f]*+)|[\U000e0020-\U000e007f]++")
"""Tags, and the flag they are of: looking back for it from each of them would be quadratic."""

_APOSTROPHES: Final = "`´‘’‛′ʹʻʼʽˈ՚＇΄᾽᾿`´῾"
_DASHES: Final = "‐‑‒–—―−⁃﹘﹣－⸺⸻֊"
_BLANK_ACCENTS: Final = "¨¯¸˘˙˚˛˜˝ͺ΅῀῁῍῎῏῝῞῟῭΅‗‾﹉﹊﹋﹌￣"
"""Accents that stand alone, of which NFKC makes a blank and a mark: they are no letters."""
_SIGNS: Final = "‼⁉™ℹⓂ㊗㊙🈁🈂🈚🈯🈲🈳🈴🈵🈶🈷🈸🈹🈺🉐🉑"
"""Emoji of which NFKC would make letters or punctuation."""
_STAND_INS: Final = {ord(sign): 0xF8D0 + place for place, sign in enumerate(_SIGNS)}
_ZEROS: Final = (
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
    0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0,
    0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
)  # fmt: skip
"""The zeros of the scripts that have digits of their own."""
_PLAIN: Final[dict[int, str | int | None]] = {
    **dict.fromkeys(map(ord, _APOSTROPHES), "'"),
    **dict.fromkeys(map(ord, _DASHES), "-"),
    **dict.fromkeys(map(ord, _BLANK_ACCENTS), " "),
    **dict.fromkeys(map(ord, "İı"), "i"),
    **{zero + digit: str(digit) for zero in _ZEROS for digit in range(10)},
    **dict(zip(map(ord, "\u309b\u309c～"), "\u3099\u309a〜", strict=True)),
    0x640: None,
    **_STAND_INS,
}
_SPECIAL: Final = re.compile(_any_of(_PLAIN))
_GREEK: Final = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")
_GREEK_ACCENTS: Final = regex.compile(r"(\p{Greek})\p{M}+")
_ACCENTS: Final = regex.compile(
    r"([\p{Latin}\p{Greek}\p{Arabic}\p{Hebrew}]|\p{Cyrillic}(?!\u0306|(?<=[іІ])\u0308))\p{M}+"
)
"""Marks that may go; those of й, ў and ї make other letters: ``мой`` is not ``мои``."""
_STROKES: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe", "ð": "d"})
"""Letters whose stroke is no mark of its own."""
_SIGNS_BACK: Final = {stand_in: chr(sign) for sign, stand_in in _STAND_INS.items()}
_STOOD_IN: Final = re.compile("[\uf8d0-\uf8ff]")
MOST_CHARACTERS: Final = 20_000
"""Of a text that is compared, beyond ASCII: as many as the longest text of the events has (``docs/events.md``)."""
_MOST_ESCAPES: Final = 3
"""How often a value may have been percent-encoded: a link that was put into a link, and into another."""


def seen(text: str) -> str:
    """Return a text without what nobody sees, blanks as spaces, and full-width letters, digits, ``@`` and ``#`` narrow.

    It reads as before; capitals, accents and punctuation are kept.
    """
    if text.isascii():
        return text
    if _UNSEEN.search(text):
        text = text.translate(_SEEN)
    if _JOINS.search(text):
        text = _TAGS.sub(r"\1", _LONE_JOINERS.sub("", text))
    return text


def comparable(text: str) -> str:
    """Return a text as it is compared."""
    if text.isascii():
        text = text.lower()
        return text.replace("`", "'") if "`" in text else text
    text = seen(text)
    if _SPECIAL.search(text):
        text = text.translate(_PLAIN)
    # Last before normalising: what was taken out above may have stood between two runs of marks.
    text = stream_safe(text)
    text = unicodedata.normalize("NFKC", text).casefold()
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text).casefold()
    # One letter may stand for a phrase: U+FDFA becomes 18 characters.
    text = text[:MOST_CHARACTERS]
    text = text.replace("i\u0307", "i")  # a dot that İ leaves, written as two characters
    if _GREEK.search(text):
        text = unicodedata.normalize("NFC", _GREEK_ACCENTS.sub(r"\1", unicodedata.normalize("NFD", text)))
    return text.translate(_SIGNS_BACK) if _STOOD_IN.search(text) else text


def unaccented(text: str) -> str:
    """Return a compared text without accents: the marks of Latin, Greek, Cyrillic, Arabic and Hebrew letters."""
    if text.isascii():
        return text
    bare = _ACCENTS.sub(r"\1", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", bare).translate(_STROKES)


def code_key(code: str) -> str:
    """Return a discount code as it is compared: without blanks around it, and one where there are several."""
    return " ".join(comparable(code).split())


def utm_key(value: str) -> str:
    """Return a utm value as it is compared: blanks may come as ``+``, ``%20`` or, escaped once more, as ``%2520``."""
    for _ in range(_MOST_ESCAPES):
        if "%" not in value:
            break
        value = unquote(value)
    return code_key(value.replace("+", " "))


def platform_key(platform: str) -> str:
    """Return a platform's name as it is compared."""
    return code_key(platform)
