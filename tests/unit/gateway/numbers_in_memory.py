"""A read model in memory, and a gateway that reads it. The real one is tried by tests/browser."""

from collections.abc import Sequence
from itertools import count

from gateway.live.numbers_out import NumbersOut
from gateway.numbers.answers import MinutePoint
from gateway.numbers.kept_answers import KeptAnswers
from gateway.numbers.reader import HeardWorker, NumbersError, NumbersReader
from models.alerts import Alert, AlertTransition, SampleComment
from models.read_keys import digest_of
from models.read_model import WorkerHealth
from models.rollups import (
    CampaignRollup,
    EarnedMediaValue,
    GiveawayRollup,
    InfluencerRollup,
    RevenueStats,
    SentimentStats,
    WindowStats,
)
from models.suspicion import Suspect, SuspicionNumbers
from tests.unit.gateway.asking import Answer, Gateway

NOW_MS = 1_776_528_000_000  # 2026-04-18T16:00:00Z
DEFINITION = """
campaign_id: spring
name: Spring <b>
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - {influencer_id: ana, handle: "@ana", platform: instagram}
  - {influencer_id: bob, handle: "<script>alert(1)</script>", platform: tiktok}
  - {influencer_id: new, handle: "@new", platform: tiktok}
giveaway: {opens_at: "2026-04-18T14:00:00Z", closes_at: "2026-04-18T18:00:00Z"}
---
campaign_id: autumn
name: Autumn
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers: [{influencer_id: eve, handle: "@eve", platform: instagram}]
"""
SCOPES = {
    "whole": "campaign:spring",
    "money": "campaign:spring money",
    "names": "campaign:spring names",
    "admin": "campaign:* admin",
    "ana": "influencer:spring/ana",
    "two": "influencer:spring/ana influencer:spring/bob",
    "autumn": "campaign:autumn",
    "ended": "campaign:spring until:2026-04-18T16:00:00Z",
}


def key(name: str) -> str:
    """The key of this name."""
    return f"pulse_r_{name}"


def stats(comments: int, engagements: int) -> WindowStats:
    """Numbers with money and mood."""
    return WindowStats(
        comments=comments,
        engagements=engagements,
        purchases=2,
        revenue={
            "EUR": RevenueStats(orders=2, revenue="1234.5", refunds=0, refunded="0", average_order_value="617.25")
        },
        earned_media_value=EarnedMediaValue(amount="99.5", currency="EUR", rate_card_dated="2026-01-01"),
        sentiment=SentimentStats(
            sample_size=4, mean=0.25, positive_share=0.5, neutral_share=0.25, negative_share=0.25, net=0.25
        ),
    )


def influencer(influencer_id: str, handle: str, comments: int, engagements: int) -> InfluencerRollup:
    """An influencer of the spring campaign."""
    return InfluencerRollup(
        campaign_id="spring",
        influencer_id=influencer_id,
        platform="instagram",
        handle=handle,
        followers=10,
        as_of_ms=NOW_MS - 1_000,
        windows={"1h": stats(comments, engagements), "total": stats(comments, engagements)},
    )


def alert(number: int, influencer_id: str | None) -> Alert:
    """An open alert with a comment that somebody wrote."""
    return Alert(
        alert_id=f"a{number}",
        rule="negative_wave",
        campaign_id="spring",
        influencer_id=influencer_id,
        severity="critical",
        phase="firing",
        opened_at_ms=NOW_MS - number * 60_000,
        at_ms=NOW_MS,
        strength=2.0,
        unit="share",
        observed=0.5,
        expected=0.1,
        ratio=5.0,
        sample_size=20,
        explanation=f"<i>{influencer_id}</i>'s comments turned negative",
        sample_comments=(SampleComment(text="what somebody wrote", polarity=-0.8),),
    )


def giveaway(influencer_id: str, entries: int) -> GiveawayRollup:
    """A giveaway, or a share in it."""
    return GiveawayRollup(
        campaign_id="spring",
        influencer_id=influencer_id,
        as_of_ms=NOW_MS,
        status="open",
        opens_ms=NOW_MS - 7_200_000,
        closes_ms=NOW_MS + 7_200_000,
        time_left_ms=7_200_000,
        entries=entries,
        unique_entrants=entries - 1,
        suspicion=SuspicionNumbers(as_of_ms=NOW_MS, suspicious_entrants=3, held_entrants=0, excluded_entrants=0),
    )


