"""Cells that are made when they are needed: what is put in comes back, what is cleared is nothing, and serves again."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.columns.cells import CellPool

PLACES, ROWS = 3, 5
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, ROWS - 1), st.integers(0, PLACES - 1)),
        st.tuples(st.just("clear"), st.integers(0, ROWS), st.integers(0, PLACES - 1)),
        st.tuples(st.just("clear_to"), st.integers(0, ROWS), st.integers(0, PLACES - 1)),
        st.tuples(st.just("clear_all"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS)
def test_cells_hold_what_a_full_table_holds(steps: list[tuple[str, int, int]]) -> None:
    """The same sums in every place, whatever was cleared in between."""
    pool, table = CellPool(PLACES, 2, np.int64), np.zeros((ROWS, PLACES, 2), dtype=np.int64)
    pool.reserve(ROWS)
    for number, (what, row, place) in enumerate(steps, start=1):
        if what == "add":
            cells = pool.made(np.array([row * PLACES + place]))
            pool.cells[cells] += number
            table[row, place] += number
        elif what == "clear":
            pool.clear(slice(place, place + 1), row)
            table[:row, place] = 0
        elif what == "clear_to":
            pool.clear(slice(0, place + 1), row)
            table[:row, : place + 1] = 0
        else:
            pool.clear_all()
            table[:] = 0
        assert (pool.cells[pool.numbers] == table).all()


def test_a_row_with_one_event_takes_one_cell() -> None:
    """A thousand strangers with one event each take a thousand cells, and those that are cleared serve again."""
    pool = CellPool(60, 25, np.int64)
    pool.reserve(1_000)
    pool.made(np.arange(1_000) * 60 + 7)
    assert pool.used == 1_001
    pool.clear(slice(7, 8), 1_000)
    pool.made(np.arange(1_000) * 60 + 8)
    assert pool.used == 1_001


def test_the_same_new_spot_in_a_batch_is_one_cell() -> None:
    """Two events of one pane meet in one cell."""
    pool = CellPool(4, 1, np.uint16)
    pool.reserve(2)
    assert pool.made(np.array([5, 5, 2])).tolist() == [2, 2, 1]


def test_what_is_put_back_is_there_however_many_cells_that_makes() -> None:
    """A restart puts back more than there is room for: the cells grow meanwhile."""
    pool = CellPool(100, 2, np.int64)
    pool.reserve(10)
    spots = np.arange(1_000)
    values = np.stack([spots, -spots], axis=1)
    for start in range(0, 1_000, 50):
        pool.put(spots[start : start + 50], values[start : start + 50])
    assert (pool.cells[pool.numbers].reshape(1_000, 2) == values).all()
