"""Prometheus metrics of the passes over entrants."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.stages.suspicion_watch import SuspicionWatch


class SuspicionCollector(Collector):
    """Collects how many passes there were, and how long the last one took.

    Args:
        watch: starts the passes.
    """

    def __init__(self, watch: SuspicionWatch) -> None:
        self._watch = watch

    def describe(self) -> list[Metric]:
        """Return nothing: the registry need not look at the state when it is built."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return every family; called by a scrape."""
        passes = CounterMetricFamily(
            "campaign_pulse_suspicion_passes", "Looks for suspicious entrants, by outcome.", labels=("outcome",)
        )
        passes.add_metric(("done",), self._watch.passes_total)
        passes.add_metric(("failed",), self._watch.failures_total)
        yield passes
        yield GaugeMetricFamily(
            "campaign_pulse_suspicion_pass_seconds", "How long the last look took.", value=self._watch.last_seconds
        )
