"""One partition: what counts, what is sent on, what is skipped, and how time moves."""

import msgspec
import pytest

from models.campaigns import TrackingLink
from models.times import DAY_MS, HOUR_MS, MINUTE_MS
from models.topics import COMMENTS, CONVERSIONS, INPUT_TOPICS, POSTS
from streams.changelog.log_positions import same_log
from streams.changelog.row_records import decode_record
from streams.events.partitioning import partition_of
from streams.events.registry import Registry
from streams.pipeline.forwarding import with_influencer
from streams.pipeline.partition import PartitionState
from streams.pipeline.records import FileRecord
from tests.unit.events import NOON_MS, NOW_MS, campaign, influencer, partition_state, records, rollup_of, value_of

PARTITIONS = 8
HOME = partition_of("ana", PARTITIONS)
ELSEWHERE = (HOME + 1) % PARTITIONS
REGISTRY = Registry([campaign(influencer("ana", TrackingLink(utm_source="ana"), discount_codes=("ANA",)))])


def comments(*numbers: int, **fields: object) -> list[bytes]:
    """Return comments, numbered by event id."""
    return [value_of("comment.created", f"e{number}", **fields) for number in numbers]


def counted(state: PartitionState, influencer_id: str = "ana") -> int:
    """Return the comments of an influencer."""
    return rollup_of(state, influencer_id).windows["total"].comments


# ------------------------------------------------------------------ misplaced events


def test_misplaced_event_is_sent_once_to_the_partition_of_its_key_with_its_own_bytes() -> None:
    """An influencer is never split over two workers, and nothing of the event is lost on the way."""
    value = value_of("comment.created")[:-1] + b', "unknown" : [1,  2] }'
    stray = partition_state(ELSEWHERE, PARTITIONS)
    stray.apply(COMMENTS, [FileRecord(17, b"wrong key", value)], NOW_MS)
    [forward] = stray.intake.take_forwards()
    assert (forward.topic, forward.partition, forward.key, forward.value) == (COMMENTS, HOME, b"ana", value)
    assert forward.origin == f"{COMMENTS}/{ELSEWHERE}/17"
    assert (len(stray.influencers), stray.events_total, stray.intake.forwarded_total) == (0, 0, 1)
    assert stray.positions[INPUT_TOPICS.index(COMMENTS)] == 18
    assert stray.intake.take_forwards() == []

    home = partition_state(HOME, PARTITIONS)
    home.apply(COMMENTS, records([forward.value, forward.value, value]), NOW_MS)
    assert (counted(home), home.duplicates_total, home.intake.forwards) == (1, 2, [])


def test_attributed_conversion_is_keyed_anew_by_its_influencer() -> None:
    """What a code attributes travels to the influencer's partition and says whose it is."""
    state = partition_state(ELSEWHERE, PARTITIONS, REGISTRY)
    value = value_of("click", influencer_id=None, discount_code="ana", extra={"a": 1})
    state.apply(CONVERSIONS, records([value]), NOW_MS)
    [forward] = state.intake.take_forwards()
    assert (forward.topic, forward.partition, forward.key) == (CONVERSIONS, HOME, b"ana")
    assert msgspec.json.decode(forward.value) == {**msgspec.json.decode(value), "influencer_id": "ana"}


def test_attributed_conversion_at_home_counts_at_once() -> None:
    """No detour when the right partition has it already, and its forwarded copy is a duplicate."""
    state = partition_state(HOME, PARTITIONS, REGISTRY)
    value = value_of("click", influencer_id=None, discount_code="ana")
    state.apply(CONVERSIONS, records([value, with_influencer(value, "ana")]), NOW_MS)
    assert (state.intake.forwards, state.duplicates_total) == ([], 1)
    assert rollup_of(state).windows["total"].clicks == 1


