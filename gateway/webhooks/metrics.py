"""What a gateway says of outgoing webhooks at /metrics. Labels are names that are configured."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge


class WebhookMetrics:
    """Metrics of the sender; of a gateway that does not send, zeros.

    Args:
        registry: of the gateway.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
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

        self._sender = Gauge(
            "campaign_gateway_webhook_sender", "1 on the gateway that sends; one of all does.", registry=registry
        )
        texts = {
            "waiting": "Messages that a webhook has not taken yet.",
            "oldest_seconds": "For how long the oldest message of a webhook has waited; 0 when none does.",
            "off": "1 for a webhook that has answered 410 and was not turned on again.",
        }
        self._gauges = {
            what: Gauge(f"campaign_gateway_webhook_{what}", text, ["webhook"], registry=registry)
            for what, text in texts.items()
        }

    def sender(self, value: Callable[[], float]) -> None:
        """Set how it is asked whether this gateway sends."""
        self._sender.set_function(value)

    def webhook(self, name: str, values: Mapping[str, Callable[[], float]]) -> None:
        """Set how the gauges of a webhook are asked: ``waiting``, ``oldest_seconds`` and ``off``."""
        for what, value in values.items():
            self._gauges[what].labels(name).set_function(value)
