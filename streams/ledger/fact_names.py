"""Names of what facts are about, and telling apart what has one hash: comments, people and orders.

A ledger knows them by XXH3, whose seeds are public: somebody can make an id that has the hash of another one. What has
one hash and is not the same gets numbers of its own here, all of it, so that the order in which it became known does
not matter. That is told by itself where the ledger has the ids, and by BLAKE2b of 128 bits where it has none: of
deletions, refunds and orders. Facts of before that have a hash only, and are about everything that has it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from streams.comparison import platform_key

NAME_BYTES = 16
NAMED_BYTES = 8 + NAME_BYTES
"""A hash and a name, as deletions and refunds have them."""
Named = tuple[int, bytes]
"""A hash, and the name of one of those that have it."""


def name_of(platform: str, one: str) -> bytes:
    """Return the name of an id on a platform: whoever finds another id with it has broken BLAKE2b."""
    key = platform_key(platform).encode()
    said = len(key).to_bytes(4, "big") + key + one.encode()
    return hashlib.blake2b(said, digest_size=NAME_BYTES, person=b"pulse fact").digest()


def named_of(data: bytes) -> Iterator[Named]:
    """Yield the hashes and names in a column of a block."""
    for start in range(0, len(data), NAMED_BYTES):
        yield int.from_bytes(data[start : start + 8], "little"), data[start + 8 : start + NAMED_BYTES]


def column_of(named: Iterable[Named]) -> bytes:
    """Return hashes and names as a column of a block, each once, in order."""
    return b"".join(number.to_bytes(8, "little") + name for number, name in sorted(set(named)))


class Alike:
    """What has a hash together with something else, and the number by which it is known instead.

    Args:
        ids: hash, platform and id of everything of which the ledger has the id.
        named: hash and name of everything else.
    """

    def __init__(self, ids: Iterable[tuple[int, str, str]], named: Iterable[Named]) -> None:
        names: dict[int, set[bytes]] = {}
        for number, name in named:
            names.setdefault(number, set()).add(name)
        first: dict[int, tuple[str, str]] = {}
        several: dict[int, set[tuple[str, str]]] = {}
        for number, platform, one in ids:
            known = first.setdefault(number, (platform, one))
            if known != (platform, one):
                several.setdefault(number, {known}).add((platform, one))
        for number in names.keys() & first.keys():
            several.setdefault(number, {first[number]})
        for number, some in several.items():
            names.setdefault(number, set()).update(name_of(*each) for each in some)
        self._names = {number: some for number, some in names.items() if len(some) > 1}
        self._numbers = _numbers(self._names, first.keys() | names.keys())

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._numbers)

    def number(self, number: int, platform: str, one: str) -> int:
        """Return by which number an id is known."""
        return self._numbers[number, name_of(platform, one)] if number in self._names else number

    def named(self, number: int, name: bytes) -> int:
        """Return by which number something is known of which there is a name, or none: then by its hash."""
        return self._numbers.get((number, name), number)

    def all_of(self, number: int) -> list[int]:
        """Return the numbers of everything that has a hash."""
        return [self._numbers[number, name] for name in sorted(self._names.get(number, ()))] or [number]


def _numbers(names: Mapping[int, set[bytes]], taken: Iterable[int]) -> dict[Named, int]:
    """Return a number for each name; none is another's, nor anybody's hash."""
    used = set(taken)
    numbers: dict[Named, int] = {}
    for number, name in sorted((number, name) for number, some in names.items() for name in some):
        salt = 0
        while True:
            said = salt.to_bytes(4, "big") + name
            found = int.from_bytes(hashlib.blake2b(said, digest_size=8, person=b"pulse number").digest(), "big")
            if found and found not in used:
                break
            salt += 1
        used.add(found)
        numbers[number, name] = found
    return numbers
