"""Kinds of campaigns that are no giveaway of the textbook: without a shop, of one creator, tiny, with pauses."""

import numpy as np
import pytest
from numpy.random import Generator

from models.alerts import AlertTransition, WindowSample
from models.times import MINUTE_MS
from streams.alerts.engine import CampaignEngine

START_MS = 1_776_524_400_000
Minutes = dict[str, "np.typing.NDArray[np.int64]"]


def lively(random: Generator, rate: "np.typing.NDArray[np.float64]", negative: float = 0.08) -> Minutes:
    """Return counts of a series with such rates: overdispersed, a part comments, some of them negative."""
    engagements = random.poisson(rate * random.gamma(20.0, 1 / 20.0, len(rate)))
    comments = random.binomial(engagements, 0.7)
    bad = random.binomial(comments, negative)
    return {"engagements": engagements, "comments": comments, "negative": bad, "neutral": comments - bad}


def told(series: dict[str, Minutes], missing: range = range(0)) -> list[tuple[int, AlertTransition]]:
    """Return what is told of a campaign, with its minute; the missing minutes are of no window."""
    engine = CampaignEngine("c")
    found: list[tuple[int, AlertTransition]] = []
    for minute in range(len(next(iter(series.values()))["engagements"])):
        if minute in missing:
            continue
        counts = {who: {name: int(each[minute]) for name, each in own.items()} for who, own in series.items()}
        names = next(iter(counts.values()))
        total = {name: sum(each[name] for each in counts.values()) for name in names}
        windows = [window(minute, who, each) for who, each in counts.items()]
        found += [(minute, each) for each in engine.observe_minute(windows, window(minute, None, total))]
    return found


def window(minute: int, influencer: str | None, counts: dict[str, int]) -> WindowSample:
    """Return a closed window."""
    start_ms = START_MS + minute * MINUTE_MS
    return WindowSample(
        campaign_id="c",
        influencer_id=influencer,
        window_start_ms=start_ms,
        window_end_ms=start_ms + MINUTE_MS,
        **counts,
    )


def opened(found: list[tuple[int, AlertTransition]]) -> list[tuple[int, str, str | None]]:
    """Return minute, rule and influencer of what opened."""
    return [(minute, each.alert.rule, each.alert.influencer_id) for minute, each in found if each.kind == "opened"]


