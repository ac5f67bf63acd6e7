"""The same deliveries as a stranger has them: packed, in other character sets, of other versions, with less in them."""

import base64
import gzip
import hashlib
import hmac
import json
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import cramjam
import msgspec
import pytest

from streams.connectors.catalogue import CATALOGUE
from streams.connectors.packing import verify_either
from streams.connectors.signatures import SignatureError
from tests.unit.streams.connectors.deliveries import SECRETS, delivery, events_of, kept, mapped, notes_of
from tests.unit.streams.connectors.test_shops import ORDER, PAID, with_definition

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": lambda body: zlib.compress(body, wbits=-15),
    "zstd": lambda body: bytes(cramjam.zstd.compress(body)),
}


def signed(body: bytes) -> str:
    """Shopify's signature, made without the code under test."""
    return base64.b64encode(hmac.new(SECRETS["shopify"].encode(), body, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_packed_hook_is_the_hook(encoding: str) -> None:
    """Signed before or after it was packed; a changed body is neither."""
    plain = kept("shopify_orders_create.json")
    packed = PACKERS[encoding](plain.body)
    for of_bytes, holds in ((plain.body, True), (packed, True), (plain.body + b" ", False)):
        headers = {**plain.headers, "content-encoding": encoding, "x-shopify-hmac-sha256": signed(of_bytes)}
        one = msgspec.structs.replace(plain, body=packed, headers=headers)
        assert events_of(one) == events_of(plain)
        with nullcontext() if holds else pytest.raises(SignatureError, match="not the signature"):
            verify_either(CATALOGUE["shopify"].schemes, [SECRETS["shopify"]], one, None)


@pytest.mark.parametrize(
    ("encoding", "body", "said"),
    [
        ("gzip", b"{}", "not packed by gzip"),
        ("gzip", gzip.compress(b"[1, 2]" * 99)[:-9], "ends within its gzip data"),
        ("br", b"{}", "gzip, deflate, zstd or none"),
        ("gzip", gzip.compress(b" " * 5_000_000), "more than 4,194,304 bytes"),
        ("zstd", bytes(cramjam.zstd.compress(b" " * 5_000_000)), "more than 4,194,304 bytes"),
    ],
)
def test_what_is_not_packed_as_it_says_is_unmapped(encoding: str, body: bytes, said: str) -> None:
    """With the reason, and in bounded memory."""
    one = msgspec.structs.replace(delivery("shopify-main", body), headers={"content-encoding": encoding})
    assert said in notes_of(one, "unmapped")[0]


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("application/json; charset=utf-8", "utf-8"),
        ("application/json", "utf-8-sig"),
        ("application/json", "utf-16"),
        ("application/json;charset=UTF-16LE", "utf-16-le"),
        ('application/json; charset="ISO-8859-1"', "latin-1"),
        ("application/json; charset=windows-1252", "cp1252"),
        ("application/json; charset=no-such-thing", "utf-8"),
    ],
)
def test_the_character_set_of_a_text_is_read(content_type: str, charset: str) -> None:
    """A comment's text is what was written, whatever the body was written in."""
    value = {"id": "c1", "text": "schön, Zoë!", "from": {"username": "fan"}, "media": {"id": "18000000000000001"}}
    entry = {"id": "1", "time": 1_776_528_250, "changes": [{"field": "comments", "value": value}]}
    body = json.dumps({"object": "instagram", "entry": [entry]}, ensure_ascii=False).encode(charset)
    one = msgspec.structs.replace(delivery("instagram-main", body), headers={"content-type": content_type})
    assert [event["text"] for event in events_of(one)] == ["schön, Zoë!"]


def test_a_text_that_is_none_in_its_character_set_is_told() -> None:
    """Half a character of UTF-16 is nothing to guess about."""
    one = delivery("shopify-main", b"\xff\xfe{\x00}")
    assert "no text in utf-16" in notes_of(one, "unmapped")[0]


@pytest.mark.parametrize("empty", ["", {}, None])
@pytest.mark.parametrize("name", ["discount_codes", "note_attributes", "refunds"])
def test_an_empty_list_may_be_spelt_otherwise(name: str, empty: Any) -> None:
    """PHP and form tools write {} or an empty text: the order counts as it would with []."""
    one = delivery("shopify-main", {**ORDER, name: empty, "landing_site": "/?ref=ana-1"}, x_shopify_topic="orders/paid")
    assert [event["amount"] for event in events_of(one)] == ["50.00"]


