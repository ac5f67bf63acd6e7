"""Orders through partitions: to their own, from there to their influencers, once."""

from typing import Any

import msgspec

from models.events import OrderBooked
from models.topics import CONVERSIONS
from streams.events.decode import decode_event
from streams.events.partitioning import partition_of
from streams.events.registry import Registry
from streams.orders.book import MOST_EVENTS
from streams.pipeline.pipeline import Pipeline
from tests.unit.events import (
    NOON_MS,
    NOW_MS,
    WordScorer,
    campaign,
    influencer,
    partition_state,
    records,
    rollup_in,
    value_of,
)

PARTITIONS = 8
REGISTRY = Registry([campaign(influencer("ana", discount_codes=["ANA"]), influencer("ben", discount_codes=["BEN"]))])


def money(pipeline: Pipeline, who: str) -> dict[str, Any]:
    """Return an influencer's money in total, wherever its partition is."""
    home = pipeline.partitions[partition_of(who or "c", PARTITIONS)]
    total = rollup_in(home.influencers, REGISTRY, who).windows["total"]
    shown: dict[str, Any] = msgspec.to_builtins(total.revenue)
    return shown


def sent(values: list[bytes], registry: Registry = REGISTRY) -> Pipeline:
    """Send values to one partition, one by one, and whatever is forwarded to where it is sent."""
    pipeline = Pipeline(WordScorer(), PARTITIONS, registry)
    for partition in range(PARTITIONS):
        pipeline.assign(partition)
    waiting = [(0, value) for value in values]
    while waiting:
        for partition, value in waiting:
            offset = pipeline.position(CONVERSIONS, partition)
            pipeline.apply(CONVERSIONS, partition, records([value], offset), NOW_MS)
        waiting = [
            (each.partition, each.value)
            for state in pipeline.partitions.values()
            for each in state.intake.take_forwards()
        ]
    return pipeline


def euros(orders: int, revenue: str, refunds: int = 0, refunded: str = "0") -> dict[str, Any]:
    """Return what is shown of euros; one order has its value as the average."""
    average = {"average_order_value": revenue} if orders == 1 else {}
    return {"EUR": {"orders": orders, "revenue": revenue, "refunds": refunds, "refunded": refunded, **average}}


def test_a_refund_by_order_id_reaches_the_influencer_of_another_partition() -> None:
    """The shop's refund knows no code; whoever is paid by revenue must see it."""
    order = value_of("purchase", "e1", influencer_id=None, discount_code="ana", order_id="1", amount="80")
    refund = value_of("refund", "e2", influencer_id=None, order_id="1", amount="80")
    for values in ([order, refund], [refund, order], [refund, order, refund, order]):
        pipeline = sent(values)
        assert money(pipeline, "ana") == euros(1, "80", 1, "80")
        assert money(pipeline, "") == {}
        assert sum(state.events_total for state in pipeline.partitions.values()) == 2


def test_one_order_under_two_event_ids_and_spellings_of_the_shop_is_one() -> None:
    """A hook and a poll, each with ids of its own."""
    first = value_of("purchase", "e1", order_id="1", amount="50", platform="shop")
    second = value_of("purchase", "e2", order_id="1", amount="50", platform="Shop")
    assert money(sent([first, second]), "ana") == euros(1, "50")


def test_one_number_of_two_shops_is_two_orders() -> None:
    """Both number from 1; a refund gives back in its own shop, whatever came first."""
    sold = {"order_id": "1", "platform": "shop", "discount_code": "ana", "influencer_id": None}
    values = [
        value_of("purchase", "woo-at:order:1", amount="50", **sold),
        value_of("purchase", "woo-de:order:1", amount="30", **sold),
        value_of("refund", "woo-de:refund:9", amount="40", **{**sold, "discount_code": None}),
    ]
    for said in (values, values[::-1], [*values, *values]):
        assert money(sent(said), "ana") == {"EUR": {**euros(2, "80", 1, "30")["EUR"], "average_order_value": "40"}}


def test_equal_refunds_of_one_moment_are_two_by_the_shops_ids() -> None:
    """WooCommerce tells all refunds of an order at the time of its last change; two of the same sum are two."""
    sold = {"order_id": "1", "platform": "shop", "influencer_id": None}
    values = [
        value_of("purchase", "woo-at:order:1", amount="50", **{**sold, "discount_code": "ana"}),
        value_of("refund", "woo-at:refund:728", amount="20", **{**sold, "discount_code": None}),
        value_of("refund", "woo-at:refund:729", amount="20", **{**sold, "discount_code": None}),
    ]
    for said in (values, values[::-1], [*values, *values]):
        assert money(sent(said), "ana") == euros(1, "50", 2, "40")
    # Said again by another way, with the shop's own id beside its event id.
    again = value_of("refund", "woo-at:refund:by-hand", refund_id="729", amount="20", **{**sold, "discount_code": None})
    assert money(sent([*values, again]), "ana") == euros(1, "50", 2, "40")


