"""Panes: where amounts land, when they leave, and that rows keep apart."""

import numpy as np
import pytest

from models.rollups import WINDOW_NAMES
from models.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from streams.statistics.counters import COLUMN, COUNTERS, SNAPSHOT_COLUMNS, SNAPSHOT_METRICS, WIDTH
from streams.statistics.pane_ring import PaneRing
from streams.statistics.panes import PaneStore
from streams.statistics.windows import TIERS, Tier
from tests.unit.events import NOON_MS

LIKES = COLUMN["likes"]


def store_at(time_ms: int, rows: int = 1) -> PaneStore:
    """Return an empty store at a moment."""
    store = PaneStore()
    store.reserve(rows)
    store.advance(time_ms, rows)
    return store


def add(store: PaneStore, time_ms: int, amount: int = 1, row: int = 0) -> None:
    """Add an amount of likes at an event time."""
    store.add(np.array([row]), np.array([time_ms]), np.array([LIKES]), np.array([amount]))


def likes(store: PaneStore, row: int = 0) -> dict[str, int]:
    """Return the likes of each window."""
    return dict(zip(WINDOW_NAMES, store.window_sums(np.array([row]))[0, :, LIKES].tolist(), strict=True))


def test_counter_catalogue_has_one_column_each_and_snapshot_metrics_map_into_it() -> None:
    """The order of columns is part of the changelog format."""
    assert len(set(COUNTERS)) == WIDTH == len(COUNTERS)
    assert [COUNTERS[column] for column in SNAPSHOT_COLUMNS] == [
        "reported_comments" if name == "comments" else name for name in SNAPSHOT_METRICS
    ]


# as_of = 12:00:00. One event of weight 10^n each:
#
#   1          10       100       1000      10^4      10^5     10^6     10^7
#   12:00:00   11:59:05 11:59:04  11:55:05  11:46:00  11:01:00 06:15:00 yesterday 12:15:00 - and one older
#   |---- 1m ----------|         |         |         |        |        |        |
#   |---- 5m --------------------|                   |        |        |        |
#   |---- 15m ---------------------------------------|        |        |        |
#   |---- 1h -------------------------------------------------|        |        |
#   |---- 6h ----------------------------------------------------------|        |
#   |---- 24h -------------------------------------------------------------------|
def test_each_event_is_in_every_window_that_covers_it_and_in_no_other() -> None:
    """Membership by hand, at the first and just before the first millisecond of windows."""
    store = store_at(NOON_MS)
    times_ms = [
        NOON_MS,
        NOON_MS - 55 * SECOND_MS,
        NOON_MS - 55 * SECOND_MS - 1,
        NOON_MS - 295 * SECOND_MS,
        NOON_MS - 14 * MINUTE_MS,
        NOON_MS - 59 * MINUTE_MS,
        NOON_MS - 5 * HOUR_MS - 45 * MINUTE_MS,
        NOON_MS - 23 * HOUR_MS - 45 * MINUTE_MS,
        NOON_MS - 23 * HOUR_MS - 45 * MINUTE_MS - 1,
    ]
    for power, time_ms in enumerate(times_ms):
        add(store, time_ms, 10**power)
    assert likes(store) == {
        "1m": 11,
        "5m": 1_111,
        "15m": 11_111,
        "1h": 111_111,
        "6h": 1_111_111,
        "24h": 11_111_111,
        "total": 111_111_111,
    }


@pytest.mark.parametrize(
    ("later_ms", "expected"),
    [
        (0, [1, 1, 1, 1, 1, 1]),
        (60 * SECOND_MS - 1, [1, 1, 1, 1, 1, 1]),
        (60 * SECOND_MS, [0, 1, 1, 1, 1, 1]),
        (5 * MINUTE_MS - 1, [0, 1, 1, 1, 1, 1]),
        (5 * MINUTE_MS, [0, 0, 1, 1, 1, 1]),
        (15 * MINUTE_MS, [0, 0, 0, 1, 1, 1]),
        (HOUR_MS, [0, 0, 0, 0, 1, 1]),
        (6 * HOUR_MS, [0, 0, 0, 0, 0, 1]),
        (DAY_MS - 1, [0, 0, 0, 0, 0, 1]),
        (DAY_MS, [0, 0, 0, 0, 0, 0]),
        (400 * DAY_MS, [0, 0, 0, 0, 0, 0]),
    ],
)
@pytest.mark.parametrize("step_ms", [3 * SECOND_MS, HOUR_MS, 10**15], ids=["small steps", "hours", "one jump"])
def test_event_leaves_each_window_at_its_moment_however_time_moves(
    later_ms: int, expected: list[int], step_ms: int
) -> None:
    """Rings are cleared alike by small steps and by jumps over the whole ring; lifetime totals stay."""
    if later_ms // step_ms > 40_000:
        step_ms = 10 * MINUTE_MS
    store = store_at(NOON_MS)
    add(store, NOON_MS)
    for at_ms in range(NOON_MS, NOON_MS + later_ms, step_ms):
        store.advance(at_ms, 1)
    store.advance(NOON_MS + later_ms, 1)
    assert list(likes(store).values()) == [*expected, 1]


