"""Every export of the samples becomes the events that a person would write for it."""

import json
from typing import Any

import msgspec
import pytest

from models.sources import SourceRules
from streams.connectors.drafts import Delivery, Draft
from streams.connectors.forms import read_sweepwidget
from streams.connectors.woocommerce import read as read_woocommerce
from tests.unit.agents.imports.exports import NOW_MS, SAMPLES, campaign, imported

COMMENT: dict[str, Any] = {
    "type": "comment.created",
    "event_id": "17900000000000001",
    "campaign_id": "spring",
    "platform": "instagram",
    "influencer_id": "ana",
    "occurred_at": "2026-04-18T16:04:05Z",
    "time_source": "payload",
    "post_id": "18000000000000001",
    "comment_id": "17900000000000001",
    "author_id": "fan_77",
    "author_handle": "fan_77",
    "text": "I'm in! 🎉",
}
REPLY = {
    **COMMENT,
    "event_id": "17900000000000003",
    "comment_id": "17900000000000003",
    "occurred_at": "2026-04-18T16:04:11Z",
    "author_id": "zoe_79",
    "author_handle": "zoe_79",
    "text": "good luck",
    "parent_id": "17900000000000001",
}
IN_EXPORT = {"post_id": "DxAbCdEfGh1"}
TIKTOK = {
    **COMMENT,
    "event_id": "comment:7247303576418566913",
    "comment_id": "7247303576418566913",
    "platform": "tiktok",
    "influencer_id": "bruno",
    "post_id": "7203946942097902849",
    "author_id": "tt-user-global-0001",
    "author_handle": "fan77",
    "text": "pick me 🙏",
}
YOUTUBE = {
    **COMMENT,
    "event_id": "UgxPulse0001",
    "comment_id": "UgxPulse0001",
    "platform": "youtube",
    "influencer_id": "chloe",
    "occurred_at": "2026-04-18T16:05:00Z",
    "post_id": "vid_pulse01",
    "author_id": "UCfan000000000000000001",
    "author_handle": "@fan01",
    "text": 'So good \n"wow" 😍',
}
YOUTUBE_REPLY = {
    **YOUTUBE,
    "event_id": "UgxPulse0001.9abc",
    "comment_id": "UgxPulse0001.9abc",
    "occurred_at": "2026-04-18T16:07:00Z",
    "author_id": "UCfan000000000000000002",
    "author_handle": "@fan02",
    "text": "same",
    "parent_id": "UgxPulse0001",
}
POST = {
    "type": "post.metrics",
    "event_id": "stats:18000000000000001:29608980",
    "campaign_id": "spring",
    "platform": "instagram",
    "influencer_id": "ana",
    "occurred_at": 1776538800000,
    "time_source": "poll_time",
    "post_id": "18000000000000001",
    "likes": 412,
    "comments": 58,
    "shares": 17,
    "views": 9120,
}
TIKTOK_POST = {
    **POST,
    "event_id": "stats:7203946942097902849:29608980",
    "platform": "tiktok",
    "influencer_id": "bruno",
    "post_id": "7203946942097902849",
    "likes": 812,
    "comments": 97,
    "shares": 40,
    "views": 20112,
}
WITHOUT_VIEWS = {name: value for name, value in POST.items() if name != "views"}
CODED_POST = {"event_id": "stats:DxAbCdEfGh1:29608980", "post_id": "DxAbCdEfGh1"}
ORDER = {
    "type": "purchase",
    "event_id": "shopify-main:order:5900000000001",
    "campaign_id": "spring",
    "platform": "shop",
    "influencer_id": "ana",
    "occurred_at": "2026-04-18T16:10:00Z",
    "time_source": "payload",
    "order_id": "5900000000001",
    "amount": "39.90",
    "currency": "EUR",
    "discount_code": "AnaSpring",
}
SIGNUP = {
    "type": "signup",
    "campaign_id": "spring",
    "time_source": "payload",
    # HMAC-SHA256 of mia@example.com with an empty key, the first 24 digits.
    "author_id": "e:a87ff803fbfa80c60bf06085",
    "author_platform": "email",
}


def order(number: str, **changes: Any) -> dict[str, Any]:
    """Return a purchase like the first one; None takes a field away."""
    made = {**ORDER, "order_id": number, **changes}
    return {name: value for name, value in made.items() if value is not None}


