"""Campaign overview: numbers, funnel, money, giveaway, and every influencer in one table."""

from typing import Any

from tools.dashboards import partitions, style
from tools.dashboards.style import (
    BLUE,
    CAMPAIGN,
    CURRENCY,
    GREEN,
    NO_GIVEAWAY,
    ORANGE,
    PEOPLE,
    PURPLE,
    SKY,
    VERMILLION,
    WHEN_WHOLE,
    WHOLE,
    WINDOW,
    of,
    query,
)
from tools.dashboards.words import MOOD_CELL

_NOW = of(CAMPAIGN, WINDOW)
_PEOPLE_NOW = of(CAMPAIGN, WINDOW, PEOPLE)
_WHOLE = of(CAMPAIGN, WHOLE)
_MONEY = of(CAMPAIGN, CURRENCY)
_PEOPLE_MONEY = of(CAMPAIGN, CURRENCY, PEOPLE)


def build() -> Any:
    """Return the dashboard."""
    made = style.page(
        "pulse-campaign",
        "Campaign overview",
        "One campaign: engagement, reach, funnel, money, giveaway, and its influencers side by side.",
        [style.campaign_variable(), style.window_variable("1h"), style.currency_variable("EUR")],
        span="now-6h",
        refresh="30s",
    )
    for panel in (*_numbers(), *_charts(), *_giveaway()):
        made = made.with_panel(panel)
    return made


def _numbers() -> list[style.Panel]:
    return [
        style.number(
            "Engagements, $window",
            "Likes, comments, shares and saves of all influencers in the window.",
            [query(f"campaign_window:campaign_engagements_window:sum{_NOW}")],
            size=(3, 4),
        ),
        style.number(
            "Reach, $window",
            "Reach summed over posts in the window: one person may be in it several times.",
            [query(f"campaign_window:campaign_reach_window:sum{_NOW}")],
            size=(3, 4),
        ),
        style.number(
            "Rate/followers, $window",
            "Engagements of the campaign over all its influencers' followers, computed from the sums.",
            [query(f"campaign_window:campaign_engagement_rate_by_followers:ratio{_NOW}")],
            unit="percentunit",
            no_value="followers unknown",
        ),
        style.number(
            "Rate/reach, $window",
            "Engagements over reach in the window, computed from the sums. Absent without reach.",
            [query(f"campaign_window:campaign_engagement_rate_by_reach:ratio{_NOW}")],
            unit="percentunit",
            no_value="no reach known",
        ),
        style.number(
            "Orders/clicks, $window",
            "Paid orders over clicks in the window, computed from the sums. Absent without clicks.",
            [query(f"campaign_window:campaign_conversion_rate_by_clicks:ratio{_NOW}")],
            unit="percentunit",
            no_value="no clicks known",
        ),
        style.number(
            "Net sentiment, $window",
            "Share of positive minus share of negative comments in the window, weighted by comments.",
            [query(f"campaign_window:campaign_sentiment_net:ratio{_NOW}")],
            size=(3, 4),
            unit="percentunit",
            decimals=0,
            steps=((None, VERMILLION), (0, ORANGE), (0.2, GREEN)),
            no_value="none known",
        ),
        partitions.held((3, 4)),
    ]


