"""Numbers of ids in flat arrays: the same as of a dict, wherever ids have their home and however the table grows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.columns.idmap import IdMap

HIGHEST = 2**64 - 1


@pytest.mark.parametrize("bits", [24, 8], ids=["narrow", "narrow and then wide"])
@pytest.mark.parametrize("lowest", [1, HIGHEST - 2**56, HIGHEST - 2**20], ids=["even", "at the end", "alike"])
@given(sizes=st.lists(st.integers(0, 400), max_size=6), seed=st.integers(0, 1_000))
def test_ids_keep_the_numbers_they_were_given(lowest: int, bits: int, sizes: list[int], seed: int) -> None:
    """Consecutive, one an id, of ids that repeat in a batch and have much in common; numbers outgrow their slots."""
    random = np.random.default_rng(seed)
    table = IdMap(smallest=16, narrow=bits, at_a_time=100)
    known: dict[int, int] = {}
    for size in sizes:
        ids = random.integers(lowest, HIGHEST, size, dtype=np.uint64)
        ids = ids[random.integers(0, max(1, size * 3 // 4), size)]
        numbers, firsts = table.take(ids)
        assert sorted(set(ids.tolist()) - known.keys()) == sorted(ids[firsts].tolist())
        known |= {int(ids[place]): len(known) + number for number, place in enumerate(firsts.tolist())}
        assert numbers.tolist() == [known[each] for each in ids.tolist()]
    ids = np.array(list(known), dtype=np.uint64)
    assert table.find(ids).tolist() == list(known.values()) == list(range(len(table)))
    assert table.ids().tolist() == ids.tolist()
    others = random.integers(lowest, HIGHEST, 50, dtype=np.uint64)
    assert table.find(others).tolist() == [known.get(each, -1) for each in others.tolist()]
