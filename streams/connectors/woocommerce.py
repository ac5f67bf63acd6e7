"""WooCommerce: orders and their refunds, by webhook (never sent again) and by poll of orders.

Fields: woocommerce-rest-api-docs, v3 orders. Times are those in ``*_gmt``, which have no offset.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from streams.connectors.bodies import (
    UTM,
    Unmapped,
    absent,
    at,
    click_id_of,
    items_of,
    json_of,
    need_id,
    need_text,
    objects_at,
    query_of,
    text_at,
    utm_of,
)
from streams.connectors.drafts import Delivery, Draft, Money, Note, Told, each, need_time
from streams.connectors.shopify import FRESH_MS
from streams.sources import ids
from streams.sources.money import NoMoney, amount
from streams.sources.times import instant, instant_ms, shown

_ATTRIBUTION: Final = "_wc_order_attribution_"
_TOPICS: Final = frozenset({"order.created", "order.updated", "order.restored"})
_NOT_SOLD: Final = frozenset({"pending", "failed", "checkout-draft", "on-hold", "cancelled", "trash"})


def is_ping(delivery: Delivery) -> bool:
    """Return whether this is what WooCommerce sends when a webhook is saved: unsigned, and to be answered with 200."""
    return delivery.body.strip().startswith(b"webhook_id=") and len(delivery.body) < 100


def read(delivery: Delivery) -> Iterator[Told]:
    """Map an order of a webhook, or the orders of a poll (an array)."""
    if is_ping(delivery):
        yield Note("ignored", "the ping of a webhook that was saved")
        return
    topic = delivery.headers.get("x-wc-webhook-topic", "").lower()
    if topic and topic not in _TOPICS:
        yield Note("ignored", f"topic {topic!r} is not counted")
        return
    yield from each(items_of(json_of(delivery.body)), lambda order: _order(delivery, order), "order")


def _order(delivery: Delivery, order: Any) -> Iterator[Told]:
    if at(order, "id") is None and isinstance(at(order, "order"), dict):
        raise Unmapped("the body of the legacy API: choose the version WP REST API v3 in the webhook's settings")
    order_id, status = need_id(order, "id"), text_at(order, "status") or ""
    paid = _moment(delivery, order, "date_paid")
    if paid is None:
        yield Note("ignored", f"order {order_id} is not paid (status {status!r})")
        return
    meta = {name: at(entry, "value") for entry in objects_at(order, "meta_data") if (name := text_at(entry, "key"))}
    # The page on which the visit began has all that the link said.
    visit = query_of(text_at(meta, _ATTRIBUTION + "session_entry"))
    marks = utm_of(visit) | {name: value for name in UTM if (value := text_at(meta, _ATTRIBUTION + name))}
    if click_id := click_id_of({name.lstrip("_"): value for name, value in meta.items()}) or click_id_of(visit):
        marks["click_id"] = click_id
    codes = tuple(code for line in objects_at(order, "coupon_lines") if (code := text_at(line, "code")))
    shared: dict[str, Any] = {"platform": ids.SHOP, "marks": marks, "codes": codes}
    shared["channel"] = text_at(order, "created_via")
    fields = {"order_id": order_id, "currency": need_text(order, "currency").upper()}
    if status not in _NOT_SOLD:
        yield Draft(
            type="purchase",
            event_id=ids.of_order(delivery.source, order_id),
            occurred_at=paid,
            fields={**fields, **marks},
            money=_money(order),
            **shared,
        )
    else:
        yield Note("ignored", f"order {order_id} has the status {status!r}")
    refunds = objects_at(order, "refunds")
    if not refunds:
        return
    changed = _moment(delivery, order, "date_modified")
    if changed is None:
        raise Unmapped(absent(order, "date_modified_gmt"))
    if not delivery.is_replayed and delivery.received_ms - instant_ms(changed) >= FRESH_MS:
        when = shown(delivery.received_ms)
        yield Note("ignored", f"order {order_id}: changed {changed}, its refunds were told before {when}")
        return

    def refund(each_refund: Any) -> Iterator[Told]:
        total = amount(at(each_refund, "total"), "total of a refund")
        yield Draft(
            type="refund",
            event_id=ids.of_refund(delivery.source, need_id(each_refund, "id")),
            occurred_at=changed,  # a refund has no time of its own
            fields=fields,
            money=Money(abs(total), abs(total)),
            placed_at_ms=instant_ms(paid),
            **shared,
        )

    yield from each(refunds, refund, "refund")


def _moment(delivery: Delivery, order: Any, name: str) -> str | None:
    """Return one of an order's times; None where it has not happened.

    Version 1 of the API has only the shop's own time, without an offset: that needs the source's ``time_zone``.
    """
    if found := text_at(order, f"{name}_gmt"):
        return _utc(found)
    found = text_at(order, name)
    if found is None or at(order, f"{name}_gmt") is not None:
        return None
    return need_time(found, name, delivery.rules)


def _money(order: Any) -> Money:
    total = amount(at(order, "total"), "total")
    try:
        subtotal: Decimal | None = total - sum(
            amount(at(order, name), name) for name in ("total_tax", "shipping_total")
        )
    except NoMoney:
        subtotal = None
    return Money(total, subtotal)


def _utc(text: str) -> str:
    """Return a ``*_gmt`` time with its offset."""
    return instant(text if text.endswith(("Z", "z")) or "+" in text else text + "Z")
