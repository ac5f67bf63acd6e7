"""Ids in cells: taken over as they are, or refused where a spreadsheet has ruined them."""

import re
from collections.abc import Iterable
from typing import Final

from streams.imports.numbers import NOTHING, unwrapped

_EXPONENT: Final = re.compile(r"[-+]?[0-9](?:[.,][0-9]*)?E\+?[0-9]{1,3}", re.I)
_FLOAT: Final = re.compile(r"[0-9]{5,}[.,]0*")
_LONG: Final = re.compile(r"[0-9]{16,}")
_EXACT_DIGITS: Final = 15
"""What a spreadsheet keeps of a number (IEEE 754 double precision)."""
_RUINED: Final = (
    "a spreadsheet has made a number of the id and lost its last digits; they cannot be restored. Export the file "
    "again and import it without opening it in a spreadsheet, or have the column formatted as text when it is opened"
)


class RuinedId(ValueError):  # noqa: N818  # a verdict on input
    """An id whose digits are lost; the message says the way out."""


def id_of(text: str) -> str:
    """Return the id of a cell; "" where it has none.

    Raises:
        RuinedId: it is ``1.79E+16``, as spreadsheets write long numbers.
    """
    bare = unwrapped(text)
    if bare.isdigit() or not bare:
        return bare
    if bare.casefold() in NOTHING:
        return ""
    if _EXPONENT.fullmatch(bare) or _FLOAT.fullmatch(bare):
        raise RuinedId(_RUINED)
    return bare


def are_ruined(texts: Iterable[str]) -> bool:
    """Return whether long numbers of a column were rounded: two at least, and all end in zeros behind 15 digits."""
    long = {bare for text in texts if _LONG.fullmatch(bare := unwrapped(text))}
    return len(long) > 1 and all(not id_[_EXACT_DIGITS:].strip("0") for id_ in long)


def check_rounded(id_: str) -> None:
    """Refuse an id of a column that ``are_ruined``.

    Raises:
        RuinedId: it has more digits than a spreadsheet keeps, and zeros behind those.
    """
    if _LONG.fullmatch(id_) and not id_[_EXACT_DIGITS:].strip("0"):
        raise RuinedId(_RUINED)
