"""Words that exports of orders write: the headers of columns, what says that an order is paid, and what is no code."""

from typing import Final

from streams.imports.headers import aliases


def _words(text: str) -> frozenset[str]:
    return frozenset(" ".join(word.split()) for word in text.split("|"))


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
    refunded_at: refund date | refunded at | date refunded
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
        | coupon items | coupon lines code | coupon lines | coupon | order coupon | promo code | code | used coupons
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
PAID: Final = _words(
    """
    paid | partially_refunded | partially refunded | refunded | partially_paid | partially paid | completed
        | complete | processing | approved | fulfilled | shipped | bezahlt | abgeschlossen | in bearbeitung
        | delivered | success | succeeded | refund | versendet | versandt | teilweise erstattet | payée | payé
        | terminée | terminé | en cours | expédiée | pagado | completado | procesando | enviado | pago
        | concluído | processando | em andamento | pagato | completato | in lavorazione | spedito | betaald
        | voltooid | afgerond | in behandeling | opłacone | zrealizowane | w trakcie realizacji | ödendi
        | tamamlandı | оплачен | выполнен | remboursée | remboursé | reembolsado | rimborsato | terugbetaald
        | zwrócone | iade edildi | rückerstattet | erstattet
    """
)
FULLY_REFUNDED: Final = _words(
    """
    refunded | rückerstattet | erstattet | remboursée | remboursé | reembolsado | rimborsato | terugbetaald
        | zwrócone | iade edildi
    """
)
UNPAID: Final = _words(
    """
    uncaptured | incomplete | blocked | requires_payment_method | requires_action | requires_confirmation
        | requires_capture | pending | voided | authorized | expired | unpaid | on hold | on-hold | failed
        | cancelled | canceled | draft | checkout draft | checkout-draft | pending payment | trash | auto-draft
        | storniert | ausstehend | declined | rejected | fehlgeschlagen | wartend | zahlung ausstehend
        | in wartestellung | offen | unbezahlt | annulée | annulé | échouée | en attente
        | en attente de paiement | attente paiement | cancelado | fallido | pendiente | pendiente de pago
        | en espera | pendente | malsucedido | aguardando | annullato | fallito | in attesa | in sospeso
        | geannuleerd | mislukt | anulowane | iptal edildi
    """
)
LATER_PAID: Final = _words(
    """
    uncaptured | requires_capture | pending | authorized | on hold | on-hold | pending payment | unpaid
        | ausstehend | wartend | offen
        | zahlung ausstehend | in wartestellung | unbezahlt | en attente | en attente de paiement
        | attente paiement | pendiente | pendiente de pago | en espera | pendente | aguardando | in attesa
        | in sospeso
    """
)
"""Unpaid orders that may be paid yet: a definition may count them (``sources.NAME.unpaid``)."""
UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
CLICKS: Final = ("click_id", "clickid", "cid", "pulse_click")
NO_CODES: Final = frozenset({"(not set)", "(none)", "-", "n/a", "none", "custom discount", "no discount"})
