"""What the seven rules see of one influencer or campaign: detectors fed from closed windows, a reading per rule.

A reading's ``strength`` is evidence scaled so that 1 is the rule's own point of alarm. Minimum counts and ratios are
applied here, so that the state machine compares one number.
"""

import math

import msgspec
from msgspec import Struct

from models.alerts import RULE_NAMES, AlertRule, RuleName, WindowSample
from streams.detectors.beginnings import Beginning, BeginningState
from streams.detectors.drops import DropMonitor, DropState
from streams.detectors.proportions import ProportionMonitor, ProportionState, ProportionVerdict
from streams.detectors.silence import SilenceMonitor, SilenceState, SilenceVerdict
from streams.detectors.spike_state import SpikeState
from streams.detectors.spikes import SpikeDetector
from streams.detectors.thresholds import (
    CONVERSION_ALARM,
    CONVERSION_RATE,
    MOST_RATIO,
    NEGATIVE_SHARE,
    PROPORTION_ALARM,
    SIGMA_ALARM,
    SIGMA_RATIO,
    SILENCE_ALARM,
    SPREAD_SIGMAS,
    SURPRISE_ALARM,
    UNCLICKED_CODES,
)
from streams.detectors.trends import SPOKEN_WINDOWS, Trend, TrendMonitor, TrendState
from streams.detectors.verdicts import UPPER_SIGMAS, Verdict

RECENT_WINDOWS = 5
ALONE_RATIO = 1.5
"""How much more than the engagements entries must have risen to be news of their own beside an engagement spike."""
SLOW_FEED = 3.0
"""Events a window at which twice the evidence is asked of a silence."""
MOSTLY_UNCLICKED = 0.6
"""Usual share of code uses without a click above which the rule has nothing to say."""
LEAK_DOUBT = 3.0
"""Nats for a leaked code from which the conversion rate rests: the leak's orders would teach one that ends with it."""
LEARNT_HITS = 10.0
"""Hits a usual share must rest on before its fall means anything: a shop that reports no orders has lost none."""
SILENCE_WINDOWS = 15
"""Windows seen before an empty one means anything."""


class Reading(Struct, frozen=True, gc=False):
    """One rule's view of one window. ``unit`` names what ``observed`` and ``expected`` count."""

    strength: float
    unit: str
    observed: float
    expected: float
    ratio: float
    sample_size: int


class RecentWindow(Struct, frozen=True, gc=False):
    """The counts of a window that the explanations add up."""

    engagements: int
    comments: int
    entries: int
    clicks: int
    purchases: int
    negative: int
    scored: int
    unread: int = 0
    copies: int = 0
    """Of the negative ones, those that say again what another says."""


class SignalState(Struct, gc=False):
    """The detectors' states; serialisable with msgspec."""

    engagements: SpikeState
    entries: SpikeState
    negative: ProportionState
    conversion: ProportionState
    codes: ProportionState
    silence: SilenceState
    recent: list[RecentWindow]
    drop: DropState
    trend: TrendState = msgspec.field(default_factory=TrendState)
    beginning: BeginningState = msgspec.field(default_factory=BeginningState)


def activity(sample: WindowSample) -> int:
    """Return the count that shows a feed alive. The shop has a feed of its own: orders say nothing about posts."""
    return max(sample.engagements, sample.comments)


