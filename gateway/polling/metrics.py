"""What a poller says of itself at /metrics. Labels are names that are configured, and kinds of requests."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class PollMetrics:
    """The poller's metrics, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._gauges: dict[str, Gauge] = {}
        self.requests = Counter(
            "campaign_poll_requests_total",
            "Requests, by what was asked for and what became of it: read, gone, waiting, refused, failed.",
            ["source", "what", "outcome"],
            registry=self.registry,
        )
        self.events = Counter(
            "campaign_poll_events_total", "Events that Kafka has confirmed.", ["source"], registry=self.registry
        )
        self.gaps = Counter(
            "campaign_poll_gaps_total",
            "Comments, orders and refunds that no webhook had brought, of sources that have webhooks.",
            ["source"],
            registry=self.registry,
        )
        self.removed = Counter(
            "campaign_poll_removed_total",
            "Comments that are not there any more, found by asking.",
            ["source"],
            registry=self.registry,
        )
        self.items = Counter(
            "campaign_poll_items_total",
            "Items of answers that became no event: ignored, unmapped, unmatched (they fit no campaign).",
            ["source", "reason"],
            registry=self.registry,
        )
        self.last = Gauge(
            "campaign_poll_last_answer_timestamp_seconds",
            "When a source's API last answered with success.",
            ["source"],
            registry=self.registry,
        )

    def gauge(self, name: str, documentation: str, source: str, value: Callable[[], float]) -> None:
        """Set how a gauge of a source is asked when it is scraped."""
        if name not in self._gauges:
            self._gauges[name] = Gauge(name, documentation, ["source"], registry=self.registry)
        self._gauges[name].labels(source).set_function(value)
