"""What vendors document beside the usual: other topics, fields and events of the same hooks, each judged by hand."""

import json
from typing import Any

import pytest

from streams.connectors.placing import Placer
from tests.unit.streams.connectors.deliveries import FOLDER, delivery, events_of, mapped, notes_of
from tests.unit.streams.connectors.test_shops import with_definition

ORDER = json.loads((FOLDER / "shopify_orders_create.json").read_text("utf-8"))
SESSION = json.loads((FOLDER / "stripe_checkout_session_completed.json").read_text("utf-8"))
WOO = json.loads((FOLDER / "woocommerce_order_created.json").read_text("utf-8"))
TRIGGERED = "2026-04-18T18:29:00Z"
ANA = "17841400000000001"
ANA_ON_X = "1111111111111111111"


def brief(events: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Some members of every event."""
    return [tuple(event.get(name) for name in names) for event in events]


def of_instagram(field: str, value: Any) -> dict[str, Any]:
    """Return a webhook of ana's account."""
    entry = {"id": ANA, "time": 1_776_528_250, "changes": [{"field": field, "value": value}]}
    return {"object": "instagram", "entry": [entry]}


def of_page(value: dict[str, Any]) -> dict[str, Any]:
    """Return a webhook of a page's feed, told at 16:04:11."""
    return {"object": "page", "entry": [{"id": "70", "time": 1_776_528_251, "changes": [{"field": "feed", **value}]}]}


@pytest.fixture
def page_of_ana() -> Placer:
    """A definition in which the page 70 is ana's."""
    person = {"influencer_id": "ana", "handle": "a", "platform": "facebook", "accounts": {"facebook": ["70"]}}
    return with_definition(influencers=[person])


def test_a_comment_on_an_ad_is_a_comment() -> None:
    """It calls its id comment_id, and names the post that the ad was made of."""
    media = {"id": "18000000000000777", "ad_id": "1", "ad_title": "t", "original_media_id": "18000000000000001"}
    value = {"from": {"id": "2", "username": "Mia"}, "comment_id": "17865799348089039", "text": "hi", "media": media}
    (event,) = events_of(delivery("instagram-main", of_instagram("comments", value)))
    assert (event["event_id"], event["comment_id"], event["influencer_id"]) == (
        "17865799348089039",
        "17865799348089039",
        "ana",
    )


def test_a_story_that_is_over_tells_its_counts_once() -> None:
    """Reach and views; replies are private messages, and no comments."""
    value = {"media_id": "1800", "impressions": 444, "reach": 44, "taps_forward": 4, "exits": 3, "replies": 2}
    (event,) = events_of(delivery("instagram-main", of_instagram("story_insights", value)))
    assert event == {
        "type": "post.metrics",
        "event_id": "insights:1800:29608804",
        "campaign_id": "spring",
        "platform": "instagram",
        "influencer_id": "ana",
        "occurred_at": 1_776_528_250_000,
        "time_source": "send_time",
        "post_id": "1800",
        "views": 444,
        "reach": 44,
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (of_instagram("mentions", {"media_id": "1", "comment_id": "2"}), "mentions: a comment 2"),
        (of_instagram("mentions", {"media_id": "1"}), "mentions: a caption"),
        ({"object": "instagram", "entry": [{"id": ANA, "time": 1, "messaging": [{}]}]}, "private messages"),
        ({"object": "page", "entry": [{"id": "70", "time": 1, "standby": []}]}, "private messages"),
        ({"object": "permissions", "entry": [{"id": "0", "time": 1, "changed_fields": ["email"]}]}, "changed_fields"),
        ({"object": "instagram", "entry": []}, "no entry"),
        (of_page({"value": {"item": "reaction", "verb": "add", "post_id": "70_1"}}), "reaction"),
        (of_page({"value": {"item": ["post"], "verb": {}, "post_id": "70_1"}}), "not counted"),
    ],
)
def test_what_else_meta_sends_is_left_out_and_said(body: dict[str, Any], said: str) -> None:
    """An app's one address gets all of it; none of it is a fault that waits for a mapping."""
    done = mapped(delivery("instagram-main", body))
    assert (done.events, len(done.notes), done.notes[0].kind) == ([], 1, "ignored")
    assert said in done.notes[0].detail


