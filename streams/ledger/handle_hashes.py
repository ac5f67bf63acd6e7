"""Hashes of the handles in a text that is an array of bytes, of all at once.

They compare handles within a process and are written nowhere. XXH3 takes one call of Python for each; eight bytes at a
time in columns take a quarter of that.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from streams.columns.arrays import I64, U8, U64

_WORD: Final = 8
PADDING: Final = bytes(_WORD)
"""What must stand behind the last byte of a text, so that a word may be read everywhere."""
_MASKS: Final = np.array([(1 << 8 * count) - 1 for count in range(_WORD + 1)], dtype=np.uint64)
_FACTORS: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS: Final = (np.uint64(32), np.uint64(29))


def hashes_at(text: U8, starts: I64, lengths: I64) -> U64:
    """Return a non-zero hash of each stretch of a text that ends with ``PADDING``."""
    words = np.ndarray((len(text) - _WORD + 1,), dtype="<u8", buffer=text, strides=(1,))
    hashes = lengths.astype(np.uint64)
    left, at, pending = lengths, starts, None
    while True:
        word = words[at] & _MASKS[np.minimum(left, _WORD)]
        if pending is None:
            hashes = _mixed(hashes ^ word)
        else:
            hashes[pending] = _mixed(hashes[pending] ^ word)
        on = np.flatnonzero(left > _WORD)
        if not len(on):
            break
        pending = on if pending is None else pending[on]
        left, at = left[on] - _WORD, at[on] + _WORD
    hashes[hashes == 0] = 1
    return hashes


def _mixed(values: U64) -> U64:
    # SplitMix64's finaliser (Steele 2014), but for its first shift: a bijection that spreads every bit.
    for factor, shift in zip(_FACTORS, _SHIFTS, strict=True):
        values = values * factor
        values ^= values >> shift
    return values


def handle_hashes(handles: Sequence[str]) -> U64:
    """Return the same hashes of strings."""
    encoded = [handle.encode() for handle in handles]
    lengths = np.array([len(each) for each in encoded], dtype=np.int64)
    text = np.frombuffer(b"".join(encoded) + PADDING, dtype=np.uint8)
    return hashes_at(text, np.cumsum(lengths) - lengths, lengths)
