"""The oracle against results worked out by hand: which events count, in which window, for whom."""

from pathlib import Path

import pytest

from models.campaigns import TrackingLink
from models.currencies import NO_CURRENCY

from .event_log import (
    BASE,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    EventLog,
    by_window,
    campaign,
    definition,
    influencer,
    member,
    scores,
)
from .oracle import compute


def test_every_window_ends_with_the_pane_in_progress_and_begins_at_a_pane(log: EventLog) -> None:
    """The first millisecond of a window's oldest pane counts, the one before it does not."""
    # As of 2 s into a pane, every window reaches back panes - 1 whole panes from BASE.
    log.add("comment.created", BASE + 2 * SECOND)
    starts = [
        BASE - 11 * 5 * SECOND,
        BASE - 59 * 5 * SECOND,
        BASE - 14 * MINUTE,
        BASE - 59 * MINUTE,
        BASE - 23 * 15 * MINUTE,
        BASE - 95 * 15 * MINUTE,
    ]
    for start in starts:
        log.add("comment.created", start)
        log.add("comment.created", start - 1)
    answer = log.compute()
    assert answer["as_of_ms"] == BASE + 2 * SECOND
    # Each window holds the newest, its own first millisecond, and both of every shorter window.
    assert by_window(influencer(answer), "comments") == [2, 4, 6, 8, 10, 12, 13]
    assert by_window(campaign(answer), "comments") == [2, 4, 6, 8, 10, 12, 13]


def test_a_given_moment_moves_the_windows(log: EventLog) -> None:
    """With ``as_of_ms`` one minute on, a comment has left the 1m window only."""
    log.add("comment.created", BASE)
    assert by_window(influencer(log.compute(as_of_ms=BASE + 59_999)), "comments") == [1] * 7
    assert by_window(influencer(log.compute(as_of_ms=BASE + 60_000)), "comments") == [0] + [1] * 6


def test_duplicates_count_once_per_topic_and_platform(log: EventLog) -> None:
    """An event id is one event within its topic and platform, and may repeat elsewhere."""
    log.add("click", BASE, event_id="x")
    log.add("click", BASE, event_id="x")
    log.add("signup", BASE, event_id="x")
    log.add("click", BASE, event_id="x", platform="shop")
    log.add("comment.created", BASE, event_id="x")
    answer = log.compute()
    total = influencer(answer)["windows"]["total"]
    assert (total["clicks"], total["signups"], total["comments"]) == (2, 0, 1)
    assert answer["counts"] == {"lines": 5, "accepted": 3, "duplicates": 2, "rejected": 0}


def test_the_first_copy_counts(log: EventLog, tmp_path: Path) -> None:
    """Of copies that differ the first in file order counts, over several files."""
    log.add("click", BASE, event_id="x")
    log.compute()
    later = EventLog(tmp_path / "later.ndjson")
    later.add("signup", BASE, event_id="x")
    later.compute()
    total = influencer(compute([log.path, later.path], [], None, NOW, scores))["windows"]["total"]
    assert (total["clicks"], total["signups"]) == (1, 0)


def test_one_event_of_two_influencers_counts_for_both(log: EventLog) -> None:
    """Ids are told apart by campaign and influencer, and those of orders by order."""
    for _ in range(2):
        log.add("click", BASE, event_id="x")
        log.add("click", BASE, "ben", event_id="x")
        log.add("click", BASE, event_id="x", campaign_id="autumn")
        log.add("purchase", BASE, event_id="x", order_id="o1")
        log.add("purchase", BASE, event_id="x", order_id="o2")
    answer = log.compute()
    assert answer["counts"] == {"lines": 10, "accepted": 5, "duplicates": 5, "rejected": 0}
    assert [influencer(answer, who)["windows"]["total"]["clicks"] for who in ("ana", "ben")] == [1, 1]
    assert influencer(answer, "ana", "autumn")["windows"]["total"]["clicks"] == 1
    assert influencer(answer)["windows"]["total"]["purchases"] == 2


def test_snapshots_become_deltas_at_their_own_time(log: EventLog) -> None:
    """The first value of an old post is in the total alone; every later one counts where it happened."""
    log.add("post.metrics", BASE - 2 * HOUR, likes=1000)
    log.add("post.metrics", BASE, likes=1070)
    log.add("post.metrics", BASE - HOUR - MINUTE, likes=1100)  # arrives late: +100, then -30
    answer = log.compute()
    assert by_window(influencer(answer), "likes") == [0, 0, 0, 0, 70, 70, 1070]
    assert by_window(influencer(answer), "engagements") == [0, 0, 0, 0, 70, 70, 1070]
    assert by_window(influencer(answer), "corrections") == [30, 30, 30, 30, 0, 0, 0]
    boards = campaign(answer)["leaderboards"]
    assert [[each["engagements"] for each in boards[name]] for name in ("1m", "6h", "total")] == [[], [70], [1070]]


