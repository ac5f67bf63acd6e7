"""Laws of panes and windows, against the definition in docs/statistics.md."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.times import DAY_MS
from streams.statistics.counters import WIDTH
from streams.statistics.panes import PaneStore
from streams.statistics.windows import FINEST_MS, TIERS, WINDOWS
from tests.properties.strategies import offsets_ms
from tests.unit.events import NOON_MS

ROWS, COLUMNS = 3, 4
Increment = tuple[int, int, int, int]
increments = st.lists(
    st.tuples(
        st.integers(0, ROWS - 1),
        st.one_of(offsets_ms, st.integers(-2 * DAY_MS, 2 * DAY_MS)).map(lambda offset: NOON_MS + offset),
        st.integers(0, COLUMNS - 1),
        st.integers(-5, 1_000),
    ),
    min_size=1,
    max_size=30,
)


def by_definition(events: list[Increment], as_of_ms: int) -> np.ndarray:
    """Return ``[row, window, counter]`` by the rule of the documentation, one event at a time."""
    sums = np.zeros((ROWS, len(WINDOWS) + 1, WIDTH), dtype=np.int64)
    for row, time_ms, column, amount in events:
        sums[row, -1, column] += amount
        for index, window in enumerate(WINDOWS):
            pane_ms = TIERS[window.tier].pane_ms
            if as_of_ms // pane_ms - window.panes < time_ms // pane_ms <= as_of_ms // pane_ms:
                sums[row, index, column] += amount
    return sums


def apply(store: PaneStore, events: list[Increment]) -> None:
    """Apply one batch as a partition does: time first."""
    rows, times_ms, columns, amounts = (np.array(values) for values in zip(*events, strict=True))
    store.advance(int(times_ms.max()), ROWS)
    store.add(rows, times_ms, columns, amounts)


def fresh() -> PaneStore:
    """Return an empty store."""
    store = PaneStore()
    store.reserve(ROWS)
    return store


@given(increments, st.integers(1, 5))
def test_incremental_sums_equal_the_definition_at_every_prefix(events: list[Increment], batch: int) -> None:
    """Whatever came before, the windows are those of the set of events so far, at the largest time so far."""
    store = fresh()
    for start in range(0, len(events), batch):
        apply(store, events[start : start + batch])
        so_far = events[: start + batch]
        as_of_ms = max(time_ms for _, time_ms, _, _ in so_far)
        assert np.array_equal(store.window_sums(np.arange(ROWS)), by_definition(so_far, as_of_ms))


@given(increments, st.randoms(use_true_random=False), st.integers(0, 3 * DAY_MS))
def test_order_of_arrival_does_not_matter(events: list[Increment], generator: random.Random, later_ms: int) -> None:
    """Any shuffle, in any batches, ends with the same sums, then and at any later moment."""
    shuffled = list(events)
    generator.shuffle(shuffled)
    one, other = fresh(), fresh()
    apply(one, events)
    for event in shuffled:
        apply(other, [event])
    rows = np.arange(ROWS)
    assert np.array_equal(one.window_sums(rows), other.window_sums(rows))
    as_of_ms = max(time_ms for _, time_ms, _, _ in events) + later_ms
    other.advance(as_of_ms, ROWS)
    assert np.array_equal(other.window_sums(rows), by_definition(events, as_of_ms))


@given(increments)
def test_folded_sums_are_the_sums_over_rows(events: list[Increment]) -> None:
    """What metrics show of many influencers is their sum."""
    store = fresh()
    apply(store, events)
    rows = np.arange(ROWS)
    assert np.array_equal(store.folded_sums(rows), store.window_sums(rows).sum(axis=0))


@given(st.lists(st.integers(0, 3 * DAY_MS), min_size=1, max_size=20))
def test_head_is_the_pane_of_the_largest_time_ever_seen(offsets: list[int]) -> None:
    """Stream time is monotone."""
    store = fresh()
    largest_ms = 0
    for offset in offsets:
        store.advance(NOON_MS + offset, ROWS)
        largest_ms = max(largest_ms, NOON_MS + offset)
        assert [ring.head for ring in store.rings] == [largest_ms // tier.pane_ms for tier in TIERS]


@given(st.integers(0, 2 * DAY_MS), st.integers(0, 2 * DAY_MS))
def test_windows_nest(event_offset: int, age_ms: int) -> None:
    """An event in a window is in every longer window; how long it stays is its name, to one pane."""
    time_ms = NOON_MS + event_offset
    as_of_ms = time_ms + age_ms
    sums = by_definition([(0, time_ms, 0, 1)], as_of_ms)[0, :, 0].tolist()
    assert sums == sorted(sums)
    for index, window in enumerate(WINDOWS):
        pane_ms = TIERS[window.tier].pane_ms
        size_ms = pane_ms * window.panes
        if age_ms <= size_ms - pane_ms:
            assert sums[index] == 1
        if age_ms >= size_ms:
            assert sums[index] == 0
    assert TIERS[0].pane_ms == FINEST_MS
