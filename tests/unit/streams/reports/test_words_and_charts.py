"""Words in two languages, tiers, and charts that leave nothing out and hide no gap."""

import re
from itertools import pairwise
from string import Formatter

import pytest

from models.alerts import RULE_NAMES, Resolution
from streams.reports.charts import BLUE, GREEN, Line, Mark, line_chart
from streams.reports.figures import Moment
from streams.reports.overview import _judged
from streams.reports.texts import RULES, TEXTS, Words
from streams.reports.tiers import DEFAULT_BANDS


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_asks_for_the_same_values(key: str) -> None:
    """A translation has the places of its original."""
    english, german = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in TEXTS[key])
    assert english == german


def test_every_rule_and_every_end_of_an_alert_has_words() -> None:
    """What alerts may be, a report can say."""
    assert set(RULES) == set(RULE_NAMES)
    assert set(Resolution.__args__) <= set(TEXTS)  # type: ignore[attr-defined]  # Literal's member


def test_numbers_are_written_as_the_language_does() -> None:
    """Thousands and decimals are the language's; small amounts keep what they are."""
    english, german = Words("en"), Words("de")
    assert (english.count(1234567), german.count(1234567)) == ("1,234,567", "1.234.567")
    assert (english.money("0.0123", "EUR"), german.money("1234.5", "EUR")) == (
        "0.0123\u00a0EUR",
        "1.234,50\u00a0EUR",
    )
    assert (english.share(None), german.share(0.0312, 2)) == ("–", "3,12\u00a0%")
    assert [english.span(each) for each in (1, 5, 60, 120, 1440)] == [
        "one minute",
        "5 minutes",
        "one hour",
        "2 hours",
        "one day",
    ]


@pytest.mark.parametrize(
    ("followers", "tier"),
    [
        (0, "nano"),
        (9_999, "nano"),
        (10_000, "micro"),
        (499_999, "mid"),
        (500_000, "macro"),
        (10**7, "mega"),
        (None, None),
    ],
)
def test_tiers_begin_where_they_say(followers: int | None, tier: str | None) -> None:
    """A tier begins with its own number of followers; without any known there is none."""
    assert DEFAULT_BANDS.tier_of(followers) == tier


def test_a_gap_stays_a_gap() -> None:
    """Where nothing could be judged no line is drawn, and a point alone is seen."""
    chart = line_chart([0, 1, 2, 3, 4], [Line("a", BLUE, [1.0, 2.0, None, 3.0, None])], "what")
    first, second = re.findall(r'<polyline points="([^"]*)"', chart)
    assert first.count(",") == 2
    assert len(set(second.split())) == 1


def test_names_of_lines_do_not_cover_one_another() -> None:
    """Lines that end together have their names apart, and the chart says what it is to who does not see it."""
    lines = [Line(name, GREEN, [5.0, 5.0]) for name in "abc"]
    chart = line_chart([0, 60_000], lines, 'a "chart" & more', [Mark(30_000, "1"), Mark(90_000, "2")])
    places = sorted(float(y) for y in re.findall(r'class="name" x="[\d.]+" y="([\d.-]+)"', chart))
    assert all(after - before >= 13 for before, after in pairwise(places))
    assert 'aria-label="a &quot;chart&quot; &amp; more"' in chart
    assert chart.count('<text class="mark"') == 1


def test_what_one_of_something_costs_is_never_0() -> None:
    """A third of a yen is a price of an engagement, though no coin is so small; large prices have decimals of coins."""
    words = Words("en")
    prices = [words.price(amount, "JPY") for amount in ("0.3333", "8.1433", "4688.00", None)]
    assert prices == ["0.3333\u00a0JPY", "8.14\u00a0JPY", "4,688\u00a0JPY", "–"]
    assert words.price("12.3456", "KWD") == "12.346\u00a0KWD"


def _moment(at_ms: int, positive: int, negative: int = 0) -> Moment:
    counts = {"engagements": 0, "comments": positive + negative, "entries": 0, "purchases": 0, "neutral": 0}
    return Moment(at_ms=at_ms, positive=positive, negative=negative, **counts)


@pytest.mark.parametrize(("each", "steps"), [(10, 1), (5, 2), (3, 4), (1, 16)])
def test_steps_of_the_mood_are_as_long_as_shares_need(each: int, steps: int) -> None:
    """Few comments a moment are judged in longer steps, of which each has ten."""
    found, moments = _judged([_moment(place * 60_000, each) for place in range(32)])
    assert found == steps
    assert sum(moment.positive for moment in moments) == 32 * each
    assert [moment.at_ms for moment in moments] == [place * steps * 60_000 for place in range(32 // steps)]


def test_too_few_comments_have_no_curve() -> None:
    """Nine judged comments are no share over time, in steps of any length."""
    assert _judged([_moment(place * 60_000, 1) for place in range(9)]) == (1, ())
    assert _judged([]) == (1, ())