def test_an_order_of_graphql_is_the_order() -> None:
    """Ids as addresses, sums in sets, no currency of its own: the same event as the hook's."""
    money = {"shop_money": {"amount": "50.00", "currency_code": "EUR"}}
    sets = {"total_price_set": money, "subtotal_price_set": {"shop_money": {"amount": "40.00"}}}
    changed = {**ORDER, "id": "gid://shopify/Order/11?x=1", **sets, "total_price": "", "subtotal_price": None}
    del changed["currency"]
    same = delivery("shopify-main", ORDER, x_shopify_topic="orders/create")
    one = delivery("shopify-main", changed, x_shopify_topic="orders/create")
    assert events_of(one) == events_of(same) != []


@pytest.mark.parametrize("odd", [[], {}, True, [1]])
@pytest.mark.parametrize("name", ["total_price", "subtotal_price", "currency", "total_price_set", "id"])
def test_members_of_another_type_are_told_and_break_nothing(name: str, odd: Any) -> None:
    """What cannot be a sum, a currency or an id is named, or another member says it."""
    one = delivery("shopify-main", {**ORDER, name: odd}, x_shopify_topic="orders/create")
    done = mapped(one)
    assert len(done.events) + len(done.of_kind("unmapped")) == 1


def test_an_order_of_the_first_version_has_the_shops_own_time() -> None:
    """WooCommerce's API v1: counted where the source's zone is known; else the zone is asked for, not guessed."""
    order = {name: value for name, value in PAID.items() if not name.endswith("_gmt")}
    one = delivery("woo-at", {**order, "date_paid": "2026-04-18T18:10:03"}, x_wc_webhook_topic="order.updated")
    assert "no time_zone" in notes_of(one, "unmapped")[0]
    placer = with_definition(sources={"woo-at": {"time_zone": "Europe/Vienna"}})
    in_zone = msgspec.structs.replace(one, rules=placer.rules("woo-at"))
    assert [event["occurred_at"] for event in events_of(in_zone, placer)] == ["2026-04-18T18:10:03+02:00"]


def test_an_order_of_the_legacy_api_says_which_version_to_choose() -> None:
    """And not that an id is missing."""
    assert "WP REST API v3" in notes_of(delivery("woo-at", {"order": {"id": 1}}), "unmapped")[0]


def test_an_unpaid_order_has_no_time_of_payment() -> None:
    """`date_paid_gmt: null` beside a local null: not paid, whatever the zone."""
    one = delivery("woo-at", {**PAID, "date_paid": None, "date_paid_gmt": None})
    assert "is not paid" in notes_of(one, "ignored")[0]


def test_refunds_that_an_old_charge_lists_count_once_each() -> None:
    """Stripe before 2022-11-15: the new refund of two counts, under the id that refund.created would give it."""
    refunds = [
        {"id": "re_new", "amount": 500, "status": "succeeded", "created": 1_776_536_000},
        {"id": "re_old", "amount": 700, "status": "succeeded", "created": 1_776_036_000},
    ]
    charge = {
        "id": "ch_1",
        "payment_intent": "pi_1",
        "currency": "eur",
        "metadata": {"discount_code": "ANASPRING"},
        "refunds": {"object": "list", "data": refunds},
    }
    event = {"id": "evt", "type": "charge.refunded", "created": 1_776_536_001, "data": {"object": charge}}
    one = delivery("stripe-main", event)
    (refund,) = events_of(one)
    assert (refund["event_id"], refund["order_id"]) == ("stripe-main:refund:re_new", "pi_1")
    assert (refund["amount"], refund["currency"], refund["influencer_id"]) == ("5.00", "EUR", "ana")
    assert notes_of(one, "ignored") == ["refund re_old was told before"]


def test_a_call_of_segment_needs_neither_its_library_nor_its_capitals() -> None:
    """Without id and time as from curl: received when it came, and the same bytes are the same event."""
    properties = {"order_id": "7", "total": "9.90", "currency": "EUR", "coupon": "ANASPRING"}
    calls = [
        {"type": "track", "event": name, "userId": "u", "properties": properties}
        for name in ("order_completed", "Completed Order", "Product Added")
    ]
    events = [event for call in calls for event in events_of(delivery("segment-main", call))]
    assert [event["type"] for event in events] == ["purchase", "purchase"]
    assert {event["event_id"] for event in events} == {"segment-main:order:7"}
    assert {(event["occurred_at"], event["time_source"]) for event in events} == {(1_776_537_000_000, "send_time")}
    link = {"type": "page", "context": {"page": {"url": "https://s.example/?ref=ana-1"}}}
    first, again, other = (
        events_of(delivery("segment-main", call))[0] for call in (link, link, {**link, "anonymousId": "a"})
    )
    assert first["event_id"] == again["event_id"] != other["event_id"]


