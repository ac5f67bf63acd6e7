"""Hashes of ids in columns are those of xxhash."""

import numpy as np
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from streams.columns.hashing import hashes_of_stretches, hashes_of_strings
from streams.columns.strings import encoded

_seeds = st.integers(min_value=0, max_value=2**64 - 1)


@given(st.lists(st.tuples(st.binary(max_size=40), _seeds), max_size=60), st.binary(max_size=9))
def test_hashes_of_stretches_are_those_of_xxhash(ids: list[tuple[bytes, int]], between: bytes) -> None:
    """Every length and seed, whatever stands between the ids: ledgers that exist have xxhash's."""
    text = between + b"".join(each + between for each, _ in ids)
    lengths = np.array([len(each) for each, _ in ids], dtype=np.int64)
    starts = np.cumsum(lengths + len(between)) - lengths
    found = hashes_of_stretches(text, starts, lengths, np.array([seed for _, seed in ids], dtype=np.uint64))
    assert found.tolist() == [xxhash.xxh3_64_intdigest(each, seed) or 1 for each, seed in ids]


def test_ids_of_usual_length_are_hashed_over_several_pieces() -> None:
    """More ids than are hashed together, in every length that has the formula, with one among them that has not."""
    ids = [b"%0*d" % (17 + number % 16, number * 7919) for number in range(9_000)]
    ids[5_000] = b"short"
    lengths = np.array([len(each) for each in ids], dtype=np.int64)
    seeds = np.arange(len(ids), dtype=np.uint64) << np.uint64(50)
    found = hashes_of_stretches(b"".join(ids), np.cumsum(lengths) - lengths, lengths, seeds)
    assert found.tolist() == [xxhash.xxh3_64_intdigest(each, number << 50) for number, each in enumerate(ids)]


@given(st.lists(st.tuples(st.text(max_size=30), _seeds), max_size=20))
def test_hashes_of_strings_are_those_of_xxhash(strings: list[tuple[str, int]]) -> None:
    """Of joined strings, whatever characters they have: those that are escaped there are hashed as they are."""
    joined = encoded([string for string, _ in strings]) if strings else b""
    found = hashes_of_strings(joined, np.array([seed for _, seed in strings], dtype=np.uint64))
    assert found.tolist() == [xxhash.xxh3_64_intdigest(string.encode(), seed) or 1 for string, seed in strings]
