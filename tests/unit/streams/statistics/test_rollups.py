"""Derived numbers: rates, shares and earned media value of one window."""

from datetime import date
from typing import Any

import pytest

from models.campaigns import RateCard
from models.rollups import WindowStats
from streams.statistics.counters import COLUMN, WIDTH
from streams.statistics.rollups import earned_media_value, ratio, sentiment_stats, window_stats


def stats(followers: int | None = None, card: RateCard | None = None, **counts: int) -> WindowStats:
    """Return the statistics of a window with these counters."""
    sums = [0] * WIDTH
    for name, count in counts.items():
        sums[COLUMN[name]] = count
    return window_stats(sums, {}, 0, followers, card)


def card(**rates: Any) -> RateCard:
    """Return a rate card in euro."""
    return RateCard(currency="EUR", dated=date(2026, 3, 1), **rates)


def test_engagements_are_likes_comments_shares_and_saves() -> None:
    """Views, reach, reactions of other kinds and the platform's own comment count are no engagements."""
    every = stats(
        likes=1, comments=20, shares=300, saves=4_000, views=5, reach=5, other_reactions=5, reported_comments=5, posts=5
    )
    assert every.engagements == 4_321


def test_three_engagement_rates_have_three_bases() -> None:
    """By followers, by reach and by views are three numbers with three names."""
    rates = stats(followers=1_000, likes=30, reach=400, views=3_000)
    assert rates.engagement_rate_by_followers == 0.03
    assert rates.engagement_rate_by_reach == 0.075
    assert rates.engagement_rate_by_views == 0.01


@pytest.mark.parametrize("base", [None, 0])
def test_rate_without_a_base_is_absent(base: int | None) -> None:
    """Unknown is not 0, and nothing is ever divided by 0."""
    rates = stats(followers=base, likes=30)
    assert rates.engagement_rate_by_followers is None
    assert (rates.engagement_rate_by_reach, rates.engagement_rate_by_views) == (None, None)
    assert rates.conversion_rate_by_clicks is None


def test_base_made_negative_by_corrections_is_no_base() -> None:
    """A window that holds only a correction of views has no rate by views."""
    assert stats(likes=5, views=-10).engagement_rate_by_views is None


def test_conversion_rate_may_exceed_one() -> None:
    """Orders by code need no click."""
    assert stats(clicks=2, purchases=3).conversion_rate_by_clicks == 1.5


def test_rates_are_rounded_to_nine_decimals() -> None:
    """The document is the same on every machine."""
    assert (ratio(2, 3), ratio(0, 7), ratio(-1, 3)) == (0.666666667, 0.0, -0.333333333)


def test_sentiment_is_absent_without_comments() -> None:
    """No comments, no mood."""
    assert sentiment_stats(0, 0, 0, 0) is None
    assert stats(likes=5).sentiment is None


def test_sentiment_of_three_comments() -> None:
    """Thirds are rounded, the sample size is exact."""
    mood = sentiment_stats(1, 1, 1, 100_000)
    assert mood is not None
    assert (mood.sample_size, mood.mean, mood.net) == (3, 0.033333333, 0.0)
    assert (mood.positive_share, mood.neutral_share, mood.negative_share) == (0.333333333,) * 3


def test_earned_media_value_is_exact() -> None:
    """3 likes at 0.05, 2 comments at 0.5, 1 share at 0.8, 4 saves at 0.4 and 1,234 views at 4.2 a thousand."""
    rates = card(like="0.05", comment="0.5", share="0.8", save="0.4", thousand_views="4.2")
    value = stats(card=rates, likes=3, comments=2, shares=1, saves=4, views=1_234).earned_media_value
    assert value is not None
    assert (value.amount, value.currency, value.rate_card_dated) == ("8.7328", "EUR", "2026-03-01")


def test_earned_media_value_keeps_every_digit_of_the_largest_counts() -> None:
    """Neither floats nor a decimal context of 28 digits may round it."""
    counts = dict.fromkeys(("likes", "comments", "shares", "saves", "views"), 0) | {"likes": 2**63 - 1, "views": 1}
    value = earned_media_value(counts, card(like="999999999.999999", thousand_views="0.000001"))
    assert value is not None
    exact = (2**63 - 1) * 999_999_999_999_999 * 1_000 + 1
    assert value.amount.replace(".", "") == str(exact)
    assert len(value.amount.partition(".")[2]) == 9


def test_earned_media_value_of_nothing_and_of_corrections() -> None:
    """Zero is written as 0, a correction is negative, and without a card there is none."""
    zero, minus = (
        stats(card=card(like="1")).earned_media_value,
        stats(card=card(like="0.5"), likes=-3).earned_media_value,
    )
    assert zero is not None
    assert minus is not None
    assert (zero.amount, minus.amount, stats(likes=1).earned_media_value) == ("0", "-1.5", None)
