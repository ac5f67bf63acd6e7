"""Small, unpleasant logs: every type, disorder, lateness, duplicates, refusals and marks of every kind, from one seed.

Unlike the simulator this aims at rules, not at realism: few influencers and posts, so that snapshots collide, ids
repeat and windows of all lengths hold something.
"""

import json
import random
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from models.campaigns import CampaignDefinition, InfluencerDefinition, RateCard, TrackingLink
from models.currencies import NO_CURRENCY
from models.giveaway import BonusEntries, GiveawayRules, PastWinner

from .event_log import BASE, MINUTE

METRICS = ("likes", "comments", "shares", "saves", "views", "reach")
SPANS_MINUTES = (0.5, 10, 90, 400, 1_700, 4_000)
"""How long a log may last: from half a minute to almost three days."""

_CODES = ("I0", "i1", "straSSE", "", " i0", "Ｉ0", "i\u200b1", "nope", "NOPE, i1;I0", "i0|i0", None)
_CLICK_IDS = ("k0-1", "k0-11", "k1", "k1x", "*", "", None)
_UTM_VALUES = ("A", "a", "b", "+a", "%2562", "", None)
_AMOUNTS = ("0", "1", "0.000001", "19.99", "12.5", "007.10", "999999999999.999999")
_WRONG: tuple[object, ...] = (None, -1, 1.5, "", [], True, 10**13, "x" * 300, "3000-01-01T00:00:00Z")
_KINDS = ("like", "Likes", "share", "repost", "save", "view", "PLAY", "clap")
_UNUSUAL_WORDS = (
    (),
    (),
    ("友達の@fan1と", "@staff"),
    ("@brand_x", "@fan2랑"),
    ("❤️", "Café"),
    ("#win#more", ".@fan3"),
)
_ORDINARY = ("click", "click", "signup", "add_to_cart", "purchase", "purchase", "refund")


def definitions() -> list[CampaignDefinition]:
    """Two campaigns with overlapping codes, click ids and links; a third one of the log has no definition."""
    ana = _member(
        0,
        followers=100,
        discount_codes=("i0",),
        click_ids=("k0-*",),
        links=(TrackingLink(utm_source="a"), TrackingLink(utm_source="B", utm_term="a")),
    )
    ben = _member(
        1,
        discount_codes=("I1", "straße"),
        click_ids=("k1", "k0-1*"),
        links=(
            TrackingLink(utm_medium="A", utm_content=""),
            TrackingLink(utm_source="a", utm_medium="b", utm_campaign="a"),
        ),
    )
    cleo = _member(2, followers=0, click_ids=("k1x",), links=(TrackingLink(utm_content="b", utm_term="b"),))
    silent = _member(77, followers=5)
    card = RateCard(
        currency="EUR",
        dated=date(2023, 1, 1),
        like="0.12",
        comment="1.5",
        share="2",
        save="0.000001",
        thousand_views="7.25",
    )
    # Spring's giveaway is open from before the log to its middle, autumn's begins in it: every reason occurs.
    per_person = GiveawayRules(
        opens_at=_moment(BASE - 60 * MINUTE),
        closes_at=_moment(BASE + 5 * MINUTE),
        hashtags=("win",),
        friends=1,
        replies_count=False,
        excluded=("@A1", "a2"),
        past_winners=(
            PastWinner(account="a3", won_on=date(2023, 8, 31)),
            PastWinner(account="a4", won_on=date(2023, 1, 1)),
        ),
        winners_excluded_months=3,
        countries=("AT", "DE"),
        bonus=BonusEntries(chances=2, most=3),
    )
    per_friend = GiveawayRules(
        opens_at=datetime(2023, 11, 14, 23, 17),  # noqa: DTZ001  # local time of the zone
        closes_at=_moment(BASE + 4_000 * MINUTE),
        time_zone="Europe/Vienna",
        posts=("p0", "p1", "p2"),
        keywords=("wow", "参加"),
        friends=1,
        chances="per_friend",
        most_chances=3,
        countries=("AT",),
        unknown_country="refuse",
    )
    return [
        _campaign("spring", (ana, ben, cleo, silent), card, per_person),
        _campaign("autumn", (ben, cleo), None, per_friend),
    ]


