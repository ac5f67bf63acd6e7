"""Influencer: everything about one creator."""

from typing import Any

from tools.dashboards import style
from tools.dashboards.style import (
    BLUE,
    CAMPAIGN,
    CURRENCY,
    GREEN,
    INFLUENCER,
    NO_GIVEAWAY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    WINDOW,
    of,
    query,
)
from tools.dashboards.words import IS_OPEN, named_rules

_WHO = of(CAMPAIGN, INFLUENCER)
_MONEY = of(CAMPAIGN, INFLUENCER, CURRENCY)
_NOW = of(CAMPAIGN, INFLUENCER, WINDOW)


def build() -> Any:
    """Return the dashboard."""
    made = style.page(
        "pulse-influencer",
        "Influencer",
        "One influencer: reach and engagement, mood, what sells, entries, alerts.",
        [
            style.campaign_variable(),
            style.influencer_variable(),
            style.window_variable("15m"),
            style.currency_variable("EUR"),
        ],
    )
    for panel in (*_numbers(), *_histories()):
        made = made.with_panel(panel)
    return made


def _numbers() -> list[style.Panel]:
    return [
        style.number(
            "Engagements, $window",
            "Likes, comments, shares and saves in the window.",
            [query(f"sum(campaign_engagements_window{_NOW})")],
        ),
        style.number(
            "Followers",
            "As last reported by the platform, else as defined.",
            [query(f"sum(campaign_followers{_WHO})")],
            no_value="unknown",
        ),
        style.number(
            "Rate/followers, $window",
            "Engagements in the window over followers. Absent when followers are unknown.",
            [query(f"max(campaign_engagement_rate_by_followers_ratio{_NOW})")],
            unit="percentunit",
            no_value="followers unknown",
        ),
        style.number(
            "Net sentiment, $window",
            "Share of positive minus share of negative comments in the window.",
            [query(f"max(campaign_sentiment_net_ratio{_NOW})")],
            unit="percentunit",
            decimals=0,
            steps=((None, VERMILLION), (0, ORANGE), (0.2, GREEN)),
            no_value="none known",
        ),
        style.number(
            "Orders/clicks, $window",
            "Paid orders over clicks in the window. Absent without clicks.",
            [query(f"max(campaign_conversion_rate_by_clicks_ratio{_NOW})")],
            unit="percentunit",
            no_value="no clicks known",
        ),
        style.number(
            "Open alerts",
            "Alerts of this influencer that are open now.",
            [
                query(
                    f"sum(max by (rule) (campaign_alert_active{_WHO})) or 0 * (sum(job:up:sum) > 0)",
                    at_once=True,
                )
            ],
            no_value="not known",
            steps=((None, GREEN), (1, VERMILLION)),
        ),
    ]


def _histories() -> list[style.Panel]:
    return [
        style.lines(
            "Engagements by kind",
            "Likes, comments, shares and saves in the rolling window, less those taken back; where more were taken back"
            " than came, 0.",
            [
                query(f"clamp_min(sum(campaign_likes_window{_NOW}), 0)", "likes", ref="A"),
                query(f"clamp_min(sum(campaign_comments_window{_NOW}), 0)", "comments", ref="B"),
                query(f"clamp_min(sum(campaign_shares_window{_NOW}), 0)", "shares", ref="C"),
                query(f"clamp_min(sum(campaign_saves_window{_NOW}), 0)", "saves", ref="D"),
            ],
            colours={"likes": BLUE, "comments": ORANGE, "shares": GREEN, "saves": PURPLE},
        ),
        style.lines(
            "Views and reach",
            "Views, and reach summed over posts, in the rolling window; where more was taken back than came, 0."
            " Not every platform reports both.",
            [
                query(f"clamp_min(sum(campaign_views_window{_NOW}), 0)", "views", ref="A"),
                query(f"clamp_min(sum(campaign_reach_window{_NOW}), 0)", "reach", ref="B"),
            ],
            colours={"views": BLUE, "reach": ORANGE},
        ),
        style.lines(
            "Mood",
            "Net sentiment and share of negative comments in the rolling window; few comments make it jump.",
            [
                query(f"max(campaign_sentiment_net_ratio{_NOW})", "net sentiment", ref="A"),
                query(f"max(campaign_sentiment_negative_ratio{_NOW})", "negative share", ref="B"),
            ],
            unit="percentunit",
            colours={"net sentiment": BLUE, "negative share": VERMILLION},
            soft=(-0.2, 0.6),
        ),
        style.lines(
            "From click to order",
            "Clicks, products put into carts and paid orders in the rolling window.",
            [
                query(f"sum(campaign_clicks_window{_NOW})", "clicks", ref="A"),
                query(f"sum(campaign_add_to_carts_window{_NOW})", "carts", ref="B"),
                query(f"sum(campaign_purchases_window{_NOW})", "orders", ref="C"),
            ],
            colours={"clicks": SKY, "carts": ORANGE, "orders": GREEN},
            bounds=(0, None),
        ),
        style.lines(
            "Revenue since the start, $currency",
            "Revenue of paid orders since the beginning, in the chosen currency.",
            [query(f"sum by (currency) (campaign_revenue_total{_MONEY})", "{{currency}}")],
            size=(8, 7),
            unit="locale",
            no_value="no order in this currency is known",
            bounds=(0, None),
        ),
        style.lines(
            "Entries",
            "Giveaway entries under this influencer's posts, all and valid ones.",
            [
                query(f"max(campaign_giveaway_entries{_WHO})", "entries", ref="A"),
                query(f"max(campaign_giveaway_valid_entries{_WHO})", "valid", ref="B"),
            ],
            size=(8, 7),
            colours={"entries": ORANGE, "valid": BLUE},
            no_value=NO_GIVEAWAY,
        ),
        named_rules(
            style.states(
                "Alerts",
                "Which rule had an alert open, and when.",
                [query(f"max by (rule) (campaign_alert_active{_WHO})", "{{rule}}")],
                size=(8, 7),
                mappings=IS_OPEN,
                no_value="no alert is known",
            )
        ),
    ]
