"""Whom many texts mention, found at one go: the handles of ``streams.giveaway_texts.mentions_of``, hashed.

Texts are joined, folded and looked at as an array of bytes. Bytes tell where a handle begins and ends as long as all
characters next to it are ASCII; of the few texts where one is not, only the number is given back, for a slower reader.
"""

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.giveaway_texts import MOST_MENTIONS, folded
from streams.handle_hashes import PADDING, hashes_at
from streams.idmap import I64, U64, mixed
from streams.joined_strings import ESCAPE, SEPARATOR, taken_apart

_AT: Final = ord("@")
MARKS: Final = "@＠﹫"
"""What mentions begin with: all characters that are folded to the first."""
_WIDE_MARKS: Final = tuple(tuple(mark.encode()) for mark in MARKS[1:])
"""Three bytes each, the first of which both have."""


def _bytes_in(characters: str) -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[np.frombuffer(characters.encode(), dtype=np.uint8)] = True
    return table


_WORD: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_IN_HANDLE: Final = _bytes_in(f"{_WORD}.-")
_ENDS_HANDLE: Final = ~_IN_HANDLE
_NO_MENTION_AFTER: Final = _bytes_in(f"{_WORD}.")
_NOT_AT_END: Final = _bytes_in(".-")


class Mentions(Struct, frozen=True):
    """``hashes`` of the distinct handles of each text, in order; text ``owners[n]`` mentions ``hashes[n]``.

    Texts that are not ``sure`` must be read one by one; nothing is said of them.
    """

    sure: NDArray[np.bool_]
    owners: I64
    hashes: U64


def texts_with_marks(data: bytes) -> tuple[I64, list[str]]:
    """Return the texts of a joined run that may mention somebody: their numbers, which grow, and what they say.

    Most do not, and are never made strings.
    """
    found = np.frombuffer(data + b"\0", dtype=np.uint8)
    if ESCAPE in data or _has_wide_marks(found):
        texts = taken_apart(data)
        marked = [number for number, text in enumerate(texts) if any(mark in text for mark in MARKS)]
        return np.array(marked, dtype=np.int64), [texts[number] for number in marked]
    ends = np.flatnonzero(found == 0)
    is_marked = np.zeros(len(ends), dtype=np.bool_)
    is_marked[np.searchsorted(ends, np.flatnonzero(found == _AT))] = True
    whole = found[np.repeat(is_marked, np.diff(ends, prepend=-1))].tobytes().decode()
    return np.flatnonzero(is_marked), whole.split(SEPARATOR)[:-1]


def _has_wide_marks(found: NDArray[np.uint8]) -> bool:
    # Looking for three bytes takes Python thirty times as long as looking for one takes numpy.
    places = np.flatnonzero(found == _WIDE_MARKS[0][0])
    seconds, thirds = found[places + 1], found[places + 2]
    return any(bool(((seconds == second) & (thirds == third)).any()) for _, second, third in _WIDE_MARKS)


def mentions_in(texts: list[str]) -> Mentions:
    """Return whom each text mentions."""
    foreign = np.array([not text.isascii() for text in texts], dtype=np.bool_)
    parts = [_found(texts, np.flatnonzero(foreign == which)) for which in (False, True)]
    sure = np.ones(len(texts), dtype=np.bool_)
    for unsure, _, _ in parts:
        sure[unsure] = False
    owners = np.concatenate([owners for _, owners, _ in parts])
    hashes = np.concatenate([hashes for _, _, hashes in parts])
    order = np.argsort(owners, kind="stable")
    return Mentions(sure, owners[order], hashes[order])


def _found(texts: list[str], numbers: I64) -> tuple[I64, I64, U64]:
    """Return the numbers of texts that are unsure, and owner and hash of each mention in the others."""
    whole = folded(SEPARATOR.join([texts[number] for number in numbers.tolist()]))
    if whole.count(SEPARATOR) != max(0, len(numbers) - 1):
        return numbers, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    found = np.frombuffer(f"{SEPARATOR}{whole}{SEPARATOR}".encode() + PADDING, dtype=np.uint8)
    stops = np.flatnonzero(_ENDS_HANDLE[found[: -len(PADDING)]])
    kinds = found[stops]
    marks = np.flatnonzero(kinds == _AT)
    ats, ends = stops[marks], stops[np.minimum(marks + 1, len(stops) - 1)]
    owners = np.cumsum(kinds == 0)[marks] - 1

    filled = ends > ats + 1
    begins = filled & ~_NO_MENTION_AFTER[found[ats - 1]]
    joined = np.zeros(len(ats), dtype=np.bool_)
    joined[1:] = filled[:-1] & (ends[:-1] == ats[1:])
    # "@a@b" is two mentions, "x@a@b" is none: a run of handles counts from the first that has no word before it.
    places = np.arange(len(ats))
    run = np.maximum.accumulate(np.where(joined, 0, places))
    counts = filled & (np.maximum.accumulate(np.where(begins, places, -1)) >= run)

    many = np.bincount(owners[counts], minlength=len(numbers)) > MOST_MENTIONS
    many[owners[(found[ats - 1] > 127) | (found[ends] > 127)]] = True
    counts &= ~many[owners]
    owners, firsts, lasts = owners[counts], ats[counts] + 1, ends[counts] - 1
    while (trailing := (lasts >= firsts) & _NOT_AT_END[found[lasts]]).any():
        lasts = lasts - trailing
    named = lasts >= firsts
    owners, firsts, lasts = owners[named], firsts[named], lasts[named] + 1
    hashes = hashes_at(found, firsts, lasts - firsts)
    pairs = mixed(hashes, owners)
    in_order = np.sort(pairs)
    if (in_order[1:] == in_order[:-1]).any():
        kept = np.sort(np.unique(pairs, return_index=True)[1])
        owners, hashes = owners[kept], hashes[kept]
    return numbers[many], numbers[owners], hashes
