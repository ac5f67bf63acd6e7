"""Prometheus metrics of giveaways, as the board last showed them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from models.giveaway import ENTRY_REASONS
from models.rollups import GiveawayRollup
from models.suspicion import SUSPICION_REASONS
from streams.events.registry import Registry

_LABELS: Final = ("campaign", "influencer")
# Field of the rollup, metric, text. Names are written out, so that a search for a metric finds its home.
_GAUGES: Final = (
    ("entries", "campaign_giveaway_entries", "Comments on giveaway posts, whatever became of them."),
    ("valid_entries", "campaign_giveaway_valid_entries", "Entries that give their person a chance."),
    ("unique_entrants", "campaign_giveaway_unique_entrants", "People with an entry that keeps every rule."),
    ("duplicate_entries", "campaign_giveaway_duplicate_entries", "Entries of people who have their chance already."),
    ("withdrawn_entries", "campaign_giveaway_withdrawn_entries", "Entries whose comment was deleted."),
    ("tagged_friends", "campaign_giveaway_tagged_friends", "Distinct people tagged in entries."),
    ("chances", "campaign_giveaway_chances", "Lots in the draw, bonus included."),
    ("entries_per_minute", "campaign_giveaway_entries_per_minute", "Entries made in the last minute."),
    (
        "approximate",
        "campaign_giveaway_approximate",
        "1 beyond a million people, when the numbers are estimates.",
    ),
)
_TIMES: Final = (
    ("opens_ms", "campaign_giveaway_opens_timestamp_seconds", "When the giveaway opens."),
    ("closes_ms", "campaign_giveaway_closes_timestamp_seconds", "When the giveaway closes."),
)


class ShownGiveaways(Protocol):
    """What has the numbers of giveaways as they were last shown."""

    def shown(self) -> Sequence[GiveawayRollup]:
        """Return them."""


class GiveawayCollector(Collector):
    """Collects the numbers of a worker's giveaways.

    Args:
        board: returns what has the numbers; asked at each scrape, for a benchmark puts another one in its place.
        registry: returns the definitions in force.
        label_cap: how many influencers of a campaign have labels of their own; others have no giveaway metrics.
    """

    def __init__(self, board: Callable[[], ShownGiveaways], registry: Callable[[], Registry], label_cap: int) -> None:
        self._board = board
        self._registry = registry
        self._label_cap = label_cap

    def describe(self) -> list[Metric]:
        """Return nothing: the registry need not look at the state when it is built."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return every family; called by a scrape."""
        named = {
            (campaign_id, name)
            for campaign_id, index in self._registry().campaigns.items()
            for name in ("", *list(index.influencers)[: self._label_cap])
        }
        shown = [each for each in self._board().shown() if (each.campaign_id, each.influencer_id) in named]
        for field, name, text in _GAUGES:
            gauge = GaugeMetricFamily(name, text, labels=_LABELS)
            for rollup in shown:
                value = getattr(rollup, field)
                if value is not None:
                    gauge.add_metric((rollup.campaign_id, rollup.influencer_id), value)
            yield gauge
        yield from _reasons(shown)
        for field, name, text in _TIMES:
            gauge = GaugeMetricFamily(name, text, labels=_LABELS)
            for rollup in shown:
                if not rollup.influencer_id:
                    gauge.add_metric((rollup.campaign_id, ""), getattr(rollup, field) / 1000)
            yield gauge


def _reasons(shown: Sequence[GiveawayRollup]) -> Iterator[Metric]:
    """Return why entries are invalid and entrants suspected; a giveaway itself has every reason, from 0 on."""
    invalid = GaugeMetricFamily(
        "campaign_giveaway_invalid_entries", "Entries that break a rule, by the first.", labels=(*_LABELS, "reason")
    )
    suspicious = GaugeMetricFamily(
        "campaign_giveaway_suspicious_entrants",
        "Entrants who are suspected, under each of their reasons; as of the last pass over the ledger.",
        labels=(*_LABELS, "reason"),
    )
    for rollup in shown:
        labels = (rollup.campaign_id, rollup.influencer_id)
        for reason in ENTRY_REASONS:
            number = rollup.invalid_entries.get(reason, 0)
            if number or not rollup.influencer_id:
                invalid.add_metric((*labels, reason), number)
        if rollup.suspicion is not None:
            for suspicion in SUSPICION_REASONS:
                number = rollup.suspicion.reasons.get(suspicion, 0)
                if number or not rollup.influencer_id:
                    suspicious.add_metric((*labels, suspicion), number)
    yield invalid
    yield suspicious
