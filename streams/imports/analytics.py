"""Google Analytics 4: rows of the BigQuery export to clicks, sign-ups, carts, purchases and refunds.

Ids are those of the Measurement Protocol endpoint: ``ga4:session:CLIENT:SESSION`` for the click of a visit,
``ga4:purchase:TRANSACTION``; the rest has the export's closest thing to a row id.
"""

from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from streams.imports.campaign import Campaign
from streams.imports.headers import Cells, Columns, aliases
from streams.imports.moments import iso_of
from streams.imports.numbers import money_of, settled_currency
from streams.imports.rows import RowRefused, RowSkipped
from streams.sources import ids

ALIASES: Final = aliases(
    """
    name: event name
    timestamp: event timestamp
    bundle: event bundle sequence id
    batch_index: batch event index
    client: user pseudo id
    user: user id
    session: event params ga session id
    location: event params page location
    transaction: ecommerce transaction id
    param_transaction: event params transaction id
    revenue: ecommerce purchase revenue | event params value
    value: event params value
    refund_value: ecommerce refund value
    currency: event params currency | currency
    coupon: event params coupon | ecommerce coupon
    here_source: collected traffic source manual source
    here_medium: collected traffic source manual medium
    here_campaign: collected traffic source manual campaign name
    here_term: collected traffic source manual term
    here_content: collected traffic source manual content
    last_source: session traffic source last click manual campaign source
    last_medium: session traffic source last click manual campaign medium
    last_campaign: session traffic source last click manual campaign campaign name
    last_term: session traffic source last click manual campaign term
    last_content: session traffic source last click manual campaign content
    """
)
_VISITS: Final = frozenset({"page_view", "session_start"})
_SIGNUPS: Final = frozenset({"sign_up", "generate_lead"})
_PARTS: Final = ("source", "medium", "campaign", "term", "content")


class AnalyticsRows:
    """Reads the rows of one BigQuery export."""

    def __init__(self, columns: Columns, campaign: Campaign) -> None:
        self._campaign = campaign
        self.cells = Cells(columns)

    def events(self) -> list[dict[str, Any]]:
        """Return the event of the row that ``cells`` stands on.

        Raises:
            RowRefused: the row lacks what its event needs.
            RowSkipped: it is of a kind that is not counted.
        """
        cell = self.cells
        name = cell("name")
        utm = self._utm()
        if name in _VISITS:
            if not utm:
                raise RowSkipped("visits without a campaign link")
            visit = ids.of_ga4_session(cell("client"), cell("session") or cell("bundle"))
            return [self._event("click", visit, utm)]
        if name in _SIGNUPS:
            return [self._event("signup", self._row_id(), utm)]
        if name == "add_to_cart":
            return [self._event("add_to_cart", self._row_id(), utm)]
        if name in ("purchase", "refund"):
            return [self._order(name, utm)]
        raise RowSkipped(f"events that are not counted ({name or 'without a name'})")

    def _row_id(self) -> str:
        cell = self.cells
        parts = (cell("name"), cell("client"), cell("timestamp"), cell("bundle"), cell("batch_index"))
        return "ga4:" + ":".join(parts)

    def _event(self, kind: str, event_id: str, utm: dict[str, str], **more: Any) -> dict[str, Any]:
        return self._campaign.attributed(
            {
                "type": kind,
                "event_id": event_id,
                "campaign_id": self._campaign.campaign_id,
                "platform": ids.SHOP,
                "occurred_at": iso_of(self._time_ms()),
                "time_source": "payload",
                **more,
                **utm,
            }
        )

    def _time_ms(self) -> int:
        text = self.cells("timestamp").strip()
        if not text.isdigit():
            raise RowRefused("timestamp", text, "no whole number of microseconds since 1970")
        # Milliseconds are sent by mistake; by their size they cannot be microseconds of this century.
        return int(text) // 1000 if len(text) > 13 else int(text)

    def _order(self, name: str, utm: dict[str, str]) -> dict[str, Any]:
        cell = self.cells
        order_id = cell("transaction").strip() or cell("param_transaction").strip()
        if not order_id or order_id == "(not set)":
            raise RowRefused("transaction", order_id, "the order has no transaction id")
        field = "refund_value" if name == "refund" and cell("refund_value") else "revenue"
        text = cell(field) or cell("value")
        try:
            money = money_of(text, ".")
            if money is None:
                raise ValueError("the order has no amount")
            currency = settled_currency(money.currency, cell("currency") or self._campaign.options.currency)
        except ValueError as error:
            raise RowRefused(field, text, str(error)) from None
        more: dict[str, Any] = {"order_id": order_id, "amount": f"{abs(money.amount):f}", "currency": currency}
        coupon = cell("coupon").strip()
        if coupon and coupon != "(not set)":
            more["discount_code"] = coupon
        event_id = ids.of_ga4_order(order_id) if name == "purchase" else f"ga4:refund:{order_id}:{cell('timestamp')}"
        return self._event(name, event_id, utm, **more)

    def _utm(self) -> dict[str, str]:
        cell = self.cells
        for prefix in ("here", "last"):
            found = {f"utm_{part}": cell(f"{prefix}_{part}").strip() for part in _PARTS}
            found = {field: value for field, value in found.items() if value and not value.startswith("(")}
            if found:
                return found
        location = cell("location")
        if "utm_" not in location:
            return {}
        try:
            query = parse_qs(urlsplit(location).query)
        except ValueError:
            return {}
        return {f"utm_{part}": query[f"utm_{part}"][0] for part in _PARTS if f"utm_{part}" in query}
