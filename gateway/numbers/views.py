"""What one key sees of a campaign: answers made of the read model, without what the key's scopes do not allow."""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Final, Protocol

from msgspec.structs import replace

from gateway.numbers.answers import (
    AlertsAnswer,
    BoardAnswer,
    BoardMetric,
    CampaignAnswer,
    CampaignCard,
    GiveawayAnswer,
    InfluencerAnswer,
    MinutesAnswer,
    Phase,
    Place,
    WordsAnswer,
)
from gateway.numbers.minutes import moments_of, with_band
from gateway.numbers.reader import NumbersReader
from models.alerts import Alert
from models.campaigns import CampaignDefinition
from models.read_keys import ReadKey
from models.rollups import CampaignRollup, GiveawayRollup, InfluencerRollup, WindowName, WindowStats
from models.times import MINUTE_MS, epoch_ms
from streams.sentiment.mood_words import MoodWords

BOARD_PLACES: Final = 50


class Definitions(Protocol):
    """The definitions in force, by campaign."""

    @property
    def definitions(self) -> Mapping[str, CampaignDefinition]:
        """Definitions by campaign."""
        ...


class Views:
    """Makes answers.

    Args:
        reader: reads Redis.
        book: has the definitions in force.
        now_ms: the clock.
        drawn: returns the id of a campaign's newest published draw and whether it is drawn, or None.
    """

    def __init__(
        self,
        reader: NumbersReader,
        book: Definitions,
        now_ms: Callable[[], int],
        drawn: Callable[[str], tuple[str, bool] | None],
    ) -> None:
        self.reader = reader
        self._book = book
        self._now_ms = now_ms
        self._drawn = drawn
        self.told_words: Callable[[str], MoodWords] | None = None
        """Returns the words behind a campaign's mood; None where comments are not read."""

    def words(self, campaign_id: str) -> WordsAnswer:
        """Return the words behind a campaign's mood."""
        found = MoodWords() if self.told_words is None else self.told_words(campaign_id)
        return WordsAnswer(campaign_id=campaign_id, positive=found.positive, negative=found.negative)

    def knows(self, campaign_id: str) -> bool:
        """Whether a definition of a campaign is in force."""
        return campaign_id in self._book.definitions

    async def campaign_ids(self) -> list[str]:
        """Ids of all campaigns that are defined or have numbers, sorted."""
        return sorted({*await self.reader.campaign_ids(), *self._book.definitions})

    def card(self, campaign_id: str, name: str = "") -> CampaignCard:
        """Return name and times of a campaign; of one without a definition the name is its id, or as given."""
        definition = self._book.definitions.get(campaign_id)
        drawn = self._drawn(campaign_id)
        draw = None if drawn is None else drawn[0]
        if definition is None:
            return CampaignCard(campaign_id=campaign_id, name=name or campaign_id, phase="live", draw=draw)
        starts_ms, ends_ms = epoch_ms(definition.starts_at), epoch_ms(definition.ends_at)
        rules = definition.giveaway
        first = starts_ms if rules is None else rules.opens_ms
        last = ends_ms if rules is None else rules.closes_ms
        now_ms = self._now_ms()
        phase: Phase = "upcoming" if now_ms < first else "live" if now_ms < last else "closed"
        if phase == "closed" and drawn is not None and drawn[1]:
            phase = "drawn"
        return CampaignCard(
            campaign_id=campaign_id,
            name=definition.name,
            phase=phase,
            starts_ms=starts_ms,
            ends_ms=ends_ms,
            opens_ms=None if rules is None else rules.opens_ms,
            closes_ms=None if rules is None else rules.closes_ms,
            draw=draw,
        )

    async def campaign(self, campaign_id: str, key: ReadKey, windows: Sequence[WindowName] = ()) -> CampaignAnswer:
        """Return a campaign's numbers; of all windows when none is named."""
        rollup = await self.reader.campaign(campaign_id)
        card = self.card(campaign_id, rollup.name if rollup is not None else "")
        if rollup is None:
            return CampaignAnswer(campaign=card, as_of_ms=None, influencers=0, followers=None, windows={})
        return CampaignAnswer(
            campaign=card,
            as_of_ms=rollup.as_of_ms,
            influencers=rollup.influencers,
            followers=rollup.followers,
            windows=_windows(rollup, key, windows),
        )

    async def influencers(
        self, campaign_id: str, key: ReadKey, influencer_ids: Sequence[str], windows: Sequence[WindowName] = ()
    ) -> list[InfluencerRollup]:
        """Return influencers' numbers in this order; who has none is left out."""
        found = await self.reader.influencers(campaign_id, influencer_ids)
        return [replace(each, windows=_windows(each, key, windows)) for each in found]

    async def influencer(
        self, campaign_id: str, key: ReadKey, influencer_id: str, windows: Sequence[WindowName] = ()
    ) -> InfluencerAnswer | None:
        """Return one influencer's numbers; zeros for one who is defined and has none, None for a stranger."""
        found = await self.influencers(campaign_id, key, [influencer_id], windows)
        rollup = found[0] if found else self._without_numbers(campaign_id, influencer_id)
        return None if rollup is None else InfluencerAnswer(campaign=self.card(campaign_id), influencer=rollup)

    def _without_numbers(self, campaign_id: str, influencer_id: str) -> InfluencerRollup | None:
        definition = self._book.definitions.get(campaign_id)
        for each in () if definition is None else definition.influencers:
            if each.influencer_id == influencer_id:
                return InfluencerRollup(
                    campaign_id=campaign_id,
                    influencer_id=influencer_id,
                    platform=each.platform,
                    handle=each.handle,
                    followers=each.followers,
                    as_of_ms=0,
                    windows={},
                )
        return None

    async def board(self, campaign_id: str, window: WindowName, metric: BoardMetric, count: int) -> BoardAnswer:
        """Return a leaderboard."""
        leaders = await self.reader.leaders(campaign_id, window, metric, count)
        leaders += self._not_yet(campaign_id, {influencer_id for influencer_id, _ in leaders})[: count - len(leaders)]
        rollups = {
            each.influencer_id: each
            for each in await self.reader.influencers(campaign_id, [influencer_id for influencer_id, _ in leaders])
        }
        places: list[Place] = []
        for number, (influencer_id, value) in enumerate(leaders, 1):
            rollup = rollups.get(influencer_id) or self._without_numbers(campaign_id, influencer_id)
            if rollup is None:
                continue
            stats = rollup.windows.get(window, WindowStats())
            shared = places[-1].place if places and places[-1].value == value else number
            places.append(
                Place(
                    place=shared,
                    influencer_id=influencer_id,
                    handle=rollup.handle,
                    platform=rollup.platform,
                    value=value,
                    comments=stats.comments,
                    net_sentiment=None if stats.sentiment is None else stats.sentiment.net,
                )
            )
        return BoardAnswer(campaign_id=campaign_id, window=window, metric=metric, places=places)

    def _not_yet(self, campaign_id: str, known: Set[str]) -> list[tuple[str, int]]:
        """Return the influencers of a definition that have no numbers yet, with their zeros."""
        definition = self._book.definitions.get(campaign_id)
        ids = () if definition is None else (each.influencer_id for each in definition.influencers)
        return [(each, 0) for each in ids if each not in known]

    async def giveaway(self, campaign_id: str, key: ReadKey, influencer_id: str = "") -> GiveawayAnswer:
        """Return a campaign's giveaway, or a creator's share."""
        rollup = await self.reader.giveaway(campaign_id, influencer_id)
        shown = None if rollup is None else _giveaway(rollup, key)
        return GiveawayAnswer(
            campaign=self.card(campaign_id), giveaway=shown, status=None if rollup is None else rollup.status
        )

    async def alerts(self, campaign_id: str, key: ReadKey, influencer_id: str | None = None) -> AlertsAnswer:
        """Return the open alerts: all, or those of one creator."""
        found = await self.reader.alerts(campaign_id)
        return AlertsAnswer(
            campaign_id=campaign_id,
            alerts=[
                shown_alert(each, key) for each in found if influencer_id is None or each.influencer_id == influencer_id
            ],
        )

    async def minutes(self, campaign_id: str, influencer_id: str | None, first_ms: int, last_ms: int) -> MinutesAnswer:
        """Return closed minutes from ``first_ms`` up to before ``last_ms``, with what is usual, and the moments."""
        definition = self._book.definitions.get(campaign_id)
        # What is usual is told by the hour before.
        found = await self.reader.minutes(campaign_id, influencer_id, first_ms - 60 * MINUTE_MS, last_ms)
        alerts = await self.reader.alerts(campaign_id)
        own = [alert for alert in alerts if influencer_id is None or alert.influencer_id == influencer_id]
        return MinutesAnswer(
            campaign_id=campaign_id,
            influencer_id=influencer_id,
            minutes=[point for point in with_band(found) if point.start_ms >= first_ms],
            moments=moments_of(definition, own, first_ms, last_ms),
        )


def shown_alert(alert: Alert, key: ReadKey) -> Alert:
    """Return an alert without what people wrote, where the key does not allow names."""
    return alert if key.names else replace(alert, sample_comments=())


def _windows(
    rollup: CampaignRollup | InfluencerRollup, key: ReadKey, windows: Sequence[WindowName]
) -> dict[WindowName, WindowStats]:
    chosen = {name: stats for name, stats in rollup.windows.items() if not windows or name in windows}
    if key.money:
        return chosen
    return {name: replace(stats, revenue={}, earned_media_value=None) for name, stats in chosen.items()}


def _giveaway(rollup: GiveawayRollup, key: ReadKey) -> GiveawayRollup:
    return rollup if key.admin else replace(rollup, suspicion=None)
