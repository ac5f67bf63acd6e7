"""The pipeline: partitions come and go, definitions change while it runs."""

import numpy as np

from models.topics import COMMENTS, CONVERSIONS
from streams.pipeline.pipeline import Pipeline
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, campaign, influencer, records, rollup_of, value_of


def pipeline_of(partitions: int = 1) -> Pipeline:
    """Return a pipeline that holds all its partitions."""
    pipeline = Pipeline(WordScorer(), partitions)
    for partition in range(partitions):
        pipeline.assign(partition)
    return pipeline


def test_definition_takes_effect_at_once_and_shows_everything_again() -> None:
    """No restart: handle, followers and attribution follow the definition in force; taking it back undoes that."""
    pipeline = pipeline_of()
    state = pipeline.partitions[0]
    pipeline.apply(COMMENTS, 0, records([value_of("comment.created")]), NOW_MS)
    state.take_changed()
    pipeline.define(campaign(influencer("ana", followers=7, discount_codes=("ANA",))))
    assert state.take_changed() == [0]
    assert (rollup_of(state).handle, rollup_of(state).followers) == ("@ana", 7)
    order = value_of("purchase", influencer_id=None, discount_code="ana")
    pipeline.apply(CONVERSIONS, 0, records([order]), NOW_MS)
    assert rollup_of(state).windows["total"].purchases == 1
    pipeline.undefine("c")
    assert (rollup_of(state).handle, rollup_of(state).followers) == ("", None)
    assert rollup_of(state).windows["total"].purchases == 1


def test_partitions_assigned_later_follow_the_definitions_too() -> None:
    """A rebalance does not bring an old definition back."""
    pipeline = pipeline_of()
    pipeline.define(campaign(influencer("ana", followers=7)))
    assert pipeline.assign(0).registry is pipeline.registry


def test_revoked_partition_is_gone_and_comes_back_empty_without_a_changelog() -> None:
    """State belongs to the owner of the partition."""
    pipeline = pipeline_of(2)
    pipeline.revoke(0)
    pipeline.revoke(0)
    assert list(pipeline.partitions) == [1]
    assert len(pipeline.assign(0).influencers) == 0


def test_partitions_keep_their_own_time() -> None:
    """One partition's events close no window of another's."""
    pipeline = pipeline_of(2)
    by_home = {state.partition: state for state in pipeline.partitions.values()}
    for number in range(20):
        value = value_of("comment.created", f"e{number}", NOON_MS + number, influencer_id=f"i{number}")
        for partition in (0, 1):
            pipeline.apply(COMMENTS, partition, records([value], first_offset=number), NOW_MS)
    newest = {partition: state.time_ms for partition, state in by_home.items()}
    assert sorted(newest.values())[1] == NOON_MS + 19
    assert len(set(newest.values())) == 2


def test_forgetting_nothing_is_the_rule() -> None:
    """Below hours and capacity no id is forgotten."""
    pipeline = pipeline_of()
    pipeline.apply(COMMENTS, 0, records([value_of("comment.created")]), NOW_MS)
    assert pipeline.forget_ids() == {}
    assert pipeline.partitions[0].remembered_ids() == 1
    assert pipeline.partitions[0].horizon_bytes() > 0


def test_the_capacity_bounds_the_remembered_ids() -> None:
    """However small the capacity, no more ids than that stay remembered after they were forgotten."""
    pipeline = Pipeline(WordScorer(), 1, dedupe_capacity=1_000)
    state = pipeline.assign(0)
    for start in range(0, 50_000, 500):
        ids = np.arange(start + 1, start + 501, dtype=np.uint64) << np.uint64(32)
        state.horizons[0].first_seen(ids, 1_800_000_000_000 + start)
    pipeline.forget_ids()
    assert 0 < state.remembered_ids() <= 1_000
