"""Windows: which event times belong to which rolling window."""

import pytest

from models.rollups import WINDOW_NAMES
from models.times import DAY_MS
from streams.statistics.windows import FINEST_MS, LONGEST_MS, TIERS, WINDOWS, window_start_ms
from tests.unit.events import NOON_MS

SIZES_MS = {"1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000, "6h": 21_600_000, "24h": DAY_MS}


def test_catalogue_holds_the_six_promised_windows_in_order() -> None:
    """Every window but ``total`` has a definition, and panes times pane size is its name."""
    assert tuple(window.name for window in WINDOWS) == WINDOW_NAMES[:-1]
    assert {window.name: window.panes * TIERS[window.tier].pane_ms for window in WINDOWS} == SIZES_MS
    assert (FINEST_MS, LONGEST_MS) == (5_000, DAY_MS)


def test_every_window_fits_into_the_panes_its_tier_keeps() -> None:
    """A window never asks for panes that the ring has already forgotten."""
    assert all(window.panes <= TIERS[window.tier].panes for window in WINDOWS)


# 12 panes of 5 s; the pane in progress is always part of the window.
#
#   as_of 12:00:00.000   [11:59:05                    12:00:05)   the pane 12:00:00 has just begun
#   as_of 12:00:04.999   [11:59:05                    12:00:05)   ... and is about to end
#   as_of 12:00:05.000        [11:59:10                    12:00:10)
@pytest.mark.parametrize(
    ("as_of_ms", "start_ms"),
    [
        (NOON_MS, NOON_MS - 55_000),
        (NOON_MS + 4_999, NOON_MS - 55_000),
        (NOON_MS + 5_000, NOON_MS - 50_000),
        (NOON_MS - 1, NOON_MS - 60_000),
    ],
)
def test_one_minute_window_begins_at_a_pane_boundary(as_of_ms: int, start_ms: int) -> None:
    """The last minute is the pane in progress and the eleven before it."""
    assert window_start_ms(WINDOWS[0], as_of_ms) == start_ms


@pytest.mark.parametrize("window", WINDOWS, ids=[window.name for window in WINDOWS])
def test_window_covers_between_panes_minus_one_and_panes_whole_panes(window) -> None:
    """A window is never longer than its name and never shorter than its name less one pane."""
    pane_ms = TIERS[window.tier].pane_ms
    for into_pane_ms in (0, 1, pane_ms // 2, pane_ms - 1):
        as_of_ms = NOON_MS + into_pane_ms
        covered_ms = as_of_ms + 1 - window_start_ms(window, as_of_ms)
        assert SIZES_MS[window.name] - pane_ms < covered_ms <= SIZES_MS[window.name]
