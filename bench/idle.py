"""What a nearly idle influencer costs: events of made-up campaigns, one each, through both stages, in one process.

A stranger who makes ids up gives each of them one event. The first stage (row, panes, sketch), the copy of the
changelog in memory, and the second stage (campaign, member) are measured one after the other, by the memory of the
process. There is no broker.
"""

import gc
import os
from typing import Final

import msgspec

from agents.state.stores import MemoryStore
from bench.figures import Figure, Say, at_most
from bench.stack import Cores, resident_bytes
from models.times import HOUR_MS, MINUTE_MS
from models.topics import COMMENTS
from streams.changelog.keys import row_key
from streams.events.registry import Registry
from streams.pipeline.pipeline import Pipeline
from streams.pipeline.records import FileRecord
from streams.sentiment.scorers import make_scorer
from streams.statistics.campaigns import CampaignBoard
from streams.statistics.snapshots import describe

NAME: Final = "idle"
ROWS: Final = 20_000
MOST_ROW_KB: Final = 15.0
"""Of the first stage; docs/memory.md states it."""
MOST_CAMPAIGN_KB: Final = 12.0
"""Of the second stage, for a campaign with one member; docs/memory.md states it."""
_NOW_MS: Final = 1_776_528_300_000
_AT_A_TIME: Final = 500


def comment(number: int, at_ms: int) -> bytes:
    """Return a comment of a campaign of its own."""
    return msgspec.json.encode(
        {
            "type": "comment.created",
            "event_id": f"e{number}",
            "campaign_id": f"made-up-{number}",
            "influencer_id": f"nobody-{number}",
            "platform": "instagram",
            "occurred_at": at_ms,
            "post_id": "p",
            "comment_id": f"k{number}",
            "author_id": f"a{number}",
            "text": "hello",
        }
    )


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Measure; ``events`` is how many influencers there are, with one event each."""
    rows = (events or ROWS) // _AT_A_TIME * _AT_A_TIME
    pipeline = Pipeline(make_scorer("textblob"), 1)
    state = pipeline.assign(0)
    board, copy = CampaignBoard(), MemoryStore()
    began = _resident_bytes()
    for start in range(0, rows, _AT_A_TIME):
        at_ms = _NOW_MS - HOUR_MS + start * MINUTE_MS // _AT_A_TIME
        records = [FileRecord(start + each, None, comment(start + each, at_ms)) for each in range(_AT_A_TIME)]
        state.apply(COMMENTS, records, _NOW_MS)
        state.closed.take()
        state.take_changed()
    first = _resident_bytes()
    say(f"{rows:,} rows: {(first - began) / 1e6:,.0f} MB")
    for row in range(rows):
        copy.apply(0, [(row_key(0, *state.influencers.keys[row]), state.record_of(row))], None)
    copied = _resident_bytes()
    for start in range(0, rows, _AT_A_TIME):
        for _, snapshot in describe(state.influencers, Registry(), range(start, start + _AT_A_TIME)):
            board.put(snapshot, start)
    board.take_changed(Registry())
    second = _resident_bytes()
    several = f"{rows:,} campaigns with one event each"

    def figure(name: str, used_bytes: float) -> Figure:
        return Figure(benchmark=NAME, name=name, value=used_bytes / rows / 1000, unit="kB", note=several)

    return [
        at_most(figure("an influencer with one event", first - began), MOST_ROW_KB, f"{MOST_ROW_KB:g} kB"),
        figure("its copy of the changelog", copied - first),
        at_most(
            figure("a campaign with one member, second stage", second - copied),
            MOST_CAMPAIGN_KB,
            f"{MOST_CAMPAIGN_KB:g} kB",
        ),
    ]


def _resident_bytes() -> float:
    gc.collect()
    return resident_bytes(os.getpid())
