"""Live giveaway: the wall. Few, large numbers that say how old they are; who leads; what needs somebody.

Numbers are asked for at once and not over the hour: one that nobody counts any more is gone, and does not stand still.
"""

from typing import Any

from tools.dashboards import partitions, style
from tools.dashboards.style import (
    CAMPAIGN,
    CURRENCY,
    GREEN,
    ORANGE,
    PEOPLE,
    SKY,
    VERMILLION,
    WHEN_WHOLE,
    WHOLE,
    WINDOW,
    of,
    query,
)
from tools.dashboards.words import ENGAGEMENTS, RULE_WORDS, SEVERITY_CELL, SHARES

_LARGE = 60
_SMALL = 44
_GIVEAWAY = of(CAMPAIGN, WHOLE)
_LAST_MINUTE = of(CAMPAIGN, 'window="1m"')
_LAST_FIVE = of(CAMPAIGN, 'window="5m"')
_PACE = f"campaign_window:campaign_engagements_window:sum{_LAST_MINUTE}"
_ENTRIES_A_MINUTE = (
    f"max(campaign_giveaway_entries_per_minute{_GIVEAWAY})"
    f" * max(campaign:campaign_giveaway_remaining_seconds:min{of(CAMPAIGN)} > bool 0)"
)
_UNKNOWN = "no data"
"""No giveaway, no partition held by anybody, or nobody there: what is known is said by the two numbers on the right."""
PAGE_ROWS = 26
"""Rows of the grid that a screen of 1080 pixels shows: (1080 - 64) / 38."""


def build() -> Any:
    """Return the dashboard."""
    made = style.page(
        "pulse-live",
        "Live giveaway",
        "The wall: entries, time left, pace, mood, money, who leads, and what needs somebody. Best in kiosk mode.",
        [style.open_campaign_variable(), style.window_variable("1h"), style.currency_variable("EUR")],
    )
    for panel in (*_entries(), *_numbers(), *_charts(), _open_alerts()):
        made = made.with_panel(panel)
    return made


def _large(title: str, description: str, expression: str, **settings: Any) -> style.Panel:
    size = settings.pop("size", (6, 5))
    text_size = settings.pop("text_size", _LARGE)
    return style.number(
        title,
        description,
        [query(expression, at_once=True)],
        size=size,
        text_size=text_size,
        no_value=settings.pop("no_value", _UNKNOWN),
        **settings,
    )


def _entries() -> list[style.Panel]:
    valid, all_of_them = (
        f"max(campaign_giveaway_valid_entries{_GIVEAWAY})",
        f"max(campaign_giveaway_entries{_GIVEAWAY})",
    )
    return [
        _large(
            "Valid entries, ${campaign:text}",
            "Entries that follow the giveaway's rules, of the whole campaign, each counted once.",
            valid,
            unit="locale",
        ),
        _large(
            "Share of entries that count",
            "Valid entries of all comments on giveaway posts: below the usual, a rule is misunderstood or bots come.",
            f"{valid} / ({all_of_them} > 0)",
            unit="percentunit",
            decimals=0,
        ),
        _large(
            "Time left",
            "Until the giveaway closes, by the clock on the wall, whether or not workers run.",
            f"clamp_min(campaign:campaign_giveaway_remaining_seconds:min{of(CAMPAIGN)}, 0)",
            unit="dtdhms",
            steps=((None, SKY), (1, VERMILLION), (900, ORANGE), (3600, SKY)),
            mappings=style.words(("0", "closed", SKY)),
            no_value="no giveaway",
        ),
        _large(
            "Entries a minute",
            "Entries of the last 60 seconds, while the giveaway is open.",
            _ENTRIES_A_MINUTE,
            unit="locale",
        ),
    ]


