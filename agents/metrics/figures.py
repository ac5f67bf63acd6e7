"""The figures of one worker's pipeline, over the partitions that it has and those that it had."""

from collections import Counter
from time import monotonic
from typing import Final

from msgspec import Struct

from agents.broker.inputs import Inputs
from agents.clock import Clock
from streams.pipeline.partition import PartitionState
from streams.pipeline.pipeline import Pipeline

_RATE_SECONDS: Final = 1.0


class Figures(Struct, frozen=True, kw_only=True):
    """The figures of one worker's pipeline."""

    events: int
    duplicates: int
    forwarded: int
    missing_offsets: int
    skipped: dict[str, int]
    windows_closed: int
    windows_skipped: int
    rejected: dict[str, int]
    events_per_second: float
    lag: int
    watermark_delay_seconds: float | None
    """None while no partition with events is held: nothing is known of how late the numbers are."""
    influencers: int


class PipelineFigures:
    """Counts what a pipeline has done. Counters of a process never fall: those of partitions that go are kept.

    Args:
        pipeline: the partitions.
        inputs: where their topics end.
        clock: now, in epoch milliseconds.
    """

    def __init__(self, pipeline: Pipeline, inputs: Inputs, clock: Clock) -> None:
        self._pipeline = pipeline
        self._inputs = inputs
        self._clock = clock
        self._gone: Counter[str] = Counter()
        self._skipped_gone: Counter[str] = Counter()
        self._rejected_gone: Counter[str] = Counter()
        self._rate_at = (monotonic(), 0)
        self._rate = 0.0

    def retire(self, state: PartitionState) -> None:
        """Keep the counts of a partition that goes."""
        self._gone["events"] += state.events_total
        self._gone["duplicates"] += state.duplicates_total
        self._gone["forwarded"] += state.intake.forwarded_total
        self._gone["missing_offsets"] += state.missing_offsets_total
        self._gone["windows_closed"] += state.closed.closed_total
        self._gone["windows_skipped"] += state.closed.skipped_total
        self._skipped_gone.update(state.skipped_total)
        self._rejected_gone.update(state.intake.rejected_total)

    def now(self) -> Figures:
        """Return the figures now."""
        states = list(self._pipeline.partitions.values())
        gone = self._gone
        events = gone["events"] + sum(state.events_total for state in states)
        rejected = Counter(self._rejected_gone)
        skipped = Counter(self._skipped_gone)
        for state in states:
            rejected.update(state.intake.rejected_total)
            skipped.update(state.skipped_total)
        now = monotonic()
        since, before = self._rate_at
        if now - since >= _RATE_SECONDS:
            self._rate = (events - before) / (now - since)
            self._rate_at = (now, events)
        behind = [self._clock() - state.time_ms for state in states if state.time_ms]
        return Figures(
            events=events,
            duplicates=gone["duplicates"] + sum(state.duplicates_total for state in states),
            forwarded=gone["forwarded"] + sum(state.intake.forwarded_total for state in states),
            missing_offsets=gone["missing_offsets"] + sum(state.missing_offsets_total for state in states),
            skipped=dict(sorted(skipped.items())),
            windows_closed=gone["windows_closed"] + sum(state.closed.closed_total for state in states),
            windows_skipped=gone["windows_skipped"] + sum(state.closed.skipped_total for state in states),
            rejected=dict(sorted(rejected.items())),
            events_per_second=self._rate,
            lag=sum(self.lags().values()),
            watermark_delay_seconds=max(0, *behind) / 1000 if behind else None,
            influencers=sum(len(state.influencers) for state in states),
        )

    def held_back_seconds(self) -> dict[tuple[str, int], float]:
        """Return, by topic and partition, for how long an open transaction has kept records back."""
        return {(tp.topic, tp.partition): seconds for tp, seconds in self._inputs.held_back_seconds().items()}

    def undecodable(self) -> dict[tuple[str, int], bool]:
        """Return, by topic and partition, whether reading waits at a batch that cannot be decoded."""
        waiting = {(tp.topic, tp.partition) for tp in self._inputs.undecodable()}
        return {place: place in waiting for place in {*self.lags(), *waiting}}

    def lags(self) -> dict[tuple[str, int], int]:
        """Return, by topic and partition, how many records that can be read were not applied yet."""
        return self._inputs.lags(self._pipeline.partitions.values())
