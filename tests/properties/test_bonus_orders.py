"""Bonus chances in columns: the same as counting each person's orders one after the other."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.giveaway import BonusEntries
from streams.giveaway.bonus_orders import BonusOrders
from streams.ledger.blocks import Order
from tests.unit.streams.giveaway.test_entries import OPENS_MS, giveaway

PEOPLE = (11, 12, 13)
NAMES = {"ana": 0, "bob": 1}
ORDERS = st.builds(
    Order,
    order=st.integers(1, 8),
    person=st.sampled_from(PEOPLE),
    influencer_id=st.sampled_from(sorted(NAMES)),
    code=st.sampled_from(["ANA10", "bob10", "other"]),
    at_ms=st.integers(OPENS_MS - 1, OPENS_MS + 4),
)
STEPS = st.lists(
    st.one_of(
        ORDERS,
        st.integers(1, 8).map(lambda key: ("refund", key)),
        st.tuples(st.sampled_from(PEOPLE), st.integers(OPENS_MS, OPENS_MS + 4)).map(lambda who: ("forget", *who)),
        st.just(("look",)),
    ),
    max_size=30,
)


def one_by_one(
    orders: dict[int, tuple[int, int, int]], bonus: BonusEntries, entrants: set[int]
) -> tuple[list[int], dict[int, int]]:
    """Chances by influencer and by person, of orders (time, person, influencer) by their keys."""
    by_influencer, by_person = [0, 0], dict.fromkeys(entrants, 0)
    for _, person, _, influencer in sorted((at_ms, who, key, name) for key, (at_ms, who, name) in orders.items()):
        if person in entrants:
            chances = min(bonus.chances, bonus.most - by_person[person])
            by_person[person] += chances
            by_influencer[influencer] += chances
    return by_influencer, {person: chances for person, chances in by_person.items() if chances}


def order(at_ms: int) -> Order:
    """A copy of one order."""
    return Order(order=1, person=11, influencer_id="ana", code="ana10", at_ms=at_ms)


FORGET = ("forget", 11, OPENS_MS)


@example([order(OPENS_MS), FORGET, order(OPENS_MS + 1), FORGET, order(OPENS_MS + 1)], 1, 5, {11})
@given(STEPS, st.integers(1, 3), st.integers(0, 5), st.sets(st.sampled_from(PEOPLE)))
def test_bonus_chances_are_those_of_counting_one_by_one(
    steps: list[Order | tuple[str, ...]], chances: int, more: int, entrants: set[int]
) -> None:
    """Copies, refunds before and after their orders, and people who are forgotten, whenever numbers are asked for."""
    bonus = BonusEntries(chances=chances, most=chances + more)
    found = BonusOrders(giveaway(bonus=bonus).book)
    held: dict[int, tuple[int, int, int]] = {}
    refunded: set[int] = set()

    def are_entrants(hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        return np.array([person in entrants for person in hashes.tolist()], dtype=np.bool_)

    for step in [*steps, ("look",)]:
        if isinstance(step, Order):
            found.put(step, NAMES.__getitem__)
            if step.code != "other" and step.at_ms >= OPENS_MS:
                known = (step.at_ms, step.person, NAMES[step.influencer_id])
                held[step.order] = min(held.get(step.order, known), known)
        elif step[0] == "refund":
            found.refund([step[1]])
            refunded.add(step[1])
        elif step[0] == "forget":
            found.forget(step[1], step[2])
            held = {key: order for key, order in held.items() if order[1] != step[1] or order[0] > step[2]}
        else:
            left = {key: order for key, order in held.items() if key not in refunded}
            by_influencer, by_person = one_by_one(left, bonus, entrants)
            assert found.by_influencer(len(NAMES), are_entrants).tolist() == by_influencer
            assert found.by_person(are_entrants) == by_person
