"""The number of series stays below what docs/metrics.md states."""

from bench.cardinality import CAMPAIGNS, INFLUENCERS, MOST_SERIES, WORKERS, definitions, giveaway_series, scrape
from tests.observability.programs import ROOT


def test_fifty_campaigns_stay_below_the_stated_number_of_series() -> None:
    """Four workers with 10,000 influencers and a giveaway in each campaign show fewer series than the docs state."""
    assert (CAMPAIGNS, INFLUENCERS, WORKERS) == (50, 200, 4)
    shown = scrape(definitions(), 0)
    # More than a hundred rows of labels with well over a hundred series each: the state is really there.
    assert shown.series > 10_000
    assert shown.series * WORKERS + giveaway_series() < MOST_SERIES
    assert f"below {MOST_SERIES:,} series" in (ROOT / "docs" / "metrics.md").read_text()
