"""What each kind of event does to the numbers of its influencer."""

from typing import Any

import msgspec
import pytest

from models.rollups import WindowStats
from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.statistics.counters import COLUMN
from tests.unit.events import NOON_MS, NOW_MS, partition_state, records, rollup_of, value_of


def stats_of(topic: str, *values: bytes) -> WindowStats:
    """Return the numbers of the last minute after these events."""
    state = partition_state()
    state.apply(topic, records(values), NOW_MS)
    return rollup_of(state).windows["1m"]


def counted(stats: WindowStats) -> dict[str, int]:
    """Return the counters that are not 0, engagements and people aside."""
    content = msgspec.to_builtins(stats)
    return {
        name: value
        for name, value in content.items()
        if isinstance(value, int) and value and name not in ("engagements", "unique_commenters")
    }


# Each row: an event and the counters it moves.
@pytest.mark.parametrize(
    ("topic", "kind", "fields", "expected"),
    [
        (POSTS, "post.published", {}, {"posts": 1}),
        (POSTS, "post.deleted", {}, {"posts_deleted": 1}),
        (POSTS, "post.metrics", {"likes": 5}, {}),
        (POSTS, "post.reaction", {"kind": "like", "count": 3}, {"likes": 3}),
        (POSTS, "post.reaction", {"kind": "share"}, {"shares": 1}),
        (POSTS, "post.reaction", {"kind": "save", "count": 2}, {"saves": 2}),
        (POSTS, "post.reaction", {"kind": "view", "count": 10**12}, {"views": 10**12}),
        (POSTS, "post.reaction", {"kind": "wow", "count": 4}, {"other_reactions": 4}),
        (POSTS, "post.reaction", {"kind": "Like", "count": 4}, {"likes": 4}),
        (POSTS, "post.reaction", {"kind": "likes"}, {"likes": 1}),
        (POSTS, "post.reaction", {"kind": "REPOST"}, {"shares": 1}),
        (POSTS, "post.reaction", {"kind": " play "}, {"views": 1}),
        (POSTS, "post.reaction", {"kind": "dislike"}, {"other_reactions": 1}),
        (POSTS, "post.reaction", {"kind": "like", "count": 0}, {}),
        (COMMENTS, "comment.created", {}, {"comments": 1}),
        (COMMENTS, "comment.deleted", {}, {"comments_deleted": 1}),
        (CONVERSIONS, "click", {}, {"clicks": 1}),
        (CONVERSIONS, "signup", {}, {"signups": 1}),
        (CONVERSIONS, "add_to_cart", {}, {"add_to_carts": 1}),
        (CONVERSIONS, "purchase", {}, {"purchases": 1}),
        (CONVERSIONS, "refund", {}, {"refunds": 1}),
        (CONVERSIONS, "click", {"test": True}, {}),
        (CONVERSIONS, "signup", {"test": True}, {}),
        (CONVERSIONS, "add_to_cart", {"test": True}, {}),
        (CONVERSIONS, "purchase", {"test": True}, {"test_orders": 1}),
        (CONVERSIONS, "refund", {"test": True}, {"test_orders": 1}),
    ],
)
def test_event_moves_exactly_its_counters(
    topic: str, kind: str, fields: dict[str, Any], expected: dict[str, int]
) -> None:
    """One event, one effect, as the table of the documentation says."""
    assert counted(stats_of(topic, value_of(kind, **fields))) == expected


def test_test_orders_bring_no_money() -> None:
    """A test order is no revenue."""
    stats = stats_of(
        CONVERSIONS,
        value_of("purchase", "e1", amount="10"),
        value_of("purchase", "e2", amount="99", test=True),
        value_of("refund", "e3", amount="1.5"),
        value_of("refund", "e4", amount="99", test=True),
    )
    assert msgspec.to_builtins(stats.revenue) == {
        "EUR": {"orders": 1, "revenue": "10", "refunds": 1, "refunded": "1.5", "average_order_value": "10"}
    }


