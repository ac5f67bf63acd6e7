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
_IN_HANDLE: Final = _bytes_in(f"{_WORD}.-")
_ENDS_HANDLE: Final = ~_IN_HANDLE
_NO_MENTION_AFTER: Final = _bytes_in(f"{_WORD}.")
_NOT_AT_END: Final = _bytes_in(".-")


class Mentions(Struct, frozen=True):
    """``hashes`` of the distinct handles of each text, in order; text ``owners[n]`` mentions ``hashes[n]``.

    The texts of ``unsure``, by number, must be read one by one; nothing else is said of them.
    """

    owners: I64
    hashes: U64
    unsure: dict[int, str]


class _Run(Struct, frozen=True):
    """Texts that may mention somebody, joined by ``SEPARATOR``, and the numbers they have among all."""

    joined: bytes
    numbers: I64


def mentions_in(data: bytes) -> Mentions:
    """Return whom each text of a joined run (``streams.joined_strings``) mentions."""
    found = np.frombuffer(data + b"\0", dtype=np.uint8)
    unsure: dict[int, str] = {}
    if ESCAPE in data or _has_wide_marks(found):
        plain, foreign, unsure = _marked_strings(taken_apart(data))
    else:
        plain, foreign = _marked(found)
    parts = [_found(plain, plain.joined.lower()), _found(foreign, folded(foreign.joined.decode()).encode())]
    owners = np.concatenate([owners for owners, _, _ in parts])
    hashes = np.concatenate([hashes for _, hashes, _ in parts])
    order = np.argsort(owners, kind="stable")
    for _, _, others in parts:
        unsure |= others
    return Mentions(owners[order], hashes[order], unsure)


def _marked(found: U8) -> tuple[_Run, _Run]:
    """Return the texts of ASCII that have a mark, and the others that have one; most have none, and are not read."""
    numbers, marked = _chosen(found, found == _AT)
    others, foreign = _chosen(marked, marked > _LAST_ASCII)
    if not len(others):
        return _Run(marked[:-1].tobytes(), numbers), _Run(b"", others)
    is_plain = np.ones(len(numbers), dtype=np.bool_)
    is_plain[others] = False
    lengths = np.diff(np.flatnonzero(marked == 0), prepend=-1)
    plain = marked[np.repeat(is_plain, lengths)]
    return _Run(plain[:-1].tobytes(), numbers[is_plain]), _Run(foreign[:-1].tobytes(), numbers[others])


def _chosen(found: U8, hits: NDArray[np.bool_]) -> tuple[I64, U8]:
    """Return numbers and bytes of the texts that have a hit, each with the ``SEPARATOR`` behind it."""
    ends = np.flatnonzero(found == 0)
    has_one = np.zeros(len(ends), dtype=np.bool_)
    has_one[np.searchsorted(ends, np.flatnonzero(hits))] = True
    return np.flatnonzero(has_one), found[np.repeat(has_one, np.diff(ends, prepend=-1))]


def _marked_strings(texts: list[str]) -> tuple[_Run, _Run, dict[int, str]]:
    """Return the same of strings, and those that cannot be joined because they have a ``SEPARATOR`` of their own."""
    marked = {number: text for number, text in enumerate(texts) if any(mark in text for mark in MARKS)}
    unsure = {number: text for number, text in marked.items() if SEPARATOR in text}
    runs = []
    for is_ascii in (True, False):
        own = [number for number, text in marked.items() if number not in unsure and text.isascii() == is_ascii]
        joined = SEPARATOR.join([marked[number] for number in own])
        runs.append(_Run(joined.encode(), np.array(own, dtype=np.int64)))
    return runs[0], runs[1], unsure


def _has_wide_marks(found: U8) -> bool:
    # Looking for three bytes takes Python thirty times as long as looking for one takes numpy.
    places = np.flatnonzero(found == _WIDE_MARKS[0][0])
    seconds, thirds = found[places + 1], found[places + 2]
    return any(bool(((seconds == second) & (thirds == third)).any()) for _, second, third in _WIDE_MARKS)


def _found(run: _Run, whole: bytes) -> tuple[I64, U64, dict[int, str]]:
    """Return owner and hash of each mention, and the texts that are unsure; ``whole`` is the run folded."""
    numbers = run.numbers
    found = np.frombuffer(b"\0".join((b"", whole, PADDING)), dtype=np.uint8)
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
    run_begins = np.maximum.accumulate(np.where(joined, 0, places))
    counts = filled & (np.maximum.accumulate(np.where(begins, places, -1)) >= run_begins)

    many = np.bincount(owners[counts], minlength=len(numbers)) > MOST_MENTIONS
    many[owners[(found[ats - 1] > _LAST_ASCII) | (found[ends] > _LAST_ASCII)]] = True
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
    texts = run.joined.decode().split(SEPARATOR) if many.any() else []
    return numbers[owners], hashes, {int(numbers[place]): texts[place] for place in np.flatnonzero(many).tolist()}
