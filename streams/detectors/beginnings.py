"""Whether a series has begun: the first windows of a partition, a quiet start and stragglers teach no level.

A level that was learnt from next to nothing makes the first ordinary minute an alarm. So a young series whose last
windows lie far above its level has only now begun: its detectors start again from them. What is young is bounded, so
that a small creator's first success is told all the same.
"""

from typing import Final

from msgspec import Struct

HANDFUL: Final = 5
"""Windows that decide: three of them must be lively."""
YOUNG_WINDOWS: Final = 240
"""Windows of next to nothing after which that is the series' own level."""
QUIET_LEVEL: Final = 2.0
"""Events a window below which a young series has no level."""
LIVELY: Final = 5
"""Events a window from which a young series has begun."""
GROWN: Final = 2.5
"""How far above its level a series that is still warming up must lie to begin again."""


class BeginningState(Struct, gc=False):
    """The last windows, and how many there were since the series began (or began again)."""

    recent: list[int] = []
    windows: int = 0


class Beginning:
    """The beginning of one series of counts."""

    __slots__ = ("state",)

    def __init__(self, state: BeginningState | None = None) -> None:
        self.state = BeginningState() if state is None else state

    def has_no_level(self, level: float) -> bool:
        """Return whether a spike would be measured against next to nothing."""
        return self.state.windows < YOUNG_WINDOWS and level < QUIET_LEVEL

    def begins_now(self, value: int, level: float, *, warming: bool) -> bool:
        """Take the next window; return whether the series begins with the last ones.

        Args:
            value: its count.
            level: what the series' detector expects.
            warming: whether that detector is still warming up.
        """
        s = self.state
        s.recent.append(value)
        del s.recent[:-HANDFUL]
        s.windows += 1
        if s.windows > YOUNG_WINDOWS or len(s.recent) < HANDFUL:
            return False
        usual = sorted(s.recent)[HANDFUL // 2]
        quiet = level < QUIET_LEVEL and usual >= max(LIVELY, 4.0 * level)
        if quiet or (warming and usual >= LIVELY and usual > GROWN * (level + 1.0)):
            s.windows = HANDFUL
            return True
        return False
