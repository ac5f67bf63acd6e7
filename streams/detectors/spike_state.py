"""What ``streams.detectors.spikes`` is set to, and what it remembers of one series."""

import msgspec
from msgspec import Struct

from streams.detectors.bursts import NO_EVIDENCE, BurstState, ReturnState


class SpikeParameters(Struct, frozen=True, gc=False):
    """The defaults serve every series. Rates are per update; heights are in transformed units (about one sigma).

    Attributes:
        shape: the negative binomial's ``k`` of the transform; variance = mean + mean^2 / k.
        smoothing: weight of the newest value in the smoothed count that bursts are seen in: a moderate height
            that lasts is as rare as a high needle.
        base_share: how much of the slow level is subtracted: 1 compares ratios, 0 absolute heights.
        base_rate: adaptation of the slow level.
        fast_base_rate: adaptation of a second slow level, four times as fast, that bursts are measured from as well.
        outgrow_score: how much more score reports the same burst again once it was an alarm.
        together: updates within which what two measures of a burst say belongs together.
        level_rate: adaptation of the expected level.
        dispersion_rate: adaptation of the dispersion.
        step_limit: the most, in sigmas, that one value may pull the levels.
        record_share: weight of the highest recent burst against the usual one.
        record_decay: rate at which that record fades towards the usual burst.
        burst_share: share of values at or above the height that opens a burst.
        burst_memory: bursts remembered in the usual height.
        burst_prior: weight of the prior usual height, in bursts.
        usual_height: the prior usual height.
        outgrow: how much more evidence reports the same burst again, as long as it was no alarm.
        outgrow_alarm: the same, once it was an alarm.
        quiet_updates: updates below the opening height that end a burst.
        tail_share: share of values in the tracked tail, for ``surprise``.
        spread_rate: adaptation of the residuals' spread.
        drop_to: the part of the expected level that a drop is tested against.
        drop_alarm: nats of shortfall that score 0.5 where drops are not usual.
        drop_outgrow: how many more nats report the same drop again.
        drop_limit: the most shortfall kept, so that an end is seen soon.
        alarm_height: evidence that maps to a score of 0.5.
        warm_up_updates: updates before the first score.
        gap_factor: a pause this many times the usual step starts the burst state afresh.
    """

    shape: float = 4.0
    smoothing: float = 0.25
    base_share: float = 0.7
    base_rate: float = 1 / 1152
    fast_base_rate: float = 1 / 288
    together: int = 24
    outgrow_score: float = 0.15
    level_rate: float = 1 / 40
    dispersion_rate: float = 1 / 100
    step_limit: float = 2.0
    record_share: float = 1.0
    record_decay: float = 1 / 3500
    burst_share: float = 0.02
    burst_memory: int = 60
    burst_prior: int = 1
    usual_height: float = 4.0
    outgrow: float = 0.9
    outgrow_alarm: float = 1.5
    quiet_updates: int = 15
    tail_share: float = 0.02
    spread_rate: float = 1 / 100
    drop_to: float = 0.3
    drop_alarm: float = 30.0
    drop_outgrow: float = 10.0
    drop_limit: float = 40.0
    alarm_height: float = 0.3
    warm_up_updates: int = 24
    gap_factor: float = 30.0


class SpikeState(Struct):
    """Everything a detector remembers; serialisable with msgspec."""

    burst: BurstState
    drop: BurstState
    updates: int = 0
    last_ms: int = 0
    step_ms: float = 0.0
    base: float = 0.0
    level: float = 0.0
    dispersion: float = 0.3
    smoothed: float = 0.0
    run: int = 0
    spread: float = 1.0
    tail_run: int = 0
    tail_height: float = 2.2
    tail_excess: float = 0.5
    shortfall: float = 0.0
    reported_up: float = NO_EVIDENCE
    reported_down: float = NO_EVIDENCE
    fast_base: float | None = None
    """The second slow level; None in states written before there was one."""
    fast_burst: BurstState | None = None
    reported_fast: float = NO_EVIDENCE
    returns: ReturnState = msgspec.field(default_factory=ReturnState)
    said: list[tuple[float, int]] = msgspec.field(default_factory=list)
    """What each measure of a burst said last, and in which update."""
    told: float = 0.0
    """The highest score of the open burst that was an alarm."""
    told_at: int = 0


DEFAULTS = SpikeParameters()
