"""The number of series stays below what the docs state, and what Prometheus is told to take is above it."""

import re
from functools import cache
from typing import Any

import yaml

from agents.settings import Settings
from bench.cardinality import (
    CAMPAIGNS,
    INFLUENCERS,
    LONGEST_SCRAPE_MS,
    MOST_SERIES,
    PARTITIONS,
    SAMPLE_LIMIT,
    SCRAPE_TIMEOUT_MS,
    WORKERS,
    Shown,
    definitions,
    scrape,
)
from tests.observability.programs import ROOT
from tests.observability.rehearsal import seconds
from tests.series_bound import stated_bound


@cache
def _campaigns() -> Any:
    return definitions()


def _alone() -> Shown:
    return scrape(_campaigns(), 0, workers=1)


def test_fifty_campaigns_stay_below_the_stated_number_of_series() -> None:
    """Four workers with 10,000 influencers and a giveaway in each campaign show fewer series than the docs state."""
    assert (CAMPAIGNS, INFLUENCERS, WORKERS) == (50, 200, 4)
    shown = [scrape(_campaigns(), worker) for worker in range(WORKERS)]
    # The state is really there: each worker has over a hundred rows of labels, and each giveaway is on one of them.
    assert all(each.series - each.giveaways > 10_000 for each in shown)
    assert sum(each.giveaways for each in shown) == stated_bound(**_VALUES)[1]
    assert sum(each.series for each in shown) < MOST_SERIES


def test_one_worker_that_holds_everything_is_still_scraped() -> None:
    """Three of four workers are gone: what the last one shows, and what it may show at most, is below sample_limit."""
    alone = _alone()
    assert alone.giveaways > 100_000
    assert alone.series <= sum(stated_bound(**_VALUES)) < SAMPLE_LIMIT


def test_prometheus_takes_what_the_benchmark_measures_against() -> None:
    """Limits and time-outs of Prometheus' own configuration and of the PodMonitor are those of the benchmark."""
    config = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    (job,) = (each for each in config["scrape_configs"] if each["job_name"] == "campaign-pulse")
    monitor = yaml.safe_load((ROOT / "k8s" / "monitoring.yaml").read_text())["spec"]
    timeouts = config["global"]["scrape_timeout"], monitor["podMetricsEndpoints"][0]["scrapeTimeout"]
    assert {job["sample_limit"], monitor["sampleLimit"]} == {SAMPLE_LIMIT}
    assert {seconds(each) * 1000 for each in timeouts} == {SCRAPE_TIMEOUT_MS}


def test_the_docs_say_how_many_series_and_how_long_a_scrape() -> None:
    """Both pages state the number of series, the time of a scrape and the limit, and state the same."""
    for page in ("metrics.md", "operations.md"):
        text = re.sub(r"\s+", " ", (ROOT / "docs" / page).read_text())
        assert f"below {MOST_SERIES:,} series" in text, page
        assert f"below {LONGEST_SCRAPE_MS / 1000:g} s" in text, page
        assert f"`sample_limit` is {SAMPLE_LIMIT:,}" in text, page
        assert f"{sum(stated_bound(**_VALUES)):,}" in text, page


_VALUES = {
    "PULSE_LABEL_CAP": Settings().label_cap,
    "campaigns": CAMPAIGNS,
    "giveaways": CAMPAIGNS,
    "currencies": 2,
    "partitions": PARTITIONS,
}