@pytest.mark.parametrize(
    ("verb", "made"),
    [
        ("add", ("comment.created", "c1", 1_776_528_000_000, "payload")),
        ("update", ("comment.created", "c1@1776528251000", 1_776_528_251_000, "send_time")),
        ("unhide", ("comment.created", "c1@1776528251000", 1_776_528_251_000, "send_time")),
        ("remove", ("comment.deleted", "deleted:c1", 1_776_528_000_000, "payload")),
        ("delete", ("comment.deleted", "deleted:c1", 1_776_528_000_000, "payload")),
        ("hide", ("comment.deleted", "deleted:c1@1776528251000", 1_776_528_251_000, "send_time")),
    ],
)
def test_every_verb_of_a_pages_comment_is_read(page_of_ana: Placer, verb: str, made: tuple[Any, ...]) -> None:
    """A hidden comment is gone until it is shown again, as on TikTok."""
    value = {"item": "comment", "verb": verb, "comment_id": "c1", "post_id": "70_1", "from": {"id": "9"}}
    value |= {"created_time": 1_776_528_000, "message": "hi"}
    events = events_of(delivery("facebook-main", of_page({"value": value})), page_of_ana)
    assert brief(events, "type", "event_id", "occurred_at", "time_source") == [made]


def test_a_pages_own_post_is_published_and_a_visitors_is_not(page_of_ana: Placer) -> None:
    """By who wrote it."""
    value = {"item": "photo", "verb": "add", "post_id": "70_2", "from": {"id": "70"}, "created_time": 1_776_528_000}
    for changed, made in (
        ({}, [("post.published", "70_2", "ana", 1_776_528_000_000)]),
        ({"verb": "remove"}, [("post.deleted", "deleted:70_2", "ana", 1_776_528_000_000)]),
        ({"from": {"id": "9"}}, []),
        ({"published": 0}, []),
    ):
        events = events_of(delivery("facebook-main", of_page({"value": {**value, **changed}})), page_of_ana)
        assert brief(events, "type", "event_id", "influencer_id", "occurred_at") == made


def test_an_unpaid_order_that_is_cancelled_is_taken_back_though_its_goods_are_restocked() -> None:
    """Shopify writes the restocking as a refund without any money."""
    restocked = {"id": 5, "created_at": "2026-04-18T20:00:00+02:00", "refund_line_items": [{}], "transactions": []}
    changed = {"cancelled_at": "2026-04-18T20:00:00+02:00", "financial_status": "voided", "refunds": [restocked]}
    one = delivery(
        "shopify-main", {**ORDER, **changed}, x_shopify_topic="orders/cancelled", x_shopify_triggered_at=TRIGGERED
    )
    made = brief(events_of(one), "type", "event_id", "amount", "occurred_at")
    assert made == [("refund", "shopify-main:cancelled:5900000000001", "39.90", "2026-04-18T20:00:00+02:00")]


@pytest.mark.parametrize(
    ("transaction", "amount"),
    [
        # 39.90 EUR were 43.89 USD: 1.10 USD for a euro.
        ({"amount": "22.00", "currency": "USD"}, "20.00"),
        ({"amount": "43.89", "currency": "USD"}, "39.90"),
        ({"amount": "10.00", "currency": "USD"}, "9.09"),
        ({"amount": "10.00", "currency": "eur"}, "10.00"),
        (
            {
                "amount": "22.00",
                "currency": "USD",
                "amount_set": {"shop_money": {"amount": "19.87", "currency_code": "EUR"}},
            },
            "19.87",
        ),
    ],
)
def test_a_refund_in_the_buyers_currency_is_told_in_the_shops(transaction: dict[str, Any], amount: str) -> None:
    """Transactions are in what the buyer paid with: turned back at the rate of the order itself."""
    rate = {"shop_money": {"amount": "39.90", "currency_code": "EUR"}}
    rate |= {"presentment_money": {"amount": "43.89", "currency_code": "USD"}}
    refund = {"id": 6, "created_at": "2026-04-18T20:00:00+02:00"}
    refund |= {"transactions": [{"kind": "refund", "status": "success", **transaction}]}
    order = {**ORDER, "presentment_currency": "USD", "total_price_set": rate, "refunds": [refund]}
    one = delivery("shopify-main", order, x_shopify_topic="orders/updated", x_shopify_triggered_at=TRIGGERED)
    assert brief(events_of(one), "event_id", "amount", "currency") == [("shopify-main:refund:6", amount, "EUR")]


