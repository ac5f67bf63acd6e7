"""Stripe: paid checkouts, and refunds.

A refund is read from ``refund.created`` and ``refund.updated``. ``charge.refunded`` carries only the sum of all refunds
so far, and would count earlier ones again; in old versions of the API it lists them, each with its id.
"""

from collections.abc import Iterator
from typing import Any, Final

from streams.connectors.bodies import (
    Unmapped,
    absent,
    at,
    count_at,
    id_at,
    json_of,
    need_id,
    need_text,
    objects_at,
    text_at,
    utm_of,
)
from streams.connectors.drafts import Delivery, Draft, Money, Note, Told, each
from streams.connectors.shopify import FRESH_MS
from streams.sources import ids
from streams.sources.money import from_minor_units
from streams.sources.times import from_epoch

_CHECKOUTS: Final = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})
_REFUNDS: Final = frozenset({"refund.created", "refund.updated", "charge.refund.updated"})
_PAID: Final = frozenset({"paid", "no_payment_required"})


def read(delivery: Delivery) -> Iterator[Told]:
    """Map one event."""
    yield from each([json_of(delivery.body)], lambda event: _event(delivery, event), "event")


def _event(delivery: Delivery, event: Any) -> Iterator[Told]:
    kind = need_text(event, "type")
    about = at(event, "data", "object")
    if at(event, "object") == "v2.core.event":
        raise Unmapped("a thin event (v2.core.event) has no object in it: choose snapshot payloads for this endpoint")
    if kind == "charge.refunded" and objects_at(about, "refunds", "data"):
        yield from _listed(delivery, event, about)
    elif kind == "charge.refunded":
        note = "charge.refunded has only the sum of all refunds: subscribe to refund.created and refund.updated instead"
        yield Note("ignored", note)
    elif kind in _CHECKOUTS:
        yield from _checkout(delivery, event, about)
    elif kind in _REFUNDS:
        yield from _refund(delivery, event, about)
    else:
        yield Note("ignored", f"type {kind!r} is not counted")


def _checkout(delivery: Delivery, event: Any, session: Any) -> Iterator[Told]:
    session_id = need_id(session, "id")
    if text_at(session, "mode") == "setup":
        yield Note("ignored", f"session {session_id} keeps a card for later (mode setup): nothing was bought")
        return
    status = text_at(session, "payment_status")
    if status not in _PAID:
        yield Note("ignored", f"session {session_id} is not paid yet (payment_status {status!r})")
        return
    order_id = _payment_of(session) or session_id
    currency = need_text(session, "currency").upper()
    total = _units(session, "amount_total")
    without = total - sum(_optional_units(session, "total_details", name) for name in ("amount_tax", "amount_shipping"))
    metadata = at(session, "metadata") or {}
    marks = utm_of(metadata) if isinstance(metadata, dict) else {}
    click_id = id_at(session, "client_reference_id") or id_at(metadata, "click_id")
    if click_id:
        marks["click_id"] = click_id
    # Where the endpoint's version expands promotion codes, the code stands in them.
    code = text_at(metadata, "discount_code") or text_at(session, "discounts", 0, "promotion_code", "code")
    named = id_at(session, "discounts", 0, "promotion_code")
    if code is None and named is not None:
        note = (
            f"session {session_id}: {named} is Stripe's id of a code, not the code: put it into metadata.discount_code"
        )
        yield Note("incomplete", note)
    fields: dict[str, Any] = {"order_id": order_id, "currency": currency, **marks}
    yield Draft(
        type="purchase",
        event_id=ids.of_order(delivery.source, order_id),
        platform=ids.SHOP,
        occurred_at=_created(event),
        fields={**fields, **_test(event)},
        marks=marks,
        codes=(code,) if code else (),
        money=Money(from_minor_units(total, currency), from_minor_units(without, currency) if without >= 0 else None),
    )


def _listed(delivery: Delivery, event: Any, charge: Any) -> Iterator[Told]:
    """Map the refunds that a charge lists in API versions before 2022-11-15; earlier ones are told again each time."""
    told_ms = _created(event)
    rest = {name: value for name, value in charge.items() if name != "refunds"}

    def refund(each_refund: Any) -> Iterator[Told]:
        if told_ms - _created(each_refund) >= FRESH_MS:
            yield Note("ignored", f"refund {need_id(each_refund, 'id')} was told before")
            return
        filled = {"payment_intent": at(charge, "payment_intent"), "currency": at(charge, "currency")}
        known = {name: value for name, value in each_refund.items() if value is not None}
        yield from _refund(delivery, event, {**filled, **known, "charge": rest})

    yield from each(objects_at(charge, "refunds", "data"), refund, "refund")


def _refund(delivery: Delivery, event: Any, refund: Any) -> Iterator[Told]:
    refund_id = need_id(refund, "id")
    status = text_at(refund, "status")
    if status != "succeeded":
        yield Note("ignored", f"refund {refund_id} has the status {status!r}")
        return
    charge = at(refund, "charge")
    order_id = _payment_of(refund) or (id_at(refund, "charge") or id_at(charge, "id"))
    if order_id is None:
        raise Unmapped(absent(refund, "payment_intent"))
    currency = need_text(refund, "currency").upper()
    metadata = {**_texts(at(charge, "metadata")), **_texts(at(refund, "metadata"))}
    marks = utm_of(metadata)
    if metadata.get("click_id"):
        marks["click_id"] = metadata["click_id"]
    total = from_minor_units(_units(refund, "amount"), currency)
    code = metadata.get("discount_code")
    yield Draft(
        type="refund",
        event_id=ids.of_refund(delivery.source, refund_id),
        platform=ids.SHOP,
        occurred_at=_created(refund),
        fields={"order_id": order_id, "currency": currency, **_test(event)},
        marks=marks,
        codes=(code,) if code else (),
        money=Money(total, total),
        placed_at_ms=None if (paid := count_at(charge, "created")) is None else from_epoch(paid),
    )


def _payment_of(value: Any) -> str | None:
    return id_at(value, "payment_intent") or id_at(value, "payment_intent", "id")


def _texts(value: Any) -> dict[str, str]:
    return {k: v for k, v in value.items() if isinstance(v, str) and v} if isinstance(value, dict) else {}


def _test(event: Any) -> dict[str, bool]:
    return {"test": True} if at(event, "livemode") is False else {}


def _created(value: Any) -> int:
    found = count_at(value, "created")
    if found is None:
        raise Unmapped(absent(value, "created"))
    return from_epoch(found)


def _units(value: Any, *path: str) -> int:
    found = at(value, *path)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Unmapped(absent(value, *path))
    return found


def _optional_units(value: Any, *path: str) -> int:
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
