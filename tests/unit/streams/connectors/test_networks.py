"""Comments, reactions, posts and their removal of the social networks, beyond the plain ones."""

from typing import Any

import pytest

from streams.connectors.handshakes import answer_to
from tests.unit.streams.connectors.deliveries import RECEIVED_MS, delivery, events_of, notes_of
from tests.unit.streams.connectors.test_shops import with_definition

COMMENT = {
    "id": "179",
    "text": "me 🎉",
    "from": {"id": "12000", "username": "Mia.K"},
    "media": {"id": "18000000000000001"},
}


def test_the_documented_shape_of_instagram_login_is_read_too() -> None:
    """``field`` and ``value`` on the entry, all in an array; the order of members says nothing."""
    entry = {"time": 1_776_528_250, "id": "1", "value": COMMENT, "field": "comments"}
    plain = {"id": "1", "time": 1_776_528_250, "changes": [{"value": COMMENT, "field": "comments"}]}
    (nested,) = events_of(delivery("instagram-main", {"object": "instagram", "entry": [plain]}))
    (flat,) = events_of(delivery("instagram-main", [{"entry": [entry], "object": "instagram"}]))
    assert flat == nested
    assert (flat["author_id"], flat["author_handle"]) == ("mia.k", "Mia.K")


def test_a_comment_on_an_advertisement_belongs_to_the_post_that_is_advertised() -> None:
    """The advertisement is a copy with its own id; the definition lists the original."""
    media = {"id": "999", "original_media_id": "18000000000000002", "ad_id": "5"}
    change = {"field": "comments", "value": {**COMMENT, "media": media}}
    (event,) = events_of(
        delivery("instagram-main", {"entry": [{"id": "1", "time": 1_776_528_250, "changes": [change]}]})
    )
    assert event["influencer_id"] == "dmitri"


def test_one_bad_change_costs_only_itself() -> None:
    """Meta sends up to a thousand in one request."""
    good = {"field": "comments", "value": COMMENT}
    changes = [{"field": "comments", "value": {"id": "1"}}, good, {"field": "mentions", "value": {}}]
    one = delivery("instagram-main", {"entry": [{"id": "1", "time": 1_776_528_250, "changes": changes}]})
    assert [event["event_id"] for event in events_of(one)] == ["179"]
    assert "media.id" in notes_of(one, "unmapped")[0]
    assert "mentions" in notes_of(one, "ignored")[0]


def test_a_page_of_facebook_tells_of_comments_and_their_removal() -> None:
    """With the comment's own time, unlike Instagram."""
    value = {"item": "comment", "verb": "add", "comment_id": "c1", "post_id": "p1", "from": {"id": "7", "name": "Mia"}}
    value |= {"created_time": 1_776_528_250, "message": "hi", "parent_id": "p1"}
    placer = with_definition(
        influencers=[{"influencer_id": "ana", "handle": "a", "platform": "facebook", "accounts": {"facebook": ["70"]}}]
    )

    def page(**changes: Any) -> Any:
        change = {"field": "feed", "value": {**value, **changes}}
        return delivery("facebook-main", {"object": "page", "entry": [{"id": "70", "time": 1, "changes": [change]}]})

    (added,), (removed,) = events_of(page(), placer), events_of(page(verb="remove"), placer)
    assert (added["type"], added["platform"], added["occurred_at"]) == (
        "comment.created",
        "facebook",
        1_776_528_250_000,
    )
    assert "parent_id" not in added
    assert (removed["type"], removed["comment_id"], removed["event_id"]) == ("comment.deleted", "c1", "deleted:c1")