def test_a_refund_in_a_currency_of_neither_is_no_sum() -> None:
    """Nothing says what it is worth."""
    refund = {"id": 6, "created_at": "2026-04-18T20:00:00+02:00"}
    refund |= {"transactions": [{"kind": "refund", "status": "success", "amount": "1.00", "currency": "GBP"}]}
    one = delivery("shopify-main", {**ORDER, "refunds": [refund]}, x_shopify_topic="orders/updated")
    assert "a transaction in GBP" in notes_of(one, "unmapped")[0]


def test_a_code_that_only_its_discount_names_is_the_orders() -> None:
    """Some checkouts leave `discount_codes` empty; a discount without a code is nobody's."""
    automatic = {"type": "automatic", "title": "Spring", "code": "NOT-A-CODE"}
    applied = [automatic, {"type": "discount_code", "code": "AnaSpring"}]
    order = {**ORDER, "discount_codes": [], "discount_applications": applied}
    (event,) = events_of(delivery("shopify-main", order, x_shopify_topic="orders/create"))
    assert event["discount_code"] == "AnaSpring"


def test_a_test_notification_of_shopify_is_a_test() -> None:
    """The button in the admin says so in a header."""
    one = delivery("shopify-main", ORDER, x_shopify_topic="orders/create", x_shopify_test="true")
    assert brief(events_of(one), "test") == [(True,)]


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("orders/edited", "orders/updated tells"),
        ("customers/redact", "giveaway forget"),
        ("customers/data_request", "giveaway forget"),
        ("shop/redact", "giveaway forget"),
        ("app/uninstalled", "app/uninstalled"),
        ("checkouts/update", "checkouts/update"),
    ],
)
def test_topics_without_an_order_are_left_out_and_said(topic: str, said: str) -> None:
    """Each is answered with success: Shopify would end the subscription."""
    body = {"order_edit": {"id": 1, "order_id": 5}, "customer": {"id": 1, "email": "mia@example.com"}}
    (note,) = notes_of(delivery("shopify-main", body, x_shopify_topic=topic), "ignored")
    assert said in note
    assert "mia" not in note


def session(event: dict[str, Any] | None = None, **changed: Any) -> Any:
    """Return a delivery of the checkout with other members."""
    about = {**SESSION["data"]["object"], **changed}
    return delivery("stripe-main", {**SESSION, **(event or {}), "data": {"object": about}})


def test_a_session_that_keeps_a_card_buys_nothing() -> None:
    """Mode `setup` has neither sum nor currency."""
    nothing: dict[str, Any] = dict.fromkeys(("amount_total", "amount_subtotal", "currency", "payment_intent"))
    one = session(mode="setup", payment_status="no_payment_required", **nothing)
    assert events_of(one) == []
    assert "nothing was bought" in notes_of(one, "ignored")[0]


@pytest.mark.parametrize(
    ("currency", "units", "amount"),
    [
        ("eur", 3490, "34.90"),
        ("jpy", 3490, "3490"),
        ("ugx", 500, "5.00"),
        ("isk", 500, "5.00"),
        ("kwd", 12340, "12.340"),
    ],
)
def test_sums_of_stripe_are_in_its_own_smallest_unit(currency: str, units: int, amount: str) -> None:
    """Shillings of Uganda and crowns of Iceland have no cents, and Stripe writes them with two decimals."""
    assert brief(events_of(session(currency=currency, amount_total=units)), "amount") == [(amount,)]


