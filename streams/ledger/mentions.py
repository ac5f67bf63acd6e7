"""Whom many texts mention, found at one go: the handles of ``streams.ledger.comment_texts.mentions_of``, hashed.

Joined texts are looked at as an array of bytes. Bytes tell where a handle begins and ends as long as all characters
next to it are ASCII: whatever stands farther away, folding does not change a handle. Of the few texts where one is not,
only the number is given back, for a slower reader.
"""

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.columns.arrays import I64, U64
from streams.columns.idmap import distinct, mixed
from streams.columns.strings import SEPARATOR, blanked, taken_apart
from streams.ledger.comment_texts import MOST_MENTIONS
from streams.ledger.handle_hashes import PADDING, hashes_at

MARKS: Final = "@＠﹫"
"""What mentions begin with: all characters that are folded to the first."""
_WIDE_MARKS: Final = tuple(tuple(mark.encode()) for mark in MARKS[1:])
"""Three bytes each, the first of which both have."""
_END, _AT, _NOT_ASCII, _OTHER = range(4)
_HYPHEN, _DOT = ord("-"), ord(".")
"""Of what may stand in a handle the first two; letters, digits and "_" are larger."""


def _codes() -> bytes:
    """Return what each byte is: a small letter, or what else may stand in a handle, or one of four numbers below."""
    codes = bytearray([_OTHER] * 128 + [_NOT_ASCII] * 128)
    codes[0], codes[ord("@")] = _END, _AT
    for character in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-":
        codes[ord(character)] = ord(character.lower())
    return bytes(codes)


_CODES: Final = _codes()
_ONE: Final = np.uint64(1)


class Mentions(Struct, frozen=True):
    """``hashes`` of the distinct handles of each text, in order; text ``owners[n]`` mentions ``hashes[n]``.

    The texts of ``unsure``, by number, must be read one by one; nothing else is said of them.
    """

    owners: I64
    hashes: U64
    unsure: dict[int, str]


def mentions_in(data: bytes) -> Mentions:
    """Return whom each text of a joined run (``streams.columns.strings``) mentions."""
    # What is escaped is no part of a word, but the second byte of its escape would be.
    whole = b"".join((SEPARATOR, blanked(data), SEPARATOR, PADDING))
    # Bytes translate themselves in less than half of the time in which numpy looks them up.
    found = np.frombuffer(whole.translate(_CODES), dtype=np.uint8)
    points = np.flatnonzero(found[: -len(PADDING)] <= _AT)
    is_end = found[points] == _END
    # Where the text before each one ends, and the last. A mask takes three times as long as places.
    text_ends = points[np.flatnonzero(is_end)]
    marks = np.flatnonzero(~is_end)
    ats, owners = points[marks], np.cumsum(is_end)[marks] - 1
    ends = _ends_after(ats, found < _HYPHEN)

    filled = ends > ats + 1
    begins = filled & (found[ats - 1] < _DOT)
    joined = np.zeros(len(ats), dtype=np.bool_)
    joined[1:] = filled[:-1] & (ends[:-1] == ats[1:])
    # "@a@b" is two mentions, "x@a@b" is none: a run of handles counts from the first that has no word before it.
    places = np.arange(len(ats))
    run_begins = np.maximum.accumulate(np.where(joined, 0, places))
    counts = filled & (np.maximum.accumulate(np.where(begins, places, -1)) >= run_begins)

    unclear = owners[(found[ats - 1] == _NOT_ASCII) | (found[ends] == _NOT_ASCII)]
    too_many = np.flatnonzero(np.bincount(owners[counts]) > MOST_MENTIONS)
    unsure = distinct(np.concatenate((unclear, too_many, np.searchsorted(text_ends, _wide_marks(whole)) - 1)))
    if len(unsure):
        is_sure = np.ones(len(text_ends) - 1, dtype=np.bool_)
        is_sure[unsure] = False
        counts &= is_sure[owners]
    owners, firsts, lasts = owners[counts], ats[counts] + 1, ends[counts] - 1
    while (trailing := (lasts >= firsts) & (found[lasts] <= _DOT)).any():
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


def _ends_after(ats: I64, is_stop: NDArray[np.bool_]) -> I64:
    """Return the first stop after each place; one stands at the end, before ``PADDING``."""
    words = np.ndarray((len(is_stop) - len(PADDING) + 1,), dtype="<u8", buffer=is_stop, strides=(1,))
    ends, pending = ats + 1, np.arange(len(ats))
    while len(pending):
        word = words[ends[pending]]
        # The zeros below the lowest bit: eight for each byte before the first stop, and 64 when there is none.
        ends[pending] += np.bitwise_count((word & (~word + _ONE)) - _ONE) >> 3
        pending = pending[word == 0]
    return ends


def _wide_marks(whole: bytes) -> I64:
    """Return where characters stand that are folded to ``@``."""
    found = np.frombuffer(whole, dtype=np.uint8)
    # Looking for three bytes takes Python thirty times as long as looking for one takes numpy.
    places = np.flatnonzero(found == _WIDE_MARKS[0][0])
    seconds, thirds = found[places + 1], found[places + 2]
    is_mark = np.zeros(len(places), dtype=np.bool_)
    for _, second, third in _WIDE_MARKS:
        is_mark |= (seconds == second) & (thirds == third)
    return places[is_mark]