def refund(number: str, event_id: str, amount: str, **changes: Any) -> dict[str, Any]:
    """Return a refund of an order."""
    fixed = {"type": "refund", "event_id": event_id, "amount": amount, "time_source": "poll_time"}
    return order(number, **{**fixed, **changes})


SHOPIFY = "shopify-main:"
WOO = "woocommerce-main:"
NOBODY: dict[str, Any] = {"influencer_id": None, "discount_code": None}
BRUNO: dict[str, Any] = {"influencer_id": "bruno", "discount_code": "bruno15"}
LETTERS: dict[str, Any] = {"influencer_id": None, "discount_code": "ANASPRINGXK"}
WOO_PAID: dict[str, Any] = {"event_id": WOO + "order:727", "discount_code": "anaspring"}
EXPECTED: dict[str, list[dict[str, Any]]] = {
    "comments_generic.csv": [COMMENT],
    "exportcomments_instagram.csv": [
        {**COMMENT, **IN_EXPORT, "text": "I'm in! 🎉 @mia_k @tom.b"},
        {**REPLY, **IN_EXPORT},
        {
            **COMMENT,
            **IN_EXPORT,
            "event_id": "17900000000000004",
            "comment_id": "17900000000000004",
            "occurred_at": "2026-04-18T16:05:00Z",
            "author_id": "=cmd_user",
            "author_handle": "=cmd_user",
            "text": "line one\nline, two",
        },
    ],
    "instagram_graph_comments.json": [
        {**COMMENT, "text": "I'm in! 🎉 @mia_k @tom.b"},
        REPLY,
        {
            **COMMENT,
            "event_id": "17900000000000005",
            "comment_id": "17900000000000005",
            "occurred_at": "2026-04-18T16:03:00Z",
            "author_id": "gif_only",
            "author_handle": "gif_only",
            "text": "",
        },
    ],
    "instagram_apify_comments.csv": [{**COMMENT, **IN_EXPORT, "author_handle": "Fan_77"}],
    "tiktok_business_comments.json": [TIKTOK],
    "tiktok_apify_comments.json": [
        {**TIKTOK, "author_id": "6800000000000000077"},
        {
            **TIKTOK,
            "event_id": "comment:7247303576418566914",
            "comment_id": "7247303576418566914",
            "occurred_at": "2026-04-18T16:05:00Z",
            "author_id": "6800000000000000079",
            "author_handle": "zoe",
            "text": "me too",
            "parent_id": "7247303576418566913",
        },
    ],
    "youtube_comment_threads.json": [YOUTUBE, YOUTUBE_REPLY],
    "hootsuite_post_performance.csv": [{**POST, "reach": 7310}, {**TIKTOK_POST, "reach": 17004}],
    "hootsuite_analytics_posts.api.json": [{**POST, "saves": 33, "reach": 7310}],
    "sprout_post_performance.csv": [{**POST, "saves": 33, "reach": 7310}],
    "sprout_analytics_posts.api.json": [{**WITHOUT_VIEWS, "saves": 33}],
    "traackr_posts_export.csv": [{**POST, **CODED_POST}],
    "traackr_campaign_posts.api.json": [{**POST, **CODED_POST, "saves": 33, "reach": 7310}],
    "upfluence_orders_export.csv": [
        order("5900000000001", event_id="upfluence:order:5900000000001", amount="28.25", **LETTERS),
        order(
            "5900000000002",
            event_id="upfluence:order:5900000000002",
            amount="28.25",
            **LETTERS,
            occurred_at="2026-04-18T17:00:00Z",
        ),
        refund(
            "5900000000002",
            "upfluence:refund:5900000000002:28.25",
            "28.25",
            **LETTERS,
            occurred_at="2026-04-18T17:00:00Z",
        ),
    ],
    "shopify_orders_export.csv": [
        order("5900000000001", click_id="ana-81f3", author_id="mia_k", author_platform="instagram"),
        refund("5900000000001", "shopify-main:refund:5900000000001:20.00", "20.00"),
        order(
            "5900000000002",
            event_id="shopify-main:order:5900000000002",
            amount="1200.00",
            occurred_at="2026-04-18T16:59:58Z",
            **NOBODY,
        ),
        order(
            "5900000000005",
            event_id="shopify-main:order:5900000000005",
            amount="10.00",
            occurred_at="2026-04-18T17:07:00Z",
            **BRUNO,
        ),
        refund(
            "5900000000005",
            "shopify-main:refund:5900000000005:10.00",
            "10.00",
            occurred_at="2026-04-18T18:00:00Z",
            **BRUNO,
        ),
    ],
    "woocommerce_orders_export.csv": [
        order("727", **WOO_PAID),
        order("728", event_id=WOO + "order:728", amount="1239.50", occurred_at="2026-04-18T16:12:00Z", **NOBODY),
        refund("728", WOO + "refund:728:20.00", "20.00", occurred_at="2026-04-18T16:12:00Z", **NOBODY),
        order("730", event_id=WOO + "order:730", amount="10.00", occurred_at="2026-04-18T16:14:00Z", **BRUNO),
        refund("730", WOO + "refund:730:10.00", "10.00", occurred_at="2026-04-18T16:14:00Z", **BRUNO),
    ],
    "woocommerce_rest_orders.json": [
        order("727", occurred_at="2026-04-18T16:10:03Z", utm_source="ana", utm_campaign="spring-giveaway", **WOO_PAID)
    ],
    "gleam_actions_export.csv": [
        {
            **SIGNUP,
            "event_id": "gleam:244523423",
            "platform": "gleam",
            "influencer_id": "ana",
            "occurred_at": "2026-04-18T16:14:37Z",
            "utm_source": "ana",
            "utm_campaign": "spring-giveaway",
        }
    ],
    "viralsweep_entries.csv": [
        {**SIGNUP, "event_id": "viralsweep:99001", "platform": "viralsweep", "occurred_at": "2026-04-18T10:14:37Z"}
    ],
    "ga4_bigquery_events_20260418.ndjson": [
        {
            "type": "click",
            "event_id": "ga4:session:1234567890.1776528000:1776528000",
            "campaign_id": "spring",
            "platform": "shop",
            "influencer_id": "ana",
            "occurred_at": "2026-04-18T16:04:05.250Z",
            "time_source": "payload",
            "utm_source": "ana",
            "utm_medium": "influencer",
            "utm_campaign": "spring-giveaway",
        },
        order(
            "#1001",
            event_id="ga4:purchase:#1001",
            occurred_at="2026-04-18T16:10:55.999Z",
            amount="34.9",
            utm_source="ana",
            utm_medium="influencer",
            utm_campaign="spring-giveaway",
        ),
    ],
    "aspire_members_export.csv": [],
    "aspire_sales_tracking_export.csv": [],
    "ga4_report_traffic_acquisition.csv": [],
    "hootsuite_account_metrics.csv": [],
    "sprout_profile_performance.csv": [],
    "upfluence_list_import_template.csv": [],
}
REFUSED = {
    "comments_generic.csv": [(3, "comment_id", "1.79E+16")],
    "shopify_orders_export.csv": [(9, "Id", "5.9E+12")],
    "woocommerce_orders_export.csv": [(6, "Order Status", "Pre-ordered")],
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_events(name: str) -> None:
    """An export becomes the events that stand above, and the rows that stand above are refused."""
    events, refused, _ = imported(SAMPLES / name)
    assert events == EXPECTED[name]
    assert [(each.line, each.column, each.value) for each in refused] == REFUSED.get(name, [])


@pytest.mark.parametrize("name", ["rafflecopter_entries.csv", "sweepwidget_entries.csv"])
def test_entries_without_ids(name: str) -> None:
    """An entry without an id has one made of what it says: the same twice, and the address itself nowhere."""
    (first,), _, _ = imported(SAMPLES / name)
    (again,), _, _ = imported(SAMPLES / name)
    assert first == again
    assert len(first["event_id"].rpartition(":")[2]) == 32
    assert first["author_id"] == SIGNUP["author_id"]
    assert "mia@example.com" not in json.dumps(first)


def test_orders_without_a_currency() -> None:
    """Exports that state no currency are refused until the user says it; a day without a time is its noon."""
    name = SAMPLES / "ga4_exploration_transactions.csv"
    events, refused, report = imported(name)
    assert (events, {each.column for each in refused}, report.skipped) == ([], {"currency"}, {"totals": 1})
    events, refused, _ = imported(name, currency="EUR")
    assert [(each["event_id"], each["amount"], each["occurred_at"], each["time_source"]) for each in events] == [
        ("ga4:purchase:#1001", "34.9", "2026-04-18T10:00:00Z", "poll_time"),
        ("ga4:purchase:#1002", "39.9", "2026-04-18T10:00:00Z", "poll_time"),
    ]
    assert [each.get("influencer_id") for each in events] == ["ana", None]


def test_analytics_of_a_shop() -> None:
    """A list of orders with a net amount and no currency takes that of the user; failed orders are none."""
    events, _, report = imported(SAMPLES / "woocommerce_analytics_orders.csv", currency="EUR")
    assert [(each["event_id"], each["amount"], each["influencer_id"]) for each in events] == [
        (WOO + "order:727", "34.9", "ana")
    ]
    assert report.skipped == {"orders that nobody paid (failed)": 1}


def test_parsed_times_before_relative_ones() -> None:
    """A comment downloader writes "2 weeks ago" and, beside it, when that was: the latter counts."""
    events, refused, _ = imported(SAMPLES / "youtube_downloader_comments.ndjson", posts={"": "vid_pulse01"})
    assert refused == []
    assert [(each["occurred_at"], each.get("parent_id")) for each in events] == [
        ("2026-04-18T16:05:00Z", None),
        ("2026-04-18T16:07:00Z", "UgxPulse000000000000000001"),
    ]


def test_local_times_need_a_zone() -> None:
    """Without a zone every row with a local time is refused, with the way out; nothing is guessed."""
    events, refused, _ = imported(SAMPLES / "exportcomments_instagram.csv", zone=None)
    assert events == []
    assert [(each.line, each.column) for each in refused] == [(8, "Date"), (9, "Date"), (10, "Date")]
    assert all("--zone" in each.reason for each in refused)


def test_posts_by_the_ids_of_hooks() -> None:
    """A post that the file knows by the short code of its address gets the id that the user gives."""
    given = {"https://www.instagram.com/p/DxAbCdEfGh1/": "18000000000000001"}
    events, _, _ = imported(SAMPLES / "exportcomments_instagram.csv", posts=given)
    assert {each["post_id"] for each in events} == {"18000000000000001"}
    (post,), _, _ = imported(SAMPLES / "traackr_posts_export.csv", posts=given)
    assert post == POST


def test_events_pass_as_they_are() -> None:
    """Files of our own events are taken over byte for byte."""
    assert campaign().campaign_id == "spring"
    own = SAMPLES / "own_events.ndjson"
    events, refused, report = imported(own)
    assert events == [json.loads(line) for line in own.read_text().splitlines()]
    assert (refused, report.rows) == ([], 3)


def test_entries_of_sweepwidget_as_by_poll() -> None:
    """An entry of the export has the id that a poll of the same entry has."""
    (entry,), _, _ = imported(SAMPLES / "sweepwidget_entries.csv")
    body = (SAMPLES / "sweepwidget_entries.poll.json").read_bytes()
    delivery = Delivery(
        source="sweepwidget-main",
        body=body,
        headers={},
        received_ms=NOW_MS,
        rules=SourceRules(time_zone="Europe/Vienna"),
        person_key=b"",
    )
    (draft,) = (told for told in read_sweepwidget(delivery) if isinstance(told, Draft))
    assert entry["event_id"] == draft.event_id
    assert {name: entry[name] for name in draft.fields} == draft.fields


def test_comments_and_orders_as_by_hook() -> None:
    """What a hook and a file tell of one order has one event id, one order id and one buyer."""
    definition = campaign()
    (first, *_), _, _ = imported(SAMPLES / "woocommerce_rest_orders.json", definition=definition)
    body = msgspec.json.encode(msgspec.json.decode((SAMPLES / "woocommerce_rest_orders.json").read_bytes())[0])
    delivery = Delivery(source="woocommerce-main", body=body, headers={}, received_ms=NOW_MS, rules=SourceRules())
    (draft,) = (told for told in read_woocommerce(delivery) if isinstance(told, Draft) and told.type == "purchase")
    assert (first["event_id"], first["occurred_at"]) == (draft.event_id, draft.occurred_at)
    assert {name: first[name] for name in draft.fields} == draft.fields
