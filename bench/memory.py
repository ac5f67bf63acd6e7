"""Memory of one worker with 10,000 continuously active influencers, and a scrape with 5,000.

Every influencer comments through a whole day so that every pane of every window is filled: each quarter of an hour of
the day, each minute of the last hour and each 5 seconds of the last five minutes; two posts report a snapshot each
quarter of an hour; there are clicks and orders. The clock of the worker stands at the end of that day.
"""

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

import msgspec
import numpy as np

from agents.definition_feed import encode_definition
from agents.simulator.definitions import synthetic_definitions
from bench.figures import Figure, Say, at_most
from bench.load import Batches, Event
from bench.stack import PARTITIONS, Cores, Stack, peak_bytes, resident_bytes
from models.campaigns import CampaignDefinition, InfluencerDefinition
from streams.idset import IdSet
from streams.topics import COMMENTS, CONVERSIONS, DEFINITIONS, POSTS

NAME: Final = "memory"
INFLUENCERS: Final = 10_000
SCRAPED: Final = 5_000
_CAMPAIGNS: Final = 10
_DAY_MS: Final = 86_400_000
_END_MS: Final = 1_767_225_600_000
_QUARTER_MS: Final = 900_000
_GIGABYTE: Final = 1e9
_DEDUPE_IDS: Final = 20_000_000
_SCRAPES: Final = 9
_TEXTS: Final = ("Done ✅", "Love it ❤️", "This is rigged", "Count me in", "when does it end?", "Participo! 🍀")


def moments(phase_ms: int) -> list[int]:
    """Return one moment in every pane of every window, ascending."""
    day = range(_END_MS - _DAY_MS + phase_ms, _END_MS, _QUARTER_MS)
    hour = range(_END_MS - 3_600_000 + phase_ms % 60_000, _END_MS, 60_000)
    last = range(_END_MS - 300_000 + phase_ms % 5_000, _END_MS, 5_000)
    return sorted((*day, *hour, *last))


def definitions(influencers: int) -> list[CampaignDefinition]:
    """Return made-up campaigns over the day."""
    begin = datetime.fromtimestamp((_END_MS - _DAY_MS) / 1000, UTC)
    return synthetic_definitions(influencers, _CAMPAIGNS, 3, begin, timedelta(days=2))


def _between(times: Sequence[int], begin_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
    first, last = bisect_left(times, begin_ms), bisect_left(times, end_ms)
    return zip(range(first, last), times[first:last], strict=True)


class Person:
    """One influencer, and what happens to it when."""

    def __init__(self, number: int, campaign_id: str, influencer: InfluencerDefinition) -> None:
        self.number = number
        self.key = influencer.influencer_id.encode()
        phase_ms = number * 7919 % _QUARTER_MS
        self._comments = moments(phase_ms)
        self._quarters = range(_END_MS - _DAY_MS + phase_ms, _END_MS, _QUARTER_MS)
        self._who = (
            f'"campaign_id":"{campaign_id}","influencer_id":"{influencer.influencer_id}",'
            f'"platform":"{influencer.platform}"'
        )

    def events(self, begin_ms: int, end_ms: int) -> Iterator[Event]:
        """Yield the events of one stretch of the day."""
        number, who = self.number, self._who
        for index, at_ms in _between(self._comments, begin_ms, end_ms):
            text = _TEXTS[(number + index) % len(_TEXTS)]
            value = (
                f'{{"type":"comment.created","event_id":"{number}-c{index}",{who},"occurred_at":{at_ms},'
                f'"post_id":"{number}-p{index % 2}","comment_id":"{number}-c{index}","author_id":"a{number}-{index}",'
                f'"text":"{text}"}}'
            )
            yield Event(COMMENTS, self.key, value.encode(), at_ms)
        for index, at_ms in _between(self._quarters, begin_ms, end_ms):
            for post in range(2):
                count = 100 + 7 * index
                value = (
                    f'{{"type":"post.metrics","event_id":"{number}-m{index}-{post}",{who},"occurred_at":{at_ms},'
                    f'"post_id":"{number}-p{post}","likes":{count},"comments":{index},"shares":{index},"saves":{index},'
                    f'"views":{20 * count},"reach":{15 * count}}}'
                )
                yield Event(POSTS, self.key, value.encode(), at_ms)
            kind = '"purchase","order_id":"o","amount":"49.90","currency":"EUR"' if index % 12 == 0 else '"click"'
            value = f'{{"type":{kind},"event_id":"{number}-v{index}",{who},"occurred_at":{at_ms}}}'
            yield Event(CONVERSIONS, self.key, value.encode(), at_ms)


def portions(campaigns: list[CampaignDefinition], since_ms: int) -> Iterator[list[Event]]:
    """Yield the events since a moment, a quarter of an hour at a time: as they would have come."""
    named = [(campaign.campaign_id, influencer) for campaign in campaigns for influencer in campaign.influencers]
    people = [Person(number, *who) for number, who in enumerate(named)]
    for begin_ms in range(since_ms, _END_MS, _QUARTER_MS):
        events = [event for person in people for event in person.events(begin_ms, begin_ms + _QUARTER_MS)]
        yield sorted(events, key=lambda event: event.due_ms)


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Fill a worker of 10,000 influencers (or of as many as ``events`` allow), then scrape one of half as many."""
    each = len(moments(0)) + 3 * (_DAY_MS // _QUARTER_MS)
    influencers = INFLUENCERS if events is None else max(_CAMPAIGNS, min(INFLUENCERS, events // each))
    full = _fill(where, influencers, _END_MS - _DAY_MS, say)
    scraped = _fill(where, min(SCRAPED, influencers), _END_MS - _QUARTER_MS, say)
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
        note=f"{full.events:,} events of one day, all remembered; {full.resident_bytes / _GIGABYTE:.2f} GB at rest",
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

    events: int
    peak_bytes: float
    resident_bytes: float
    scrape_seconds: float
    scrape_bytes: int
    series: int


def _fill(where: Cores, influencers: int, since_ms: int, say: Say) -> Filled:
    campaigns = definitions(influencers)
    with Stack(where, CLOCK=str(_END_MS)) as stack:
        stack.run("topics", "agents.cli", "topics")
        stack.publish(DEFINITIONS, [(each.campaign_id.encode(), encode_definition(each)) for each in campaigns])
        say(f"starting a worker for {influencers:,} influencers")
        worker = stack.start_worker()
        sent = 0
        for portion in portions(campaigns, since_ms):
            Batches(portion, PARTITIONS).send(stack.broker.bootstrap)
            sent += len(portion)
        say(f"{sent:,} events sent for {influencers:,} influencers")
        stack.wait_counted(worker, sent)
        say("all counted; waiting until everything is written")
        stack.wait_quiet(worker)
        took = []
        body = b""
        for _ in range(_SCRAPES):
            began = time.perf_counter()
            body = stack.get("/metrics")
            took.append(time.perf_counter() - began)
        return Filled(
            events=sent,
            peak_bytes=peak_bytes(worker.pid),
            resident_bytes=resident_bytes(worker.pid),
            scrape_seconds=median(took),
            scrape_bytes=len(body),
            series=sum(1 for line in body.splitlines() if not line.startswith(b"#")),
        )
