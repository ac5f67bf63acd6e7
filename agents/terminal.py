"""Foreign texts on a terminal: what they would do to it, or hide, is shown and not done."""

import re
import unicodedata
from typing import Final

import regex

# Format characters that change nothing a reader sees, or the order of what is seen, and fillers that look like nothing.
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800")
_JOINERS: Final = frozenset("\u200c\u200d")
_LATIN_LIKE: Final = ("LATIN", "GREEK", "CYRILLIC", "DIGIT", "FULLWIDTH")
# Looked at character by character only where something may be wrong: nearly all texts pass here at once.
_SUSPECT: Final = re.compile(
    "[^\\x20-\\x7e\\xa1-\\xac\\xae-\\u034e\\u0370-\\u0600\\u0620-\\u06dc\\u3040-\\u3100\\u4e00-\\u9fff]"
)
_STACKED: Final = regex.compile(r"(?<=[\p{Mn}\p{Me}]{8})[\p{Mn}\p{Me}]")
"""Marks behind eight others: no script needs so many, and a tower of them is painted over the lines above."""
_MOST_TAGS: Final = 32
"""Behind a flag; of those in use none has more than six (UTS #51). Looking back for it is to take no time."""


def visible(text: str, keep: str = "") -> str:
    r"""Return a text with control characters, escape sequences, bidi controls and invisible characters as ``\x1b``.

    So are marks that tower above a letter, from the ninth on. Joiners and variation selectors stay where scripts and
    emoji need them.

    Args:
        text: The text of somebody else.
        keep: Control characters that stay: ``"\n"`` for texts of several lines.
    """
    if _SUSPECT.search(text) is not None:
        text = "".join(
            ascii(char)[1:-1] if char not in keep and _misleads(text, at) else char for at, char in enumerate(text)
        )
    return text if text.isascii() else _STACKED.sub(lambda mark: ascii(mark[0])[1:-1], text)


def visible_json(document: str) -> str:
    r"""Return a JSON document that means the same, with what ``visible`` shows written as ``\u001b``.

    Such characters stand only inside of strings there, but for the line ends of a document for people, which stay.
    """
    if _SUSPECT.search(document) is not None:
        document = "".join(
            _json_escape(char) if char not in "\r\n\t" and _misleads(document, at) else char
            for at, char in enumerate(document)
        )
    return document if document.isascii() else _STACKED.sub(lambda mark: _json_escape(mark[0]), document)


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[at : at + 2], 'big'):04x}" for at in range(0, len(units), 2))


def _misleads(text: str, at: int) -> bool:
    char = text[at]
    if _SUSPECT.match(char) is None:
        return False
    category = unicodedata.category(char)
    if category in ("Cc", "Cs", "Zl", "Zp") or char in _INVISIBLE:
        return True
    before = text[at - 1] if at else ""
    if char in _JOINERS:
        return not _joins(before, text[at + 1 : at + 2])
    if "\ufe00" <= char <= "\ufe0f":
        return not (
            before and (unicodedata.category(before) in ("So", "Sm", "Sk", "Po", "Lo") or before in "0123456789#*")
        )
    if "\U000e0100" <= char <= "\U000e01ef":
        return not (before and unicodedata.category(before) == "Lo")
    if "\U000e0020" <= char <= "\U000e007f":
        return not (before == "\U0001f3f4" or (before and "\U000e0020" <= before <= "\U000e007f" and _flag(text, at)))
    # Marks of Arabic and Syriac numbers are format characters that are seen.
    return category == "Cf" and not ("\u0600" <= char <= "\u0605" or char in "\u06dd\u070f\u08e2")


def _joins(before: str, after: str) -> bool:
    """Whether a joiner between these two does what it is for: in emoji sequences, and in scripts that join."""
    if not before or not after:
        return False
    if unicodedata.category(after) == "So":
        return unicodedata.category(before) in ("So", "Sk", "Mn")
    letters = all(unicodedata.category(each)[0] in "LM" for each in (before, after))
    return letters and not any(unicodedata.name(each, "").startswith(_LATIN_LIKE) for each in (before, after))


def _flag(text: str, at: int) -> bool:
    """Whether a tag belongs to a flag: it, or one of few tags, stands before."""
    least = max(0, at - _MOST_TAGS)
    while at > least and "\U000e0020" <= text[at] <= "\U000e007f":
        at -= 1
    return text[at] == "\U0001f3f4"
