"""Unique commenters: the error of the estimate, and that a window's estimate is that of exactly its events."""

import numpy as np
import pytest

from models.rollups import WINDOW_NAMES
from models.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from streams.statistics.snapshots import unique_counts
from streams.statistics.uniques import RANKS, REGISTERS, STANDARD_ERROR, UniqueStore, places_of
from streams.statistics.windows import WINDOWS, window_start_ms
from tests.unit.events import NOON_MS


def people(count: int, seed: int = 1) -> np.ndarray:
    """Return hashes of distinct people."""
    return np.random.default_rng(seed).integers(1, 2**64 - 1, size=count, dtype=np.uint64)


def store_at(time_ms: int, rows: int = 1) -> UniqueStore:
    """Return an empty store at a moment."""
    store = UniqueStore()
    store.reserve(rows)
    store.advance(time_ms)
    return store


def add(store: UniqueStore, hashes: np.ndarray, time_ms: int, row: int = 0) -> None:
    """Add people at one moment."""
    store.add(np.full(len(hashes), row), np.full(len(hashes), time_ms), hashes)


def shown(store: UniqueStore, as_of_ms: int, row: int = 0) -> dict[str, int]:
    """Return the estimate of each window."""
    return dict(zip(WINDOW_NAMES, unique_counts(store.window_registers(row, as_of_ms)), strict=True))


def test_places_follow_the_definition() -> None:
    """Ten low bits choose the register; the rank is the place of the lowest set bit of the rest, at most 24."""
    hashes = np.array([0b1_0000000011, 0b1000_1111111111, 1 << 10 << 22, 1 << 10 << 40, 5], dtype=np.uint64)
    registers, ranks = places_of(hashes)
    assert registers.tolist() == [3, 1023, 0, 0, 5]
    assert ranks.tolist() == [1, 4, 23, 24, 24]


def test_stated_error_is_that_of_the_register_count() -> None:
    """1.04 / sqrt(1024) is the 3.25 % that the documentation states."""
    assert (REGISTERS, RANKS) == (1024, 24)
    assert round(100 * STANDARD_ERROR, 2) == 3.25


@pytest.mark.parametrize("size", [0, 1, 2, 10, 30, 100, 300, 1_000, 2_500, 3_000, 10_000, 30_000, 100_000])
def test_estimate_lies_within_four_standard_errors_of_the_truth(size: int) -> None:
    """Over the whole range, linear counting and its border included, no estimate is off by more than 13 %."""
    for seed in range(8):
        store = store_at(NOON_MS)
        add(store, people(size, seed), NOON_MS)
        counts = shown(store, NOON_MS)
        assert len(set(counts.values())) == 1
        assert counts["total"] == pytest.approx(size, rel=0.13, abs=0.5)


def test_estimate_is_unbiased_over_many_sketches() -> None:
    """The mean error of 60 sketches is a fraction of one standard error."""
    errors = []
    for seed in range(60):
        store = store_at(NOON_MS)
        add(store, people(5_000, seed + 100), NOON_MS)
        errors.append(unique_counts(store.lifetime[:1])[0] / 5_000 - 1)
    assert abs(np.mean(errors)) < 3 * STANDARD_ERROR / 60**0.5
    assert 0.5 * STANDARD_ERROR < np.std(errors) < 1.5 * STANDARD_ERROR


def test_person_seen_again_changes_nothing_but_the_time() -> None:
    """One person commenting all day is one person, and stays in the newest window by the last comment."""
    store = store_at(NOON_MS)
    for minutes in range(120):
        add(store, people(1), NOON_MS - minutes * MINUTE_MS)
    assert set(shown(store, NOON_MS).values()) == {1}


