"""Text that can be normalised in time linear in its length: at most 30 combining marks in a row.

Normalising sorts each run of non-starters by their combining class, and Python does so in quadratic time: 20,000 marks
in the wrong order take almost half a second. No language needs more than a handful. Source: UAX #15, section 13,
Stream-Safe Text Format.
"""

import re
import unicodedata
from typing import Final

MOST_NON_STARTERS: Final = 30
"""In a row, when normalised to NFKD; 18 is the longest run that a script is known to need (UAX #15)."""
_WIDEST_MARK: Final = 2
"""Non-starters in the decomposition of one mark: U+0344."""
_WIDEST_END: Final = 3
"""Non-starters at the end of the decomposition of a letter: U+1F82."""
_HARMLESS: Final = (MOST_NON_STARTERS - _WIDEST_END) // _WIDEST_MARK
_BLOCKS: Final = (range(0x300, 0x3100), range(0xA600, 0xAC00), range(0xFB00, 0xFE30), range(0x10000, 0x1F000))
"""Where non-starters are, in any version of Unicode so far: the rest is Han, Hangul, and of no script."""
NON_STARTERS: Final = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f").union(
    char for block in _BLOCKS for char in map(chr, block) if unicodedata.combining(char)
)
"""Characters whose NFKD begins with a non-starter: the first five have a combining class of 0 themselves."""
_RUN: Final = re.compile(f"[{''.join(sorted(NON_STARTERS))}]{{{_HARMLESS + 1},}}")


def stream_safe(text: str) -> str:
    """Return a text in Stream-Safe Text Format: of longer runs of non-starters, only the first 30 stay.

    The format lets a joiner be put into such a run as well (U+034F); it is cut instead, because nobody sees that
    joiner, so that it would not be left in a text that is compared. Linear in the length of the text.
    """
    # Any run of so many covers one of these places: most texts are done with after a look at a few characters.
    if text.isascii() or NON_STARTERS.isdisjoint(text[_HARMLESS :: _HARMLESS + 1]):
        return text
    return _RUN.sub(_cut, text)


def _cut(run: re.Match[str]) -> str:
    before = run.string[max(0, run.start() - 1) : run.start()]
    count = 0
    for char in unicodedata.normalize("NFKD", before):
        count = count + 1 if unicodedata.combining(char) else 0
    marks = run[0]
    for place, mark in enumerate(marks):
        count += len(unicodedata.normalize("NFKD", mark))
        if count > MOST_NON_STARTERS:
            return marks[:place]
    return marks