def test_unattributed_conversion_goes_to_its_campaigns_partition_as_it_is() -> None:
    """What belongs to nobody counts for the campaign, in one place."""
    value = value_of("click", influencer_id=None)
    home = partition_of("c", PARTITIONS)
    stray = partition_state((home + 1) % PARTITIONS, PARTITIONS, REGISTRY)
    stray.apply(CONVERSIONS, records([value]), NOW_MS)
    [forward] = stray.intake.take_forwards()
    assert (forward.partition, forward.key, forward.value) == (home, b"c", value)
    state = partition_state(home, PARTITIONS, REGISTRY)
    state.apply(CONVERSIONS, records([value]), NOW_MS)
    assert state.intake.forwards == []
    assert rollup_of(state, "").windows["total"].clicks == 1


@pytest.mark.parametrize(
    "value",
    [
        b'{"a":1,"influencer_id":null,"z":[1.50,{"deep":"\\u00fc"}],"big":123456789012345678901234567890,"e":1e5}',
        b'{ "z" : "x" }',
        b'{"z":"x","y":{"influencer_id":"other"}}',
        b'{"z":"x","influencer\\u005fid":null}',
        b'{"z":"x"} ',
        b"{}",
    ],
)
def test_naming_the_influencer_keeps_every_other_byte_of_the_values(value: bytes) -> None:
    """Unknown fields, long numbers and escapes come out as they went in."""
    changed = msgspec.json.decode(with_influencer(value, 'a"na'), type=dict[str, msgspec.Raw])
    before = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    assert msgspec.json.decode(changed.pop("influencer_id")) == 'a"na'
    before.pop("influencer_id", None)
    assert {name: bytes(raw) for name, raw in changed.items()} == {name: bytes(raw) for name, raw in before.items()}


# ------------------------------------------------------------------ duplicates, positions and rows


def test_duplicates_are_counted_once_within_and_across_batches() -> None:
    """The same event id, platform and topic is the same event."""
    state = partition_state()
    state.apply(COMMENTS, records(comments(1, 2, 1)), NOW_MS)
    state.apply(COMMENTS, records(comments(2, 3), first_offset=3), NOW_MS)
    assert (counted(state), state.events_total, state.duplicates_total) == (3, 3, 2)


def test_equal_ids_of_other_topics_and_platforms_are_other_events() -> None:
    """Ids are unique per platform and topic only."""
    state = partition_state()
    state.apply(COMMENTS, records([*comments(1), *comments(1, platform="tiktok")]), NOW_MS)
    state.apply(POSTS, records([value_of("post.reaction", "e1")]), NOW_MS)
    assert (state.events_total, state.duplicates_total) == (3, 0)


def test_records_below_the_position_are_skipped() -> None:
    """A fetch that begins too early repeats nothing, not even dead letters."""
    state = partition_state()
    batch = records([*comments(1), b"bad", *comments(2)])
    state.apply(COMMENTS, batch, NOW_MS)
    state.apply(COMMENTS, batch, NOW_MS)
    assert (counted(state), state.duplicates_total, len(state.intake.dead_letters)) == (2, 0, 1)
    assert state.positions[INPUT_TOPICS.index(COMMENTS)] == 3


def test_gaps_in_offsets_are_no_events() -> None:
    """Compaction and transactions leave gaps; the position follows the offsets."""
    state = partition_state()
    state.apply(COMMENTS, [FileRecord(5, None, comments(1)[0]), FileRecord(99, None, comments(2)[0])], NOW_MS)
    assert (counted(state), state.positions[INPUT_TOPICS.index(COMMENTS)]) == (2, 100)


def test_replayed_event_inside_a_row_is_skipped_but_its_id_is_remembered() -> None:
    """After a crash the row has the event and the log of ids has not: its redelivery is a duplicate all the same."""
    crashed = partition_state()
    crashed.apply(COMMENTS, records(comments(1, 2)), NOW_MS)
    state = partition_state()
    state.restore([decode_record(crashed.record_of(0))], {}, {})  # committed: nothing
    assert counted(state) == 2
    state.apply(COMMENTS, records([*comments(1, 2), *comments(1, 3)]), NOW_MS)
    assert (counted(state), state.events_total, state.duplicates_total) == (3, 1, 1)


