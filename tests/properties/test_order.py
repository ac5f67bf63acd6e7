"""The whole of a partition: order, batches and redeliveries cannot change a number."""

import random
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from models.rollups import InfluencerRollup
from models.topics import INPUT_TOPICS
from streams.pipeline.partition import PartitionState
from streams.statistics.snapshots import describe
from tests.properties.crashes import END_MS, REGISTRY
from tests.properties.strategies import event_pools, shared_pools
from tests.unit.events import NOW_MS, partition_state, records

Pool = list[tuple[str, str, bytes]]


def shown(state: PartitionState) -> dict[tuple[str, str], InfluencerRollup]:
    """Return all numbers at one moment after all events."""
    state.influencers.advance(END_MS)
    rows = range(len(state.influencers))
    return {
        (rollup.campaign_id, rollup.influencer_id): rollup
        for rollup, _ in describe(state.influencers, state.registry, list(rows))
    }


def feed(pool: Pool, batch: int) -> PartitionState:
    """Apply events in the given order, in batches of one topic."""
    state = partition_state(registry=REGISTRY)
    sent = dict.fromkeys(INPUT_TOPICS, 0)
    for topic, run in groupby(pool, key=lambda event: event[0]):
        values = [value for _, _, value in run]
        for start in range(0, len(values), batch):
            state.apply(topic, records(values[start : start + batch], first_offset=sent[topic]), NOW_MS)
            sent[topic] += len(values[start : start + batch])
    return state


@given(event_pools(), st.randoms(use_true_random=False), st.integers(1, 8))
def test_order_batches_and_redeliveries_do_not_matter(pool: Pool, generator: random.Random, batch: int) -> None:
    """Shuffled, split otherwise and with any events twice, every statistic of every window is the same."""
    again = pool + [event for event in pool if generator.random() < 0.3]
    generator.shuffle(again)
    one, other = feed(pool, 1), feed(again, batch)
    assert shown(other) == shown(one)
    assert other.events_total == one.events_total == len(pool)
    assert other.duplicates_total == len(again) - len(pool)


@given(shared_pools(), st.randoms(use_true_random=False), st.integers(1, 8))
def test_order_of_edits_and_of_what_is_shared_does_not_matter(pool: Pool, generator: random.Random, batch: int) -> None:
    """Whichever version of a comment comes first, and in whichever feed: one comment, with its newest sentiment."""
    again = pool + [event for event in pool if generator.random() < 0.3]
    generator.shuffle(again)
    assert shown(feed(again, batch)) == shown(feed(pool, 1))


@settings(max_examples=40)
@given(event_pools(), st.integers(0, 40))
def test_stream_time_is_monotone(pool: Pool, batch: int) -> None:
    """No event and no tick ever moves it back."""
    state = partition_state(registry=REGISTRY)
    sent = dict.fromkeys(INPUT_TOPICS, 0)
    before_ms = 0
    for index, (topic, _, value) in enumerate(pool):
        state.apply(topic, records([value], first_offset=sent[topic]), NOW_MS)
        sent[topic] += 1
        if index % 5 == 0:
            for each in INPUT_TOPICS:
                state.tick(each, END_MS - batch * 3_600_000)
        assert state.time_ms >= before_ms
        before_ms = state.time_ms
