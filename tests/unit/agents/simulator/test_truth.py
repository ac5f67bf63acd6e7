"""The ground truth: by hand, and against the stream."""

import zlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from agents.simulator import CORRUPT_KINDS, FaultRates, GroundTruth, Simulation, SimulationPlan, read_truth
from agents.simulator.attribution import TruthAttribution
from agents.simulator.definitions import synthetic_definitions
from agents.simulator.faults import corruptible_event
from agents.simulator.ledger import TruthLedger
from agents.simulator.plan import SimulatedRecord
from agents.simulator.truth import COUNTER_NAMES, InfluencerTally, TrueMoney, TrueTotals, amount_text, totals_of
from models.campaigns import CampaignDefinition, InfluencerDefinition, TrackingLink
from models.rollups import Snapshot, WindowStats
from streams.events.definitions import parse_definitions
from streams.replay import Replay, ReplayCounts

ROOT = Path(__file__).parents[4]
START_MS = 1_776_520_800_000
NOW_MS = START_MS + 7 * 3_600_000


class AnyScorer:
    """A sentiment scorer by checksum: quick, and the same everywhere."""

    def score(self, text: str) -> float:
        """Score one text."""
        return (zlib.crc32(text.encode()) % 2001 - 1000) / 1000

    def score_many(self, texts: list[str]) -> list[float]:
        """Score several texts."""
        return [self.score(text) for text in texts]


def definitions(name: str) -> list[CampaignDefinition]:
    """Return the shipped example, or three made-up campaigns."""
    if name == "giveaway":
        return parse_definitions((ROOT / "examples" / "giveaway.yaml").read_text(encoding="utf-8"))
    return synthetic_definitions(30, 3, 1, datetime(2026, 4, 18, 14, tzinfo=UTC), timedelta(hours=6))


def replayed(defined: list[CampaignDefinition], values: list[bytes]) -> tuple[Snapshot, ReplayCounts]:
    """Run values through the stream."""
    replay = Replay(AnyScorer(), defined, NOW_MS)
    for _ in replay.feed(values):
        pass
    return replay.finish(), replay.counts()


def counters(stats: TrueTotals | WindowStats) -> dict[str, int]:
    """Return the additive counters and engagements."""
    return {name: getattr(stats, name) for name in (*COUNTER_NAMES, "engagements")}


def money(stats: TrueTotals | WindowStats) -> dict[str, tuple[int, str, int, str]]:
    """Return revenue without averages."""
    return {
        currency: (each.orders, each.revenue, each.refunds, each.refunded) for currency, each in stats.revenue.items()
    }


@pytest.mark.parametrize(("name", "seed"), [("giveaway", 1), ("giveaway", 2), ("load", 1), ("load", 3)])
def test_the_stream_agrees_with_the_truth(name: str, seed: int) -> None:
    """Two computations that share no code, one while the events are made and one from their bytes, are equal."""
    defined = definitions(name)
    plan = SimulationPlan(events=8000, duration_seconds=6 * 3600, start_ms=START_MS, seed=seed)
    simulation = Simulation(defined, plan)
    values = [record.value for record in simulation.records()]
    truth = simulation.truth()
    snapshot, counts = replayed(defined, values)

    assert counts.events == truth.events
    assert counts.duplicates == truth.duplicates
    refused: Counter[str] = Counter()
    for kind, count in truth.corrupt.items():
        refused[CORRUPT_KINDS[kind].reason] += count
    del refused["empty_value"]  # a file has none
    assert counts.rejected == dict(refused)
    assert snapshot.as_of_ms == truth.last_event_ms

    ours = {(each.campaign_id, each.influencer_id): each for each in snapshot.influencers}
    assert set(ours) == {(each.campaign_id, each.influencer_id) for each in truth.influencers}
    for each in truth.influencers:
        rollup = ours[each.campaign_id, each.influencer_id]
        total = rollup.windows["total"]
        assert (each.influencer_id, counters(each.totals)) == (each.influencer_id, counters(total))
        assert (each.influencer_id, money(each.totals)) == (each.influencer_id, money(total))
        assert (each.influencer_id, each.followers) == (each.influencer_id, rollup.followers)
        assert total.unique_commenters == pytest.approx(each.totals.unique_commenters, rel=0.13, abs=2)
    whole = {each.campaign_id: each for each in snapshot.campaigns}
    for campaign in truth.campaigns:
        total = whole[campaign.campaign_id].windows["total"]
        assert whole[campaign.campaign_id].influencers == campaign.influencers
        assert counters(campaign.totals) == counters(total)
        assert money(campaign.totals) == money(total)


