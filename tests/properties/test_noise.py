"""Whatever stands where a record of ours belongs is told apart where it is read; what is taken breaks nothing later.

In one process, thousands of mutations of good records of each family: what is accepted is also counted and shown.
"""

import random
from collections.abc import Callable
from functools import cache
from typing import Protocol

import msgspec
import pytest

from agents.stages.definitions import UNREADABLE, decode_change, encode_definition
from models.campaigns import CampaignDefinition
from models.times import MINUTE_MS
from models.topics import CLOSED_WINDOWS, COMMENTS, CONVERSIONS, DEFINITIONS, ENTRIES, INFLUENCER_SNAPSHOTS, POSTS
from streams.alerts.stage import AlertPartition
from streams.alerts.window_records import decode_window
from streams.changelog.checks import ChangelogRecord, read_changelog
from streams.changelog.id_segments import Segment, encode_segment
from streams.changelog.keys import Slots, fence_key, ids_key, log_key, order_key, row_key
from streams.changelog.log_positions import encode_log_position, log_position, same_log
from streams.changelog.row_records import RowRecord
from streams.changelog.slices import Cut, SlicedCheckpoints
from streams.columns.formats import UnsupportedRecord
from streams.events.registry import Registry
from streams.giveaway.board import GiveawayBoard
from streams.ledger.fact_records import FORGOTTEN_VERSION, decode_fact, encode_fact
from streams.ledger.marks import Cleared, Forgotten
from streams.orders.order import OrderKey, OrderRecord
from streams.pipeline.pipeline import Pipeline
from streams.replay import ReplayedWindow, replayed
from streams.statistics.campaigns import CampaignBoard
from streams.statistics.snapshots import describe, encode_snapshot, read_snapshot, snapshot_key
from tests.fuzz.noise import Samples, Sent, noise_of
from tests.properties.alert_crashes import window_log
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, campaign, influencer, partition_state
from tests.unit.ledgers import OPENS, block, comment
from tests.unit.streams.changelog.test_row_records import busy_state

CHANGELOG = "changelog"
EACH = 1_500
SEEDS = range(2)


def defined() -> CampaignDefinition:
    """A definition with a giveaway."""
    rules = {
        "opens_at": OPENS.isoformat(),
        "closes_at": OPENS.replace(hour=20).isoformat(),
        "hashtags": ["#win"],
        "mentions": ["@brand"],
        "friends": 1,
    }
    return campaign(influencer("ana"), influencer("ben"), giveaway=rules)


@cache
def samples() -> Samples:
    """Good records of every topic."""
    state = busy_state()
    rows = range(len(state.influencers))
    snapshots = [encode_snapshot(snapshot) for _, snapshot in describe(state.influencers, state.registry, rows)]
    names = [name for _, name in state.influencers.keys]
    log = window_log(1)
    windows = [Sent(each.key, each.value) for each in log[:60]]
    facts = [block(comment(1, "mia", "one @leo"), comment(2, "leo", "two", country="DE")), block(comment(3, "noa"))]
    mark = Forgotten(version=FORGOTTEN_VERSION, campaign_id="c", person=5, until_ms=NOON_MS)
    cut = Cut()
    alerts = AlertPartition(Registry([campaign(influencer("i0"))]), 0)
    for each in log[:200]:
        alerts.apply(each)
    for campaign_id, one in alerts.campaigns.items():
        SlicedCheckpoints().cut(0, campaign_id, one.checkpoint(alerts.log_time_ms).data, cut)
    segments = [
        Sent(ids_key(0, topic, sequence), encode_segment(segment))
        for topic, horizon in state.topics_with_horizons()
        for sequence, segment in horizon.seal(100)
    ]
    orders = [Sent(order_key(0, *key), record) for key, record in state.intake.desk.book.take_dirty()]
    return {
        INFLUENCER_SNAPSHOTS: [
            Sent(snapshot_key("c", name), value) for name, value in zip(names, snapshots, strict=True)
        ],
        CLOSED_WINDOWS: windows,
        ENTRIES: [Sent(fact.key(), encode_fact(fact)) for fact in (*facts, mark)],
        DEFINITIONS: [Sent(b"c", encode_definition(defined()))],
        CHANGELOG: [
            *(Sent(row_key(0, *state.influencers.keys[row]), state.record_of(row)) for row in rows),
            *segments,
            *orders[:5],
            *(Sent(key, value) for key, value in cut.heads),
            Sent(log_key(0, COMMENTS), encode_log_position(log_position(1, "x", 20, 10, 8))),
            Sent(fence_key(0), b"0.7"),
        ],
        "events": [
            Sent(b"ana", msgspec.json.encode({"type": "click", "campaign_id": "c"})),
            Sent(b"c", msgspec.json.encode({"event": "alert"})),
        ],
    }


