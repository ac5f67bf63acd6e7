"""Alerts: what is watched, what a campaign may override, and what is said when something jumps or dies.

``docs/alerts.md`` explains each rule. Times are event times.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from models.events import Id
from models.rollups import Snapshot
from models.times import HOUR_MS, MINUTE_MS

RuleName = Literal[
    "engagement_spike",
    "engagement_drop",
    "negative_wave",
    "conversion_drop",
    "code_leak",
    "feed_silent",
    "entries_spike",
]
RULE_NAMES: tuple[RuleName, ...] = RuleName.__args__  # type: ignore[attr-defined]  # Literal's member

AlertPhase = Literal["ok", "pending", "firing", "recovering"]
TransitionKind = Literal["opened", "updated", "resolved", "muted"]
"""``muted``: somebody at the desk wants to hear nothing of it until ``Alert.muted_until_ms``."""
Severity = Literal["warning", "critical"]
Resolution = Literal["recovered", "expired", "disabled", "removed"]
"""``removed``: the definition no longer names the influencer, so nothing is known of it any more."""

Count = Annotated[int, Meta(ge=0)]


class PostCount(Struct, frozen=True, gc=False):
    """A post and its part of a window's engagements."""

    post_id: str
    engagements: int


class SampleComment(Struct, frozen=True, gc=False):
    """A comment shown with an alert; ``polarity`` in -1..1."""

    text: str
    polarity: float


class WindowSample(Struct, frozen=True, kw_only=True):
    """One closed window of one influencer, or of the whole campaign when ``influencer_id`` is None.

    Windows without events are samples too: their zeros are the evidence of silence. Counts are net of what was already
    counted in an earlier sample; a late event belongs to a window that is closed and appears in no sample.
    """

    campaign_id: str
    influencer_id: str | None
    window_start_ms: int
    window_end_ms: int
    name: str = ""
    engagements: Count = 0
    comments: Count = 0
    entries: Count = 0
    clicks: Count = 0
    purchases: Count = 0
    positive: Count = 0
    neutral: Count = 0
    negative: Count = 0
    code_uses: Count = 0
    code_uses_without_click: Count = 0
    unread: Count = 0
    """Comments in a language that is not read: in none of ``positive``, ``neutral`` and ``negative``."""
    negative_copies: Count = 0
    """How many of ``negative`` say again what another of them says (``streams.statistics.voices``)."""
    top_posts: tuple[PostCount, ...] = ()
    sample_comments: tuple[SampleComment, ...] = ()
    topics: tuple[str, ...] = ()
    """What the comments of this window are about, unlike the others: the commonest telling word first."""


class AlertRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a rule fires and clears. Strength 1 is the rule's own point of alarm; see ``streams.detectors.thresholds``.

    Attributes:
        fire_at: strength that makes the alert pending and, if it lasts, fires it.
        urgent_at: strength that fires at once.
        clear_at: strength below which a firing alert recovers.
        fire_windows: consecutive windows at ``fire_at`` or above before it fires.
        clear_windows: consecutive windows below ``clear_at`` before it resolves.
        cool_down_ms: time after a resolution in which the rule stays quiet.
        update_interval_ms: the least time between two updates of a firing alert.
        expire_ms: a firing alert older than this resolves as ``expired``.
        minimum_count: events (of the kind the rule watches) below which nothing is judged.
        minimum_ratio: least ratio of observed to expected (or of expected to observed, for drops).
    """

    rule: RuleName
    enabled: bool = True
    fire_at: Annotated[float, Meta(gt=0.0)] = 1.0
    urgent_at: Annotated[float, Meta(gt=0.0)] = 2.0
    clear_at: Annotated[float, Meta(ge=0.0)] = 0.5
    fire_windows: Annotated[int, Meta(ge=1, le=60)] = 2
    clear_windows: Annotated[int, Meta(ge=1, le=240)] = 5
    cool_down_ms: Count = 15 * MINUTE_MS
    update_interval_ms: Count = 5 * MINUTE_MS
    expire_ms: Annotated[int, Meta(gt=0)] = 6 * HOUR_MS
    minimum_count: Count = 20
    minimum_ratio: Annotated[float, Meta(ge=1.0)] = 2.5

    def __post_init__(self) -> None:
        """Refuse thresholds that would flap.

        Raises:
            ValueError: ``clear_at`` is above ``fire_at``, or ``urgent_at`` below it.
        """
        if self.clear_at > self.fire_at:
            raise ValueError(f"clear_at {self.clear_at} of {self.rule} is above fire_at {self.fire_at}")
        if self.urgent_at < self.fire_at:
            raise ValueError(f"urgent_at {self.urgent_at} of {self.rule} is below fire_at {self.fire_at}")


class AlertRuleOverride(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a campaign changes of one rule; what is absent keeps the default."""

    enabled: bool | None = None
    fire_at: Annotated[float, Meta(gt=0.0)] | None = None
    urgent_at: Annotated[float, Meta(gt=0.0)] | None = None
    clear_at: Annotated[float, Meta(ge=0.0)] | None = None
    fire_windows: Annotated[int, Meta(ge=1, le=60)] | None = None
    clear_windows: Annotated[int, Meta(ge=1, le=240)] | None = None
    cool_down_ms: Count | None = None
    update_interval_ms: Count | None = None
    expire_ms: Annotated[int, Meta(gt=0)] | None = None
    minimum_count: Count | None = None
    minimum_ratio: Annotated[float, Meta(ge=1.0)] | None = None