def _numbers() -> list[style.Panel]:
    alerts = f"sum(max by (rule, influencer) (campaign_alert_active{of(CAMPAIGN)}))"
    pipeline = 'count(ALERTS{area="pipeline",alertstate="firing"})'
    count = f"({alerts} or 0 * (sum(job:up:sum) > 0)) + ({pipeline} or vector(0)) or {pipeline}"
    return [
        _large(
            "Mood, 5 minutes",
            "Share of positive minus share of negative comments of the last five minutes, -100 % to 100 %, whatever"
            " window is chosen above: a wave of complaints is over before it shows in an hour.",
            f"campaign_window:campaign_sentiment_net:ratio{_LAST_FIVE}",
            size=(4, 5),
            unit="percentunit",
            decimals=0,
            steps=((None, VERMILLION), (0, ORANGE), (0.2, GREEN)),
        ),
        _large(
            "Revenue so far, $currency",
            "Revenue of paid orders since the beginning, in the chosen currency; refunds are not taken off. Other"
            " currencies are on the campaign's overview.",
            f"campaign_currency:campaign_revenue_total:sum{of(CAMPAIGN, CURRENCY)}",
            size=(5, 5),
            unit="locale",
            steps=((None, GREEN),),
            decimals=0,
        ),
        _large(
            "Orders, last $window",
            "Paid orders in the window.",
            f"campaign_window:campaign_purchases_window:sum{of(CAMPAIGN, WINDOW)}",
            size=(4, 5),
            unit="locale",
        ),
        _large(
            "Alerts now",
            "Open alerts of this campaign, its influencers' included, and of the pipeline: those of the table below."
            " None is 0 only while minutes of all partitions are judged, and those of three minutes ago were.",
            f"({count}) > 0 or -1 * max(pipeline:campaign_pulse_alerts_behind:bool) or ({count})",
            size=(3, 5),
            text_size=_SMALL,
            steps=((None, GREEN), (1, VERMILLION)),
            mappings=style.words(("-1", "not known", ORANGE)),
            no_value="not known",
            no_value_colour=ORANGE,
        ),
        _large(
            "Age of the numbers",
            "Since a worker that holds partitions was last scraped, and how far its event time is behind the clock.",
            "max(job:campaign_pulse_last_scrape_age_seconds:min)"
            " + (max(job:campaign_pulse_watermark_delay_seconds:max) or vector(0))"
            # Nothing was counted yet: there is no event time.
            f" or (time() - max(timestamp(campaign_pulse_partitions{style.JOB} > 0)))",
            size=(4, 5),
            text_size=_SMALL,
            unit="s",
            decimals=0,
            steps=((None, GREEN), (30, ORANGE), (120, VERMILLION)),
            mappings=[style.above(300, "stopped", VERMILLION)],
            no_value="stopped",
            no_value_colour=VERMILLION,
        ),
        partitions.held((4, 5), _SMALL),
    ]


def _charts() -> list[style.Panel]:
    engagements = f"sum by (campaign, influencer) (campaign_engagements_window{of(CAMPAIGN, WINDOW, PEOPLE)})"
    # What detectors expect is known while an alert is open: that is when a mean of 40 minutes is one of the incident.
    expected = f"max by (campaign) (campaign_alert_expected{of(CAMPAIGN, WHOLE, ENGAGEMENTS)})"
    usual = f'(label_replace({expected}, "window", "1m", "", "") or avg_over_time({_PACE}[40m]))'
    spread = f"3 * stddev_over_time({_PACE}[40m])"
    chart = style.lines(
        "Engagements of the last minute, and what is usual",
        "Engagements and entries of the last minute. The band is the usual and three standard deviations around it:"
        " what the detector expects while an alert of the whole campaign's engagements is open, and the mean of the"
        " last 40 minutes otherwise. Vertical lines are alerts that opened.",
        [
            query(_PACE, "engagements", ref="A"),
            query(f"clamp_min(({usual} - {spread}) and {_PACE}, 0)", "usual, least", ref="B"),
            query(f"({usual} + {spread}) and {_PACE}", "usual, most", ref="C"),
            query(_ENTRIES_A_MINUTE, "entries", ref="D"),
        ],
        size=(16, 9),
        colours={"engagements": SKY, "entries": GREEN},
        bounds=(0, None),
    )
    return [
        style.bars(
            "Leaderboard: engagements, last $window",
            "The six influencers with the most engagements (likes, comments, shares, saves) in the window, while all"
            " partitions are held: the first of half of them would look like the first of all.",
            [
                query(
                    f"sort_desc(topk(6, {engagements} * on (campaign, influencer) group_left (handle)"
                    f" max by (campaign, influencer, handle) (campaign_influencer_info{of(CAMPAIGN)})) {WHEN_WHOLE})",
                    "{{handle}}",
                    at_once=True,
                )
            ],
            size=(8, 9),
            unit="locale",
            no_value="no data",
            link="/d/pulse-influencer?var-campaign=${campaign:percentencode}"
            "&var-influencer=${__field.labels.influencer:percentencode}&${__url_time_range}",
        ),
        style.banded(chart, "usual, least", "usual, most"),
    ]


