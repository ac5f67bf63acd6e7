"""Closed minutes: the moment is not fooled by topics that are behind, and nothing is guessed."""

from models.times import MINUTE_MS, SECOND_MS
from models.topics import COMMENTS, CONVERSIONS, INPUT_TOPICS, POSTS
from streams.alerts.closed_windows import GRACE_MS, IDLE_MS
from streams.alerts.window_records import CampaignWindow, campaign_sample, influencer_samples
from streams.changelog.log_positions import same_log
from streams.changelog.row_records import decode_record
from streams.pipeline.partition import PartitionState
from tests.unit.events import NOON_MS, NOW_MS, partition_state, records, value_of

FIRST = NOON_MS // MINUTE_MS


def comment(number: int, at_ms: int, **fields: object) -> bytes:
    """A comment of its own id."""
    return value_of("comment.created", f"e{number}", at_ms, **fields)


def apply(state: PartitionState, topic: str, *values: bytes) -> None:
    """Deliver values as the next records of a topic."""
    state.apply(topic, records(values, state.positions[INPUT_TOPICS.index(topic)]), NOW_MS)


def minutes(windows: list[CampaignWindow]) -> list[int]:
    """Minutes since noon."""
    return [window.minute - FIRST for window in windows]


def counts(window: CampaignWindow, influencer_id: str = "ana") -> tuple[int, int]:
    """Comments and negative ones of an influencer."""
    [sample] = [each for each in influencer_samples(window, str) if each.influencer_id == influencer_id]
    return sample.comments, sample.negative


def test_a_minute_closes_when_every_topic_has_passed_it() -> None:
    """While one topic has not been read so far, nothing closes; its newest event or its read end releases it."""
    state = partition_state()
    apply(state, COMMENTS, *(comment(minute, NOON_MS + minute * MINUTE_MS) for minute in (0, 3, 6, 10)))
    state.read_to_end(POSTS, NOON_MS + 10 * MINUTE_MS)
    assert state.closed.take() == [], "conversions are still behind"
    apply(state, CONVERSIONS, value_of("click", "c1", NOON_MS + 2 * MINUTE_MS + GRACE_MS))
    assert minutes(state.closed.take()) == [0, 1]
    state.read_to_end(CONVERSIONS, NOON_MS + 3 * MINUTE_MS + GRACE_MS - 1)
    assert state.closed.take() == []
    state.read_to_end(CONVERSIONS, NOON_MS + 3 * MINUTE_MS + GRACE_MS)
    assert minutes(state.closed.take()) == [2]


def test_the_end_of_a_topic_seen_before_a_pause_says_nothing_about_the_pause() -> None:
    """A worker that was frozen reads one topic first: the others are known only up to their last reading."""
    state = partition_state()
    apply(state, COMMENTS, comment(1, NOON_MS))
    for topic in INPUT_TOPICS:
        state.read_to_end(topic, NOON_MS + SECOND_MS)
    apply(state, COMMENTS, comment(2, NOON_MS + 20 * MINUTE_MS))
    assert state.closed.take() == []


def test_counts_are_absolute_and_empty_minutes_are_part_of_them() -> None:
    """Influencers without an event are there with zeros; minutes before the first event are not."""
    state = partition_state()
    apply(
        state, COMMENTS, comment(1, NOON_MS, text="bad"), comment(2, NOON_MS + 1), comment(3, NOON_MS + 2 * MINUTE_MS)
    )
    apply(state, COMMENTS, comment(4, NOON_MS + 2 * MINUTE_MS, influencer_id="bruno"))
    for topic in INPUT_TOPICS:
        state.read_to_end(topic, NOON_MS + 5 * MINUTE_MS)
    windows = state.closed.take()
    assert minutes(windows) == [0, 1, 2, 3]
    assert [counts(window) for window in windows] == [(2, 1), (0, 0), (1, 0), (0, 0)]
    assert [counts(window, "bruno")[0] for window in windows] == [0, 0, 1, 0]
    assert [campaign_sample([window]).comments for window in windows] == [2, 0, 2, 0]


def test_a_late_event_changes_no_closed_minute() -> None:
    """It corrects the totals, and no record is sent for its minute."""
    state = partition_state()
    apply(state, COMMENTS, comment(1, NOON_MS))
    for topic in INPUT_TOPICS:
        state.read_to_end(topic, NOON_MS + 5 * MINUTE_MS)
    assert minutes(state.closed.take()) == [0, 1, 2, 3]
    apply(state, COMMENTS, *(comment(10 + n, NOON_MS + MINUTE_MS) for n in range(100)))
    for topic in INPUT_TOPICS:
        state.read_to_end(topic, NOON_MS + 6 * MINUTE_MS)
    later = state.closed.take()
    assert minutes(later) == [4]
    assert counts(later[0]) == (0, 0)