class Snapshots:
    """Reads snapshots as the second stage does."""

    def __init__(self) -> None:
        self.board = CampaignBoard()
        self.offset = 0

    def take(self, sent: Sent) -> None:
        """Take a record, and show what there is."""
        self.board.put(read_snapshot(sent.key, sent.value or b""), self.offset)
        self.offset += 1
        msgspec.json.encode(self.board.take_changed(Registry()))


class Windows:
    """Reads closed minutes as the alerts do."""

    def __init__(self) -> None:
        self.stage = AlertPartition(Registry([campaign(influencer("i0"))]), 0)

    def take(self, sent: Sent) -> None:
        """Take a record, and make a checkpoint of what there is."""
        written_at_ms = NOON_MS + self.stage.position * MINUTE_MS
        self.stage.apply(ReplayedWindow(self.stage.position, written_at_ms, sent.key, sent.value or b""))  # type: ignore[arg-type]
        for each in self.stage.campaigns.values():
            each.checkpoint(self.stage.log_time_ms)


class Entries:
    """Reads the ledger as the second stage of giveaways does."""

    def __init__(self) -> None:
        self.board = GiveawayBoard()
        self.board.follow(Registry([defined()]))

    def take(self, sent: Sent) -> None:
        """Take a record, and decide."""
        fact = decode_fact(sent.key, sent.value or b"")
        if not isinstance(fact, Cleared):
            self.board.put(fact)
            msgspec.json.encode(self.board.take_changed(["c"], NOW_MS))


class Definitions:
    """Follows definitions."""

    def __init__(self) -> None:
        self.pipeline = Pipeline(WordScorer(), 1)
        self.board = GiveawayBoard()

    def take(self, sent: Sent) -> None:
        """Put a definition in force."""
        try:
            campaign_id, found = decode_change(sent.value or b"")
        except UNREADABLE as error:
            raise UnsupportedRecord(str(error)) from None
        if isinstance(found, CampaignDefinition):
            self.pipeline.define(found)
        else:
            self.pipeline.purge(campaign_id)
        self.board.follow(self.pipeline.registry)


class Changelog:
    """Rebuilds a partition from one record."""

    def take(self, sent: Sent) -> None:
        """Restore a partition from a record, go on, and write it again."""
        record: ChangelogRecord = read_changelog(0, sent.key, sent.value or b"")
        content = record.content
        state = partition_state()
        starts = {topic: same_log(1_000) for topic in (POSTS, COMMENTS, CONVERSIONS)}
        if isinstance(content, RowRecord):
            state.restore([content], {}, starts)
        elif isinstance(content, Segment):
            state.restore([], {str(record.name[0]): {int(record.name[1]): content}}, starts)
        elif isinstance(content, OrderRecord):
            state.restore([], {}, starts, [(OrderKey(*map(str, record.name)), sent.value or b"")])
        elif record.kind == "alerts" and len(record.name) == 1:
            campaign_id = str(record.name[0])
            stage = AlertPartition(Registry(), 0)
            data = SlicedCheckpoints().read(campaign_id, Slots(sent.value, ({}, {})))
            stage.restore(campaign_id, data or b"")
            window = decode_window(window_log(1)[0].value)
            stage.apply(replayed(msgspec.structs.replace(window, campaign_id=campaign_id), 5_000, NOON_MS))
            stage.campaigns[campaign_id].checkpoint(NOON_MS)
        state.influencers.advance(NOON_MS)
        for row in range(len(state.influencers)):
            state.record_of(row)
        msgspec.json.encode(
            [rollup for rollup, _ in describe(state.influencers, Registry(), range(len(state.influencers)))]
        )


class Reader(Protocol):
    """Reads a topic as the product does."""

    def take(self, sent: Sent) -> None:
        """Take a record, and do with it all that is ever done."""


READERS: dict[str, Callable[[], Reader]] = {
    INFLUENCER_SNAPSHOTS: Snapshots,
    CLOSED_WINDOWS: Windows,
    ENTRIES: Entries,
    DEFINITIONS: Definitions,
    CHANGELOG: Changelog,
}


@pytest.mark.parametrize("topic", READERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_noise_is_refused_as_such_or_can_be_counted_to_the_end(topic: str, seed: int) -> None:
    """Nothing but a refusal comes out of reading, and whatever is taken is counted, shown and stored."""
    chance = random.Random(f"{topic}/{seed}")
    reader = READERS[topic]()
    refused = 0
    for number in range(EACH):
        noise = noise_of(chance, samples(), topic)
        try:
            reader.take(noise.sent)
        except UnsupportedRecord:
            refused += 1
        except Exception as error:
            error.add_note(f"{topic} {number}: {noise.kind} {noise.sent}"[:3000])
            raise
    assert refused > EACH // 2
    for good in samples()[topic][:20]:
        reader.take(good)
