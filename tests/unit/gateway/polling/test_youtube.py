"""YouTube's API: chats and their tokens, comments with all replies, statistics, and the units of a day."""

from typing import Any

import pytest
from aiohttp import web

from gateway.inbox import headers_for
from streams.connectors.drafts import Delivery
from tests.unit.gateway.polling.harness import NOW_MS, Poll, Vendors, polled

CHAT, THREADS, REPLIES, VIDEOS = "/liveChat/messages", "/commentThreads", "/comments", "/videos"
TO_MIDNIGHT_MS = 13.5 * 3_600_000  # of NOW_MS, 10:30 in California, to 00:00 there


def message(number: int, kind: str = "textMessageEvent") -> dict[str, Any]:
    """A message of a live chat."""
    snippet: dict[str, Any] = {
        "type": kind,
        "liveChatId": "chat1",
        "authorChannelId": "UCfan",
        "publishedAt": "2026-04-18T17:04:05.123456+00:00",
        "textMessageDetails": {"messageText": f"hi {number}"},
    }
    if kind == "messageDeletedEvent":
        snippet["messageDeletedDetails"] = {"deletedMessageId": f"m{number - 1}"}
    return {"id": f"m{number}", "snippet": snippet, "authorDetails": {"channelId": "UCfan", "displayName": "Fan"}}


def chat(items: list[Any], token: str, wait_ms: int = 4_000) -> dict[str, Any]:
    """A page of a chat."""
    kind = "youtube#liveChatMessageListResponse"
    return {"kind": kind, "items": items, "nextPageToken": token, "pollingIntervalMillis": wait_ms}


def comment(comment_id: str, at: str = "2026-04-18T16:05:00Z", **more: Any) -> dict[str, Any]:
    """A comment."""
    author = {"authorChannelId": {"value": "UCfan"}, "authorDisplayName": "@fan"}
    snippet = {"textDisplay": "wow", "publishedAt": at, "updatedAt": at, **author, **more}
    return {"kind": "youtube#comment", "id": comment_id, "snippet": snippet}


def thread(comment_id: str, at: str = "2026-04-18T16:05:00Z", replies: int = 0) -> dict[str, Any]:
    """A thread of which the replies do not come along."""
    top = comment(comment_id, at)
    snippet = {"channelId": "UCana", "videoId": "vid1", "topLevelComment": top, "totalReplyCount": replies}
    return {"kind": "youtube#commentThread", "id": comment_id, "snippet": snippet}


def threads(items: list[Any], token: str | None = None) -> dict[str, Any]:
    """A page of threads."""
    return {"kind": "youtube#commentThreadListResponse", "items": items, **({"nextPageToken": token} if token else {})}


def quiet(vendors: Vendors) -> None:
    """Nothing but what a test adds."""
    vendors.answer(CHAT, lambda _: chat([], "t0"))
    vendors.answer(THREADS, lambda _: threads([]))
    vendors.answer(VIDEOS, lambda _: {"kind": "youtube#videoListResponse", "items": []})


def pushed() -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """A record of the inbox: a new video that the webhook has told."""
    body = (
        b'<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns="http://www.w3.org/2005/Atom"><entry>'
        b"<yt:videoId>vid1</yt:videoId><yt:channelId>UCana</yt:channelId><title>t</title>"
        b"<published>2026-04-18T16:00:00+00:00</published><updated>2026-04-18T16:00:01+00:00</updated></entry></feed>"
    )
    delivery = Delivery(source="youtube-main", body=body, headers={}, received_ms=NOW_MS - 60_000)
    return body, headers_for("youtube", delivery, "counted", 1)


def ids_of(events: list[dict[str, Any]]) -> list[str]:
    """Ids of comments and removals."""
    return [each["event_id"] for each in events if each["type"].startswith("comment.")]


def test_a_chat_goes_on_at_its_token_also_after_a_restart() -> None:
    """Its own video, deletions by moderators, not sooner than YouTube says; and never again once it has ended."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        pages = {
            None: chat([message(1)], "t1", 90_000),
            "t1": chat([message(2), message(3, "messageDeletedEvent")], "t2", 90_000),
            "t2": chat([message(4, "chatEndedEvent")], "t3"),
        }
        vendors.answer(CHAT, lambda request: pages[request.query.get("pageToken")])
        first = await poll.round()
        assert (ids_of(first), first[0]["post_id"], first[0]["influencer_id"]) == (["m1"], "vid1", "ana")
        assert await poll.round(0.5) == [], "90 s are not over"
        poll.start()
        assert ids_of(await poll.round(2)) == ["m2", "m3"]
        assert poll.cursor("chat:chat1") == "t2"
        await poll.round(2)
        asked = len(vendors.asked(CHAT))
        await poll.round(10)
        assert len(vendors.asked(CHAT)) == asked
        assert vendors.requests[0].headers["X-Goog-Api-Key"] == "t0ken"
        assert "key" not in vendors.requests[0].query

    polled("youtube-main", test)


def test_a_token_that_is_not_known_any_more_is_dropped() -> None:
    """The chat begins anew with what is recent, instead of failing for ever."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        vendors.answer(CHAT, lambda _: chat([message(1)], "old"))
        await poll.round()
        body = {"error": {"code": 400, "errors": [{"reason": "pageTokenInvalid"}]}}
        fresh = chat([message(1), message(2)], "new")
        vendors.answer(
            CHAT, lambda request: web.json_response(body, status=400) if "pageToken" in request.query else fresh
        )
        assert ids_of(await poll.round(2) + await poll.round(2)) == ["m2"]
        assert poll.cursor("chat:chat1") == "new"

    polled("youtube-main", test)


