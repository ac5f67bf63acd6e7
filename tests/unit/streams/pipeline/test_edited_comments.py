"""An edited comment is one comment: made when its oldest version was, meant as its newest says, in whatever order."""

from itertools import permutations

import pytest

from models.times import HOUR_MS, MINUTE_MS
from models.topics import COMMENTS
from streams.changelog.log_positions import same_log
from streams.changelog.row_records import decode_record
from streams.pipeline.partition import PartitionState
from tests.unit.events import NOON_MS, NOW_MS, partition_state, records, rollup_of, value_of

MADE = value_of("comment.created", "k", NOON_MS - 10 * MINUTE_MS, comment_id="k", text="good")
MEANT = value_of("comment.created", "k-2", NOON_MS, comment_id="k", text="bad")
BETWEEN = value_of("comment.created", "k-1", NOON_MS - MINUTE_MS, comment_id="k", text="0.9")


def moods(state: PartitionState) -> list[tuple[int, float | None]]:
    """Return comments and mean polarity of 5m, 15m and total."""
    windows = rollup_of(state).windows
    shown = [windows[name] for name in ("5m", "15m", "total")]
    return [(each.comments, None if each.sentiment is None else each.sentiment.mean) for each in shown]


@pytest.mark.parametrize("order", list(permutations((MADE, BETWEEN, MEANT))))
@pytest.mark.parametrize("together", [True, False])
def test_versions_are_one_comment_in_any_order(order: tuple[bytes, ...], together: bool) -> None:
    """In one batch or in three, each twice: one comment ten minutes ago, with what the newest version says."""
    state = partition_state()
    sent = [*order, *order]
    for first in range(0, 6, 6 if together else 1):
        batch = sent[first : first + (6 if together else 1)]
        state.apply(COMMENTS, records(batch, first_offset=first), NOW_MS)
    assert moods(state) == [(0, None), (1, -0.5), (1, -0.5)]
    assert state.events_total + state.duplicates_total == 6


def test_an_edit_finds_its_comment_after_a_restart() -> None:
    """What it replaces is remembered with the comment's id, in the log of ids."""
    before = partition_state()
    before.apply(COMMENTS, records([MADE]), NOW_MS)
    sealed = {each.topic: each for each in before.seal()}
    again = partition_state()
    segments = {COMMENTS: dict(sealed[COMMENTS].segments)}
    again.restore([decode_record(before.record_of(0))], segments, {COMMENTS: same_log(1)})
    again.apply(COMMENTS, records([MEANT], first_offset=1), NOW_MS)
    assert moods(again) == [(0, None), (1, -0.5), (1, -0.5)]
    third = partition_state()
    segments[COMMENTS].update({sequence: segment for each in again.seal() for sequence, segment in each.segments})
    third.restore([decode_record(again.record_of(0))], segments, {COMMENTS: same_log(2)})
    third.apply(COMMENTS, records([MADE, BETWEEN, MEANT], first_offset=2), NOW_MS)
    assert moods(third) == [(0, None), (1, -0.5), (1, -0.5)]
    assert third.events_total == 0


def test_a_deletion_with_the_id_of_its_comment_is_no_version_of_it() -> None:
    """Comments are told apart by comment, deletions by event: equal ids are no duplicates."""
    state = partition_state()
    gone = value_of("comment.deleted", "k", NOON_MS + HOUR_MS, comment_id="k")
    state.apply(COMMENTS, records([MADE, gone, gone]), NOW_MS)
    total = rollup_of(state).windows["total"]
    assert (total.comments, total.comments_deleted, state.duplicates_total) == (1, 1, 1)
