"""Rows that come back need more cells than there were: panes and sketches grow while they are put back."""

from models.times import HOUR_MS, MINUTE_MS
from models.topics import COMMENTS
from streams.changelog.log_positions import same_log
from streams.changelog.row_records import decode_record
from streams.statistics.snapshots import describe
from tests.unit.events import NOON_MS, NOW_MS, partition_state, records, value_of


def test_many_rows_come_back_as_they_were() -> None:
    """Thirty influencers with comments all over a day: every statistic is the same after a restart."""
    state = partition_state()
    sent = [
        value_of("comment.created", f"e{n}", NOON_MS + n % 23 * HOUR_MS + n * MINUTE_MS, influencer_id=f"i{n % 30}")
        for n in range(600)
    ]
    state.apply(COMMENTS, records(sent), NOW_MS)
    again = partition_state()
    again.restore([decode_record(state.record_of(row)) for row in range(30)], {}, {COMMENTS: same_log(600)})
    again.influencers.advance(state.time_ms)
    rows = list(range(30))
    assert describe(again.influencers, again.registry, rows) == describe(state.influencers, state.registry, rows)
