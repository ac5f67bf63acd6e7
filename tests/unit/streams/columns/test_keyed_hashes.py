"""Hashes under a key: what the formula says, in integers of Python, and nothing that a stranger can foresee."""

import hashlib
import random

import numpy as np

from streams.columns.keyed_hashes import LONGEST, KeyedHashes
from tests.unit.collisions import colliding_ids

KEY = bytes(range(16))
_CHARACTERS = "\0\x01aZ9é中😀"


def by_the_formula(text: str, key: bytes, purpose: bytes) -> int:
    """Return the hash as theorem 3.1 of Lemire and Kaser has it: words of 32 bits in pairs, the length in the first."""
    own = hashlib.blake2b(purpose, key=key, digest_size=32).digest()
    data = text.encode()
    if len(data) > LONGEST:
        return int.from_bytes(hashlib.blake2b(data, key=own, digest_size=8).digest(), "big") or 1
    padded = data + bytes(LONGEST - len(data))
    words = [len(data), 0, *(int.from_bytes(padded[at : at + 4], "little") for at in range(0, LONGEST, 4))]
    stream = hashlib.shake_256(own).digest(2 * 8 * (1 + len(words)))
    halves = []
    for part in (stream[: len(stream) // 2], stream[len(stream) // 2 :]):
        first, *keys = (int.from_bytes(part[at : at + 8], "little") for at in range(0, len(part), 8))
        pairs = zip(words[::2], words[1::2], keys[::2], keys[1::2], strict=True)
        total = first + sum((one + its) * (other + others) for one, other, its, others in pairs)
        halves.append(total % (1 << 64) >> 32)
    return (halves[0] << 32 | halves[1]) or 1


def test_hashes_are_those_of_the_formula() -> None:
    """Texts of every length, with characters of code 0 and without, of several bytes and longer than columns take."""
    chance = random.Random(7)
    texts = ["".join(chance.choices(_CHARACTERS, k=length)) for length in range(90)]
    texts += ["".join(chance.choices("abc-0123", k=length)) for length in (*range(90), 64, 65, 500)]
    for some in (texts, texts[90:], texts[:1], ["", ""]):
        found = KeyedHashes(KEY, b"a purpose").of(some)
        assert found.dtype == np.uint64
        assert found.tolist() == [by_the_formula(text, KEY, b"a purpose") for text in some]
    assert len(KeyedHashes(KEY, b"a purpose").of([])) == 0


def test_no_two_keys_and_purposes_have_a_hash_in_common() -> None:
    """What is known of one says nothing of another."""
    found = [
        int(KeyedHashes(key, purpose).of(["an id"])[0])
        for key in (KEY, bytes(16), b"another key 1234")
        for purpose in (b"event id", b"order id")
    ]
    assert len(set(found)) == 6


def test_padding_and_length_are_told_apart() -> None:
    """Texts that end in characters of code 0, and those that are one another's beginning, are not alike."""
    texts = [*("a" * length for length in range(70)), *("a" + "\0" * length for length in range(1, 70))]
    assert len(set(KeyedHashes(KEY, b"p").of(texts).tolist())) == len(texts)


def test_ids_that_are_alike_under_a_public_seed_are_not_under_a_key() -> None:
    """A thousand ids with one XXH3 hash have a thousand hashes."""
    _, ids = colliding_ids(1000)
    assert len(set(KeyedHashes(KEY, b"p").of(ids).tolist())) == 1000