def variants() -> list[list[CampaignDefinition]]:
    """The same campaigns under rules of other kinds."""
    spring, autumn = definitions()
    moments = {"opens_at": _moment(BASE - 60 * MINUTE), "closes_at": _moment(BASE + 4_000 * MINUTE)}
    found = []
    for first, second in (
        (
            {"chances": "per_day", "time_zone": "Asia/Tokyo", "forbidden_words": ("meh",), "excluded": ("@a1", "fan2")},
            {"chances": "per_comment", "most_chances": 2, "min_words": 4},
        ),
        (
            {"mentions": ("@brand_x",), "friends": 1, "excluded": ("@staff", "brand_x")},
            {"keywords": ("❤", "参加"), "chances": "per_friend", "friends": 1, "replies_count": False},
        ),
    ):
        rules = [GiveawayRules(**moments, **each) for each in (first, second)]
        found.append(
            [
                msgspec.structs.replace(campaign, giveaway=each)
                for campaign, each in zip((spring, autumn), rules, strict=True)
            ]
        )
    return found


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _member(number: int, **fields: Any) -> InfluencerDefinition:
    return InfluencerDefinition(influencer_id=f"i{number}", handle=f"@i{number}", platform="tiktok", **fields)


def _campaign(
    campaign_id: str,
    influencers: tuple[InfluencerDefinition, ...],
    card: RateCard | None,
    giveaway: GiveawayRules,
) -> CampaignDefinition:
    return CampaignDefinition(
        campaign_id=campaign_id,
        name=campaign_id.title(),
        starts_at=datetime(2023, 1, 1, tzinfo=UTC),
        ends_at=datetime(2024, 1, 1, tzinfo=UTC),
        influencers=influencers,
        rate_card=card,
        giveaway=giveaway,
        several_codes="split" if campaign_id == "autumn" else "first",
    )


def random_log(seed: int, events: int) -> list[bytes]:
    """Return the lines of a log; the same seed gives the same lines."""
    rng = random.Random(seed)
    log = _Log(rng, events)
    lines: list[bytes] = []
    kept: list[bytes] = []
    for number in range(events):
        event = log.event(number)
        if rng.random() < 0.03:
            event[rng.choice(list(event))] = rng.choice(_WRONG)
        line = _damaged(rng, json.dumps(event, ensure_ascii=rng.random() < 0.5).encode())
        lines.append(line)
        if rng.random() < 0.05:
            lines.append(line)
        if rng.random() < 0.05:
            # Seen through another influencer's feed, or for another campaign: one event id, another owner.
            other = {"campaign_id": "autumn"}
            if event.get("type") != "comment.created" and rng.random() < 0.5:
                other = {"influencer_id": rng.choice(log.influencers)}
            lines.append(json.dumps({**event, **other}).encode())
        if rng.random() < 0.03:
            kept.append(line)
        if kept and rng.random() < 0.03:
            lines.append(rng.choice(kept))
    return lines


def _damaged(rng: random.Random, line: bytes) -> bytes:
    chance = rng.random()
    if chance < 0.005:
        return line[: -rng.randrange(1, 20)]
    if chance < 0.01:
        return line.replace(b'"event_id"', b'"event_\xff"')
    return line


