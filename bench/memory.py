"""Memory of one worker with 10,000 continuously active influencers, and a scrape with 5,000.

The worker recovers a day of everybody from its changelog (``bench.full_day``), then each of them gets one more comment,
so that every record is written again. The clock of the worker stands at the end of that day.
"""

import time
from statistics import median
from typing import Final

import msgspec
import numpy as np

from agents.broker.topic_admin import changelog_topic
from agents.settings import Settings
from agents.stages.definitions import encode_definition
from bench.figures import Figure, Say, at_most
from bench.full_day import END_MS, changelog, definitions, moments, one_comment_each
from bench.load import Batches
from bench.stack import PARTITIONS, Cores, Stack, peak_bytes, resident_bytes
from models.topics import DEFINITIONS
from streams.columns.idset import IdSet

NAME: Final = "memory"
INFLUENCERS: Final = 10_000
SCRAPED: Final = 5_000
_GIGABYTE: Final = 1e9
_DEDUPE_IDS: Final = 20_000_000
_SCRAPES: Final = 9
_LEAST: Final = 10


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Fill a worker of 10,000 influencers (or of as many as ``events`` allow), then scrape one of half as many."""
    influencers = INFLUENCERS if events is None else max(_LEAST, min(INFLUENCERS, events // len(moments(0))))
    full = _fill(where, influencers, say)
    scraped = _fill(where, min(SCRAPED, influencers), say)
    ids = IdSet()
    random = np.random.default_rng(5)
    for _ in range(100):
        ids.add(random.integers(1, 2**64 - 1, _DEDUPE_IDS // 20 // 100, dtype=np.uint64))
    per_id = ids.bytes_used / len(ids)
    gigabytes = Figure(
        benchmark=NAME,
        name=f"peak with {influencers:,} active influencers",
        value=full.peak_bytes / _GIGABYTE,
        unit="GB",
        note=f"a day of each in every pane, recovered and rewritten; {full.resident_bytes / _GIGABYTE:.2f} GB at rest",
    )
    return [
        at_most(gigabytes, 2.0, "2 GB"),
        Figure(
            benchmark=NAME,
            name="20 million remembered ids",
            value=_DEDUPE_IDS * per_id / _GIGABYTE,
            unit="GB",
            note=f"{per_id:.1f} bytes an id, by the tables of 1 million ids; comes on top when the horizon is full",
        ),
        at_most(
            Figure(
                benchmark=NAME,
                name=f"scrape with {min(SCRAPED, influencers):,} influencers",
                value=scraped.scrape_seconds * 1000,
                unit="ms",
                note=f"median of {_SCRAPES}, {scraped.series:,} series, {scraped.scrape_bytes / 1e6:.1f} MB",
            ),
            200.0,
            "200 ms",
        ),
    ]


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A worker after its day."""

    peak_bytes: float
    resident_bytes: float
    scrape_seconds: float
    scrape_bytes: int
    series: int


def _fill(where: Cores, influencers: int, say: Say) -> Filled:
    campaigns = definitions(influencers)
    with Stack(where, CLOCK=str(END_MS)) as stack:
        stack.run("topics", "agents.cli", "topics")
        stack.publish(DEFINITIONS, [(each.campaign_id.encode(), encode_definition(each)) for each in campaigns])
        say(f"making a day of {influencers:,} influencers")
        Batches(list(changelog(changelog_topic(Settings()), campaigns, PARTITIONS)), PARTITIONS).send(
            stack.broker.bootstrap
        )
        say("starting a worker on it")
        worker = stack.start_worker()
        stack.wait_quiet(worker)
        more = one_comment_each(campaigns)
        Batches(more, PARTITIONS).send(stack.broker.bootstrap)
        stack.wait_counted(worker, len(more))
        say("all counted; waiting until everything is written")
        stack.wait_quiet(worker)
        took = []
        body = b""
        for _ in range(_SCRAPES):
            began = time.perf_counter()
            body = stack.get("/metrics")
            took.append(time.perf_counter() - began)
        return Filled(
            peak_bytes=peak_bytes(worker.pid),
            resident_bytes=resident_bytes(worker.pid),
            scrape_seconds=median(took),
            scrape_bytes=len(body),
            series=sum(1 for line in body.splitlines() if not line.startswith(b"#")),
        )
