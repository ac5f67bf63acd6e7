"""An event's fate never hangs on its neighbours: read together or singly, the same events count."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.events import Event
from models.topics import COMMENTS, CONVERSIONS, INPUT_TOPICS, POSTS
from streams.events.decode import DECODE_ERRORS, EARLIEST_EVENT_MS, read_event, read_events
from streams.events.registry import Registry
from streams.pipeline.partition import PartitionState
from tests.unit.events import NOON_MS, TYPES, campaign, fields, influencer, partition_state, records

LATEST_MS = NOON_MS + 1_000
MAX_BYTES = 400

ODD: dict[str, list[Any]] = {
    "occurred_at": [
        LATEST_MS,
        LATEST_MS + 1,
        EARLIEST_EVENT_MS,
        EARLIEST_EVENT_MS - 1,
        0,
        "2026-04-12T12:00:00Z",
        "2026-04-12T12:00:01.0009999Z",
        "2026-04-12T14:00:01.001+02:00",
        "1999-12-31T23:59:59.999Z",
    ],
    "platform": ["tiktok", "", 7],
    "influencer_id": [None, "", "bruno", "zoe"],
    "campaign_id": ["d", "e", ""],
    "currency": ["JPY", "XXX", "ZZZ", "eur", ""],
    "amount": ["0", "10.000001", "1e3", "-1"],
    "discount_code": ["ANA10", "NOBODY"],
    "text": ["", "naïve", "x" * 200, "x" * 600],
    "likes": [-1, 0, 2**63 - 1, 2**63],
    "unknown": ["é", {"deep": [1]}],
}
"""Values of one field each that rules may turn on; a field that a type has not is left unread."""
BROKEN: list[bytes | None] = [None, b"", b"{}", b"null", b"[]", b"\xff", b"[" * 300]
OF_TOPIC = {POSTS: TYPES[:4], COMMENTS: TYPES[4:6], CONVERSIONS: TYPES[6:]}


def odd(kind: str) -> list[bytes | None]:
    """Return events of a type with one odd value, one text that is not UTF-8, and one that ends too early."""
    event = msgspec.json.encode(fields(kind))
    changed = [msgspec.json.encode({**fields(kind), name: value}) for name, values in ODD.items() for value in values]
    return [*changed, event[:-1] + b',"unknown":"\xff"}', event[:-1]]


GOOD: dict[str, list[bytes | None]] = {
    topic: [msgspec.json.encode(fields(kind)) for kind in kinds] for topic, kinds in OF_TOPIC.items()
}
ALL: dict[str, list[bytes | None]] = {
    topic: [value for kind in kinds for value in odd(kind)] for topic, kinds in OF_TOPIC.items()
}


def values_of(topic: str) -> st.SearchStrategy[list[bytes | None]]:
    """Return small batches: events of a topic as they should be, odd ones, those of other topics and broken ones."""
    others = [value for other, values in GOOD.items() if other != topic for value in values]
    own = st.sampled_from(GOOD[topic]) | st.sampled_from(ALL[topic])
    return st.lists(own, min_size=1, max_size=2) | st.lists(
        own | st.sampled_from(others + BROKEN), min_size=1, max_size=4
    )


batches = st.sampled_from(INPUT_TOPICS).flatmap(lambda topic: st.tuples(st.just(topic), values_of(topic)))


def singly(
    values: Sequence[bytes | None], topic: str, max_bytes: int = MAX_BYTES
) -> tuple[list[Event], list[int]] | None:
    """Return what ``read_event`` makes of each, None where it refuses any."""
    try:
        found = [read_event(value, topic, LATEST_MS, max_bytes) for value in values]
    except DECODE_ERRORS:
        return None
    return [event for event, _ in found], [time_ms for _, time_ms in found]


@settings(max_examples=300)
@given(batches)
def test_events_read_together_are_those_read_singly(batch: tuple[str, list[bytes | None]]) -> None:
    """Both sets of rules accept the same events at the same times, and refuse the same."""
    topic, values = batch
    assert read_events(values, topic, LATEST_MS, MAX_BYTES) == singly(values, topic)


@pytest.mark.parametrize("topic", INPUT_TOPICS)
def test_no_rule_stands_in_one_place_only(topic: str) -> None:
    """Every value that a rule may turn on, beside an event as it should be: read or refused alike."""
    for value in [*ALL[topic], *BROKEN, *(value for values in GOOD.values() for value in values)]:
        values = [GOOD[topic][0], value]
        assert read_events(values, topic, LATEST_MS, MAX_BYTES) == singly(values, topic), value


def test_size_is_refused_from_the_same_byte_on() -> None:
    """A value of just the largest size is read, one that is a byte longer is not, together and singly."""
    shorter, longer = (msgspec.json.encode(fields("comment.created", text=text)) for text in ("", "a"))
    for values in ([shorter, shorter], [shorter, longer]):
        found = [read_events(values, COMMENTS, LATEST_MS, len(shorter)), singly(values, COMMENTS, len(shorter))]
        assert [each is not None for each in found] == [longer not in values] * 2


def fates(state: PartitionState) -> tuple[Any, ...]:
    """Return what became of the events of a partition: counted, refused, forwarded."""
    store = state.influencers
    counts = {key: store.panes.totals[row].tolist() for key, row in store.rows.items()}
    forwards = sorted(state.intake.take_forwards(), key=lambda forward: (forward.origin, forward.value))
    return counts, state.intake.take_dead_letters(), forwards, state.events_total


@given(batches)
def test_fate_of_an_event_does_not_hang_on_its_neighbours(batch: tuple[str, list[bytes | None]]) -> None:
    """In one batch, each alone, or behind a corrupt record: the same are counted, refused and forwarded."""
    topic, values = batch
    values = [value and value.replace(b'"event_id":"e1"', b'"event_id":"e%d"' % at) for at, value in enumerate(values)]
    registry = Registry([campaign(influencer("ana", discount_codes=["ANA10"]))])
    together, alone, behind = (partition_state(1, 2, registry) for _ in range(3))
    now_ms = LATEST_MS - together.limits.future_tolerance_ms
    sent = records(values, first_offset=1)
    together.apply(topic, sent, now_ms)
    for record in sent:
        alone.apply(topic, [record], now_ms)
    behind.apply(topic, [*records([b"corrupt"]), *sent], now_ms)
    corrupt, *others = behind.intake.take_dead_letters()
    behind.intake.dead_letters = others
    assert corrupt.value == b"corrupt"
    assert fates(together) == fates(alone) == fates(behind)
