"""One order: what its events come to, whatever their order."""

from itertools import permutations
from typing import Any

import pytest

from streams.orders.order import Booked, OrderEvent, Place, booked, change, decode_order, encode_order

EURO = 1_000_000


def bought(at_ms: int, euros: int, *owners: str, **fields: Any) -> OrderEvent:
    """Return a version of an order."""
    fields = {"place": 0, "event_id": f"p{at_ms}", "currency": "EUR", **fields}
    return OrderEvent(at_ms=at_ms, micros=euros * EURO, owners=owners, is_refund=False, **fields)


def refunded(at_ms: int, euros: int, *owners: str, **fields: Any) -> OrderEvent:
    """Return a refund."""
    fields = {"place": 0, "event_id": f"r{at_ms}", "currency": "EUR", **fields}
    return OrderEvent(at_ms=at_ms, micros=euros * EURO, owners=owners, is_refund=True, **fields)


def shown(sums: Booked) -> dict[tuple[str, int], tuple[int, ...]]:
    """Return orders, euros, refunds and euros given back, by influencer and time."""
    return {
        (place.influencer_id, place.at_ms): (amounts[0], amounts[1] // EURO, amounts[2], amounts[3] // EURO)
        for place, amounts in sums.items()
        if any(amounts)
    }


CASES: dict[str, tuple[list[OrderEvent], dict[tuple[str, int], tuple[int, ...]]]] = {
    "an order": ([bought(5, 50, "ana")], {("ana", 5): (1, 50, 0, 0)}),
    "delivered under two ids": (
        [bought(5, 50, "ana", event_id="a"), bought(5, 50, "ana", event_id="b")],
        {("ana", 5): (1, 50, 0, 0)},
    ),
    "edited: the newest version, in the minute of the order": (
        [bought(5, 50, "ana"), bought(9, 70, "ana"), bought(7, 60, "ana")],
        {("ana", 5): (1, 70, 0, 0)},
    ),
    "edited without a mark: it stays whose it was": (
        [bought(5, 50, "ana"), bought(9, 70)],
        {("ana", 5): (1, 70, 0, 0)},
    ),
    "edited with another code: it moves": (
        [bought(5, 50, "ana"), bought(9, 50, "ben")],
        {("ben", 5): (1, 50, 0, 0)},
    ),
    "a refund without a code finds the order's influencer": (
        [bought(5, 80, "ana"), refunded(8, 80)],
        {("ana", 5): (1, 80, 0, 0), ("ana", 8): (0, 0, 1, 80)},
    ),
    "a refund never exceeds its order": (
        [bought(5, 80, "ana"), refunded(8, 100)],
        {("ana", 5): (1, 80, 0, 0), ("ana", 8): (0, 0, 1, 80)},
    ),
    "refunded and cancelled": (
        [bought(5, 80, "ana"), refunded(8, 80), refunded(9, 80)],
        {("ana", 5): (1, 80, 0, 0), ("ana", 8): (0, 0, 1, 80)},
    ),
    "refunds in parts, the last one cut": (
        [bought(5, 80, "ana"), refunded(7, 30), refunded(8, 30), refunded(9, 30)],
        {
            ("ana", 5): (1, 80, 0, 0),
            ("ana", 7): (0, 0, 1, 30),
            ("ana", 8): (0, 0, 1, 30),
            ("ana", 9): (0, 0, 1, 20),
        },
    ),
    "one refund under two event ids": (
        [bought(5, 80, "ana"), refunded(8, 30, event_id="x"), refunded(8, 30, event_id="y")],
        {("ana", 5): (1, 80, 0, 0), ("ana", 8): (0, 0, 1, 30)},
    ),
    "one refund by its own id": (
        [bought(5, 80, "ana"), refunded(8, 30, refund_id="1"), refunded(9, 40, refund_id="1")],
        {("ana", 5): (1, 80, 0, 0), ("ana", 9): (0, 0, 1, 40)},
    ),
    "equal refunds of two ids are two": (
        [
            bought(5, 80, "ana"),
            refunded(8, 30, event_id="x", refund_id="1"),
            refunded(8, 30, event_id="y", refund_id="2"),
        ],
        {("ana", 5): (1, 80, 0, 0), ("ana", 8): (0, 0, 2, 60)},
    ),
    "a refund whose order is not known": ([refunded(8, 30)], {("", 8): (0, 0, 1, 30)}),
    "a refund that names somebody, its order not known": ([refunded(8, 30, "ben")], {("ben", 8): (0, 0, 1, 30)}),
    "a refund belongs to the order's influencer, whatever it says": (
        [bought(5, 80, "ana"), refunded(8, 30, "ben")],
        {("ana", 5): (1, 80, 0, 0), ("ana", 8): (0, 0, 1, 30)},
    ),
    "an order of nobody": ([bought(5, 80)], {("", 5): (1, 80, 0, 0)}),
    "a free order": ([bought(5, 0, "ana")], {("ana", 5): (1, 0, 0, 0)}),
}


@pytest.mark.parametrize("case", CASES)
def test_an_order_comes_to_the_same_in_any_order_of_its_events(case: str) -> None:
    """What is booked is right by hand, and a function of the set."""
    events, right = CASES[case]
    for some in permutations(events):
        assert shown(booked(some)) == right


def test_money_is_shared_to_the_last_millionth_and_an_order_counts_once() -> None:
    """Three owners of one euro: 333,334, 333,333 and 333,333 millionths; the order is the first one's."""
    sums = booked([bought(5, 1, "ana", "ben", "eva"), refunded(8, 1)])
    assert [sums[Place(who, 5, "EUR")][:2] for who in ("ana", "ben", "eva")] == [
        (1, 333_334),
        (0, 333_333),
        (0, 333_333),
    ]
    assert [sums[Place(who, 8, "EUR")][2:4] for who in ("ana", "ben", "eva")] == [
        (1, 333_334),
        (0, 333_333),
        (0, 333_333),
    ]


def test_a_refund_in_another_currency_is_counted_whole_and_apart() -> None:
    """Nothing is converted, so nothing can be compared."""
    sums = booked([bought(5, 10, "ana"), refunded(8, 99, currency="USD")])
    assert sums[Place("ana", 8, "USD")][:4] == (0, 0, 1, 99 * EURO)


def test_the_newest_version_decides_whether_a_code_was_used() -> None:
    """One use of a code an order."""
    events = [bought(5, 10, "ana", has_code=True, is_unclicked=True), bought(6, 10, "ana", has_code=True)]
    assert booked(events)[Place("ana", 5, "EUR")][4:] == (1, 0)


def test_changes_lead_from_one_booking_to_the_next() -> None:
    """What moves is taken away where it was, at its own time; what stays is not told."""
    before = booked([bought(5, 50, "ana")])
    after = booked([bought(5, 50, "ana"), bought(9, 70, "ben")])
    changes = change(before, after)
    assert {
        who: [(each.at_ms, each.orders, each.revenue_micros) for each in moved] for who, moved in changes.items()
    } == {
        "ana": [(5, -1, -50 * EURO)],
        "ben": [(5, 1, 70 * EURO)],
    }
    assert change(after, after) == {}


def test_an_order_survives_the_changelog() -> None:
    """Every field of every event."""
    events = [bought(5, 50, "ana", "ben", has_code=True), refunded(8, 1, refund_id="x")]
    assert decode_order(encode_order(events)).events == events
