"""The demo's own check: lifetime totals of a snapshot against the ground truth of the simulator."""

from typing import Final, NamedTuple

from agents.simulator.truth import COUNTER_NAMES, GroundTruth, TrueTotals
from models.rollups import Snapshot, WindowStats

EXACT_COUNTERS: Final = (*COUNTER_NAMES, "engagements")
SKETCH_TOLERANCE_RATIO: Final = 0.10
"""Three standard errors of the sketch (docs/statistics.md): 99.7 % of estimates lie within."""
_SKETCH_TOLERANCE_PERSONS: Final = 3


class Difference(NamedTuple):
    """One number that is not the truth. ``influencer_id`` is None for the campaign's own number."""

    campaign_id: str
    influencer_id: str | None
    statistic: str
    expected: str
    found: str

    def __str__(self) -> str:
        who = (
            self.campaign_id
            if self.influencer_id is None
            else f"{self.campaign_id}/{self.influencer_id or '(unattributed)'}"
        )
        return f"{who} {self.statistic}: expected {self.expected}, found {self.found}"


class Comparison(NamedTuple):
    """How many numbers were compared, and those that differ."""

    compared: int
    differences: list[Difference]


def compare(snapshot: Snapshot | None, truth: GroundTruth) -> Comparison:
    """Compare every counter and every amount exactly, and the sketch within three standard errors.

    Influencers and campaigns which only one side knows differ by all their numbers that are not 0.
    """
    windows = {} if snapshot is None else {each.campaign_id: each.windows["total"] for each in snapshot.campaigns}
    found: dict[tuple[str, str | None], WindowStats] = {(name, None): stats for name, stats in windows.items()}
    if snapshot is not None:
        for influencer in snapshot.influencers:
            found[influencer.campaign_id, influencer.influencer_id] = influencer.windows["total"]
    expected: dict[tuple[str, str | None], TrueTotals] = {
        (campaign.campaign_id, None): campaign.totals for campaign in truth.campaigns
    }
    for true_influencer in truth.influencers:
        expected[true_influencer.campaign_id, true_influencer.influencer_id] = true_influencer.totals

    compared = 0
    differences: list[Difference] = []
    for who in sorted(expected.keys() | found.keys(), key=lambda key: (key[0], key[1] or "", key[1] is not None)):
        pairs = _numbers(expected.get(who, TrueTotals()), found.get(who, WindowStats()))
        compared += len(pairs)
        differences += [Difference(*who, *pair) for pair in pairs if not _agrees(*pair)]
    return Comparison(compared, differences)


def _numbers(expected: TrueTotals, found: WindowStats) -> list[tuple[str, str, str]]:
    pairs = [(name, str(getattr(expected, name)), str(getattr(found, name))) for name in EXACT_COUNTERS]
    pairs.append(("unique_commenters", str(expected.unique_commenters), str(found.unique_commenters)))
    for currency in sorted(expected.revenue.keys() | found.revenue.keys()):
        true_money, money = expected.revenue.get(currency), found.revenue.get(currency)
        pairs += [
            (f"{currency}.{part}", str(getattr(true_money, part, 0)), str(getattr(money, part, 0)))
            for part in ("orders", "revenue", "refunds", "refunded")
        ]
    return pairs


def _agrees(statistic: str, expected: str, found: str) -> bool:
    if statistic != "unique_commenters":
        return expected == found
    tolerance = max(_SKETCH_TOLERANCE_PERSONS, SKETCH_TOLERANCE_RATIO * int(expected))
    return abs(int(found) - int(expected)) <= tolerance
