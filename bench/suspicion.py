"""A look for suspicious entrants, as a worker has it made: the process that reads a whole ledger. CPU, time, memory."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Final

import msgspec
from aiokafka import AIOKafkaProducer

from agents.broker.topic_admin import LARGEST_MESSAGE_BYTES, ensure_topics
from agents.settings import Settings
from agents.stages.suspicion_pass import PassRequest, PassResult
from bench.figures import Figure, Say
from bench.giveaway_simulation import HOURS, SPAN_MS, START_MS, simulate
from bench.stack import Cores, Stack
from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.events import CommentCreated, Event
from models.giveaway import GiveawayRules
from models.topics import COMMENTS, ENTRIES
from streams.ledger.collector import blocks_of
from streams.ledger.fact_records import records_of

NAME: Final = "suspicion"
COMMENTS_MADE: Final = 1_000_000
_A_FLUSH: Final = 20_000
_SEED: Final = 11


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Measure one pass over a ledger of ``events`` made-up comments (a million by default)."""
    say("making comments")
    records = list(_ledger(events or COMMENTS_MADE))
    with Stack(where) as stack:
        settings = Settings(broker=stack.broker.bootstrap, redis_url=stack.redis_server.url, partitions=1)
        ensure_topics(settings)
        asyncio.run(_send(settings, records))
        say("looking for suspicious entrants")
        request = msgspec.json.encode(PassRequest(asdict(settings), [_definition()])) + b"\n"
        began = perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "agents.stages.suspicion_pass"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("a child without pipes")
        child.stdin.write(request)
        child.stdin.flush()
        answer = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = perf_counter() - began
        child.stdin.close()
        child.stdout.close()
    if status != 0:
        raise RuntimeError(f"the pass failed: {os.waitstatus_to_exitcode(status)}")
    numbers = msgspec.json.decode(answer, type=PassResult).numbers[""]
    what = f"{events or COMMENTS_MADE:,} comments, {numbers.suspicious_entrants:,} suspects, list in Redis"
    cpu = usage.ru_utime + usage.ru_stime
    # Linux counts kilobytes.
    memory = usage.ru_maxrss / 1024
    return [
        Figure(benchmark=NAME, name="look at a whole ledger", value=cpu, unit="CPU s", note=what),
        Figure(benchmark=NAME, name="the same, elapsed", value=seconds, unit="s", note="reading Kafka included"),
        Figure(benchmark=NAME, name="memory of the process", value=memory, unit="MiB", note="largest resident set"),
    ]


def _definition() -> CampaignDefinition:
    opens = datetime.fromtimestamp(START_MS / 1000, UTC)
    closes = opens + timedelta(hours=HOURS)
    return CampaignDefinition(
        campaign_id="bench",
        name="Bench",
        starts_at=opens,
        ends_at=closes,
        influencers=(InfluencerDefinition(influencer_id="ana", handle="ana", platform="tiktok"),),
        giveaway=GiveawayRules(opens_at=opens, closes_at=closes),
    )


def _ledger(comments: int) -> Iterator[tuple[bytes, bytes]]:
    """Make the records of a ledger: the comments in the order of time, as flushes write them."""
    made = simulate(_SEED, comments)
    rows = sorted(made.comments)
    for start in range(0, len(rows), _A_FLUSH):
        some = rows[start : start + _A_FLUSH]
        found: list[Event] = [
            CommentCreated(
                event_id=str(start + place),
                campaign_id="bench",
                platform="tiktok",
                influencer_id="ana",
                occurred_at=min(max(at, START_MS), START_MS + SPAN_MS - 1),
                comment_id=str(start + place),
                post_id="post",
                author_id=str(person),
                author_handle=made.handles[person],
                text=text,
            )
            for place, (at, person, text) in enumerate(some)
        ]
        for block in blocks_of("bench", COMMENTS, found, first_offset=start):
            yield from records_of(block)


async def _send(settings: Settings, records: list[tuple[bytes, bytes]]) -> None:
    connection = settings.kafka_connection.aiokafka_arguments()
    producer = AIOKafkaProducer(**connection, max_request_size=LARGEST_MESSAGE_BYTES)
    await producer.start()
    try:
        for key, value in records:
            await producer.send_and_wait(ENTRIES, key=key, value=value, partition=0)
    finally:
        await producer.stop()