def _open_alerts() -> style.Panel:
    own = "max by (rule, influencer, severity)"
    counts, shares = (of(CAMPAIGN, f'rule{operator}"{SHARES}"') for operator in ("!~", "=~"))
    pipeline = 'max by (alertname, severity) (ALERTS{area="pipeline",alertstate="firing"})'
    as_rules = f'label_join({pipeline}, "rule", "", "alertname")'
    of_pipeline = f'{own} (label_replace({as_rules}, "influencer", "pipeline", "", ""))'

    def whose(expression: str) -> str:
        # Without a label the column would be gone where every open alert is the whole campaign's.
        return f'label_replace({own} ({expression}), "influencer", "whole campaign", "influencer", "")'

    since = 'max by (alertname, severity) (ALERTS_FOR_STATE{area="pipeline"})'
    return style.rows_of(
        "What needs somebody",
        "Every open alert of the campaign, and of the pipeline: how severe, what, whose, what was seen and what is"
        " usual, as a count or as a share, and for how long. The sentence that goes with it is what receivers were"
        " sent; what to do about the pipeline is in docs/runbooks.md, by name.",
        [
            query(f"{whose(f'campaign_alert_active{of(CAMPAIGN)} == 1')} or {of_pipeline}", ref="A", rows=True),
            query(whose(f"campaign_alert_observed{counts}"), ref="B", rows=True),
            query(whose(f"campaign_alert_expected{counts}"), ref="C", rows=True),
            query(whose(f"campaign_alert_observed{shares}"), ref="D", rows=True),
            query(whose(f"campaign_alert_expected{shares}"), ref="E", rows=True),
            query(
                f"time() - ({whose(f'campaign_alert_opened_timestamp_seconds{of(CAMPAIGN)}')}"
                f" or {of_pipeline.replace(pipeline, f'({pipeline} * on (alertname, severity) {since})')})",
                ref="F",
                rows=True,
            ),
        ],
        size=(24, 7),
        names={
            "severity": "Severity",
            "rule": "What",
            "influencer": "Whose",
            "Value #B": "Seen",
            "Value #C": "Usual",
            "Value #D": "Seen, share",
            "Value #E": "Usual, share",
            "Value #F": "Open for",
        },
        units={
            "Open for": "dtdhms",
            "Seen": "locale",
            "Usual": "locale",
            "Seen, share": "percentunit",
            "Usual, share": "percentunit",
        },
        links={
            "Whose": "/d/pulse-influencer?var-campaign=${campaign:percentencode}"
            "&var-influencer=${__value.raw:percentencode}&${__url_time_range}"
        },
        sort="Severity",
        is_ascending=True,
        cells={
            "Severity": SEVERITY_CELL,
            "What": {"mappings": RULE_WORDS},
            "Whose": {"mappings": style.as_json(style.words(("pipeline", "the pipeline", "")))},
            **{name: {"decimals": 0} for name in ("Seen", "Usual", "Seen, share", "Usual, share")},
        },
        no_value="no alert that is known of",
    )
