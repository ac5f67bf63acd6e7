"""Shopify and WooCommerce: orders that have changed, page by page, with the ids of their webhooks."""

import base64
import json
from typing import Any

from aiohttp import web

from gateway.inbox import headers_for
from streams.connectors.drafts import Delivery
from tests.unit.gateway.polling.harness import NOW_MS, Poll, Vendors, polled

ORDERS, WOO = "/orders.json", "/wp-json/wc/v3/orders"


def order(number: int, created: str = "2026-04-18T16:00:00Z", **more: Any) -> dict[str, Any]:
    """An order of Shopify, 10.00 EUR."""
    fields = {"id": number, "created_at": created, "updated_at": created, "currency": "EUR", "total_price": "10.00"}
    return {**fields, "financial_status": "paid", "discount_codes": [{"code": "ana10"}], **more}


def told(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What was sold and taken back."""
    return [(each["event_id"], each["amount"]) for each in events]


def test_shopify_follows_the_links_and_asks_for_what_has_changed() -> None:
    """The next page's address is all there is to it; the second time a window from a little before the first."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        def answer(request: web.Request) -> Any:
            if "page_info" in request.query:
                assert set(request.query) == {"limit", "page_info"}
                return {"orders": [order(2)]}
            after = f'<https://shop.example{ORDERS}?limit=250&page_info=abc>; rel="next"'
            return web.json_response({"orders": [order(1)]}, headers={"Link": after})

        vendors.answer(ORDERS, answer)
        events = await poll.round()
        assert told(events) == [("shopify-main:order:1", "10.00"), ("shopify-main:order:2", "10.00")]
        assert {each["influencer_id"] for each in events} == {"ana"}
        first = vendors.requests[0]
        assert first.headers["X-Shopify-Access-Token"] == "t0ken"
        assert (first.query["status"], first.query["updated_at_min"]) == ("any", "2026-04-18T14:00:00Z")
        refunds = [
            {
                "id": 7,
                "created_at": "2026-04-18T17:31:00Z",
                "transactions": [{"kind": "refund", "status": "success", "amount": "4.00", "currency": "EUR"}],
            }
        ]
        changed = order(1, updated_at="2026-04-18T17:31:00Z", refunds=refunds)
        vendors.answer(ORDERS, lambda _: {"orders": [changed]})
        assert told(await poll.round(11)) == [("shopify-main:refund:7", "4.00")]
        assert vendors.requests[-1].query["updated_at_min"] == "2026-04-18T17:15:01Z"

    polled("shopify-main", test)


def test_an_order_that_was_changed_weeks_later_is_not_bought_again() -> None:
    """Its purchase was told when it was new; its id is forgotten by now."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        vendors.answer(ORDERS, lambda _: {"orders": []})
        await poll.round(60 * 40)
        old = order(1, updated_at="2026-04-20T09:31:00Z")
        vendors.answer(ORDERS, lambda _: {"orders": [old, order(2, "2026-04-20T09:31:00Z")]})
        assert told(await poll.round(11)) == [("shopify-main:order:2", "10.00")]

    polled("shopify-main", test)


def test_where_webhooks_come_the_first_look_goes_back_two_days() -> None:
    """What they brought before is counted, and would count again."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        body = json.dumps(order(5)).encode()
        one = Delivery(
            source="shopify-main", body=body, headers={"x-shopify-topic": "orders/create"}, received_ms=NOW_MS
        )
        poll.hooked.take(body, headers_for("shopify", one, "counted", 1))
        poll.now_ms = NOW_MS + 50 * 3_600_000
        vendors.answer(ORDERS, lambda _: {"orders": []})
        await poll.round()
        assert vendors.requests[0].query["updated_at_min"] == "2026-04-18T19:30:01Z"

    polled("shopify-main", test)


def test_shopifys_bucket_and_its_429_are_respected() -> None:
    """Retry-After in seconds; nearly full: a pause before it is."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        vendors.answer(ORDERS, lambda _: web.Response(status=429, headers={"Retry-After": "2.0"}))
        assert await poll.round() == []
        assert poll.source is not None
        assert 0 < poll.source.budget.paused_until_ms - poll.now_ms <= 2_000
        full = {"X-Shopify-Shop-Api-Call-Limit": "39/40"}
        vendors.answer(ORDERS, lambda _: web.json_response({"orders": [order(1)]}, headers=full))
        assert told(await poll.round(0.1)) == [("shopify-main:order:1", "10.00")]
        assert 8_000 < poll.source.budget.paused_until_ms - poll.now_ms <= 10_000

    polled("shopify-main", test)


def test_failures_are_waited_out_longer_each_time() -> None:
    """2 s, 4 s, 8 s: a shop that is down is not asked in a loop."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        vendors.answer(ORDERS, lambda _: web.Response(status=502, text="bad gateway"))
        assert poll.source is not None
        pauses = []
        for _ in range(3):
            await poll.round(0.2)
            pauses.append(poll.source.budget.paused_until_ms - poll.now_ms)
        assert [round(pause / 1_000) for pause in pauses] == [2, 4, 8]
        assert poll.counted("campaign_poll_requests_total", what="orders", outcome="failed") == 3

    polled("shopify-main", test)


def test_woocommerce_counts_its_pages() -> None:
    """Keys by HTTP Basic, times in GMT, every page of the header's number; the ids are those of its webhooks."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        def sold(number: int) -> dict[str, Any]:
            paid = {"date_paid_gmt": "2026-04-18T16:00:00", "date_modified_gmt": "2026-04-18T16:00:00"}
            coupons = [{"code": "ana10"}]
            return {
                "id": number,
                "status": "processing",
                "currency": "EUR",
                "total": "1.00",
                **paid,
                "coupon_lines": coupons,
            }

        poll.token = "ck_1:cs_2"
        vendors.answer(
            WOO,
            lambda request: web.json_response([sold(int(request.query["page"]))], headers={"X-WP-TotalPages": "3"}),
        )
        events = await poll.round()
        assert [each["event_id"] for each in events] == ["woo-at:order:1", "woo-at:order:2", "woo-at:order:3"]
        first = vendors.requests[0]
        assert first.headers["Authorization"] == "Basic " + base64.b64encode(b"ck_1:cs_2").decode()
        assert first.query["dates_are_gmt"] == "true"

    polled("woo-at", test)


def test_a_token_that_is_no_good_is_not_tried_all_the_time_nor_shown() -> None:
    """Five minutes, or until another one is given."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        vendors.answer(ORDERS, lambda _: web.Response(status=401))
        await poll.round()
        await poll.round(1)
        assert len(vendors.requests) == 1
        assert poll.source is not None
        poll.token = "another"
        poll.source.wake()
        vendors.answer(ORDERS, lambda _: {"orders": [order(1)]})
        assert len(await poll.round()) == 1
        assert vendors.requests[-1].headers["X-Shopify-Access-Token"] == "another"

    polled("shopify-main", test)
