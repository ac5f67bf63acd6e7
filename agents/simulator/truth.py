"""The ground truth: what a correct processor must report, counted while the records are made.

Written from docs/statistics.md alone: nothing here imports ``streams``.
"""

from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Struct

from agents.simulator.faults import Fields
from agents.simulator.incidents import IncidentKind

SNAPSHOT_COUNTERS = {
    "likes": "likes",
    "comments": "reported_comments",
    "shares": "shares",
    "saves": "saves",
    "views": "views",
    "reach": "reach",
}
REACTION_COUNTERS = {"like": "likes", "share": "shares", "save": "saves", "view": "views"}
COUNTER_NAMES = (
    "posts", "posts_deleted", "comments", "comments_deleted", "likes", "shares", "saves", "views", "reach",
    "reported_comments", "other_reactions", "clicks", "signups", "add_to_carts", "purchases", "refunds", "test_orders",
)  # fmt: skip
_MICROS = 1_000_000


class TrueMoney(Struct, frozen=True, kw_only=True):
    """Money of one currency; amounts as docs/statistics.md writes them."""

    orders: int
    revenue: str
    refunds: int
    refunded: str


class TrueTotals(Struct, frozen=True, kw_only=True):
    """Lifetime totals of the additive counters. ``unique_commenters`` is exact, not a sketch."""

    posts: int = 0
    posts_deleted: int = 0
    comments: int = 0
    comments_deleted: int = 0
    likes: int = 0
    shares: int = 0
    saves: int = 0
    views: int = 0
    reach: int = 0
    reported_comments: int = 0
    other_reactions: int = 0
    clicks: int = 0
    signups: int = 0
    add_to_carts: int = 0
    purchases: int = 0
    refunds: int = 0
    test_orders: int = 0
    engagements: int = 0
    unique_commenters: int = 0
    revenue: dict[str, TrueMoney] = {}


class TrueInfluencer(Struct, frozen=True, kw_only=True):
    """One influencer of one campaign with at least one counted event; the id is empty for unattributed conversions."""

    campaign_id: str
    influencer_id: str
    followers: int | None
    totals: TrueTotals


class TrueCampaign(Struct, frozen=True, kw_only=True):
    """One campaign; ``influencers`` leaves the unattributed one out."""

    campaign_id: str
    influencers: int
    totals: TrueTotals


class TrueIncident(Struct, frozen=True, kw_only=True):
    """A planted incident, in event time, half-open. ``influencer_id`` is empty when it hits the campaign."""

    kind: IncidentKind
    campaign_id: str
    influencer_id: str
    post_id: str | None
    start_ms: int
    end_ms: int