@pytest.mark.parametrize(
    ("action", "kind", "event_id"),
    [
        ("delete", "comment.deleted", "comment:5:1776528300000"),
        ("set_to_hidden", "comment.deleted", "comment:5:1776528300000"),
        ("set_to_public", "comment.created", "comment:5@1776528300000"),
    ],
)
def test_a_tiktok_comment_that_is_hidden_is_gone_and_shown_again_is_back(action: str, kind: str, event_id: str) -> None:
    """Each change has its own id: a comment may be hidden, shown and hidden again."""
    content = '{"comment_id":5,"video_id":7203946942097902849,"unique_identifier":"u","comment_action":"%s",'
    body = {"event": "comment.update", "content": content % action + '"timestamp":1776528300000}'}
    (event,) = events_of(delivery("tiktok-main", body))
    assert (event["type"], event["event_id"], event["comment_id"]) == (kind, event_id, "5")
    assert (event["post_id"], event["influencer_id"]) == ("7203946942097902849", "bruno")


def activity(kind: str, payload: dict[str, Any], **user_filter: Any) -> Any:
    """An event of X's Activity API about ana's account."""
    data = {"event_type": kind, "filter": {"user_id": "1111111111111111111", **user_filter}, "payload": payload}
    return delivery("x-main", {"data": data})


LIKE = {
    "id": "87719f50ee17bdfa06a3089098a2b9ed",
    "created_at": "2026-04-10T10:00:00.000Z",
    "timestamp_ms": "1776528245236",
    "liked_tweet_id": "2080761390344937796",
    "liked_tweet_author_id": "1111111111111111111",
}


def test_a_like_has_its_own_time_and_not_the_posts() -> None:
    """``created_at`` of a like is when the post was written."""
    (event,) = events_of(activity("like.create", LIKE, direction="inbound"))
    assert event == {
        "type": "post.reaction",
        "event_id": "87719f50ee17bdfa06a3089098a2b9ed",
        "campaign_id": "spring",
        "platform": "x",
        "influencer_id": "ana",
        "occurred_at": 1_776_528_245_236,
        "time_source": "payload",
        "post_id": "2080761390344937796",
        "kind": "like",
        "count": 1,
    }


def test_a_like_that_the_influencer_gives_is_none_of_theirs() -> None:
    """Told by the direction, or by whose post it was."""
    assert events_of(activity("like.create", LIKE, direction="outbound")) == []
    assert events_of(activity("like.create", {**LIKE, "liked_tweet_author_id": "9"})) == []


@pytest.mark.parametrize(("kind", "reference"), [("post.quote.create", "quoted"), ("post.repost.create", "retweeted")])
def test_quotes_and_reposts_are_shares(kind: str, reference: str) -> None:
    """Of the post that they quote."""
    payload = {"id": "3", "created_at": "2026-04-18T16:04:05.000Z", "author_id": "8"}
    payload |= {"referenced_tweets": [{"type": reference, "id": "77"}]}  # type: ignore[dict-item]  # JSON
    (event,) = events_of(activity(kind, payload))
    assert (event["type"], event["kind"], event["post_id"], event["event_id"]) == ("post.reaction", "share", "77", "3")


def test_a_post_of_the_influencer_goes_live_and_is_removed() -> None:
    """A removal has no time of its own: when it was told."""
    created = {"id": "3", "created_at": "2026-04-18T16:04:05.000Z", "author_id": "1111111111111111111"}
    (published,) = events_of(activity("post.create", created))
    (removed,) = events_of(activity("post.delete", {"id": "3", "author_id": "1111111111111111111"}))
    assert (published["type"], published["post_id"]) == ("post.published", "3")
    assert (removed["type"], removed["post_id"]) == ("post.deleted", "3")
    assert (removed["occurred_at"], removed["time_source"]) == (RECEIVED_MS, "send_time")


def test_likes_of_x_come_as_events_or_as_counts_and_never_both() -> None:
    """Both at once would double them."""
    counts = {"like_count": 5, "reply_count": 1, "retweet_count": 2, "quote_count": 3, "impression_count": 900}
    poll = delivery("x-main", {"data": [{"id": "9", "author_id": "1111111111111111111", "public_metrics": counts}]})
    (by_default,) = events_of(poll)
    assert (by_default["comments"], by_default["views"]) == (1, 900)
    assert "likes" not in by_default
    assert "shares" not in by_default
    placer = with_definition(reactions_from={"x": "counts"})
    (counted,) = events_of(poll, placer)
    assert (counted["likes"], counted["shares"]) == (5, 5)
    assert events_of(activity("like.create", LIKE, direction="inbound"), placer) == []


