"""Whatever bytes come: an event or a rejection with a reason, never anything else."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from models.deadletters import VALUE_REASONS
from models.topics import INPUT_TOPICS
from streams.pipeline.limits import Limits
from streams.pipeline.partition import PartitionState
from streams.replay import Replay
from tests.unit.events import NOON_MS, NOW_MS, TYPES, WordScorer, fields, partition_state, records, value_of

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["", "0", "-1", "1e9", "2026-04-12T12:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"]
    ),
    st.just("x" * 300),
)
json_values = st.recursive(
    odd,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def applied(value: bytes | None, topic: str, now_ms: int = NOW_MS) -> PartitionState:
    """Apply one value and check that it has exactly one fate."""
    state = partition_state(limits=Limits(max_event_bytes=10_000))
    state.apply(topic, records([value]), now_ms)
    refused = state.intake.take_dead_letters()
    # What an order changes is no event of its own: it is counted without being one.
    booked = 0 if refused or b'"type":"order.booked"' not in (value or b"") else 1
    assert len(refused) + state.events_total + booked == 1
    for letter in refused:
        assert letter.reason in VALUE_REASONS
        assert letter.detail
        assert letter.value == value
        assert dict(letter.headers())["pulse.reason"] == letter.reason.encode()
    return state


@given(st.binary(max_size=64), st.sampled_from(INPUT_TOPICS))
def test_random_bytes_are_refused_with_a_reason(value: bytes, topic: str) -> None:
    """Noise is a dead letter."""
    assert applied(value, topic).events_total == 0


@given(json_values, st.sampled_from(INPUT_TOPICS))
def test_random_json_is_refused_with_a_reason(value: Any, topic: str) -> None:
    """JSON that is no event is a dead letter."""
    assert applied(msgspec.json.encode(value), topic).events_total == 0


@settings(max_examples=300)
@given(
    st.sampled_from(TYPES),
    st.dictionaries(
        st.sampled_from(sorted({name for kind in TYPES for name in fields(kind)} | {"likes", "test", "utm_source"})),
        json_values,
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(INPUT_TOPICS),
    st.sampled_from([NOW_MS, NOON_MS]),
)
def test_valid_events_with_odd_fields_are_counted_or_refused(
    kind: str, changes: dict[str, Any], topic: str, now_ms: int
) -> None:
    """One wrong field at a time, of any type and size, in any topic."""
    applied(msgspec.json.encode({**fields(kind), **changes}), topic, now_ms)


@settings(max_examples=300)
@given(st.sampled_from(TYPES), st.data(), st.sampled_from(INPUT_TOPICS))
def test_damaged_events_are_counted_or_refused(kind: str, data: st.DataObject, topic: str) -> None:
    """A byte changed, lost or added, or the end cut off."""
    value = value_of(kind)
    at = data.draw(st.integers(0, len(value) - 1))
    damage = data.draw(st.binary(max_size=3))
    lost = data.draw(st.sampled_from([0, 1, 5, len(value)]))
    applied(value[:at] + damage + value[at + lost :], topic)


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([value_of(kind) for kind in TYPES])), max_size=12))
def test_replay_gives_every_line_one_fate(lines: list[bytes]) -> None:
    """A file of anything ends with a document and a sum that is right."""
    replay = Replay(WordScorer(), [], NOW_MS)
    list(replay.feed(lines))
    counts = replay.counts()
    assert counts.events + counts.duplicates + sum(counts.rejected.values()) == counts.lines
    assert counts.lines == sum(1 for line in lines if line.strip())
    replay.finish()