def test_an_expanded_promotion_code_has_the_code_in_it() -> None:
    """Nothing is missing then."""
    one = session(metadata={}, discounts=[{"coupon": None, "promotion_code": {"id": "promo_1", "code": "ANASPRING"}}])
    (event,) = events_of(one)
    assert (event["discount_code"], event["influencer_id"]) == ("ANASPRING", "ana")
    assert notes_of(one, "incomplete") == []


def test_a_refund_of_stripe_is_placed_by_the_time_of_its_charge() -> None:
    """Given back five days after the end, of what was bought in the campaign's time."""
    charge = {"id": "ch_1", "created": 1_776_528_650, "metadata": {"discount_code": "ANASPRING"}}
    refund = {"id": "re_1", "amount": 500, "currency": "eur", "status": "succeeded", "payment_intent": "pi_1"}
    refund |= {"created": 1_776_974_400, "charge": charge}
    event = {**SESSION, "type": "refund.created", "created": 1_776_974_401, "data": {"object": refund}}
    one = delivery("stripe-main", event, 1_776_974_402_000)
    assert brief(events_of(one), "event_id", "influencer_id") == [("stripe-main:refund:re_1", "ana")]


def test_the_page_on_which_a_visit_began_tells_what_the_link_said() -> None:
    """WooCommerce keeps it with the order, click id and all; the attribution's own values go before."""
    entry = "https://shop.example/?utm_source=ana&utm_medium=bio&pulse_click_id=ana-77"
    meta = [
        {"id": 1, "key": "_wc_order_attribution_session_entry", "value": entry},
        {"id": 2, "key": "_wc_order_attribution_utm_medium", "value": "story"},
    ]
    (event,) = events_of(delivery("woo-at", {**WOO, "coupon_lines": [], "meta_data": meta}))
    assert (event["click_id"], event["utm_source"], event["utm_medium"]) == ("ana-77", "ana", "story")
    assert event["influencer_id"] == "ana"


@pytest.mark.parametrize(
    ("event", "made"),
    [
        ("post.publish.publicly_available", [("post.published", "7203946942097902849", 1_776_528_246_000)]),
        (
            "post.publish.no_longer_publicaly_available",
            [("post.deleted", "deleted:7203946942097902849", 1_776_528_246_000)],
        ),
        ("post.publish.complete", []),
        ("authorization.removed", []),
    ],
)
def test_a_post_that_a_tool_has_made_on_tiktok_is_published_when_it_can_be_seen(event: str, made: list[Any]) -> None:
    """Being uploaded is not being there."""
    content = json.dumps({"publish_id": "p", "post_id": "7203946942097902849"})
    body = {"client_key": "k", "event": event, "create_time": 1_776_528_246, "content": content}
    one = delivery("tiktok-main", {**body, "user_openid": "_000pulseBusinessAna"})
    assert brief(events_of(one), "type", "event_id", "occurred_at") == made
    assert notes_of(one, "unmapped") == []


def of_x(post: dict[str, Any]) -> dict[str, Any]:
    """Return a post of version 1.1 by a fan, as Account Activity tells ana of it."""
    post = {
        "id": 2090000000000000000,
        "id_str": "2090000000000000001",
        "created_at": "Sat Apr 18 16:04:05 +0000 2026",
        "text": "@ana_x count me …",
        "user": {"id": 222, "id_str": "222", "screen_name": "fan_x"},
        "in_reply_to_status_id_str": None,
        **post,
    }
    return {"for_user_id": ANA_ON_X, "tweet_create_events": [post]}


OWN = {"id_str": "2080", "user": {"id_str": ANA_ON_X}}
REPLY = {"in_reply_to_status_id_str": "2080", "in_reply_to_user_id_str": ANA_ON_X}