def test_comments_come_with_all_replies_and_pages() -> None:
    """What is a part of the replies is completed; what is deleted is told of."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        first = {
            None: threads([thread("U2", replies=2)], "p2"),
            "p2": threads([thread("U1", "2026-04-18T15:00:00Z")]),
        }
        vendors.answer(THREADS, lambda request: first[request.query.get("pageToken")])
        told = {"kind": "youtube#commentListResponse"}
        replies = {
            None: {**told, "items": [comment("U2.a", parentId="U2")], "nextPageToken": "r2"},
            "r2": {**told, "items": [comment("U2.b", parentId="U2")]},
        }

        def listed(request: web.Request) -> Any:
            if "id" in request.query:
                return {**told, "items": [{"id": each} for each in request.query["id"].split(",") if each != "U1"]}
            return replies[request.query.get("pageToken")]

        vendors.answer(REPLIES, listed)
        events = await poll.round()
        assert sorted(ids_of(events)) == ["U1", "U2", "U2.a", "U2.b"]
        assert {each["event_id"]: each.get("parent_id") for each in events}["U2.b"] == "U2"
        assert vendors.asked(THREADS)[0].query["textFormat"] == "plainText"
        vendors.answer(THREADS, lambda _: threads([thread("U2", replies=2)]))
        assert ids_of(await poll.round(6)) == ["deleted:U1"]

    polled("youtube-main", test)


def test_statistics_are_snapshots_and_what_is_hidden_is_absent() -> None:
    """Strings are counts; a hidden one is not zero."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        item = {"id": "vid1", "snippet": {"channelId": "UCana"}, "statistics": {"viewCount": "9120"}}
        vendors.answer(VIDEOS, lambda _: {"kind": "youtube#videoListResponse", "items": [item]})
        (counts,) = [each for each in await poll.round() if each["type"] == "post.metrics"]
        assert (counts["views"], "likes" in counts, counts["influencer_id"]) == (9120, False, "ana")

    polled("youtube-main", test)


def test_a_chat_gets_as_many_pages_as_the_units_last() -> None:
    """100 units until midnight in California: the chat is asked for as seldom as that takes, and 5 units each."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        await poll.round()
        asked = len(vendors.asked(CHAT))
        assert poll.source is not None
        spent = 5 * asked + len(vendors.asked(THREADS)) + len(vendors.asked(VIDEOS))
        assert poll.source.budget.left(poll.now_ms) == 100 - spent
        await poll.round(1)
        assert len(vendors.asked(CHAT)) == asked, "150 minutes for some 18 pages"
        await poll.round(12)
        assert len(vendors.asked(CHAT)) == asked + 1

    polled("youtube-main", test, units=100)


def test_when_the_days_units_are_used_nothing_is_asked_until_midnight_in_california() -> None:
    """Whoever used them; it is remembered over a restart."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        body = {"error": {"code": 403, "errors": [{"reason": "quotaExceeded"}]}}
        vendors.answer(THREADS, lambda _: web.json_response(body, status=403))
        await poll.round()
        assert poll.source is not None
        left_ms = NOW_MS + TO_MIDNIGHT_MS - poll.now_ms
        assert poll.source.budget.paused_until_ms - poll.now_ms == pytest.approx(left_ms, abs=10)
        await poll.round(1)
        asked = len(vendors.requests)
        poll.start()
        await poll.round(60)
        assert len(vendors.requests) == asked
        quiet(vendors)
        await poll.round(60 * 13)
        assert len(vendors.requests) > asked

    polled("youtube-main", test)


def test_a_webhook_that_brings_no_comments_misses_none() -> None:
    """YouTube pushes new videos only: comments are no gaps, and the first reading does not begin two days ago."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        poll.hooked.take(*pushed())
        poll.now_ms += 50 * 3_600_000
        vendors.answer(THREADS, lambda _: threads([thread("c1")]))
        assert ids_of(await poll.round()) == ["c1"]
        assert poll.counted("campaign_poll_gaps_total") == 0

    polled("youtube-main", test)
