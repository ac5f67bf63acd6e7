"""The alerts of one campaign and its influencers: closed windows in, transitions out.

Pure: windows bring their own time, and everything remembered can be exported and imported, so that a checkpoint holds
it. A window that is not newer than the last one of its series is a redelivery or a correction and changes nothing here.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from models.actions import Action, AlertTarget
from models.alerts import (
    DEFAULT_RULES,
    Alert,
    AlertRule,
    AlertSettings,
    AlertTransition,
    RuleName,
    WindowSample,
    rules_with,
)
from models.times import epoch_ms
from streams.alerts.explanations import explain, explain_resolved, explain_together
from streams.alerts.severity import severity_of
from streams.alerts.state_machine import (
    AlertMemory,
    Hold,
    Step,
    advance,
    alert_id,
    open_together,
    retract,
)
from streams.columns.formats import NEWER, NewerRecord
from streams.detectors.peers import PeerGroup, PeerStanding
from streams.detectors.signals import Reading, Signals, SignalState
from streams.detectors.trends import PLANNED_WINDOWS, SPOKEN_WINDOWS

FORMAT_VERSION = 1
RETURN_MS = 900_000
"""How long after a silence its end may still look like a spike."""
CHECKOUT_DOUBT = 3.0
"""Nats against the checkout from which a high share of unclicked code uses only means that clicks stopped buying."""
STORM = 3
"""Influencers whose alerts of one rule open at one moment from which one alert of the campaign speaks for them."""
STORM_MS = 120_000
"""What still is one moment."""
OWN_CAUSE: frozenset[RuleName] = frozenset({"engagement_spike", "entries_spike", "negative_wave"})
"""Rules whose campaign alert is explained by an influencer's that is open."""
NEEDS_LIFE: frozenset[RuleName] = frozenset({"engagement_drop", "conversion_drop", "feed_silent"})
"""Rules that mean nothing before a campaign's start and after its end."""


class MutedInterval(Struct, frozen=True, gc=False):
    """Half-open; no rules means all."""

    start_ms: int
    end_ms: int
    rules: tuple[RuleName, ...]


class Mute(Struct, frozen=True, gc=False):
    """Nobody wants to hear of a rule's alert, of one influencer or the campaign's own: wall time, half-open."""

    rule: RuleName
    influencer_id: str | None
    start_ms: int
    end_ms: int


def mutes_of(actions: Iterable[Action]) -> list[Mute]:
    """Return what actions of the desk mute."""
    return [
        Mute(action.target.rule, action.target.influencer_id, action.at_ms, action.muted_until_ms)
        for action in actions
        if isinstance(action.target, AlertTarget) and action.muted_until_ms is not None
    ]


class SeriesState(Struct, gc=False):
    """The exported state of one series."""

    version: int
    last_end_ms: int
    signals: SignalState
    alerts: dict[RuleName, AlertMemory]


class EngineState(Struct, gc=False):
    """The exported state of a campaign: the series of its influencers, its own, and how its influencers compare."""

    version: int
    keys: dict[str, SeriesState]
    own: SeriesState | None
    peers: dict[str, PeerStanding]


class Series:
    """One influencer, or the campaign as a whole: its detectors and its alerts."""

    __slots__ = ("alerts", "last_end_ms", "signals")

    def __init__(self, state: SeriesState | None = None) -> None:
        self.last_end_ms = -1 if state is None else state.last_end_ms
        self.signals = Signals(None if state is None else state.signals)
        self.alerts: dict[RuleName, AlertMemory] = {rule: AlertMemory() for rule in DEFAULT_RULES}
        if state is not None:
            self.alerts.update(state.alerts)

    def state(self) -> SeriesState:
        """Everything remembered. It shares the detectors' states: encode it before the next window."""
        return SeriesState(FORMAT_VERSION, self.last_end_ms, self.signals.state(), self.alerts)


Watcher = Callable[[WindowSample, dict[RuleName, Reading]], None]
_STATE_ENCODER = msgspec.msgpack.Encoder()
_STATE_DECODER = msgspec.msgpack.Decoder(EngineState)


