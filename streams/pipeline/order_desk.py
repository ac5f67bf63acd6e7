"""Where purchases and refunds go in: each to the partition of its order id, and from there to its influencers'.

What an order changes for an influencer is an event of its own, ``OrderBooked``, with an id made of the cause's: read
again after a crash, the cause makes the same one, and whoever has counted it knows it. It is counted here at once where
the influencer is at home, and forwarded otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec
import xxhash

from models.events import BookedChange, OrderBooked, Purchase, Refund
from streams.changelog.dedupe import NO_OLDER, DedupeHorizon
from streams.changelog.id_segments import Naming
from streams.columns.arrays import U64
from streams.columns.hashing import PlatformSeeds, digest, hashes_of
from streams.events.attribution import codes_of
from streams.events.registry import Registry
from streams.orders.book import OrderBook, TooManyEvents
from streams.orders.order import BETWEEN, NOBODY, OrderEvent, OrderKey
from streams.pipeline.event_names import EventNames
from streams.pipeline.records import OrderRead
from streams.sources.ids import refund_of, shop_of
from streams.statistics.influencers import has_utm, marks_of
from streams.statistics.money import micros_of

encode_booking: Final = msgspec.json.encode
"""Makes the value of a forwarded booking."""


class OrderDesk:
    """Books the orders of one partition.

    Args:
        registry: the first definitions in force.
        names: names the events.
        horizon: the remembered ids of the partition's conversions.
        book: the orders.
    """

    def __init__(
        self,
        registry: Registry,
        names: EventNames,
        horizon: DedupeHorizon,
        book: OrderBook,
    ) -> None:
        self.registry = registry
        """The definitions in force."""
        self.book = book
        self._names = names
        self._seeds = PlatformSeeds()
        self._horizon = horizon
        self.base = 0
        """The first place of the log that is read: orders remember places."""
        self.events = 0
        """Events booked since last asked, by whoever asks."""
        self.duplicates = 0

    def read(self, event: Purchase | Refund, at_ms: int, offset: int) -> OrderRead:
        """Return what is at home here, with whom it names."""
        return OrderRead(event, at_ms, offset, self.registry.owners(event))

    def take(
        self, orders: Sequence[OrderRead], time_ms: int, refuse: Callable[[OrderRead, str], None]
    ) -> list[tuple[OrderRead, list[OrderBooked]]]:
        """Book orders, in the order of their offsets; return what each changes for whom.

        Args:
            orders: what was read.
            time_ms: stream time.
            refuse: called with an event that cannot be booked, and why.
        """
        if not orders:
            return []
        keys = [_key_of(order.event) for order in orders]
        ids = self._names.ids([order.event.event_id for order in orders])
        ids ^= self._names.of_platforms([order.event.platform for order in orders])
        ids ^= self._names.of_orders(keys)
        newest_ms = max(time_ms, max(order.at_ms for order in orders))
        is_new = self._horizon.first_seen(ids, newest_ms, self._older_names(orders, keys)).tolist()
        taken = []
        for order, key, new in zip(orders, keys, is_new, strict=True):
            if not new:
                self.duplicates += 1
                continue
            try:
                changes = self.book.put(key, _said(order, self.base + order.offset))
            except TooManyEvents as error:
                refuse(order, str(error))
                continue
            self.events += 1
            taken.append((order, _bookings(order, changes)))
        return taken

    def _older_names(self, orders: Sequence[OrderRead], keys: Sequence[OrderKey]) -> Mapping[Naming, U64]:
        """Return the names that older versions gave, where some are remembered by these."""
        if self._horizon.namings <= {Naming.KEYED}:
            return NO_OLDER
        plain = hashes_of(
            [digest(order.event.event_id.encode(), self._seeds[order.event.platform]) for order in orders]
        )
        # They did not tell shops apart.
        named = ["\0".join((key.campaign_id, key.platform, key.order_id)) for key in keys]
        return {Naming.PLAIN: plain, Naming.OWNED: plain ^ marks_of(named)}


def _key_of(event: Purchase | Refund) -> OrderKey:
    platform, shop = _folded(event.platform), shop_of(event.event_id)
    return OrderKey(event.campaign_id, f"{platform}{BETWEEN}{shop}" if shop else platform, event.order_id)


@lru_cache(1_000)
def _folded(platform: str) -> str:
    return platform.strip().casefold()


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
        _refund_id(event) if isinstance(event, Refund) else "",
    )


def _refund_id(event: Refund) -> str:
    """Return what makes a refund one; "" where nothing names it.

    Exports know only what an order was refunded so far: their id is order and amount, and all of an order's are one.
    """
    named = event.refund_id or refund_of(event.event_id)
    return f"{event.order_id}{BETWEEN}" if named == f"{event.order_id}:{event.amount}" else named


def _bookings(order: OrderRead, changes: dict[str, list[BookedChange]]) -> list[OrderBooked]:
    """Return what an order changes, by influencer, in their order."""
    owners = order.owners or NOBODY
    if len(owners) == 1 and len(changes) == 1 and owners[0] in changes:  # as most orders
        return [_booking(order.event, owners[0], changes[owners[0]])]
    # Whom an event names has a row, whatever was or will be read besides: rows too are a function of the set.
    for owner in owners:
        changes.setdefault(owner, [])
    return [_booking(order.event, influencer_id, changed) for influencer_id, changed in sorted(changes.items())]


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
