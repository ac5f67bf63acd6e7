"""The alerts of all influencers and campaigns a process watches: closed windows in, transitions out.

Pure: windows bring their own time, and the whole state of an influencer can be exported and imported, so a worker
checkpoints it with its numbers. A window that is not newer than the last one seen is a redelivery or a correction and
changes nothing here.
"""

from collections.abc import Callable

import msgspec
from msgspec import Struct

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
from streams.alerts.explanations import explain, explain_resolved
from streams.alerts.state_machine import AlertMemory, Hold, Step, advance, alert_id, severity_of
from streams.detectors.peers import PeerGroup, PeerStanding
from streams.detectors.signals import Reading, Signals, SignalState

FORMAT_VERSION = 1
RETURN_MS = 900_000
"""How long after a silence its end may still look like a spike."""
CHECKOUT_DOUBT = 3.0
"""Nats against the checkout from which a high share of unclicked code uses only means that clicks stopped buying."""
OWN_CAUSE: frozenset[RuleName] = frozenset({"engagement_spike", "entries_spike", "negative_wave"})
"""Rules whose campaign alert is explained by an influencer's that is open."""
NEEDS_LIFE: frozenset[RuleName] = frozenset({"engagement_drop", "conversion_drop", "feed_silent"})
"""Rules that mean nothing before a campaign's start and after its end."""


class MutedInterval(Struct, frozen=True, gc=False):
    """Half-open; no rules means all."""

    start_ms: int
    end_ms: int
    rules: tuple[RuleName, ...]


class CampaignWatch:
    """What the engine knows of a campaign: rules, muted moments, its interval, its peers, who has an open alert."""

    __slots__ = ("ends_at_ms", "muted", "open_alerts", "peers", "rules", "silent", "starts_at_ms")

    def __init__(self) -> None:
        self.rules: dict[RuleName, AlertRule] = DEFAULT_RULES
        self.muted: tuple[MutedInterval, ...] = ()
        self.starts_at_ms: int | None = None
        self.ends_at_ms: int | None = None
        self.peers = PeerGroup()
        self.open_alerts: dict[RuleName, set[str]] = {rule: set() for rule in DEFAULT_RULES}
        self.silent = False

    def is_muted(self, rule: RuleName, at_ms: int) -> bool:
        """Whether ``rule`` is held at ``at_ms``."""
        if rule in NEEDS_LIFE:
            if self.starts_at_ms is not None and at_ms <= self.starts_at_ms:
                return True
            if self.ends_at_ms is not None and at_ms > self.ends_at_ms:
                return True
        return any(
            interval.start_ms < at_ms <= interval.end_ms and (not interval.rules or rule in interval.rules)
            for interval in self.muted
        )


class KeyState(Struct, gc=False):
    """The exported state of one influencer or campaign."""

    version: int
    last_end_ms: int
    signals: SignalState
    alerts: dict[RuleName, AlertMemory]


class KeyWatch:
    """One influencer or campaign: its detectors and its alerts."""

    __slots__ = ("alerts", "last_end_ms", "signals")

    def __init__(self) -> None:
        self.last_end_ms = -1
        self.signals = Signals()
        self.alerts: dict[RuleName, AlertMemory] = {rule: AlertMemory() for rule in DEFAULT_RULES}


class CampaignWatchState(Struct, gc=False):
    """The exported state of a campaign with all its influencers."""

    version: int
    keys: dict[str, KeyState]
    own: KeyState | None
    peers: dict[str, PeerStanding]


Key = tuple[str, str | None]
Watcher = Callable[[WindowSample, dict[RuleName, Reading]], None]
_STATE_ENCODER = msgspec.msgpack.Encoder()
_STATE_DECODER = msgspec.msgpack.Decoder(KeyState)
_CAMPAIGN_DECODER = msgspec.msgpack.Decoder(CampaignWatchState)
_NOTHING_OPEN: frozenset[RuleName] = frozenset()


def _check_version(version: int) -> None:
    if version != FORMAT_VERSION:
        raise ValueError(f"alert state has format {version}, this reads {FORMAT_VERSION}")


