"""Whether this machine's clock is right, by the append times of what is read; and the sentence when it is not."""

from collections.abc import Callable, Sequence
from logging import getLogger
from time import monotonic
from typing import Any, Final

from agents.clock import Clock
from agents.liveness.health import Health
from streams.clock_offset import ClockOffset, Offset

log: Final = getLogger("campaign_pulse")
WRONG_SECONDS: Final = 60.0
"""Far above what a synchronised clock, a slow network and a busy worker make together."""
_RIGHT_SECONDS: Final = 30.0
_SAMPLES: Final = 32
_SAMPLE_SECONDS: Final = 0.1
"""Looking at a batch takes 6 to 30 µs, as long as a few events; a busy worker has hundreds of batches a second."""
_LOOK_SECONDS: Final = 1.0
_LOG_APPEND_TIME: Final = 1


class ClockWatch:
    """Looks at the times of a few records of each batch; says once what is wrong, and again when it changes.

    Args:
        clock: the wall clock; None for one that stands still on purpose, which nobody expects to be right.
        health: shows the sentence.
        tolerance_seconds: event times further ahead are refused.
        steady: seconds of a clock that is never set.
    """

    def __init__(
        self, clock: Clock | None, health: Health, tolerance_seconds: float, steady: Callable[[], float] = monotonic
    ) -> None:
        self._clock = clock
        self._health = health
        self._tolerance_seconds = tolerance_seconds
        self._steady = steady
        self._offset = ClockOffset()
        self._ends: dict[tuple[str, int], tuple[int, int]] = {}
        self._sample_at = 0.0
        self._looked_at = float("-inf")
        self._said_seconds: float | None = None
        self.offset_seconds = 0.0
        """How far other clocks are ahead of ours at least (negative: behind); 0 when they agree or none is known."""

    def on_records(self, topic: str, partition: int, records: Sequence[Any]) -> None:
        """Take a batch that was just read."""
        if self._clock is None:
            return
        steady_seconds = self._steady()
        if steady_seconds < self._sample_at and self._offset.has_samples:
            return
        self._sample_at = steady_seconds + _SAMPLE_SECONDS
        now_ms = self._clock()
        first = records[0]
        by_broker = first.timestamp_type == _LOG_APPEND_TIME
        times_ms = [record.timestamp for record in records[:: len(records) // _SAMPLES + 1]]
        times_ms.append(records[-1].timestamp)
        self._offset.observe(times_ms, by_broker=by_broker, now_ms=now_ms, steady_seconds=steady_seconds)
        end, seen_ms = self._ends.pop((topic, partition), (None, 0))
        if by_broker and first.offset == end:
            self._offset.observe_appended(
                first.timestamp, after_ms=seen_ms, now_ms=now_ms, steady_seconds=steady_seconds
            )
        self._look(steady_seconds)

    def on_end(self, topic: str, partition: int, end: int, seen_ms: int) -> None:
        """Note that nothing lay at or after the offset ``end`` at ``seen_ms`` by our clock."""
        if self._clock is not None:
            self._ends[topic, partition] = end, seen_ms
            self._look(self._steady())

    def _look(self, steady_seconds: float) -> None:
        if steady_seconds - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = steady_seconds
            self._judge(self._offset.estimate(steady_seconds))

    def _judge(self, offset: Offset | None) -> None:
        if offset is None:
            return
        seconds = self.offset_seconds = offset.ms / 1000
        said = self._said_seconds
        if abs(seconds) >= WRONG_SECONDS:
            sentence = self._health.warning = self._sentence(seconds, offset.by_brokers)
            if said is None or abs(seconds - said) > max(_RIGHT_SECONDS, abs(said) / 4):
                self._said_seconds = seconds
                log.error("%s", sentence)
        elif said is not None and abs(seconds) < _RIGHT_SECONDS:
            self._said_seconds = self._health.warning = None
            log.warning("this machine's clock agrees with the others again")

    def _sentence(self, seconds: float, by_brokers: bool) -> str:
        whose = "the brokers'" if by_brokers else "the producers' (or most of theirs are ahead of it)"
        where = "behind" if seconds > 0 else "ahead of"
        sentence = f"this machine's clock is {span(abs(seconds))} {where} {whose}"
        if seconds > self._tolerance_seconds:
            sentence += (
                "; live events are refused as event_time_future: set the clock right, then run "
                "`campaign-pulse dead-letters redrive --reason event_time_future`"
            )
        return sentence


def span(seconds: float) -> str:
    """Return a length of time for people: ``90 s``, ``10 min``, ``5.5 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
