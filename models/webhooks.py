"""Outgoing webhooks: what an operator configures, and what a receiver is sent. ``docs/webhooks.md``.

Envelope, headers and signatures are those of Standard Webhooks (https://www.standardwebhooks.com).
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from models.alerts import PostCount, Resolution, RuleName, Severity
from models.currencies import CURRENCIES
from models.events import CurrencyCode, Id

HookName = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$(?!\n)", description="Letters, digits, dot, dash, underscore.")
]
HookFormat = Literal["standard", "slack"]
AlertEvent = Literal["opened", "escalated", "resolved"]
MilestoneKind = Literal["first_order", "entries", "revenue"]
MessageType = Literal[
    "alert.opened",
    "alert.escalated",
    "alert.resolved",
    "milestone.first_order",
    "milestone.entries",
    "milestone.revenue",
    "test",
]
Count = Annotated[int, Meta(ge=1, le=10**12)]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?$(?!\n)", description="A decimal string.")]
MOST_THRESHOLDS: Final = 100


class RevenueThreshold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sum of revenue that is told when it is reached."""

    amount: Amount
    currency: CurrencyCode

    def __post_init__(self) -> None:
        """Refuse what could never be reached, or always is.

        Raises:
            ValueError: the currency is not in ISO 4217, or the amount is 0.
        """
        if self.currency not in CURRENCIES:
            raise ValueError("currency is not in ISO 4217")
        if not self.amount.strip("0."):
            raise ValueError("amount is 0")


class Milestones(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told once when a campaign's total reaches it.

    ``entries`` are numbers of entries, ``every_entries`` a step: each multiple is told. ``revenue`` is that of all
    orders in a currency, refunds not taken off.
    """

    first_order: bool = False
    entries: Annotated[tuple[Count, ...], Meta(max_length=MOST_THRESHOLDS)] = ()
    every_entries: Count | None = None
    revenue: Annotated[tuple[RevenueThreshold, ...], Meta(max_length=MOST_THRESHOLDS)] = ()


class WebhookRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One receiver.

    ``campaigns`` are those it hears of; without them all. ``alerts`` says which changes of alerts are told,
    ``severity`` the least one. ``private`` allows addresses that are not on the public Internet, and http.
    """

    name: HookName
    url: Annotated[str, Meta(min_length=8, max_length=2_000)]
    format: HookFormat = "standard"
    campaigns: tuple[Id, ...] = ()
    alerts: tuple[AlertEvent, ...] = ()
    severity: Severity = "warning"
    milestones: Milestones = Milestones()
    private: bool = False

    def hears_of(self, campaign_id: str) -> bool:
        """Whether it is told of a campaign."""
        return not self.campaigns or campaign_id in self.campaigns


class AlertData(Struct, frozen=True, kw_only=True):
    """What is said of an alert: everything but what people wrote. ``influencer_id`` is null for the whole campaign."""

    alert_id: str
    campaign_id: str
    campaign: str
    influencer_id: str | None
    rule: RuleName
    severity: Severity
    explanation: str
    opened_at_ms: int
    at_ms: int
    resolved_at_ms: int | None
    resolution: Resolution | None
    strength: float
    unit: str
    observed: float
    expected: float
    ratio: float
    sample_size: int
    top_posts: tuple[PostCount, ...] = ()


class MilestoneData(Struct, frozen=True, kw_only=True):
    """What was reached. ``threshold`` and ``value`` are decimal strings of ``currency`` for revenue, else numbers.

    ``value`` is what the total was when it was seen: at least the threshold.
    """

    milestone: MilestoneKind
    campaign_id: str
    campaign: str
    threshold: int | str
    value: int | str
    currency: str | None
    at_ms: int


class TrialData(Struct, frozen=True, kw_only=True):
    """What ``gateway webhooks test`` sends."""

    webhook: str
    text: str


class OutgoingMessage(Struct, frozen=True, kw_only=True):
    """The body of one message; ``timestamp`` (RFC 3339) is when it happened, not when it was sent."""

    type: MessageType
    timestamp: str
    data: AlertData | MilestoneData | TrialData


class AlertMessage(Struct, frozen=True, kw_only=True):
    """The body of a message of an alert."""

    type: Literal["alert.opened", "alert.escalated", "alert.resolved"]
    timestamp: str
    data: AlertData


class MilestoneMessage(Struct, frozen=True, kw_only=True):
    """The body of a message of a milestone."""

    type: Literal["milestone.first_order", "milestone.entries", "milestone.revenue"]
    timestamp: str
    data: MilestoneData