def test_what_exports_say_was_refunded_so_far_replaces_what_they_said_before() -> None:
    """An order of 100 was refunded 9 by one export and 30 by the next, both booked at the order: 30 went back."""
    sold = {"order_id": "1", "platform": "shop", "influencer_id": None}
    values = [
        value_of("purchase", "shopify-main:order:1", amount="100.00", **{**sold, "discount_code": "ana"}),
        value_of("refund", "shopify-main:refund:1:9.00", amount="9.00", **{**sold, "discount_code": None}),
        value_of("refund", "shopify-main:refund:1:30.00", amount="30.00", **{**sold, "discount_code": None}),
    ]
    for said in (values, values[::-1], [*values, *values]):
        assert money(sent(said), "ana") == euros(1, "100", 1, "30")
    # A row of its own for what went back is one refund among several: its id has more than order and amount.
    rows = [
        value_of("refund", f"shopify-main:refund:1:{amount}:2026", amount=amount, **{**sold, "discount_code": None})
        for amount in ("9.00", "30.00")
    ]
    assert money(sent([values[0], *rows]), "ana") == euros(1, "100", 2, "39")


def test_a_code_of_the_shop_does_not_hide_an_influencers() -> None:
    """Joined in one text, or listed."""
    joined = value_of("purchase", "e1", influencer_id=None, order_id="1", discount_code="FREESHIP, ANA")
    listed = value_of("purchase", "e2", influencer_id=None, order_id="2", discount_codes=["WELCOME5", "ana"])
    assert money(sent([joined, listed]), "ana")["EUR"]["orders"] == 2


def test_codes_of_two_influencers_follow_the_campaigns_rule() -> None:
    """The first code's, the last code's, or half each; the order counts once."""
    value = value_of("purchase", influencer_id=None, order_id="1", discount_code="BEN;ANA", amount="10")
    people = (influencer("ana", discount_codes=["ANA"]), influencer("ben", discount_codes=["BEN"]))
    halves = {"ben": euros(1, "5"), "ana": euros(0, "5")}
    for rule, right in (("first", {"ben": euros(1, "10")}), ("last", {"ana": euros(1, "10")}), ("split", halves)):
        pipeline = sent([value], Registry([campaign(*people, several_codes=rule)]))
        assert {who: money(pipeline, who) for who in right} == right


def test_what_an_order_changes_is_sent_again_under_the_same_id() -> None:
    """After a crash the same event is read again; whoever has counted the booking knows it."""
    value = value_of("purchase", influencer_id="ana", order_id="1")
    home = partition_of("1", PARTITIONS)
    told = []
    for _ in range(2):
        state = partition_state(home, PARTITIONS, REGISTRY)
        state.apply(CONVERSIONS, records([value]), NOW_MS)
        [forward] = state.intake.take_forwards()
        told.append(forward.value)
    booking = decode_event(told[0])
    assert isinstance(booking, OrderBooked)
    assert (booking.influencer_id, booking.order_id, booking.changes[0].at_ms) == ("ana", "1", NOON_MS)
    assert told[0] == told[1]


def test_an_endless_order_is_refused_with_its_reason() -> None:
    """The event is in the dead letters, the others go on."""
    values = [value_of("purchase", f"e{number}", order_id="1") for number in range(MOST_EVENTS + 2)]
    state = partition_state()
    state.apply(CONVERSIONS, records([*values, value_of("click", "k")]), NOW_MS)
    letters = state.intake.take_dead_letters()
    assert [(letter.reason, letter.offset) for letter in letters] == [
        ("too_many_order_events", MOST_EVENTS),
        ("too_many_order_events", MOST_EVENTS + 1),
    ]
    assert letters[0].value == values[MOST_EVENTS]
    assert state.events_total == MOST_EVENTS + 1


def test_tests_are_no_orders() -> None:
    """They count one by one, where the influencer is."""
    value = value_of("purchase", order_id="1", test=True)
    pipeline = sent([value, value_of("refund", "e2", order_id="1", test=True)])
    home = pipeline.partitions[partition_of("ana", PARTITIONS)]
    total = rollup_in(home.influencers, REGISTRY).windows["total"]
    assert (total.test_orders, total.purchases, total.revenue) == (2, 0, {})
