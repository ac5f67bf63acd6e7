"""Where purchases and refunds go in: each to the partition of its order id, and from there to its influencers'.

What an order changes for an influencer is an event of its own, ``OrderBooked``, with an id made of the cause's: read
again after a crash, the cause makes the same one, and whoever has counted it knows it. It is counted here at once where
the influencer is at home, and forwarded otherwise.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeGuard

import msgspec
import numpy as np
import xxhash

from models.events import BookedChange, Event, OrderBooked, Purchase, Refund
from streams.changelog.dedupe import DedupeHorizon
from streams.columns.hashing import PlatformSeeds, digest, hashes_of
from streams.events.attribution import codes_of
from streams.events.registry import Registry
from streams.orders.book import OrderBook, TooManyEvents
from streams.orders.order import BETWEEN, NOBODY, OrderEvent, OrderKey
from streams.pipeline.records import OrderRead
from streams.sources.ids import shop_of
from streams.statistics.influencers import has_utm, mark_of
from streams.statistics.money import micros_of

encode_booking: Final = msgspec.json.encode
"""Makes the value of a forwarded booking."""


def is_order(event: Event) -> TypeGuard[Purchase | Refund]:
    """Return whether an event is one of an order; tests are not."""
    return (type(event) is Purchase or type(event) is Refund) and not event.test


class OrderDesk:
    """Books the orders of one partition.

    Args:
        registry: the first definitions in force.
        seeds: hash seeds of platforms.
        horizon: the remembered ids of the partition's conversions.
        book: the orders.
        refuse: called with an event that cannot be booked, and why.
    """

    def __init__(
        self,
        registry: Registry,
        seeds: PlatformSeeds,
        horizon: DedupeHorizon,
        book: OrderBook,
        refuse: Callable[[OrderRead, str], None],
    ) -> None:
        self.registry = registry
        """The definitions in force."""
        self.book = book
        self._seeds = seeds
        self._horizon = horizon
        self._refuse = refuse
        self.base = 0
        """The first place of the log that is read: orders remember places."""
        self.events = 0
        """Events booked since last asked, by whoever asks."""
        self.duplicates = 0

    def read(self, event: Purchase | Refund, at_ms: int, offset: int) -> OrderRead:
        """Return what is at home here, with whom it names."""
        return OrderRead(event, at_ms, offset, self.registry.owners(event))

    def take(self, orders: Sequence[OrderRead], time_ms: int) -> list[tuple[OrderRead, list[OrderBooked]]]:
        """Book orders, in the order of their offsets; return what each changes for whom.

        Args:
            orders: what was read.
            time_ms: stream time.
        """
        if not orders:
            return []
        ids = hashes_of([digest(order.event.event_id.encode(), self._seeds[order.event.platform]) for order in orders])
        marks = np.array([mark_of(*_key_of(order.event)) for order in orders], dtype=np.uint64)
        newest_ms = max(time_ms, max(order.at_ms for order in orders))
        is_new = self._horizon.first_seen(ids ^ marks, newest_ms, ids).tolist()
        taken = []
        for order, new in zip(orders, is_new, strict=True):
            if new:
                try:
                    taken.append((order, self._book(order)))
                except TooManyEvents as error:
                    self._refuse(order, str(error))
                    continue
                self.events += 1
            else:
                self.duplicates += 1
        return taken

    def _book(self, order: OrderRead) -> list[OrderBooked]:
        event, owners = order.event, order.owners
        changes = self.book.put(_key_of(event), _said(order, self.base + order.offset))
        # Whom an event names has a row, whatever was or will be read besides: rows too are a function of the set.
        for owner in owners or NOBODY:
            changes.setdefault(owner, [])
        return [_booking(event, influencer_id, changed) for influencer_id, changed in sorted(changes.items())]


def _key_of(event: Purchase | Refund) -> OrderKey:
    platform, shop = event.platform.strip().casefold(), shop_of(event.event_id)
    return OrderKey(event.campaign_id, f"{platform}{BETWEEN}{shop}" if shop else platform, event.order_id)


def _said(order: OrderRead, place: int) -> OrderEvent:
    event = order.event
    is_refund = isinstance(event, Refund)
    has_code = not is_refund and bool(codes_of(event))
    return OrderEvent(
        place,
        order.at_ms,
        event.event_id,
        is_refund,
        event.currency,
        micros_of(event.amount),
        order.owners,
        has_code,
        has_code and not (event.click_id or has_utm(event)),
        (event.refund_id or "") if isinstance(event, Refund) else "",
    )


def _booking(cause: Purchase | Refund, influencer_id: str, changes: list[BookedChange]) -> OrderBooked:
    named = "\0".join((cause.platform, cause.event_id, influencer_id))
    return OrderBooked(
        event_id="booked-" + xxhash.xxh3_128_hexdigest(named.encode()),
        campaign_id=cause.campaign_id,
        platform=cause.platform,
        occurred_at=cause.occurred_at,
        influencer_id=influencer_id,
        order_id=cause.order_id,
        changes=tuple(changes),
    )