def test_a_published_post_begins_at_zero(log: EventLog) -> None:
    """After ``post.published`` the first snapshot is growth, and an absent metric is no zero."""
    log.add("post.published", BASE - MINUTE)
    log.add("post.metrics", BASE, views=500, likes=None)
    log.add("post.metrics", BASE, post_id="p2", views=7)
    answer = log.compute()
    assert by_window(influencer(answer), "views") == [500] * 6 + [507]
    assert by_window(influencer(answer), "likes") == [0] * 7
    assert by_window(influencer(answer), "posts") == [0, 1, 1, 1, 1, 1, 1]


def test_snapshots_of_one_time_are_ordered_by_value(log: EventLog) -> None:
    """Two snapshots of one millisecond: the smaller is the first, the larger the last known."""
    log.add("post.metrics", BASE, reach=90)
    log.add("post.metrics", BASE, reach=50)
    log.add("post.metrics", BASE, comments=4)
    answer = log.compute()
    assert by_window(influencer(answer), "reach") == [40] * 6 + [90]
    assert by_window(influencer(answer), "reported_comments") == [0] * 6 + [4]
    assert by_window(influencer(answer), "comments") == [0] * 7


def test_reactions_add_to_snapshots_by_kind(log: EventLog) -> None:
    """Reactions count by kind, one when no count is given; unknown kinds have their own counter."""
    log.add("post.reaction", BASE, kind="like", count=3)
    log.add("post.reaction", BASE, kind="like")
    log.add("post.reaction", BASE, kind="share", count=2)
    log.add("post.reaction", BASE, kind="save", count=5)
    log.add("post.reaction", BASE, kind="view", count=100)
    log.add("post.reaction", BASE, kind="clap", count=7)
    log.add("post.reaction", BASE, kind="Reposts", count=1)
    log.add("post.deleted", BASE)
    log.add("comment.deleted", BASE)
    total = influencer(log.compute())["windows"]["total"]
    names = ("likes", "shares", "saves", "views", "other_reactions", "posts_deleted", "comments_deleted")
    assert [total[name] for name in names] == [4, 3, 5, 100, 7, 1, 1]
    assert total["engagements"] == 4 + 3 + 5
    assert total["engagement_rate_by_views"] == pytest.approx(0.12, abs=1e-12)
    assert "engagement_rate_by_reach" not in total
    assert "engagement_rate_by_followers" not in total


def test_tests_count_nowhere_but_as_test_orders(log: EventLog) -> None:
    """A test order counts as such alone; a test click is nothing, but makes its influencer known."""
    log.add("purchase", BASE, test=True)
    log.add("refund", BASE, test=True)
    log.add("click", BASE, "ben", test=True)
    log.add("click", BASE, test=False)
    answer = log.compute()
    total = influencer(answer)["windows"]["total"]
    assert (total["test_orders"], total["purchases"], total["refunds"], total["clicks"]) == (2, 0, 0, 1)
    assert "revenue" not in total
    assert total["conversion_rate_by_clicks"] == 0.0
    assert by_window(influencer(answer, "ben"), "clicks") == [0] * 7
    assert campaign(answer)["influencers"] == 2


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ({"discount_code": "ANA10", "click_id": "b-1"}, "ana"),
        ({"discount_code": "STRASSE"}, "ben"),
        ({"discount_code": "ANA1"}, ""),
        ({"discount_code": "unheard of", "click_id": "b-1"}, "ben"),
        ({"discount_code": "", "click_id": "", "utm_source": "TikTok"}, "ana"),
        ({"click_id": "b-longer"}, "cleo"),
        ({"click_id": "b-x"}, "ana"),
        ({"click_id": "B-1"}, ""),
        ({"click_id": "c", "utm_source": "nowhere"}, ""),
        ({"utm_source": "tiktok", "utm_campaign": "SPRING"}, "ben"),
        ({"utm_source": "x", "utm_content": "bio"}, "cleo"),
        ({"utm_source": "tiktok", "utm_content": "bio"}, "ana"),
        ({}, ""),
    ],
)
def test_attribution_by_code_then_click_then_link(log: EventLog, marks: dict[str, str], expected: str) -> None:
    """Codes fold case, the longest click id prefix wins, the link that names most wins, then the first."""
    campaign_definition = definition(
        member("ana", discount_codes=("ana10",), click_ids=("b-x",), links=(TrackingLink(utm_source="tiktok"),)),
        member(
            "ben",
            discount_codes=("straße",),
            click_ids=("b-*",),
            links=(TrackingLink(utm_source="TIKTOK", utm_campaign="spring", utm_term=""),),
        ),
        member("cleo", click_ids=("b-l*", "b-x*"), links=(TrackingLink(utm_content="bio"),)),
    )
    log.add("purchase", BASE, None, **marks)
    answer = log.compute(campaign_definition)
    assert [rollup["influencer_id"] for rollup in answer["influencers"]] == [expected]
    assert campaign(answer)["influencers"] == (0 if expected == "" else 1)
    assert campaign(answer)["windows"]["total"]["purchases"] == 1