class CampaignEngine:
    """Seven rules over the closed windows of one campaign.

    Hand in the campaign's own sample (``influencer_id`` None) after those of its influencers for the same window: what
    one influencer explains opens no second alert.

    Args:
        campaign_id: the campaign that every sample is of.
    """

    def __init__(self, campaign_id: str) -> None:
        self.campaign_id = campaign_id
        self.watcher: Watcher | None = None
        """Called with every sample and the readings of its rules: for plots."""
        self._influencers: dict[str, Series] = {}
        self._own: Series | None = None
        self._peers = PeerGroup()
        self._open: dict[RuleName, set[str]] = {rule: set() for rule in DEFAULT_RULES}
        """The influencers with an open alert, by rule."""
        self._own_readings: dict[RuleName, Reading] = {}
        """What the rules made of the campaign's own last window."""
        self._is_silent = False
        """Whether the campaign's own ``feed_silent`` is open."""
        self._rules: dict[RuleName, AlertRule] = DEFAULT_RULES
        self._muted: tuple[MutedInterval, ...] = ()
        self._starts_at_ms: int | None = None
        self._ends_at_ms: int | None = None
        self.mutes: tuple[Mute, ...] = ()
        """Of wall time: windows are compared by ``log_time_ms``."""
        self.log_time_ms = 0
        """When the record was written with which the windows come that are judged: wall time, and in the log."""

    def configure(
        self,
        settings: AlertSettings | None,
        *,
        starts_at_ms: int | None = None,
        ends_at_ms: int | None = None,
    ) -> None:
        """Follow the campaign's definition; what is open stays open under the new thresholds."""
        self._rules = DEFAULT_RULES if settings is None else rules_with(settings.rules)
        self._starts_at_ms, self._ends_at_ms = starts_at_ms, ends_at_ms
        moments = () if settings is None else settings.muted_moments
        self._muted = tuple(
            MutedInterval(epoch_ms(moment.starts_at), epoch_ms(moment.ends_at), moment.rules) for moment in moments
        )

    # ---------------------------------------------------------------- windows in

    def observe(self, sample: WindowSample) -> list[AlertTransition]:
        """Judge one closed window by every rule.

        Returns:
            What opened, grew or resolved; nothing for a window that is not newer than the last one of its series.

        Raises:
            ValueError: the sample is another campaign's.
        """
        if sample.campaign_id != self.campaign_id:
            raise ValueError(f"a window of campaign {sample.campaign_id!r}, this engine judges {self.campaign_id!r}")
        series = self._series(sample.influencer_id)
        if sample.window_end_ms <= series.last_end_ms:
            return []
        series.last_end_ms = sample.window_end_ms
        active = frozenset(rule for rule, memory in series.alerts.items() if memory.phase != "ok")
        readings = series.signals.update(sample, self._rules, active, burst_windows=self._burst_windows(sample))
        if sample.influencer_id is None:
            self._own_readings = readings
        else:
            reading = readings["engagement_spike"]
            self._peers.report(sample.influencer_id, sample.window_end_ms, reading.observed, reading.expected)
        if self.watcher is not None:
            self.watcher(sample, readings)
        transitions: list[AlertTransition] = []
        for name, reading in readings.items():
            memory = series.alerts[name]
            if memory.phase == "ok" and not memory.held and reading.strength < self._rules[name].fire_at:
                continue
            step = self._step(series, sample, name, reading)
            if step is not None:
                transitions.append(self._transition(series, sample, name, reading, step))
            self._remember_open(sample.influencer_id, name, memory)
        return transitions

    def observe_minute(self, influencers: Iterable[WindowSample], own: WindowSample | None) -> list[AlertTransition]:
        """Judge one minute of all influencers and then of the campaign: a storm of alerts becomes one.

        Args:
            influencers: their windows of the minute.
            own: the campaign's window of the same minute; None when a part is missing, and then nothing is merged.

        Returns:
            As ``observe``.

        Raises:
            ValueError: a sample is another campaign's.
        """
        transitions = [transition for sample in influencers for transition in self.observe(sample)]
        if own is None or own.window_end_ms <= self._series(None).last_end_ms:
            return transitions
        storms: dict[RuleName, list[AlertTransition]] = {}
        for transition in transitions:
            if transition.kind == "opened":
                storms.setdefault(transition.alert.rule, []).append(transition)
        storms = {rule: opened for rule, opened in storms.items() if self._is_storm(rule, len(opened), own)}
        for rule, opened in storms.items():
            for transition in opened:
                transitions.remove(transition)
                influencer_id = transition.alert.influencer_id or ""
                retract(self._influencers[influencer_id].alerts[rule])
                self._open[rule].discard(influencer_id)
        transitions += self.observe(own)
        for rule, opened in storms.items():
            transitions += self._together(rule, opened, own)
        return transitions

    def _is_storm(self, rule: RuleName, opened: int, own: WindowSample) -> bool:
        """Return whether so many alerts that open now, and those of the last moments, are one story.

        Not while the campaign's own alert is muted: then each is told by itself.
        """
        if self.muted_until(rule, None) is not None:
            return False
        since_ms = own.window_end_ms - STORM_MS
        before = sum(
            since_ms <= self._influencers[each].alerts[rule].opened_at_ms < own.window_end_ms
            for each in self._open[rule]
        )
        return opened + before >= STORM

    def _together(self, rule: RuleName, opened: list[AlertTransition], own: WindowSample) -> Iterator[AlertTransition]:
        """Have the campaign speak for its influencers, unless its own series has just said so."""
        series = self._series(None)
        memory = series.alerts[rule]
        if memory.is_open:
            memory.together = True
            return
        strongest = max(opened, key=lambda transition: transition.alert.strength).alert
        reading = replace(self._own_readings[rule], strength=strongest.strength)
        step = open_together(memory, own.window_end_ms, strongest.strength)
        self._remember_open(None, rule, memory)
        transition = self._transition(series, own, rule, reading, step)
        text = explain_together(transition.alert.explanation, [each.alert for each in opened])
        yield replace(transition, alert=replace(transition.alert, explanation=text))

    def influencers(self) -> list[str]:
        """Return the influencers that have been observed, sorted."""
        return sorted(self._influencers)

    def forget(self, influencer_id: str) -> None:
        """Drop an influencer that left the campaign."""
        self._influencers.pop(influencer_id, None)
        self._peers.forget(influencer_id)
        for influencers in self._open.values():
            influencers.discard(influencer_id)

    # ---------------------------------------------------------------- state out

    def export_state(self) -> bytes:
        """Return everything remembered of the campaign."""
        influencers = {influencer_id: series.state() for influencer_id, series in self._influencers.items()}
        own = None if self._own is None else self._own.state()
        return _STATE_ENCODER.encode(EngineState(FORMAT_VERSION, influencers, own, self._peers.standings))

    def import_state(self, data: bytes) -> None:
        """Go on where ``export_state`` left off: every later window gives the transitions it would have given there.

        Raises:
            msgspec.DecodeError: ``data`` is no exported state.
            NewerRecord: a newer version has exported it.
            ValueError: it has a format version that there never was.
        """
        state = _STATE_DECODER.decode(data)
        if state.version > FORMAT_VERSION:
            raise NewerRecord(f"alert state of format {state.version}, this version reads {FORMAT_VERSION}: {NEWER}")
        if state.version != FORMAT_VERSION:
            raise ValueError(f"alert state has format {state.version}, this reads {FORMAT_VERSION}")
        for influencer_id, exported in state.keys.items():
            series = self._influencers[influencer_id] = Series(exported)
            for rule, memory in series.alerts.items():
                self._remember_open(influencer_id, rule, memory)
        if state.own is not None:
            self._own = Series(state.own)
            self._is_silent = self._own.alerts["feed_silent"].is_open
        self._peers.standings.update(state.peers)

    # ---------------------------------------------------------------- rules

    def _series(self, influencer_id: str | None) -> Series:
        if influencer_id is None:
            if self._own is None:
                self._own = Series()
            return self._own
        series = self._influencers.get(influencer_id)
        if series is None:
            series = self._influencers[influencer_id] = Series()
        return series

    def _remember_open(self, influencer_id: str | None, name: RuleName, memory: AlertMemory) -> None:
        if influencer_id is None:
            if name == "feed_silent":
                self._is_silent = memory.is_open
        elif memory.is_open:
            self._open[name].add(influencer_id)
        else:
            self._open[name].discard(influencer_id)

    def _step(self, series: Series, sample: WindowSample, name: RuleName, reading: Reading) -> Step | None:
        rule, memory = self._rules[name], series.alerts[name]
        if not rule.enabled:
            return advance(memory, rule, sample.window_end_ms, 0.0)
        hold: Hold = "none"
        if self._is_muted(name, sample.window_end_ms):
            hold = "muted"
        elif self.muted_until(name, sample.influencer_id) is not None or (
            memory.phase in ("ok", "pending") and self._is_inhibited(series, sample, name)
        ):
            # A mute ends by itself: what still burns then is told.
            hold = "inhibited"
        return advance(memory, rule, sample.window_end_ms, reading.strength, hold)

    def _burst_windows(self, sample: WindowSample) -> int:
        """Return for how long a burst of the series is remembered that was told of an influencer, or is planned."""
        if sample.influencer_id is None and self._open["engagement_spike"]:
            return SPOKEN_WINDOWS
        return PLANNED_WINDOWS if self._is_planned("engagement_spike", sample.window_end_ms) else 0

    def muted_until(self, rule: RuleName, influencer_id: str | None) -> int | None:
        """Return until when an alert is muted as the log stands; None when it is not."""
        ends = [
            mute.end_ms
            for mute in self.mutes
            if mute.rule == rule
            and mute.influencer_id == influencer_id
            and mute.start_ms <= self.log_time_ms < mute.end_ms
        ]
        return max(ends, default=None)

    def _is_planned(self, rule: RuleName, at_ms: int) -> bool:
        return any(
            interval.start_ms < at_ms <= interval.end_ms and (not interval.rules or rule in interval.rules)
            for interval in self._muted
        )

    def _is_muted(self, rule: RuleName, at_ms: int) -> bool:
        """Return whether ``rule`` is held at ``at_ms``."""
        if rule in NEEDS_LIFE:
            if self._starts_at_ms is not None and at_ms <= self._starts_at_ms:
                return True
            if self._ends_at_ms is not None and at_ms > self._ends_at_ms:
                return True
        return self._is_planned(rule, at_ms)

    def _is_inhibited(self, series: Series, sample: WindowSample, name: RuleName) -> bool:
        """Return whether a stronger or better located alert already says it."""
        at_ms = sample.window_end_ms
        if sample.influencer_id is not None and self._own is not None and self._own.alerts[name].together:
            return True  # the campaign speaks for all of them
        spike_is_open = series.alerts["engagement_spike"].is_open
        silence = series.signals.silence.state
        if name in ("engagement_spike", "entries_spike"):
            # What comes back after a silence or a drop is a return, not a spike.
            drop = series.alerts["engagement_drop"]
            if drop.is_open or at_ms < drop.quiet_until_ms:
                return True
            if silence.returned_at_ms >= 0 and at_ms - silence.returned_at_ms < RETURN_MS:
                return True
            if sample.influencer_id is None and (self._open["engagement_drop"] or self._open["feed_silent"]):
                return True  # an influencer's return
        if name == "entries_spike" and spike_is_open and not series.signals.entries_rise_alone:
            return True  # a post that is seen more is entered more
        if name == "code_leak" and series.signals.conversion.state.fall >= CHECKOUT_DOUBT:
            return True
        if name == "engagement_drop":
            if spike_is_open:
                return True  # the end of a spike
            if series.alerts["feed_silent"].phase != "ok" or silence.empty_windows > 0 or self._is_silent:
                return True
            if sample.influencer_id is None:
                return bool(self._open["feed_silent"] or self._open["engagement_drop"])  # one of them explains it
            return self._peers.compare(sample.influencer_id, at_ms) == "shared"
        if sample.influencer_id is None:
            if name == "entries_spike" and self._open["engagement_spike"] and not series.signals.entries_rise_alone:
                return True
            return name in OWN_CAUSE and bool(self._open[name])
        return name == "feed_silent" and self._is_silent

    def _transition(
        self, series: Series, sample: WindowSample, name: RuleName, reading: Reading, step: Step
    ) -> AlertTransition:
        memory, rule = series.alerts[name], self._rules[name]
        at_ms = sample.window_end_ms
        resolved = step.kind == "resolved"
        if step.kind == "opened":
            memory.alert_id = alert_id(self.campaign_id, sample.influencer_id, name, at_ms)
        if not resolved:
            memory.severity = severity_of(rule, reading)
        elif memory.severity is None:  # opened before severities were remembered
            memory.severity = "critical" if memory.told_strength >= rule.urgent_at else "warning"
        if resolved:
            explanation = explain_resolved(name, sample, memory.opened_at_ms, expired=step.expired)
        else:
            explanation = explain(name, sample, reading, series.signals.recent)
        return AlertTransition(
            kind=step.kind,
            at_ms=at_ms,
            alert=Alert(
                alert_id=memory.alert_id,
                rule=name,
                campaign_id=self.campaign_id,
                influencer_id=sample.influencer_id,
                severity=memory.severity,
                phase=memory.phase,
                opened_at_ms=memory.opened_at_ms,
                at_ms=at_ms,
                resolved_at_ms=at_ms if resolved else None,
                resolution=None
                if not resolved
                else "expired"
                if step.expired
                else "recovered"
                if rule.enabled
                else "disabled",
                strength=reading.strength,
                unit=reading.unit,
                observed=reading.observed,
                expected=reading.expected,
                ratio=reading.ratio,
                sample_size=reading.sample_size,
                explanation=explanation,
                top_posts=sample.top_posts,
                sample_comments=sample.sample_comments,
                muted_until_ms=self.muted_until(name, sample.influencer_id),
            ),
        )
