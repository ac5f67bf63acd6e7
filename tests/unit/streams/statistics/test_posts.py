"""Posts: cumulative snapshots to deltas, by timelines worked out by hand."""

from models.rollups import WINDOW_NAMES
from models.times import DAY_MS, HOUR_MS, MINUTE_MS
from models.topics import POSTS
from streams.pipeline.partition import PartitionState
from streams.statistics.counters import COLUMN
from streams.statistics.posts import MetricHistory
from tests.unit.events import NOON_MS, NOW_MS, partition_state, records, rollup_of, value_of

LIKES = COLUMN["likes"]


class Feed:
    """Sends post events to one partition, one record after the other."""

    def __init__(self) -> None:
        self.state: PartitionState = partition_state()
        self.sent = 0

    def send(self, kind: str, at_ms: int, **fields: object) -> None:
        """Send one event."""
        value = value_of(kind, f"e{self.sent}", at_ms, **fields)
        self.state.apply(POSTS, records([value], first_offset=self.sent), NOW_MS)
        self.sent += 1

    def snapshot(self, at_ms: int, likes: int | None, **fields: object) -> None:
        """Send one snapshot."""
        self.send("post.metrics", at_ms, likes=likes, **fields)

    def likes(self) -> list[int]:
        """Return the likes of 1m, 5m, 15m, 1h, 6h, 24h and total."""
        windows = rollup_of(self.state).windows
        return [windows[name].likes for name in WINDOW_NAMES]


def test_first_snapshot_counts_in_the_total_only() -> None:
    """A post that was old when the campaign began to watch it is no spike."""
    feed = Feed()
    feed.snapshot(NOON_MS, 1_000)
    assert feed.likes() == [0, 0, 0, 0, 0, 0, 1_000]


def test_published_post_starts_at_zero_and_its_first_snapshot_counts_everywhere() -> None:
    """``post.published`` is a snapshot in which every metric is 0, in whatever order the two arrive."""
    feed = Feed()
    feed.send("post.published", NOON_MS)
    feed.snapshot(NOON_MS + 1, 30)
    assert feed.likes() == [30] * 7
    swapped = Feed()
    swapped.snapshot(NOON_MS + 1, 30)
    swapped.send("post.published", NOON_MS)
    assert swapped.likes() == [30] * 7


#   11:00      11:40      11:58     12:00
#   100 ------ 140 ------ 145 ----- 150
def test_each_snapshot_contributes_its_growth_at_its_own_time() -> None:
    """Growth lies in the windows of the snapshot that reported it."""
    feed = Feed()
    for minutes, likes in ((60, 100), (20, 140), (2, 145), (0, 150)):
        feed.snapshot(NOON_MS - minutes * MINUTE_MS, likes)
    assert feed.likes() == [5, 10, 10, 50, 50, 50, 150]


def test_late_snapshot_also_corrects_its_successor() -> None:
    """Arriving last instead of third, the snapshot of 11:58 leaves the very same numbers."""
    feed = Feed()
    for minutes, likes in ((60, 100), (20, 140), (0, 150), (2, 145)):
        feed.snapshot(NOON_MS - minutes * MINUTE_MS, likes)
    assert feed.likes() == [5, 10, 10, 50, 50, 50, 150]


def test_decrease_is_a_correction_and_shows_nothing_negative() -> None:
    """Platforms remove bots' likes; windows show none and what was taken back, the total what is left."""
    feed = Feed()
    feed.snapshot(NOON_MS - 2 * MINUTE_MS, 100)
    feed.snapshot(NOON_MS, 90)
    assert feed.likes() == [0] * 6 + [90]
    assert [window.corrections for window in rollup_of(feed.state).windows.values()] == [10] * 6 + [0]