def test_a_named_influencer_needs_no_attribution(log: EventLog) -> None:
    """A conversion that names its influencer belongs to it, whatever code it carries."""
    log.add("purchase", BASE, "zoe", discount_code="ana10")
    log.add("purchase", BASE, None, discount_code="ana10", campaign_id="autumn")
    answer = log.compute(definition(member("ana", discount_codes=("ana10",))))
    assert [(rollup["campaign_id"], rollup["influencer_id"]) for rollup in answer["influencers"]] == [
        ("autumn", ""),
        ("spring", "zoe"),
    ]


def test_a_campaign_without_events_is_not_there(log: EventLog) -> None:
    """A definition alone gives no numbers, and a file of nothing gives an empty answer."""
    log.raw(b"")
    log.raw(b" \r")
    log.raw(b"not json")
    log.raw(b"null")
    answer = log.compute(definition(member("ana")))
    assert answer == {
        "as_of_ms": 0,
        "campaigns": [],
        "influencers": [],
        "giveaways": [],
        "counts": {"lines": 2, "accepted": 0, "duplicates": 0, "rejected": 2},
        "newest_ms": {},
        "minutes": {},
        "posts": [],
    }


def test_refused_lines_leave_no_trace(log: EventLog) -> None:
    """Whatever a refused line says, neither the numbers nor the moment nor the dedupe know of it."""
    log.add("click", NOW + 5 * MINUTE + 1, event_id="x")
    log.add("click", "3000-01-01T00:00:00Z", event_id="x")
    log.add("purchase", BASE, event_id="x", currency=NO_CURRENCY)
    log.raw(b'{"type": "click", "event_id": "x"')
    log.raw(b'{"type": "click", "event_id": "\xff"}')
    log.add("click", BASE, event_id="x")
    answer = log.compute()
    assert answer["as_of_ms"] == BASE
    assert answer["counts"] == {"lines": 6, "accepted": 1, "duplicates": 0, "rejected": 5}
    assert influencer(answer)["windows"]["total"]["clicks"] == 1


def test_odd_texts_pass_through(log: EventLog) -> None:
    """Ids and texts may hold any character, NUL included, and equal texts are scored once."""
    asked: list[str] = []

    def remember(texts: list[str]) -> list[float]:
        asked.extend(texts)
        return [0.5] * len(texts)

    for text in ("a\0b", "a\0c", "", "😀", "a\0b"):
        log.add("comment.created", BASE, "an\0a", text=text)
    log.path.write_bytes(b"\n".join(log.lines))
    answer = compute([log.path], [], None, NOW, remember)
    assert sorted(asked) == ["", "a\0b", "a\0c", "😀"]
    assert influencer(answer, "an\0a")["windows"]["total"]["sentiment"]["sample_size"] == 5


def test_an_edited_comment_is_one_comment_with_its_newest_sentiment(log: EventLog) -> None:
    """It counts where its oldest version was made; whoever edits was there then, too."""
    log.add("comment.created", BASE - 10 * MINUTE, comment_id="k", text="0.5")
    log.add("comment.created", BASE, comment_id="k", text="-0.5")
    log.add("comment.created", BASE - MINUTE, comment_id="k", text="0.9")
    log.add("comment.created", BASE, "ben", comment_id="k", text="0.1")
    answer = log.compute()
    assert by_window(influencer(answer), "comments") == [0, 0, 1, 1, 1, 1, 1]
    assert influencer(answer)["windows"]["total"]["sentiment"]["mean"] == -0.5
    assert influencer(answer)["windows"]["total"]["sentiment"]["negative_share"] == 1.0
    assert by_window(influencer(answer), "unique_commenters") == [1] * 7
    assert campaign(answer)["windows"]["total"]["comments"] == 2
