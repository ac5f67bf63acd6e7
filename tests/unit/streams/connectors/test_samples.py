"""What each platform sends becomes the right events, and its signature holds for exactly these bytes."""

import json
from typing import Any

import pytest

from streams.connectors.catalogue import CATALOGUE
from streams.connectors.signatures import SignatureError, verify
from tests.unit.streams.connectors.deliveries import FOLDER, SECRETS, SIGNED, UNSIGNED, events_of, kept, kind_of, mapped

EXPECTED: dict[tuple[str, str], dict[str, Any]] = {
    (event["type"], event["event_id"]): event
    for event in map(json.loads, (FOLDER / "expected.ndjson").read_text("utf-8").splitlines())
}
# What only a poll knows, when the expected event was put together from webhook and poll.
SAMPLES_OF = {
    ("comment.created", "17900000000000001"): "instagram_media_comments.poll.json",
    ("comment.created", "17900000000000003"): "instagram_comments.json",
    ("post.metrics", "stats:18000000000000001:29608804"): "instagram_media_fields.poll.json",
    ("purchase", "shopify-main:order:5900000000001"): "shopify_orders_create.json",
    ("refund", "shopify-main:refund:929361460001"): "shopify_orders_updated_with_refund.json",
    ("comment.created", "LCC.pulse-0001"): "youtube_live_chat.poll.json",
    ("comment.deleted", "LCC.pulse-0003"): "youtube_live_chat.poll.json",
    ("comment.created", "2090000000000000001"): "x_activity_post_reply_create.json",
    ("purchase", "stripe-main:order:pi_pulse1"): "stripe_checkout_session_completed.json",
    ("purchase", "woo-at:order:727"): "woocommerce_order_created.json",
}


@pytest.mark.parametrize("key", SAMPLES_OF, ids=lambda key: "/".join(key))
def test_a_sample_becomes_the_event_that_it_means(key: tuple[str, str]) -> None:
    """Every field of an event comes out as somebody who knows the platform would write it."""
    events = events_of(kept(SAMPLES_OF[key]))
    assert [event for event in events if (event["type"], event["event_id"]) == key] == [EXPECTED[key]]


def test_a_tiktok_comment_has_the_same_id_by_webhook_and_by_poll() -> None:
    """The webhook knows the millisecond, the poll knows text and name; both are one comment, counted once."""
    (by_hook,) = events_of(kept("tiktok_comment_update.json"))
    (by_poll,) = events_of(kept("tiktok_business_comment_list.poll.json"))
    expected = EXPECTED["comment.created", "comment:7247303576418566913"]
    assert by_hook == {**{k: v for k, v in expected.items() if k != "author_handle"}, "text": ""}
    assert by_poll == {**expected, "occurred_at": 1_776_528_245_000}
    assert "text" in mapped(kept("tiktok_comment_update.json")).of_kind("incomplete")[0]


def test_a_comment_is_one_by_webhook_and_by_poll() -> None:
    """Instagram's two ways name a comment alike, so that what came by both counts once."""
    by_hook, by_poll = events_of(kept("instagram_comments.json")), events_of(kept("instagram_media_comments.poll.json"))
    assert {"17900000000000001", "17900000000000003"} <= {event["event_id"] for event in by_hook}
    assert {"17900000000000001", "17900000000000003"} <= {event["event_id"] for event in by_poll}


def test_a_gleam_entry_is_a_signup_of_a_pseudonym() -> None:
    """The e-mail address never leaves the mapping."""
    (event,) = events_of(kept("gleam_post_entry.json"))
    expected = EXPECTED["signup", "gleam:244523423"]
    assert {**event, "author_id": expected["author_id"]} == expected
    assert event["author_id"].startswith("e:")
    assert "mia" not in event["author_id"]


def test_a_pushed_upload_is_a_post() -> None:
    """The hub's feed gives video, channel and time."""
    assert events_of(kept("youtube_push.xml")) == [
        {
            "type": "post.published",
            "event_id": "vid_pulse01",
            "campaign_id": "spring",
            "platform": "youtube",
            "influencer_id": "chloe",
            "occurred_at": "2026-04-18T16:00:00+00:00",
            "time_source": "payload",
            "post_id": "vid_pulse01",
        }
    ]


def test_hidden_counts_are_absent() -> None:
    """A video whose likes are hidden has none in its snapshot: 0 would be a loss of all likes."""
    first, second = events_of(kept("youtube_videos.poll.json"))
    assert (first["views"], first["likes"], first["comments"]) == (9120, 412, 58)
    assert second["views"] == 150
    assert "likes" not in second
    assert "comments" not in second


