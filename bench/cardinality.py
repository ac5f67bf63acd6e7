"""How many series four workers show for 50 campaigns with 200 influencers each, and how long a scrape takes.

Workers of the product with their real collectors and their share of the partitions, in one process and without a
broker: what a scrape shows depends on the state alone. Every influencer has posts, comments, clicks and orders in two
currencies in every window, so that no ratio is absent; every campaign has a giveaway whose numbers are there under
every reason. Then the same with one worker that holds everything, as when three of four are gone: a scrape that breaks
``sample_limit`` or takes longer than ``scrape_timeout`` would be refused, and nothing of that worker be seen.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

from msgspec import Struct
from prometheus_client import CollectorRegistry

from agents.broker.topic_admin import topic_specs
from agents.metrics.exposition import exposition
from agents.settings import Settings
from agents.simulator.definitions import synthetic_definitions
from agents.state.stores import MemoryStore
from agents.worker.build import Worker
from bench.figures import Figure, Say, at_most
from bench.stack import Cores
from models.campaigns import CampaignDefinition
from models.giveaway import ENTRY_REASONS
from models.rollups import GiveawayRollup
from models.suspicion import SUSPICION_REASONS, SuspicionNumbers
from models.times import HOUR_MS
from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.events.partitioning import partition_of
from streams.giveaway.board import GiveawayBoard
from streams.pipeline.records import FileRecord

NAME: Final = "cardinality"
CAMPAIGNS: Final = 50
INFLUENCERS: Final = 200
WORKERS: Final = 4
PARTITIONS: Final = 8
MOST_SERIES: Final = 260_000
"""Of all four workers, with the default label cap and a giveaway in each campaign; docs/metrics.md states it."""
LONGEST_SCRAPE_MS: Final = 1_000.0
"""Of one of four workers; docs/metrics.md states it."""
SAMPLE_LIMIT: Final = 200_000
"""Of prometheus/prometheus.yml and k8s/monitoring.yaml: above one worker that holds everything."""
SCRAPE_TIMEOUT_MS: Final = 4_000.0
"""Of the same files."""
_NOW_MS: Final = 1_776_528_300_000
_SCRAPES: Final = 7


class Shown(Struct, frozen=True, kw_only=True):
    """What one worker's scrapes were like; ``giveaways`` are those of its series that are about giveaways."""

    series: int
    giveaways: int
    scrape_bytes: int
    scrape_seconds: float


def definitions() -> list[CampaignDefinition]:
    """Return the campaigns, under way."""
    begin = datetime.fromtimestamp(_NOW_MS / 1000, UTC) - timedelta(hours=2)
    return synthetic_definitions(CAMPAIGNS * INFLUENCERS, CAMPAIGNS, 5, begin, timedelta(hours=6))


class FullBoard(GiveawayBoard):
    """Giveaways whose numbers are all there: the whole and every influencer, under each reason."""

    def __init__(self, campaigns: list[CampaignDefinition]) -> None:
        super().__init__()
        suspicion = SuspicionNumbers(as_of_ms=_NOW_MS, reasons=dict.fromkeys(SUSPICION_REASONS, 1))
        self._full = [
            GiveawayRollup(
                campaign_id=campaign.campaign_id,
                influencer_id=who,
                as_of_ms=_NOW_MS,
                status="open",
                opens_ms=_NOW_MS - HOUR_MS,
                closes_ms=_NOW_MS + HOUR_MS,
                time_left_ms=HOUR_MS,
                invalid_entries=dict.fromkeys(ENTRY_REASONS, 1),
                tagged_friends=1,
                suspicion=suspicion,
            )
            for campaign in campaigns
            for who in ("", *(each.influencer_id for each in campaign.influencers))
        ]

    def shown(self) -> list[GiveawayRollup]:
        """Return the numbers."""
        return self._full


