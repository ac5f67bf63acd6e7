"""IdSet: membership under collisions and its memory."""

import numpy as np
import pytest

from streams.columns.hashing import PlatformSeeds, digest, hashes_of
from streams.columns.idset import IdSet


def ids_of(*values: int) -> np.ndarray:
    """Return ids as the set takes them."""
    return np.array(values, dtype=np.uint64)


def test_empty_set_contains_nothing() -> None:
    """A look-up before the first id is answered."""
    assert IdSet().contains(ids_of(1, 2)).tolist() == [False, False]


def test_ids_with_one_home_are_all_found_and_their_neighbours_are_not() -> None:
    """Equal upper halves collide on one slot; probing walks past them, also over the end of the table."""
    for upper in (0, 1 << 31, 0xFFFF_FFFF):
        crowd = ids_of(*((upper << 32) + low for low in range(1, 301)))
        table = IdSet()
        for start in range(0, 300, 50):
            table.add(crowd[start : start + 50])
        assert table.contains(crowd).all()
        assert not table.contains(crowd + np.uint64(300)).any()
        assert len(table) == 300


def test_growth_keeps_every_id() -> None:
    """Ids stay findable through many rehashes."""
    generator = np.random.default_rng(1)
    ids = generator.integers(1, 2**64 - 1, size=50_000, dtype=np.uint64)
    table = IdSet()
    for start in range(0, len(ids), 777):
        table.add(ids[start : start + 777])
        assert table.contains(ids[: start + 777 : 501]).all()
    assert table.contains(ids).all()
    assert not table.contains(ids ^ np.uint64(1 << 63)).any()


def test_grown_table_takes_at_most_sixteen_bytes_an_id() -> None:
    """The promised memory holds at every size from the first growth on."""
    generator = np.random.default_rng(2)
    table = IdSet()
    smallest = table.bytes_used
    for _ in range(600):
        table.add(generator.integers(1, 2**64 - 1, size=997, dtype=np.uint64))
        if table.bytes_used > smallest:
            assert table.bytes_used <= 16 * len(table)
    assert len(table) == 600 * 997


def test_expected_size_saves_the_growing() -> None:
    """A set made for n ids never grows while it takes n."""
    table = IdSet(expected=10_000)
    before = table.bytes_used
    table.add(np.arange(1, 10_001, dtype=np.uint64) * np.uint64(0x9E37_79B9_7F4A_7C15))
    assert table.bytes_used == before
    assert len(table) == 10_000


def test_no_hash_is_the_mark_of_an_empty_slot() -> None:
    """0 marks empty slots, so the digest of eight zero bytes becomes 1."""
    assert hashes_of([bytes(8), b"\x00" * 7 + b"\x02"]).tolist() == [1, 2]


def test_hashes_are_stable_across_processes() -> None:
    """XXH3 of the empty input, as published with the algorithm: the changelog outlives the process."""
    assert hashes_of([digest(b"", 0)]).tolist() == [0x2D06800538D394C2]


def test_equal_ids_of_two_platforms_hash_apart() -> None:
    """An event id is unique per platform only."""
    seeds = PlatformSeeds()
    assert digest(b"e1", seeds["instagram"]) != digest(b"e1", seeds["tiktok"])
    assert seeds["instagram"] == PlatformSeeds()["instagram"]


@pytest.mark.parametrize("count", [0, 1])
def test_tiny_batches_are_fine(count: int) -> None:
    """No batch is too small."""
    table = IdSet()
    table.add(np.arange(1, 1 + count, dtype=np.uint64))
    assert len(table) == count
    assert table.contains(np.zeros(0, dtype=np.uint64)).tolist() == []
