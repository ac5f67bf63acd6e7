"""Deliveries as five platforms sign and send them, each with the event it stands for, written down by hand.

Nothing here is read by our connectors first: what SQL computes of the events is independent of them.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

CLOCK_MS: Final = 1_776_533_400_000
"""2026-04-18T17:30:00Z: the clock of gateway and worker."""
_CLOCK_SECONDS: Final = str(CLOCK_MS // 1_000)
_BEGINS_SECONDS: Final = 1_776_526_200
"""2026-04-18T15:30:00Z: the first delivery is about something of then."""
_SPREAD_SECONDS: Final = 7_000
SHOPIFY: Final = "/v1/hooks/shopify/main"
SECRETS: Final = "\n".join(
    ["shopify-main=s1", "instagram-main=s2", "woo-at=s3", "stripe-main=s4", "standard-main=whsec_c3Rvcm0tc2VjcmV0"]
)
DEFINITION: Final = """
campaign_id: spring
name: Spring
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - influencer_id: ana
    handle: "@ana"
    platform: instagram
    discount_codes: [ANA10]
    accounts: {instagram: ["1"]}
  - influencer_id: ben
    handle: "@ben"
    platform: instagram
    discount_codes: [BEN10]
    accounts: {instagram: ["2"]}
"""
_OWNERS: Final = (("ana", "ANA10", "1"), ("ben", "BEN10", "2"))


class Delivery(Struct, frozen=True):
    """One request, the event it stands for, and whether its sender comes again when it is told to."""

    path: str
    body: bytes
    headers: dict[str, str]
    event: dict[str, Any]
    retries: bool = True


def deliveries(count: int) -> Iterator[Delivery]:
    """Yield deliveries of all sources in turn; every seventh order is given back in part later."""
    for number in range(count):
        yield _MAKERS[number % SOURCES](number)


def _at(number: int) -> int:
    return _BEGINS_SECONDS + number * 7 % _SPREAD_SECONDS


def _order_of(number: int) -> int:
    """Return the number of an order: both shops count from 1, and are told apart all the same."""
    return number // SOURCES + 1


def _event(kind: str, event_id: str, number: int, at_ms: int | None = None, **fields: Any) -> dict[str, Any]:
    owner = _OWNERS[number % len(_OWNERS)][0]
    moment = _at(number) * 1_000 if at_ms is None else at_ms
    common = {"type": kind, "event_id": event_id, "campaign_id": "spring", "influencer_id": owner}
    return {**common, "occurred_at": moment, **fields}


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _base64(secret: bytes, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()


def _shopify(number: int) -> Delivery:
    gives_back = number % 7 == 0 and number >= SOURCES
    # Part of the money of the order before it, whose purchase was a delivery of its own.
    of = number - SOURCES if gives_back else number
    code, order_id = _OWNERS[of % len(_OWNERS)][1], _order_of(of)
    order: dict[str, Any] = {
        "id": order_id,
        "created_at": _iso(_at(of)),
        "updated_at": _iso(_at(number)),
        "currency": "EUR",
        "total_price": f"{10 + of % 90}.50",
        "discount_codes": [{"code": code}],
    }
    topic, said = "orders/create", {"platform": "shop", "order_id": str(order_id), "discount_code": code}
    event = _event(
        "purchase", f"shopify-main:order:{order_id}", of, currency="EUR", amount=order["total_price"], **said
    )
    if gives_back:
        topic, refund_id = "orders/updated", 9_000_000 + number
        paid = {"kind": "refund", "status": "success", "amount": "4.25"}
        order["refunds"] = [{"id": refund_id, "created_at": _iso(_at(number)), "transactions": [paid]}]
        moment = _at(number) * 1_000
        said |= {"currency": "EUR", "amount": "4.25"}
        event = _event("refund", f"shopify-main:refund:{refund_id}", of, at_ms=moment, **said)
    body = json.dumps(order).encode()
    headers = {"X-Shopify-Topic": topic, "X-Shopify-Hmac-Sha256": _base64(b"s1", body)}
    return Delivery(SHOPIFY, body, headers, event)


def _instagram(number: int) -> Delivery:
    account = _OWNERS[number % len(_OWNERS)][2]
    name, comment, text = f"fan{number % 997}", f"c{number}", "I love it" if number % 3 else "hm, no"
    value = {"id": comment, "text": text, "from": {"username": name}, "media": {"id": f"m{number % 5}"}}
    entry = {"id": account, "time": _at(number), "changes": [{"field": "comments", "value": value}]}
    body = json.dumps({"object": "instagram", "entry": [entry]}).encode()
    said = {"platform": "instagram", "post_id": f"m{number % 5}", "comment_id": comment, "text": text}
    event = _event("comment.created", comment, number, author_id=name, author_handle=name, **said)
    signature = "sha256=" + hmac.new(b"s2", body, hashlib.sha256).hexdigest()
    return Delivery("/v1/hooks/instagram/main", body, {"X-Hub-Signature-256": signature}, event)


def _woocommerce(number: int) -> Delivery:
    code, total = _OWNERS[number % len(_OWNERS)][1], f"{number % 50}.99"
    order = {
        "id": _order_of(number),
        "status": "processing",
        "date_paid_gmt": _iso(_at(number))[:19],
        "currency": "EUR",
        "total": total,
        "coupon_lines": [{"code": code.lower()}],
    }
    body = json.dumps(order).encode()
    headers = {"X-WC-Webhook-Topic": "order.created", "X-WC-Webhook-Signature": _base64(b"s3", body)}
    said = {"platform": "shop", "order_id": str(_order_of(number)), "currency": "EUR", "discount_code": code}
    event = _event("purchase", f"woo-at:order:{_order_of(number)}", number, amount=total, **said)
    return Delivery("/v1/hooks/woo/at", body, headers, event, retries=False)


def _stripe(number: int) -> Delivery:
    code, units = _OWNERS[number % len(_OWNERS)][1], 1_000 + number % 5_000
    session = {
        "id": f"cs_{number}",
        "payment_intent": f"pi_{number}",
        "payment_status": "paid",
        "currency": "usd",
        "amount_total": units,
        "metadata": {"discount_code": code},
    }
    told = {"id": f"evt_{number}", "type": "checkout.session.completed", "created": _at(number), "livemode": True}
    body = json.dumps({**told, "data": {"object": session}}).encode()
    signature = hmac.new(b"s4", f"{_CLOCK_SECONDS}.".encode() + body, hashlib.sha256).hexdigest()
    said = {"platform": "shop", "order_id": f"pi_{number}", "currency": "USD", "discount_code": code}
    event = _event(
        "purchase", f"stripe-main:order:pi_{number}", number, amount=f"{units // 100}.{units % 100:02}", **said
    )
    return Delivery("/v1/hooks/stripe/main", body, {"Stripe-Signature": f"t={_CLOCK_SECONDS},v1={signature}"}, event)


def _standard(number: int) -> Delivery:
    owner, name = _OWNERS[number % len(_OWNERS)][0], f"msg_{number}"
    data = {"campaign_id": "spring", "influencer_id": owner, "platform": "shop", "author_id": f"p{number % 991}"}
    body = json.dumps({"type": "signup", "timestamp": _iso(_at(number)), "data": data}).encode()
    signed = f"{name}.{_CLOCK_SECONDS}.".encode() + body
    headers = {"webhook-id": name, "webhook-timestamp": _CLOCK_SECONDS}
    headers["webhook-signature"] = "v1," + _base64(b"storm-secret", signed)
    event = _event("signup", name, number, platform="shop", author_id=f"p{number % 991}")
    return Delivery("/v1/hooks/standard/main", body, headers, event)


_MAKERS: Final[tuple[Callable[[int], Delivery], ...]] = (_shopify, _instagram, _woocommerce, _stripe, _standard)
SOURCES: Final = len(_MAKERS)