class Signals:
    """The detectors of one influencer or campaign."""

    __slots__ = (
        "beginning",
        "codes",
        "conversion",
        "drop",
        "engagements",
        "entries",
        "entries_rise_alone",
        "negative",
        "recent",
        "silence",
        "trend",
    )

    def __init__(self, state: SignalState | None = None) -> None:
        self.entries_rise_alone = True
        if state is None:
            self.engagements = SpikeDetector()
            self.entries = SpikeDetector()
            self.negative = ProportionMonitor(NEGATIVE_SHARE)
            self.conversion = ProportionMonitor(CONVERSION_RATE)
            self.codes = ProportionMonitor(UNCLICKED_CODES)
            self.silence = SilenceMonitor()
            self.recent: list[RecentWindow] = []
            self.drop = DropMonitor()
            self.trend = TrendMonitor()
            self.beginning = Beginning()
        else:
            self.engagements = SpikeDetector.from_state(state.engagements)
            self.entries = SpikeDetector.from_state(state.entries)
            self.negative = ProportionMonitor(NEGATIVE_SHARE, state.negative)
            self.conversion = ProportionMonitor(CONVERSION_RATE, state.conversion)
            self.codes = ProportionMonitor(UNCLICKED_CODES, state.codes)
            self.silence = SilenceMonitor(state=state.silence)
            self.recent = list(state.recent)
            self.drop = DropMonitor(state.drop)
            self.trend = TrendMonitor(state.trend)
            if not state.beginning.windows:  # written before beginnings were known: the series is as old as its level
                state.beginning.windows = state.engagements.updates
            self.beginning = Beginning(state.beginning)

    def state(self) -> SignalState:
        """Everything remembered. It shares the monitors' states: encode it before the next update."""
        return SignalState(
            engagements=self.engagements.state(),
            entries=self.entries.state(),
            negative=self.negative.state,
            conversion=self.conversion.state,
            codes=self.codes.state,
            silence=self.silence.state,
            recent=list(self.recent),
            drop=self.drop.state,
            trend=self.trend.state,
            beginning=self.beginning.state,
        )

    def update(
        self,
        sample: WindowSample,
        rules: dict[RuleName, AlertRule],
        active: frozenset[RuleName],
        *,
        burst_windows: int = 0,
    ) -> dict[RuleName, Reading]:
        """Judge one closed window by every rule, then learn from it.

        Args:
            sample: the window.
            rules: thresholds, for the minimum counts and ratios.
            active: rules whose alert is open; a minimum count that opened an alert does not close it.
            burst_windows: for how long the level before a burst is remembered that was told elsewhere, or is planned; 0
                where there is none.
        """
        end_ms = sample.window_end_ms
        scored = sample.positive + sample.neutral + sample.negative
        self.recent.append(
            RecentWindow(
                sample.engagements,
                sample.comments,
                sample.entries,
                sample.clicks,
                sample.purchases,
                sample.negative,
                scored,
                sample.unread,
                sample.negative_copies,
            )
        )
        del self.recent[:-RECENT_WINDOWS]
        copies = min(sample.negative_copies, sample.negative)
        negative = self.negative.update(sample.negative - copies, scored - copies)
        leaks = sample.code_uses_without_click
        codes = self.codes.update(leaks, max(sample.code_uses, leaks))
        if "code_leak" in active or self._doubts_leak(codes):
            conversion = self.conversion.update(0, 0)  # whose orders these are is not known: nothing is learnt
        else:
            conversion = self.conversion.update(sample.purchases, max(sample.clicks, sample.purchases))
        silence = self.silence.update(end_ms, activity(sample))
        silent = 0.0
        if self.silence.state.windows > SILENCE_WINDOWS:
            # The comments of a slow feed come in clumps: less evidence than their number says.
            silent = silence.evidence / (SILENCE_ALARM * (1.0 + SLOW_FEED / max(silence.expected, 0.1)))
        if silent >= 1.0:
            # Nothing is learnt from a feed that is not there: its return is no spike.
            return self._while_silent(sample, silence, silent)
        self._begin(sample)
        engagements = self.engagements.update(end_ms, sample.engagements)
        entries = self.entries.update(end_ms, sample.entries)
        trend = self.trend.update(sample.engagements)
        usual = self.drop.usual(engagements.expected)
        own = min(MOST_RATIO, math.exp(SPREAD_SIGMAS * self.trend.state.spread))
        spike = _spike(rules["engagement_spike"], engagements, usual, "engagements", own)
        entered = _spike(rules["entries_spike"], entries, entries.expected, "entries", own)
        if self.beginning.has_no_level(engagements.expected):
            spike, entered = (
                msgspec.structs.replace(spike, strength=0.0),
                msgspec.structs.replace(entered, strength=0.0),
            )
        elif trend.rise > spike.strength and engagements.value >= rules["engagement_spike"].minimum_count:
            spike = _risen(spike, trend)
        is_told = spike.strength >= rules["engagement_spike"].fire_at or "engagement_spike" in active
        if is_told and not burst_windows:  # what is planned is remembered as such: a go-live's level is there to stay
            burst_windows = SPOKEN_WINDOWS
        if engagements.warming:
            burst_windows = 0
        calm = self.trend.remember_burst(min(usual, trend.rose_from or usual), burst_windows)
        drop_is_open = "engagement_drop" in active
        fall, fell_from = self.drop.update(rules["engagement_drop"], engagements, trend, calm, active=drop_is_open)
        value = engagements.value
        few = engagements.value < rules["engagement_spike"].minimum_count  # too few to be told by themselves
        self.entries_rise_alone = few or entered.ratio > ALONE_RATIO * spike.ratio
        drop = Reading(fall, "engagements", value, fell_from, (value + 1.0) / (fell_from + 1.0), round(fell_from))
        return {
            "engagement_spike": spike,
            "engagement_drop": drop,
            "negative_wave": _rise(rules["negative_wave"], negative, "negative share"),
            "conversion_drop": _fall(rules["conversion_drop"], conversion, "conversion rate"),
            "code_leak": self._leak(rules["code_leak"], codes),
            "feed_silent": _silence(sample, silence, silent),
            "entries_spike": entered,
        }

    def _begin(self, sample: WindowSample) -> None:
        """Start the detectors of counts again where the series has only now begun, from its last windows."""
        state = self.engagements.peek
        warming = state.updates < self.engagements.warm_up_updates
        if not self.beginning.begins_now(sample.engagements, state.level, warming=warming):
            return
        self.engagements, self.entries = SpikeDetector(), SpikeDetector()
        self.drop, self.trend = DropMonitor(), TrendMonitor()
        step = sample.window_end_ms - sample.window_start_ms
        for place, window in enumerate(self.recent[:-1]):
            at_ms = sample.window_end_ms - (len(self.recent) - 1 - place) * step
            self.engagements.update(at_ms, window.engagements)
            self.entries.update(at_ms, window.entries)

    def _doubts_leak(self, codes: ProportionVerdict) -> bool:
        """Return whether a code seems to have leaked: not where most are unclicked, nor where visits stop buying."""
        return (
            codes.rise >= LEAK_DOUBT
            and codes.usual_share <= MOSTLY_UNCLICKED
            and self.conversion.state.fall < LEAK_DOUBT
        )

    def forget_orders_missed(self) -> None:
        """Take what fell of the conversion rate for explained: what still falls tells so anew."""
        self.conversion.state.fall = 0.0

    def _leak(self, rule: AlertRule, verdict: ProportionVerdict) -> Reading:
        """Return the rise of code uses without a click, unless most are: not every shop reports clicks."""
        reading = _rise(rule, verdict, "share of code uses without a click")
        if verdict.usual_share > MOSTLY_UNCLICKED:
            return msgspec.structs.replace(reading, strength=0.0)
        return reading

    def _while_silent(self, sample: WindowSample, silence: SilenceVerdict, silent: float) -> dict[RuleName, Reading]:
        nothing = Reading(0.0, "engagements", 0.0, silence.expected, 0.0, 0)
        readings: dict[RuleName, Reading] = dict.fromkeys(RULE_NAMES, nothing)
        readings["feed_silent"] = _silence(sample, silence, silent)
        return readings


