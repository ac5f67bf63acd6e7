"""Whom many texts mention, found at one go: the handles of ``streams.ledger.comment_texts.mentions_of``, hashed.

Joined texts are looked at as an array of bytes. Bytes tell where a handle begins and ends as long as all characters
next to it are ASCII, and no slash says that there may be an address: whatever stands farther away does not change a
handle. Of the few texts where that is not so, only the number is given back, for a slower reader.
"""

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.columns.arrays import I64, U8, U64
from streams.columns.idmap import distinct, mixed
from streams.columns.strings import SEPARATOR, blanked, taken_apart
from streams.ledger.comment_texts import MOST_MENTIONS
from streams.ledger.handle_hashes import PADDING, hashes_at
from streams.ledger.platform_rules import PLATFORMS, WIDE, PlatformRules

MARKS: Final = "@＠﹫"
"""What mentions begin with: all characters that are folded to the first."""
_WIDE_MARK_BYTES: Final = tuple(mark.encode() for mark in MARKS[1:])
_WIDE_MARKS: Final = tuple(map(tuple, _WIDE_MARK_BYTES))
"""Three bytes each, the first of which both have."""
_END, _AT, _NOT_ASCII, _OTHER = range(4)
_HYPHEN, _DOT, _SLASH = map(ord, "-./")
"""Of what may stand in a handle the hyphen is the first: ``.``, digits, letters and ``_`` are larger."""
_ASCII_WORD: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_NO_MENTION_BEHIND: Final = "!#$%&*@"
"""What else may not stand before a mention of X."""


def _table(characters: str) -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[[ord(character) for character in characters if character.isascii()]] = True
    return table


class _Bytes:
    """The rules of a platform for single bytes.

    ``codes`` is what each byte is: a small letter, or what else may stand in a handle, or one of four numbers below.
    """

    def __init__(self, rules: PlatformRules) -> None:
        codes = bytearray([_OTHER] * 128 + [_NOT_ASCII] * 128)
        codes[0], codes[ord("@")] = _END, _AT
        for character in _ASCII_WORD.replace("_", "") + rules.marks:
            if character.isascii():
                codes[ord(character)] = ord(character.lower())
        self.codes = bytes(codes)
        self.is_x = rules.platform == "x"
        before = _NO_MENTION_BEHIND if self.is_x else "=" if rules.hosts else ""
        self.forbidden_before = _table(_ASCII_WORD + before)
        self.not_first, self.not_last = _table(rules.not_first), _table(rules.not_last)


_BYTES: Final = {rules.platform: _Bytes(rules) for rules in (*PLATFORMS.values(), WIDE)}
_RETWEET: Final = _table("tT")
_ONE: Final = np.uint64(1)


class Mentions(Struct, frozen=True):
    """``hashes`` of the distinct handles of each text, in order; text ``owners[n]`` mentions ``hashes[n]``.

    The texts of ``unsure``, by number, must be read one by one; nothing else is said of them.
    """

    owners: I64
    hashes: U64
    unsure: dict[int, str]


def mentions_in(data: bytes, rules: PlatformRules = WIDE) -> Mentions:
    """Return whom each text of a joined run (``streams.columns.strings``) mentions, by the rules of their platform."""
    table = _BYTES[rules.platform]
    # What is escaped is no part of a word, but the second byte of its escape would be.
    whole = b"".join((SEPARATOR, blanked(data), SEPARATOR, PADDING))
    # Bytes translate themselves in less than half of the time in which numpy looks them up.
    found = np.frombuffer(whole.translate(table.codes), dtype=np.uint8)
    points = np.flatnonzero(found[: -len(PADDING)] <= _AT)
    is_end = found[points] == _END
    # Where the text before each one ends, and the last. A mask takes three times as long as places.
    text_ends = points[np.flatnonzero(is_end)]
    marks = np.flatnonzero(~is_end)
    ats, owners = points[marks], np.cumsum(is_end)[marks] - 1
    ends = _ends_after(ats, found < _HYPHEN)
    raw = np.frombuffer(whole, dtype=np.uint8)

    filled = ends > ats + 1
    begins = filled & ~table.forbidden_before[raw[ats - 1]]
    joined = np.zeros(len(ats), dtype=np.bool_)
    joined[1:] = filled[:-1] & (ends[:-1] == ats[1:])
    # "@a@b" is two mentions, "x@a@b" is none: a run of handles counts from the first that has no word before it.
    places = np.arange(len(ats))
    run_begins = np.maximum.accumulate(np.where(joined, 0, places))
    counts = filled & (np.maximum.accumulate(np.where(begins, places, -1)) >= run_begins)
    firsts, lasts = ats + 1, ends - 1
    while (trailing := (lasts >= firsts) & table.not_last[found[lasts]]).any():
        lasts = lasts - trailing

    unclear = (found[ats - 1] == _NOT_ASCII) | (found[ends] == _NOT_ASCII)
    if table.is_x or rules.hosts:
        unclear |= joined
        unclear[:-1] |= joined[1:]
    if table.is_x:
        unclear |= _RETWEET[raw[ats - 1]]
    if not rules.dots and b".." in whole:
        doubled = np.flatnonzero((raw[:-1] == _DOT) & (raw[1:] == _DOT))
        unclear |= np.searchsorted(doubled, firsts) < np.searchsorted(doubled, lasts)
    unclear |= not rules.dots_count
    too_many = np.flatnonzero(np.bincount(owners[counts]) > MOST_MENTIONS)
    others = np.concatenate((_slashes(raw), _wide_marks(whole)))
    unsure = distinct(np.concatenate((owners[unclear], too_many, np.searchsorted(text_ends, others) - 1)))
    if len(unsure):
        is_sure = np.ones(len(text_ends) - 1, dtype=np.bool_)
        is_sure[unsure] = False
        counts &= is_sure[owners]
    lengths = lasts + 1 - firsts
    counts &= (lengths >= rules.shortest) & (lengths <= rules.longest) & ~table.not_first[found[firsts]]
    owners, firsts, lengths = owners[counts], firsts[counts], lengths[counts]
    hashes = hashes_at(found, firsts, lengths)
    pairs = mixed(hashes, owners)
    in_order = np.sort(pairs)
    if (in_order[1:] == in_order[:-1]).any():
        kept = np.sort(np.unique(pairs, return_index=True)[1])
        owners, hashes = owners[kept], hashes[kept]
    # In a text without any mark, nothing else matters.
    texts = ((number, data[text_ends[number] : text_ends[number + 1] - 1]) for number in unsure.tolist())
    return Mentions(owners, hashes, {number: taken_apart(text)[0] for number, text in texts if _has_mark(text)})


def _has_mark(text: bytes) -> bool:
    return b"@" in text or any(mark in text for mark in _WIDE_MARK_BYTES)


def _slashes(raw: U8) -> I64:
    """Return where slashes stand: without one, no address of a page has an ``@`` in it."""
    return np.flatnonzero(raw == _SLASH)


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
