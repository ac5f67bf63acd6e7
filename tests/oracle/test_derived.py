"""The oracle against results worked out by hand: money, sentiment, persons, rates, worth and leaderboards."""

from datetime import date

import pytest

from models.campaigns import RateCard

from .event_log import BASE, HOUR, MINUTE, NOW, EventLog, by_window, campaign, definition, influencer, member
from .oracle import compute


def test_refunded_so_far_is_one_refund(log: EventLog) -> None:
    """Exports of two days say 9 and then 30 of an order of 100; what a shop's own ids name is added: 5 more."""
    for event_id, kind, amount in (
        ("shop:order:1", "purchase", "100"),
        ("shop:refund:1:30.00", "refund", "30.00"),
        ("shop:refund:1:9.00", "refund", "9.00"),
        ("shop:refund:77", "refund", "5"),
    ):
        log.add(kind, BASE, event_id=event_id, order_id="1", amount=amount)
    money = influencer(log.compute())["windows"]["total"]["revenue"]["EUR"]
    assert (money["orders"], money["refunds"], money["refunded"]) == (1, 2, "35")


def test_money_is_exact_per_currency(log: EventLog) -> None:
    """Sums are exact, written without trailing zeros; the average is rounded half to even at 4 decimals."""
    log.add("purchase", BASE, amount="0.1")
    log.add("purchase", BASE, amount="00.200000")
    log.add("refund", BASE, amount="0.3", currency="USD")
    log.add("purchase", BASE, amount="0.0001", currency="JPY")
    log.add("purchase", BASE, amount="0.0002", currency="JPY")  # 0.00015 on average: to the even 0.0002
    log.add("purchase", BASE - HOUR, amount="999999999999.999999", currency="CHF")
    log.add("purchase", BASE, amount="0.0002", currency="SEK")
    log.add("purchase", BASE, amount="0.0003", currency="SEK")  # 0.00025 on average: to the even 0.0002
    log.add("purchase", BASE, amount="1000", currency="NOK")
    answer = log.compute()
    revenue = influencer(answer)["windows"]["total"]["revenue"]
    assert revenue == {
        "EUR": {"orders": 2, "revenue": "0.3", "refunds": 0, "refunded": "0", "average_order_value": "0.15"},
        "USD": {"orders": 0, "revenue": "0", "refunds": 1, "refunded": "0.3"},
        "JPY": {
            "orders": 2,
            "revenue": "0.0003",
            "refunds": 0,
            "refunded": "0",
            "average_order_value": "0.0002",
        },
        "CHF": {
            "orders": 1,
            "revenue": "999999999999.999999",
            "refunds": 0,
            "refunded": "0",
            "average_order_value": "1000000000000",
        },
        "SEK": {
            "orders": 2,
            "revenue": "0.0005",
            "refunds": 0,
            "refunded": "0",
            "average_order_value": "0.0002",
        },
        "NOK": {
            "orders": 1,
            "revenue": "1000",
            "refunds": 0,
            "refunded": "0",
            "average_order_value": "1000",
        },
    }
    assert campaign(answer)["windows"]["total"]["revenue"] == revenue
    assert "CHF" not in influencer(answer)["windows"]["1h"]["revenue"]


def test_sentiment_by_thresholds(log: EventLog) -> None:
    """0.05 itself is neutral; the mean is of millionths; without comments there is no sentiment.

    A comment that is not read is in none of it.
    """
    for text in ("0.05", "0.0500001", "-0.05", "-0.9", "-1", "1"):
        log.add("comment.created", BASE - 2 * MINUTE, text=text)
    log.add("comment.created", BASE - 2 * MINUTE, text="unread")
    log.add("click", BASE)
    windows = influencer(log.compute())["windows"]
    assert "sentiment" not in windows["1m"]
    assert (windows["1m"]["sentiment_unread"], windows["5m"]["sentiment_unread"]) == (0, 1)
    assert windows["5m"]["sentiment"] == {
        "sample_size": 6,
        # 50000 + 50000 - 50000 - 900000 - 1000000 + 1000000 millionths
        "mean": pytest.approx(-0.85 / 6, abs=1e-9),
        "positive_share": pytest.approx(2 / 6, abs=1e-9),
        "neutral_share": pytest.approx(2 / 6, abs=1e-9),
        "negative_share": pytest.approx(2 / 6, abs=1e-9),
        "net": 0.0,
    }


def test_commenters_are_persons_of_a_platform(log: EventLog) -> None:
    """A commenter counts once per window within a platform, and once for a campaign over its influencers."""
    log.add("comment.created", BASE, author_id="a")
    log.add("comment.created", BASE, author_id="a")
    log.add("comment.created", BASE, author_id="a", platform="youtube")
    log.add("comment.created", BASE, "ben", author_id="a")
    log.add("comment.created", BASE - HOUR, "ben", author_id="b")
    answer = log.compute()
    assert by_window(influencer(answer), "unique_commenters") == [2] * 7
    assert by_window(influencer(answer, "ben"), "unique_commenters") == [1, 1, 1, 1, 2, 2, 2]
    assert by_window(campaign(answer), "unique_commenters") == [2, 2, 2, 2, 3, 3, 3]


