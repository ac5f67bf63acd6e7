"""Laws of the sketch: order, repetition and merging cannot matter."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.times import DAY_MS
from streams.statistics.snapshots import unique_counts
from streams.statistics.uniques import UniqueStore, places_of
from streams.statistics.windows import WINDOWS, window_start_ms
from tests.properties.strategies import offsets_ms
from tests.unit.events import NOON_MS

hashes = st.one_of(st.integers(1, 2**64 - 1), st.integers(1, 40).map(lambda low: low * 0x9E37_79B9_7F4A_7C15 % 2**64))
sightings = st.lists(st.tuples(hashes, offsets_ms.map(lambda offset: NOON_MS + offset)), min_size=1, max_size=40)
Sighting = tuple[int, int]


def sketch_of(seen: list[Sighting], as_of_ms: int) -> np.ndarray:
    """Return the registers of every window after seeing these people one by one, as of a moment."""
    store = UniqueStore()
    store.reserve(1)
    newest_ms = 0
    for person, time_ms in seen:
        newest_ms = max(newest_ms, time_ms)
        store.advance(newest_ms)
        store.add(np.array([0]), np.array([time_ms]), np.array([person], dtype=np.uint64))
    store.advance(as_of_ms)
    return store.window_registers(0, as_of_ms)


def end_of(seen: list[Sighting]) -> int:
    """Return the newest event time."""
    return max(time_ms for _, time_ms in seen)


@settings(max_examples=40)
@given(sightings, st.randoms(use_true_random=False), st.integers(0, 5 * DAY_MS))
def test_order_and_repetition_do_not_matter(seen: list[Sighting], generator: random.Random, later_ms: int) -> None:
    """Any order, with any events twice, gives the same registers of every window at any later moment."""
    again = seen + [sighting for sighting in seen if generator.random() < 0.5]
    generator.shuffle(again)
    as_of_ms = end_of(seen) + later_ms
    assert np.array_equal(sketch_of(seen, as_of_ms), sketch_of(again, as_of_ms))


@settings(max_examples=40)
@given(sightings, st.integers(0, 2 * DAY_MS))
def test_window_is_a_fresh_sketch_of_exactly_its_events(seen: list[Sighting], later_ms: int) -> None:
    """The registers of each window equal the maximum of ranks over that window's events."""
    as_of_ms = end_of(seen) + later_ms
    registers = sketch_of(seen, as_of_ms)
    for index, window in enumerate([*WINDOWS, None]):
        start_ms = 0 if window is None else window_start_ms(window, as_of_ms)
        people = np.array([person for person, time_ms in seen if time_ms >= start_ms], dtype=np.uint64)
        expected = np.zeros(registers.shape[1], dtype=np.uint8)
        for register, rank in zip(*(values.tolist() for values in places_of(people)), strict=True):
            expected[register] = max(expected[register], rank)
        assert np.array_equal(registers[index], expected)


@settings(max_examples=40)
@given(sightings, sightings, sightings)
def test_merging_is_commutative_associative_and_idempotent(
    one: list[Sighting], two: list[Sighting], three: list[Sighting]
) -> None:
    """Sketches of parts merge to the sketch of the whole, however the parts are put together."""
    as_of_ms = end_of(one + two + three)
    a, b, c = (sketch_of(part, as_of_ms) for part in (one, two, three))
    whole = sketch_of(one + two + three, as_of_ms)
    assert np.array_equal(np.maximum(np.maximum(a, b), c), whole)
    assert np.array_equal(np.maximum(a, np.maximum(c, b)), whole)
    assert np.array_equal(np.maximum(whole, a), whole)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2), sightings), max_size=3), st.integers(0, 2 * DAY_MS))
def test_counts_of_many_rows_are_those_of_their_registers(
    parts: list[tuple[int, list[Sighting]]], later_ms: int
) -> None:
    """Counting rows together, without registers, gives the estimates of each row's registers, of empty rows, too."""
    store = UniqueStore()
    store.reserve(20)
    as_of_ms = max((end_of(seen) for _, seen in parts), default=NOON_MS)
    store.advance(as_of_ms)
    for row, seen in parts:
        people, times_ms = zip(*seen, strict=True)
        store.add(np.full(len(seen), row), np.array(times_ms), np.array(people, dtype=np.uint64))
    as_of_ms += later_ms
    store.advance(as_of_ms)
    rows = np.array([2, *range(20), 0])
    expected = [unique_counts(store.window_registers(row, as_of_ms)) for row in rows.tolist()]
    assert store.counts(rows, as_of_ms).tolist() == expected


@given(st.lists(st.integers(0, 24), min_size=1_024, max_size=1_024).map(lambda ranks: np.array(ranks, dtype=np.uint8)))
@settings(max_examples=20)
def test_estimates_of_many_windows_are_those_of_one(registers: np.ndarray) -> None:
    """Estimating seven windows at once gives each one's own estimate."""
    several = np.stack([registers, np.zeros_like(registers), registers // 2])
    assert unique_counts(several) == [unique_counts(each[None])[0] for each in several]


@given(st.lists(hashes, min_size=1, max_size=200))
def test_places_are_those_of_counting_bits(people: list[int]) -> None:
    """Register and rank equal a bit-by-bit reading of the hash."""
    registers, ranks = places_of(np.array(people, dtype=np.uint64))
    for person, register, rank in zip(people, registers.tolist(), ranks.tolist(), strict=True):
        rest = bin(person >> 10)[2:].zfill(54)[::-1]
        assert register == person % 1_024
        assert rank == min((rest + "1").index("1") + 1, 24)
