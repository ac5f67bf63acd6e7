"""When records are due: the shape of a campaign over its duration."""

import math
from collections.abc import Iterator
from random import Random

from agents.simulator.plan import SimulationPlan
from models.times import HOUR_MS

BINS = 2000


def intensity(fraction: float, at_ms: float) -> float:
    """Return the relative activity at ``fraction`` (0..1) of a giveaway, at the time of day of ``at_ms`` (UTC).

    A launch that decays within minutes of a six-hour campaign, a rush before the end, and evenings busier than
    mornings. The unit is arbitrary.
    """
    hour = at_ms / HOUR_MS % 24
    diurnal = 0.65 + 0.35 * math.cos((hour - 20) / 24 * 2 * math.pi)
    launch = 4 * math.exp(-fraction / 0.04)
    rush = 1.5 * math.exp((fraction - 1) / 0.03)
    return diurnal * (1 + launch + rush)


def due_times(plan: SimulationPlan, random: Random) -> Iterator[int]:
    """Yield ``plan.events`` ascending due times in milliseconds.

    Stratified draws through the inverse of the cumulative intensity: the count of every stretch of time is as the shape
    says, the spacing within is random, and nothing has to be sorted.
    """
    span_ms = plan.end_ms - plan.start_ms
    if plan.shape == "steady":
        for number in range(plan.events):
            yield plan.start_ms + int((number + random.random()) / plan.events * span_ms)
        return
    weights = [intensity((i + 0.5) / BINS, plan.start_ms + (i + 0.5) / BINS * span_ms) for i in range(BINS)]
    per_event = sum(weights) / plan.events if plan.events else 0.0
    index, reached = 0, 0.0
    for number in range(plan.events):
        target = (number + random.random()) * per_event
        while index < BINS - 1 and reached + weights[index] < target:
            reached += weights[index]
            index += 1
        within = min(1.0, max(0.0, (target - reached) / weights[index]))
        yield plan.start_ms + int((index + within) / BINS * span_ms)
