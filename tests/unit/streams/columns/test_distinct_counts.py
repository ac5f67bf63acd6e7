"""Distinct things by group, as a counter of pairs has them."""

from collections import Counter

import numpy as np
import pytest

from streams.columns.distinct_counts import DistinctCounts


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counts_are_those_of_a_counter_of_pairs(seed: int) -> None:
    """References come and go in batches, repeated within one and over several groups."""
    random = np.random.default_rng(seed)
    members, pairs = DistinctCounts(), Counter[tuple[int, int]]()
    for _ in range(40):
        things, groups = random.integers(0, 60, 25), random.integers(0, 4, 25) ** 2 // 3
        members.change(things, groups, 1)
        pairs.update(zip(things.tolist(), groups.tolist(), strict=True))
        held = sorted(pairs.elements())
        gone = [held[place] for place in random.permutation(len(held))[: random.integers(0, 40)]]
        members.change(*np.array(gone, dtype=np.int64).reshape(-1, 2).T, -1)
        pairs.subtract(gone)
        pairs = +pairs
        assert members.counts(4).tolist() == [sum(group == each for _, group in pairs) for each in range(4)]
        assert members.total == len({thing for thing, _ in pairs})
        known = {thing for thing, _ in pairs}
        assert members.is_referred_to(np.arange(60)).tolist() == [thing in known for thing in range(60)]