def _silence(sample: WindowSample, silence: SilenceVerdict, strength: float) -> Reading:
    return Reading(strength, "events", activity(sample), silence.expected, 0.0, silence.empty_windows)


def _spike(rule: AlertRule, verdict: Verdict, usual: float, unit: str, own_ratio: float) -> Reading:
    """Return the reading of a rise; ``own_ratio`` is what this series' own unrest asks for beside the rule's ratio."""
    strength = 0.0
    ratio = (verdict.value + 1.0) / (max(usual, 0.0) + 1.0)
    if not verdict.warming and verdict.value >= rule.minimum_count and ratio > 1.0:
        strength = verdict.surprise / SURPRISE_ALARM
        if ratio >= SIGMA_RATIO:
            sigma = (verdict.upper - verdict.expected) / UPPER_SIGMAS
            sigma *= (usual + 1.0) / (verdict.expected + 1.0)
            strength = max(strength, (verdict.value - usual) / sigma / SIGMA_ALARM)
        if rule.minimum_ratio > 1.0:
            strength = min(strength, math.log(ratio) / math.log(max(rule.minimum_ratio, own_ratio)))
    return Reading(strength, unit, verdict.value, usual, ratio, int(verdict.value))


def _risen(spike: Reading, trend: Trend) -> Reading:
    """Return the reading of a spike whose rise took so long that the level came along."""
    ratio = (spike.observed + 1.0) / (trend.rose_from + 1.0)
    return msgspec.structs.replace(spike, strength=trend.rise, expected=trend.rose_from, ratio=ratio)


def _rise(rule: AlertRule, verdict: ProportionVerdict, unit: str) -> Reading:
    share = 0.0 if verdict.recent_share is None else verdict.recent_share
    ratio = share / verdict.usual_share
    enough = verdict.recent_hits >= rule.minimum_count and ratio >= rule.minimum_ratio
    strength = verdict.rise / PROPORTION_ALARM if enough else 0.0
    return Reading(strength, unit, share, verdict.usual_share, ratio, round(verdict.recent_total))


def _fall(rule: AlertRule, verdict: ProportionVerdict, unit: str) -> Reading:
    share = 0.0 if verdict.recent_share is None else verdict.recent_share
    ratio = share / verdict.usual_share
    enough = (
        verdict.recent_total >= rule.minimum_count
        and verdict.usual_hits >= LEARNT_HITS
        and ratio * rule.minimum_ratio <= 1.0
    )
    strength = verdict.fall / CONVERSION_ALARM if enough else 0.0
    return Reading(strength, unit, share, verdict.usual_share, ratio, round(verdict.recent_total))
