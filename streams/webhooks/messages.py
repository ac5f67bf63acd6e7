"""What is told: messages made of alerts' transitions and of totals that pass a threshold, each with one id.

An id follows from what is told and to whom, so that whoever makes the message again makes the same one. A campaign's
highest totals are remembered: numbers that fall by a correction and pass a threshold again tell it no second time.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from models.alerts import AlertTransition
from models.rollups import CampaignRollup, GiveawayRollup
from models.webhooks import AlertData, AlertEvent, MessageType, MilestoneData, OutgoingMessage, TrialData, WebhookRules
from streams.sources.times import shown
from streams.webhooks.slack import slack_text

MOST_BODY_BYTES: Final = 20_000
"""As Standard Webhooks recommends."""
MOST_MULTIPLES: Final = 100
"""Of ``every_entries``, told at one step; of more the highest."""
_MOST_POSTS: Final = 5
_LONGEST_SENTENCE: Final = 1_000
_EVENTS: Final[Mapping[str, AlertEvent]] = {"opened": "opened", "updated": "escalated", "resolved": "resolved"}
_RANK: Final = {"warning": 0, "critical": 1}
_encode: Final = msgspec.json.Encoder().encode


class Made(Struct, frozen=True, kw_only=True):
    """A message for one receiver: ``body`` is what is sent, in every attempt the same bytes."""

    message_id: str
    webhook: str
    type: MessageType
    campaign_id: str
    body: bytes


class Totals(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The highest totals that a campaign ever had; revenue by currency, as decimal strings."""

    orders: int = 0
    entries: int = 0
    revenue: dict[str, str] = {}

    def with_rollup(self, rollup: CampaignRollup | GiveawayRollup) -> "Totals":
        """Return the higher ones of these and a rollup's."""
        if isinstance(rollup, GiveawayRollup):
            return replace(self, entries=max(self.entries, rollup.entries))
        total = rollup.windows.get("total")
        if total is None:
            return self
        revenue = dict(self.revenue)
        for currency, stats in total.revenue.items():
            revenue[currency] = str(max(Decimal(revenue.get(currency, "0")), Decimal(stats.revenue)))
        return replace(self, orders=max(self.orders, total.purchases), revenue=revenue)


def of_transition(
    transition: AlertTransition, webhooks: Iterable[WebhookRules], campaign: str, written_ms: int
) -> Iterator[Made]:
    """Yield what is told of an alert's change; nothing while somebody at the desk has muted it.

    Args:
        transition: of ``campaign.alerts.v1``.
        webhooks: who may be told.
        campaign: the campaign's name.
        written_ms: when the worker wrote it, wall time.
    """
    event, alert = _EVENTS.get(transition.kind), transition.alert
    if event is None or written_ms < alert.silent_until_ms:
        return
    for rules in webhooks:
        if event not in rules.alerts or not rules.hears_of(alert.campaign_id):
            continue
        if _RANK[alert.severity] < _RANK[rules.severity]:
            continue
        data = AlertData(
            alert_id=alert.alert_id,
            campaign_id=alert.campaign_id,
            campaign=campaign,
            influencer_id=alert.influencer_id,
            rule=alert.rule,
            severity=alert.severity,
            explanation=alert.explanation[:_LONGEST_SENTENCE],
            opened_at_ms=alert.opened_at_ms,
            at_ms=transition.at_ms,
            resolved_at_ms=alert.resolved_at_ms,
            resolution=alert.resolution,
            strength=alert.strength,
            unit=alert.unit,
            observed=alert.observed,
            expected=alert.expected,
            ratio=alert.ratio,
            sample_size=alert.sample_size,
            top_posts=alert.top_posts[:_MOST_POSTS],
        )
        identity = ("alert", alert.alert_id, transition.kind, transition.at_ms)
        kind: MessageType = f"alert.{event}"  # type: ignore[assignment]  # one of its values
        yield _made(rules, identity, kind, alert.campaign_id, data, transition.at_ms)


def of_totals(
    before: Totals,
    after: Totals,
    webhooks: Iterable[WebhookRules],
    campaign_id: str,
    campaign: str,
    at_ms: int,
) -> Iterator[Made]:
    """Yield what is told of a campaign whose highest totals have risen, lower thresholds first.

    Args:
        before: the highest totals until now.
        after: with what has come.
        webhooks: who may be told.
        campaign_id: whose totals.
        campaign: its name.
        at_ms: event time of the numbers.
    """
    for rules in webhooks:
        if not rules.hears_of(campaign_id):
            continue
        for reached in _reached(rules, before, after, campaign_id, campaign, at_ms):
            kind: MessageType = f"milestone.{reached.milestone}"  # type: ignore[assignment]  # one of its values
            identity = ("milestone", campaign_id, reached.milestone, str(reached.threshold), reached.currency)
            yield _made(rules, identity, kind, campaign_id, reached, at_ms)


def trial_message(rules: WebhookRules, unique: str, at_ms: int) -> Made:
    """Return a message that tells nothing.

    Args:
        rules: of the receiver.
        unique: makes its id another one than any other's.
        at_ms: the clock.
    """
    data = TrialData(webhook=rules.name, text="A test of Campaign Pulse: nothing has happened.")
    return _made(rules, ("test", unique), "test", "", data, at_ms)


def _reached(
    rules: WebhookRules, before: Totals, after: Totals, campaign_id: str, campaign: str, at_ms: int
) -> Iterator[MilestoneData]:
    milestones = rules.milestones
    own = {"campaign_id": campaign_id, "campaign": campaign, "at_ms": at_ms}
    if milestones.first_order and before.orders == 0 < after.orders:
        yield MilestoneData(milestone="first_order", threshold=1, value=after.orders, currency=None, **own)  # type: ignore[arg-type]
    passed = {each for each in milestones.entries if before.entries < each <= after.entries}
    if (step := milestones.every_entries) is not None:
        last = after.entries // step
        first = max(before.entries // step + 1, last - MOST_MULTIPLES + 1)
        passed |= {each * step for each in range(first, last + 1)}
    for threshold in sorted(passed):
        yield MilestoneData(milestone="entries", threshold=threshold, value=after.entries, currency=None, **own)  # type: ignore[arg-type]
    for wanted in sorted(milestones.revenue, key=lambda each: (each.currency, Decimal(each.amount))):
        then, now = (Decimal(each.revenue.get(wanted.currency, "0")) for each in (before, after))
        if then < Decimal(wanted.amount) <= now:
            yield MilestoneData(
                milestone="revenue",
                threshold=wanted.amount,
                value=after.revenue[wanted.currency],
                currency=wanted.currency,
                **own,  # type: ignore[arg-type]
            )


def _made(
    rules: WebhookRules,
    identity: tuple[object, ...],
    kind: MessageType,
    campaign_id: str,
    data: AlertData | MilestoneData | TrialData,
    at_ms: int,
) -> Made:
    digest = hashlib.blake2b(_encode([rules.name, *identity]), digest_size=16).hexdigest()
    message = OutgoingMessage(type=kind, timestamp=shown(at_ms), data=data)
    body = _body(rules, message)
    if len(body) > MOST_BODY_BYTES and isinstance(data, AlertData):
        # Ids of posts are long somewhere; the numbers are what is told.
        body = _body(rules, replace(message, data=replace(data, top_posts=())))
    return Made(message_id=f"msg_{digest}", webhook=rules.name, type=kind, campaign_id=campaign_id, body=body)


def _body(rules: WebhookRules, message: OutgoingMessage) -> bytes:
    return _encode({"text": slack_text(message)}) if rules.format == "slack" else _encode(message)