@pytest.mark.parametrize("name", ["cloudevents_binary.json", "cloudevents_structured.json"])
def test_both_modes_of_a_cloud_event_are_one_event(name: str) -> None:
    """Its id is unique within its source only, and its subject names campaign and influencer."""
    (event,) = events_of(kept(name))
    assert (event["event_id"], event["type"]) == ("/shop/at#o-1", "purchase")
    assert (event["campaign_id"], event["influencer_id"]) == ("spring", "ana")
    assert (event["amount"], event["currency"], event["occurred_at"]) == ("39.90", "EUR", "2026-04-18T16:10:00Z")


def test_an_order_of_segment_counts_its_total() -> None:
    """A campaign counts with tax and shipping, unless its revenue basis says otherwise."""
    (event,) = events_of(kept("segment_track.json"))
    assert (event["event_id"], event["amount"], event["influencer_id"]) == ("segment-main:order:#1001", "39.9", "ana")


def test_events_of_google_analytics_have_their_own_times() -> None:
    """An event's own time goes before the request's, and a sum is taken digit by digit."""
    cart, order, refund = events_of(kept("ga4_measurement_protocol.json"))
    assert (cart["type"], cart["occurred_at"]) == ("add_to_cart", 1_776_528_245_250)
    assert (order["event_id"], order["occurred_at"]) == ("ga4:purchase:#1001", 1_776_528_245_999)
    assert (order["amount"], order["discount_code"], order["influencer_id"]) == ("34.9", "AnaSpring", "ana")
    assert (refund["type"], refund["amount"], refund["order_id"]) == ("refund", "20.0", "#1001")


def test_an_entry_of_sweepwidget_says_the_same_when_it_is_sent_again() -> None:
    """It has no id: what it says is its id."""
    first, second = (
        events_of(kept("sweepwidget_entry_submitted.json")),
        events_of(kept("sweepwidget_entry_submitted.json")),
    )
    assert first == second
    assert (first[0]["type"], first[0]["time_source"]) == ("signup", "send_time")


def test_local_times_get_the_zone_of_the_definition() -> None:
    """11:18 in New York is 15:18 UTC in April."""
    (event,) = events_of(kept("sweepwidget_entries.poll.json"))
    assert event["occurred_at"] == "2026-04-18T11:18:21-04:00"


def test_the_ping_of_woocommerce_is_no_event() -> None:
    """It is unsigned and no JSON, and must be answered with 200 for the webhook to be saved."""
    assert events_of(kept("woocommerce_ping.txt")) == []
    assert mapped(kept("woocommerce_ping.txt")).of_kind("unmapped") == []


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_holds_for_the_bytes_that_were_signed(name: str) -> None:
    """Every source's own scheme, over the raw bytes."""
    one, kind = kept(name), kind_of(SIGNED[name])
    assert verify(CATALOGUE[kind].schemes, [SECRETS[kind]], one.headers, one.body, None).secret == 0


@pytest.mark.parametrize("name", SIGNED)
def test_one_changed_byte_breaks_a_signature(name: str) -> None:
    """Wherever it is."""
    one, kind = kept(name), kind_of(SIGNED[name])
    for place in (0, len(one.body) // 2, len(one.body) - 1):
        changed = one.body[:place] + bytes([one.body[place] ^ 1]) + one.body[place + 1 :]
        with pytest.raises(SignatureError) as error:
            verify(CATALOGUE[kind].schemes, [SECRETS[kind]], one.headers, changed, None)
        assert error.value.reason == "wrong_signature"


@pytest.mark.parametrize("name", SIGNED)
def test_old_and_new_secret_both_pass_while_they_are_changed(name: str) -> None:
    """Rotation loses nothing; which one matched is known, and one that is neither does not pass."""
    one, kind = kept(name), kind_of(SIGNED[name])
    other = "whsec_b3RoZXItc2VjcmV0LW9mLXRlc3RzLTEyMzQ=" if kind == "standard" else "another"
    assert verify(CATALOGUE[kind].schemes, [other, SECRETS[kind]], one.headers, one.body, None).secret == 1
    with pytest.raises(SignatureError):
        verify(CATALOGUE[kind].schemes, [other], one.headers, one.body, None)


def test_every_sample_is_mapped_whole() -> None:
    """Nothing in a sample is found unmappable, and nothing is parked that the definition names."""
    for name in [*SIGNED, *UNSIGNED]:
        done = mapped(kept(name))
        assert (name, done.of_kind("unmapped"), done.of_kind("unmatched")) == (name, [], [])
