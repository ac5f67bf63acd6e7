"""The changelog of influencers that were active through a whole day, made without sending a day of events.

Every pane of every window is filled: each quarter of an hour of the day, each minute of the last hour and each 5
seconds of the last five minutes has a comment by somebody new; two posts report a snapshot each quarter of an hour;
there are clicks and orders, and the ids of all these events are remembered. Columns are filled by the functions that
events go through, a partition at a time.
"""

from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from agents.simulator.definitions import synthetic_definitions
from bench.load import Event
from models.campaigns import CampaignDefinition
from models.times import DAY_MS, HOUR_MS, MINUTE_MS
from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.changelog.dedupe import SEGMENT_IDS
from streams.changelog.id_segments import Segment, Span, encode_segment
from streams.changelog.keys import ids_key, row_key
from streams.events.partitioning import partition_key, partition_of
from streams.events.registry import Registry
from streams.pipeline.limits import Limits
from streams.pipeline.partition import PartitionState
from streams.sentiment.scorers import make_scorer
from streams.statistics.counters import COLUMN, SNAPSHOT_COLUMNS
from streams.statistics.money import MoneyPanes
from streams.statistics.posts import MetricHistory, PostHistory

END_MS: Final = 1_767_225_600_000
QUARTER_MS: Final = 15 * MINUTE_MS
_QUARTERS: Final = DAY_MS // QUARTER_MS
_CAMPAIGNS: Final = 10
_POSTS_EACH: Final = 2
_ORDER_EVERY: Final = 12
_CLASSES: Final = ("sentiment_positive", "sentiment_neutral", "sentiment_negative")


def definitions(influencers: int) -> list[CampaignDefinition]:
    """Return made-up campaigns over the day."""
    begin = datetime.fromtimestamp((END_MS - DAY_MS) / 1000, UTC)
    return synthetic_definitions(influencers, _CAMPAIGNS, 3, begin, timedelta(days=2))


def people(campaigns: list[CampaignDefinition]) -> list[tuple[str, str, str]]:
    """Return (campaign, influencer, platform) of everybody."""
    return [
        (campaign.campaign_id, each.influencer_id, each.platform)
        for campaign in campaigns
        for each in campaign.influencers
    ]


def moments(phase_ms: int) -> list[int]:
    """Return one moment in every pane of every window, ascending."""
    day = range(END_MS - DAY_MS + phase_ms, END_MS, QUARTER_MS)
    hour = range(END_MS - HOUR_MS + phase_ms % MINUTE_MS, END_MS, MINUTE_MS)
    last = range(END_MS - 300_000 + phase_ms % 5_000, END_MS, 5_000)
    return sorted((*day, *hour, *last))


def changelog(topic: str, campaigns: list[CampaignDefinition], partitions: int) -> Iterator[Event]:
    """Yield the changelog records of a worker that has seen the day."""
    homes: dict[int, list[tuple[str, str]]] = {}
    for campaign_id, influencer_id, _ in people(campaigns):
        home = partition_of(partition_key(campaign_id, influencer_id), partitions)
        homes.setdefault(home, []).append((campaign_id, influencer_id))
    for partition, members in sorted(homes.items()):
        state = day_of(partition, partitions, members)
        for row, key in enumerate(state.influencers.keys):
            yield Event(topic, row_key(partition, *key), state.record_of(row), END_MS, partition)
        counts = (
            (COMMENTS, len(moments(0))),
            (POSTS, _QUARTERS * _POSTS_EACH),
            (CONVERSIONS, _QUARTERS),
        )
        random = np.random.default_rng(partition)
        for source, each in counts:
            for sequence, start in enumerate(range(0, each * len(members), SEGMENT_IDS)):
                count = min(SEGMENT_IDS, each * len(members) - start)
                ids = random.integers(1, 2**64 - 1, count, dtype=np.uint64).astype("<u8").tobytes()
                segment = encode_segment(Segment(2, [Span(0, END_MS, count)], ids))
                yield Event(topic, ids_key(partition, source, sequence), segment, END_MS, partition)


def day_of(partition: int, partitions: int, members: list[tuple[str, str]]) -> PartitionState:
    """Return a partition after the day."""
    state = PartitionState(partition, partitions, Registry(), make_scorer("social"), Limits())
    store = state.influencers
    rows = np.array([store.row_of(*member) for member in members])
    store.advance(END_MS - 1)
    random = np.random.default_rng(partition)
    for row in rows.tolist():
        phase_ms = row * 7919 % QUARTER_MS
        times = np.array(moments(phase_ms))
        quarters = np.arange(END_MS - DAY_MS + phase_ms, END_MS, QUARTER_MS)
        _comment(state, row, times, random)
        _snapshots(state, row, quarters)
        _visit(state, row, quarters)
    return state


def _comment(state: PartitionState, row: int, times: np.ndarray, random: np.random.Generator) -> None:
    store = state.influencers
    rows = np.full(len(times), row)
    classes = np.array([COLUMN[name] for name in _CLASSES])[random.integers(0, 3, len(times))]
    for columns, amounts in (
        (np.full(len(times), COLUMN["comments"]), np.ones(len(times), dtype=np.int64)),
        (classes, np.ones(len(times), dtype=np.int64)),
        (np.full(len(times), COLUMN["sentiment_micros"]), random.integers(-900_000, 900_000, len(times))),
    ):
        store.panes.add(rows, times, columns, amounts)
    store.uniques.add(rows, times, random.integers(1, 2**63, len(times)).astype(np.uint64))


def _snapshots(state: PartitionState, row: int, quarters: np.ndarray) -> None:
    store = state.influencers
    values = 100 + 7 * np.arange(len(quarters))
    for post in range(_POSTS_EACH):
        history = PostHistory()
        for index, column in enumerate(SNAPSHOT_COLUMNS):
            metric = history.metrics[index] = MetricHistory()
            metric.times, metric.values = array("q", quarters.tolist()), array("q", values.tolist())
            store.panes.add(
                np.full(len(quarters), row),
                quarters,
                np.full(len(quarters), column),
                np.diff(values, prepend=0),
            )
        store.posts.setdefault(row, {})[f"{row}-p{post}"] = history


def _visit(state: PartitionState, row: int, quarters: np.ndarray) -> None:
    store = state.influencers
    columns = np.full(len(quarters), COLUMN["clicks"])
    columns[::_ORDER_EVERY] = COLUMN["purchases"]
    store.panes.add(np.full(len(quarters), row), quarters, columns, np.ones(len(quarters), dtype=np.int64))
    money = store.money[row] = MoneyPanes()
    for at_ms in quarters[::_ORDER_EVERY].tolist():
        money.add(at_ms, "EUR", 49_900_000, refund=False)


def one_comment_each(campaigns: list[CampaignDefinition]) -> list[Event]:
    """Return one more comment for everybody: after it every record is written once."""
    return [
        Event(
            COMMENTS,
            influencer_id.encode(),
            (
                f'{{"type":"comment.created","event_id":"last-{number}","campaign_id":"{campaign_id}",'
                f'"influencer_id":"{influencer_id}","platform":"{platform}","occurred_at":{END_MS - 1},'
                f'"post_id":"p","comment_id":"last-{number}","author_id":"a{number}","text":"Count me in 🍀"}}'
            ).encode(),
            END_MS,
        )
        for number, (campaign_id, influencer_id, platform) in enumerate(people(campaigns))
    ]
