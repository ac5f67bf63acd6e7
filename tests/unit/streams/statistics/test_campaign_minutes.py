"""The second stage of minutes: the newest part of each partition counts, and only what changed is published."""

import msgspec
import numpy as np
import pytest

from models.minutes import MINUTE_COUNTS, Minute
from models.times import HOUR_MS
from streams.columns.formats import NewerRecord, PoisonedRecord
from streams.statistics.campaign_minutes import (
    PART_VERSION,
    CampaignMinutes,
    MinutesPart,
    encode_part,
    hour_of,
    is_part,
    part_key,
    read_part,
    records_of,
)
from streams.statistics.minute_history import pack_hour
from streams.statistics.snapshots import snapshot_key

HOUR = 490_140
COMMENTS = MINUTE_COUNTS.index("comments")


def part(partition: int, comments: dict[int, int], hour: int = HOUR, closed: int = 60) -> MinutesPart:
    """Return what a partition has of an hour: comments by minute."""
    counts = np.zeros((60, len(MINUTE_COUNTS)), dtype=np.int64)
    for place, count in comments.items():
        counts[place, COMMENTS] = count
    return MinutesPart(PART_VERSION, "spring", partition, hour, closed, pack_hour(counts))


def changed(board: CampaignMinutes) -> dict[tuple[int, int], int]:
    """Return the comments that are published, by hour after the first and minute."""
    return {
        divmod(minute.starts_at_ms // 60_000 - HOUR * 60, 60): minute.counts.comments
        for each in board.take_changed()
        for minute in records_of(each.campaign_id, None, each.hour, each.bits, each.counts)
    }


def test_parts_of_partitions_add_up_and_the_last_of_each_counts() -> None:
    """A repeated part doubles nothing, and one that stands earlier in the log changes nothing."""
    board = CampaignMinutes()
    board.put(part(0, {3: 2}), 10)
    board.put(part(1, {3: 5, 4: 1}), 11)
    assert changed(board) == {(0, 3): 7, (0, 4): 1}
    board.put(part(1, {3: 5, 4: 1}), 12)
    assert changed(board) == {}
    board.put(part(0, {3: 9}), 9)
    assert changed(board) == {}
    board.put(part(0, {3: 3}), 13)
    assert changed(board) == {(0, 3): 8}


def test_a_minute_that_was_taken_back_is_published_once_more_as_nothing() -> None:
    """An order that moved to another influencer leaves a record without counts."""
    board = CampaignMinutes()
    board.put(part(0, {3: 2}), 1)
    changed(board)
    board.put(part(0, {}), 2)
    assert changed(board) == {(0, 3): 0}


def test_hours_before_the_last_25_are_forgotten_and_not_taken() -> None:
    """A day and the hour in progress are kept, whatever comes late."""
    board = CampaignMinutes()
    board.put(part(0, {0: 1}), 1)
    board.put(part(0, {0: 2}, hour=HOUR + 24), 2)
    assert changed(board) == {(0, 0): 1, (24, 0): 2}
    board.put(part(0, {0: 3}, hour=HOUR + 25), 3)
    board.put(part(0, {0: 9}), 4)
    assert changed(board) == {(25, 0): 3}


def test_after_a_loss_everything_is_told_again_and_records_only_when_asked() -> None:
    """Redis gets every hour again; the topic only where a late writer may have overwritten it."""
    board = CampaignMinutes()
    board.put(part(0, {3: 2}), 1)
    changed(board)
    board.touch_all(with_records=False)
    assert [(each.hour, each.bits) for each in board.take_changed()] == [(HOUR, 0)]
    board.touch_all(with_records=True)
    assert changed(board) == {(0, 3): 2}


def test_hour_for_redis_has_closed_minutes_only_and_nothing_below_zero() -> None:
    """What was taken back beyond nothing is 0, and counts without any are left out."""
    counts = np.zeros((60, len(MINUTE_COUNTS)), dtype=np.int64)
    counts[0, COMMENTS], counts[1, COMMENTS], counts[5, COMMENTS], counts[1, 0] = 4, -1, 9, -2
    hour = hour_of(HOUR, 2, counts)
    assert (hour.starts_at_ms, hour.closed, hour.counts) == (HOUR * HOUR_MS, 2, {"comments": [4, 0]})


def test_parts_and_snapshots_are_told_apart_by_their_keys() -> None:
    """Whatever an influencer or a campaign is called, its snapshot is no part."""
    assert is_part(part_key(part(3, {})))
    for name in ("ana", "7", "", "a]", '4]"', "1"):
        assert not is_part(snapshot_key("spring", name))
    assert not is_part(None)


def test_part_is_read_and_what_is_none_is_refused() -> None:
    """A newer one ends whoever reads it, a damaged or misplaced one is set aside."""
    good = part(1, {3: 2})
    assert read_part(part_key(good), encode_part(good)) == good
    fields = msgspec.msgpack.decode(encode_part(good))
    with pytest.raises(NewerRecord):
        read_part(part_key(good), msgspec.msgpack.encode([2, *fields[1:], 0]))
    wrong = [(b"[]", encode_part(good)), (part_key(part(2, {})), encode_part(good)), (part_key(good), b"x")]
    for place, value in ((4, 61), (3, -1), (2, -1), (5, b"nothing")):
        wrong.append((part_key(good), msgspec.msgpack.encode([*fields[:place], value, *fields[place + 1 :]])))
    for key, data in wrong:
        with pytest.raises(PoisonedRecord):
            read_part(key, data)


def test_minute_names_whom_it_is_of() -> None:
    """Campaign, influencer and moment stand in each record."""
    counts = np.zeros((60, len(MINUTE_COUNTS)), dtype=np.int64)
    counts[2, COMMENTS] = 1
    [minute] = records_of("spring", "", HOUR, 0b100, counts)
    assert (minute.influencer_id, minute.starts_at_ms) == ("", HOUR * HOUR_MS + 120_000)
    assert isinstance(minute, Minute)
