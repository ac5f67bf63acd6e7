"""Orders, refunds and cancellations of Shopify, WooCommerce and Stripe, beyond the plain ones."""

from typing import Any

import msgspec
import pytest

from streams.connectors.placing import Placer
from tests.unit.streams.connectors.deliveries import PLACER, delivery, events_of, mapped, notes_of

ORDER: dict[str, Any] = {
    "id": 11,
    "created_at": "2026-04-18T18:00:00+02:00",
    "updated_at": "2026-04-18T18:30:00+02:00",
    "currency": "EUR",
    "total_price": "50.00",
    "subtotal_price": "40.00",
    "financial_status": "paid",
    "discount_codes": [{"code": "SHOPSOWN"}, {"code": "anaspring"}],
}
MONEY_BACK = {"kind": "refund", "status": "success", "amount": "12.50", "currency": "EUR"}
REFUND = {"id": 21, "created_at": "2026-04-18T18:30:00+02:00", "transactions": [MONEY_BACK, MONEY_BACK]}
PAID = {
    "id": 727,
    "status": "completed",
    "currency": "EUR",
    "date_created_gmt": "2026-04-18T16:10:00",
    "date_modified_gmt": "2026-04-18T17:10:00",
    "date_paid_gmt": "2026-04-18T16:10:03",
    "total": "39.90",
    "total_tax": "6.65",
    "shipping_total": "5.00",
    "coupon_lines": [{"code": "anaspring"}],
}


def shopify(topic: str, **changes: Any) -> Any:
    """A delivery of the order, changed, under a topic."""
    return delivery("shopify-main", {**ORDER, **changes}, x_shopify_topic=topic)


def with_definition(**changes: Any) -> Placer:
    """The definitions of the tests, the campaign changed."""
    definition = PLACER.definition("spring")
    assert definition is not None
    return Placer([msgspec.convert({**msgspec.to_builtins(definition), **changes}, type(definition))])


def test_of_several_codes_the_one_that_the_campaign_knows_counts() -> None:
    """A shop's own code beside it belongs to nobody."""
    (event,) = events_of(shopify("orders/create"))
    assert (event["discount_code"], event["influencer_id"], event["amount"]) == ("anaspring", "ana", "50.00")


def test_the_revenue_basis_of_a_campaign_chooses_the_sum() -> None:
    """Without tax and shipping where the campaign counts so."""
    (event,) = events_of(shopify("orders/paid"), with_definition(revenue_basis="subtotal"))
    assert event["amount"] == "40.00"


def test_created_and_paid_are_one_order() -> None:
    """Two subscriptions deliver the same order twice; its own id makes it one."""
    (created,), (paid,) = events_of(shopify("orders/create")), events_of(shopify("orders/paid"))
    assert created == paid


def test_a_refund_is_the_money_that_went_back() -> None:
    """The sum of its successful transactions; it belongs to whom the order belongs, and is placed by its time."""
    (event,) = events_of(shopify("orders/updated", refunds=[REFUND]))
    assert (event["type"], event["event_id"], event["amount"]) == ("refund", "shopify-main:refund:21", "25.00")
    assert (event["influencer_id"], event["occurred_at"]) == ("ana", "2026-04-18T18:30:00+02:00")


def test_a_refund_without_money_is_none_yet() -> None:
    """A return may be refunded later."""
    one = shopify("orders/updated", refunds=[{**REFUND, "transactions": []}])
    assert events_of(one) == []
    assert "no money" in notes_of(one, "ignored")[0]


def test_a_refund_that_was_told_days_ago_is_not_told_again() -> None:
    """Every later change of an order repeats its refunds, and ids are remembered for three days only."""
    one = shopify("orders/updated", refunds=[REFUND], updated_at="2026-04-20T18:30:00+02:00")
    assert events_of(one) == []
    assert "told before" in notes_of(one, "ignored")[0]
    assert len(events_of(shopify("orders/updated", refunds=[REFUND], updated_at="2026-04-20T18:29:59+02:00"))) == 1


def test_a_cancelled_order_that_was_never_paid_is_taken_back() -> None:
    """It counted when it was placed, and nothing is refunded where nothing was paid."""
    unpaid = {"financial_status": "voided", "cancelled_at": "2026-04-18T18:20:00+02:00"}
    (event,) = events_of(shopify("orders/cancelled", **unpaid))
    assert (event["type"], event["event_id"], event["amount"]) == ("refund", "shopify-main:cancelled:11", "50.00")


def test_a_cancelled_order_that_was_paid_comes_back_by_its_refunds_alone() -> None:
    """Its cancellation on top would take it back twice."""
    cancelled = {"financial_status": "refunded", "cancelled_at": "2026-04-18T18:20:00+02:00", "refunds": [REFUND]}
    (event,) = events_of(shopify("orders/cancelled", **cancelled))
    assert event["event_id"] == "shopify-main:refund:21"


@pytest.mark.parametrize(
    ("rules", "changes"),
    [
        ({"unpaid": "skip"}, {"financial_status": "pending"}),
        ({"skip_channels": ["pos"]}, {"source_name": "pos"}),
        ({"gives": ["refund"]}, {}),
    ],
)
def test_what_a_campaign_does_not_want_of_a_shop_is_left_out(rules: dict[str, Any], changes: dict[str, Any]) -> None:
    """Unpaid orders, sales channels and types of events: each as the definition says, and said."""
    placer = with_definition(sources={"shopify-main": rules})
    done = mapped(shopify("orders/create", **changes), placer)
    assert done.events == []
    assert "sources.shopify-main" in done.of_kind("ignored")[0]


