"""The changelog format: what is written comes back, and what cannot be read is refused."""

import msgspec
import pytest

from models.times import DAY_MS, HOUR_MS
from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.changelog.log_positions import same_log
from streams.changelog.row_records import FORMAT_VERSION, RowRecord, decode_record
from streams.columns.formats import UnsupportedRecord
from streams.columns.packed import pack, unpack
from streams.pipeline.partition import PartitionState
from streams.statistics.snapshots import describe
from streams.statistics.windows import FINEST_MS, LONGEST_MS
from tests.unit.events import NOON_MS, NOW_MS, partition_state, records, value_of


def busy_events() -> dict[str, list[bytes]]:
    """Return events for every kind of statistic, by topic, spread over 40 hours and three influencers."""
    posts, comments, conversions = [], [], []
    for step in range(120):
        at_ms = NOON_MS + step * 20 * 60_000 - (step % 7) * HOUR_MS // 3
        who = ("ana", "bruno", "carla")[step % 3]
        posts.append(value_of("post.metrics", f"p{step}", at_ms, influencer_id=who, likes=step, followers=100 + step))
        text = ("good", "bad", "-0.1234567", "so")[step % 4]
        comments.append(
            value_of("comment.created", f"k{step}", at_ms, influencer_id=who, author_id=str(step), text=text)
        )
        conversions.append(value_of("purchase", f"o{step}", at_ms, influencer_id=who, amount=f"{step}.01"))
    return {POSTS: posts, COMMENTS: comments, CONVERSIONS: conversions}


def busy_state() -> PartitionState:
    """Return a partition that has counted them."""
    state = partition_state()
    for topic, values in busy_events().items():
        state.apply(topic, records(values), NOW_MS)
    return state


def without_panes_of_no_window(record: RowRecord, time_ms: int) -> RowRecord:
    """Return a record whose sketch has what a window that ends at ``time_ms`` can hold: where panes begin is free."""
    base = time_ms // FINEST_MS - LONGEST_MS // FINEST_MS - 2
    seen = unpack(record.seen_panes) + record.seen_base - base
    places, panes = unpack(record.seen_places)[seen > 0], seen[seen > 0]
    return msgspec.structs.replace(record, seen_base=base, seen_places=pack(places), seen_panes=pack(panes))


def restored(state: PartitionState) -> PartitionState:
    """Return a partition rebuilt from the records of another one."""
    again = partition_state()
    rows = [decode_record(state.record_of(row)) for row in range(len(state.influencers))]
    again.restore(rows, {}, dict(zip((POSTS, COMMENTS, CONVERSIONS), map(same_log, state.positions), strict=True)))
    return again


@pytest.mark.parametrize("later_ms", [0, 90 * 60_000, 20 * HOUR_MS, 5 * DAY_MS])
def test_row_comes_back_with_all_its_statistics(later_ms: int) -> None:
    """Now and at any later moment, a restored influencer shows the very numbers of the one that was stored."""
    state = busy_state()
    again = restored(state)
    for each in (state, again):
        each.influencers.advance(each.time_ms + later_ms)
    rows = list(range(3))
    shown = describe(again.influencers, again.registry, rows)
    assert shown == describe(state.influencers, state.registry, rows)
    assert shown[0][0].windows["total"].comments == 40
    assert shown[0][0].followers == 100 + 117


def test_restored_row_goes_on_as_the_stored_one_would_have() -> None:
    """Snapshots find their predecessors, and people who commented before are known."""
    state = busy_state()
    again = restored(state)
    late_ms = NOON_MS + 30 * HOUR_MS
    posts = [value_of("post.metrics", f"n{n}", late_ms + n, likes=1_000 * n) for n in range(5)]
    comments = [value_of("comment.created", f"n{n}", late_ms + n, author_id=str(n)) for n in range(50)]
    for each in (state, again):
        each.apply(POSTS, records(posts, first_offset=120), NOW_MS)
        each.apply(COMMENTS, records(comments, first_offset=120), NOW_MS)
    rows = list(range(3))
    assert describe(again.influencers, again.registry, rows) == describe(state.influencers, state.registry, rows)


def test_record_of_a_restored_row_is_the_same_record() -> None:
    """Writing what was read changes nothing: position, panes, sketch, money and histories."""
    state = busy_state()
    again = restored(state)
    assert again.time_ms == state.time_ms
    for row in range(3):
        written, read = (decode_record(each.record_of(row)) for each in (again, state))
        assert written == without_panes_of_no_window(read, state.time_ms)


def test_rows_of_different_times_meet_at_the_newest() -> None:
    """A record written days before its neighbour has nothing in the windows any more, but its totals."""
    old, new = partition_state(), partition_state()
    old.apply(COMMENTS, records([value_of("comment.created")]), NOW_MS)
    new.apply(COMMENTS, records([value_of("comment.created", at_ms=NOON_MS + 9 * DAY_MS, influencer_id="zoe")]), NOW_MS)
    both = partition_state()
    both.restore([decode_record(old.record_of(0)), decode_record(new.record_of(0))], {}, {})
    sums = {
        rollup.influencer_id: (rollup.windows["24h"].comments, rollup.windows["total"].comments)
        for rollup, _ in describe(both.influencers, both.registry, [0, 1])
    }
    assert sums == {"ana": (0, 1), "zoe": (1, 1)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\xc1",
        b"\x90",
        b"plain text",
        b"{}",
        b"\x91\x01",
        b"\x92\x01\xa2\xff\xfe",
        b"\x91\xa2\xff\xfe",
        b"\x91" * 100_000,
        msgspec.msgpack.encode([FORMAT_VERSION, "c", "i", ["not", "offsets"]]),
    ],
)
def test_nonsense_is_refused(data: bytes) -> None:
    """Whatever lies in the changelog, the error is the one the start explains."""
    with pytest.raises(UnsupportedRecord):
        decode_record(data)


def test_truncated_record_is_refused() -> None:
    """Half a record is no record."""
    data = busy_state().record_of(0)
    for length in range(0, len(data), 97):
        with pytest.raises(UnsupportedRecord):
            decode_record(data[:length])


def test_record_of_a_quiet_influencer_is_small() -> None:
    """One comment does not cost a day of empty panes."""
    state = partition_state()
    state.apply(COMMENTS, records([value_of("comment.created")]), NOW_MS)
    assert len(state.record_of(0)) < 500


def test_many_rows_come_back_with_their_sketches_and_panes() -> None:
    """More influencers than there is room for at first: every number of each is what it was."""
    state = partition_state()
    names = [f"i{number}" for number in range(150)]
    values = [
        value_of(
            "comment.created", f"k{name}-{number}", NOON_MS + number, influencer_id=name, author_id=f"{name}{number}"
        )
        for name in names
        for number in range(3)
    ]
    state.apply(COMMENTS, records(values), NOW_MS)
    rows = list(range(len(names)))
    again = restored(state)
    shown, expected = (describe(each.influencers, each.registry, rows) for each in (again, state))
    assert shown == expected
