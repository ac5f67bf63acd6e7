"""How many series four workers show for 50 campaigns with 200 influencers each, and how long a scrape takes.

Four workers of the product with their real collectors and their share of the partitions, in one process and without a
broker: what a scrape shows depends on the state alone. Every influencer has posts, comments, clicks and orders in two
currencies in every window, so that no ratio is absent.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

from msgspec import Struct
from prometheus_client import CollectorRegistry

from agents.app import build_app
from agents.exposition import exposition
from agents.settings import Settings
from agents.simulator.definitions import synthetic_definitions
from agents.state_store import MemoryStore
from agents.topic_admin import topic_specs
from bench.figures import Figure, Say, at_most
from bench.stack import Cores
from models.campaigns import CampaignDefinition
from streams.batch import FileRecord
from streams.partitioning import partition_of
from streams.topics import COMMENTS, CONVERSIONS, POSTS
from tools import docs_metrics

NAME: Final = "cardinality"
CAMPAIGNS: Final = 50
INFLUENCERS: Final = 200
WORKERS: Final = 4
PARTITIONS: Final = 8
MOST_SERIES: Final = 250_000
"""Of all four workers, with the default label cap and a giveaway in each campaign; docs/metrics.md states it."""
LONGEST_SCRAPE_MS: Final = 1_000.0
_NOW_MS: Final = 1_776_528_300_000
_SCRAPES: Final = 7


class Shown(Struct, frozen=True, kw_only=True):
    """What one worker's scrapes were like."""

    series: int
    scrape_bytes: int
    scrape_seconds: float


def definitions() -> list[CampaignDefinition]:
    """Return the campaigns, under way."""
    begin = datetime.fromtimestamp(_NOW_MS / 1000, UTC) - timedelta(hours=2)
    return synthetic_definitions(CAMPAIGNS * INFLUENCERS, CAMPAIGNS, 5, begin, timedelta(hours=6))


def scrape(campaigns: list[CampaignDefinition], worker: int) -> Shown:
    """Fill one of the workers with its influencers' events and scrape it."""
    settings = Settings(partitions=PARTITIONS)
    registry = CollectorRegistry()
    topics = {spec.name: PARTITIONS for spec in topic_specs(settings)}
    app = build_app(settings, topics, registry, lambda: _NOW_MS, MemoryStore())
    pipeline = app.pulse.pipeline
    mine = range(worker, PARTITIONS, WORKERS)
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
    for _ in range(_SCRAPES):
        began = time.perf_counter()
        body = exposition(registry)
        took.append(time.perf_counter() - began)
    return Shown(
        series=sum(1 for line in body.splitlines() if not line.startswith(b"#")),
        scrape_bytes=len(body),
        scrape_seconds=median(took),
    )


def giveaway_series() -> int:
    """Return how many series the giveaways of all campaigns have at most, on whichever worker they are."""
    for_each, once = docs_metrics.giveaway_series()
    return CAMPAIGNS * ((Settings().label_cap + 1) * for_each + once)


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
        yield (
            CONVERSIONS,
            f'{{"type":"purchase","event_id":"{who}-{currency}",{common},"order_id":"{who}","amount":"19.90",'
            f'"currency":"{currency}"}}',
        )


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Scrape all four workers, one after the other; ``events`` changes nothing here."""
    campaigns = definitions()
    shown = []
    for worker in range(WORKERS):
        say(f"worker {worker + 1} of {WORKERS}")
        shown.append(scrape(campaigns, worker))
    what = f"{CAMPAIGNS} campaigns with {INFLUENCERS} influencers each, {WORKERS} workers"
    most = max(each.series for each in shown)
    return [
        at_most(
            Figure(
                benchmark=NAME,
                name="series of all workers",
                value=float(sum(each.series for each in shown) + giveaway_series()),
                unit="series",
                note=f"{what}, label cap {Settings().label_cap}; {giveaway_series():,} are the bound of the giveaways,"
                f" at most {most:,} of the rest a worker",
            ),
            MOST_SERIES,
            f"{MOST_SERIES:,}",
        ),
        at_most(
            Figure(
                benchmark=NAME,
                name="slowest worker's scrape",
                value=max(each.scrape_seconds for each in shown) * 1000,
                unit="ms",
                note=f"median of {_SCRAPES}, {max(each.scrape_bytes for each in shown) / 1e6:.1f} MB",
            ),
            LONGEST_SCRAPE_MS,
            f"{LONGEST_SCRAPE_MS:,.0f} ms",
        ),
    ]
