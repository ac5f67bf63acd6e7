"""Planted incidents: what an alert should find, and when."""

from bisect import bisect_right
from random import Random
from typing import Literal

from agents.simulator.people import Population, Post
from agents.simulator.plan import SimulationPlan

IncidentKind = Literal["viral_post", "complaint_wave", "dead_checkout", "silent_feed"]

# Start and length as shares of a cycle; they never touch each other.
_SCHEDULE: tuple[tuple[IncidentKind, float, float], ...] = (
    ("viral_post", 0.28, 0.08),
    ("complaint_wave", 0.46, 0.08),
    ("dead_checkout", 0.62, 0.10),
    ("silent_feed", 0.80, 0.08),
)
_JITTER = 0.04


class Incident:
    """One incident in event time, ``start_ms <= t < end_ms``.

    ``influencer_id`` is empty for a dead checkout: it stops the orders of the whole campaign.
    """

    __slots__ = ("campaign_id", "end_ms", "influencer_id", "kind", "post", "start_ms")

    def __init__(self, kind: IncidentKind, campaign_id: str, influencer_id: str, start_ms: int, end_ms: int) -> None:
        """Plan an incident."""
        self.kind: IncidentKind = kind
        self.campaign_id = campaign_id
        self.influencer_id = influencer_id
        self.start_ms = start_ms
        self.end_ms = end_ms
        self.post: Post | None = None


class IncidentCalendar:
    """All incidents of a simulation; at most one at any moment."""

    def __init__(self, plan: SimulationPlan, population: Population, random: Random) -> None:
        """Plan the incidents; each hits one of the more popular creators, so that it can be noticed."""
        self.incidents: list[Incident] = []
        if plan.incidents:
            self._plan(plan, population, random)
        self._starts = [incident.start_ms for incident in self.incidents]

    def _plan(self, plan: SimulationPlan, population: Population, random: Random) -> None:
        cycle_seconds = plan.incident_cycle_seconds or plan.duration_seconds
        cycle_ms = min(cycle_seconds, plan.duration_seconds) * 1000
        prominent = population.by_popularity[: max(2, len(population.by_popularity) // 5)]
        for cycle in range(max(1, int(plan.duration_seconds * 1000 / cycle_ms))):
            for kind, start, length in _SCHEDULE:
                if kind == "silent_feed" and len(prominent) < 2:
                    continue  # somebody else has to take the events
                creator = prominent[int(random.random() * len(prominent))]
                start_ms = plan.start_ms + int((cycle + start + _JITTER * random.random()) * cycle_ms)
                self.incidents.append(
                    Incident(
                        kind,
                        creator.campaign_id,
                        "" if kind == "dead_checkout" else creator.influencer_id,
                        start_ms,
                        start_ms + max(1, int(length * cycle_ms)),
                    )
                )

    def at(self, at_ms: int) -> Incident | None:
        """Return the incident under way at an event time."""
        index = bisect_right(self._starts, at_ms) - 1
        if index >= 0 and at_ms < self.incidents[index].end_ms:
            return self.incidents[index]
        return None
