"""Counters to the numbers people read: rates, shares, money and earned media value of one window."""

from decimal import Decimal, localcontext

from models.campaigns import RateCard
from models.rollups import EarnedMediaValue, SentimentStats, WindowStats
from streams.columns.arrays import I64
from streams.statistics.counters import ALERT_COUNTERS, COUNTERS
from streams.statistics.money import MICROS, Sums, decimal_text, revenue_stats

_DECIMALS = 9
_EXACT_DIGITS = 60  # a 64-bit count times a rate of 15 digits, five times: nothing is ever rounded
_SHOWN = tuple(name for name in COUNTERS if not name.startswith("sentiment_") and name not in ALERT_COUNTERS)


def ratio(part: int, base: int | None) -> float | None:
    """Return part / base, or None when there is no positive base."""
    if base is None or base <= 0:
        return None
    return round(part / base, _DECIMALS)


def sentiment_stats(positive: int, neutral: int, negative: int, micros: int) -> SentimentStats | None:
    """Return mean, shares and net sentiment; None without comments."""
    size = positive + neutral + negative
    if size <= 0:
        return None
    return SentimentStats(
        sample_size=size,
        mean=round(micros / MICROS / size, _DECIMALS),
        positive_share=round(positive / size, _DECIMALS),
        neutral_share=round(neutral / size, _DECIMALS),
        negative_share=round(negative / size, _DECIMALS),
        net=round((positive - negative) / size, _DECIMALS),
    )


def earned_media_value(counts: dict[str, int], card: RateCard | None) -> EarnedMediaValue | None:
    """Price the interactions of one window by a rate card, exactly."""
    if card is None:
        return None
    with localcontext(prec=_EXACT_DIGITS):
        amount = (
            counts["likes"] * Decimal(card.like)
            + counts["comments"] * Decimal(card.comment)
            + counts["shares"] * Decimal(card.share)
            + counts["saves"] * Decimal(card.save)
            + counts["views"] * Decimal(card.thousand_views).scaleb(-3)
        )
    return EarnedMediaValue(amount=decimal_text(amount), currency=card.currency, rate_card_dated=card.dated.isoformat())


def window_stats(
    sums: I64,
    money: Sums,
    unique_commenters: int,
    followers: int | None,
    card: RateCard | None,
) -> WindowStats:
    """Return every statistic of one window from its counters (one row of ``streams.statistics.counters.COUNTERS``)."""
    counts = dict(zip(COUNTERS, sums.tolist(), strict=True))
    engagements = counts["likes"] + counts["comments"] + counts["shares"] + counts["saves"]
    return WindowStats(
        **{name: counts[name] for name in _SHOWN},
        engagements=engagements,
        unique_commenters=unique_commenters,
        engagement_rate_by_followers=ratio(engagements, followers),
        engagement_rate_by_reach=ratio(engagements, counts["reach"]),
        engagement_rate_by_views=ratio(engagements, counts["views"]),
        conversion_rate_by_clicks=ratio(counts["purchases"], counts["clicks"]),
        sentiment=sentiment_stats(
            counts["sentiment_positive"],
            counts["sentiment_neutral"],
            counts["sentiment_negative"],
            counts["sentiment_micros"],
        ),
        revenue=revenue_stats(money),
        earned_media_value=earned_media_value(counts, card),
    )