@pytest.mark.parametrize(
    ("polarity", "column"),
    [
        ("1", "sentiment_positive"),
        ("0.050001", "sentiment_positive"),
        ("0.05000000001", "sentiment_positive"),
        ("0.05", "sentiment_neutral"),
        ("0", "sentiment_neutral"),
        ("-0.05", "sentiment_neutral"),
        ("-0.050001", "sentiment_negative"),
        ("-1", "sentiment_negative"),
    ],
)
def test_comment_is_classed_by_the_polarity_before_rounding(polarity: str, column: str) -> None:
    """The thresholds themselves are neutral, and rounding to millionths comes after the class."""
    state = partition_state()
    state.apply(COMMENTS, records([value_of("comment.created", text=polarity)]), NOW_MS)
    totals = state.influencers.panes.totals[0]
    classes = ("sentiment_positive", "sentiment_neutral", "sentiment_negative")
    assert {name: int(totals[COLUMN[name]]) for name in classes} == {name: int(name == column) for name in classes}
    assert totals[COLUMN["sentiment_micros"]] == round(float(polarity) * 1e6)


def test_sentiment_of_a_window_is_mean_shares_and_net() -> None:
    """Two good, one bad, one neutral: 0.125, a half, a quarter, a quarter, and net a quarter."""
    texts = ("good", "good stuff", "bad", "well")
    stats = stats_of(COMMENTS, *(value_of("comment.created", f"e{n}", text=text) for n, text in enumerate(texts)))
    assert msgspec.to_builtins(stats.sentiment) == {
        "sample_size": 4,
        "mean": 0.125,
        "positive_share": 0.5,
        "neutral_share": 0.25,
        "negative_share": 0.25,
        "net": 0.25,
    }


def test_people_are_distinct_by_author_within_a_platform() -> None:
    """One author twice is one person; the same id on another platform is another person."""
    stats = stats_of(
        COMMENTS,
        value_of("comment.created", "e1", author_id="a"),
        value_of("comment.created", "e2", author_id="a"),
        value_of("comment.created", "e3", author_id="b"),
        value_of("comment.created", "e4", author_id="a", platform="tiktok"),
    )
    assert (stats.comments, stats.unique_commenters) == (4, 3)


def test_followers_are_those_of_the_newest_snapshot_that_names_them() -> None:
    """By event time, then by value, whatever the order of arrival; snapshots without followers say nothing."""
    state = partition_state()
    sent = [(0, 100), (5, 50), (5, 70), (3, 900), (9, None)]
    values = [value_of("post.metrics", f"e{n}", NOON_MS + at, followers=count) for n, (at, count) in enumerate(sent)]
    state.apply(POSTS, records(values), NOW_MS)
    assert rollup_of(state).followers == 70


def test_mixed_batches_equal_their_events_one_by_one() -> None:
    """The fast path of pure comment batches gives the numbers of every other path."""
    comments = [value_of("comment.created", f"e{n}", NOON_MS + n, text="good", author_id=str(n)) for n in range(5)]
    deleted = [value_of("comment.deleted", "x", NOON_MS)]
    whole, single = partition_state(), partition_state()
    whole.apply(COMMENTS, records([*comments, *deleted]), NOW_MS)
    for offset, value in enumerate([*comments, *deleted]):
        single.apply(COMMENTS, records([value], first_offset=offset), NOW_MS)
    assert rollup_of(whole) == rollup_of(single)


def test_many_influencers_outgrow_the_first_rows() -> None:
    """Rows are made as they come; each keeps its own numbers."""
    state = partition_state()
    values = [value_of("post.reaction", f"e{n}", influencer_id=f"i{n}", count=n) for n in range(300)]
    state.apply(POSTS, records(values), NOW_MS)
    assert [rollup_of(state, f"i{n}").windows["1m"].likes for n in range(300)] == list(range(300))


def test_campaigns_of_one_influencer_keep_apart() -> None:
    """A row is a campaign and an influencer."""
    state = partition_state()
    values = [value_of("comment.created", f"e{n}", campaign_id="cd"[n % 2]) for n in range(5)]
    state.apply(COMMENTS, records(values), NOW_MS)
    assert [rollup_of(state, campaign_id=name).windows["total"].comments for name in "cd"] == [3, 2]
