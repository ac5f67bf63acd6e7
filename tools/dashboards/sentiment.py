"""Sentiment: the mood of a campaign, and where it turns."""

from typing import Any

from tools.dashboards import style
from tools.dashboards.style import (
    BLUE,
    CAMPAIGN,
    GREEN,
    GREY,
    ORANGE,
    PEOPLE,
    SKY,
    VERMILLION,
    WHEN_WHOLE,
    WINDOW,
    of,
    query,
)

_MOOD = ((None, VERMILLION), (0.0, ORANGE), (0.2, GREEN))
_SHORT = of(CAMPAIGN, 'window="5m"')
_LONG = of(CAMPAIGN, 'window="1h"')
_NEGATIVE = f"campaign_window:campaign_sentiment_negative:ratio{_SHORT}"
_POSITIVE = f"campaign_window:campaign_sentiment_net:ratio{_SHORT} + {_NEGATIVE}"
_SAMPLES = f"campaign_window:campaign_sentiment_samples_window:sum{_SHORT}"
_LEAST_SAMPLES = 10


def build() -> Any:
    """Return the dashboard."""
    made = style.page(
        "pulse-sentiment",
        "Sentiment",
        "The mood of a campaign: how positive, how negative, how many comments say so, and whose audience it is.",
        [style.campaign_variable(), style.window_variable("15m")],
    )
    people = of(CAMPAIGN, WINDOW, PEOPLE)
    share = (
        f"max by (influencer) (campaign_sentiment_negative_ratio{people})"
        f" and on (influencer) sum by (influencer) (campaign_sentiment_samples_window{people}) >= {_LEAST_SAMPLES}"
    )
    for panel in (
        style.number(
            "Net sentiment, 5 minutes",
            "Share of positive minus share of negative comments of the last five minutes, weighted by comments.",
            [query(f"campaign_window:campaign_sentiment_net:ratio{_SHORT}")],
            size=(5, 5),
            unit="percentunit",
            decimals=0,
            steps=_MOOD,
            no_value="none known",
        ),
        style.number(
            "Negative share, 5 minutes",
            "Share of negative comments of the last five minutes.",
            [query(f"campaign_window:campaign_sentiment_negative:ratio{_SHORT}")],
            size=(5, 5),
            unit="percentunit",
            decimals=0,
            steps=((None, GREEN), (0.2, ORANGE), (0.4, VERMILLION)),
            no_value="none known",
        ),
        style.number(
            "Mean polarity, 5 minutes",
            "Mean polarity of the comments of the last five minutes, -1 to 1.",
            [query(f"campaign_window:campaign_sentiment_mean:ratio{_SHORT}")],
            size=(5, 5),
            decimals=2,
            steps=((None, VERMILLION), (0.0, ORANGE), (0.1, GREEN)),
            no_value="none known",
        ),
        style.number(
            "Comments behind it",
            "How many scored comments the five minutes hold: below a few dozen, shares jump about.",
            [query(f"campaign_window:campaign_sentiment_samples_window:sum{_SHORT}")],
            size=(5, 5),
        ),
        style.number(
            "Not read, 5 minutes",
            "Share of the last five minutes' comments in languages that are not read: no other number here speaks for"
            " them.",
            [query(f"campaign_window:campaign_sentiment_unread:ratio{_SHORT}")],
            size=(4, 5),
            unit="percentunit",
            decimals=0,
            steps=((None, GREEN), (0.2, ORANGE), (0.5, VERMILLION)),
            no_value="none known",
        ),
        style.lines(
            "Net sentiment, short and long",
            "Five minutes against one hour: where the lines part, the mood is turning. Vertical lines are alerts.",
            [
                query(f"campaign_window:campaign_sentiment_net:ratio{_SHORT}", "5 minutes", ref="A"),
                query(f"campaign_window:campaign_sentiment_net:ratio{_LONG}", "1 hour", ref="B"),
            ],
            unit="percentunit",
            colours={"5 minutes": ORANGE, "1 hour": BLUE},
            soft=(-0.2, 0.6),
        ),
        style.lines(
            "Comments by polarity, last 5 minutes",
            "Scored comments of the last five minutes of event time.",
            [
                query(f"({_POSITIVE}) * {_SAMPLES}", "positive", ref="A"),
                query(f"(1 - ({_POSITIVE}) - {_NEGATIVE}) * {_SAMPLES}", "neutral", ref="B"),
                query(f"{_NEGATIVE} * {_SAMPLES}", "negative", ref="C"),
                query(f"campaign_window:campaign_sentiment_unread_window:sum{_SHORT}", "unread", ref="D"),
            ],
            stacked=True,
            colours={"positive": GREEN, "neutral": GREY, "negative": VERMILLION, "unread": SKY},
        ),
        style.bars(
            "Least happy audiences, last $window",
            f"The eight influencers with the largest share of negative comments in the window, of those with"
            f" {_LEAST_SAMPLES} scored comments or more.",
            [query(f"sort_desc(topk(8, {share}) {WHEN_WHOLE})", "{{influencer}}", at_once=True)],
            size=(12, 10),
            unit="percentunit",
            steps=((None, SKY), (0.2, ORANGE), (0.4, VERMILLION)),
            bounds=(0, 1),
            no_value=f"nobody has {_LEAST_SAMPLES} scored comments that are known",
        ),
        style.lines(
            "Negative share by influencer, last $window",
            "The five who have the largest share of negative comments now, with enough comments; the same five at every"
            " moment.",
            [query(_ranked(share, place), "{{influencer}}", ref=ref) for place, ref in enumerate("ABCDE", start=1)],
            size=(12, 10),
            unit="percentunit",
            bounds=(0, 1),
            ranked="ABCDE",
            legend_numbers=("lastNotNull", "max"),
            steps=((None, SKY), (0.4, VERMILLION)),
            no_value=f"nobody has {_LEAST_SAMPLES} scored comments in the window",
        ),
    ):
        made = made.with_panel(panel)
    return made


def _ranked(share: str, place: int) -> str:
    """Return the series of whoever stands at a place at the end of the range: `topk` alone picks anew at each step."""
    at_the_end = share.replace("}", "} @ end()")
    before = f" unless topk({place - 1}, {at_the_end})" if place > 1 else ""
    return f"{share} and on (influencer) (topk({place}, {at_the_end}){before})"
