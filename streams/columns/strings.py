"""Many strings as one run of bytes, taken apart only where they are needed one by one.

They are UTF-8, with a character of code 0 between each and the next. In a string, one of code 1 is written as code 1
and "b", one of code 0 as code 1 and "a".
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from streams.columns.arrays import I64, where

SEPARATOR: Final = b"\0"
"""What stands between several joined runs, as between the strings of one."""
_BETWEEN: Final = SEPARATOR.decode()
_MARK: Final = "\1"
_ESCAPE: Final = _MARK.encode()


def encoded(strings: Sequence[str]) -> bytes:
    """Return strings as bytes; of several such, put ``SEPARATOR`` between them."""
    joined = _BETWEEN.join(strings)
    if joined.count(_BETWEEN) != len(strings) - 1 or _MARK in joined:
        joined = _BETWEEN.join([_escaped(string) for string in strings])
    return joined.encode()


def encoded_together(columns: Sequence[Sequence[str]]) -> list[bytes]:
    """Return columns, none of which is empty, as ``encoded`` does, looked through together: a tenth to a sixth less."""
    found = [_BETWEEN.join(strings).encode() for strings in columns]
    whole = SEPARATOR.join(found)
    # Of many separators numpy counts all at once, bytes one by one. A separator is the byte 0.
    separators = len(whole) - np.count_nonzero(np.frombuffer(whole, dtype=np.uint8))
    if separators != sum(map(len, columns)) - 1 or is_escaped(whole):
        return [encoded(strings) for strings in columns]
    return found


def is_escaped(data: bytes) -> bool:
    """Return whether any character of a run is escaped."""
    return _ESCAPE in data


def blanked(data: bytes) -> bytes:
    """Return a run of the same length in which every character that is escaped is two spaces."""
    if not is_escaped(data):
        return data
    return data.replace(b"\1a", b"  ").replace(b"\1b", b"  ")


def stretches_of(data: bytes) -> tuple[I64, I64]:
    """Return where each string begins and ends, one at least; in a run without escapes these are its bytes."""
    between = where(np.frombuffer(data, dtype=np.uint8) == SEPARATOR[0])
    starts, ends = np.zeros(len(between) + 1, dtype=np.int64), np.empty(len(between) + 1, dtype=np.int64)
    starts[1:], ends[:-1], ends[-1] = between + 1, between, len(data)
    return starts, ends


def taken_apart(data: bytes) -> list[str]:
    """Return the strings, one at least.

    Raises:
        UnicodeDecodeError: the bytes are no text.
    """
    whole = data.decode()
    strings = whole.split(_BETWEEN)
    return [_unescaped(string) for string in strings] if _MARK in whole else strings


def _escaped(string: str) -> str:
    return string.replace(_MARK, f"{_MARK}b").replace(_BETWEEN, f"{_MARK}a")


def _unescaped(string: str) -> str:
    return string.replace(f"{_MARK}a", _BETWEEN).replace(f"{_MARK}b", _MARK)