@pytest.mark.parametrize(
    ("post", "made"),
    [
        (
            {**REPLY, "extended_tweet": {"full_text": "@ana_x count me in"}},
            [("comment.created", "2090000000000000001", "2080", "2026-04-18T16:04:05Z", "@ana_x count me in", "fan_x")],
        ),
        (
            {**REPLY, "timestamp_ms": "1776528245123"},
            [("comment.created", "2090000000000000001", "2080", 1_776_528_245_123, "@ana_x count me …", "fan_x")],
        ),
        (
            {"retweeted_status": OWN},
            [("post.reaction", "2090000000000000001", "2080", "2026-04-18T16:04:05Z", None, None)],
        ),
        (
            {"quoted_status": OWN, "is_quote_status": True},
            [("post.reaction", "2090000000000000001", "2080", "2026-04-18T16:04:05Z", None, None)],
        ),
        (
            {"user": {"id_str": ANA_ON_X}},
            [("post.published", "2090000000000000001", "2090000000000000001", "2026-04-18T16:04:05Z", None, None)],
        ),
        ({}, []),
        ({**REPLY, "in_reply_to_user_id_str": "333"}, []),
        ({"retweeted_status": {"id_str": "1", "user": {"id_str": "333"}}, "quoted_status": OWN}, []),
        ({"user": {"id_str": ANA_ON_X}, **REPLY}, []),
    ],
)
def test_posts_of_account_activity_are_those_of_the_activity_api(post: dict[str, Any], made: list[Any]) -> None:
    """The same ids, by whose they are; mentions and what the account does elsewhere are none of its numbers."""
    one = delivery("x-main", of_x(post))
    events = events_of(one)
    assert brief(events, "type", "event_id", "post_id", "occurred_at", "text", "author_handle") == made
    assert len(notes_of(one, "ignored")) == (0 if made else 1)


def test_likes_and_removals_of_account_activity() -> None:
    """Likes of posts of its own, at the moment of the like; posts that it has deleted."""
    like = {"id": "87719f", "timestamp_ms": "1776528245236", "favorited_status": OWN, "user": {"id_str": "222"}}
    given = {**like, "favorited_status": {"id_str": "9", "user": {"id_str": "333"}}}
    gone = {"status": {"id": "2080", "user_id": ANA_ON_X}, "timestamp_ms": "1776528300000"}
    body = {"for_user_id": ANA_ON_X, "favorite_events": [like, given], "tweet_delete_events": [gone]}
    one = delivery("x-main", {**body, "follow_events": [{}]})
    assert brief(events_of(one), "type", "event_id", "post_id", "kind", "occurred_at") == [
        ("post.reaction", "87719f", "2080", "like", 1_776_528_245_236),
        ("post.deleted", "deleted:2080", "2080", None, 1_776_528_300_000),
    ]
    assert [("by the account" in note, "follow_events" in note) for note in notes_of(one, "ignored")] == [
        (True, False),
        (False, True),
    ]
    revoked = delivery("x-main", {"user_event": {"revoke": {"date_time": "2026-04-18T09:48:12+00:00"}}})
    assert "withdrawn" in notes_of(revoked, "ignored")[0]


def test_a_post_of_account_activity_without_a_time_is_told() -> None:
    """Nothing is guessed."""
    one = delivery("x-main", of_x({**REPLY, "created_at": "yesterday"}))
    assert "'yesterday' is no time" in notes_of(one, "unmapped")[0]
    del (body := of_x(REPLY))["tweet_create_events"][0]["created_at"]
    assert "timestamp_ms is missing" in notes_of(delivery("x-main", body), "unmapped")[0]


FEED = (
    '<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns="http://www.w3.org/2005/Atom">'
    "<title>YouTube video feed</title><updated>2026-04-18T17:00:07+00:00</updated>%s</feed>"
)
VIDEO = (
    "<entry><yt:videoId>vid_pulse01</yt:videoId><yt:channelId>UCana000000000000000001</yt:channelId>"
    "<published>%s</published><updated>2026-04-18T17:00:07+00:00</updated></entry>"
)


@pytest.mark.parametrize(
    ("published", "count"),
    [("2026-04-18T16:00:00+00:00", 1), ("2026-04-16T17:00:08+00:00", 1), ("2026-04-16T17:00:07+00:00", 0)],
)
def test_a_new_title_of_an_old_video_is_no_new_video(published: str, count: int) -> None:
    """The hub tells of every change; ids are remembered for three days, and from two on it is said instead."""
    one = delivery("youtube-main", (FEED % (VIDEO % published)).encode())
    assert len(events_of(one)) == count
    assert len(notes_of(one, "ignored")) == 1 - count


