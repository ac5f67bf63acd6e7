"""Commands of a pipeline as bytes, in a quarter of redis-py's time.

redis-py joins what it has so far anew for every argument, and an influencer's hash has some three hundred of them:
267 µs for an influencer and 68 here, measured beside each other; the numbers themselves take as long to make.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from redis.asyncio.connection import AbstractConnection

Connection = TypeVar("Connection", bound=AbstractConnection)
_KNOWN_TEXTS: Final = 8_192
_LONGEST_KNOWN: Final = 100
"""Names of fields, keys and commands are packed once; what is longer, or beyond so many, each time."""
_KNOWN_NUMBERS: Final = 8_192
"""Integers below this are packed once: most of the numbers of most influencers."""


class QuickPacking:
    """Put before a connection of redis-py: packs pipelines quickly. What it does not know goes the connection's way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known: dict[str, bytes] = {}
        self._known_numbers: dict[int, bytes] = {}

    def pack_commands(self, commands: Iterable[Sequence[Any]]) -> list[bytes]:
        """Return the commands as the server reads them."""
        parts: list[bytes] = []
        known, known_numbers = self._known, self._known_numbers
        for command in commands:
            mark = len(parts)
            parts.append(b"*%d\r\n" % len(command))
            for argument in command:
                kind = argument.__class__
                if kind is str:
                    part = known.get(argument)
                    if part is None:
                        text = argument.encode()
                        part = b"$%d\r\n%b\r\n" % (len(text), text)
                        if len(known) < _KNOWN_TEXTS and len(text) <= _LONGEST_KNOWN:
                            known[argument] = part
                    parts.append(part)
                    continue
                if kind is int and 0 <= argument < _KNOWN_NUMBERS:
                    part = known_numbers.get(argument)
                    if part is None:
                        text = b"%d" % argument
                        part = known_numbers[argument] = b"$%d\r\n%b\r\n" % (len(text), text)
                    parts.append(part)
                    continue
                if kind is int or kind is float:
                    argument = repr(argument).encode()
                elif kind is not bytes:
                    break
                parts.append(b"$%d\r\n%b\r\n" % (len(argument), argument))
            else:
                if " " not in command[0]:
                    continue
            parts[mark:] = super().pack_command(*command)  # type: ignore[misc]  # of the connection
        return [b"".join(parts)]


def quick(kind: type[Connection]) -> type[Connection]:
    """Return a kind of connection that packs quickly."""
    return type(f"Quick{kind.__name__}", (QuickPacking, kind), {})
