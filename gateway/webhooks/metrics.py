"""What a gateway says of outgoing webhooks at /metrics. Labels are names that are configured."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class WebhookMetrics:
    """Metrics of the sender; of a gateway that does not send, zeros.

    Args:
        registry: of the gateway.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._gauges: dict[str, Gauge] = {}
        self.attempts = Counter(
            "campaign_gateway_webhook_attempts_total",
            "Attempts to send a message, by webhook and what came of it: sent, retried (it is tried again), failed (it "
            "was the last one), gone (410: the webhook is off).",
            ["webhook", "outcome"],
            registry=registry,
        )
        self.messages = Counter(
            "campaign_gateway_webhook_messages_total",
            "Messages that were made (made) and what became of them: sent, failed, expired (waited for too long), "
            "dropped (too many waited), removed (the webhook is not configured any more).",
            ["webhook", "outcome"],
            registry=registry,
        )

    def sender(self, value: Callable[[], float]) -> None:
        """Set how it is asked whether this gateway sends."""
        Gauge(
            "campaign_gateway_webhook_sender",
            "1 on the gateway that sends; one of all does.",
            registry=self._registry,
        ).set_function(value)

    def webhook(self, name: str, values: "dict[str, Callable[[], float]]") -> None:
        """Set how the gauges of a webhook are asked: ``waiting``, ``oldest_seconds`` and ``off``."""
        texts = {
            "waiting": "Messages that a webhook has not taken yet.",
            "oldest_seconds": "For how long the oldest message of a webhook has waited; 0 when none does.",
            "off": "1 for a webhook that has answered 410 and was not turned on again.",
        }
        for what, value in values.items():
            metric = f"campaign_gateway_webhook_{what}"
            if metric not in self._gauges:
                self._gauges[metric] = Gauge(metric, texts[what], ["webhook"], registry=self._registry)
            self._gauges[metric].labels(name).set_function(value)