@pytest.mark.parametrize("level", [30.0, 2_000_000.0])
def test_a_campaign_without_a_shop_has_lost_no_orders(level: float) -> None:
    """Clicks for a day and never an order: nothing stopped that had been there."""
    random = np.random.default_rng(3)
    series = {
        who: {**own, "clicks": own["engagements"] // 2, "purchases": np.zeros(1440, dtype=np.int64)}
        for who in ("ana", "ben")
        for own in [lively(random, np.full(1440, level))]
    }
    assert told(series) == []


def test_orders_that_stop_are_told_once_in_a_campaign_of_one_creator() -> None:
    """The creator's alert says all that the campaign's would; a share that is ten times lower is told at once."""
    random = np.random.default_rng(4)
    own = lively(random, np.full(800, 80.0))
    clicks = random.poisson(60, 800)
    orders = random.binomial(clicks, 0.03)
    orders[600:660] = 0
    found = opened(told({"ana": {**own, "clicks": clicks, "purchases": orders}}))
    assert [each[1:] for each in found] == [("conversion_drop", "ana")]
    assert 600 <= found[0][0] <= 615


def test_a_dead_checkout_is_the_campaigns_and_not_each_creators() -> None:
    """Once the campaign's own rate has been told nobody's is told beside it."""
    random = np.random.default_rng(5)
    series = {}
    for place in range(6):
        own = lively(random, np.full(800, 60.0))
        clicks = random.poisson(25 + 5 * place, 800)
        orders = random.binomial(clicks, 0.03)
        orders[600:680] = 0
        series[f"creator-{place}"] = {**own, "clicks": clicks, "purchases": orders}
    assert [each[1:] for each in opened(told(series))] == [("conversion_drop", None)]


def test_when_the_checkout_is_back_no_creator_is_told_for_what_was_missed() -> None:
    """Their evidence is of the same orders, and takes longer to go than the campaign's."""
    random = np.random.default_rng(2)
    series = {}
    for place in range(8):
        own = lively(random, np.full(800, 60.0))
        clicks = random.poisson(25, 800)
        orders = random.binomial(clicks, 0.04)
        orders[500:545] = 0
        series[f"creator-{place}"] = {**own, "clicks": clicks, "purchases": orders}
    assert [each[1:] for each in opened(told(series))] == [("conversion_drop", None)]


def test_a_wave_under_a_slow_feed_is_told() -> None:
    """Two comments a minute, all negative for half an hour: twelve are a wave, though they take six minutes."""
    count = np.full(600, 2)
    negative = np.zeros(600, dtype=np.int64)
    negative[::15] = 1
    negative[400:430] = 2
    series = {"ana": {"engagements": count, "comments": count, "negative": negative, "neutral": count - negative}}
    assert [(each[1]) for each in opened(told(series))] == ["negative_wave"]
    assert 405 <= opened(told(series))[0][0] <= 415


def test_two_complaints_in_a_slow_feed_are_no_wave() -> None:
    """A day of a comment every other minute, one in ten negative, in five draws: nothing."""
    for seed in range(5):
        random = np.random.default_rng(seed)
        assert opened(told({"ana": lively(random, np.full(1440, 0.7), negative=0.1)})) == []


def test_a_wave_that_lasts_and_is_about_many_becomes_critical() -> None:
    """45 of 60 comments negative for half an hour: a warning first, and critical once it is sure."""
    count = np.full(560, 60)
    negative = np.full(560, 5)
    negative[500:530] = 45
    found = told({"ana": {"engagements": count, "comments": count, "negative": negative, "neutral": count - negative}})
    assert [(each.kind, each.alert.severity) for _, each in found] == [
        ("opened", "warning"),
        ("updated", "critical"),
        ("resolved", "critical"),
    ]


def test_what_comes_back_after_a_drop_is_no_spike_of_the_campaigns() -> None:
    """Eight hours without windows, little afterwards, then the old level: one drop, and no word of its end but that."""
    random = np.random.default_rng(7)
    rate = np.full(1_800, 40.0)
    rate[1_000:1_600] = 3.0
    found = told({"ana": lively(random, rate)}, missing=range(1_000, 1_500))
    assert [each[1:] for each in opened(found)] == [("engagement_drop", "ana")]


def test_the_little_that_is_left_after_a_drop_is_no_silence() -> None:
    """Two events a minute leave empty windows now and then; the drop has been told."""
    random = np.random.default_rng(8)
    series = {f"creator-{place}": lively(random, np.full(900, 30.0 * (place + 1))) for place in range(4)}
    series["creator-3"] = lively(random, np.where(np.arange(900) < 600, 120.0, 2.0))
    assert [each[1:] for each in opened(told(series))] == [("engagement_drop", "creator-3")]


def test_a_feed_that_dies_after_its_drop_is_told_as_silent_too() -> None:
    """Half an hour of little, then nothing at all."""
    random = np.random.default_rng(9)
    series = {f"creator-{place}": lively(random, np.full(760, 60.0)) for place in range(3)}
    minutes = np.arange(760)
    series["creator-2"] = lively(random, np.where(minutes < 600, 120.0, np.where(minutes < 630, 8.0, 0.0)))
    found = [each[1:] for each in opened(told(series))]
    assert ("engagement_drop", "creator-2") in found
    assert set(found) <= {("engagement_drop", "creator-2"), ("feed_silent", "creator-2")}


@pytest.mark.parametrize("level", [0.8, 2_000_000.0])
def test_tiny_and_huge_series_are_quiet_for_a_day(level: float) -> None:
    """Less than one event a minute, or millions of them."""
    assert told({"ana": lively(np.random.default_rng(10), np.full(1440, level))}) == []