DEFAULT_RULES: dict[RuleName, AlertRule] = {
    rule.rule: rule
    for rule in (
        AlertRule(rule="engagement_spike", minimum_count=25, minimum_ratio=3.8, clear_at=0.4),
        AlertRule(rule="engagement_drop", minimum_count=18, minimum_ratio=3.0, fire_windows=1),
        AlertRule(rule="negative_wave", minimum_count=12, minimum_ratio=1.6, fire_windows=1),
        AlertRule(rule="conversion_drop", minimum_count=60, minimum_ratio=2.0, fire_windows=1, clear_windows=8),
        AlertRule(rule="code_leak", minimum_count=10, minimum_ratio=1.4, fire_windows=1, clear_windows=10),
        AlertRule(
            rule="feed_silent",
            minimum_count=0,
            minimum_ratio=1.0,
            fire_windows=1,
            clear_windows=2,
            cool_down_ms=5 * MINUTE_MS,
        ),
        AlertRule(rule="entries_spike", minimum_count=12, minimum_ratio=3.0, clear_at=0.4),
    )
}


def rules_with(overrides: dict[RuleName, AlertRuleOverride]) -> dict[RuleName, AlertRule]:
    """The defaults with a campaign's overrides.

    Raises:
        ValueError: an override contradicts another threshold of its rule; the message begins with the field's path.
    """
    if not overrides:
        return DEFAULT_RULES
    rules = dict(DEFAULT_RULES)
    for name, override in overrides.items():
        changes = {key: value for key, value in asdict(override).items() if value is not None}
        try:
            rules[name] = AlertRule(**{**asdict(rules[name]), **changes})
        except ValueError as error:
            raise ValueError(f"rules.{name}.{error}") from None
    return rules


class MutedMoment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A planned moment, such as the go-live: what begins in it raises no alert. No ``rules`` means all rules."""

    label: Id
    starts_at: Annotated[datetime, Meta(tz=True)]
    ends_at: Annotated[datetime, Meta(tz=True)]
    rules: tuple[RuleName, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an empty interval.

        Raises:
            ValueError: the end is not after the start.
        """
        if self.ends_at <= self.starts_at:
            raise ValueError(f"muted moment {self.label!r} does not end after it starts")


class AlertSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``alerts`` part of a campaign definition."""

    rules: dict[RuleName, AlertRuleOverride] = {}
    muted_moments: tuple[MutedMoment, ...] = ()

    def __post_init__(self) -> None:
        """Refuse overrides that contradict the other thresholds of their rule.

        Raises:
            ValueError: a rule would flap; the message begins with the field's path.
        """
        rules_with(self.rules)


class Alert(Struct, frozen=True, kw_only=True):
    """One alert at one moment, complete in itself: a consumer needs no other message.

    ``alert_id`` follows from campaign, influencer, rule and the window in which it opened, so a replay gives it again.
    ``observed`` and ``expected`` are in the rule's own unit (``unit``); ``sample_size`` is the number of events judged.
    ``muted_until_ms`` is wall time: before it nobody wants to be told, not even that the alert was resolved. It is
    there only when somebody has muted the alert (checkpoints of some versions have null instead).
    """

    alert_id: str
    rule: RuleName
    campaign_id: str
    influencer_id: str | None
    severity: Severity
    phase: AlertPhase
    opened_at_ms: int
    at_ms: int
    resolved_at_ms: int | None = None
    resolution: Resolution | None = None
    strength: float
    unit: str
    observed: float
    expected: float
    ratio: float
    sample_size: int
    explanation: str
    top_posts: tuple[PostCount, ...] = ()
    sample_comments: tuple[SampleComment, ...] = ()
    muted_until_ms: int | UnsetType | None = UNSET

    @property
    def silent_until_ms(self) -> int:
        """Until when nobody wants to be told; 0 when nobody has muted it."""
        return self.muted_until_ms if isinstance(self.muted_until_ms, int) else 0


class AlertTransition(Struct, frozen=True, kw_only=True):
    """One change of an alert: the value of ``campaign.alerts.v1``."""

    kind: TransitionKind
    at_ms: int
    alert: Alert


class SnapshotWithAlerts(Snapshot, frozen=True, kw_only=True):
    """What ``campaign-pulse replay --alerts --json`` prints: the numbers, and the alerts that would have been told."""

    alerts: list[AlertTransition]