def test_followers_are_the_newest_reported_or_the_defined(log: EventLog) -> None:
    """Newest by event time, then the larger; else the definition's; a campaign adds the known ones."""
    log.add("post.metrics", BASE, followers=300)
    log.add("post.metrics", BASE, followers=200, post_id="p2")
    log.add("post.metrics", BASE - HOUR, followers=900, post_id="p3")
    log.add("comment.created", BASE)
    log.add("comment.created", BASE, "ben")
    log.add("comment.created", BASE, "cleo")
    log.add("comment.created", BASE, "dan")
    answer = log.compute(
        definition(
            member("ana", followers=1),
            member("ben", followers=50),
            member("dan", followers=0),
            member("eve", followers=9),
        )
    )
    known = {rollup["influencer_id"]: rollup["followers"] for rollup in answer["influencers"]}
    assert known == {"ana": 300, "ben": 50, "cleo": None, "dan": 0}
    rate = "engagement_rate_by_followers"
    assert influencer(answer)["windows"]["1m"][rate] == pytest.approx(1 / 300, abs=1e-9)
    assert rate not in influencer(answer, "cleo")["windows"]["1m"]
    assert rate not in influencer(answer, "dan")["windows"]["1m"]
    assert campaign(answer)["followers"] == 350
    assert campaign(answer)["windows"]["1m"][rate] == pytest.approx(4 / 350, abs=1e-9)
    assert (campaign(answer)["name"], campaign(answer)["influencers"]) == ("Spring giveaway", 4)


def test_earned_media_value_by_the_rate_card(log: EventLog) -> None:
    """Exact to the last decimal, nothing for what was taken back, for influencers and the campaign."""
    card = RateCard(
        currency="EUR",
        dated=date(2023, 11, 1),
        like="0.10",
        comment="0.5",
        share="1",
        save="0.000001",
        thousand_views="3.000001",
    )
    log.add("post.published", BASE - HOUR)
    log.add("post.metrics", BASE - HOUR, likes=30, views=1001)
    log.add("post.metrics", BASE, likes=20)
    log.add("comment.created", BASE)
    log.add("post.reaction", BASE, kind="save", count=2)
    log.add("click", BASE, "ben")
    answer = log.compute(definition(member("ana"), rate_card=card))
    worth = by_window(influencer(answer), "earned_media_value")
    # 20 x 0.10 + 0.5 + 2 x 0.000001 + 1.001 x 3.000001 = 2 + 0.5 + 0.000002 + 3.003001001
    assert worth[-1] == {"amount": "5.503003001", "currency": "EUR", "rate_card_dated": "2023-11-01"}
    assert worth[0]["amount"] == "0.500002"  # 0.5 + 0.000002: ten likes were taken back, which is no value below 0
    assert by_window(influencer(answer), "corrections") == [10] * 4 + [0] * 3
    assert by_window(campaign(answer), "earned_media_value") == worth
    assert by_window(influencer(answer, "ben"), "earned_media_value")[0]["amount"] == "0"


def test_leaderboard_order_and_share_of_voice(log: EventLog) -> None:
    """By engagements, then by id; who has none is not listed; the share is of the campaign's comments."""
    log.add("comment.created", BASE, "ben")
    log.add("comment.created", BASE, "ben")
    log.add("post.reaction", BASE, "ana", kind="like", count=2)
    log.add("comment.created", BASE, "cleo")
    log.add("click", BASE, "dan")
    log.add("post.reaction", BASE - HOUR, "dan", kind="like", count=9)
    boards = campaign(log.compute())["leaderboards"]
    assert boards["1m"] == [
        {"influencer_id": "ana", "engagements": 2, "comments": 0, "share_of_voice": 0.0},
        {
            "influencer_id": "ben",
            "engagements": 2,
            "comments": 2,
            "share_of_voice": pytest.approx(2 / 3, abs=1e-9),
        },
        {
            "influencer_id": "cleo",
            "engagements": 1,
            "comments": 1,
            "share_of_voice": pytest.approx(1 / 3, abs=1e-9),
        },
    ]
    assert [entry["influencer_id"] for entry in boards["6h"]] == ["dan", "ana", "ben", "cleo"]


def test_leaderboard_without_comments_and_longer_than_fifty(log: EventLog) -> None:
    """At most 50 are listed, and without comments no one has a share of voice."""
    for number in range(60):
        log.add("post.reaction", BASE, f"i{number:02}", kind="share", count=60 - number)
    board = campaign(log.compute())["leaderboards"]["total"]
    assert [entry["influencer_id"] for entry in board] == [f"i{number:02}" for number in range(50)]
    assert {entry["share_of_voice"] for entry in board} == {None}


@pytest.mark.parametrize("answer", [[], [0.1, 0.2], [float("nan")], [1.5]])
def test_a_broken_scorer_is_an_error(log: EventLog, answer: list[float]) -> None:
    """The oracle refuses to count with scores that are missing or out of range."""
    log.add("comment.created", BASE)
    log.path.write_bytes(log.lines[0])
    with pytest.raises(ValueError, match="polarity"):
        compute([log.path], [], None, NOW, lambda texts: answer)