def scrape(campaigns: list[CampaignDefinition], number: int, workers: int = WORKERS, times: int = 1) -> Shown:
    """Fill one of the workers with its influencers' events and its campaigns' giveaways, and scrape it some times."""
    settings = Settings(partitions=PARTITIONS)
    registry = CollectorRegistry()
    topics = {spec.name: PARTITIONS for spec in topic_specs(settings)}
    worker = Worker(settings, topics, registry, lambda: _NOW_MS, MemoryStore())
    pipeline = worker.pipeline
    mine = range(number, PARTITIONS, workers)
    worker.entries.board = FullBoard([each for each in campaigns if partition_of(each.campaign_id, PARTITIONS) in mine])
    for partition in mine:
        pipeline.assign(partition)
    records: dict[tuple[str, int], list[FileRecord]] = {}
    for campaign in campaigns:
        pipeline.define(campaign)
        for influencer in campaign.influencers:
            who = influencer.influencer_id
            partition = partition_of(who, PARTITIONS)
            if partition in mine:
                for topic, value in _events(campaign.campaign_id, who, influencer.platform):
                    batch = records.setdefault((topic, partition), [])
                    batch.append(FileRecord(len(batch), who.encode(), value.encode()))
    for (topic, partition), batch in records.items():
        pipeline.apply(topic, partition, batch, _NOW_MS)
    took, body = [], b""
    for _ in range(times):
        began = time.perf_counter()
        body = exposition(registry)
        took.append(time.perf_counter() - began)
    samples = [line for line in body.splitlines() if not line.startswith(b"#")]
    return Shown(
        series=len(samples),
        giveaways=sum(1 for line in samples if line.startswith(b"campaign_giveaway_")),
        scrape_bytes=len(body),
        scrape_seconds=median(took),
    )


def _events(campaign: str, who: str, platform: str) -> Iterator[tuple[str, str]]:
    common = (
        f'"campaign_id":"{campaign}","influencer_id":"{who}","platform":"{platform}","occurred_at":{_NOW_MS - 1000}'
    )
    for number in range(2):
        count = 100 * (number + 1)
        yield (
            POSTS,
            f'{{"type":"post.metrics","event_id":"{who}-m{number}",{common},"post_id":"p","likes":{count},"shares":{count},'
            f'"saves":{count},"comments":{count},"views":{count * 20},"reach":{count * 10},"followers":12000}}',
        )
    yield (
        COMMENTS,
        f'{{"type":"comment.created","event_id":"{who}-c",{common},"post_id":"p","comment_id":"{who}-c",'
        f'"author_id":"{who}-a","text":"Count me in"}}',
    )
    yield CONVERSIONS, f'{{"type":"click","event_id":"{who}-k",{common}}}'
    for currency in ("EUR", "GBP"):
        # An order as it reaches its influencer: it is at home in the partition of its own id.
        yield (
            CONVERSIONS,
            f'{{"type":"order.booked","event_id":"{who}-{currency}",{common},"order_id":"{who}-{currency}",'
            f'"changes":[[{_NOW_MS - 1000},"{currency}",1,19900000,0,0,0,0]]}}',
        )


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Scrape all four workers, one after the other, then one that holds everything; ``events`` changes nothing here."""
    campaigns = definitions()
    shown = []
    for worker in range(WORKERS):
        say(f"worker {worker + 1} of {WORKERS}")
        shown.append(scrape(campaigns, worker, times=_SCRAPES))
    say("one worker with everything")
    alone = scrape(campaigns, 0, workers=1, times=_SCRAPES)
    what = f"{CAMPAIGNS} campaigns with {INFLUENCERS} influencers and a giveaway each"
    slowest = max(shown, key=lambda each: each.scrape_seconds)
    return [
        at_most(
            Figure(
                benchmark=NAME,
                name="series of all workers",
                value=float(sum(each.series for each in shown)),
                unit="series",
                note=f"{what}, {WORKERS} workers, label cap {Settings().label_cap}; "
                f"{sum(each.giveaways for each in shown):,} of them giveaways",
            ),
            MOST_SERIES,
            f"{MOST_SERIES:,}",
        ),
        at_most(
            Figure(
                benchmark=NAME,
                name="slowest worker's scrape",
                value=slowest.scrape_seconds * 1000,
                unit="ms",
                note=_scrape_note(slowest),
            ),
            LONGEST_SCRAPE_MS,
            f"{LONGEST_SCRAPE_MS:,.0f} ms",
        ),
        at_most(
            Figure(
                benchmark=NAME,
                name="series of one worker with everything",
                value=float(alone.series),
                unit="series",
                note=f"the same campaigns; {alone.giveaways:,} of them giveaways; the target is `sample_limit`",
            ),
            SAMPLE_LIMIT,
            f"{SAMPLE_LIMIT:,}",
        ),
        at_most(
            Figure(
                benchmark=NAME,
                name="its scrape",
                value=alone.scrape_seconds * 1000,
                unit="ms",
                note=f"{_scrape_note(alone)}; the target is `scrape_timeout`",
            ),
            SCRAPE_TIMEOUT_MS,
            f"{SCRAPE_TIMEOUT_MS:,.0f} ms",
        ),
    ]


def _scrape_note(shown: Shown) -> str:
    return f"median of {_SCRAPES}, {shown.series:,} series, {shown.scrape_bytes / 1e6:.1f} MB"
