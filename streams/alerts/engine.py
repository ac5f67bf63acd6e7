"""The alerts of one campaign and its influencers: closed windows in, transitions out.

Pure: windows bring their own time, and everything remembered can be exported and imported, so that a checkpoint holds
it. A window that is not newer than the last one of its series is a redelivery or a correction and changes nothing here.
"""

from collections.abc import Callable, Iterable, Iterator

from msgspec import UNSET
from msgspec.structs import replace

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
from streams.alerts.explanations import explain, explain_resolved, explain_together
from streams.alerts.inhibition import OpenAlerts
from streams.alerts.mutes import Mute, muted_until
from streams.alerts.plan import Plan
from streams.alerts.series import Series, decode_state, encode_state
from streams.alerts.severity import severity_of
from streams.alerts.state_machine import Hold, Step, advance, alert_id, open_together, retract
from streams.detectors.peers import PeerGroup
from streams.detectors.signals import Reading
from streams.detectors.trends import PLANNED_WINDOWS, SPOKEN_WINDOWS

STORM = 3
"""Influencers whose alerts of one rule open at one moment from which one alert of the campaign speaks for them."""
STORM_MS = 120_000
"""What still is one moment."""

Watcher = Callable[[WindowSample, dict[RuleName, Reading]], None]


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
        self._open = OpenAlerts()
        self._own_readings: dict[RuleName, Reading] = {}
        """What the rules made of the campaign's own last window."""
        self._rules: dict[RuleName, AlertRule] = DEFAULT_RULES
        self._plan = Plan()
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
        self._plan = Plan(settings, starts_at_ms, ends_at_ms)

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
                if sample.influencer_id is None and name == "conversion_drop" and step.kind == "resolved":
                    for each in self._influencers.values():  # one checkout served them all
                        each.signals.forget_orders_missed()
            self._open.note(sample.influencer_id, name, memory)
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
                self._open.by_rule[rule].discard(influencer_id)
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
            for each in self._open.by_rule[rule]
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
        self._open.note(None, rule, memory)
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
        self._open.forget(influencer_id)

    # ---------------------------------------------------------------- state out

    def export_state(self) -> bytes:
        """Return everything remembered of the campaign."""
        return encode_state(self._influencers, self._own, self._peers.standings)

    def import_state(self, data: bytes) -> None:
        """Go on where ``export_state`` left off: every later window gives the transitions it would have given there.

        Raises:
            msgspec.DecodeError: ``data`` is no exported state.
            NewerRecord: a newer version has exported it.
            ValueError: it has a format version that there never was.
        """
        state = decode_state(data)
        for influencer_id, exported in state.keys.items():
            series = self._influencers[influencer_id] = Series(exported)
            for rule, memory in series.alerts.items():
                self._open.note(influencer_id, rule, memory)
        if state.own is not None:
            self._own = Series(state.own)
            self._open.note(None, "feed_silent", self._own.alerts["feed_silent"])
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

    def _step(self, series: Series, sample: WindowSample, name: RuleName, reading: Reading) -> Step | None:
        rule, memory = self._rules[name], series.alerts[name]
        if not rule.enabled:
            return advance(memory, rule, sample.window_end_ms, 0.0)
        hold: Hold = "none"
        if self._plan.is_muted(name, sample.window_end_ms):
            hold = "muted"
        elif self.muted_until(name, sample.influencer_id) is not None or (
            memory.phase in ("ok", "pending")
            and self._open.explain(series, sample, name, self._own, self._peers, is_alone=len(self._influencers) == 1)
        ):
            # A mute ends by itself: what still burns then is told.
            hold = "inhibited"
        return advance(memory, rule, sample.window_end_ms, reading.strength, hold)

    def _burst_windows(self, sample: WindowSample) -> int:
        """Return for how long a burst of the series is remembered that was told of an influencer, or is planned."""
        if sample.influencer_id is None and self._open.by_rule["engagement_spike"]:
            return SPOKEN_WINDOWS
        return PLANNED_WINDOWS if self._plan.is_planned("engagement_spike", sample.window_end_ms) else 0

    def muted_until(self, rule: RuleName, influencer_id: str | None) -> int | None:
        """Return until when an alert is muted as the log stands; None when it is not."""
        return muted_until(self.mutes, rule, influencer_id, self.log_time_ms)

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
                muted_until_ms=self.muted_until(name, sample.influencer_id) or UNSET,
            ),
        )