class GroundTruth(Struct, frozen=True, kw_only=True):
    """What was sent, and what it adds up to.

    ``records`` = ``events`` + ``duplicates`` + the sum of ``corrupt``. ``attributed`` counts conversions by how their
    influencer is found: ``direct``, ``code``, ``click_id``, ``utm``, ``none``. First and last event time are those of
    valid events, ``None`` without any.
    """

    seed: int
    start_ms: int
    end_ms: int
    records: int
    events: int
    events_by_type: dict[str, int]
    duplicates: int
    corrupt: dict[str, int]
    misplaced: int
    late: int
    attributed: dict[str, int]
    first_event_ms: int | None
    last_event_ms: int | None
    incidents: list[TrueIncident]
    campaigns: list[TrueCampaign]
    influencers: list[TrueInfluencer]

    def to_json(self) -> bytes:
        """Return the truth as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    def write(self, path: Path) -> None:
        """Write ``to_json`` to a file."""
        path.write_bytes(self.to_json())


def read_truth(path: Path) -> GroundTruth:
    """Read a file written by ``GroundTruth.write``.

    Raises:
        OSError: the file cannot be read.
        msgspec.DecodeError: it is not a ground truth.
    """
    return msgspec.json.decode(path.read_bytes(), type=GroundTruth)


def amount_text(micros: int) -> str:
    """Write millionths of a currency unit without exponent and without trailing zeros."""
    text = f"{Decimal(micros) / _MICROS:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class InfluencerTally:
    """The running totals of one influencer."""

    __slots__ = ("authors", "counts", "followers", "money", "newest_followers", "snapshots")

    def __init__(self, followers: int | None) -> None:
        """Start at zero, with the followers of the definition."""
        self.counts = dict.fromkeys(COUNTER_NAMES, 0)
        self.followers = followers
        self.newest_followers: tuple[int, int] | None = None
        # (post_id, metric) -> the greatest (event time, value): the last snapshot by time, then by value.
        self.snapshots: dict[tuple[str, str], tuple[int, int]] = {}
        self.money: dict[str, list[int]] = {}
        self.authors: set[tuple[str, str]] = set()

    def apply(self, fields: Fields, at_ms: int) -> None:
        """Count one valid event, seen for the first time."""
        kind = fields["type"]
        counts = self.counts
        if kind == "comment.created":
            counts["comments"] += 1
            self.authors.add((fields["platform"], fields["author_id"]))
        elif kind == "post.reaction":
            counts[REACTION_COUNTERS.get(fields["kind"], "other_reactions")] += fields.get("count", 1)
        elif kind == "post.metrics":
            for metric in SNAPSHOT_COUNTERS:
                if metric in fields:
                    self._snapshot(fields["post_id"], metric, at_ms, fields[metric])
            if "followers" in fields:
                seen = (at_ms, fields["followers"])
                if self.newest_followers is None or seen > self.newest_followers:
                    self.newest_followers = seen
        elif kind == "post.published":
            counts["posts"] += 1
            for metric in SNAPSHOT_COUNTERS:
                self._snapshot(fields["post_id"], metric, at_ms, 0)
        elif kind == "post.deleted":
            counts["posts_deleted"] += 1
        elif kind == "comment.deleted":
            counts["comments_deleted"] += 1
        elif kind in ("purchase", "refund"):  # a test: others are booked by their order
            counts["test_orders"] += 1
        elif not fields.get("test", False):
            counts[{"click": "clicks", "signup": "signups", "add_to_cart": "add_to_carts"}[kind]] += 1

    def _snapshot(self, post_id: str, metric: str, at_ms: int, value: int) -> None:
        known = self.snapshots.get((post_id, metric))
        if known is None or (at_ms, value) > known:
            self.snapshots[post_id, metric] = (at_ms, value)

    def book(self, fields: Fields, sign: int) -> None:
        """Add an order or a refund, or, with a sign of -1, take it away again."""
        refund = fields["type"] == "refund"
        self.counts["refunds" if refund else "purchases"] += sign
        money = self.money.setdefault(fields["currency"], [0, 0, 0, 0])
        money[2 if refund else 0] += sign
        money[3 if refund else 1] += sign * int(Decimal(fields["amount"]) * _MICROS)
        if not any(money):
            del self.money[fields["currency"]]

    def known_followers(self) -> int | None:
        """Return the newest reported value, else that of the definition."""
        return self.followers if self.newest_followers is None else self.newest_followers[1]

    def final_counts(self) -> dict[str, int]:
        """Return the counters with the last value of every post's snapshots added."""
        counts = dict(self.counts)
        for (_, metric), (_, value) in self.snapshots.items():
            counts[SNAPSHOT_COUNTERS[metric]] += value
        return counts


def totals_of(tallies: list[InfluencerTally]) -> TrueTotals:
    """Add up the totals of one or more influencers."""
    counts = dict.fromkeys(COUNTER_NAMES, 0)
    money: dict[str, list[int]] = {}
    for tally in tallies:
        for name, value in tally.final_counts().items():
            counts[name] += value
        for currency, values in tally.money.items():
            sums = money.setdefault(currency, [0, 0, 0, 0])
            for index, value in enumerate(values):
                sums[index] += value
    authors = tallies[0].authors if len(tallies) == 1 else set().union(*(tally.authors for tally in tallies))
    return TrueTotals(
        **counts,
        engagements=counts["likes"] + counts["comments"] + counts["shares"] + counts["saves"],
        unique_commenters=len(authors),
        revenue={
            currency: TrueMoney(
                orders=orders,
                revenue=amount_text(revenue),
                refunds=refunds,
                refunded=amount_text(refunded),
            )
            for currency, (orders, revenue, refunds, refunded) in sorted(money.items())
        },
    )
