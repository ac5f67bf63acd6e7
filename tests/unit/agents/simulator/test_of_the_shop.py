"""What goes to Kafka of orders that may come through the gateway: said by the same shop, everything else as it was."""

import msgspec
import pytest

from agents.simulator.deliveries import _is_chosen, of_the_shop
from agents.simulator.plan import SimulatedRecord
from models.topics import COMMENTS, CONVERSIONS
from streams.sources.ids import shop_of

CHOSEN = next(f"o{number}" for number in range(100) if _is_chosen(f"o{number}"))
OTHER = next(f"o{number}" for number in range(100) if not _is_chosen(f"o{number}"))


def record(topic: str, value: bytes) -> SimulatedRecord:
    """A record of a simulation."""
    return SimulatedRecord(topic, b"k", value, misplaced=False, due_ms=1)


def event(kind: str, order_id: str, platform: str = "shop") -> bytes:
    """An order or what is said of it."""
    return msgspec.json.encode({"type": kind, "event_id": "e1", "platform": platform, "order_id": order_id})


@pytest.mark.parametrize("kind", ["purchase", "refund"])
def test_an_order_that_may_be_delivered_is_of_one_shop(kind: str) -> None:
    """As the gateway's purchase is; a copy gets the same id."""
    sent = of_the_shop(record(CONVERSIONS, event(kind, CHOSEN)))
    event_id = msgspec.json.decode(sent.value)["event_id"]
    assert (event_id, shop_of(event_id)) == (f"shopify-demo:{kind}:e1", "shopify-demo")
    assert of_the_shop(record(CONVERSIONS, event(kind, CHOSEN))) == sent


@pytest.mark.parametrize(
    ("topic", "value"),
    [
        (CONVERSIONS, event("refund", OTHER)),
        (CONVERSIONS, event("click", CHOSEN)),
        (CONVERSIONS, event("refund", CHOSEN, "web")),
        (COMMENTS, event("refund", CHOSEN)),
    ],
)
def test_everything_else_stays_byte_for_byte(topic: str, value: bytes) -> None:
    """Orders that nobody delivers, and other conversions."""
    assert of_the_shop(record(topic, value)).value == value


@pytest.mark.parametrize("value", [b"{spoiled", b"[]", event("refund", CHOSEN)])
def test_what_was_spoiled_on_purpose_stays_byte_for_byte(value: bytes) -> None:
    """Mended on its way it would count, and the truth says that it does not."""
    spoiled = record(CONVERSIONS, value)._replace(is_spoiled=True)
    assert of_the_shop(spoiled) == spoiled
