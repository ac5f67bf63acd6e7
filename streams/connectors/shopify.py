"""Shopify: orders, refunds and cancellations, by webhook and by poll of orders.

A refund is read from the order (``orders/updated``, ``orders/cancelled``): the body of ``refunds/create`` has neither
codes nor utm values, and belongs to nobody.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from models.currencies import decimals_of
from models.times import HOUR_MS
from streams.connectors.bodies import (
    Unmapped,
    at,
    click_id_of,
    id_of,
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
from streams.sources.money import amount
from streams.sources.times import NoTime, instant, instant_ms, shown

FRESH_MS: Final = 48 * HOUR_MS
"""Every change of an order repeats its refunds; ids are remembered for 72 hours, and older ones would count again."""
_PURCHASES: Final = frozenset({"orders/create", "orders/paid"})
_REFUNDS: Final = frozenset({"orders/updated", "orders/cancelled", "orders/partially_fulfilled", "orders/fulfilled"})
_UNPAID: Final = frozenset({"pending", "voided", "authorized", "expired"})
_OF_PRIVACY: Final = frozenset({"customers/redact", "customers/data_request", "shop/redact"})
_PEOPLE: Final = frozenset({"instagram", "tiktok", "youtube", "x", "facebook", "twitch"})


def read(delivery: Delivery) -> Iterator[Told]:
    """Map an order of a webhook, or the orders of a poll (``{"orders": [...]}``)."""
    body = json_of(delivery.body)
    topic = delivery.headers.get("x-shopify-topic", "").lower()
    if isinstance(at(body, "orders"), list):
        yield from each(at(body, "orders"), lambda order: _order(delivery, order, polled=True), "order")
    elif topic == "refunds/create":
        yield Note("ignored", "refunds/create says neither code nor campaign: subscribe to orders/updated instead")
    elif topic in _OF_PRIVACY:
        # Of a buyer, events hold at most the account of a cart attribute.
        yield Note("ignored", f"{topic}: what is held of a person, `campaign-pulse giveaway forget` takes away")
    elif topic == "orders/edited":
        yield Note("ignored", "orders/edited has no order in it: orders/updated tells of the same change")
    elif topic and topic not in _PURCHASES | _REFUNDS:
        yield Note("ignored", f"topic {topic!r} is not counted")
    else:
        order = at(body, "order") if at(body, "id") is None and at(body, "order") is not None else body
        yield from each([order], lambda order: _order(delivery, order, polled=not topic, topic=topic), "order")


def _order(delivery: Delivery, order: Any, polled: bool, topic: str = "") -> Iterator[Told]:
    order_id = _number(need_id(order, "id"))
    created = need_time(text_at(order, "created_at"), "created_at", delivery.rules)
    shared = _shared(delivery, order, order_id, created)
    if polled or topic in _PURCHASES:
        yield _purchase(order, shared)
    if polled or topic not in _PURCHASES:
        refunds = objects_at(order, "refunds")
        told = list(each(refunds, lambda refund: _refund(delivery, order, refund, shared), "refund"))
        yield from told
        if topic not in _PURCHASES and text_at(order, "cancelled_at"):
            yield from _cancelled(delivery, order, shared, has_refunds=any(map(_gave_back, refunds)))
        elif not told and not polled:
            yield Note("ignored", f"order {order_id}: {topic} without a refund")


def _shared(delivery: Delivery, order: Any, order_id: str, created: str) -> dict[str, Any]:
    """Return what purchase and refunds of an order have in common."""
    visit = query_of(text_at(order, "landing_site"))
    attributes = _attributes(order)
    codes = _codes(order)
    marks = utm_of(visit)
    if click_id := click_id_of(attributes) or click_id_of(visit):
        marks["click_id"] = click_id
    fields: dict[str, Any] = {"order_id": order_id, "currency": _currency(order)}
    if at(order, "test") is True or delivery.headers.get("x-shopify-test", "").lower() == "true":
        fields["test"] = True
    return {
        "source": delivery.source,
        "order_id": order_id,
        "created": created,
        "fields": fields,
        "marks": marks,
        "codes": tuple(dict.fromkeys(codes)),
        "author": _author(attributes),
        "is_unpaid": text_at(order, "financial_status") in _UNPAID,
        "channel": text_at(order, "source_name"),
    }


def _purchase(order: Any, shared: dict[str, Any]) -> Draft:
    # total_price is what was bought; current_total_price changes with every edit and refund.
    return Draft(
        type="purchase",
        event_id=ids.of_order(shared["source"], shared["order_id"]),
        platform=ids.SHOP,
        occurred_at=shared["created"],
        fields={**shared["fields"], **shared["marks"], **shared["author"]},
        marks=shared["marks"],
        codes=shared["codes"],
        money=_money(order),
        is_unpaid=shared["is_unpaid"],
        channel=shared["channel"],
    )


def _money(order: Any) -> Money:
    """Return both sums of an order, in the shop's money: as texts, or as their later twins ``*_set``."""
    total, subtotal = (_sum(order, name) for name in ("total_price", "subtotal_price"))
    return Money(amount(total, "total_price"), None if subtotal is None else amount(subtotal, "subtotal_price"))


def _sum(order: Any, name: str) -> Any:
    found = at(order, name)
    return at(order, f"{name}_set", "shop_money", "amount") if found is None or found == "" else found


def _currency(order: Any) -> str:
    """Return the shop's currency, never the one that the buyer saw."""
    found = text_at(order, "currency") or text_at(order, "total_price_set", "shop_money", "currency_code")
    return found.upper() if found else need_text(order, "currency")