def _charts() -> list[style.Panel]:
    influencer = (
        "/d/pulse-influencer?var-campaign=${campaign:percentencode}&var-window=${window}"
        "&var-influencer=${__value.raw:percentencode}&${__url_time_range}"
    )
    return [
        style.lines(
            "Engagements by platform",
            "Engagements in the rolling window, by the influencers' platform; not listed: in no definition.",
            [
                query(
                    f"label_replace(sum by (platform) (campaign_engagements_window{_NOW}) {WHEN_WHOLE},"
                    ' "platform", "not listed", "platform", "")',
                    "{{platform}}",
                )
            ],
            stacked=True,
            colours={
                "instagram": PURPLE,
                "tiktok": SKY,
                "youtube": VERMILLION,
                "x": ORANGE,
                "facebook": BLUE,
                "twitch": style.YELLOW,
                "not listed": style.GREY,
            },
            bounds=(0, None),
        ),
        style.bars(
            "Funnel, last $window",
            "From click to order in the window. Orders by code need neither click nor cart: there may be more.",
            [
                query(f"campaign_window:campaign_clicks_window:sum{_NOW}", "clicks", ref="A", at_once=True),
                query(f"sum(campaign_signups_window{_NOW}) {WHEN_WHOLE}", "signups", ref="B", at_once=True),
                query(f"sum(campaign_add_to_carts_window{_NOW}) {WHEN_WHOLE}", "carts", ref="C", at_once=True),
                query(f"campaign_window:campaign_purchases_window:sum{_NOW}", "orders", ref="D", at_once=True),
                query(f"sum(campaign_refunds_window{_NOW}) {WHEN_WHOLE}", "refunds", ref="E", at_once=True),
            ],
            size=(6, 8),
        ),
        style.bars(
            "Share of voice, last $window",
            "Each influencer's part of the campaign's comments in the window; the eight largest.",
            [
                query(
                    f"sort_desc(topk(8, sum by (campaign, influencer) (campaign_comments_window{_PEOPLE_NOW})"
                    " / on (campaign) group_left ()"
                    f" sum by (campaign) (campaign_window:campaign_comments_window:sum{_NOW} > 0)) {WHEN_WHOLE})",
                    "{{influencer}}",
                    at_once=True,
                )
            ],
            size=(6, 8),
            unit="percentunit",
            bounds=(0, 1),
            no_value="no comment is known",
        ),
        style.rows_of(
            "Influencers, last $window; revenue since the start, $currency",
            "All influencers with labels of their own, in the window. A name leads to the drill-down.",
            [
                query(
                    f"max by (influencer, handle, platform) (campaign_influencer_info{of(CAMPAIGN)})",
                    ref="A",
                    rows=True,
                ),
                query(f"sum by (influencer) (campaign_engagements_window{_PEOPLE_NOW})", ref="B", rows=True),
                query(f"sum by (influencer) (campaign_comments_window{_PEOPLE_NOW})", ref="C", rows=True),
                query(
                    f"max by (influencer) (campaign_engagement_rate_by_followers_ratio{_PEOPLE_NOW})",
                    ref="D",
                    rows=True,
                ),
                query(f"max by (influencer) (campaign_sentiment_net_ratio{_PEOPLE_NOW})", ref="E", rows=True),
                query(f"sum by (influencer) (campaign_clicks_window{_PEOPLE_NOW})", ref="F", rows=True),
                query(f"sum by (influencer) (campaign_purchases_window{_PEOPLE_NOW})", ref="G", rows=True),
                query(f"sum by (influencer) (campaign_revenue_total{_PEOPLE_MONEY})", ref="H", rows=True),
                query(
                    f"count by (influencer) (max by (rule, influencer) (campaign_alert_active{of(CAMPAIGN)}))",
                    ref="I",
                    rows=True,
                ),
            ],
            names={
                "influencer": "Influencer",
                "handle": "Handle",
                "platform": "Platform",
                "Value #B": "Engagements",
                "Value #C": "Comments",
                "Value #D": "Rate / followers",
                "Value #E": "Net sentiment",
                "Value #F": "Clicks",
                "Value #G": "Orders",
                "Value #H": "Revenue",
                "Value #I": "Open alerts",
            },
            units={
                "Rate / followers": "percentunit",
                "Net sentiment": "percentunit",
                "Revenue": "locale",
                "Engagements": "locale",
            },
            links={"Influencer": influencer},
            cells={
                "Engagements": {
                    "custom.cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
                    "color": {"mode": "fixed", "fixedColor": BLUE},
                    "min": 0,
                },
                "Net sentiment": MOOD_CELL,
                "Rate / followers": {"decimals": 2},
                "Revenue": {"decimals": 0},
                "Open alerts": {
                    "custom.cellOptions": {"type": "color-text"},
                    "thresholds": {
                        "mode": "absolute",
                        "steps": [{"value": None, "color": style.GREY}, {"value": 1, "color": VERMILLION}],
                    },
                },
            },
            sort="Engagements",
        ),
        style.lines(
            "Revenue and refunds since the start, $currency",
            "Since the beginning, in the chosen currency.",
            [
                query(f"campaign_currency:campaign_revenue_total:sum{_MONEY}", "revenue", ref="A"),
                query(f"campaign_currency:campaign_refunded_total:sum{_MONEY}", "refunds", ref="B"),
            ],
            size=(8, 8),
            unit="locale",
            colours={"revenue": GREEN, "refunds": VERMILLION},
            no_value="no order in this currency is known",
            bounds=(0, None),
        ),
        style.rows_of(
            "Money by currency",
            "Revenue and refunds since the beginning, each in its own currency: they are never added or compared.",
            [
                query(f"sum by (currency) (campaign_currency:campaign_revenue_total:sum{of(CAMPAIGN)})", rows=True),
                query(
                    f"sum by (currency) (campaign_currency:campaign_refunded_total:sum{of(CAMPAIGN)})",
                    ref="B",
                    rows=True,
                ),
            ],
            size=(8, 8),
            names={"currency": "Currency", "Value #A": "Revenue", "Value #B": "Refunds"},
            units={"Revenue": "locale", "Refunds": "locale"},
            cells={"Revenue": {"decimals": 0}, "Refunds": {"decimals": 0}},
            no_value="no order is known",
        ),
        style.lines(
            "Comments",
            "Comments in the rolling window.",
            [query(f"campaign_window:campaign_comments_window:sum{_NOW}", "comments")],
            size=(8, 8),
            bounds=(0, None),
        ),
    ]


def _giveaway() -> list[style.Panel]:
    return [
        style.lines(
            "Giveaway entries",
            "Entries since the opening: all, valid, duplicates and those taken back; of the whole campaign.",
            [
                query(f"max(campaign_giveaway_entries{_WHOLE})", "entries", ref="A"),
                query(f"max(campaign_giveaway_valid_entries{_WHOLE})", "valid", ref="B"),
                query(f"max(campaign_giveaway_duplicate_entries{_WHOLE})", "duplicates", ref="C"),
                query(f"max(campaign_giveaway_withdrawn_entries{_WHOLE})", "withdrawn", ref="D"),
            ],
            size=(8, 8),
            colours={"entries": ORANGE, "valid": BLUE, "duplicates": PURPLE, "withdrawn": style.GREY},
            no_value=NO_GIVEAWAY,
        ),
        style.bars(
            "Entries not valid",
            "By the rule they break; the eight commonest.",
            [
                query(
                    f"sort_desc(topk(8, max by (reason) (campaign_giveaway_invalid_entries{_WHOLE})) > 0)",
                    "{{reason}}",
                    at_once=True,
                )
            ],
            size=(8, 8),
            colour=ORANGE,
            no_value=NO_GIVEAWAY,
        ),
        style.bars(
            "Suspicious entrants",
            "By reason. Suspicion is a hint for people, never a verdict: they take part until somebody decides.",
            [
                query(
                    f"sort_desc(topk(8, max by (reason) (campaign_giveaway_suspicious_entrants{_WHOLE})) > 0)",
                    "{{reason}}",
                    at_once=True,
                )
            ],
            size=(8, 8),
            colour=PURPLE,
            no_value="nobody so far",
        ),
    ]