def test_row_positions_are_per_topic() -> None:
    """A comment's offset says nothing about conversions."""
    crashed = partition_state()
    crashed.apply(COMMENTS, records(comments(1), first_offset=500), NOW_MS)
    state = partition_state()
    state.restore([decode_record(crashed.record_of(0))], {}, {COMMENTS: same_log(501)})
    state.apply(CONVERSIONS, records([value_of("click")]), NOW_MS)
    assert rollup_of(state).windows["total"].clicks == 1


def test_dirty_rows_are_those_with_news_and_are_taken_once() -> None:
    """A flush writes each changed influencer once, whatever the number of events; skipped replays change nothing."""
    state = partition_state()
    state.apply(COMMENTS, records([*comments(1, 2, 3), *comments(4, influencer_id="bruno")]), NOW_MS)
    assert state.take_dirty() == [0, 1]
    assert state.take_dirty() == []
    state.apply(COMMENTS, records(comments(5, influencer_id="bruno"), first_offset=4), NOW_MS)
    assert state.take_dirty() == [1]
    again = partition_state()
    again.restore([decode_record(state.record_of(row)) for row in (0, 1)], {}, {})
    again.apply(COMMENTS, records(comments(1, 2, 3)), NOW_MS)
    assert again.take_dirty() == []


def test_duplicate_moves_its_rows_position() -> None:
    """The position says how far the row has looked, not how many events it counted."""
    state = partition_state()
    state.apply(COMMENTS, records(comments(1, 1)), NOW_MS)
    assert decode_record(state.record_of(0)).applied[INPUT_TOPICS.index(COMMENTS)] == 1


# ------------------------------------------------------------------ time


def test_stream_time_is_the_largest_event_time_and_never_goes_back() -> None:
    """Late and refused events move nothing."""
    state = partition_state()
    for offset, at_ms in enumerate((NOON_MS, NOON_MS - DAY_MS, NOON_MS + 5, NOON_MS)):
        state.apply(COMMENTS, records([value_of("comment.created", f"e{offset}", at_ms)], first_offset=offset), NOW_MS)
        assert state.time_ms == (NOON_MS if offset < 2 else NOON_MS + 5)
    state.apply(COMMENTS, records([value_of("comment.created", "far", NOW_MS + DAY_MS)], first_offset=4), NOW_MS)
    assert state.time_ms == NOON_MS + 5


def test_ticks_move_time_only_when_all_three_topics_are_quiet() -> None:
    """One busy topic keeps the clock out: its events may be older than now."""
    state = partition_state()
    state.apply(COMMENTS, records(comments(1)), NOW_MS)
    later_ms = NOON_MS + HOUR_MS
    state.tick(POSTS, later_ms)
    state.tick(CONVERSIONS, later_ms)
    assert state.time_ms == NOON_MS
    state.tick(COMMENTS, later_ms)
    assert state.time_ms == later_ms
    state.apply(POSTS, records([b"bad"]), NOW_MS)
    state.tick(COMMENTS, later_ms + 1)
    assert state.time_ms == later_ms


def test_ticks_never_move_time_back_or_start_it() -> None:
    """A clock that stands or lags changes nothing, and a partition without influencers has no time."""
    state = partition_state()
    for topic in INPUT_TOPICS:
        state.tick(topic, NOON_MS)
    assert state.time_ms == 0
    state.apply(COMMENTS, records(comments(1)), NOW_MS)
    for topic in INPUT_TOPICS:
        state.tick(topic, NOON_MS - HOUR_MS)
    assert state.time_ms == NOON_MS


def test_event_in_the_future_closes_no_window() -> None:
    """Beyond the tolerance an event is a dead letter and the numbers stay."""
    state = partition_state()
    early, far = value_of("comment.created", "e1"), value_of("comment.created", "e2", NOON_MS + 6 * MINUTE_MS)
    state.apply(COMMENTS, records([early, far]), NOON_MS)
    assert [letter.reason for letter in state.intake.take_dead_letters()] == ["event_time_future"]
    assert rollup_of(state).windows["1m"].comments == 1