class ReaderInMemory(NumbersReader):
    """What Redis would say."""

    def __init__(self) -> None:
        super().__init__("redis://127.0.0.1:1/0", "pulse")
        found = [influencer("ana", "@ana", 10, 100), influencer("bob", "<script>alert(1)</script>", 20, 50)]
        self.rollups = {each.influencer_id: each for each in [*found, influencer("", "", 1, 1)]}
        self.whole = CampaignRollup(
            campaign_id="spring",
            name="Spring <b>",
            influencers=3,
            followers=20,
            as_of_ms=NOW_MS - 1_000,
            windows={"1h": stats(31, 151), "total": stats(31, 151)},
            leaderboards={},
        )
        self.open_alerts = [alert(1, "ana"), alert(2, "bob"), alert(3, None)]
        self.giveaways = {"": giveaway("", 12), "ana": giveaway("ana", 5)}
        self.points = [MinutePoint(start_ms=NOW_MS - back * 60_000, engagements=back) for back in range(20, 0, -1)]
        self.ages = [0]
        self.suspected: list[Suspect] = []
        self.looked_for_ms: int | None = None
        self.is_away = False

    async def campaign_ids(self) -> list[str]:
        """Spring has numbers."""
        if self.is_away:
            raise NumbersError("Redis cannot be read: it is away")
        return ["spring"]

    async def influencer_ids(self, campaign_id: str) -> list[str]:
        """Sorted, the unattributed one first."""
        return sorted(self.rollups) if campaign_id == "spring" else []

    async def campaign(self, campaign_id: str) -> CampaignRollup | None:
        """Of spring."""
        return self.whole if campaign_id == "spring" else None

    async def influencers(self, campaign_id: str, influencer_ids: Sequence[str]) -> list[InfluencerRollup]:
        """Those that have numbers."""
        return [self.rollups[each] for each in influencer_ids if campaign_id == "spring" and each in self.rollups]

    async def giveaway(self, campaign_id: str, influencer_id: str = "") -> GiveawayRollup | None:
        """Of spring."""
        return self.giveaways.get(influencer_id) if campaign_id == "spring" else None

    async def leaders(self, campaign_id: str, window: str, metric: str, count: int) -> list[tuple[str, int]]:
        """By engagements."""
        found = [(each.influencer_id, each.windows["total"].engagements) for each in self.rollups.values()]
        return sorted((each for each in found if each[0]), key=lambda each: -each[1])[:count]

    async def alerts(self, campaign_id: str) -> list[Alert]:
        """Of spring."""
        return self.open_alerts if campaign_id == "spring" else []

    async def suspects(self, campaign_id: str) -> list[Suspect]:
        """Of spring."""
        return self.suspected if campaign_id == "spring" else []

    async def suspects_as_of_ms(self, campaign_id: str) -> int | None:
        """Of spring."""
        return self.looked_for_ms if campaign_id == "spring" else None

    async def history(self, campaign_id: str, before: str, count: int) -> list[tuple[str, AlertTransition]]:
        """One transition for each alert, ids in their order."""
        told = [
            (f"{9 - place}-0", AlertTransition(kind="opened", at_ms=NOW_MS, alert=each))
            for place, each in enumerate(await self.alerts(campaign_id))
        ]
        return [each for each in told if not before or each[0] < before][:count]

    async def minutes(
        self, campaign_id: str, influencer_id: str | None, first_ms: int, last_ms: int
    ) -> list[MinutePoint]:
        """Of spring as a whole."""
        own = self.points if campaign_id == "spring" and influencer_id is None else []
        return [each for each in own if first_ms <= each.start_ms < last_ms]

    async def workers(self) -> list[HeardWorker]:
        """Workers by how long they have been silent."""
        return [HeardWorker(WorkerHealth(worker=f"w{age}", lag=0), age) for age in self.ages]

    async def close(self) -> None:
        """Nothing is open."""


class ReadingGateway(Gateway):
    """A gateway that reads a read model in memory."""

    def __init__(self, **settings: object) -> None:
        lines = [f"{name}={digest_of(key(name))} {scopes}" for name, scopes in SCOPES.items()]
        super().__init__(DEFINITION, gateway_read_keys="\n".join(lines), **{"clock": str(NOW_MS), **settings})
        self.reader = ReaderInMemory()
        numbers = NumbersOut("redis://127.0.0.1:1/0", "pulse", self.state, self.state.now_ms, self.state.shelf.newest)
        numbers.reader = numbers.views.reader = numbers.hub._reader = self.reader
        # A second passes from one question to the next: what is kept for a crowd is over, however fast a test asks.
        numbers.kept = KeptAnswers(map(float, count()).__next__)
        self.state.numbers = self.numbers = numbers

    def read(self, path: str, name: str = "whole", headers: dict[str, str] | None = None) -> Answer:
        """Ask with a key."""
        return self.ask(path, headers={"X-API-Key": key(name), **(headers or {})})
