"""Orders of shops: one purchase an order, and a refund where money went back.

Event ids are those of the shop's webhook: ``SHOP:order:ID`` and ``SHOP:refund:...``, where ``SHOP`` names the
endpoint. Exports give neither the ids nor the times of refunds: a refund is booked at the order's cancellation, or at
the order itself, under an id made of the order's; workers take what an order was refunded only as far as it was paid.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from models.times import epoch_ms
from streams.imports.campaign import Campaign
from streams.imports.headers import Cells, Columns, aliases
from streams.imports.ids import RuinedId, are_ruined, check_rounded, id_of
from streams.imports.moments import MomentReader, iso_of
from streams.imports.numbers import DecimalMark, Money, money_of, settled_currency
from streams.imports.rows import RowRefused, RowSkipped
from streams.sources import ids

ALIASES: Final = aliases(
    """
    order_id: id | order id | orderid | transaction id | order number | order # | order | bestellnummer
        | bestell nr | bestellung | auftragsnummer | numéro de commande | n de commande | commande | id de commande
        | número de pedido | n de pedido | id de pedido | id del pedido | pedido | número do pedido | id do pedido
        | numero ordine | numero d ordine | id ordine | ordine | ordernummer | bestelnummer | numer zamówienia
        | sipariş no | sipariş numarası | номер заказа | 注文番号 | 订单号 | 주문번호
    name: name | order name
    paid_at: date paid gmt | paid date | date paid | bezahlt am | payé le | fecha de pago | data de pagamento
    time: date created gmt | order date gmt | created at | order date | date created | date
        | order created at | created | purchase date | sale date | order time | placed at | order placed
        | order placed at
        | created date | erstellt am | bestelldatum | date de commande | date de la commande | date de création
        | créée le | fecha del pedido | fecha de pedido | fecha de creación | data do pedido | data de criação
        | data dell ordine | data ordine | besteldatum | orderdatum | data zamówienia | sipariş tarihi | дата заказа
        | 注文日 | 注文日時 | datum | fecha | data | tarih | дата | time
    clock: time | uhrzeit | heure | hora | ora | tijd | saat | время
    cancelled_at: cancelled at | canceled at
    status: financial status | status | order status | payment status | bestellstatus | zahlungsstatus | finanzstatus
        | statut | statut de la commande | estado | estado del pedido | estado del pago | status do pedido
        | situação | stato | stato ordine | durum | статус | 支払い状況 | 订单状态
    total: total | order total | order total amount | total price | amount | total amount | order amount | n revenue
        | net sales | net revenue | revenue | sale amount | purchase revenue | total revenue | gesamtbetrag
        | gesamtsumme | gesamt | bestellsumme | summe | betrag
        | montant total | total ttc | montant | importe total | importe | valor total | valor | totale | importo
        | totaal | bedrag | suma | kwota | toplam | tutar | итого | сумма | 合計 | 合计 | 총액
    subtotal: subtotal | subtotal price | order subtotal
    currency: currency | order currency | currency code | presentment currency | währung | devise
        | moneda | divisa | moeda | valuta | waluta | para birimi | валюта | 通貨 | 货币
    codes: discount code | discount codes | discount codes code | coupon code | coupon codes | coupons | coupon s
        | coupon items | coupon lines code | coupon | order coupon | promo code | code | used coupons
        | coupon code used | gutscheincode | gutschein | gutscheine | gutschein e | rabattcode | rabattcodes
        | code promo | codes promo | code de réduction | code de remise | cupón | cupones | código de cupón
        | código de descuento | código promocional | cupom | cupons | código de cupom | código de desconto
        | codice sconto | codice promozionale | buono sconto | kortingscode | kod rabatowy | kupon kodu | indirim kodu
        | промокод | купон | クーポンコード | 优惠码
    refunded: refunded amount | refund amount | order refund amount | refunded total | total refunded | refund total
        | amount refunded | order refunded total | rückerstattet | erstattet | erstatteter betrag
        | rückerstattungsbetrag | montant remboursé | remboursé | importe reembolsado | reembolsado
        | valor reembolsado | importo rimborsato | rimborsato
    landing: landing site | landing page | landing url | order attribution session entry | landing page url
    attributes: note attributes
    source: source | source name
    test: test
    influencer: influencer | influencer id | creator | affiliate | member
    utm_source: utm source | meta data wc order attribution utm source | wc order attribution utm source
        | session manual source | session source
    utm_medium: utm medium | meta data wc order attribution utm medium | wc order attribution utm medium
        | session manual medium | session medium
    utm_campaign: utm campaign | meta data wc order attribution utm campaign | wc order attribution utm campaign
        | session manual campaign name | session campaign | session manual campaign
    utm_content: utm content | meta data wc order attribution utm content | session manual ad content
    utm_term: utm term | meta data wc order attribution utm term | session manual term
    click_id: click id
    author_id: instagram | instagram handle | note attributes instagram
    item: lineitem name | lineitem quantity | item name | item 1 name | line item name | product name
    """
)
_PAID: Final = frozenset(
    {
        *(
            "paid",
            "partially_refunded",
            "partially refunded",
            "refunded",
            "partially_paid",
            "partially paid",
            "completed",
            "complete",
        ),
        *(
            "processing",
            "approved",
            "fulfilled",
            "shipped",
            "bezahlt",
            "abgeschlossen",
            "in bearbeitung",
            "delivered",
            "success",
            "succeeded",
            "refund",
        ),
        *(
            "versendet",
            "versandt",
            "teilweise erstattet",
            "payée",
            "payé",
            "terminée",
            "terminé",
            "en cours",
            "expédiée",
        ),
        *(
            "pagado",
            "completado",
            "procesando",
            "enviado",
            "pago",
            "concluído",
            "processando",
            "enviado",
            "em andamento",
        ),
        *("pagato", "completato", "in lavorazione", "spedito", "betaald", "voltooid", "afgerond", "in behandeling"),
        *("opłacone", "zrealizowane", "w trakcie realizacji", "ödendi", "tamamlandı", "оплачен", "выполнен"),
        *("remboursée", "remboursé", "reembolsado", "rimborsato", "terugbetaald", "zwrócone", "iade edildi"),
        *("rückerstattet", "erstattet"),
    }
)
_FULLY_REFUNDED: Final = frozenset(
    {
        *("refunded", "rückerstattet", "erstattet", "remboursée", "remboursé", "reembolsado", "rimborsato"),
        *("terugbetaald", "zwrócone", "iade edildi"),
    }
)
_UNPAID: Final = frozenset(
    {
        *(
            "pending",
            "voided",
            "authorized",
            "expired",
            "unpaid",
            "on hold",
            "on-hold",
            "failed",
            "cancelled",
            "canceled",
            "draft",
        ),
        *(
            "checkout draft",
            "checkout-draft",
            "pending payment",
            "trash",
            "auto-draft",
            "storniert",
            "ausstehend",
            "declined",
            "rejected",
        ),
        *("fehlgeschlagen", "wartend", "zahlung ausstehend", "in wartestellung", "offen", "unbezahlt"),
        *("annulée", "annulé", "échouée", "en attente", "en attente de paiement", "attente paiement"),
        *(
            "cancelado",
            "fallido",
            "pendiente",
            "pendiente de pago",
            "en espera",
            "pendente",
            "malsucedido",
            "aguardando",
        ),
        *("annullato", "fallito", "in attesa", "in sospeso", "geannuleerd", "mislukt", "anulowane", "iptal edildi"),
    }
)
_LATER_PAID: Final = frozenset(
    {
        *("pending", "authorized", "on hold", "on-hold", "pending payment", "unpaid", "ausstehend", "wartend", "offen"),
        *("zahlung ausstehend", "in wartestellung", "unbezahlt", "en attente", "en attente de paiement"),
        *("attente paiement", "pendiente", "pendiente de pago", "en espera", "pendente", "aguardando", "in attesa"),
        "in sospeso",
    }
)
"""Unpaid orders that may be paid yet: a definition may count them (``sources.NAME.unpaid``)."""
_UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_CLICKS: Final = ("click_id", "clickid", "cid", "pulse_click")
_NO_CODES: Final = frozenset({"(not set)", "(none)", "-", "n/a", "none", "custom discount", "no discount"})


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
        self._utm = tuple(field for field in _UTM if columns.has(field))
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
        key = (name if self._by_name else "") or cell("order_id").strip()
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
        if self._by_name and name and not total_text.strip() and not status and not cell("time").strip():
            raise RowRefused("total", "", f"the first line of order {name} is missing: the file was cut or sorted")
        order_id = self._order_id(name)
        self._last, self._last_total = key, total_text.strip()
        if status in _LATER_PAID and self._counts_unpaid:
            status = ""
        if status in _UNPAID:
            raise RowSkipped(f"orders that nobody paid ({status})")
        if status and status not in _PAID:
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
        if cell("test").strip().casefold() in ("true", "yes", "1"):
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

    def _order_id(self, name: str) -> str:
        text = self.cells("order_id")
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
        return total.amount if status in _FULLY_REFUNDED and total.amount else None

    def _refund(self, purchase: dict[str, Any], amount: Decimal, at_ms: int, row: str = "") -> dict[str, Any]:
        """Return a refund of an order; ``row`` tells one that has a row of its own from others of its amount."""
        if self.cells("cancelled_at").strip():
            at_ms = max(at_ms, self._time("cancelled_at", self._times)[0])
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
        if codes and codes.casefold() not in _NO_CODES:
            marks["discount_code"] = _codes(codes)
        query = _query(cell("landing"))
        for field in _UTM if query else self._utm:
            value = cell(field).strip() or query.get(field, "")
            if value and not value.startswith("("):
                marks[field] = value
        noted = _attributes(cell("attributes"))
        click = cell("click_id").strip()
        for named in (query, noted):
            click = click or next((named[name] for name in _CLICKS if named.get(name)), "")
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