def test_a_batch_over_a_quiet_night_loses_no_minute() -> None:
    """One batch that reaches over hours is cut: the minutes before the night are closed before their panes go."""
    state = partition_state()
    for topic in (POSTS, CONVERSIONS):
        state.read_to_end(topic, NOON_MS + 9 * 60 * MINUTE_MS)
    evening = [comment(n, NOON_MS + n * 30 * SECOND_MS) for n in range(200)]
    morning = [comment(300 + n, NOON_MS + 8 * 60 * MINUTE_MS + n * SECOND_MS) for n in range(3)]
    apply(state, COMMENTS, *evening, *morning)
    state.read_to_end(COMMENTS, NOON_MS + 8 * 60 * MINUTE_MS + 5 * MINUTE_MS)
    windows = state.closed.take()
    assert minutes(windows) == list(range(8 * 60 + 4))
    assert sum(counts(window)[0] for window in windows) == 203
    assert state.closed.skipped_total == 0


def test_topics_hours_apart_skip_minutes_and_count_them() -> None:
    """What left the panes before the slowest topic came is not judged with half of its events."""
    state = partition_state()
    state.read_to_end(POSTS, NOON_MS + 300 * MINUTE_MS)
    apply(state, COMMENTS, comment(1, NOON_MS))
    apply(state, CONVERSIONS, value_of("click", "c1", NOON_MS + 5 * MINUTE_MS))
    state.closed.take()
    apply(state, COMMENTS, comment(2, NOON_MS + 200 * MINUTE_MS))
    apply(state, CONVERSIONS, value_of("click", "c2", NOON_MS + 201 * MINUTE_MS))
    windows = state.closed.take()
    assert minutes(windows) == [0, 1, 2, 3, *range(142, 199)]
    assert state.closed.skipped_total == 138


def test_a_backlog_of_hours_before_the_first_closed_minute_is_counted_as_skipped() -> None:
    """Three hours of one topic move the panes on before the others come: two of them are lost, and said to be."""
    state = partition_state()
    apply(state, COMMENTS, *(comment(n, NOON_MS + n * MINUTE_MS) for n in range(180)))
    for topic in INPUT_TOPICS:
        state.read_to_end(topic, NOON_MS + 180 * MINUTE_MS + GRACE_MS)
    assert minutes(state.closed.take()) == list(range(120, 180))
    assert state.closed.skipped_total == 120


def test_a_backlog_of_hours_after_a_restart_is_counted_as_skipped() -> None:
    """What came while no worker ran and left the panes at once is no part of what was closed before."""
    state = partition_state()
    apply(state, COMMENTS, *(comment(n, NOON_MS + n * MINUTE_MS) for n in range(30)))
    for topic in INPUT_TOPICS:
        state.read_to_end(topic, NOON_MS + 30 * MINUTE_MS + GRACE_MS)
    again = partition_state()
    again.restore(
        [decode_record(state.record_of(0))], {}, dict(zip(INPUT_TOPICS, map(same_log, state.positions), strict=True))
    )
    apply(again, COMMENTS, *(comment(30 + n, NOON_MS + (30 + n) * MINUTE_MS) for n in range(180)))
    for topic in INPUT_TOPICS:
        again.read_to_end(topic, NOON_MS + 210 * MINUTE_MS + GRACE_MS)
    assert minutes(again.closed.take()) == list(range(150, 210))
    assert again.closed.skipped_total == 150 - 29, "the last minute before the restart may not have been closed"


def test_closing_again_after_a_restart_gives_the_same_records() -> None:
    """A successor closes what the panes hold once more; the counts are those of the first time."""
    state = partition_state()
    apply(state, COMMENTS, *(comment(n, NOON_MS + n * 7 * SECOND_MS) for n in range(200)))
    for topic in INPUT_TOPICS:
        state.read_to_end(topic, NOON_MS + 30 * MINUTE_MS)
    before = {window.minute: window.counts for window in state.closed.take()}
    again = partition_state()
    again.restore(
        [decode_record(state.record_of(0))], {}, dict(zip(INPUT_TOPICS, map(same_log, state.positions), strict=True))
    )
    for topic in INPUT_TOPICS:
        again.read_to_end(topic, NOON_MS + 30 * MINUTE_MS)
    after = {window.minute: window.counts for window in again.closed.take()}
    assert after == before


def test_a_campaign_long_without_events_sends_no_more() -> None:
    """A day after its last event its minutes end."""
    state = partition_state()
    apply(state, COMMENTS, comment(1, NOON_MS))
    for hours in range(1, 30):
        for topic in INPUT_TOPICS:
            state.read_to_end(topic, NOON_MS + hours * 60 * MINUTE_MS)
    assert max(minutes(state.closed.take())) == IDLE_MS // MINUTE_MS - 1


def test_late_events_before_the_first_minute_are_no_silence() -> None:
    """A new partition begins where its events begin to come, not at a redelivery of half an hour ago."""
    state = partition_state()
    apply(state, COMMENTS, comment(1, NOON_MS - 30 * MINUTE_MS), comment(2, NOON_MS), comment(3, NOON_MS + MINUTE_MS))
    for topic in INPUT_TOPICS:
        state.read_to_end(topic, NOON_MS + 2 * MINUTE_MS + GRACE_MS)
    assert minutes(state.closed.take()) == [0, 1]
