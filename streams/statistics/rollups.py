"""Counters to the numbers people read: rates, shares, money and earned media value of one window."""

from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final

from msgspec import Struct

from models.campaigns import RateCard
from models.rollups import EarnedMediaValue, SentimentStats, WindowStats
from streams.statistics.counters import ALERT_COUNTERS, COLUMN, COUNTERS, ENGAGEMENT_COLUMNS
from streams.statistics.money import MICROS, Sums, micros_of, revenue_stats, scaled_text

_DECIMALS = 9
_POLARITY = frozenset(f"sentiment_{name}" for name in ("positive", "neutral", "negative", "micros"))
_SHOWN = tuple(name for name in COUNTERS if name not in _POLARITY and name not in ALERT_COUNTERS)
_shown_of = itemgetter(*(COLUMN[name] for name in _SHOWN))

_REACH: Final = COLUMN["reach"]
_VIEWS: Final = COLUMN["views"]
_PURCHASES: Final = COLUMN["purchases"]
_CLICKS: Final = COLUMN["clicks"]
_sentiment_of = itemgetter(*(COLUMN[f"sentiment_{name}"] for name in ("positive", "neutral", "negative", "micros")))
_engagements_of = itemgetter(*ENGAGEMENT_COLUMNS)
_PRICED: Final = ("likes", "comments", "shares", "saves", "views")
_priced_of = itemgetter(*(COLUMN[name] for name in _PRICED))


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
    like, comment, share, save, thousand_views = _rates_of(card)
    # In integers, which are never rounded: billionths, for views are priced by the thousand.
    amount = 1_000 * (
        counts["likes"] * like + counts["comments"] * comment + counts["shares"] * share + counts["saves"] * save
    )
    return EarnedMediaValue(
        amount=scaled_text(amount + counts["views"] * thousand_views, 9),
        currency=card.currency,
        rate_card_dated=card.dated.isoformat(),
    )


@lru_cache(1_000)
def _rates_of(card: RateCard) -> tuple[int, ...]:
    """Return the prices of a like, comment, share, save and of a thousand views in millionths."""
    return tuple(map(micros_of, (card.like, card.comment, card.share, card.save, card.thousand_views)))


class Derived(Struct, frozen=True):
    """The numbers of one window that follow from its counters; None where a base is unknown or 0."""

    engagements: int
    engagement_rate_by_followers: float | None
    engagement_rate_by_reach: float | None
    engagement_rate_by_views: float | None
    conversion_rate_by_clicks: float | None
    sentiment: SentimentStats | None


def derived(counts: Sequence[int], followers: int | None) -> Derived:
    """Return what follows from the counters of a window, which are in the order of ``COUNTERS``.

    Engagements are likes, comments, shares and saves; ``docs/statistics.md`` has every definition.
    """
    engagements = sum(_engagements_of(counts))
    return Derived(
        engagements=engagements,
        engagement_rate_by_followers=ratio(engagements, followers),
        engagement_rate_by_reach=ratio(engagements, counts[_REACH]),
        engagement_rate_by_views=ratio(engagements, counts[_VIEWS]),
        conversion_rate_by_clicks=ratio(counts[_PURCHASES], counts[_CLICKS]),
        sentiment=sentiment_stats(*_sentiment_of(counts)),
    )


def window_stats(
    counts: Sequence[int],
    money: Sums,
    unique_commenters: int,
    followers: int | None,
    card: RateCard | None,
    corrections: int = 0,
) -> WindowStats:
    """Return every statistic of one window from its counters, which are in the order of ``COUNTERS``.

    None of them is negative: what was taken back is in ``corrections`` (``streams.statistics.corrections``).
    """
    numbers = derived(counts, followers)
    return WindowStats(
        **dict(zip(_SHOWN, _shown_of(counts), strict=True)),
        corrections=corrections,
        unique_commenters=unique_commenters,
        engagements=numbers.engagements,
        engagement_rate_by_followers=numbers.engagement_rate_by_followers,
        engagement_rate_by_reach=numbers.engagement_rate_by_reach,
        engagement_rate_by_views=numbers.engagement_rate_by_views,
        conversion_rate_by_clicks=numbers.conversion_rate_by_clicks,
        sentiment=numbers.sentiment,
        revenue=revenue_stats(money),
        earned_media_value=(
            None if card is None else earned_media_value(dict(zip(_PRICED, _priced_of(counts), strict=True)), card)
        ),
    )