def test_a_test_order_is_marked() -> None:
    """Shops place them to try things; workers do not count them as money."""
    (event,) = events_of(shopify("orders/create", test=True))
    assert event["test"] is True


def test_a_buyer_who_gave_the_instagram_name_is_known_by_it() -> None:
    """What ties an order to an entrant of a giveaway."""
    (event,) = events_of(shopify("orders/create", note_attributes=[{"name": "Instagram", "value": "@Mia.K"}]))
    assert (event["author_id"], event["author_platform"]) == ("mia.k", "instagram")


def test_a_poll_of_orders_gives_purchases_and_refunds_with_the_ids_of_the_webhooks() -> None:
    """What fills a gap must not count twice."""
    polled = events_of(delivery("shopify-main", {"orders": [{**ORDER, "refunds": [REFUND]}]}))
    assert [event["event_id"] for event in polled] == ["shopify-main:order:11", "shopify-main:refund:21"]


def test_refunds_create_is_not_counted_and_says_why() -> None:
    """Its body belongs to nobody."""
    one = delivery("shopify-main", REFUND, x_shopify_topic="refunds/create")
    assert events_of(one) == []
    assert "orders/updated" in notes_of(one, "ignored")[0]


def woo(topic: str = "order.updated", **changes: Any) -> Any:
    """A delivery of WooCommerce's order, changed."""
    return delivery("woo-at", {**PAID, **changes}, x_wc_webhook_topic=topic)


def test_an_order_of_woocommerce_counts_once_it_is_paid() -> None:
    """Whatever its status is called: many are paid without one of our knowledge."""
    assert events_of(woo("order.created", date_paid_gmt=None, status="pending")) == []
    (event,) = events_of(woo())
    assert (event["event_id"], event["occurred_at"]) == ("woo-at:order:727", "2026-04-18T16:10:03Z")
    (subtotal,) = events_of(woo(), with_definition(revenue_basis="subtotal"))
    assert subtotal["amount"] == "28.25"


def test_a_refund_of_woocommerce_has_the_time_of_the_change() -> None:
    """It has none of its own, and its sum is negative."""
    order, refund = events_of(woo(refunds=[{"id": 730, "reason": "damaged", "total": "-20.00"}]))
    assert order["type"] == "purchase"
    assert (refund["event_id"], refund["amount"]) == ("woo-at:refund:730", "20.00")
    assert (refund["occurred_at"], refund["influencer_id"]) == ("2026-04-18T17:10:00Z", "ana")


def stripe(kind: str, about: dict[str, Any], **changes: Any) -> Any:
    """An event of Stripe about an object."""
    event = {"id": "evt_1", "type": kind, "created": 1_776_528_655, "livemode": True, "data": {"object": about}}
    return delivery("stripe-main", {**event, **changes})


SESSION = {
    "id": "cs_1",
    "payment_status": "paid",
    "payment_intent": "pi_1",
    "currency": "jpy",
    "amount_total": 3490,
    "metadata": {"discount_code": "ANASPRING"},
}


@pytest.mark.parametrize(("currency", "amount"), [("jpy", "3490"), ("eur", "34.90"), ("kwd", "3.490")])
def test_smallest_units_are_those_of_the_currency(currency: str, amount: str) -> None:
    """3490 is 3490 yen, 34.90 euros, 3.490 dinars."""
    (event,) = events_of(stripe("checkout.session.completed", {**SESSION, "currency": currency}))
    assert (event["amount"], event["currency"]) == (amount, currency.upper())


def test_a_checkout_counts_when_it_is_paid() -> None:
    """Bank debits are paid days later, and told of by another event with the same payment."""
    assert events_of(stripe("checkout.session.completed", {**SESSION, "payment_status": "unpaid"})) == []
    (event,) = events_of(stripe("checkout.session.async_payment_succeeded", SESSION))
    assert event["event_id"] == "stripe-main:order:pi_1"


def test_a_refund_of_stripe_counts_when_it_succeeded() -> None:
    """By its own id, whichever event tells of it; the sum of all refunds so far would count earlier ones again."""
    about = {"id": "re_1", "status": "pending", "amount": 1000, "currency": "eur", "payment_intent": "pi_1"}
    about |= {"created": 1_776_530_000, "metadata": {"discount_code": "ANASPRING"}}
    assert events_of(stripe("refund.created", about)) == []
    (event,) = events_of(stripe("refund.updated", {**about, "status": "succeeded"}))
    assert (event["event_id"], event["order_id"], event["amount"]) == ("stripe-main:refund:re_1", "pi_1", "10.00")


def test_events_of_test_mode_are_marked() -> None:
    """``livemode`` false."""
    (event,) = events_of(stripe("checkout.session.completed", SESSION, livemode=False))
    assert event["test"] is True


def test_a_promotion_code_that_is_only_an_id_is_said() -> None:
    """Stripe sends promo_..., which is no code that anybody wrote."""
    session = {**SESSION, "metadata": {}, "discounts": [{"promotion_code": "promo_1"}], "client_reference_id": "ana-1"}
    one = stripe("checkout.session.completed", session)
    assert [event["click_id"] for event in events_of(one)] == ["ana-1"]
    assert "promo_1" in notes_of(one, "incomplete")[0]
