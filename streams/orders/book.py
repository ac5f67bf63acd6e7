"""The orders of one partition, by what makes them one: where every delivery, edit and refund of an order meets.

An order lives in the partition of its order id, whoever it belongs to. What it comes to is told to the partitions of
its influencers as changes (``models.events.OrderBooked``).
"""

from collections.abc import Iterable
from typing import Final

from models.events import BookedChange
from models.times import HOUR_MS
from streams.orders.order import (
    OrderEvent,
    OrderKey,
    booked,
    booked_first,
    change,
    decode_order,
    encode_order,
)

ORDER_DAYS: Final = 60
MOST_EVENTS: Final = 500
"""Events of one order: more are refused, for each costs as much as there are."""
_DAY_MS: Final = 24 * HOUR_MS
_PIECE: Final = 2_000
"""Orders forgotten at a time: each is a record to delete."""
_ENTRY_BYTES: Final = 330
"""What an order takes besides its record: its key, a tuple of three strings of which two are shared, and tables."""


class TooManyEvents(ValueError):  # noqa: N818  # says what the order has
    """An order has as many events as one may have."""


class OrderBook:
    """Orders by key.

    Args:
        days: how long an order is kept after its newest event, in event time.
    """

    def __init__(self, days: int = ORDER_DAYS) -> None:
        self._keep_ms = days * _DAY_MS
        # Records and not objects: an order takes a fifth, and few are looked at again.
        self._orders: dict[OrderKey, bytes] = {}
        self._days: dict[int, set[OrderKey]] = {}
        self._dirty: set[OrderKey] = set()
        self._shared: dict[str, str] = {}
        self._record_bytes = 0

    def __len__(self) -> int:
        return len(self._orders)

    @property
    def bytes_used(self) -> int:
        """Memory of the orders in bytes, about."""
        return self._record_bytes + _ENTRY_BYTES * len(self._orders)

    def holds(self, campaign_id: str) -> bool:
        """Return whether there is an order of a campaign."""
        return any(key.campaign_id == campaign_id for key in self._orders)

    def put(self, key: OrderKey, event: OrderEvent) -> dict[str, list[BookedChange]]:
        """Take what an event says of an order; return what changes for whom. An event that is known changes nothing.

        Raises:
            TooManyEvents: the order has ``MOST_EVENTS``.
        """
        key = self._key_of(key, event)
        data = self._orders.get(key)
        if data is None:
            self._store(key, [event], None)
            self._dirty.add(key)
            return booked_first(event)
        events = decode_order(data).events
        if any(known.event_id == event.event_id for known in events):
            return {}
        if len(events) >= MOST_EVENTS:
            raise TooManyEvents(f"order {key.order_id!r} has {MOST_EVENTS} events already")
        before = booked(events)
        day = _day_of(events)
        events.append(event)
        self._store(key, events, day)
        self._dirty.add(key)
        return change(before, booked(events))

    def _key_of(self, key: OrderKey, event: OrderEvent) -> OrderKey:
        """Return the key an order is kept under: one that was kept before shops were told apart has none in it."""
        if not key.shop or key in self._orders:
            return key
        earlier = OrderKey(key.campaign_id, key.platform, key.order_id)
        data = self._orders.get(earlier)
        begins = key.shop + ":"
        if data is not None and all(known.event_id.startswith(begins) for known in decode_order(data).events):
            return earlier
        return key

    def _store(self, key: OrderKey, events: list[OrderEvent], old_day: int | None) -> None:
        record, day = encode_order(events), _day_of(events)
        if old_day is None:
            campaign_id, seller, order_id = key
            shared = self._shared
            key = OrderKey(shared.setdefault(campaign_id, campaign_id), shared.setdefault(seller, seller), order_id)
        self._record_bytes += len(record) - len(self._orders.get(key, b""))
        self._orders[key] = record
        if day != old_day and day is not None:
            if old_day is not None:
                self._days[old_day].discard(key)
            self._days.setdefault(day, set()).add(key)

    def take_dirty(self) -> list[tuple[OrderKey, bytes]]:
        """Return the changelog records of orders that changed since last asked, by key."""
        dirty, self._dirty = self._dirty, set()
        return [(key, self._orders[key]) for key in sorted(dirty) if key in self._orders]

    def restore(self, records: Iterable[tuple[OrderKey, bytes]], counted_to: int) -> None:
        """Take up the records after a restart; of events at or after the place ``counted_to`` nothing is known.

        They will be read again, in the same order, and what follows from them will be told again, under the same ids.
        """
        for key, data in records:
            events = [event for event in decode_order(data).events if event.place < counted_to]
            if events:
                self._store(key, events, None)

    def forget(self, time_ms: int) -> list[OrderKey]:
        """Forget orders whose newest event is older than the book keeps, a piece at a time; return their keys."""
        gone: list[OrderKey] = []
        last_day = (time_ms - self._keep_ms) // _DAY_MS
        for day in sorted(day for day in self._days if day < last_day):
            keys = self._days[day]
            while keys and len(gone) < _PIECE:
                key = keys.pop()
                self._record_bytes -= len(self._orders.pop(key))
                self._dirty.discard(key)
                gone.append(key)
            if keys:
                break
            del self._days[day]
        return gone


def _day_of(events: list[OrderEvent]) -> int | None:
    if len(events) == 1:  # as most orders
        return events[0].at_ms // _DAY_MS
    return max((event.at_ms for event in events), default=0) // _DAY_MS if events else None
