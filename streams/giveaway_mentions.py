"""Whom many texts mention, found at one go: the handles of ``streams.giveaway_texts.mentions_of``, hashed.

Joined texts are looked at as an array of bytes. Bytes tell where a handle begins and ends as long as all characters
next to it are ASCII: whatever stands farther away, folding does not change a handle. Of the few texts where one is not,
only the number is given back, for a slower reader.
"""

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.giveaway_texts import MOST_MENTIONS
from streams.handle_hashes import PADDING, hashes_at
from streams.idmap import I64, U64, distinct, mixed
from streams.joined_strings import SEPARATOR, blanked, taken_apart

U8 = NDArray[np.uint8]
_AT: Final = ord("@")
_LAST_ASCII: Final = 127
MARKS: Final = "@＠﹫"
"""What mentions begin with: all characters that are folded to the first."""
_WIDE_MARKS: Final = tuple(tuple(mark.encode()) for mark in MARKS[1:])
"""Three bytes each, the first of which both have."""


def _bytes_in(characters: str) -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[np.frombuffer(characters.encode(), dtype=np.uint8)] = True
    return table


_WORD: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_ENDS_HANDLE: Final = (~_bytes_in(f"{_WORD}.-")).tobytes()
_NO_MENTION_AFTER: Final = _bytes_in(f"{_WORD}.")
_NOT_AT_END: Final = _bytes_in(".-")


class Mentions(Struct, frozen=True):
    """``hashes`` of the distinct handles of each text, in order; text ``owners[n]`` mentions ``hashes[n]``.

    The texts of ``unsure``, by number, must be read one by one; nothing else is said of them.
    """

    owners: I64
    hashes: U64
    unsure: dict[int, str]


def mentions_in(data: bytes) -> Mentions:
    """Return whom each text of a joined run (``streams.joined_strings``) mentions."""
    # What is escaped is no part of a word, but the second byte of its escape would be.
    whole = b"".join((SEPARATOR, blanked(data).lower(), SEPARATOR, PADDING))
    found = np.frombuffer(whole, dtype=np.uint8)
    # Bytes translate themselves in less than half of the time in which numpy looks them up.
    stops = np.flatnonzero(np.frombuffer(whole.translate(_ENDS_HANDLE), dtype=np.bool_)[: -len(PADDING)])
    kinds = found[stops]
    is_end = kinds == 0
    # Where the text before each one ends, and the last. A mask takes three times as long as places.
    text_ends = stops[np.flatnonzero(is_end)]
    marks = np.flatnonzero(kinds == _AT)
    ats, ends, owners = stops[marks], stops[marks + 1], np.cumsum(is_end)[marks] - 1

    filled = ends > ats + 1
    begins = filled & ~_NO_MENTION_AFTER[found[ats - 1]]
    joined = np.zeros(len(ats), dtype=np.bool_)
    joined[1:] = filled[:-1] & (ends[:-1] == ats[1:])
    # "@a@b" is two mentions, "x@a@b" is none: a run of handles counts from the first that has no word before it.
    places = np.arange(len(ats))
    run_begins = np.maximum.accumulate(np.where(joined, 0, places))
    counts = filled & (np.maximum.accumulate(np.where(begins, places, -1)) >= run_begins)

    unclear = owners[(found[ats - 1] > _LAST_ASCII) | (found[ends] > _LAST_ASCII)]
    too_many = np.flatnonzero(np.bincount(owners[counts]) > MOST_MENTIONS)
    unsure = distinct(np.concatenate((unclear, too_many, np.searchsorted(text_ends, _wide_marks(found)) - 1)))
    if len(unsure):
        is_sure = np.ones(len(text_ends) - 1, dtype=np.bool_)
        is_sure[unsure] = False
        counts &= is_sure[owners]
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
    texts = {number: data[text_ends[number] : text_ends[number + 1] - 1] for number in unsure.tolist()}
    return Mentions(owners, hashes, {number: taken_apart(text)[0] for number, text in texts.items()})


def _wide_marks(found: U8) -> I64:
    """Return where characters stand that are folded to ``@``."""
    # Looking for three bytes takes Python thirty times as long as looking for one takes numpy.
    places = np.flatnonzero(found == _WIDE_MARKS[0][0])
    seconds, thirds = found[places + 1], found[places + 2]
    is_mark = np.zeros(len(places), dtype=np.bool_)
    for _, second, third in _WIDE_MARKS:
        is_mark |= (seconds == second) & (thirds == third)
    return places[is_mark]
