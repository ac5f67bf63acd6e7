"""TikTok, X, Traackr, Sprout Social and Hootsuite: pages, codes in bodies, limits, and what belongs to whom."""

import json
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.unit.gateway.polling.harness import DEFINITION, Poll, Vendors, polled

SAMPLES = Path(__file__).parents[3] / "samples" / "exports"
LISTED = DEFINITION.replace('posts: {instagram: ["18001"]', 'posts: {instagram: ["18000000000000001", "DxAbCdEfGh1"]')
TIKTOK_COMMENTS, TIKTOK_VIDEOS = "/open_api/v1.3/business/comment/list/", "/open_api/v1.3/business/video/list/"


def tiktok(**data: Any) -> dict[str, Any]:
    """An answer of TikTok's."""
    return {"code": 0, "message": "OK", "data": {"cursor": 0, "has_more": False, **data}}


def tiktok_comment(number: int, second: int = 1_776_528_245) -> dict[str, Any]:
    """A comment on TikTok."""
    ids = {"comment_id": str(number), "video_id": "7203", "unique_identifier": f"u{number}", "username": f"fan{number}"}
    return {**ids, "create_time": str(second), "text": "me", "status": "PUBLIC"}


def test_tiktok_comments_have_their_texts_and_the_webhooks_ids() -> None:
    """Pages by cursor; the account's own token; a comment that is gone is told of."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        video = {"item_id": "7203", "likes": 812, "favorites": 66, "video_views": 20112}
        vendors.answer(TIKTOK_VIDEOS, lambda _: tiktok(videos=[video]))
        pages = {
            None: tiktok(comments=[tiktok_comment(3), tiktok_comment(2)], cursor=30, has_more=True),
            "30": tiktok(comments=[tiktok_comment(1)]),
        }

        def comments(request: web.Request) -> Any:
            if "comment_ids" in request.query:
                return tiktok(
                    comments=[tiktok_comment(n) for n in map(int, json.loads(request.query["comment_ids"])) if n != 2]
                )
            return pages[request.query.get("cursor")]

        vendors.answer(TIKTOK_COMMENTS, comments)
        events = await poll.round()
        found = [each for each in events if each["type"] == "comment.created"]
        assert [(each["event_id"], each["text"]) for each in found] == [
            ("comment:3", "me"), ("comment:2", "me"), ("comment:1", "me"),
        ]  # fmt: skip
        (counts,) = [each for each in events if each["type"] == "post.metrics"]
        assert (counts["likes"], counts["saves"], counts["views"], counts["influencer_id"]) == (812, 66, 20112, "ana")
        assert vendors.requests[0].headers["Access-Token"] == "t0ken"
        assert vendors.asked(TIKTOK_COMMENTS)[0].query["business_id"] == "biz-ana"
        pages[None] = tiktok(comments=[tiktok_comment(3)])
        (removed,) = [each for each in await poll.round(3) if each["type"] == "comment.deleted"]
        assert removed["comment_id"] in {"1", "2"} == {removed["comment_id"], "1", "2"} & {"1", "2"}
        assert removed["comment_id"] == "2"

    polled("tiktok-ana", test)


def test_tiktoks_errors_stand_in_the_body() -> None:
    """A status of 200 with a code: a limit is waited out, a token that is no good is not tried again at once."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        vendors.answer(TIKTOK_VIDEOS, lambda _: {"code": 40100, "message": "too many requests"})
        await poll.round()
        assert poll.source is not None
        assert 0 < poll.source.budget.paused_until_ms - poll.now_ms <= 2_000
        vendors.answer(TIKTOK_VIDEOS, lambda _: {"code": 40105, "message": "access token is invalid"})
        await poll.round(0.2)
        assert poll.source.budget.paused_until_ms - poll.now_ms > 4 * 60_000
        assert poll.counted("campaign_poll_requests_total", what="videos", outcome="refused") == 1

    polled("tiktok-ana", test)


