"""What detection costs: 10,000 influencers with seven rules each, one closed window a minute.

    python -m bench.spikes [--influencers 10000] [--minutes 20]

Counts processor time: feeds every influencer one window after another through ``CampaignEngine.observe`` and reports
the share of one core that keeps up with one window a minute, and the cost of one ``SpikeDetector.update`` alone.
"""

import argparse
import time

import numpy as np

from models.alerts import RULE_NAMES, WindowSample
from models.times import MINUTE_MS
from streams.alerts.engine import CampaignEngine
from streams.detectors.spikes import SpikeDetector

WARM_MINUTES = 30


def windows(influencers: int, minute: int, rng: np.random.Generator) -> list[WindowSample]:
    """One closed window of every influencer, 250 influencers a campaign."""
    engagements = rng.poisson(rng.gamma(2.0, 15.0, influencers)).tolist()
    start = minute * MINUTE_MS
    return [
        WindowSample(
            campaign_id=f"campaign-{i // 250}",
            influencer_id=f"influencer-{i}",
            window_start_ms=start,
            window_end_ms=start + MINUTE_MS,
            engagements=n,
            comments=n // 3,
            entries=n // 5,
            clicks=n // 2,
            purchases=n // 20,
            negative=n // 30,
            neutral=n // 3 - n // 30,
            code_uses=n // 30,
            code_uses_without_click=n // 120,
        )
        for i, n in enumerate(engagements)
    ]


def engine_seconds_a_minute(influencers: int, minutes: int) -> float:
    """Seconds of one core for one minute's windows, after a warm-up; making the samples is not counted."""
    rng = np.random.default_rng(7)
    campaigns = (f"campaign-{number}" for number in range(1 + influencers // 250))
    engines = {campaign_id: CampaignEngine(campaign_id) for campaign_id in campaigns}
    spent = 0.0
    for minute in range(WARM_MINUTES + minutes):
        samples = windows(influencers, minute, rng)
        begin = time.process_time()
        for sample in samples:
            engines[sample.campaign_id].observe(sample)
        if minute >= WARM_MINUTES:
            spent += time.process_time() - begin
    return spent / minutes


def detector_microseconds(updates: int = 200_000) -> float:
    """Microseconds of one update."""
    values = np.random.default_rng(8).poisson(40.0, updates).astype(float).tolist()
    update = SpikeDetector().update
    begin = time.process_time()
    for i, value in enumerate(values):
        update(i * MINUTE_MS, value)
    return 1e6 * (time.process_time() - begin) / updates


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--influencers", type=int, default=10_000)
    parser.add_argument("--minutes", type=int, default=20)
    args = parser.parse_args()
    print(f"SpikeDetector.update: {detector_microseconds():.1f} us")
    seconds = engine_seconds_a_minute(args.influencers, args.minutes)
    rules = len(RULE_NAMES)
    print(
        f"{args.influencers} influencers x {rules} rules: {seconds:.3f} s for each minute's windows, "
        f"{100.0 * seconds / 60.0:.2f} % of one core ({1e6 * seconds / args.influencers:.0f} us an influencer)"
    )


if __name__ == "__main__":
    main()
