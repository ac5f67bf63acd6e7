"""Instagram's API: pages, repeats, removed comments, limits in headers, errors, and what the webhooks had guessed."""

import json
from typing import Any

import pytest
from aiohttp import web

from gateway.inbox import headers_for
from models.topics import INBOX
from streams.connectors.drafts import Delivery
from tests.unit.gateway.polling.harness import NOW_MS, Poll, Vendors, polled

COMMENTS = "/18001/comments"
CLOSES_MS = 1_776_540_600_000  # 2026-04-18T19:30:00Z


def comment(number: int, at: str = "2026-04-18T16:04:05+0000", **more: Any) -> dict[str, Any]:
    """A comment as the API gives it."""
    return {"id": f"c{number}", "text": f"hi {number}", "timestamp": at, "username": f"Fan_{number}", **more}


def page(rows: list[Any], after: str | None = None) -> dict[str, Any]:
    """A page; Meta says that there is a next one by its address."""
    paging: dict[str, Any] = {"cursors": {"before": "b", "after": after or "end"}}
    if after:
        paging["next"] = f"https://graph.instagram.com/v24.0/18001/comments?after={after}"
    return {"data": rows, "paging": paging}


def quiet(vendors: Vendors) -> None:
    """Answers to everything but comments."""
    vendors.answer("/178414/media", lambda _: {"data": []})
    vendors.answer("/18001", lambda _: {"id": "18001", "like_count": 412, "comments_count": 58})
    vendors.answer("/18001/insights", lambda _: {"data": []})


def comments_of(events: list[dict[str, Any]]) -> list[str]:
    """The comments among events."""
    return [each["event_id"] for each in events if each["type"] == "comment.created"]


def test_all_pages_are_read_once_and_again_only_what_is_new() -> None:
    """True times, the webhook's ids; replies with their parents; the cursor is saved once Kafka has confirmed."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        reply = comment(9, parent_id="c2")
        pages = {
            None: page([comment(3), comment(2, replies={"data": [reply]})], "p2"),
            "p2": page([comment(1)], "p3"),
            "p3": page([comment(0, at="2026-04-18T15:00:00+0000")]),
        }
        vendors.answer(COMMENTS, lambda request: pages[request.query.get("after")])
        events = await poll.round()
        assert comments_of(events) == ["c3", "c2", "c9", "c1", "c0"]
        found = next(each for each in events if each["event_id"] == "c9")
        assert (found["parent_id"], found["occurred_at"], found["time_source"]) == (
            "c2", "2026-04-18T16:04:05Z", "payload",
        )  # fmt: skip
        assert (found["influencer_id"], found["author_id"], found["post_id"]) == ("ana", "fan_9", "18001")
        assert vendors.asked(COMMENTS)[0].headers["Authorization"] == "Bearer t0ken"
        (counts,) = [each for each in events if each["type"] == "post.metrics"]
        assert (counts["likes"], counts["comments"]) == (412, 58)
        assert abs(int(poll.cursor("comments:18001") or 0) - NOW_MS) < 60_000
        pages[None] = page([comment(4, at="2026-04-18T17:29:00+0000"), comment(3)], "p2")
        assert comments_of(await poll.round(3)) == ["c4"]

    polled("instagram-main", test)


def test_what_kafka_has_not_confirmed_is_read_again() -> None:
    """No cursor, no event lost: the next round, or the next process, sends it."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        vendors.answer(COMMENTS, lambda _: page([comment(1)]))
        poll.is_confirming = False
        with pytest.raises(Exception, match="has not confirmed"):
            await poll.round()
        assert poll.cursor("comments:18001") is None
        poll.is_confirming = True
        poll.start()
        assert comments_of(await poll.round(1)) == ["c1"]

    polled("instagram-main", test)


def test_after_a_restart_old_comments_are_not_sent_again() -> None:
    """Ids are remembered for 72 hours: what is older than the overlap would count twice."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        old, late = comment(1, at="2026-04-18T14:30:00+0000"), comment(2, at="2026-04-20T09:00:00+0000")
        vendors.answer(COMMENTS, lambda _: page([old]))
        assert comments_of(await poll.round()) == ["c1"]
        await poll.round(60 * 40)  # forty hours later: read up to here
        poll.start()
        vendors.answer(COMMENTS, lambda _: page([late, old]))
        assert comments_of(await poll.round(3)) == ["c2"]

    polled("instagram-main", test)


def test_a_comment_that_is_gone_is_told_of_once_it_is_sure() -> None:
    """Missing in the list, and missing when it is asked for by itself; one that is only hidden stays."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        vendors.answer(COMMENTS, lambda _: page([comment(3), comment(2), comment(1)]))
        await poll.round()
        vendors.answer(COMMENTS, lambda _: page([comment(3)]))
        vendors.answer("/c1", lambda _: {"id": "c1"})
        missing = {"error": {"code": 100, "error_subcode": 33, "message": "Object does not exist"}}
        vendors.answer("/c2", lambda _: web.json_response(missing, status=400))
        (removed,) = [each for each in await poll.round(3) if each["type"] == "comment.deleted"]
        assert (removed["event_id"], removed["comment_id"], removed["post_id"]) == ("deleted:c2", "c2", "18001")
        assert (removed["campaign_id"], removed["influencer_id"]) == ("spring", "ana")
        assert poll.counted("campaign_poll_removed_total") == 1
        asked = len(vendors.asked("/c1"))
        await poll.round(3)
        assert len(vendors.asked("/c1")) == asked, "not asked for again at once"
        assert not vendors.asked("/c2")[1:]

    polled("instagram-main", test)


