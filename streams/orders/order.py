"""One order: everything that was said of it, and what follows for the influencers it belongs to.

An order is what ``purchase`` and ``refund`` events of one campaign, platform and order id say together: sent twice
under other event ids, edited, refunded in parts, in any order. What is booked (``booked``) is a function of the *set*
of these events; ``docs/statistics.md`` has the rules ("Orders").
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from models.events import BookedChange
from streams.columns.formats import Format, check_moments, damaged

NOBODY: Final = ("",)
"""Owners of an order that belongs to no influencer: it counts as unattributed."""
_AMOUNTS: Final = 6
_NOTHING: Final = (0,) * _AMOUNTS


BETWEEN: Final = "\0"
"""Between platform and shop in an order's key: stored keys have three texts, as before shops were told apart."""


class OrderKey(NamedTuple):
    """What makes an order one: its number in its shop.

    ``seller`` is the platform, folded, for ``shop`` and ``Shop`` are one; behind ``BETWEEN`` the shop, where the ids of
    its events name it (``streams.sources.ids.shop_of``).
    """

    campaign_id: str
    seller: str
    order_id: str

    @property
    def platform(self) -> str:
        """The platform of its events."""
        return self.seller.partition(BETWEEN)[0]

    @property
    def shop(self) -> str:
        """The shop; empty where nothing names it."""
        return self.seller.partition(BETWEEN)[2]


class OrderEvent(Struct, frozen=True, array_like=True, gc=False):
    """What one ``purchase`` or ``refund`` says. ``owners`` are the influencers it names; none where it names nobody.

    ``place`` is where it was read (``streams.changelog.log_positions``): what lies at or after the one that is known to
    be counted is read again after a crash.
    """

    place: int
    at_ms: int
    event_id: str
    is_refund: bool
    currency: str
    micros: int
    owners: tuple[str, ...]
    has_code: bool = False
    is_unclicked: bool = False
    """Whether it has a code and neither click id nor utm value."""
    refund_id: str = ""


class OrderRecord(Struct, frozen=True, array_like=True):
    """An order in the changelog."""

    version: int
    events: list[OrderEvent]


_WHAT: Final = "order"
_FORMAT: Final = Format(_WHAT, OrderRecord, (int, list))
_LARGEST_MICROS: Final = 1 << 62


def decode_order(data: bytes) -> OrderRecord:
    """Read an order of this format or an older one.

    Raises:
        NewerRecord: it was written by a newer version.
        PoisonedRecord: it is damaged, or no order at all.
    """
    record = _FORMAT.decode(data)
    for event in record.events:
        check_moments(_WHAT, event.at_ms)
        if not 0 <= event.micros <= _LARGEST_MICROS or event.place < 0:
            raise damaged(_WHAT, f"{event.micros} micros at place {event.place}")
    return record


def encode_order(events: list[OrderEvent]) -> bytes:
    """Return the changelog record of an order."""
    return _FORMAT.encode(OrderRecord(_FORMAT.version, events))


class Place(NamedTuple):
    """Where an amount is booked: to whom, at which event time, in which currency."""

    influencer_id: str
    at_ms: int
    currency: str


Amounts = tuple[int, ...]
"""Orders, revenue (micros), refunds, refunded (micros), uses of codes, uses of codes without a click."""
Booked = dict[Place, Amounts]


def booked(events: Sequence[OrderEvent]) -> Booked:
    """Return what an order's events come to, by place.

    The newest version counts, at the time of the oldest; it belongs to the owners of the newest version that names any.
    Refunds in its currency are taken in the order of their times, as far as there is anything left of it. Without a
    purchase a refund stands for itself.
    """
    sums: Booked = {}
    purchases = sorted((event for event in events if not event.is_refund), key=_by_age)
    refunds = _distinct_refunds(events)
    if not purchases:
        for refund in refunds:
            _share(sums, refund.owners or NOBODY, refund.at_ms, refund.currency, (0, 0, 1, refund.micros, 0, 0))
        return sums
    newest = purchases[-1]
    owners = next((version.owners for version in reversed(purchases) if version.owners), NOBODY)
    order = (1, newest.micros, 0, 0, int(newest.has_code), int(newest.is_unclicked))
    _share(sums, owners, purchases[0].at_ms, newest.currency, order)
    left = newest.micros
    for refund in refunds:
        counted = refund.micros
        if refund.currency == newest.currency:
            counted = min(left, counted)
            left -= counted
            if refund.micros and not counted:
                continue
        _share(sums, owners, refund.at_ms, refund.currency, (0, 0, 1, counted, 0, 0))
    return sums


def booked_first(event: OrderEvent) -> dict[str, list[BookedChange]]:
    """Return what the first event of an order changes: ``change`` from nothing, the short way for most orders."""
    owners = event.owners or NOBODY
    if event.is_refund or len(owners) > 1:
        return change({}, booked([event]))
    uses = (int(event.has_code), int(event.is_unclicked))
    return {owners[0]: [BookedChange(event.at_ms, event.currency, 1, event.micros, 0, 0, *uses)]}


def change(before: Booked, after: Booked) -> dict[str, list[BookedChange]]:
    """Return what has to be added, by influencer, to come from one booking to another."""
    changes: dict[str, list[BookedChange]] = {}
    for place in sorted(before.keys() | after.keys()):
        had, has = before.get(place, _NOTHING), after.get(place, _NOTHING)
        if had != has:
            moved = BookedChange(place.at_ms, place.currency, *(new - old for new, old in zip(has, had, strict=True)))
            changes.setdefault(place.influencer_id, []).append(moved)
    return changes


def _by_age(event: OrderEvent) -> tuple[int, str]:
    return event.at_ms, event.event_id


def _distinct_refunds(events: Iterable[OrderEvent]) -> list[OrderEvent]:
    """Return the refunds, each once, oldest first: one id is one refund, and so are equal ones that have no id.

    Of versions of one refund the newest counts; of equally new ones the largest, for sums so far only grow.
    """
    distinct: dict[object, OrderEvent] = {}
    refunds = (event for event in events if event.is_refund)
    for refund in sorted(refunds, key=lambda event: (event.at_ms, event.micros, event.event_id)):
        distinct[refund.refund_id or (refund.at_ms, refund.currency, refund.micros)] = refund
    return sorted(distinct.values(), key=_by_age)


def _share(sums: Booked, owners: Sequence[str], at_ms: int, currency: str, amounts: Amounts) -> None:
    """Add amounts to the owners: counts to the first one, money in equal parts, what cannot be divided to the first."""
    orders, revenue, refunds, refunded, codes, unclicked = amounts
    for number, owner in enumerate(owners):
        part = (
            _part(revenue, number, len(owners)),
            _part(refunded, number, len(owners)),
        )
        counts = (orders, refunds, codes, unclicked) if number == 0 else (0, 0, 0, 0)
        add = (counts[0], part[0], counts[1], part[1], counts[2], counts[3])
        place = Place(owner, at_ms, currency)
        held = sums.get(place, _NOTHING)
        sums[place] = tuple(one + other for one, other in zip(held, add, strict=True))


def _part(micros: int, number: int, parts: int) -> int:
    whole, rest = divmod(micros, parts)
    return whole + (1 if number < rest else 0)
