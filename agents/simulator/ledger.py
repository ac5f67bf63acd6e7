"""Keeps the truth about the records that were handed out, one by one."""

from collections import Counter
from collections.abc import Iterable, Sequence

from agents.simulator.attribution import TruthAttribution
from agents.simulator.faults import Fields
from agents.simulator.incidents import Incident
from agents.simulator.plan import SimulatedRecord, SimulationPlan
from agents.simulator.truth import (
    GroundTruth,
    InfluencerTally,
    TrueCampaign,
    TrueIncident,
    TrueInfluencer,
    totals_of,
)
from models.campaigns import CampaignDefinition
from models.times import HOUR_MS
from models.topics import CONVERSIONS

LATE_MS = HOUR_MS
"""From this delay on an event is counted as late."""


class TruthLedger:
    """What was sent so far. Every record is entered exactly once, by one of the three methods."""

    def __init__(self, definitions: Sequence[CampaignDefinition]) -> None:
        """Start with nothing sent."""
        self._attribution = {each.campaign_id: TruthAttribution(each) for each in definitions}
        self._defined_followers = {
            (each.campaign_id, member.influencer_id): member.followers
            for each in definitions
            for member in each.influencers
        }
        self._tallies: dict[tuple[str, str], InfluencerTally] = {}
        self._owners: dict[tuple[str, str], str] = {}
        self._early_refunds: dict[tuple[str, str], list[Fields]] = {}
        self._types: Counter[str] = Counter()
        self._corrupt: Counter[str] = Counter()
        self._attributed: Counter[str] = Counter()
        self._records = self._duplicates = self._misplaced = self._late = 0
        self._first_ms: int | None = None
        self._last_ms: int | None = None
        self._sent_ms = 0

    def enter_event(self, record: SimulatedRecord, fields: Fields, at_ms: int) -> None:
        """Enter a valid event that is sent for the first time."""
        self._enter(record)
        self._types[fields["type"]] += 1
        self._late += record.due_ms - at_ms >= LATE_MS
        if self._first_ms is None or at_ms < self._first_ms:
            self._first_ms = at_ms
        if self._last_ms is None or at_ms > self._last_ms:
            self._last_ms = at_ms
        campaign_id = fields["campaign_id"]
        if record.topic == CONVERSIONS:
            influencer_id, how = self._attribution[campaign_id].resolve(fields)
            self._attributed[how] += 1
            if "order_id" in fields and not fields.get("test", False):
                self._enter_order(fields, influencer_id)
                return
        else:
            influencer_id = fields["influencer_id"]
        self._tally(campaign_id, influencer_id).apply(fields, at_ms)

    def _tally(self, campaign_id: str, influencer_id: str) -> InfluencerTally:
        tally = self._tallies.get((campaign_id, influencer_id))
        if tally is None:
            followers = self._defined_followers.get((campaign_id, influencer_id))
            tally = self._tallies[campaign_id, influencer_id] = InfluencerTally(followers)
        return tally

    def _enter_order(self, fields: Fields, named: str) -> None:
        """Enter an order, or a refund: it is the order's influencer's, and whom it names as long as none is known."""
        campaign_id = fields["campaign_id"]
        order = (campaign_id, fields["order_id"])
        tally = self._tally(campaign_id, named)
        if fields["type"] == "purchase":
            self._owners[order] = named
            tally.book(fields, 1)
            for refund in self._early_refunds.pop(order, ()):
                self._tally(campaign_id, "").book(refund, -1)
                tally.book(refund, 1)
        elif named:
            tally.book(fields, 1)
        elif order in self._owners:
            self._tally(campaign_id, self._owners[order]).book(fields, 1)
        else:
            tally.book(fields, 1)
            self._early_refunds.setdefault(order, []).append(fields)

    def enter_duplicate(self, record: SimulatedRecord) -> None:
        """Enter a record that was sent before."""
        self._enter(record)
        self._duplicates += 1

    def enter_corrupt(self, record: SimulatedRecord, kind: str) -> None:
        """Enter something that must be refused."""
        self._enter(record)
        self._corrupt[kind] += 1

    def _enter(self, record: SimulatedRecord) -> None:
        self._records += 1
        self._misplaced += record.misplaced
        self._sent_ms = record.due_ms

    def truth(self, plan: SimulationPlan, incidents: Iterable[Incident]) -> GroundTruth:
        """Return the truth so far, with those of the incidents that have begun."""
        campaigns: dict[str, list[tuple[str, InfluencerTally]]] = {}
        for (campaign_id, influencer_id), tally in sorted(self._tallies.items()):
            campaigns.setdefault(campaign_id, []).append((influencer_id, tally))
        return GroundTruth(
            seed=plan.seed,
            start_ms=plan.start_ms,
            end_ms=plan.end_ms,
            records=self._records,
            events=self._types.total(),
            events_by_type=dict(sorted(self._types.items())),
            duplicates=self._duplicates,
            corrupt=dict(sorted(self._corrupt.items())),
            misplaced=self._misplaced,
            late=self._late,
            attributed=dict(sorted(self._attributed.items())),
            first_event_ms=self._first_ms,
            last_event_ms=self._last_ms,
            incidents=[_described(each) for each in incidents if each.start_ms <= self._sent_ms],
            campaigns=[
                TrueCampaign(
                    campaign_id=campaign_id,
                    influencers=sum(1 for influencer_id, _ in members if influencer_id),
                    totals=totals_of([tally for _, tally in members]),
                )
                for campaign_id, members in campaigns.items()
            ],
            influencers=[
                TrueInfluencer(
                    campaign_id=campaign_id,
                    influencer_id=influencer_id,
                    followers=tally.known_followers(),
                    totals=totals_of([tally]),
                )
                for campaign_id, members in campaigns.items()
                for influencer_id, tally in members
            ],
        )


def _described(incident: Incident) -> TrueIncident:
    return TrueIncident(
        kind=incident.kind,
        campaign_id=incident.campaign_id,
        influencer_id=incident.influencer_id,
        post_id=None if incident.post is None else incident.post.post_id,
        start_ms=incident.start_ms,
        end_ms=incident.end_ms,
    )
