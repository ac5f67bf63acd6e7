"""Orders that give bonus chances: purchases with a discount code of the campaign by its entrants."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from streams.entry_block import Order
from streams.giveaway_rules import RuleBook
from streams.idmap import I64, U64


class BonusOrders:
    """The orders of one giveaway.

    Args:
        book: the rules.
    """

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._orders: dict[int, tuple[int, int, int]] = {}
        self._refunded: set[int] = set()

    def put(self, order: Order, number_of: Callable[[str], int]) -> None:
        """Take an order, if it may count; ``number_of`` gives an influencer's number."""
        book = self._book
        if book.rules.bonus is None or order.code.casefold() not in book.codes or book.of_time(order.at_ms):
            return
        known = (order.at_ms, order.person, number_of(order.influencer_id))
        # Copies of one order are identical in practice; were they not, the smaller one holds.
        self._orders[order.order] = min(self._orders.get(order.order, known), known)

    def refund(self, orders: list[int]) -> None:
        """Take note of refunds."""
        self._refunded.update(orders)

    def forget(self, person: int, until_ms: int) -> None:
        """Drop what a person ordered up to a moment."""
        self._orders = {key: order for key, order in self._orders.items() if order[1] != person or order[0] > until_ms}

    def by_influencer(self, members: int, is_entrant: Callable[[U64], NDArray[np.bool_]]) -> I64:
        """Return the bonus chances by influencer."""
        found = np.zeros(members, dtype=np.int64)
        for _, influencer, chances in self.given(is_entrant):
            found[influencer] += chances
        return found

    def given(self, is_entrant: Callable[[U64], NDArray[np.bool_]]) -> list[tuple[int, int, int]]:
        """Return (person, influencer, chances) of each entrant's orders from the first on, up to the most a person."""
        bonus = self._book.rules.bonus
        orders = sorted(
            (person, at_ms, key, influencer)
            for key, (at_ms, person, influencer) in self._orders.items()
            if key not in self._refunded
        )
        if bonus is None or not orders:
            return []
        entrants = is_entrant(np.array([order[0] for order in orders], dtype=np.uint64)).tolist()
        given: dict[int, int] = {}
        found = []
        for (person, _, _, influencer), enters in zip(orders, entrants, strict=True):
            if enters:
                before = given.get(person, 0)
                given[person] = min(bonus.most, before + bonus.chances)
                found.append((person, influencer, given[person] - before))
        return found
