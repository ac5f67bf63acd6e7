"""Conversions at the door: visits go to whom they are attributed to, orders to the desk of their order id.

A purchase or refund is sent on to the partition of its order id, is booked there (``order_desk``), and what it changes
is sent on to its influencers. What is at home here is counted at once.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final

from models.events import ConversionTopicEvent, Event, OrderBooked, Purchase, Refund
from models.topics import CONVERSIONS
from streams.events.decode import Refused
from streams.events.partitioning import partitions_of
from streams.events.registry import Registry
from streams.pipeline.admission import Admission
from streams.pipeline.forwarding import Forwarding, with_influencer
from streams.pipeline.order_desk import OrderDesk, encode_booking
from streams.pipeline.records import FileRecord, OrderRead, Read, Record
from streams.statistics.influencers import InfluencerStore

AT_A_TIME: Final = 1024
"""Conversions read together: they are kept until the batch is counted, so nothing is gained by fewer, and orders are
booked together, 270 of these in the load of the benchmarks."""
Reject = Callable[[str, Record, BaseException], None]
_by_offset: Final = itemgetter(0)


class ConversionReader:
    """Places the conversions of one partition number.

    Args:
        registry: the first definitions in force.
        influencers: has the rows.
        admission: says what may be new here.
        desk: books the orders at home here.
        forwarding: takes what is not.
        reject: called with topic, record and reason of what cannot be counted.
        leave_out: called for each event of a campaign that was purged.
    """

    def __init__(
        self,
        registry: Registry,
        influencers: InfluencerStore,
        admission: Admission,
        desk: OrderDesk,
        forwarding: Forwarding,
        reject: Reject,
        leave_out: Callable[[], None],
    ) -> None:
        self.registry = registry
        """The definitions in force."""
        self._influencers = influencers
        self._admission = admission
        self._desk = desk
        self._forwarding = forwarding
        self._reject = reject
        self._leave_out = leave_out

    def read(self, records: Sequence[Record], events: Sequence[Event], times_ms: Sequence[int]) -> Read:
        """Book the orders among conversions and place the others; what orders change takes their place."""
        row_of = self._influencers.rows.get
        placed: list[tuple[int, int, Event, int]] = []
        ordered: list[tuple[Record, Purchase | Refund, int]] = []
        for record, event, time_ms in zip(records, events, times_ms, strict=True):
            kind = type(event)
            if (kind is Purchase or kind is Refund) and not event.test:  # type: ignore[union-attr]  # one of the two
                ordered.append((record, event, time_ms))  # type: ignore[arg-type]  # see the line above
                continue
            row = row_of((event.campaign_id, event.influencer_id))
            if row is None:
                row = self._place(record, event)  # type: ignore[arg-type]  # a conversion
                if row is None:
                    continue
            if kind is OrderBooked and not self._is_admitted(record, event, row):  # type: ignore[arg-type]  # it is one
                continue
            placed.append((record.offset, time_ms, event, row))
        orders = self._book(ordered, placed) if ordered else []
        if not placed:
            return Read([], [], [], [], None, tuple(orders))
        offsets, times, kept, rows = (list(column) for column in zip(*placed, strict=True))
        return Read(kept, offsets, times, rows, None, tuple(orders))

    def _book(
        self, ordered: list[tuple[Record, Purchase | Refund, int]], placed: list[tuple[int, int, Event, int]]
    ) -> list[OrderRead]:
        """Book orders at home and send the others on; put what is booked for influencers at home among the placed."""
        forwarding, purged = self._forwarding, self.registry.purged
        orders: list[OrderRead] = []
        sources: dict[int, Record] = {}
        homes = partitions_of([event.order_id for _, event, _ in ordered], forwarding.partitions)
        for (record, event, time_ms), home in zip(ordered, homes, strict=True):
            if event.campaign_id in purged:
                self._leave_out()
            elif home == forwarding.partition:
                orders.append(self._desk.read(event, time_ms, record.offset))
                sources[record.offset] = record
            else:
                forwarding.add(CONVERSIONS, home, event.order_id.encode(), record.value or b"", record.offset)
        before = len(placed)

        def refuse(order: OrderRead, detail: str) -> None:
            self._reject(CONVERSIONS, sources[order.offset], Refused("too_many_order_events", detail))

        for order, bookings in self._desk.take(orders, self._influencers.time_ms, refuse):
            for booking in bookings:
                row = self._place_booking(order, booking)
                if row is not None:
                    placed.append((order.offset, order.at_ms, booking, row))
        if len(placed) > before:
            placed.sort(key=_by_offset)
        return orders

    def _place(self, record: Record, event: ConversionTopicEvent) -> int | None:
        """Find or make the row of a conversion that has none; None when it is sent on, refused or left out."""
        campaign_id, influencer_id = event.campaign_id, event.influencer_id
        if campaign_id in self.registry.purged:
            self._leave_out()
            return None
        named = influencer_id is not None
        if influencer_id is None:
            influencer_id = self.registry.attribute(event)  # type: ignore[arg-type]  # bookings name theirs
        forwarding = self._forwarding
        home = forwarding.home_of(campaign_id, influencer_id)
        if home.partition == forwarding.partition:
            try:
                return self._admission.row_of(campaign_id, influencer_id)
            except Refused as error:
                self._reject(CONVERSIONS, record, error)
                return None
        value = record.value or b""
        if influencer_id and not named:
            value = with_influencer(value, influencer_id)
        forwarding.add(CONVERSIONS, home.partition, home.key, value, record.offset)
        return None

    def _place_booking(self, order: OrderRead, booking: OrderBooked) -> int | None:
        """Find or make the row of a booking, or send it on and return None."""
        forwarding = self._forwarding
        home = forwarding.home_of(booking.campaign_id, booking.influencer_id)
        if home.partition != forwarding.partition:
            forwarding.add(CONVERSIONS, home.partition, home.key, encode_booking(booking), order.offset)
            return None
        try:
            row = self._admission.row_of(booking.campaign_id, booking.influencer_id)
            self._admission.check_booking(booking, row)
        except Refused as error:
            # Sent again, it is an event of its own: the order has done with it.
            self._reject(CONVERSIONS, FileRecord(order.offset, home.key, encode_booking(booking)), error)
            return None
        return row

    def _is_admitted(self, record: Record, booking: OrderBooked, row: int) -> bool:
        """Return whether a booking may count; one in a currency beyond the ceiling is refused."""
        try:
            self._admission.check_booking(booking, row)
        except Refused as error:
            self._reject(CONVERSIONS, record, error)
            return False
        return True
