"""From a comment to what suspicion looks at of it."""

import re
from typing import Final

from streams.giveaway_texts import handle_key, read_text
from streams.suspicion_columns import EntryView

_NAMES: Final = re.compile(r"[@#][^\s@#]+")
_RUN: Final = re.compile(r"[^\W\d_]+|\d+|\S")


def view_of(person: str, handle: str, at_ms: int, text: str, platform: str = "") -> EntryView:
    """Read one comment; ``person`` must be unique in the campaign, ``handle`` on its platform."""
    reading = read_text(text)
    return EntryView(
        person=person,
        platform=platform,
        handle=handle_key(handle),
        at_ms=at_ms,
        plain=reading.plain.strip(),
        style=typing_style(text),
        mentions=reading.mentions,
    )


def typing_style(text: str) -> str:
    """Return how a text was typed: capitals at its beginning or throughout, and its punctuation and symbols.

    Words, numbers, mentions and hashtags do not matter; each symbol that is no ASCII punctuation (an emoji) is an
    ``E``.
    """
    without = _NAMES.sub(" ", text)
    marks = "".join(
        run if run.isascii() else "E" for run in _RUN.findall(without) if not run[0].isalnum() and run != "\ufe0f"
    )
    letters = [char for char in without if char.isalpha()]
    if not letters:
        return f"-{marks}"
    case = "a" if letters[0].islower() else "A" if without.isupper() else "T"
    return f"{case}{marks}"
