"""Many strings as one run of bytes, which whoever does not need them one by one need not take apart.

They are UTF-8, with a character of code 0 between each and the next. In a string, one of code 1 is written as code 1
and "b", one of code 0 as code 1 and "a".
"""

from collections.abc import Sequence
from typing import Final

SEPARATOR: Final = "\0"
_MARK: Final = "\1"
ESCAPE: Final = b"\1"
"""Where this is among the bytes, they are not as the strings were."""
ESCAPES: Final = (b"\1a", b"\1b")
"""What it may begin."""


def encoded(strings: Sequence[str]) -> bytes:
    """Return strings as bytes; of several such, put ``SEPARATOR`` between them."""
    joined = SEPARATOR.join(strings)
    if joined.count(SEPARATOR) != len(strings) - 1 or _MARK in joined:
        joined = SEPARATOR.join([_escaped(string) for string in strings])
    return joined.encode()


def taken_apart(data: bytes) -> list[str]:
    """Return the strings, one at least.

    Raises:
        UnicodeDecodeError: the bytes are no text.
    """
    whole = data.decode()
    strings = whole.split(SEPARATOR)
    return [_unescaped(string) for string in strings] if _MARK in whole else strings


def _escaped(string: str) -> str:
    return string.replace(_MARK, f"{_MARK}b").replace(SEPARATOR, f"{_MARK}a")


def _unescaped(string: str) -> str:
    return string.replace(f"{_MARK}a", SEPARATOR).replace(f"{_MARK}b", _MARK)