def test_stream_time_never_goes_back() -> None:
    """An earlier moment neither moves the rings nor clears a pane."""
    store = store_at(NOON_MS)
    add(store, NOON_MS)
    assert store.advance(NOON_MS - HOUR_MS, 1) is False
    assert store.rings[0].head == NOON_MS // TIERS[0].pane_ms
    assert likes(store)["1m"] == 1


def test_advance_tells_whether_the_finest_pane_changed() -> None:
    """Callers tidy up once a pane, not once a batch."""
    store = store_at(NOON_MS)
    assert store.advance(NOON_MS + 4_999, 1) is False
    assert store.advance(NOON_MS + 5_000, 1) is True


def test_late_event_lands_in_the_pane_of_its_own_time() -> None:
    """Ten minutes late is in 15m and longer at once, and leaves 15m by its own time, not by its arrival."""
    store = store_at(NOON_MS)
    add(store, NOON_MS - 10 * MINUTE_MS)
    assert list(likes(store).values()) == [0, 0, 1, 1, 1, 1, 1]
    store.advance(NOON_MS + 5 * MINUTE_MS, 1)
    assert list(likes(store).values()) == [0, 0, 0, 1, 1, 1, 1]


def test_event_older_than_the_ring_does_not_wrap_into_a_newer_pane() -> None:
    """The slot of a pane long gone belongs to another pane now: such an event counts in the total only."""
    store = store_at(NOON_MS)
    for tier in TIERS:
        add(store, NOON_MS - tier.pane_ms * tier.panes)
    add(store, NOON_MS - 30 * DAY_MS)
    assert likes(store) == {"1m": 0, "5m": 0, "15m": 1, "1h": 1, "6h": 2, "24h": 2, "total": 4}


def test_rows_and_columns_keep_apart_and_survive_growth() -> None:
    """Making room for more rows moves no number."""
    store = store_at(NOON_MS, rows=2)
    add(store, NOON_MS, 3, row=0)
    add(store, NOON_MS, 5, row=1)
    store.reserve(100)
    add(store, NOON_MS, 7, row=99)
    sums = store.window_sums(np.array([99, 1, 0, 50]))
    assert sums[:, 0, LIKES].tolist() == [7, 5, 3, 0]
    assert int(sums.sum()) == 15 * 7
    assert store.folded_sums(np.arange(100))[:, LIKES].tolist() == [15] * 7


def test_repeated_places_in_one_batch_all_count() -> None:
    """A batch with many increments of one cell adds each of them."""
    store = store_at(NOON_MS)
    zeros = np.zeros(1_000, dtype=np.int64)
    store.add(zeros, zeros + NOON_MS, zeros + LIKES, zeros + 2)
    assert likes(store)["1m"] == 2_000


def test_panes_only_and_totals_only_touch_their_own_side() -> None:
    """Corrections of snapshots belong to panes or to totals."""
    store = store_at(NOON_MS)
    row, time_ms, column = np.array([0]), np.array([NOON_MS]), np.array([LIKES])
    store.add_to_panes(row, time_ms, column, np.array([4]))
    store.add_to_totals(row, column, np.array([9]))
    assert list(likes(store).values()) == [4] * 6 + [9]


def test_ring_of_any_width_sums_its_newest_panes() -> None:
    """Rings also serve other counters than the catalogue's."""
    ring = PaneRing(Tier(pane_ms=10, panes=3), width=2)
    ring.reserve(1)
    for time_ms, amount in ((100, 1), (110, 2), (120, 4), (130, 8)):
        ring.advance(time_ms, 1)
        ring.add(np.array([0]), np.array([time_ms]), np.array([1]), np.array([amount]))
    assert [ring.sums(np.array([0]), panes)[0].tolist() for panes in (1, 2, 3)] == [[0, 8], [0, 12], [0, 14]]
