"""The history by minute: what a minute had is what its events say, however late they came and whoever took over."""

import numpy as np
import pytest

from models.minutes import MINUTE_COUNTS
from models.times import DAY_MS, HOUR_MS, MINUTE_MS
from streams.columns.formats import PoisonedRecord
from streams.statistics.counters import COLUMN
from streams.statistics.minute_history import minutes_in, pack_hour, unpack_hour
from streams.statistics.panes import PaneStore

NOON_MS = 1_764_504_000_000
NOON = NOON_MS // HOUR_MS
KEYS = [("spring", "ana"), ("spring", "bruno"), ("autumn", "ana")]
COMMENTS, ENGAGEMENTS = MINUTE_COUNTS.index("comments"), MINUTE_COUNTS.index("engagements")


def store_at(time_ms: int) -> PaneStore:
    """Return the panes of three rows at a moment."""
    store = PaneStore(list(KEYS))
    store.reserve(len(KEYS))
    store.advance(time_ms, len(KEYS))
    return store


def add(store: PaneStore, time_ms: int, name: str = "comments", amount: int = 1, row: int = 0) -> None:
    """Count something, as a batch of one event does."""
    store.advance(time_ms, len(KEYS))
    store.add(np.array([row]), np.array([time_ms]), np.array([COLUMN[name]]), np.array([amount]))


def taken(store: PaneStore) -> dict[tuple[int, int, int], int]:
    """Return the comments of what changed, by row, hour and minute."""
    return {
        (each.row, each.hour - NOON, place): int(store.minutes.counts(each.row, each.hour)[place, COMMENTS])
        for each in store.minutes.take_changed()
        for place in minutes_in(each.bits)
    }


def test_minute_is_published_when_it_is_over_and_once() -> None:
    """Nothing of the minute in progress is shown; a minute that is over is shown once, with its absolute count."""
    store = store_at(NOON_MS)
    add(store, NOON_MS + 1_000)
    add(store, NOON_MS + 2_000, amount=2)
    assert taken(store) == {}
    add(store, NOON_MS + MINUTE_MS)
    assert taken(store) == {(0, 0, 0): 3}
    assert taken(store) == {}


def test_late_event_corrects_its_minute_in_the_hour_and_in_hours_before() -> None:
    """An event that comes late has its minute shown again, with the sum of both, for 24 hours."""
    store = store_at(NOON_MS)
    add(store, NOON_MS + 5 * MINUTE_MS)
    add(store, NOON_MS + 10 * MINUTE_MS)
    assert taken(store) == {(0, 0, 5): 1}
    add(store, NOON_MS + 5 * MINUTE_MS)
    assert taken(store) == {(0, 0, 5): 2}
    add(store, NOON_MS + 65 * MINUTE_MS)
    assert taken(store) == {(0, 0, 10): 1}
    add(store, NOON_MS + 24 * HOUR_MS + 59 * MINUTE_MS)
    assert taken(store) == {(0, 1, 5): 1}
    add(store, NOON_MS + 5 * MINUTE_MS, amount=4)
    assert taken(store) == {(0, 0, 5): 6}
    add(store, NOON_MS + 25 * HOUR_MS)
    add(store, NOON_MS + 5 * MINUTE_MS)
    assert taken(store) == {(0, 24, 59): 1}


def test_every_count_of_a_minute_has_its_counters() -> None:
    """Engagements are comments and single reactions; what platforms report now and then is in no minute."""
    store = store_at(NOON_MS)
    for name, amount in (("comments", 2), ("reactions", 3), ("likes", 50), ("sentiment_negative", 1), ("clicks", 7)):
        add(store, NOON_MS, name, amount)
    add(store, NOON_MS + HOUR_MS)
    counts = dict(zip(MINUTE_COUNTS, store.minutes.counts(0, NOON)[0].tolist(), strict=True))
    assert {name: count for name, count in counts.items() if count} == {
        "engagements": 5,
        "comments": 2,
        "negative": 1,
        "clicks": 7,
    }


def test_part_of_a_campaign_is_the_sum_of_its_rows_before_and_after_late_events() -> None:
    """The sum of a campaign's rows follows each change, in the hour in progress and in those that are over."""
    store = store_at(NOON_MS)
    for row in range(3):
        add(store, NOON_MS, amount=10**row, row=row)
    add(store, NOON_MS + MINUTE_MS)

    def part(campaign_id: str, rows: list[int], bits: int = 1) -> int:
        return int(store.minutes.part(campaign_id, rows, NOON, bits)[0, COMMENTS])

    assert (part("spring", [0, 1]), part("autumn", [2])) == (11, 100)
    add(store, NOON_MS, amount=5)
    assert part("spring", [0, 1]) == 16
    add(store, NOON_MS + 2 * HOUR_MS)
    assert part("spring", [0, 1]) == 16
    add(store, NOON_MS, amount=7, row=1)
    add(store, NOON_MS, row=2)
    store.minutes.fold()
    assert (part("spring", [0, 1]), part("autumn", [2])) == (23, 101)


def test_what_was_not_published_stays_until_it_is() -> None:
    """Hours that leave the 24 between two flushes, in a backlog, are still told."""
    store = store_at(NOON_MS)
    add(store, NOON_MS)
    add(store, NOON_MS + 3 * DAY_MS)
    assert taken(store) == {(0, 0, 0): 1}
    add(store, NOON_MS + 3 * DAY_MS + MINUTE_MS)
    assert taken(store) == {(0, 72, 0): 1}
    assert store.minutes.counts(0, NOON).sum() == 0


@pytest.mark.parametrize("largest", [0, 1, 127, 128, 32_768, 1 << 40])
def test_packed_hour_comes_back(largest: int) -> None:
    """Whatever size the counts have, and negative ones, too."""
    counts = np.arange(60 * len(MINUTE_COUNTS), dtype=np.int64).reshape(60, -1) % 3 - 1
    counts[59, -1] = largest
    assert np.array_equal(unpack_hour(pack_hour(counts)), counts)


@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b"3" + b[1:], lambda b: b + b"x", lambda b: b"", lambda b: b"2" + b[1:]]
)
def test_damaged_hour_is_refused(change) -> None:  # type: ignore[no-untyped-def]  # a lambda
    """A cut, a wrong size or bytes behind it are told, not read as counts."""
    with pytest.raises(PoisonedRecord):
        unpack_hour(change(pack_hour(np.ones((60, len(MINUTE_COUNTS)), dtype=np.int64))))
