"""What a clock that is set while a worker runs does to partitions without events."""

import pytest

from agents.worker.tick_clock import HELD_SECONDS, SET_MS, TickClock

HOUR_MS = 3_600_000
START_MS = 1_775_995_200_000


class Machine:
    """A wall clock that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.wall_ms, self.seconds = START_MS, 100.0
        self.clock = TickClock(lambda: self.wall_ms, lambda: self.seconds)

    def wait(self, seconds: float) -> None:
        """Let time pass by both, running or asleep."""
        self.seconds += seconds
        self.wall_ms += round(seconds * 1000)


@pytest.fixture
def machine() -> Machine:
    """One that has been looked at."""
    made = Machine()
    assert made.clock.now_ms() == START_MS
    return made


def test_a_clock_that_was_set_ahead_for_a_moment_is_not_followed(machine: Machine) -> None:
    """Stream time never goes back: windows would stand at nothing for six hours of live events."""
    machine.wall_ms += 6 * HOUR_MS
    machine.wait(30)
    assert machine.clock.now_ms() == START_MS + 30_000
    machine.wall_ms -= 6 * HOUR_MS
    machine.wait(1)
    assert machine.clock.now_ms() == machine.wall_ms == START_MS + 31_000


def test_a_step_that_records_confirm_is_followed(machine: Machine) -> None:
    """A machine that was paused wakes with an old clock, which the time server then sets."""
    machine.wall_ms += 6 * HOUR_MS
    assert machine.clock.now_ms() == START_MS
    machine.clock.on_record(START_MS)
    assert machine.clock.now_ms() == START_MS
    machine.clock.on_record(machine.wall_ms - 2_000)
    assert machine.clock.now_ms() == machine.wall_ms


def test_a_step_that_nobody_speaks_against_is_followed_in_the_end(machine: Machine) -> None:
    """Without any record there is nothing that could be late."""
    machine.wall_ms += 6 * HOUR_MS
    assert machine.clock.now_ms() == START_MS
    machine.wait(HELD_SECONDS)
    assert machine.clock.now_ms() == machine.wall_ms


@pytest.mark.parametrize("set_ms", [-6 * HOUR_MS, -1, 0, SET_MS])
def test_smaller_steps_and_steps_back_are_the_wall_clocks(machine: Machine, set_ms: int) -> None:
    """A step back changes nothing that was closed; a sleep is none, whatever its length, nor is a clock that stands."""
    machine.wait(12 * 3_600)
    machine.wall_ms += set_ms
    assert machine.clock.now_ms() == machine.wall_ms
    machine.seconds += 3_600  # `PULSE_CLOCK` holds the wall's still
    assert machine.clock.now_ms() == machine.wall_ms
