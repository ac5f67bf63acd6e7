"""What one picture of the demo shows, as data: read from the read model, turned into pixels by ``view``."""

from dataclasses import dataclass, field

from agents.demo.history import RateHistory
from agents.read_model.reader import ReadModel
from models.alerts import Alert
from models.read_model import WorkerHealth
from models.rollups import CampaignRollup, GiveawayRollup, InfluencerRollup, WindowStats

RATES = ("events", "comments", "engagements", "views", "clicks", "orders")


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One look at the read model. Rates are per second, `history` holds the last minute of each, oldest first."""

    elapsed_seconds: float
    total_seconds: float | None
    campaign: CampaignRollup | None
    influencers: list[InfluencerRollup]
    workers: list[WorkerHealth]
    per_second: dict[str, float] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
    giveaway: GiveawayRollup | None = None
    alerts: list[Alert] = field(default_factory=list)
    """What is open now, the newest first."""
    delivered: dict[str, int] | None = None
    """Events that came as signed deliveries through the gateway, by platform; None without one."""
    moved: dict[str, int] = field(default_factory=dict)
    """Places an influencer has gained (positive) or lost since about ten seconds ago."""


class Observer:
    """Looks at the read model again and again, and remembers what rates and movements need.

    Args:
        read_model: Where to look.
        campaign_id: The campaign shown; when absent, the first that has numbers.
        places: How many influencers are read.
    """

    def __init__(self, read_model: ReadModel, campaign_id: str | None = None, places: int = 50) -> None:
        self._read_model = read_model
        self._campaign_id = campaign_id
        self._places = places
        self._histories = {name: RateHistory() for name in RATES}
        self._orders: list[tuple[float, dict[str, int]]] = []

    def look(self, elapsed_seconds: float, total_seconds: float | None) -> Frame:
        """Read everything one picture needs.

        Raises:
            ReadModelError: Redis is away, or its content cannot be read.
        """
        if self._campaign_id is None:
            self._campaign_id = next(iter(self._read_model.campaign_ids()), None)
        campaign = None if self._campaign_id is None else self._read_model.campaign(self._campaign_id)
        giveaways = [] if self._campaign_id is None else self._read_model.giveaways(self._campaign_id)
        influencers: list[InfluencerRollup] = []
        if self._campaign_id is not None:
            leaders = self._read_model.leaders(self._campaign_id, "1h", "engagements", self._places)
            influencers = self._read_model.influencers(self._campaign_id, leaders)
            # Scores and rollups are read one after the other and may be a flush apart.
            influencers.sort(key=lambda each: (-each.windows["1h"].engagements, each.influencer_id))
        workers = self._read_model.workers()
        total = campaign.windows["total"] if campaign is not None else WindowStats()
        totals = {
            "events": sum(worker.events_total for worker in workers),
            "comments": total.comments,
            "engagements": total.engagements,
            "views": total.views,
            "clicks": total.clicks,
            "orders": total.purchases,
        }
        if campaign is not None:
            for name, history in self._histories.items():
                history.look(elapsed_seconds, totals[name])
        return Frame(
            elapsed_seconds=elapsed_seconds,
            total_seconds=total_seconds,
            campaign=campaign,
            influencers=influencers,
            workers=workers,
            giveaway=giveaways[0] if giveaways else None,
            alerts=[] if self._campaign_id is None else self._read_model.alerts(self._campaign_id),
            per_second={name: history.per_second for name, history in self._histories.items()},
            history={name: history.rates for name, history in self._histories.items()},
            moved=self._moved(elapsed_seconds, [each.influencer_id for each in influencers]),
        )

    def _moved(self, at_seconds: float, order: list[str]) -> dict[str, int]:
        places = {influencer_id: place for place, influencer_id in enumerate(order)}
        self._orders.append((at_seconds, places))
        while len(self._orders) > 1 and self._orders[1][0] <= at_seconds - 10.0:
            self._orders.pop(0)
        before = self._orders[0][1]
        return {each: before[each] - place for each, place in places.items() if each in before}