def _number(given: str) -> str:
    """Return the number in ``gid://shopify/Order/5900000000001``: what GraphQL and Flow send, and hooks do not."""
    return given.rsplit("/", 1)[-1].partition("?")[0] if given.startswith("gid://") else given


def _refund(delivery: Delivery, order: Any, refund: Any, shared: dict[str, Any]) -> Iterator[Told]:
    refund_id = _number(need_id(refund, "id"))
    at_text = need_time(text_at(refund, "created_at"), "created_at", delivery.rules)
    changed_ms = _changed_ms(delivery, order)
    if changed_ms - instant_ms(at_text) >= FRESH_MS:
        yield Note("ignored", f"refund {refund_id} of {at_text}: told before, this change is of {shown(changed_ms)}")
        return
    currency = shared["fields"]["currency"]
    total = Decimal(0)
    for transaction in _gave_back(refund):
        total += _shop_money(order, transaction, currency, refund_id)
    if total == 0:
        yield Note("ignored", f"refund {refund_id}: no money has gone back (no successful transaction)")
        return
    yield _taken_back(shared, ids.of_refund(shared["source"], refund_id), at_text, total)


def _gave_back(refund: Any) -> list[Any]:
    """Return the transactions of a refund by which money went back; goods may be taken back without any."""
    return [
        each_one
        for each_one in objects_at(refund, "transactions")
        if at(each_one, "kind") == "refund" and at(each_one, "status") == "success"
    ]


def _shop_money(order: Any, transaction: Any, currency: str, refund_id: str) -> Decimal:
    """Return what a transaction is in the shop's money; the buyer's is turned at the rate of the order.

    Shopify gives transactions of a buyer's currency in that (``in_shop_currency`` of the REST API is false by itself).
    """
    given = amount(at(transaction, "amount"), "amount of a transaction")
    paid_in = text_at(transaction, "currency")
    if paid_in is None or paid_in.upper() == currency:
        return given
    told = at(transaction, "amount_set", "shop_money")
    if (text_at(told, "currency_code") or "").upper() == currency:
        return amount(at(told, "amount"), "amount_set of a transaction")
    of_buyer, of_shop = (at(order, "total_price_set", whose) for whose in ("presentment_money", "shop_money"))
    if (text_at(of_buyer, "currency_code") or "").upper() == paid_in.upper():
        paid = amount(at(of_buyer, "amount"), "total_price_set.presentment_money")
        worth = amount(at(of_shop, "amount"), "total_price_set.shop_money")
        if paid > 0:
            step = Decimal(1).scaleb(-decimals_of(currency))
            return worth if given >= paid else (given * worth / paid).quantize(step, ROUND_HALF_UP)
    raise Unmapped(f"refund {refund_id}: a transaction in {paid_in}, the order is in {currency}")


def _cancelled(delivery: Delivery, order: Any, shared: dict[str, Any], has_refunds: bool) -> Iterator[Told]:
    """Yield what takes an order back that was counted unpaid: nothing is refunded where nothing was paid."""
    if has_refunds or not shared["is_unpaid"]:
        yield Note("ignored", f"order {shared['order_id']} is cancelled; its money comes back as refunds")
        return
    at_text = need_time(text_at(order, "cancelled_at"), "cancelled_at", delivery.rules)
    if _changed_ms(delivery, order) - instant_ms(at_text) >= FRESH_MS:
        yield Note("ignored", f"order {shared['order_id']}: its cancellation of {at_text} was told before")
        return
    event_id = ids.of_cancellation(shared["source"], shared["order_id"])
    money = _money(order)
    assert money.total is not None  # an order without a total is no order
    yield _taken_back(shared, event_id, at_text, money.total, money.subtotal)


def _taken_back(
    shared: dict[str, Any], event_id: str, occurred_at: str, total: Decimal, subtotal: Decimal | None = None
) -> Draft:
    return Draft(
        type="refund",
        event_id=event_id,
        platform=ids.SHOP,
        occurred_at=occurred_at,
        fields=shared["fields"],
        marks=shared["marks"],
        codes=shared["codes"],
        money=Money(total, subtotal if subtotal is not None else total),
        placed_at_ms=instant_ms(shared["created"]),
        is_unpaid=shared["is_unpaid"],
        channel=shared["channel"],
    )


def _changed_ms(delivery: Delivery, order: Any) -> int:
    """Return when the change happened of which the delivery tells."""
    for text in (delivery.headers.get("x-shopify-triggered-at"), text_at(order, "updated_at")):
        try:
            if text:
                return instant_ms(instant(text))
        except NoTime:
            continue
    return delivery.received_ms


def _codes(order: Any) -> list[str]:
    """Return the codes of an order; where a checkout names them only with what they took off, from there."""
    listed = [code for each_code in objects_at(order, "discount_codes") if (code := text_at(each_code, "code"))]
    applied = objects_at(order, "discount_applications") if not listed else []
    return listed or [
        code for each_one in applied if at(each_one, "type") == "discount_code" and (code := text_at(each_one, "code"))
    ]


def _attributes(order: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in objects_at(order, "note_attributes"):
        if name := text_at(attribute, "name"):
            found.setdefault(name.strip().lower(), at(attribute, "value"))
    return found


def _author(attributes: dict[str, Any]) -> dict[str, str]:
    """Return the buyer's account, where the shop asked for it: a cart attribute such as ``pulse_instagram``."""
    for name, value in attributes.items():
        platform = name.removeprefix("pulse_").removesuffix("_handle").removesuffix("_name")
        # Where a name is asked for, some give the address of their page.
        named = (id_of(value) or "").partition("?")[0].rstrip("/").rpartition("/")[2]
        if platform in _PEOPLE and (account := ids.of_account(named)):
            return {"author_id": account, "author_platform": platform}
    return {}
