"""Analytics that may send to us what they send elsewhere: Segment (and RudderStack), GA4's Measurement Protocol."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from streams.connectors.bodies import (
    Unmapped,
    absent,
    at,
    click_id_of,
    first,
    id_at,
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
from streams.sources import ids
from streams.sources.money import NoMoney, amount
from streams.sources.times import from_epoch

_TRACKED: Final = {
    "order completed": "purchase",
    "completed order": "purchase",
    "order refunded": "refund",
    "product added": "add_to_cart",
    "added product": "add_to_cart",
    "signed up": "signup",
}
"""Segment's own names (its e-commerce specification, and the first version of it), as they are compared; others in the
definition's ``names``."""
_GA4: Final = {
    "purchase": "purchase",
    "refund": "refund",
    "add_to_cart": "add_to_cart",
    "sign_up": "signup",
    "generate_lead": "signup",
    "page_view": "click",
    "session_start": "click",
}
_PAGES: Final = frozenset({"page", "screen"})


def read_segment(delivery: Delivery) -> Iterator[Told]:
    """Map one call of Segment's HTTP API, or a batch of them."""
    body = json_of(delivery.body)
    calls = objects_at(body, "batch") if at(body, "batch") is not None else list(items_of(body))
    yield from each(calls, lambda call: _call(delivery, call), "call")


def _call(delivery: Delivery, call: Any) -> Iterator[Told]:
    asked = delivery.query.get("call")
    kind = text_at(call, "type") or (asked if asked not in {"batch", "import"} else None)
    if kind is None and text_at(call, "event"):
        kind = "track"
    if kind is None:
        raise Unmapped(absent(call, "type"))
    name = text_at(call, "event") or text_at(call, "name") or kind
    ours = delivery.rules.names.get(name) or (_TRACKED.get(_spelt(name)) if kind == "track" else None)
    campaign, page = at(call, "context", "campaign"), at(call, "context", "page")
    visit = query_of(text_at(page, "url") or text_at(call, "properties", "url") or text_at(page, "search"))
    told = {"utm_" + mark: text_at(campaign, mark) for mark in ("source", "medium", "term", "content")}
    told["utm_campaign"] = text_at(campaign, "name")
    marks = utm_of({**visit, **{mark: value for mark, value in told.items() if value}})
    properties = at(call, "properties")
    click_id = first([id_at(properties, "click_id"), id_at(properties, "pulse_click_id"), click_id_of(visit)])
    if click_id:
        marks["click_id"] = click_id
    if ours is None and kind in _PAGES and marks:
        ours = "click"
    if ours not in {"click", "signup", "add_to_cart", "purchase", "refund"}:
        yield Note("ignored", f"{kind} {name[:64]!r} is not counted")
        return
    # Segment gives an id and a time to calls that have none, as those without its libraries.
    message_id = id_at(call, "messageId") or ids.of_content("segment", kind, repr(call))
    # Its `timestamp` is corrected for the clock of the device; receivedAt is not when it happened.
    when = _stamp(call, "timestamp") or _stamp(call, "originalTimestamp")
    shared: dict[str, Any] = {
        "type": ours,
        "platform": ids.SHOP,
        "occurred_at": delivery.received_ms if when is None else _moment(when, delivery),
        "time_source": "send_time" if when is None else "payload",
        "marks": marks,
    }
    if ours not in {"purchase", "refund"}:
        yield Draft(event_id=message_id, fields=marks, **shared)
        return
    order_id = need_id(properties, "order_id")
    if ours == "refund" and all(at(properties, name) in (None, "") for name in ("total", "revenue", "value")):
        raise Unmapped("a refund without total is a full one, and the sum of its purchase is not known here")
    coupon = text_at(properties, "coupon")
    fields = {"order_id": order_id, "currency": need_text(properties, "currency").upper()}
    yield Draft(
        # Both begin with the shop: a refund has to find its order.
        event_id=(ids.of_order if ours == "purchase" else ids.of_refund)(
            delivery.source, order_id if ours == "purchase" else message_id
        ),
        fields={**fields, **(marks if ours == "purchase" else {})},
        codes=(coupon,) if coupon else (),
        money=_segment_money(properties),
        **shared,
    )


def _stamp(call: Any, name: str) -> str | int | Decimal | None:
    """Return a time of a call: a text, or a number as programs without the library write it."""
    found = at(call, name)
    is_number = isinstance(found, int | Decimal) and not isinstance(found, bool)
    return found if is_number or (isinstance(found, str) and found) else None


def _moment(when: str | int | Decimal, delivery: Delivery) -> str | int:
    return need_time(when, "timestamp", delivery.rules) if isinstance(when, str) else from_epoch(when)


def _spelt(name: str) -> str:
    """Return the name of an event as it is compared: ``order_completed`` and ``Order Completed`` are one."""
    return " ".join(name.replace("_", " ").lower().split())


