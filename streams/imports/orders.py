"""Orders of shops: one purchase an order, and a refund where money went back.

Event ids are those of the shop's webhook: ``SHOP:order:ID`` and ``SHOP:refund:...``, where ``SHOP`` names the
endpoint. Exports give neither the ids nor the times of refunds: a refund is booked at the order's cancellation, or at
the order itself, under an id made of the order's; workers take what an order was refunded only as far as it was paid.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from models.times import epoch_ms
from streams.imports.campaign import Campaign
from streams.imports.headers import Cells, Columns
from streams.imports.ids import RuinedId, are_ruined, check_rounded, id_of
from streams.imports.moments import MomentReader, iso_of
from streams.imports.numbers import DecimalMark, Money, money_of, settled_currency
from streams.imports.order_words import CLICKS, FULLY_REFUNDED, LATER_PAID, NO_CODES, PAID, UNPAID, UTM
from streams.imports.rows import RowRefused, RowSkipped
from streams.sources import ids


class OrderStyle(Struct, frozen=True, kw_only=True):
    """What one source does its own way.

    ``kind`` is that of the shop's hooks, whose event ids these orders get. ``prefix`` begins the event ids of what is
    no shop's own.
    """

    kind: str = ""
    prefix: str = ""

    def shop(self, campaign: Campaign) -> str:
        """Return what event ids begin with."""
        return campaign.shop(self.kind) if self.kind else campaign.options.shop or self.prefix


class OrderRows:
    """Reads the rows of one table of orders; the lines of one order follow each other."""

    def __init__(
        self,
        columns: Columns,
        campaign: Campaign,
        times: MomentReader,
        paid_times: MomentReader,
        style: OrderStyle,
        decimal: DecimalMark | None,
        sample: Sequence[Sequence[str]],
    ) -> None:
        self._campaign = campaign
        self._times = times
        self._paid_times = paid_times
        # WooCommerce's hooks tell when an order was paid, Shopify's when it was made.
        self._by_payment = style.kind == "woocommerce" or not columns.has("time")
        self.shop = style.shop(campaign)
        self._counts_unpaid = campaign.counts_unpaid(self.shop)
        self._decimal = decimal
        self._rounded = are_ruined(columns.texts("order_id", sample))
        self._by_name = columns.has("name") and (columns.has("item") or columns.has("order_id"))
        self._last = ""
        self._last_total = ""
        self._has_clock = columns.fields.get("clock") != columns.fields.get("time")
        self._says_refunds = columns.has("refunded")
        self._utm = tuple(field for field in UTM if columns.has(field))
        self._starts_ms = epoch_ms(campaign.definition.starts_at)
        self._ends_ms = epoch_ms(campaign.definition.ends_at)
        self.cells = Cells(columns)
        self.made = 0
        self.unattributed = 0
        self.outside = 0
        self.named = 0

    def events(self) -> list[dict[str, Any]]:
        """Return the purchase of the row that ``cells`` stands on, and its refund.

        Raises:
            RowRefused: the row lacks what an order needs.
            RowSkipped: it is the next line of an order, or an order that nobody paid.
        """
        cell = self.cells
        name = cell("name").strip()
        key = (name if self._by_name else "") or self._id_text().strip()
        status = _status(cell("status"))
        total_text = cell("total")
        if key and key == self._last and not self._goes_back(total_text):
            if total_text.strip() not in ("", self._last_total):
                raise RowRefused(
                    "total",
                    total_text,
                    f"order {key} stands in the row above with {self._last_total}: sums of lines are no order",
                )
            raise RowSkipped("further lines of an order")
        if self._by_name and name and not total_text.strip() and not status:
            raise RowRefused("total", "", f"the first line of order {name} is missing: the file was cut or sorted")
        order_id = self._order_id(name)
        self._last, self._last_total = key, total_text.strip()
        if status in LATER_PAID and self._counts_unpaid:
            status = ""
        if status in UNPAID:
            raise RowSkipped(f"orders that nobody paid ({status})")
        if status and status not in PAID:
            raise RowRefused("status", cell("status"), "no status that is known: is this order paid?")
        is_paid = self._by_payment and bool(cell("paid_at").strip())
        at_ms, day_only = self._time("paid_at", self._paid_times) if is_paid else self._time("time", self._times)
        basis = self._campaign.definition.revenue_basis
        total = self._money("subtotal") if basis == "subtotal" else None
        total = total or self._money("total")
        if total is None:
            raise RowRefused("total", total_text, "the order has no amount")
        currency = self._currency(total)
        event: dict[str, Any] = {
            "type": "purchase",
            "event_id": self._event_id(order_id),
            "campaign_id": self._campaign.campaign_id,
            "platform": ids.SHOP,
            "occurred_at": iso_of(at_ms),
            "time_source": "poll_time" if day_only else "payload",
            "order_id": order_id,
            "amount": _plain(total.amount),
            "currency": currency,
            **self._marks(),
        }
        if cell("test").strip().casefold() in ("true", "yes", "1", "test"):
            event["test"] = True
        event = self._campaign.attributed(event)
        if total.amount < 0:
            # Where the order's own row says what went back, that and this are one refund.
            row = "" if self._says_refunds else f":{iso_of(at_ms)}"
            return [self._refund(event, -total.amount, at_ms, row)]
        self.made += 1
        self.unattributed += "influencer_id" not in event
        self.outside += not self._starts_ms <= at_ms < self._ends_ms
        refund = self._refunded(status, total, currency)
        return [event] if refund is None else [event, self._refund(event, refund, at_ms)]

    def _event_id(self, order_id: str) -> str:
        return ids.of_ga4_order(order_id) if self.shop == "ga4" else ids.of_order(self.shop, order_id)

    def _id_text(self) -> str:
        """Return the cell that has the order's id: Stripe knows payments of old by their charge only."""
        text = self.cells("order_id")
        return text if text.strip() else self.cells("charge_id")

    def _order_id(self, name: str) -> str:
        text = self._id_text()
        try:
            found = id_of(text)
            if self._rounded:
                check_rounded(found)
        except RuinedId as error:
            raise RowRefused("order_id", text, str(error)) from None
        if not found and name:
            self.named += 1
        if not (found or name):
            raise RowRefused("order_id", text, "the order has no id")
        return found or name

    def _time(self, field: str, times: MomentReader) -> tuple[int, bool]:
        text = self.cells(field)
        clock = self.cells("clock") if self._has_clock and field == "time" else ""
        try:
            return times.of_row(text, clock), times.was_day
        except ValueError as error:
            raise RowRefused(field, text, str(error)) from None

    def _money(self, field: str) -> Money | None:
        text = self.cells(field)
        try:
            return money_of(text, self._decimal)
        except ValueError as error:
            raise RowRefused(field, text, str(error)) from None

    def _currency(self, money: Money) -> str:
        stated = self.cells("currency").strip()
        try:
            return settled_currency(money.currency, stated, self._campaign.options.currency)
        except ValueError as error:
            field = "total" if money.currency and not stated else "currency"
            raise RowRefused(field, self.cells(field).strip(), str(error)) from None

    def _goes_back(self, total_text: str) -> bool:
        """Return whether a row of the same order is money that goes back: a negative amount."""
        try:
            money = money_of(total_text, self._decimal)
        except ValueError:
            return False
        return money is not None and money.amount < 0

    def _refunded(self, status: str, total: Money, currency: str) -> Decimal | None:
        given = self._money("refunded")
        if given is not None and given.amount:
            if given.currency and given.currency != currency:
                try:
                    settled_currency(given.currency, currency)
                except ValueError as error:
                    raise RowRefused("refunded", self.cells("refunded"), str(error)) from None
            return abs(given.amount)
        return total.amount if status in FULLY_REFUNDED and total.amount else None

    def _refund(self, purchase: dict[str, Any], amount: Decimal, at_ms: int, row: str = "") -> dict[str, Any]:
        """Return a refund of an order; ``row`` tells one that has a row of its own from others of its amount."""
        for field in ("refunded_at", "cancelled_at"):
            if self.cells(field).strip():
                at_ms = max(at_ms, self._time(field, self._times)[0])
        order_id = purchase["order_id"]
        kept = ("influencer_id", "discount_code", "discount_codes", "test")
        return {
            "type": "refund",
            "event_id": ids.of_refund(self.shop, f"{order_id}:{_plain(amount)}{row}"),
            "campaign_id": purchase["campaign_id"],
            "platform": ids.SHOP,
            "occurred_at": iso_of(at_ms),
            "time_source": "poll_time",
            "order_id": order_id,
            "amount": _plain(amount),
            "currency": purchase["currency"],
            **{name: purchase[name] for name in kept if name in purchase},
        }

    def _marks(self) -> dict[str, Any]:
        """Return what says whose order it is: codes, utm values, a click id, the buyer's account."""
        cell = self.cells
        marks: dict[str, Any] = {}
        codes = cell("codes").strip()
        if codes and codes.casefold() not in NO_CODES:
            marks["discount_code"] = _codes(codes)
        query = _query(cell("landing"))
        for field in UTM if query else self._utm:
            value = cell(field).strip() or query.get(field, "")
            if value and not value.startswith("("):
                marks[field] = value
        noted = _attributes(cell("attributes"))
        click = cell("click_id").strip()
        for named in (query, noted):
            click = click or next((named[name] for name in CLICKS if named.get(name)), "")
        if click:
            marks["click_id"] = click
        author = (cell("author_id").strip() or noted.get("instagram", "")).lstrip("@").lower()
        if author:
            marks |= {"author_id": author, "author_platform": "instagram"}
        owner = self._campaign.maybe_influencer("", cell("influencer"))
        if owner:
            marks["influencer_id"] = owner
        return marks


def _status(text: str) -> str:
    return text.strip().casefold().removeprefix("wc-")


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"


def _codes(text: str) -> str:
    """Return the codes of a cell; some exports write ``code:ana|amount:5.00`` for each."""
    if "code:" not in text:
        return text
    parts = [part.strip() for each in text.split(";") for part in each.split("|")]
    return ",".join(part.removeprefix("code:") for part in parts if part.startswith("code:"))


def _query(address: str) -> dict[str, str]:
    if "?" not in address:
        return {}
    try:
        return {name: values[0] for name, values in parse_qs(urlsplit(address.strip()).query).items()}
    except ValueError:
        return {}


def _attributes(text: str) -> dict[str, str]:
    """Return what a shop's cart noted: ``name: value`` in lines."""
    if not text:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip().casefold(): value.strip() for name, mark, value in pairs if mark}
