"""PULSE_CLOCK: the wall, a fixed moment, a faster clock."""

import pytest

from agents import clock
from agents.clock import make_clock


def test_a_fixed_clock_stands_still() -> None:
    """A backfill sees the same moment all the time."""
    now = make_clock("1775995200000")
    assert (now(), now()) == (1_775_995_200_000, 1_775_995_200_000)


def test_a_faster_clock_runs_from_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """At its wall moment the clock says its event moment; a second later it is SPEED seconds on."""
    wall = [1_000_000]
    monkeypatch.setattr(clock, "wall_clock", lambda: wall[0])
    now = make_clock("50000000@1000000x90")
    assert now() == 50_000_000
    wall[0] += 1_000
    assert now() == 50_090_000
    wall[0] -= 2_000
    assert now() == 50_000_000 - 90_000


@pytest.mark.parametrize("setting", ["noon", "-1", "1@2", "1@2x0", "1@2x-3", "1@x3", "999999999999999", ""])
def test_other_clocks_are_refused(setting: str) -> None:
    """A clock nobody knows is an error and not the wall."""
    with pytest.raises(ValueError, match="expected"):
        make_clock(setting)
