"""Which open alerts of a campaign explain what another rule sees."""

from models.alerts import DEFAULT_RULES, RuleName, WindowSample
from streams.alerts.series import Series
from streams.alerts.state_machine import AlertMemory
from streams.detectors.peers import PeerGroup

RETURN_MS = 900_000
"""How long after a silence, or after the cool-down of a drop, what comes back may still look like a spike."""
DEAD_WINDOWS = 5
"""Empty windows from which a feed is silent whose drop was told: before, they are what little is left of it."""
CHECKOUT_DOUBT = 3.0
"""Nats against the checkout from which a high share of unclicked code uses only means that clicks stopped buying."""
OWN_CAUSE: frozenset[RuleName] = frozenset({"engagement_spike", "entries_spike", "negative_wave"})
"""Rules whose campaign alert is explained by an influencer's that is open."""


class OpenAlerts:
    """The alerts of one campaign that are open, and what they explain."""

    def __init__(self) -> None:
        self.by_rule: dict[RuleName, set[str]] = {rule: set() for rule in DEFAULT_RULES}
        """The influencers with an open alert, by rule."""
        self.is_silent = False
        """Whether the campaign's own ``feed_silent`` is open."""
        self._returns_until_ms = 0
        """Until when an influencer's return from a drop or a silence explains a rise of the campaign's."""

    def note(self, influencer_id: str | None, name: RuleName, memory: AlertMemory) -> None:
        """Note whether an alert is open; ``influencer_id`` is None for the campaign's own."""
        if influencer_id is None:
            if name == "feed_silent":
                self.is_silent = memory.is_open
        elif memory.is_open:
            self.by_rule[name].add(influencer_id)
        else:
            self.by_rule[name].discard(influencer_id)
            if name in ("engagement_drop", "feed_silent"):
                self._returns_until_ms = max(self._returns_until_ms, memory.quiet_until_ms + RETURN_MS)

    def forget(self, influencer_id: str) -> None:
        """Drop an influencer that left the campaign."""
        for influencers in self.by_rule.values():
            influencers.discard(influencer_id)

    def explain(
        self,
        series: Series,
        sample: WindowSample,
        name: RuleName,
        own: Series | None,
        peers: PeerGroup,
        *,
        is_alone: bool,
    ) -> bool:
        """Return whether a stronger or better located alert already says it.

        Args:
            series: whose rule it is.
            sample: its window.
            name: the rule.
            own: the campaign's own series.
            peers: how its influencers compare.
            is_alone: whether the campaign has one influencer only, whose alerts say all that its own would.
        """
        at_ms = sample.window_end_ms
        if sample.influencer_id is not None and own is not None and own.alerts[name].together:
            return True  # the campaign speaks for all of them
        if sample.influencer_id is None and is_alone and self.by_rule[name]:
            return True
        if name == "conversion_drop" and sample.influencer_id is not None and own is not None:
            # One checkout serves them all, and their own evidence takes longer to go than the campaign's.
            return own.alerts[name].is_open or at_ms < own.alerts[name].quiet_until_ms
        spike_is_open = series.alerts["engagement_spike"].is_open
        silence = series.signals.silence.state
        if name in ("engagement_spike", "entries_spike"):
            # What comes back after a silence or a drop is a return, not a spike.
            drop = series.alerts["engagement_drop"]
            if drop.is_open or (drop.quiet_until_ms and at_ms < drop.quiet_until_ms + RETURN_MS):
                return True
            if silence.returned_at_ms >= 0 and at_ms - silence.returned_at_ms < RETURN_MS:
                return True
            if sample.influencer_id is None and (
                self.by_rule["engagement_drop"] or self.by_rule["feed_silent"] or at_ms < self._returns_until_ms
            ):
                return True  # an influencer's return
        if name == "entries_spike" and not series.signals.entries_rise_alone:
            return True  # a post that is seen more is entered more, whether that is a spike or not
        if name == "code_leak" and series.signals.conversion.state.fall >= CHECKOUT_DOUBT:
            return True
        if name == "engagement_drop":
            if spike_is_open:
                return True  # the end of a spike
            if series.alerts["feed_silent"].phase != "ok" or silence.empty_windows > 0 or self.is_silent:
                return True
            if sample.influencer_id is None:
                return bool(self.by_rule["feed_silent"] or self.by_rule["engagement_drop"])  # one explains it
            return peers.compare(sample.influencer_id, at_ms) == "shared"
        if sample.influencer_id is None:
            return name in OWN_CAUSE and bool(self.by_rule[name])
        if name == "feed_silent" and series.alerts["engagement_drop"].is_open and silence.empty_windows < DEAD_WINDOWS:
            return True  # few events, as was told, leave empty windows
        return name == "feed_silent" and self.is_silent