def test_window_that_saw_the_rise_nets_what_was_taken_back() -> None:
    """A glitch to 0 and back is no rise and no correction, and half a correction lowers the rise."""
    feed = Feed()
    for minutes, likes in ((30, 100), (10, 160), (2, 150), (0, 130)):
        feed.snapshot(NOON_MS - minutes * MINUTE_MS, likes)
    assert feed.likes() == [0, 0, 30, 30, 30, 30, 130]
    assert [window.corrections for window in rollup_of(feed.state).windows.values()] == [20, 30, 0, 0, 0, 0, 0]


def test_absent_metric_is_left_alone() -> None:
    """A snapshot without likes says nothing about likes."""
    feed = Feed()
    feed.snapshot(NOON_MS - MINUTE_MS, 10, views=5)
    feed.snapshot(NOON_MS - 30_000, None, views=9)
    feed.snapshot(NOON_MS, 12)
    assert feed.likes() == [2] * 6 + [12]
    windows = rollup_of(feed.state).windows
    assert (windows["1m"].views, windows["total"].views) == (4, 9)


def test_numbers_that_are_none_are_left_out_and_told_and_the_others_count() -> None:
    """A hidden count given as -1 costs a snapshot that number only; a letter names it; sent again, nothing doubles."""
    feed = Feed()
    feed.send("post.published", NOON_MS - MINUTE_MS)
    hidden = value_of("post.metrics", "hidden", NOON_MS, likes=-1, shares="7", views=1_000, comments=12, saves=None)
    for offset in (1, 2):
        feed.state.apply(POSTS, records([hidden], first_offset=offset), NOW_MS)
    total = rollup_of(feed.state).windows["total"]
    assert (total.views, total.reported_comments, total.likes, total.shares) == (1_000, 12, 0, 0)
    assert (feed.state.events_total, feed.state.duplicates_total) == (2, 1)
    assert feed.state.intake.rejected_total == {"unusable_field": 2}
    letter = feed.state.intake.take_dead_letters()[0]
    assert (letter.reason, letter.value, letter.offset) == ("unusable_field", hidden, 1)
    assert "`$.likes`" in letter.detail
    assert "`$.shares`" in letter.detail


def test_snapshot_without_any_number_left_is_refused_as_a_whole() -> None:
    """Nothing is left to count: the letter says what is wrong with the first."""
    feed = Feed()
    for value in (value_of("post.metrics", "e", NOON_MS, likes=-1), value_of("post.metrics", "f", NOON_MS, views="x")):
        feed.state.apply(POSTS, records([value], first_offset=feed.sent), NOW_MS)
        feed.sent += 1
    assert feed.state.intake.rejected_total == {"out_of_range": 1, "wrong_type": 1}
    assert (feed.state.events_total, len(feed.state.influencers)) == (0, 0)


def test_each_metric_has_its_own_first_snapshot() -> None:
    """The first value of a metric has no predecessor, even when the post is long known."""
    feed = Feed()
    feed.snapshot(NOON_MS - MINUTE_MS, 10)
    feed.snapshot(NOON_MS, 11, shares=50)
    windows = rollup_of(feed.state).windows
    assert (windows["1m"].shares, windows["total"].shares) == (0, 50)


def test_every_metric_lands_in_its_own_column() -> None:
    """The platform's comment count is ``reported_comments`` and never part of ``comments`` or engagements."""
    feed = Feed()
    feed.send("post.published", NOON_MS)
    feed.snapshot(NOON_MS, 1, comments=20, shares=300, saves=4_000, views=50_000, reach=600_000)
    stats = rollup_of(feed.state).windows["1m"]
    assert (stats.likes, stats.reported_comments, stats.shares, stats.saves, stats.views, stats.reach) == (
        1,
        20,
        300,
        4_000,
        50_000,
        600_000,
    )
    assert (stats.comments, stats.engagements) == (0, 4_301)