def test_at_eighty_percent_of_a_limit_it_waits() -> None:
    """As long as Meta says, or five minutes; nothing is asked meanwhile, and the pause is shown."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        usage = json.dumps({"178414": [{"call_count": 81, "estimated_time_to_regain_access": 7}]})
        vendors.answer(
            COMMENTS,
            lambda _: web.json_response(page([comment(1)]), headers={"X-Business-Use-Case-Usage": usage}),
        )
        await poll.round()
        assert poll.source is not None
        assert 6.5 * 60_000 < poll.source.budget.paused_until_ms - poll.now_ms <= 7 * 60_000
        asked = len(vendors.requests)
        await poll.round(6)
        assert len(vendors.requests) == asked
        await poll.round(2)
        assert len(vendors.requests) > asked

    polled("instagram-main", test)


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [(400, 190, "refused"), (403, 4, "waiting"), (500, 2, "failed"), (404, 100, "gone")],
)
def test_errors_cost_a_pause_and_no_event(status: int, error: int, outcome: str) -> None:
    """A token that is no good, a limit, a failure, a post that is gone: counted, and asked for later."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        body = {"error": {"code": error, "message": "no"}}
        vendors.answer(COMMENTS, lambda _: web.json_response(body, status=status))
        assert comments_of(await poll.round()) == []
        assert poll.counted("campaign_poll_requests_total", what="comments", outcome=outcome) == 1
        asked = len(vendors.asked(COMMENTS))
        await poll.round()
        assert len(vendors.asked(COMMENTS)) == asked
        vendors.answer(COMMENTS, lambda _: page([comment(1)]))
        assert comments_of(await poll.round(61)) == ["c1"]

    polled("instagram-main", test)


def hook(comment_id: str, sent_ms: int, username: str) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """A record of the inbox: a comment that a webhook has brought."""
    value = {"id": comment_id, "text": "hi", "from": {"username": username}, "media": {"id": "18001"}}
    entry = {"id": "178414", "time": sent_ms, "changes": [{"field": "comments", "value": value}]}
    body = json.dumps({"object": "instagram", "entry": [entry]}).encode()
    delivery = Delivery(source="instagram-main", body=body, headers={}, received_ms=sent_ms)
    return body, headers_for("instagram", delivery, "counted", 1)


def test_the_true_time_of_a_comment_at_the_closing_is_told() -> None:
    """Written before the closing, sent by the webhook behind it: another version, with the time that holds.

    One that was on the same side both times is left as it is: the first that arrived counts.
    """

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        poll.hooked.take(*hook("c1", CLOSES_MS + 2_000, "fan_1"))
        poll.hooked.take(*hook("c2", CLOSES_MS + 9_000, "fan_2"))
        rows = [comment(2, at="2026-04-18T19:30:05+0000"), comment(1, at="2026-04-18T19:29:59+0000")]
        vendors.answer(COMMENTS, lambda _: page(rows))
        poll.now_ms = CLOSES_MS + 60_000
        events = await poll.round()
        assert comments_of(events) == ["c2", "c1", "c1@true-time"]
        (version,) = [each for each in events if each["event_id"] == "c1@true-time"]
        assert (version["comment_id"], version["occurred_at"]) == ("c1", "2026-04-18T19:29:59Z")

    polled("instagram-main", test)


def test_what_the_webhooks_have_missed_is_counted_as_a_gap() -> None:
    """Only of a source that has webhooks, and only what is old enough to have arrived."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        poll.hooked.take(*hook("c1", 1_776_528_245_000, "fan_1"))
        fresh = comment(3, at="2026-04-18T17:29:30+0000")
        vendors.answer(COMMENTS, lambda _: page([fresh, comment(2), comment(1)]))
        assert comments_of(await poll.round()) == ["c3", "c2", "c1"]
        assert poll.counted("campaign_poll_gaps_total") == 1

    polled("instagram-main", test)


def test_posts_of_an_account_are_found() -> None:
    """An account is enough: its posts in the campaign's time are asked for, and belong to whose account it is."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        rows = [
            {"id": "18002", "timestamp": "2026-04-18T15:00:00+0000"},
            {"id": "17000", "timestamp": "2026-03-01T15:00:00+0000"},
        ]
        quiet(vendors)
        vendors.answer(COMMENTS, lambda _: page([]))
        vendors.answer("/178414/media", lambda _: {"data": rows})
        vendors.answer("/18002/comments", lambda _: page([comment(7)]))
        vendors.answer("/18002", lambda _: {"id": "18002", "like_count": 1})
        vendors.answer("/18002/insights", lambda _: {"data": []})
        events = await poll.round() + await poll.round(1)
        assert [(each["post_id"], each["influencer_id"]) for each in events if each["type"] == "comment.created"] == [
            ("18002", "ana")
        ]
        assert not vendors.asked("/17000/comments")

    polled("instagram-main", test)


def test_what_cannot_be_mapped_waits_in_the_inbox() -> None:
    """Its body is kept, once, for `gateway remap`; it is not told again in every round."""

    async def test(poll: Poll, vendors: Vendors) -> None:
        quiet(vendors)
        vendors.answer(COMMENTS, lambda _: page([comment(1), comment(2, at="not a time")]))
        await poll.round()
        await poll.round(3)
        kept = [record for record in poll.published if record.topic == INBOX]
        assert len(kept) == 1
        assert dict(kept[0].headers)["pulse.polled"] == b"1"
        assert poll.counted("campaign_poll_items_total", reason="unmapped") == 1

    polled("instagram-main", test)