def test_messages_of_a_youtube_chat_that_are_no_comments_are_left_out() -> None:
    """A withdrawn message is a removal; its author is in authorChannelId only when that is not a moderator."""
    snippet = {"type": "messageRetractedEvent", "liveChatId": "Cg0KC2xpdmVfaWRfMDE", "authorChannelId": "UC1"}
    snippet |= {"publishedAt": "2026-04-18T16:04:20Z", "messageRetractedDetails": {"retractedMessageId": "m1"}}  # type: ignore[dict-item]  # JSON
    joined = {"id": "m3", "snippet": {"type": "newSponsorEvent"}}
    kind = "youtube#liveChatMessageListResponse"
    one = delivery("youtube-main", {"kind": kind, "items": [{"id": "m2", "snippet": snippet}, joined]})
    (event,) = events_of(one)
    assert (event["type"], event["comment_id"], event["post_id"]) == ("comment.deleted", "m1", "vid_pulse01")
    assert "author_id" not in event
    assert "newSponsorEvent" in notes_of(one, "ignored")[0]


def test_a_removed_video_is_a_removed_post() -> None:
    """The hub tells of it by a tombstone."""
    feed = b"""<feed xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns="http://www.w3.org/2005/Atom">
      <at:deleted-entry ref="yt:video:vid_pulse01" when="2026-04-18T17:00:00+00:00">
      <at:by><name>Ana</name><uri>https://www.youtube.com/channel/UCana000000000000000001</uri></at:by>
      </at:deleted-entry></feed>"""
    (event,) = events_of(delivery("youtube-main", feed))
    assert (event["type"], event["post_id"], event["event_id"]) == (
        "post.deleted",
        "vid_pulse01",
        "deleted:vid_pulse01",
    )


def twitch(kind: str, event: dict[str, Any], message_type: str = "notification") -> Any:
    """A notification of Twitch, with the headers that it needs."""
    return delivery(
        "twitch-main",
        {"subscription": {"type": kind}, "event": event, "challenge": "abc"},
        twitch_eventsub_message_id="d-1",
        twitch_eventsub_message_type=message_type,
        twitch_eventsub_message_timestamp="2026-04-18T16:04:05.123456789Z",
    )


def test_a_message_of_a_twitch_chat_is_a_comment_on_the_channel() -> None:
    """Its id is the message's, not the delivery's: two subscriptions deliver it twice."""
    event = {"broadcaster_user_id": "12826", "chatter_user_id": "41", "chatter_user_login": "mia", "message_id": "m-1"}
    event |= {"message": {"text": "hi", "fragments": []}, "reply": {"parent_message_id": "m-0"}}  # type: ignore[dict-item]  # JSON
    (comment,) = events_of(twitch("channel.chat.message", event))
    assert comment == {
        "type": "comment.created",
        "event_id": "m-1",
        "campaign_id": "spring",
        "platform": "twitch",
        "influencer_id": "bruno",
        "occurred_at": "2026-04-18T16:04:05.123456Z",
        "time_source": "header",
        "post_id": "12826",
        "comment_id": "m-1",
        "author_id": "41",
        "text": "hi",
        "author_handle": "mia",
        "parent_id": "m-0",
    }
    removal = {"broadcaster_user_id": "12826", "target_user_id": "41", "message_id": "m-1"}
    (removed,) = events_of(twitch("channel.chat.message_delete", removal))
    assert (removed["type"], removed["comment_id"], removed["author_id"]) == ("comment.deleted", "m-1", "41")


def test_the_challenge_of_twitch_is_answered_as_plain_text() -> None:
    """Anything else, and the subscription is not made."""
    one = twitch("channel.chat.message", {}, "webhook_callback_verification")
    answer = answer_to("twitch", one)
    assert answer is not None
    assert (answer.status, answer.media_type, answer.body) == (200, "text/plain; charset=utf-8", b"abc")
    assert events_of(one) == []