def test_equal_times_are_ordered_by_value_whichever_came_first() -> None:
    """Two values of one moment: the larger one is the later one."""
    totals = set()
    for values in ((5, 8), (8, 5)):
        feed = Feed()
        feed.snapshot(NOON_MS - MINUTE_MS, 1)
        for likes in values:
            feed.snapshot(NOON_MS, likes)
        totals.add(tuple(feed.likes()))
    assert totals == {(7, 7, 7, 7, 7, 7, 8)}


def test_posts_influencers_and_reactions_do_not_mix() -> None:
    """Snapshots compare within one post of one influencer; reactions are deltas already and are added."""
    feed = Feed()
    feed.snapshot(NOON_MS, 10, post_id="p")
    feed.snapshot(NOON_MS, 20, post_id="q")
    feed.snapshot(NOON_MS, 40, post_id="p", influencer_id="bruno")
    feed.send("post.reaction", NOON_MS, count=3)
    assert feed.likes() == [3] * 6 + [33]
    assert rollup_of(feed.state, "bruno").windows["total"].likes == 40


def test_first_snapshot_survives_thinning() -> None:
    """Regression: when thinning dropped the first snapshot, one that arrived before the second looked like growth."""
    feed = Feed()
    feed.snapshot(NOON_MS - 3 * HOUR_MS, 1_000)
    for index in range(200):
        feed.snapshot(NOON_MS - 3 * HOUR_MS + (index + 1) * 1_000, 1_000 + index)
    feed.snapshot(NOON_MS, 1_300)
    for index in range(64):
        feed.snapshot(NOON_MS + index, 1_300)
    before = feed.likes()
    feed.snapshot(NOON_MS - 3 * HOUR_MS - 60_000, 900)  # a new first: only its successor's difference enters the panes
    assert [after - was for after, was in zip(feed.likes(), before, strict=True)] == [0, 0, 0, 0, 100, 100, 0]


def test_snapshot_older_than_a_day_changes_nothing_once_a_newer_old_one_is_known() -> None:
    """Regression: of snapshots older than the windows only the newest matters; an older late one is no growth."""
    feed = Feed()
    feed.snapshot(NOON_MS - 3 * DAY_MS, 100)
    feed.snapshot(NOON_MS, 150)
    for index in range(64):
        feed.snapshot(NOON_MS + index, 150)
    before = feed.likes()
    assert before == [50] * 6 + [150]
    feed.snapshot(NOON_MS - 4 * DAY_MS, 90)
    assert feed.likes() == before


def test_late_snapshot_becomes_the_predecessor_of_the_oldest_known_one() -> None:
    """A day-old first snapshot that comes late turns the former first into growth at its own time."""
    feed = Feed()
    feed.snapshot(NOON_MS, 150)
    feed.snapshot(NOON_MS - 3 * DAY_MS, 100)
    assert feed.likes() == [50] * 6 + [150]


def test_long_history_of_a_watched_post_stays_bounded() -> None:
    """A snapshot every ten seconds for three days keeps at most the last hour whole, and one a coarse pane before."""
    history = MetricHistory()
    for step in range(3 * 8_640):
        time_ms = NOON_MS + step * 10_000
        history.insert(LIKES, time_ms, step)
        if step % 64 == 0:
            history.thin(time_ms)
    assert len(history.times) <= 64 + 370 + 90 + 100
    assert history.values[-1] == 3 * 8_640 - 1


def test_contributions_of_one_insert_are_those_of_the_definition() -> None:
    """Between two neighbours a snapshot adds its growth and takes the same from its successor."""
    history = MetricHistory()
    assert history.insert(LIKES, 10, 100) == [(LIKES, 10, 100, False, True)]
    assert history.insert(LIKES, 30, 160) == [(LIKES, 30, 60, True, True)]
    assert history.insert(LIKES, 20, 130) == [
        (LIKES, 20, 30, True, False),
        (LIKES, 30, -30, True, False),
    ]
    assert history.insert(LIKES, 5, 90) == [(LIKES, 10, 10, True, False)]