# as_of = 12:00:00
#   10 people at 11:59:30   |1m
#   20 people at 11:57      |--5m
#   40 people at 11:50      |----15m
#   80 people at 11:10      |------1h
#  160 people at 08:00      |---------6h
#  320 people yesterday 15h |-------------24h
def test_every_window_counts_its_own_people() -> None:
    """Estimates of nested windows, with counts small enough for linear counting to be off by little."""
    store = store_at(NOON_MS)
    offsets_ms = [30 * SECOND_MS, 3 * MINUTE_MS, 10 * MINUTE_MS, 50 * MINUTE_MS, 4 * HOUR_MS, 21 * HOUR_MS, 2 * DAY_MS]
    crowd = people(1_270)
    start = 0
    for power, offset_ms in enumerate(offsets_ms):
        add(store, crowd[start : start + 10 * 2**power], NOON_MS - offset_ms)
        start += 10 * 2**power
    truth = dict(zip(WINDOW_NAMES, [10, 30, 70, 150, 310, 630, 1_270], strict=True))
    assert shown(store, NOON_MS) == pytest.approx(truth, rel=0.13)


def test_window_estimate_is_that_of_a_fresh_sketch_of_exactly_its_events() -> None:
    """At every moment of a day, each window's registers equal those of a sketch fed with that window's events only."""
    generator = np.random.default_rng(3)
    crowd = people(4_000)
    times_ms = NOON_MS + np.sort(generator.integers(0, 30 * HOUR_MS, size=4_000))
    store = store_at(NOON_MS)
    for start in range(0, 4_000, 500):
        end = start + 500
        as_of_ms = int(times_ms[end - 1])
        store.advance(as_of_ms)
        store.add(np.zeros(500, dtype=np.int64), times_ms[start:end], crowd[start:end])
        for index, window in enumerate(WINDOWS):
            inside = times_ms[:end] >= window_start_ms(window, as_of_ms)
            fresh = store_at(as_of_ms)
            add(fresh, crowd[:end][inside], as_of_ms)
            assert np.array_equal(store.window_registers(0, as_of_ms)[index], fresh.lifetime[0]), window.name


@pytest.mark.parametrize("days", [1, 3, 4, 5, 30, 4_000])
def test_rebasing_after_days_keeps_what_windows_need_and_nothing_else(days: int) -> None:
    """Panes are 16-bit numbers from a base: moving the base neither loses nor revives anybody."""
    store = store_at(NOON_MS)
    add(store, people(100, seed=1), NOON_MS)
    later_ms = NOON_MS + days * DAY_MS
    store.advance(later_ms - HOUR_MS)
    add(store, people(200, seed=2), later_ms - HOUR_MS)
    add(store, people(50, seed=3), later_ms - 20 * HOUR_MS)
    store.advance(later_ms)
    counts = shown(store, later_ms)
    assert counts["1h"] == 0
    assert counts["6h"] == pytest.approx(200, rel=0.13)
    assert counts["24h"] == pytest.approx(250, rel=0.13)
    assert counts["total"] == pytest.approx(350, rel=0.13)


def test_base_moves_while_the_oldest_pane_of_the_day_is_kept() -> None:
    """Somebody in the very first pane of 24h is still there right after the base has moved under the sketch."""
    store = store_at(NOON_MS)
    base = store.base
    later_ms = NOON_MS + 60 * HOUR_MS
    store.advance(later_ms - 10 * HOUR_MS)
    assert store.base == base
    add(store, people(1), later_ms - 23 * HOUR_MS - 45 * MINUTE_MS)
    store.advance(later_ms)
    assert store.base > base
    assert shown(store, later_ms)["24h"] == 1
    assert shown(store, later_ms + 15 * MINUTE_MS)["24h"] == 0


def test_rows_keep_apart_and_survive_growth() -> None:
    """Making room moves nobody to another influencer."""
    store = store_at(NOON_MS, rows=2)
    add(store, people(5), NOON_MS, row=1)
    store.reserve(50)
    assert [shown(store, NOON_MS, row)["1m"] for row in (0, 1, 49)] == [0, 5, 0]