class AlertEngine:
    """Seven rules over every series of closed windows.

    Hand in a campaign's own sample (``influencer_id`` None) after those of its influencers for the same window: what
    one influencer explains is not told twice.
    """

    def __init__(self) -> None:
        self._campaigns: dict[str, CampaignWatch] = {}
        self._keys: dict[Key, KeyWatch] = {}
        self.stale_windows_total = 0
        self.watcher: Watcher | None = None
        """Told of every sample and what the rules made of it: for plots."""

    def configure(
        self,
        campaign_id: str,
        settings: AlertSettings | None,
        *,
        starts_at_ms: int | None = None,
        ends_at_ms: int | None = None,
    ) -> None:
        """Follow a campaign's definition; what is open stays open under the new thresholds."""
        campaign = self._campaign(campaign_id)
        campaign.rules = DEFAULT_RULES if settings is None else rules_with(settings.rules)
        campaign.starts_at_ms, campaign.ends_at_ms = starts_at_ms, ends_at_ms
        moments = () if settings is None else settings.muted_moments
        campaign.muted = tuple(
            MutedInterval(epoch_ms(moment.starts_at), epoch_ms(moment.ends_at), moment.rules) for moment in moments
        )

    def observe(self, sample: WindowSample) -> list[AlertTransition]:
        """Judge one closed window by every rule.

        Returns:
            What opened, grew or resolved; nothing for a window that is not newer than the last one of its key.
        """
        campaign = self._campaign(sample.campaign_id)
        key: Key = (sample.campaign_id, sample.influencer_id)
        watch = self._keys.get(key)
        if watch is None:
            watch = self._keys[key] = KeyWatch()
        if sample.window_end_ms <= watch.last_end_ms:
            self.stale_windows_total += 1
            return []
        watch.last_end_ms = sample.window_end_ms
        active = frozenset(rule for rule, memory in watch.alerts.items() if memory.phase != "ok")
        readings = watch.signals.update(sample, campaign.rules, active or _NOTHING_OPEN)
        self._note(campaign, sample, readings)
        if self.watcher is not None:
            self.watcher(sample, readings)
        transitions: list[AlertTransition] = []
        for name, reading in readings.items():
            memory = watch.alerts[name]
            rule = campaign.rules[name]
            if memory.phase == "ok" and not memory.held and reading.strength < rule.fire_at:
                continue
            step = self._step(campaign, watch, sample, name, reading)
            if step is not None:
                transitions.append(self._tell(campaign, watch, sample, name, reading, step))
            self._remember_open(campaign, sample, name, memory)
        return transitions

    def open_alerts(self, campaign_id: str) -> dict[RuleName, int]:
        """How many influencers of a campaign have each alert open (the campaign's own not counted)."""
        return {rule: len(who) for rule, who in self._campaign(campaign_id).open_alerts.items()}

    def export_state(self, campaign_id: str, influencer_id: str | None) -> bytes:
        """Everything remembered of one key.

        Raises:
            KeyError: the key was never observed.
        """
        return _STATE_ENCODER.encode(self._key_state((campaign_id, influencer_id)))

    def import_state(self, campaign_id: str, influencer_id: str | None, data: bytes) -> None:
        """Go on where ``export_state`` left off, here or in another process.

        Raises:
            msgspec.DecodeError: ``data`` is no exported state.
            ValueError: it has another format version.
        """
        state = _STATE_DECODER.decode(data)
        _check_version(state.version)
        self._restore_key(campaign_id, influencer_id, state)

    def export_campaign(self, campaign_id: str) -> bytes:
        """Everything remembered of a campaign, its influencers and how they stand to one another."""
        keys = {
            influencer_id: self._key_state((campaign, influencer_id))
            for campaign, influencer_id in self._keys
            if campaign == campaign_id and influencer_id is not None
        }
        own = self._key_state((campaign_id, None)) if (campaign_id, None) in self._keys else None
        peers = self._campaign(campaign_id).peers.standings
        return _STATE_ENCODER.encode(CampaignWatchState(FORMAT_VERSION, keys, own, peers))

    def import_campaign(self, campaign_id: str, data: bytes) -> None:
        """Go on where ``export_campaign`` left off: every later window gives the transitions it would have given there.

        Raises:
            msgspec.DecodeError: ``data`` is no exported campaign.
            ValueError: it has another format version.
        """
        state = _CAMPAIGN_DECODER.decode(data)
        _check_version(state.version)
        for influencer_id, key in state.keys.items():
            self._restore_key(campaign_id, influencer_id, key)
        if state.own is not None:
            self._restore_key(campaign_id, None, state.own)
        self._campaign(campaign_id).peers.standings.update(state.peers)

    def _key_state(self, key: Key) -> KeyState:
        watch = self._keys[key]
        return KeyState(FORMAT_VERSION, watch.last_end_ms, watch.signals.state(), watch.alerts)

    def _restore_key(self, campaign_id: str, influencer_id: str | None, state: KeyState) -> None:
        watch = self._keys[(campaign_id, influencer_id)] = KeyWatch()
        watch.last_end_ms = state.last_end_ms
        watch.signals = Signals(state.signals)
        watch.alerts.update(state.alerts)
        campaign = self._campaign(campaign_id)
        if influencer_id is None:
            campaign.silent = watch.alerts["feed_silent"].phase in ("firing", "recovering")
            return
        for rule, memory in watch.alerts.items():
            if memory.phase in ("firing", "recovering"):
                campaign.open_alerts[rule].add(influencer_id)

    def forget_campaign(self, campaign_id: str) -> None:
        """Drop a campaign and everything under it."""
        for key in [key for key in self._keys if key[0] == campaign_id]:
            del self._keys[key]
        self._campaigns.pop(campaign_id, None)

    def influencers(self, campaign_id: str) -> list[str]:
        """The influencers of a campaign that have been observed."""
        return sorted(who for campaign, who in self._keys if campaign == campaign_id and who is not None)

    def forget(self, campaign_id: str, influencer_id: str | None) -> None:
        """Drop a key (its partition was revoked, or its campaign is long over)."""
        self._keys.pop((campaign_id, influencer_id), None)
        campaign = self._campaigns.get(campaign_id)
        if campaign is not None and influencer_id is not None:
            campaign.peers.forget(influencer_id)
            for who in campaign.open_alerts.values():
                who.discard(influencer_id)

    def _campaign(self, campaign_id: str) -> CampaignWatch:
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            campaign = self._campaigns[campaign_id] = CampaignWatch()
        return campaign

    @staticmethod
    def _note(campaign: CampaignWatch, sample: WindowSample, readings: dict[RuleName, Reading]) -> None:
        if sample.influencer_id is not None:
            reading = readings["engagement_spike"]
            campaign.peers.report(sample.influencer_id, sample.window_end_ms, reading.observed, reading.expected)

    @staticmethod
    def _remember_open(campaign: CampaignWatch, sample: WindowSample, name: RuleName, memory: AlertMemory) -> None:
        is_open = memory.phase in ("firing", "recovering")
        if sample.influencer_id is None:
            if name == "feed_silent":
                campaign.silent = is_open
        elif is_open:
            campaign.open_alerts[name].add(sample.influencer_id)
        else:
            campaign.open_alerts[name].discard(sample.influencer_id)

    def _step(
        self,
        campaign: CampaignWatch,
        watch: KeyWatch,
        sample: WindowSample,
        name: RuleName,
        reading: Reading,
    ) -> Step | None:
        rule, memory = campaign.rules[name], watch.alerts[name]
        if not rule.enabled:
            return advance(memory, rule, sample.window_end_ms, 0.0)
        hold: Hold = "none"
        if campaign.is_muted(name, sample.window_end_ms):
            hold = "muted"
        elif memory.phase in ("ok", "pending") and self._is_inhibited(campaign, watch, sample, name):
            hold = "inhibited"
        return advance(memory, rule, sample.window_end_ms, reading.strength, hold)

    @staticmethod
    def _is_inhibited(campaign: CampaignWatch, watch: KeyWatch, sample: WindowSample, name: RuleName) -> bool:
        """Whether a stronger or better located alert already says it."""
        at_ms = sample.window_end_ms
        if name in ("engagement_spike", "entries_spike"):
            # What comes back after a silence or a drop is a return, not a spike.
            drop, returned_at_ms = watch.alerts["engagement_drop"], watch.signals.silence.state.returned_at_ms
            if drop.phase in ("firing", "recovering") or at_ms < drop.quiet_until_ms:
                return True
            if returned_at_ms >= 0 and at_ms - returned_at_ms < RETURN_MS:
                return True
        seen_more = watch.alerts["engagement_spike"].phase in ("firing", "recovering")
        if name == "entries_spike" and seen_more and not watch.signals.entries_rise_alone:
            return True  # a post that is seen more is entered more
        if name == "code_leak" and watch.signals.conversion.state.fall >= CHECKOUT_DOUBT:
            return True
        if name == "engagement_drop":
            if watch.alerts["engagement_spike"].phase in ("firing", "recovering"):
                return True  # the end of a spike
            silent = watch.signals.silence.state
            if watch.alerts["feed_silent"].phase != "ok" or silent.empty_windows > 0 or campaign.silent:
                return True
            return (
                sample.influencer_id is not None
                and campaign.peers.compare(sample.influencer_id, sample.window_end_ms) == "shared"
            )
        if sample.influencer_id is None:
            return name in OWN_CAUSE and bool(campaign.open_alerts[name])
        return name == "feed_silent" and campaign.silent

    @staticmethod
    def _tell(
        campaign: CampaignWatch,
        watch: KeyWatch,
        sample: WindowSample,
        name: RuleName,
        reading: Reading,
        step: Step,
    ) -> AlertTransition:
        memory = watch.alerts[name]
        at_ms = sample.window_end_ms
        resolved = step.kind == "resolved"
        if step.kind == "opened":
            memory.alert_id = alert_id(sample.campaign_id, sample.influencer_id, name, at_ms)
        if resolved:
            explanation = explain_resolved(name, sample, memory.opened_at_ms, expired=step.expired)
        else:
            explanation = explain(name, sample, reading, watch.signals.recent)
        rule = campaign.rules[name]
        return AlertTransition(
            kind=step.kind,
            at_ms=at_ms,
            alert=Alert(
                alert_id=memory.alert_id,
                rule=name,
                campaign_id=sample.campaign_id,
                influencer_id=sample.influencer_id,
                severity=severity_of(rule, memory.told_strength),
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
            ),
        )