# ------------------------------------------------------------------ what is shown again


def test_changed_rows_are_those_with_events_or_with_windows_that_moved() -> None:
    """An influencer who fell silent is shown until the windows are empty, and then no more."""
    state = partition_state()
    state.apply(COMMENTS, records([*comments(1), *comments(2, influencer_id="bruno")]), NOW_MS)
    assert state.take_changed() == [0, 1]
    assert state.take_changed() == []
    state.apply(COMMENTS, records(comments(3, influencer_id="bruno"), first_offset=2), NOW_MS)
    assert state.take_changed() == [1]
    state.influencers.advance(NOON_MS + 61_000)
    assert state.take_changed() == [0, 1]
    state.influencers.advance(NOON_MS + 10 * DAY_MS)
    assert state.take_changed() == [0, 1]
    state.influencers.advance(NOON_MS + 20 * DAY_MS)
    assert state.take_changed() == []


def test_late_event_that_was_shown_is_taken_back_when_it_leaves() -> None:
    """Regression: in and out of 24h between two looks at the sums, it stayed on the screen for ever."""
    state = partition_state()
    before_ms = NOON_MS + 15 * MINUTE_MS - 1
    state.apply(COMMENTS, records([value_of("comment.created", "e0", before_ms, influencer_id="bruno")]), NOW_MS)
    state.apply(COMMENTS, records([value_of("comment.created", "e1", NOON_MS - 2 * DAY_MS)], first_offset=1), NOW_MS)
    state.take_changed()
    oldest_ms = NOON_MS - 23 * HOUR_MS - 45 * MINUTE_MS  # the oldest pane of 24h, about to leave
    state.apply(COMMENTS, records([value_of("comment.created", "e2", oldest_ms)], first_offset=2), NOW_MS)
    ana = state.influencers.rows["c", "ana"]
    assert state.take_changed() == [ana]
    assert rollup_of(state).windows["24h"].comments == 1
    state.influencers.advance(before_ms + 1)
    assert ana in state.take_changed()
    assert rollup_of(state).windows["24h"].comments == 0


def test_restore_shows_every_row() -> None:
    """A new owner shows what it took over, changed or not."""
    state = partition_state()
    state.apply(COMMENTS, records(comments(1)), NOW_MS)
    again = partition_state()
    again.restore([decode_record(state.record_of(0))], {}, {COMMENTS: same_log(1)})
    assert again.take_changed() == [0]
    assert again.take_dirty() == []


# ------------------------------------------------------------------ purged campaigns


def test_events_of_a_purged_campaign_make_no_row_no_order_and_no_forward() -> None:
    """What still lies in the inputs must not bring a campaign back; it is counted as skipped, and others count on."""
    state = partition_state(HOME, PARTITIONS, Registry().with_purged("c"))
    state.apply(COMMENTS, records(comments(1, 2) + comments(3, campaign_id="d")), NOW_MS)
    order = next(f"o{number}" for number in range(99) if partition_of(f"o{number}", PARTITIONS) == HOME)
    bought = value_of("purchase", order_id=order, amount="5", currency="EUR", influencer_id="ana")
    state.apply(CONVERSIONS, records([bought, value_of("click", "k", influencer_id="ana")]), NOW_MS)
    stray = partition_state(ELSEWHERE, PARTITIONS, Registry().with_purged("c"))
    stray.apply(COMMENTS, records(comments(1)), NOW_MS)
    assert list(state.influencers.rows) == [("d", "ana")]
    assert (state.skipped_total["purged"], stray.skipped_total["purged"], len(state.intake.desk.book)) == (4, 1, 0)
    assert (state.intake.forwards, stray.intake.forwards, state.intake.dead_letters) == ([], [], [])
