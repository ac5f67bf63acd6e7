"""Laws of the id set and the dedupe horizon, against Python's own set."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.changelog.dedupe import DedupeHorizon
from streams.changelog.id_segments import Segment, decode_segment, encode_segment
from streams.columns.idset import IdSet
from tests.unit.events import NOON_MS

# Few upper halves: many ids share the slot at which probing begins, some of them at the end of the table.
ids = st.builds(
    lambda upper, lower: (upper << 32) | lower,
    st.sampled_from([0, 1, 2**31, 2**32 - 1]),
    st.integers(1, 60),
)
batches = st.lists(st.lists(ids, max_size=25), max_size=12)


def as_ids(values: list[int]) -> np.ndarray:
    """Return ids as the set takes them."""
    return np.array(values, dtype=np.uint64)


@given(batches)
def test_id_set_equals_a_python_set(batches: list[list[int]]) -> None:
    """After any batches, membership of every id and the count are those of a set."""
    table, model = IdSet(smallest=8), set()
    everything = sorted({value for batch in batches for value in batch} | {7, 2**63})
    for batch in batches:
        assert table.contains(as_ids(batch)).tolist() == [value in model for value in batch]
        table.add(as_ids(sorted(set(batch) - model)))
        model |= set(batch)
        assert len(table) == len(model)
        assert table.contains(as_ids(everything)).tolist() == [value in model for value in everything]


@given(batches, st.integers(1, 5))
def test_first_seen_equals_a_python_set(batches: list[list[int]], generation: int) -> None:
    """Each id is new exactly once, at its first place, over any number of generations."""
    horizon, model = DedupeHorizon(generation_ids=generation), set()
    for batch in batches:
        expected = []
        for value in batch:
            expected.append(value not in model)
            model.add(value)
        assert horizon.first_seen(as_ids(batch), NOON_MS).tolist() == expected
    assert len(horizon) == len(model)


@given(batches, st.integers(1, 7), st.data())
def test_log_restores_the_ids_up_to_the_committed_offset(
    batches: list[list[int]], segment: int, data: st.DataObject
) -> None:
    """One flush a batch: a restart at any committed offset remembers exactly the ids of the batches below it."""
    horizon = DedupeHorizon(segment_ids=segment)
    log: dict[int, Segment] = {}
    for number, batch in enumerate(batches, start=1):
        horizon.first_seen(as_ids(batch), NOON_MS)
        for sequence, written in horizon.seal(number):
            log[sequence] = decode_segment(encode_segment(written))
    committed = data.draw(st.integers(0, len(batches)))
    again = DedupeHorizon(segment_ids=segment)
    again.restore(log, committed)
    known = {value for batch in batches[:committed] for value in batch}
    everything = sorted({value for batch in batches for value in batch})
    assert again.first_seen(as_ids(everything), NOON_MS).tolist() == [value not in known for value in everything]
    assert all(each.count < 2 * segment for each in log.values())
