"""Signed orders of Shopify, each another one, as large as real ones are."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any, Final

from bench.http_load import request_bytes

SECRET: Final = "bench-secret"
PATH: Final = "/v1/hooks/shopify/bench"
BODY_BYTES: Final = 1_640
"""Of one of these orders, about: what the bare producer sends for it."""
EVENT_BYTES: Final = 330


def order(number: int, at: str) -> dict[str, Any]:
    """Return one order, with the members that shops send; documented at Shopify, "Order"."""
    money = {"amount": "39.90", "currency_code": "EUR"}
    both = {"shop_money": money, "presentment_money": money}
    line = {
        "product_id": 8_000_000_000_001,
        "sku": "SERUM-30",
        "quantity": 1,
        "price": "39.90",
        "total_discount": "0.00",
    }
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "test": False,
        "confirmed": True,
        "created_at": at,
        "updated_at": at,
        "processed_at": at,
        "cancelled_at": None,
        "currency": "EUR",
        "presentment_currency": "EUR",
        "total_price": "39.90",
        "subtotal_price": "34.90",
        "total_tax": "6.65",
        "total_discounts": "5.00",
        "current_total_price": "39.90",
        "total_price_set": both,
        "total_shipping_price_set": both,
        "financial_status": "paid",
        "source_name": "web",
        "landing_site": "/p/serum?utm_source=ana&utm_medium=influencer&utm_campaign=spring&ref=ana-81f3",
        "referring_site": "https://l.instagram.com/",
        "discount_codes": [{"code": "ANA10", "amount": "5.00", "type": "fixed_amount"}],
        "discount_applications": [
            {"target_type": "line_item", "type": "discount_code", "value": "5.0", "code": "ANA10"}
        ],
        "note_attributes": [{"name": "pulse_click_id", "value": f"ana-{number:x}"}],
        "customer": {"id": 7_000_000_000_000 + number},
        "line_items": [line, line],
        "refunds": [],
    }


def signed_orders(first: int, count: int) -> list[bytes]:
    """Return whole requests."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return [
        _signed(json.dumps(order(number, at), separators=(",", ":")).encode()) for number in range(first, first + count)
    ]


def _signed(body: bytes) -> bytes:
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": "bench.myshopify.com",
        "X-Shopify-API-Version": "2026-07",
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Triggered-At": "2026-04-18T16:10:01.123456789Z",
        "X-Shopify-Hmac-Sha256": signature,
    }
    return request_bytes(PATH, body, headers)
