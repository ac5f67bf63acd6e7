"""A wrong clock is said once, again when it changes, and once when it is right again."""

import logging
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from agents.liveness.health import Health
from agents.worker.clock_watch import ClockWatch, span
from models.times import MINUTE_MS

NOW_MS = 1_764_500_000_000


class Machine:
    """A machine whose clock is wrong by so much, and a watch on it."""

    def __init__(self, wrong_ms: int) -> None:
        self.wrong_ms = wrong_ms
        self.seconds = 100.0
        self.health = Health(lambda: 0)
        self.watch = ClockWatch(self.now_ms, self.health, 300, lambda: self.seconds)

    def true_ms(self) -> int:
        """The right time."""
        return NOW_MS + round(self.seconds * 1000)

    def now_ms(self) -> int:
        """What the machine takes it for."""
        return self.true_ms() + self.wrong_ms

    def read(self, ages_ms: Sequence[int], kind: int = 0, offset: int = 0) -> None:
        """Read records appended so long ago by right clocks, two seconds after the last ones."""
        self.seconds += 2
        records: list[Any] = [
            SimpleNamespace(timestamp=self.true_ms() - age, timestamp_type=kind, offset=offset + at)
            for at, age in enumerate(ages_ms)
        ]
        self.watch.on_records("t", 0, records)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged since last asked."""
    texts = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return texts


def test_ten_minutes_behind_by_the_times_of_producers(caplog: pytest.LogCaptureFixture) -> None:
    """Said once, with what is refused and the way out; silent while it stays; said again when it is right."""
    caplog.set_level(logging.INFO, "campaign_pulse")
    machine = Machine(-10 * MINUTE_MS)
    machine.read([100] * 200)
    [sentence] = said(caplog)
    assert sentence.startswith(
        "this machine's clock is 10 min behind the producers' (or most of theirs are ahead of it)"
    )
    assert "dead-letters redrive --reason event_time_future" in sentence
    assert machine.health.describe()["warning"] == sentence
    assert machine.watch.offset_seconds == pytest.approx(600, abs=1)
    assert not machine.health.is_stuck
    assert machine.health.reason is None
    for _ in range(5):
        machine.read([100] * 50)
    assert said(caplog) == []
    machine.wrong_ms = -20 * MINUTE_MS
    machine.read([100] * 50)
    assert "20 min behind" in said(caplog)[0]
    machine.wrong_ms = 0
    machine.read([100] * 50)
    assert said(caplog) == ["this machine's clock agrees with the others again"]
    assert machine.health.describe()["warning"] is None
    assert machine.watch.offset_seconds == 0


def test_ahead_by_the_times_of_the_broker(caplog: pytest.LogCaptureFixture) -> None:
    """A record after a quiet moment is enough; nothing is refused, and so nothing is said of that."""
    machine = Machine(3 * MINUTE_MS)
    machine.watch.on_end("t", 0, 7, machine.now_ms())
    machine.read([500], kind=1, offset=7)
    [sentence] = said(caplog)
    assert sentence == "this machine's clock is 3 min ahead of the brokers'"


@pytest.mark.parametrize("kind", [0, 1])
def test_backfills_and_small_differences_are_no_wrong_clock(kind: int, caplog: pytest.LogCaptureFixture) -> None:
    """Records of last week, of this moment, and a clock that is 20 s off."""
    for wrong_ms in (0, 20_000, -20_000):
        machine = Machine(wrong_ms)
        machine.watch.on_end("t", 0, 3, machine.now_ms())  # another record followed, which was not read first
        machine.read([7 * 24 * 60 * MINUTE_MS] * 100, kind=kind, offset=9)
        machine.read([50] * 100, kind=kind, offset=109)
    assert said(caplog) == []


def test_a_clock_that_is_held_still_is_not_judged(caplog: pytest.LogCaptureFixture) -> None:
    """PULSE_CLOCK is wrong on purpose."""
    health = Health(lambda: 0)
    watch = ClockWatch(None, health, 300)
    watch.on_records("t", 0, [SimpleNamespace(timestamp=NOW_MS, timestamp_type=1, offset=0)])
    assert (said(caplog), watch.offset_seconds) == ([], 0)


def test_spans_are_for_people() -> None:
    """Seconds below two minutes, minutes below two hours."""
    assert [span(each) for each in (60, 119.4, 600, 7199, 19_800)] == ["60 s", "119 s", "10 min", "120 min", "5.5 h"]
