"""What of a comment may leave with a message, where somebody asked for it: its words, and nobody's name or address."""

import re
from typing import Final

LONGEST: Final = 120
_ADDRESS: Final = re.compile(r"[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+")
_LINK: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|www\.)\S*[^\s.,;:!?]|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*|\b)", re.IGNORECASE
)
_HANDLE: Final = re.compile(r"[@\uFF20\uFE6B]\s?[\w.\-]+")
_NUMBER: Final = re.compile(r"\+?\d(?:[\s().\-/]{0,3}\d){5,}")
_MARKS: Final = str.maketrans('"\u201c\u201d\u201e<>', "''''  ")
_READ: Final = 300
"""Characters that are looked at: what comes behind them would hardly be shown, and patterns take the square of it."""


def shareable(text: str) -> str:
    """Return a comment on one line, cut to ``LONGEST`` characters, without handles, links, addresses and long numbers.

    What is left can still say who somebody is: a name is a word like others. Nothing is left of characters that change
    how a text is shown, nor of quotation marks and angle brackets, which would end the quotation or begin a link.
    """
    said = "".join(char if char.isprintable() else " " for char in text[:_READ])
    for pattern, instead in ((_ADDRESS, "(address)"), (_HANDLE, "(handle)"), (_LINK, "(link)"), (_NUMBER, "(number)")):
        said = pattern.sub(instead, said)
    said = " ".join(said.translate(_MARKS).split())
    return said if len(said) <= LONGEST else said[: LONGEST - 1].rstrip() + "\u2026"
