"""Which panes make which window: tumbling panes in three sizes, and the rolling windows summed from them.

Membership is integer division of event time by the pane size; intervals are half-open. A window of n panes at moment
t holds the panes ``t // pane - n + 1`` to ``t // pane``: the pane in progress is always part of it.
"""

from typing import Final, NamedTuple

from models.rollups import WindowName
from models.times import MINUTE_MS, SECOND_MS


class Tier(NamedTuple):
    """Panes of one size: how long each is, and how many are kept."""

    pane_ms: int
    panes: int


class Window(NamedTuple):
    """A rolling window: its name, the tier it is summed from and how many of that tier's panes it holds."""

    name: WindowName
    tier: int
    panes: int


TIERS: Final = (Tier(5 * SECOND_MS, 60), Tier(MINUTE_MS, 60), Tier(15 * MINUTE_MS, 96))
WINDOWS: Final = (
    Window("1m", 0, 12),
    Window("5m", 0, 60),
    Window("15m", 1, 15),
    Window("1h", 1, 60),
    Window("6h", 2, 24),
    Window("24h", 2, 96),
)
MINUTE_TIER: Final = next(index for index, tier in enumerate(TIERS) if tier.pane_ms == MINUTE_MS)
LONGEST_MS: Final = max(tier.pane_ms * tier.panes for tier in TIERS)
FINEST_MS: Final = TIERS[0].pane_ms


def window_start_ms(window: Window, as_of_ms: int) -> int:
    """Return the first event time inside ``window`` at ``as_of_ms``; a multiple of its pane size."""
    pane_ms = TIERS[window.tier].pane_ms
    return (as_of_ms // pane_ms - window.panes + 1) * pane_ms
