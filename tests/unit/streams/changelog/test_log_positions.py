"""Where counting goes on: the same log, another one, a cut one, and offsets that somebody has set or lost."""

import msgspec
import pytest

from streams.changelog.id_segments import Segment, Span
from streams.changelog.log_positions import (
    NOTHING_READ,
    PLACES,
    Held,
    LogPosition,
    LogStart,
    SeenLog,
    decode_log_position,
    encode_log_position,
    last_record,
    log_position,
    position_at,
    reach_ms,
    start_of,
)

KNOWN = log_position(2, "old", 150, 140, 8)
"""A flush up to 150 was begun, and one up to 140 is confirmed."""


def start(known: LogPosition | None, seen: SeenLog, committed: int | None, rows: int = 0) -> LogStart:
    """Where it goes on, with rows up to a place."""
    return start_of(known, seen, committed, Held(rows or 2 * PLACES + 150, 0))


def test_the_same_log_goes_on_at_the_committed_offset() -> None:
    """Ids count up to there, and positions stay as they are."""
    found = start(KNOWN, SeenLog("old", 0, 500), 150)
    assert (found.next_offset, found.number, found.change, found.missing) == (150, 2, "", 0)
    assert found.counted_to == 2 * PLACES + 150
    assert position_at(found, KNOWN, 8) is None


@pytest.mark.parametrize("committed", [None, 0, 150, 900])
def test_another_id_is_another_log_whatever_the_group_says(committed: int | None) -> None:
    """Read from its beginning; everything of the old log lies below, in rows and ids alike."""
    found = start(KNOWN, SeenLog("new", 7, 900), committed)
    assert (found.next_offset, found.number, found.log_id, found.change) == (7, 3, "new", "recreated")
    assert found.counted_to == found.base == 3 * PLACES
    assert position_at(found, KNOWN, 8) == log_position(3, "new", 7, 7, 8)


def test_a_log_that_ends_before_what_was_read_was_cut() -> None:
    """By id or, where the broker gives none, by the end alone; also of a state that an older version wrote."""
    assert start(KNOWN, SeenLog("old", 0, 149), 150).change == "truncated"
    assert start(KNOWN, SeenLog("", 0, 149), 150).change == "truncated"
    assert start(None, SeenLog("some", 0, 99), 100, 100).change == "truncated"
    assert start(None, SeenLog("some", 0, 100), 100, 100).change == ""
    assert start(KNOWN, SeenLog("old", 0, 150), 150).change == ""


def test_ids_of_a_flush_of_which_no_row_came_down_are_not_known() -> None:
    """What they are of was not counted, and may come again in the new log; with a row of that flush they are known."""
    nothing = start(KNOWN, SeenLog("new", 0, 900), None, 2 * PLACES + 140)
    assert (nothing.counted_to, nothing.base) == (2 * PLACES + 140, 3 * PLACES)
    assert start(KNOWN, SeenLog("new", 0, 900), None, 2 * PLACES + 141).counted_to == 3 * PLACES


def test_records_that_came_again_mean_a_cut_log() -> None:
    """Also when it is long enough again."""
    assert start_of(KNOWN, SeenLog("old", 0, 999), 150, Held(), was_cut=True).change == "truncated"


def test_a_group_without_offsets_goes_on_behind_what_is_confirmed() -> None:
    """What may be inside is read again, and its rows skip it; nothing that is confirmed is."""
    found = start(KNOWN, SeenLog("old", 0, 500), None)
    assert (found.next_offset, found.counted_to) == (140, 2 * PLACES + 140)
    assert start(None, SeenLog("some", 0, 500), None, 100).next_offset == 0


def test_offsets_set_back_are_followed_and_ids_kept() -> None:
    """It is read again from there; ids that are confirmed stay known although they lie beyond."""
    found = start(KNOWN, SeenLog("old", 0, 500), 20)
    assert (found.next_offset, found.counted_to, found.missing) == (20, 2 * PLACES + 140, 0)


def test_offsets_set_forward_leave_a_gap_that_is_told_once() -> None:
    """50 records are not read; the record that is written then says so no more."""
    found = start(KNOWN, SeenLog("old", 0, 500), 200)
    assert (found.next_offset, found.missing) == (200, 50)
    written = position_at(found, KNOWN, 8)
    assert written is not None
    assert start(written, SeenLog("old", 0, 500), 200).missing == 0


def test_offsets_set_beyond_the_end_are_nobodys_place() -> None:
    """What is appended next lies below them and would never be read; nothing is missing, and nothing counts twice."""
    found = start(KNOWN, SeenLog("old", 0, 500), 501)
    assert (found.next_offset, found.missing, found.change, found.is_beyond) == (140, 0, "", True)
    assert found.counted_to == 2 * PLACES + 140
    assert position_at(found, KNOWN, 8) is None
    assert start(None, SeenLog("some", 0, 500), 900).next_offset == 0
    at_the_end = start(KNOWN, SeenLog("old", 0, 500), 500)
    assert (at_the_end.next_offset, at_the_end.is_beyond) == (500, False)


def test_ids_reach_back_to_the_oldest_that_was_not_forgotten() -> None:
    """For ever while the first segment is there and none in it is too old; else to what is left, or the time kept."""
    segments = {sequence: Segment(2, [Span(sequence, 1000 * sequence, 1)], b"12345678") for sequence in range(5)}
    assert reach_ms({}, 3000) is None
    assert reach_ms(segments, 4000) is None
    assert reach_ms(segments, 3500) == 500
    del segments[0], segments[1]
    assert reach_ms(segments, 9000) == 2000
    assert reach_ms(segments, 1500) == 2500


def test_a_record_is_read_as_it_was_written() -> None:
    """With its number first, and the record that was read last."""
    assert decode_log_position(encode_log_position(KNOWN)) == KNOWN
    read = log_position(0, "id", 9, 9, 8, last_record(8, b"k", b"v"))
    assert decode_log_position(encode_log_position(read)) == read


def test_a_position_of_format_1_knows_no_last_record() -> None:
    """What an earlier version wrote: six fields; nothing is compared then."""
    found = decode_log_position(msgspec.msgpack.encode([1, 2, "old", 150, 140, 8]))
    assert (found, found.last) == (KNOWN, NOTHING_READ)


def test_the_last_record_stays_with_the_log_and_goes_with_it() -> None:
    """It is handed on while the log is the same, and says nothing of another one."""
    read = last_record(149, b"ana", b"{}")
    known = log_position(2, "old", 150, 140, 8, read)
    same = start(known, SeenLog("old", 0, 500), 200)
    written = position_at(same, known, 8)
    assert same.last == read
    assert written is not None
    assert written.last == read
    assert start(known, SeenLog("new", 0, 500), 200).last == NOTHING_READ


def test_records_are_told_apart_by_key_and_value() -> None:
    """Also where their bytes joined are the same, and where one is absent and the other empty."""
    told = {last_record(1, key, value) for key in (None, b"", b"a", b"ab") for value in (None, b"", b"b", b"bb")}
    assert len(told) == 16
