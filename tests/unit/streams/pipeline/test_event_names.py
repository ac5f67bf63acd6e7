"""By which names events are remembered: nobody's id passes for another's, and what older versions remembered holds."""

from pathlib import Path
from typing import Any

import msgspec

from models.topics import COMMENTS, CONVERSIONS, INPUT_TOPICS, POSTS
from streams.changelog.id_segments import Segment, decode_segment, encode_segment
from streams.changelog.log_positions import same_log
from streams.changelog.row_records import decode_record
from streams.events.registry import Registry
from streams.orders.order import OrderKey
from streams.pipeline.event_names import EventNames
from streams.pipeline.limits import Limits
from streams.pipeline.partition import PartitionState
from tests.unit.collisions import colliding_ids
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, partition_state, records, rollup_of, value_of

GOLDEN: dict[str, Any] = msgspec.msgpack.decode(
    (Path(__file__).parents[2] / "golden" / "partition-with-unkeyed-ids.msgpack").read_bytes(),
    strict=False,
)
"""A partition as the version before keys stored it, after the events that it holds, and what it showed."""
ROWS = (*GOLDEN["rows"],)


def stored_segments() -> dict[str, dict[int, Segment]]:
    """The log of ids as it was stored."""
    return {
        topic: {number: decode_segment(each) for number, each in log.items()}
        for topic, log in GOLDEN["segments"].items()
    }


def upgraded() -> PartitionState:
    """Return a partition of this version that has read what was stored."""
    state = partition_state()
    starts = {topic: same_log(len(values)) for topic, values in GOLDEN["events"].items()}
    orders = [(OrderKey(*key), value) for key, value in GOLDEN["orders"]]
    state.restore([decode_record(row) for row in ROWS], stored_segments(), starts, orders)
    return state


def shown(state: PartitionState) -> list[dict[str, Any]]:
    """What it shows of both influencers."""
    return [msgspec.to_builtins(rollup_of(state, who)) for who in ("ana", "bruno")]


def test_upgraded_partition_shows_the_same_and_knows_every_event_again() -> None:
    """Posts, comments, a deletion, a click, purchases and a refund, each read once more, change no number."""
    state = upgraded()
    before = shown(state)
    assert [each["windows"]["total"] for each in before] == [
        msgspec.json.decode(each)["windows"]["total"] for each in GOLDEN["rollups"]
    ]
    for topic, values in GOLDEN["events"].items():
        state.apply(topic, records(values, first_offset=len(values)), NOW_MS)
    assert (state.duplicates_total, state.events_total) == (16, 0)
    assert shown(state) == before


def test_edit_of_a_comment_from_before_the_upgrade_holds_over_a_restart() -> None:
    """It replaces what it edits, once, whichever name the comment is remembered by, and a restart knows its version."""
    state = upgraded()
    edit = value_of("comment.created", "edited", NOON_MS + 50, comment_id="k0", text="bad")
    state.apply(COMMENTS, records([edit], first_offset=9), NOW_MS)
    state.apply(COMMENTS, records([value_of("comment.created", "new", NOON_MS, comment_id="k9")], 10), NOW_MS)
    total = rollup_of(state).windows["total"]
    assert (total.comments, total.sentiment.positive_share, total.sentiment.negative_share) == (5, 0.6, 0.2)
    segments = stored_segments()
    for sealed in state.seal():
        for number, segment in sealed.segments:
            segments[sealed.topic][number] = decode_segment(encode_segment(segment))
    assert [bool(each.key) for each in segments[COMMENTS].values()] == [False, False, True]
    again = partition_state()
    rows = [decode_record(state.record_of(row)) for row in range(len(state.influencers))]
    starts = {topic: same_log(next_offset) for topic, next_offset in zip(INPUT_TOPICS, state.positions, strict=True)}
    again.restore(rows, segments, starts)
    again.apply(COMMENTS, records([edit, *GOLDEN["events"][COMMENTS]], first_offset=11), NOW_MS)
    assert (again.duplicates_total, again.events_total) == (10, 0)
    assert shown(again) == shown(state)


def keyed(key: bytes) -> PartitionState:
    """Return an empty partition of a process that made this key."""
    return PartitionState(0, 1, Registry(), WordScorer(), Limits(), key)


def test_partition_keeps_the_key_that_its_ids_have() -> None:
    """A worker that takes over has made another key; it goes on with the one that the log has, for every topic."""
    first, second = keyed(b"1" * 16), keyed(b"2" * 16)
    events = {
        POSTS: [value_of("post.metrics", "m", NOON_MS, likes=1)],
        COMMENTS: [value_of("comment.created", "k", NOON_MS)],
        CONVERSIONS: [value_of("purchase", "o", NOON_MS), value_of("click", "x", NOON_MS)],
    }
    for topic, values in events.items():
        first.apply(topic, records(values), NOW_MS)
    log = {each.topic: dict(each.segments) for each in first.seal()}
    rows = [decode_record(first.record_of(0))]
    second.restore(rows, log, {topic: same_log(len(values)) for topic, values in events.items()})
    for topic, values in events.items():
        second.apply(topic, records(values, first_offset=2), NOW_MS)
    assert (second.events_total, second.duplicates_total) == (0, 4)
    second.apply(COMMENTS, records([value_of("comment.created", "k2", NOON_MS)], first_offset=9), NOW_MS)
    assert [segment.key for each in second.seal() for _, segment in each.segments] == [b"1" * 16]


def test_ids_that_collide_under_the_public_hash_are_counted_each() -> None:
    """Comments, clicks and orders of somebody who made their ids collide take nothing from the honest ones."""
    platform, ids = colliding_ids(3)
    state = partition_state()
    for topic, tag in ((COMMENTS, "comment.created"), (CONVERSIONS, "click"), (CONVERSIONS, "purchase")):
        values = [value_of(tag, each, NOON_MS, platform=platform) for each in ids]
        state.apply(topic, records(values, first_offset=state.positions[INPUT_TOPICS.index(topic)]), NOW_MS)
    total = rollup_of(state).windows["total"]
    assert (total.comments, total.clicks, total.purchases) == (3, 3, 3)
    assert total.revenue["EUR"].revenue == "30"


def test_owners_and_orders_are_told_apart_by_what_they_are_and_not_by_their_joined_names() -> None:
    """Names with a character of code 0 in them do not pass for two names."""
    names = EventNames(b"k" * 16)
    assert names.mark(b"row", "a\0b", "c") != names.mark(b"row", "a", "b\0c")
    one, other = names.of_orders([OrderKey("c\0s", "t", "o"), OrderKey("c", "s\0t", "o")]).tolist()
    assert one != other