def _segment_money(properties: Any) -> Money:
    """Return both sums: ``total`` has tax and shipping in it, ``revenue`` has not (Segment's e-commerce spec)."""
    total, revenue = _sum(properties, "total"), _sum(properties, "revenue")
    if revenue is None:
        revenue = _sum(properties, "subtotal")
    if total is None and revenue is None:
        total = revenue = _sum(properties, "value")
    if total is None and revenue is None:
        raise Unmapped("total, revenue and value are missing")
    return Money(total, revenue)


def read_ga4(delivery: Delivery) -> Iterator[Told]:
    """Map the events of one call of the Measurement Protocol.

    Its sums exclude tax and shipping by Google's definition.
    """
    body = json_of(delivery.body)
    yield from each(objects_at(body, "events"), lambda event: _ga4_event(delivery, body, event), "event")
    if at(body, "events") is None:
        yield Note("unmapped", absent(body, "events"))


def _ga4_event(delivery: Delivery, body: Any, event: Any) -> Iterator[Told]:
    name, params = need_text(event, "name"), at(event, "params")
    ours = delivery.rules.names.get(name) or _GA4.get(name)
    if ours not in {"click", "signup", "add_to_cart", "purchase", "refund"}:
        yield Note("ignored", f"event {name[:64]!r} is not counted")
        return
    client = id_at(body, "client_id") or id_at(body, "app_instance_id")
    if client is None:
        raise Unmapped(absent(body, "client_id"))
    stamp = at(event, "timestamp_micros")
    stamp = at(body, "timestamp_micros") if stamp is None else stamp
    if isinstance(stamp, str) and stamp.isascii() and stamp.isdecimal() and len(stamp) < 20:
        stamp = int(stamp)
    if stamp is not None and (isinstance(stamp, bool) or not isinstance(stamp, int)):
        raise Unmapped(absent({"timestamp_micros": stamp}, "timestamp_micros"))
    visit = query_of(text_at(params, "page_location"))
    told = {"utm_" + mark: text_at(params, mark) for mark in ("source", "medium", "campaign", "term", "content")}
    marks = utm_of({**{mark: value for mark, value in told.items() if value}, **visit})
    click_id = first([id_at(params, "click_id"), id_at(params, "pulse_click_id"), click_id_of(visit)])
    if click_id:
        marks["click_id"] = click_id
    shared: dict[str, Any] = {
        "type": ours,
        "platform": ids.SHOP,
        "occurred_at": delivery.received_ms if stamp is None else from_epoch(stamp),
        "time_source": "send_time" if stamp is None else "payload",
        "marks": marks,
    }
    if ours in {"purchase", "refund"}:
        yield from _ga4_order(ours, params, marks, shared, client, stamp)
        return
    session = id_at(params, "session_id") or id_at(params, "ga_session_id")
    if ours == "click" and not marks:
        yield Note("ignored", f"{name} without a campaign link")
        return
    event_id = (
        ids.of_ga4_session(client, session) if ours == "click" and session else _hash(client, name, stamp, params)
    )
    yield Draft(event_id=event_id, fields=marks, **shared)


def _ga4_order(
    ours: str, params: Any, marks: dict[str, str], shared: dict[str, Any], client: str, stamp: Any
) -> Iterator[Told]:
    order_id = id_at(params, "transaction_id")
    value = _sum(params, "value")
    if value is None:
        if ours == "refund":
            raise Unmapped("a refund without value is a full one, and the sum of its purchase is not known here")
        raise Unmapped(absent(params, "value"))
    coupon = text_at(params, "coupon")
    code = (coupon,) if coupon else ()
    if ours == "purchase":
        event_id = ids.of_ga4_order(order_id) if order_id else _hash(client, ours, stamp, params)
    else:
        # As the import of the BigQuery export calls it, where that can be known.
        named = order_id is not None and isinstance(stamp, int)
        event_id = ids.of_ga4_refund(f"{order_id}:{stamp}" if named else _hash(client, ours, stamp, params))
    fields: dict[str, Any] = {"order_id": order_id or event_id, "currency": need_text(params, "currency").upper()}
    if at(params, "debug_mode") in (True, "1", "true"):  # and 1, which is equal to it
        fields["test"] = True  # what a developer tries out
    yield Draft(
        event_id=event_id,
        fields={**fields, **(marks if ours == "purchase" else {})},
        codes=code,
        money=Money(None, value),
        **shared,
    )


def _hash(client: str, name: str, stamp: Any, params: Any) -> str:
    """Return an id for an event that has none; ``repr`` of decoded JSON is the same for the same bytes."""
    return ids.of_content("ga4", client, name, str(stamp), repr(params))


def _sum(value: Any, name: str) -> Decimal | None:
    """Return a sum; None where it is missing or empty.

    Raises:
        NoMoney: it is no sum.
    """
    found = at(value, name)
    if found is None or found == "":
        return None
    if isinstance(found, bool):
        raise NoMoney(f"{name}: {found} is no sum")
    return amount(found, name)
