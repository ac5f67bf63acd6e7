"""What a gateway says of itself at /metrics. Labels are names that are configured, never what a stranger sent."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """The gateway's metrics, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "campaign_gateway_deliveries_total",
            "Requests, by source and what became of them: counted, parked, unmapped, ignored, handshake, refused, "
            "unconfirmed, spooled.",
            ["source", "outcome"],
            registry=self.registry,
        )
        self.events = Counter(
            "campaign_gateway_events_total", "Events that Kafka has confirmed.", ["source"], registry=self.registry
        )
        self.notes = Counter(
            "campaign_gateway_items_total",
            "Items of deliveries that became no event: ignored, unmapped, unmatched (they fit no campaign).",
            ["source", "reason"],
            registry=self.registry,
        )
        self.secrets = Counter(
            "campaign_gateway_signatures_total",
            "Right signatures, by the place of the secret in its list: 1 is the newest.",
            ["source", "secret"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "campaign_gateway_answer_seconds",
            "From a request's header to its answer.",
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5),
        )
        self.reads = Counter(
            "campaign_gateway_reads_total",
            "Answers of the read API and the pages, by what was asked and HTTP status.",
            ["what", "status"],
            registry=self.registry,
        )
        self.last = Gauge(
            "campaign_gateway_last_delivery_timestamp_seconds",
            "When a source's last authentic delivery came: what has fallen silent shows here.",
            ["source"],
            registry=self.registry,
        )

        self._children: dict[tuple[str, ...], Counter] = {}
        self._last: dict[str, Gauge] = {}

    def delivered(self, source: str, outcome: str, seconds: float) -> None:
        """Count a request that has been answered."""
        self._child(self.deliveries, "deliveries", source, outcome).inc()
        self.seconds.observe(seconds)

    def signed(self, source: str, place: int) -> None:
        """Count a right signature, by the place of its secret."""
        self._child(self.secrets, "secrets", source, str(place)).inc()

    def received(self, source: str, at_ms: int) -> None:
        """Remember when a source's last authentic delivery came."""
        found = self._last.get(source)
        if found is None:
            found = self._last[source] = self.last.labels(source)
        found.set(at_ms / 1_000)

    def confirmed(self, source: str, events: int) -> None:
        """Count events that Kafka has."""
        self._child(self.events, "events", source).inc(events)

    def _child(self, metric: Counter, *names: str) -> Counter:
        """Return a child by its labels: looking one up in its metric takes longer than counting."""
        found = self._children.get(names)
        if found is None:
            found = self._children[names] = metric.labels(*names[1:])
        return found

    def gauge(self, name: str, documentation: str, value: Callable[[], float]) -> None:
        """Add a gauge that is asked when it is scraped."""
        Gauge(name, documentation, registry=self.registry).set_function(value)