def test_a_feed_without_a_video_is_said() -> None:
    """Not a line of output less than what was asked for."""
    assert notes_of(delivery("youtube-main", (FEED % "").encode()), "ignored") == ["the feed has no entry"]


def test_a_message_of_a_shared_chat_counts_where_it_was_written() -> None:
    """Twitch shows it in every channel of the chat, each time under another id."""
    event = {"broadcaster_user_id": "12826", "chatter_user_id": "4", "message_id": "m-1", "message": {"text": "hi"}}
    headers = {"twitch_eventsub_message_timestamp": "2026-04-18T16:04:05.123456789Z"}
    for source, count in ((None, 1), ("12826", 1), ("112233", 0)):
        body = {"subscription": {"type": "channel.chat.message"}}
        one = delivery("twitch-main", {**body, "event": {**event, "source_broadcaster_user_id": source}}, **headers)
        assert len(events_of(one)) == count
        assert len(notes_of(one, "ignored")) == 1 - count


def of_ga4(name: str, **params: Any) -> Any:
    """Return a call of the Measurement Protocol with one event."""
    sent = {"name": name, "params": {"currency": "EUR", "value": 20, **params}}
    return delivery("ga4-main", {"client_id": "1.2", "timestamp_micros": 1_776_528_245_250_000, "events": [sent]})


@pytest.mark.parametrize(
    ("debug", "test"), [(1, True), (True, True), ("1", True), (0, None), (False, None), ([], None)]
)
def test_what_a_developer_tries_out_is_a_test(debug: Any, test: bool | None) -> None:
    """`debug_mode`: Google shows it in DebugView."""
    assert brief(events_of(of_ga4("purchase", transaction_id="T1", debug_mode=debug)), "test") == [(test,)]


def test_a_refund_of_analytics_says_the_shop_of_its_purchase() -> None:
    """Orders are told apart by shop: one without it would never meet its order."""
    assert brief(events_of(of_ga4("refund", transaction_id="T1")), "event_id", "order_id") == [
        ("ga4:refund:T1:1776528245250000", "T1")
    ]
    properties = {"order_id": "7", "total": 9.5, "currency": "EUR"}
    call = {"type": "track", "messageId": "m-1", "timestamp": "2026-04-18T16:10:00Z", "properties": properties}
    placer = with_definition(sources={"segment-main": {"default": True}})
    for name, event_id in (("Order Completed", "segment-main:order:7"), ("Order Refunded", "segment-main:refund:m-1")):
        events = events_of(delivery("segment-main", {**call, "event": name}), placer)
        assert brief(events, "event_id", "order_id", "amount") == [(event_id, "7", "9.5")]


def test_an_entry_of_gleams_integration_has_no_id_of_its_own() -> None:
    """Campaign, person, action and time are one: sent again, it is the same entry."""
    entry = {"entry_method_id": 334222, "created_at": "2026-04-18 16:14:37 UTC", "type": "email_subscribe"}
    body = {"campaign": {"key": "a1XyD"}, "user": {"email": "mia@example.com"}, "entry": entry}
    placer = with_definition(sources={"gleam-main": {"default": True}})
    first, again = (events_of(delivery("gleam-main", body), placer)[0] for _ in range(2))
    later = {**body, "entry": {**entry, "created_at": "2026-04-18 16:14:38 UTC"}}
    assert first == again
    assert first["event_id"] != events_of(delivery("gleam-main", later), placer)[0]["event_id"]
    assert (first["type"], first["occurred_at"]) == ("signup", "2026-04-18T16:14:37Z")
    del body["user"]
    assert "user.email is missing" in notes_of(delivery("gleam-main", body), "unmapped")[0]