@pytest.mark.parametrize("kind", sorted(set(CORRUPT_KINDS) - {"empty_value"}))
def test_every_corruption_is_refused_for_its_reason(kind: str) -> None:
    """Whatever the draw, a corrupt value is refused, and for the reason the truth expects."""
    random = Random(5)
    values = [
        CORRUPT_KINDS[kind].make(corruptible_event(topic, f"x{i}", "spring", "ana", START_MS, random), random)
        for topic in CORRUPT_KINDS[kind].topics
        for i in range(40)
    ]
    assert not any(b"\n" in value or b"\r" in value for value in values)
    assert replayed([], values)[1].rejected == {CORRUPT_KINDS[kind].reason: len(values)}


def test_the_events_that_are_spoiled_were_valid() -> None:
    """A corrupt value differs from a good one only by its corruption: unspoiled, all of them count."""
    random = Random(5)
    topics = sorted({topic for kind in CORRUPT_KINDS.values() for topic in kind.topics})
    values = [
        msgspec.json.encode(corruptible_event(topic, f"x{i}", "spring", "ana", START_MS, random))
        for topic in topics
        for i in range(20)
    ]
    counts = replayed([], values)[1]
    assert (counts.events, counts.rejected) == (60, {})


def test_empty_values_are_part_of_the_corruption() -> None:
    """Tombstones are sent to a broker, where they must become dead letters."""
    faults = FaultRates(corrupt_ratio=0.5)
    simulation = Simulation(
        definitions("giveaway"), SimulationPlan(events=500, duration_seconds=60, start_ms=START_MS, faults=faults)
    )
    empty = sum(record.value == b"" for record in simulation.records())
    assert empty == simulation.truth().corrupt["empty_value"] > 0


def test_the_truth_is_of_the_records_taken() -> None:
    """Whoever stops sending early still has the truth about what was sent."""
    plan = SimulationPlan(events=2000, duration_seconds=600, start_ms=START_MS, faults=FaultRates(corrupt_ratio=0))
    defined = definitions("giveaway")
    simulation = Simulation(defined, plan)
    records = simulation.records()
    values = [next(records).value for _ in range(700)]
    truth = simulation.truth()
    assert truth.records == 700
    counts = replayed(defined, values)[1]
    assert (counts.events, counts.duplicates) == (truth.events, truth.duplicates)


def tally(*events: tuple[int, dict[str, Any]]) -> TrueTotals:
    """Count events of one influencer, given as (time, fields)."""
    counted = InfluencerTally(None)
    for at_ms, fields in events:
        if fields["type"] in ("purchase", "refund") and not fields.get("test"):
            counted.book(fields, 1)
        else:
            counted.apply(fields, at_ms)
    return totals_of([counted])


def test_the_last_snapshot_by_time_then_value_is_the_total() -> None:
    """Order of arrival does not matter; of two values in one millisecond the greater one is the later."""
    totals = tally(
        (300, {"type": "post.metrics", "post_id": "p", "likes": 70}),
        (100, {"type": "post.metrics", "post_id": "p", "likes": 90, "views": 5}),
        (300, {"type": "post.metrics", "post_id": "p", "likes": 65}),
        (200, {"type": "post.published", "post_id": "p"}),
        (50, {"type": "post.metrics", "post_id": "q", "likes": 4}),
    )
    # p: 70 at 300; its views of 5 at 100 were followed by the zero of its publication at 200. q: 4.
    assert (totals.likes, totals.views, totals.posts) == (74, 0, 1)


def test_reactions_add_to_their_metric_and_others_stand_alone() -> None:
    """A reaction without a count is one; an unknown kind is no engagement."""
    totals = tally(
        (1, {"type": "post.reaction", "post_id": "p", "kind": "like", "count": 3}),
        (2, {"type": "post.reaction", "post_id": "p", "kind": "save"}),
        (3, {"type": "post.reaction", "post_id": "p", "kind": "duet", "count": 9}),
    )
    assert (totals.likes, totals.saves, totals.other_reactions, totals.engagements) == (3, 1, 9, 4)


def test_money_is_exact_and_test_orders_count_nowhere_else() -> None:
    """Cents add up exactly, per currency; what is marked as a test leaves revenue and orders alone."""
    order = {"type": "purchase", "currency": "EUR"}
    totals = tally(
        (1, order | {"amount": "0.1"}),
        (2, order | {"amount": "0.2"}),
        (3, order | {"amount": "99", "test": True}),
        (4, order | {"type": "refund", "amount": "0.10"}),
        (5, {"type": "click", "test": True}),
        (6, {"type": "click"}),
    )
    assert totals.revenue == {"EUR": TrueMoney(orders=2, revenue="0.3", refunds=1, refunded="0.1")}
    assert (totals.purchases, totals.refunds, totals.test_orders, totals.clicks) == (2, 1, 1, 1)


