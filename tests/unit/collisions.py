"""Pairs of ids with one XXH3 hash, as somebody who knows its public seed can make them.

XXH3 of 17 to 32 bytes multiplies two words of 8 bytes, each with a public number added (``XXH3_len_17to128_64b`` of
https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). Where the first one is made 0, the second one does not
matter. The number depends on the platform, and a platform's name is the writer's to choose, until the word is text.
"""

from itertools import count

from streams.columns.hashing import PlatformSeeds, digest

_FIRST_NUMBER = 0xBE4BA423396CFEB8
"""Of the secret in the specification: its first eight bytes."""


def colliding_ids(how_many: int = 2) -> tuple[str, list[str]]:
    """Return a platform and ids on it that have one hash under its seed."""
    for number in count():
        platform = f"shop-{number}"
        seed = PlatformSeeds()[platform]
        word = ((_FIRST_NUMBER + seed) & ((1 << 64) - 1)).to_bytes(8, "little")
        if all(0x20 <= each < 0x7F for each in word):
            break
    ids = [f"{word.decode()}{which:08}-the-same-ending" for which in range(how_many)]
    assert len({digest(each.encode(), seed) for each in ids}) == 1
    return platform, ids
