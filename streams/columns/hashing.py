"""Stable 64-bit hashes: the same in every process and on every machine, unlike Python's own.

Many ids that stand in one array of bytes are hashed in columns: a call of Python for each costs 0.16 µs with what goes
with it, most of it around the hash; in columns it is a third. Ids of 17 to 32 bytes, as most platforms give their
comments, have one short formula (``XXH3_len_17to128_64b`` of the specification,
https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md); others are hashed one by one.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import xxhash
from numpy.typing import NDArray

from streams.columns.arrays import I64, U64
from streams.columns.strings import is_escaped, stretches_of, taken_apart
from streams.comparison import platform_key

digest: Final[Callable[[bytes, int], bytes]] = xxhash.xxh3_64_digest
"""``digest(data, seed)``: 8 bytes, big-endian. One call costs about 0.1 µs."""
_PAIR: Final = 16
"""Bytes of two words, which are taken out of a text together: twice as fast as one by one."""
_SHORTEST: Final = 17
_LONGEST: Final = 32
_AT_A_TIME: Final = 4096
"""Ids hashed together: what is computed on the way stays in the processor's cache."""
_SECRET: Final = tuple(
    np.uint64(word) for word in (0xBE4BA423396CFEB8, 0x1CAD21F72C81017C, 0xDB979083E96DD4DE, 0x1F67B3B7A4A44072)
)
_PRIME: Final = np.uint64(0x9E3779B185EBCA87)
_AVALANCHE: Final = np.uint64(0x165667919E3779F9)
_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)
_SHIFT: Final = np.uint64(37)


MOST_PLATFORMS: Final = 4_000
"""Spellings of platforms that are remembered: a stranger may make up as many as there are events."""


class PlatformSeeds(dict[str, int]):
    """The hash seed of each platform, so that equal ids of two platforms stay apart without joining strings.

    ``Instagram`` and ``instagram`` are one platform (``platform_key``). A seed follows from its platform alone; the
    last few thousand spellings are remembered, and not every one that somebody makes up.
    """

    def __missing__(self, platform: str) -> int:
        # XXH3 takes 64-bit seeds; the platform's own hash is one.
        seed = int.from_bytes(digest(platform_key(platform).encode(), 0), "big")
        if len(self) >= MOST_PLATFORMS:
            self.clear()
        self[platform] = seed
        return seed


def hash_of(one: bytes) -> int:
    """Return one digest as ``hashes_of`` does many: 0.1 µs, where an array of one takes 1.7."""
    return int.from_bytes(one, "big") or 1


def hashes_of(digests: list[bytes]) -> U64:
    """Return digests as non-zero integers (0 marks an empty slot in ``streams.columns.idset``)."""
    ids = np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64)
    ids[ids == 0] = 1
    return ids


def hashes_of_stretches(text: bytes, starts: I64, lengths: I64, seeds: U64) -> U64:
    """Return ``hash_of(digest(stretch, seed))`` of each stretch of a text; seeds are one a stretch."""
    hashes = np.empty(len(starts), dtype=np.uint64)
    is_usual = (lengths >= _SHORTEST) & (lengths <= _LONGEST)
    if len(text) >= _PAIR:
        pairs = np.ndarray((len(text) - _PAIR + 1,), dtype=f"V{_PAIR}", buffer=text, strides=(1,))
        for begin in range(0, len(starts), _AT_A_TIME):
            some = slice(begin, begin + _AT_A_TIME)
            usual = is_usual[some]
            if usual.all():
                hashes[some] = _usual(pairs, starts[some], lengths[some], seeds[some])
            else:
                here = begin + np.flatnonzero(usual)
                hashes[here] = _usual(pairs, starts[here], lengths[here], seeds[here])
        hashes[hashes == 0] = 1
    for place in np.flatnonzero(~is_usual).tolist():
        stretch = text[starts[place] : starts[place] + lengths[place]]
        hashes[place] = hash_of(digest(stretch, int(seeds[place])))
    return hashes


def hashes_of_strings(joined: bytes, seeds: U64) -> U64:
    """Return ``hash_of(digest(string, seed))`` of each of several joined strings (``streams.columns.strings``)."""
    if not len(seeds):
        return np.zeros(0, dtype=np.uint64)
    if is_escaped(joined):
        strings = [string.encode() for string in taken_apart(joined)]
        return hashes_of([digest(string, seed) for string, seed in zip(strings, seeds.tolist(), strict=True)])
    starts, ends = stretches_of(joined)
    return hashes_of_stretches(joined, starts, ends - starts, seeds)


def _usual(pairs: NDArray[np.void], starts: I64, lengths: I64, seeds: U64) -> U64:
    ends = starts + (lengths - _PAIR)
    hashes = lengths.astype(np.uint64) * _PRIME
    for at, first, second in ((starts, _SECRET[0], _SECRET[1]), (ends, _SECRET[2], _SECRET[3])):
        words = pairs[at].view("<u8").reshape(-1, 2)
        hashes += _folded(words[:, 0] ^ (first + seeds), words[:, 1] ^ (second - seeds))
    hashes ^= hashes >> _SHIFT
    hashes *= _AVALANCHE
    hashes ^= hashes >> _HALF
    return hashes


def _folded(one: U64, other: U64) -> U64:
    """Return both halves of the 128 bits of a product, folded into 64."""
    one_low, one_high, other_low, other_high = one & _LOW, one >> _HALF, other & _LOW, other >> _HALF
    middle = one_high * other_low
    cross = one_low * other_low
    cross >>= _HALF
    cross += middle & _LOW
    cross += one_low * other_high
    middle >>= _HALF
    cross >>= _HALF
    one_high *= other_high
    one_high += middle
    one_high += cross
    one_high ^= one * other
    return one_high