def sent(kind: str, *, marked: bool) -> dict[str, Any]:
    """Return an order of ana, or its refund."""
    mark = {"influencer_id": "ana"} if marked else {}
    order = {"type": kind, "campaign_id": "c", "order_id": "1", "amount": "9", "currency": "EUR"}
    return {**order, "platform": "shop", "event_id": kind, **mark}


@pytest.mark.parametrize("early", [False, True])
def test_a_refund_without_a_mark_is_the_orders_influencers(early: bool) -> None:
    """Also one that is handed out before its order, once that is handed out too."""
    begin, end = datetime(2026, 4, 18, tzinfo=UTC), datetime(2026, 4, 19, tzinfo=UTC)
    definition = CampaignDefinition(campaign_id="c", name="C", starts_at=begin, ends_at=end, influencers=())
    ledger = TruthLedger([definition])
    events = [sent("purchase", marked=True), sent("refund", marked=False)]
    for fields in reversed(events) if early else events:
        record = SimulatedRecord(topic="campaign.conversions.v1", key=b"k", value=b"", due_ms=1, misplaced=False)
        ledger.enter_event(record, fields, 1)
    truth = ledger.truth(SimulationPlan(seed=1, events=2, duration_seconds=1, start_ms=1), ())
    assert {each.influencer_id: each.totals.revenue for each in truth.influencers} == {
        "": {},
        "ana": {"EUR": TrueMoney(orders=1, revenue="9", refunds=1, refunded="9")},
    }


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "0"), (12_500_000, "12.5"), (1_000_000_000, "1000"), (1, "0.000001"), (10**17, "100000000000")],
)
def test_amounts_have_no_exponent_and_no_trailing_zeros(micros: int, text: str) -> None:
    """Amounts are written as docs/statistics.md says, also very small and very large ones."""
    assert amount_text(micros) == text


def link(**values: str) -> TrackingLink:
    """Return a link."""
    return TrackingLink(**{f"utm_{name}": value for name, value in values.items()})


ATTRIBUTION = TruthAttribution(
    CampaignDefinition(
        campaign_id="spring",
        name="Spring",
        starts_at=datetime(2026, 4, 18, tzinfo=UTC),
        ends_at=datetime(2026, 4, 19, tzinfo=UTC),
        influencers=tuple(
            InfluencerDefinition(
                influencer_id=name,
                handle=name,
                platform="instagram",
                discount_codes=codes,
                click_ids=clicks,
                links=links,
            )
            for name, codes, clicks, links in (
                ("ana", ("ANA10",), ("ana-*", "x1"), (link(source="ana"), link(source="shared"))),
                ("ben", ("Ben5",), ("ana-b*",), (link(source="ANA", medium="story"), link(source="shared"))),
            )
        ),
    )
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"influencer_id": "zoe", "discount_code": "ANA10"}, ("zoe", "direct")),
        ({"discount_code": "bEN5", "click_id": "ana-1"}, ("ben", "code")),
        ({"discount_code": "ANA1", "click_id": "ana-1"}, ("ana", "click_id")),
        ({"click_id": "ana-b7"}, ("ben", "click_id")),
        ({"click_id": "x1"}, ("ana", "click_id")),
        ({"click_id": "ANA-1"}, ("", "none")),
        ({"discount_code": "", "click_id": "", "utm_source": "Ana"}, ("ana", "utm")),
        ({"utm_source": "ana", "utm_medium": "STORY", "utm_term": "bio"}, ("ben", "utm")),
        ({"utm_source": "shared"}, ("ana", "utm")),
        ({"utm_medium": "story"}, ("", "none")),
        ({}, ("", "none")),
    ],
)
def test_attribution_by_the_rules(fields: dict[str, str], expected: tuple[str, str]) -> None:
    """Code, then click id by its longest prefix, then the link that names most values, then the first one."""
    assert ATTRIBUTION.resolve(fields) == expected


def test_the_truth_survives_its_file(tmp_path: Path) -> None:
    """What is written is what is read."""
    plan = SimulationPlan(events=500, duration_seconds=60, start_ms=START_MS)
    simulation = Simulation(definitions("giveaway"), plan)
    list(simulation.records())
    truth: GroundTruth = simulation.truth()
    truth.write(tmp_path / "truth.json")
    assert read_truth(tmp_path / "truth.json") == truth
