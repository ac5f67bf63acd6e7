"""Sentiment: the mood of a campaign, and where it turns."""

from typing import Any

from tools.dashboards import style
from tools.dashboards.style import BLUE, CAMPAIGN, GREEN, GREY, ORANGE, SKY, VERMILLION, WINDOW, of, query

_NOW = of(CAMPAIGN, WINDOW)
_MOOD = ((None, VERMILLION), (0.0, ORANGE), (0.2, GREEN))
_SHORT = of(CAMPAIGN, 'window="5m"')
_LONG = of(CAMPAIGN, 'window="1h"')
_LEAST_SAMPLES = 10


def build() -> Any:
    """Return the dashboard."""
    made = style.page(
        "pulse-sentiment",
        "Sentiment",
        "The mood of a campaign: how positive, how negative, how many comments say so, and whose audience it is.",
        [style.campaign_variable(), style.window_variable("15m")],
    )
    enough = f"(sum by (influencer) (campaign_sentiment_samples_window{_NOW}) >= {_LEAST_SAMPLES})"
    for panel in (
        style.number(
            "Net sentiment",
            "Share of positive minus share of negative comments in the window, weighted by comments.",
            [query(f"campaign_window:campaign_sentiment_net:ratio{_NOW}")],
            size=(5, 5),
            unit="percentunit",
            decimals=0,
            steps=_MOOD,
            no_value="nothing scored",
        ),
        style.number(
            "Negative share",
            "Share of negative comments in the window.",
            [query(f"campaign_window:campaign_sentiment_negative:ratio{_NOW}")],
            size=(5, 5),
            unit="percentunit",
            decimals=0,
            steps=((None, GREEN), (0.2, ORANGE), (0.4, VERMILLION)),
            no_value="nothing scored",
        ),
        style.number(
            "Mean polarity",
            "Mean polarity of the comments in the window, -1 to 1.",
            [query(f"campaign_window:campaign_sentiment_mean:ratio{_NOW}")],
            size=(5, 5),
            decimals=2,
            steps=((None, VERMILLION), (0.0, ORANGE), (0.1, GREEN)),
            no_value="nothing scored",
        ),
        style.number(
            "Comments behind it",
            "How many scored comments the window holds: below a few dozen, shares jump about.",
            [query(f"campaign_window:campaign_sentiment_samples_window:sum{_NOW}")],
            size=(5, 5),
        ),
        style.number(
            "Not read",
            "Share of the window's comments in languages that are not read: no other number here speaks for them.",
            [query(f"campaign_window:campaign_sentiment_unread:ratio{_NOW}")],
            size=(4, 5),
            unit="percentunit",
            decimals=0,
            steps=((None, GREEN), (0.2, ORANGE), (0.5, VERMILLION)),
            no_value="no comments",
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
            bounds=(-1, 1),
        ),
        style.lines(
            "Comments by polarity",
            "Comments a minute, by when they were counted.",
            [
                query(f"60 * sum(rate(campaign_sentiment_{kind}_total{of(CAMPAIGN)}[$__rate_interval]))", kind, ref=ref)
                for kind, ref in (("positive", "A"), ("neutral", "B"), ("negative", "C"), ("unread", "D"))
            ],
            stacked=True,
            colours={"positive": GREEN, "neutral": GREY, "negative": VERMILLION, "unread": SKY},
        ),
        style.bars(
            "Least happy audiences",
            f"The ten influencers with the lowest net sentiment in the window, of those with {_LEAST_SAMPLES} scored"
            " comments or more.",
            [
                query(
                    f"sort(bottomk(10, max by (influencer) (campaign_sentiment_net_ratio{_NOW})"
                    f" and on (influencer) {enough}))",
                    "{{influencer}}",
                    at_once=True,
                )
            ],
            size=(12, 10),
            unit="percentunit",
            steps=_MOOD,
            bounds=(-1, 1),
            no_value=f"nobody has {_LEAST_SAMPLES} scored comments in the window",
        ),
        style.lines(
            "Negative share by influencer",
            "The five with the largest share of negative comments in the window, with enough comments.",
            [
                query(
                    f"topk(5, max by (influencer) (campaign_sentiment_negative_ratio{_NOW})"
                    f" and on (influencer) {enough})",
                    "{{influencer}}",
                )
            ],
            size=(12, 10),
            unit="percentunit",
            bounds=(0, 1),
            steps=((None, SKY), (0.4, VERMILLION)),
            no_value=f"nobody has {_LEAST_SAMPLES} scored comments in the window",
        ),
    ):
        made = made.with_panel(panel)
    return made
