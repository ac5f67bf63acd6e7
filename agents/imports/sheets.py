"""What every reader of a file hands out: sheets, whose rows can be read more than once."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct


class Unreadable(NamedTuple):
    """A row that is damaged in the file itself."""

    value: str
    reason: str


Line = tuple[int, Sequence[str] | Unreadable]
"""A row's number, from 1, and its cells."""


class Sheet(Struct, frozen=True, kw_only=True):
    """One table of a file.

    ``rows`` starts from the beginning at each call. ``name`` is "" where the file has one table. ``is_json`` says that
    the first row has the names of fields, line 0. ``read_as`` says how, for people.
    """

    name: str = ""
    rows: Callable[[], Iterator[Line]]
    numbers_are_typed: bool = False
    is_json: bool = False
    read_as: str = ""
    notes: tuple[str, ...] = ()