def test_the_display_api_gives_counts_alone() -> None:
    """Posted filters, its own names, the same snapshot."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        video = {"id": "7203", "like_count": 5, "comment_count": 2, "share_count": 1, "view_count": 100}
        answer = {"data": {"videos": [video]}, "error": {"code": "ok", "message": ""}}
        vendors.answer("/v2/video/query/", lambda _: answer)
        (counts,) = await poll.round()
        assert (counts["type"], counts["likes"], counts["shares"], counts["views"]) == ("post.metrics", 5, 1, 100)
        (request,) = vendors.requests
        assert (request.method, json.loads(await request.text())) == ("POST", {"filters": {"video_ids": ["7203"]}})

    polled("tiktok-display-ana", test)


def test_x_is_asked_for_all_posts_at_once_and_not_before_its_window_is_over() -> None:
    """Likes and shares are left out where they come as events; the header says when the next window begins."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        public = {"like_count": 9, "reply_count": 4, "retweet_count": 1, "quote_count": 1, "impression_count": 300}
        posts = [{"id": each, "author_id": "1", "public_metrics": public} for each in ("1001", "1002")]
        reset = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(poll.now_ms // 1_000 + 600)}
        vendors.answer("/2/tweets", lambda _: web.json_response({"data": posts}, headers=reset))
        events = await poll.round()
        assert [(each["post_id"], each["comments"], each["views"]) for each in events] == [
            ("1001", 4, 300), ("1002", 4, 300),
        ]  # fmt: skip
        assert "likes" not in events[0]
        assert vendors.requests[0].query["ids"] == "1001,1002"
        await poll.round(5)
        assert len(vendors.requests) == 1
        await poll.round(6)
        assert len(vendors.requests) == 2
        limited = web.Response(status=429, headers={"x-rate-limit-reset": str(poll.now_ms // 1_000 + 900)})
        vendors.answer("/2/tweets", lambda _: limited)
        await poll.round(12)
        assert poll.source is not None
        assert poll.source.budget.paused_until_ms > poll.now_ms

    polled("x-main", test)


def sample(name: str) -> Any:
    """An answer of a suite, as it is."""
    return json.loads((SAMPLES / name).read_text("utf-8"))


def test_traackrs_campaigns_are_found_and_their_posts_counted() -> None:
    """The platform's id comes from the address, never Traackr's own; never its potential reach."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        vendors.answer("/v1/campaigns", lambda _: {"campaigns": [{"id": "k1"}], "page": {"next_cursor": None}})
        whole = sample("traackr_campaign_posts.api.json")
        pages = {None: {**whole, "page": {"next_cursor": "n"}}, "n": {"posts": [], "page": {"next_cursor": None}}}
        vendors.answer("/v1/campaigns/k1/posts", lambda request: pages[request.query.get("cursor")])
        (counts,) = await poll.round() + await poll.round(1)
        assert (counts["post_id"], counts["platform"], counts["influencer_id"]) == ("DxAbCdEfGh1", "instagram", "ana")
        assert (counts["likes"], counts["comments"], counts["saves"]) == (412, 58, 33)
        assert (counts["views"], counts["reach"], counts["time_source"]) == (9120, 7310, "poll_time")
        assert len(vendors.asked("/v1/campaigns/k1/posts")) == 2
        assert vendors.requests[0].headers["X-Api-Key"] == "t0ken"

    polled("traackr-main", test, definition=LISTED)


def test_sprout_is_asked_page_by_page_for_its_profiles() -> None:
    """A minute has sixty requests; the number of pages stands in the answer."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        vendors.answer("/metadata/customer", lambda _: {"data": [{"customer_profile_id": 4321}]})
        whole = sample("sprout_analytics_posts.api.json")
        bodies: list[Any] = []

        def posts(request: web.Request) -> Any:
            bodies.append(json.loads(request._read_bytes or b""))
            number = bodies[-1]["page"]
            return {"data": whole["data"] if number == 1 else [], "paging": {"current_page": number, "total_pages": 2}}

        vendors.answer("/analytics/posts", posts)
        (counts,) = await poll.round() + await poll.round(1)
        assert (counts["post_id"], counts["influencer_id"], counts["likes"]) == ("18000000000000001", "ana", 412)
        assert (counts["comments"], counts["shares"], counts["saves"]) == (58, 17, 33)
        assert [body["page"] for body in bodies] == [1, 2]
        assert bodies[0]["filters"][0] == "customer_profile_id.eq(4321)"

    polled("sprout-main", test, definition=LISTED)


def test_hootsuite_is_asked_for_what_was_refreshed() -> None:
    """Ten profiles a request, counts as of `lastRefreshed`, pages by cursor; its 429 says not how long."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        profiles = [{"id": "12345678", "type": "INSTAGRAMBUSINESS"}, {"id": "9", "type": "PINTEREST"}]
        vendors.answer("/v1/socialProfiles", lambda _: {"data": profiles})
        whole = sample("hootsuite_analytics_posts.api.json")
        pages = {None: whole, "eyJwIjoyfQ": {"data": []}}
        vendors.answer("/v1/analytics/posts", lambda request: pages[request.query.get("cursor")])
        poll.now_ms += 2 * 3_600_000  # after `lastRefreshed`
        (counts,) = await poll.round() + await poll.round(1)
        assert (counts["post_id"], counts["occurred_at"], counts["views"]) == (
            "18000000000000001",
            1_776_538_800_000,
            9120,
        )
        assert counts["influencer_id"] == "ana"
        vendors.answer("/v1/analytics/posts", lambda _: web.Response(status=429))
        await poll.round(16)
        assert poll.source is not None
        assert 0 < poll.source.budget.paused_until_ms - poll.now_ms <= 2_000

    polled("hootsuite-main", test, definition=LISTED)