class _Log:
    """What a random log remembers between events: how far its posts have come."""

    def __init__(self, rng: random.Random, events: int) -> None:
        self.rng = rng
        self.events = events
        self.span_ms = rng.choice(SPANS_MINUTES) * MINUTE
        self.influencers = [f"i{number}" for number in range(rng.choice((1, 3, 12)))]
        self.levels: dict[tuple[str, str, str, str], int] = {}
        self.so_far: set[str] = set()

    def event(self, number: int) -> dict[str, Any]:
        rng = self.rng
        event: dict[str, Any] = {
            "event_id": f"e{number}",
            "campaign_id": rng.choice(("spring", "autumn", "undefined")[: rng.choice((1, 1, 3))]),
            "platform": rng.choice(("tiktok", "tiktok", "youtube", "youtube", "TikTok")),
            "occurred_at": self._time(number),
            "influencer_id": rng.choice(self.influencers),
        }
        chance = rng.random()
        if chance < 0.40:
            return event | self._comment(number, is_new=chance < 0.35)
        if chance < 0.65:
            return event | self._metrics(event["campaign_id"], event["influencer_id"])
        if chance < 0.70:
            return event | {"type": rng.choice(("post.published", "post.deleted")), "post_id": self._post()}
        if chance < 0.80:
            reaction = {"type": "post.reaction", "post_id": self._post()}
            counted = {"count": rng.randrange(5)} if rng.random() < 0.5 else {}
            return event | reaction | counted | {"kind": rng.choice(_KINDS)}
        if rng.random() < 0.7:
            del event["influencer_id"]
        return event | self._conversion(number)

    def _time(self, number: int) -> int | str:
        rng = self.rng
        at_ms = BASE + int(number / self.events * self.span_ms)
        if rng.random() < 0.6:
            at_ms -= int(rng.expovariate(1 / MINUTE)) % (10 * MINUTE)
        if rng.random() < 0.02:
            at_ms -= int(rng.random() ** 3 * 30 * 60 * MINUTE)
        if rng.random() < 0.7:
            return at_ms
        second = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{second}.{at_ms % 1000:03d}{rng.choice(('Z', '999Z', '9999999z', '5+00:00'))}"

    def _post(self) -> str:
        return f"p{self.rng.randrange(4)}"

    def _comment(self, number: int, *, is_new: bool) -> dict[str, Any]:
        if not is_new:
            return {"type": "comment.deleted", "comment_id": f"c{self.rng.randrange(self.events)}"}
        rng = self.rng
        author = int(rng.paretovariate(0.6)) % 500
        if rng.random() < 0.05 and number:
            number = rng.randrange(number)  # an edit, or somebody's id again: the newest version is in force
        words = [rng.choice(("wow", "no", "ok", "meh", "参加です")), str(rng.randrange(30))]
        words += rng.choice(((), ("#Win",), ("#win", "@Fan1"), ("＃WIN", f"@a{author}"), ("#win @fan2. @Ben_ok",)))
        words += [f"@fan{rng.randrange(40)}"] * rng.randrange(3)
        words += rng.choice(
            ((), (), ("友達の@fan1と", "@staff"), ("@brand_x", "@fan2랑"), ("❤️", "Café"), ("#win#more", ".@fan3"))
        )
        return {
            "type": "comment.created",
            "post_id": f"p{number % 4}",
            "comment_id": f"c{number}",
            "author_id": f"a{author}",
            "text": " ".join(words),
            **({"author_handle": rng.choice((f"A{author}.", f"a{author % 9}"))} if rng.random() < 0.8 else {}),
            **({"country": rng.choice(("AT", "at", "AT", "CH", "", None))} if rng.random() < 0.8 else {}),
            **({"parent_id": rng.choice(("c1", "", None))} if rng.random() < 0.1 else {}),
        }

    def _metrics(self, campaign_id: str, influencer_id: str) -> dict[str, Any]:
        rng, post_id = self.rng, self._post()
        event: dict[str, Any] = {"type": "post.metrics", "post_id": post_id}
        for metric in METRICS:
            if rng.random() < 0.7:
                key = (campaign_id, influencer_id, post_id, metric)
                level = self.levels.get(key, rng.choice((0, 1_000)))
                event[metric] = self.levels[key] = max(0, level + rng.randrange(-3, 20))
        if rng.random() < 0.1:
            event["followers"] = rng.randrange(3) * 1_000
        if rng.random() < 0.1:
            event[rng.choice((*METRICS, "followers"))] = rng.choice((-1, "12", 1.5, None, 10**13))  # hidden, or broken
        return event

    def _conversion(self, number: int) -> dict[str, Any]:
        rng = self.rng
        event: dict[str, Any] = {"type": rng.choice(_ORDINARY)}
        if event["type"] in ("purchase", "refund"):
            money = {"amount": rng.choice(_AMOUNTS), "currency": rng.choice(("EUR", "EUR", "USD", "JPY", NO_CURRENCY))}
            event |= {"order_id": f"o{rng.randrange(1 + number // 8) if rng.random() < 0.7 else number}"} | money
        if rng.random() < 0.4:
            buyer = int(rng.paretovariate(0.6)) % 500
            event |= {"author_id": f"a{buyer}", "author_platform": rng.choice(("tiktok", "youtube", "", None))}
        if rng.random() < 0.5:
            event["discount_code"] = rng.choice(_CODES)
        if rng.random() < 0.1:
            event["discount_codes"] = rng.choices([code for code in _CODES if code is not None], k=rng.randrange(3))
        if "order_id" in event and rng.random() < 0.3:
            # Two shops that number their orders alike, told apart by what their event ids begin with.
            kind = "order" if event["type"] == "purchase" else "refund"
            shop = rng.choice(("woo-at", "woo-de"))
            event["event_id"] = f"{shop}:{kind}:{number}"
            # What an export says was refunded so far; one id is one event.
            so_far = f"{shop}:refund:{event['order_id']}:{event['amount']}"
            if kind == "refund" and so_far not in self.so_far:
                self.so_far.add(so_far)
                event["event_id"] = so_far
        if event["type"] == "refund" and rng.random() < 0.5:
            event["refund_id"] = f"r{rng.randrange(3)}"
        if rng.random() < 0.5:
            event["click_id"] = rng.choice(_CLICK_IDS)
        for name in ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"):
            if rng.random() < 0.4:
                event[name] = rng.choice(_UTM_VALUES)
        if rng.random() < 0.1:
            event["test"] = rng.choice((True, False))
        return event
