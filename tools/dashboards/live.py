"""Live giveaway: the wall. Few, large numbers; who leads; what is wrong."""

from typing import Any

from tools.dashboards import style
from tools.dashboards.style import (
    BLUE,
    CAMPAIGN,
    CURRENCY,
    GREEN,
    NO_GIVEAWAY,
    ORANGE,
    SKY,
    VERMILLION,
    WHOLE,
    WINDOW,
    of,
    query,
)

_LARGE = 76
_LAST_MINUTE = of(CAMPAIGN, 'window="1m"')


def build() -> Any:
    """Return the dashboard."""
    made = style.page(
        "pulse-live",
        "Live giveaway",
        "The wall: entries, time left, pace, mood, money, who leads, and what needs somebody. Best in kiosk mode.",
        [style.campaign_variable(), style.window_variable("1h"), style.currency_variable("EUR")],
    )
    giveaway = of(CAMPAIGN, WHOLE)
    for panel in (
        style.number(
            "Valid entries",
            "Entries that follow the giveaway's rules, of the whole campaign, each counted once.",
            [query(f"max(campaign_giveaway_valid_entries{giveaway})")],
            size=(6, 7),
            unit="locale",
            no_value=NO_GIVEAWAY,
            text_size=_LARGE,
        ),
        style.number(
            "Unique entrants",
            "People with at least one valid entry. One person is counted once, whatever the number of influencers.",
            [query(f"max(campaign_giveaway_unique_entrants{giveaway})")],
            size=(6, 7),
            unit="locale",
            no_value=NO_GIVEAWAY,
            text_size=_LARGE,
        ),
        style.number(
            "Time left",
            "Until the giveaway closes, by the clock on the wall; 0 when it is closed.",
            [query(f"clamp_min(campaign:campaign_giveaway_remaining_seconds:min{of(CAMPAIGN)}, 0)")],
            size=(6, 7),
            unit="dtdhms",
            steps=((None, VERMILLION), (900, ORANGE), (3600, SKY)),
            no_value=NO_GIVEAWAY,
            text_size=_LARGE,
            graph=False,
        ),
        style.number(
            "Entries a minute",
            "Entries in the last closed minute of event time.",
            [query(f"max(campaign_giveaway_entries_per_minute{giveaway})")],
            size=(6, 7),
            no_value=NO_GIVEAWAY,
            text_size=_LARGE,
        ),
        style.number(
            "Mood",
            "Net sentiment in the window: share of positive minus share of negative comments, -100 % to 100 %.",
            [query(f"campaign_window:campaign_sentiment_net:ratio{of(CAMPAIGN, WINDOW)}")],
            size=(6, 6),
            unit="percentunit",
            decimals=0,
            steps=((None, VERMILLION), (0, ORANGE), (0.2, GREEN)),
            text_size=_LARGE,
        ),
        style.number(
            "Revenue",
            "Revenue of paid orders since the beginning, in the chosen currency; refunds are not taken off. Other"
            " currencies are on the campaign's overview.",
            [query(f"campaign_currency:campaign_revenue_total:sum{of(CAMPAIGN, CURRENCY)}", "{{currency}}")],
            size=(6, 6),
            unit="locale",
            steps=((None, GREEN),),
            text_size=_LARGE,
            graph=False,
            decimals=0,
            no_value="no order yet",
        ),
        style.number(
            "Orders",
            "Paid orders in the window.",
            [query(f"campaign_window:campaign_purchases_window:sum{of(CAMPAIGN, WINDOW)}")],
            size=(6, 6),
            unit="locale",
            text_size=_LARGE,
        ),
        style.number(
            "Alerts now",
            "Alerts of this campaign that are open, its influencers' included. The table below says which.",
            [query(f"sum(max by (rule, influencer) (campaign_alert_active{of(CAMPAIGN)})) or vector(0)")],
            size=(6, 6),
            steps=((None, GREEN), (1, VERMILLION)),
            text_size=_LARGE,
        ),
        style.bars(
            "Leaderboard",
            "The ten influencers with the most engagements (likes, comments, shares, saves) in the window.",
            [
                query(
                    f"sort_desc(topk(10, sum by (influencer) (campaign_engagements_window{of(CAMPAIGN, WINDOW)})))",
                    "{{influencer}}",
                    at_once=True,
                )
            ],
            size=(8, 12),
            text_size=22,
        ),
        style.lines(
            "Pace",
            "Engagements, comments and entries of the last minute; vertical lines are alerts.",
            [
                query(f"campaign_window:campaign_engagements_window:sum{_LAST_MINUTE}", "engagements", ref="A"),
                query(f"campaign_window:campaign_comments_window:sum{_LAST_MINUTE}", "comments", ref="B"),
                query(f"max(campaign_giveaway_entries_per_minute{giveaway})", "entries", ref="C"),
            ],
            size=(16, 12),
            colours={"engagements": BLUE, "comments": ORANGE, "entries": GREEN},
            bounds=(0, None),
        ),
        style.rows_of(
            "Open alerts",
            "Every open alert of the campaign: which rule, whose, how severe. The influencer leads to the drill-down.",
            [query(f"max by (rule, influencer, severity) (campaign_alert_active{of(CAMPAIGN)} == 1)", rows=True)],
            size=(24, 6),
            names={"rule": "Rule", "influencer": "Influencer", "severity": "Severity"},
            links={"Influencer": "/d/pulse-influencer?var-campaign=${campaign}&var-influencer=${__value.raw}"},
            no_value="no open alert",
        ),
    ):
        made = made.with_panel(panel)
    return made
