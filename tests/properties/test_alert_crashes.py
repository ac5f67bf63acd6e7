"""The promise of alerts: kill the worker anywhere, and each is told at least once, under one identity, and no other."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.alert_crashes import Kafka, Life, first_told, window_log
from tests.properties.crashes import Killed

steps = st.one_of(
    st.tuples(st.just("read"), st.integers(1, 40)),
    st.tuples(st.just("read"), st.integers(1, 40)),
    st.tuples(st.just("flush"), st.booleans()),
    st.tuples(st.just("kill"), st.none()),
    st.tuples(st.just("kill in flush"), st.tuples(st.integers(0, 4), st.integers(0, 2**24 - 1))),
)
scripts = st.integers(0, 24).flatmap(lambda size: st.lists(steps, min_size=size, max_size=size))


def run(seed: int, script: list[tuple[str, Any]], slice_bytes: int) -> tuple[Kafka, Life]:
    """Work through a log with the given troubles, then to its end."""
    kafka = Kafka(window_log(seed))
    life = Life(kafka, slice_bytes)
    for step, argument in script:
        if step == "read":
            life.read(argument)
        elif step == "flush":
            life.flush()
            if argument:
                kafka.committed = life.confirmed
        elif step == "kill":
            life = Life(kafka, slice_bytes)
        else:
            deliveries, mask = argument
            try:
                life.flush((deliveries, lambda index, mask=mask: bool(mask >> index % 24 & 1)))
            except Killed:
                life = Life(kafka, slice_bytes)
    life.drain()
    return kafka, life


@pytest.mark.parametrize("slices", [False, True], ids=["whole", "slices"])
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 5), script=scripts)
def test_killed_workers_tell_what_an_uninterrupted_one_tells(slices: bool, seed: int, script: Any) -> None:
    """Any subset of a flush's records may survive a kill: the same transitions, in the same order, the same state."""
    slice_bytes = 1_000 if slices else 10**6
    calm, calm_life = run(seed, [], slice_bytes)
    kafka, life = run(seed, script, slice_bytes)
    assert any(first_told(calm).values())
    assert first_told(kafka) == first_told(calm)
    assert kafka.entries == calm.entries
    assert life.state() == calm_life.state()
    assert len(calm.told) == sum(map(len, first_told(calm).values())), "without a crash nothing is told twice"