def test_the_headers_of_svix_are_those_of_standard_webhooks() -> None:
    """Its default names for the same scheme: verified, and its id is the event's."""
    plain = kept("standard_webhooks.json")
    renamed = {name.replace("webhook-", "svix-"): value for name, value in plain.headers.items()}
    one = msgspec.structs.replace(plain, headers=renamed)
    verify_either(CATALOGUE["standard"].schemes, [SECRETS["standard"]], one, None)
    assert events_of(one) == events_of(plain) != []
    changed = msgspec.structs.replace(one, body=one.body + b" ")
    with pytest.raises(SignatureError):
        verify_either(CATALOGUE["standard"].schemes, [SECRETS["standard"]], changed, None)


def test_a_cloud_event_may_call_itself_json() -> None:
    """HTTP clients say application/json by themselves: an envelope is known by its specversion."""
    plain = kept("cloudevents_structured.json")
    one = msgspec.structs.replace(plain, source="events-main", headers={"content-type": "application/json"})
    assert events_of(one) == events_of(plain) != []


def test_times_of_meta_and_stripe_may_be_texts() -> None:
    """As automation tools in between write numbers."""
    instagram, stripe = kept("instagram_comments.json"), kept("stripe_checkout_session_completed.json")
    body = json.loads(instagram.body)
    for part in body if isinstance(body, list) else [body]:
        for entry in part["entry"]:
            entry["time"] = str(entry["time"])
    assert events_of(msgspec.structs.replace(instagram, body=json.dumps(body).encode())) == events_of(instagram)
    event = json.loads(stripe.body)
    event["created"] = str(event["created"])
    assert events_of(msgspec.structs.replace(stripe, body=json.dumps(event).encode())) == events_of(stripe)


def test_a_reply_on_threads_is_a_comment() -> None:
    """By Meta's webhook of Threads: its own time, the root post, and the reply it answers."""
    value = {
        "id": "8901234",
        "username": "Mia.M",
        "text": "so nice",
        "replied_to": {"id": "567890"},
        "root_post": {"id": "123456", "owner_id": "99", "username": "ana"},
        "timestamp": "2026-04-18T16:33:16+0000",
    }
    body = {"app_id": "1", "topic": "moderate", "target_id": "78901", "time": 1_776_530_000}
    person = {"influencer_id": "ana", "handle": "a", "platform": "threads", "accounts": {"threads": ["99"]}}
    placer = with_definition(influencers=[person])
    one = delivery("instagram-main", {**body, "values": {"field": "replies", "value": value}})
    (event,) = events_of(one, placer)
    assert (event["type"], event["platform"], event["influencer_id"]) == ("comment.created", "threads", "ana")
    assert (event["event_id"], event["comment_id"], event["post_id"]) == ("8901234", "8901234", "123456")
    assert (event["author_id"], event["parent_id"], event["text"]) == ("mia.m", "567890", "so nice")
    assert (event["occurred_at"], event["time_source"]) == ("2026-04-18T16:33:16Z", "payload")
    other = delivery("instagram-main", {**body, "values": {"field": "mentions", "value": value}})
    assert "mentions" in notes_of(other, "ignored")[0]


def test_a_comment_that_was_changed_on_a_page_is_its_newest_version() -> None:
    """Facebook tells edits: the same comment, an id of its own, at the moment of the change."""
    value = {"item": "comment", "verb": "edited", "comment_id": "c1", "post_id": "p1", "from": {"id": "7"}}
    value |= {"created_time": 1_776_528_250, "message": "better"}
    person = {"influencer_id": "ana", "handle": "a", "platform": "facebook", "accounts": {"facebook": ["70"]}}
    placer = with_definition(influencers=[person])
    entry = {"id": "70", "time": 1_776_528_900, "changes": [{"field": "feed", "value": value}]}
    (event,) = events_of(delivery("facebook-main", {"object": "page", "entry": [entry]}), placer)
    assert (event["type"], event["comment_id"], event["text"]) == ("comment.created", "c1", "better")
    assert (event["event_id"], event["occurred_at"]) == ("c1@1776528900000", 1_776_528_900_000)