@pytest.mark.parametrize(
    ("updated", "made"),
    [
        ("2026-04-18T16:05:00Z", [("c1", "2026-04-18T16:05:00Z")]),
        ("2026-04-18T16:06:00Z", [("c1", "2026-04-18T16:05:00Z"), ("c1@2026-04-18T16:06:00Z", "2026-04-18T16:06:00Z")]),
        ("2026-04-20T16:04:59Z", [("c1", "2026-04-18T16:05:00Z"), ("c1@2026-04-20T16:04:59Z", "2026-04-20T16:04:59Z")]),
        ("2026-04-20T16:05:00Z", [("c1", "2026-04-18T16:05:00Z")]),
        (None, [("c1", "2026-04-18T16:05:00Z")]),
    ],
)
def test_an_edited_comment_of_youtube_has_another_version(updated: str | None, made: list[Any]) -> None:
    """One comment, at its time, with the words of its newest version; days later its id is not known any more."""
    snippet = {"videoId": "vid_pulse01", "textOriginal": "wow", "authorChannelId": {"value": "UC1"}}
    snippet |= {"publishedAt": "2026-04-18T16:05:00Z", "updatedAt": updated}
    body = {"kind": "youtube#commentListResponse", "items": [{"id": "c1", "snippet": snippet}]}
    events = events_of(delivery("youtube-main", body, 1_776_800_000_000))
    assert brief(events, "event_id", "occurred_at") == made
    assert {event["comment_id"] for event in events} == {"c1"}


def test_values_may_stand_in_an_array() -> None:
    """As the text beside the example of Business Login has it; each of them is one."""
    value = {"from": {"id": "2", "username": "Mia"}, "text": "hi", "media": {"id": "18000000000000001"}}
    values = [{**value, "id": "c1"}, {**value, "id": "c2"}]
    entry = {"id": ANA, "time": 1_776_528_250, "field": "comments", "value": values}
    events = events_of(delivery("instagram-main", [{"object": "instagram", "entry": [entry]}]))
    assert brief(events, "event_id", "influencer_id") == [("c1", "ana"), ("c2", "ana")]


@pytest.mark.parametrize(
    ("source", "body", "said"),
    [
        (
            "instagram-main",
            {"error": {"message": "Unsupported get request", "code": 100}},
            "100 Unsupported get request",
        ),
        (
            "youtube-main",
            {"error": {"code": 403, "message": "m", "errors": [{"reason": "quotaExceeded"}]}},
            "403 quotaExceeded m",
        ),
        ("x-main", {"errors": [{"title": "ConnectionException"}]}, "ConnectionException"),
        ("x-main", {"errors": "none"}, "data is missing"),
        ("youtube-main", {"error": []}, "kind is missing"),
    ],
)
def test_an_error_of_the_platform_is_said_as_one(source: str, body: Any, said: str) -> None:
    """Whoever tries an answer by hand sees what the platform said, not what is missing in it."""
    (note,) = notes_of(delivery(source, body), "unmapped")
    assert note.endswith(said)


def test_a_like_without_its_moment_has_that_of_its_arrival() -> None:
    """X gives it "when available"; created_at is the post's."""
    payload = {"id": "8", "created_at": "2026-04-17T06:23:07.000Z"}
    payload |= {"liked_tweet_author_id": ANA_ON_X, "liked_tweet_id": "2080"}
    event = {"event_type": "like.create", "filter": {"user_id": ANA_ON_X}, "payload": payload}
    events = events_of(delivery("x-main", {"data": event}))
    assert brief(events, "kind", "occurred_at", "time_source") == [("like", 1_776_537_000_000, "send_time")]


@pytest.mark.parametrize("given", ["@Mia.K", "mia.k ", "https://www.instagram.com/Mia.K/?hl=de", "instagram.com/mia.k"])
def test_a_buyers_account_may_be_given_as_an_address(given: str) -> None:
    """A field for a name takes what people paste into it."""
    order = {**ORDER, "note_attributes": [{"name": "Instagram", "value": given}]}
    events = events_of(delivery("shopify-main", order, x_shopify_topic="orders/create"))
    assert brief(events, "author_id", "author_platform") == [("mia.k", "instagram")]
