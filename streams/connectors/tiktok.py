"""TikTok API for Business: comments by webhook, comments and counts of videos by poll.

The webhook's ``content`` is JSON in a text, its ids bare 64-bit numbers; it tells of a comment, not what was written.
"""

from collections.abc import Iterator
from typing import Any, Final

from streams.connectors.bodies import (
    Unmapped,
    absent,
    at,
    count_at,
    id_at,
    json_of,
    need_id,
    need_text,
    objects_at,
    text_at,
)
from streams.connectors.drafts import Delivery, Draft, Note, Told, each, polled_video
from streams.sources import ids
from streams.sources.times import from_epoch

PLATFORM: Final = "tiktok"
_COUNTS: Final = {
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "favorites": "saves",
    "video_views": "views",
    "reach": "reach",
    # What the Display API calls them.
    "like_count": "likes",
    "comment_count": "comments",
    "share_count": "shares",
    "view_count": "views",
}
_REMOVED: Final = frozenset({"delete", "set_to_hidden", "set_to_friends_only"})

_PUBLISHED: Final = {
    "post.publish.publicly_available": "post.published",
    # As TikTok spells it, and as it should.
    "post.publish.no_longer_publicaly_available": "post.deleted",
    "post.publish.no_longer_publicly_available": "post.deleted",
}


def read(delivery: Delivery) -> Iterator[Told]:
    """Map a webhook, or the answer to ``/business/comment/list/`` or ``/business/video/list/``."""
    body = json_of(delivery.body)
    if at(body, "data", "comments") is not None:
        rows = objects_at(body, "data", "comments")
        yield from each(rows, lambda row: _polled_comment(delivery, row), "comment")
    elif at(body, "data", "videos") is not None:
        yield from each(objects_at(body, "data", "videos"), lambda row: _video(delivery, row), "video")
    elif isinstance(at(body, "code"), int) and at(body, "code") != 0 and at(body, "event") is None:
        yield Note("unmapped", f"TikTok answered code {at(body, 'code')}: {str(at(body, 'message'))[:200]}")
    elif text_at(body, "event") is None:
        yield Note("unmapped", absent(body, "event"))
    elif text_at(body, "event") == "comment.update":
        yield from each([body], _comment, "comment")
    elif text_at(body, "event") in _PUBLISHED:
        yield from each([body], _post, "post")
    else:
        yield Note("ignored", f"event {text_at(body, 'event')!r} is not counted")
    if at(body, "data", "has_more") is True:
        yield Note("incomplete", f"there is a next page (data.cursor {id_at(body, 'data', 'cursor')})")


def _content(body: Any) -> Any:
    """Return what an event is about: an object, or JSON in a text."""
    content = at(body, "content")
    if isinstance(content, str):
        content = json_of(content.encode("utf-8", "surrogatepass"))
    if not isinstance(content, dict):
        raise Unmapped(absent(body, "content"))
    return content


def _post(body: Any) -> Iterator[Told]:
    """Map what TikTok says of a post that a tool has made for the account: it can be seen, or cannot any more."""
    post_id, kind = need_id(_content(body), "post_id"), _PUBLISHED[need_text(body, "event")]
    yield Draft(
        type=kind,
        event_id=post_id if kind == "post.published" else ids.of_removal(post_id),
        platform=PLATFORM,
        occurred_at=_moment(body, "create_time"),
        fields={"post_id": post_id},
        post_ids=(post_id,),
        account=id_at(body, "user_openid"),
    )


def _comment(body: Any) -> Iterator[Told]:
    content = _content(body)
    comment_id, video_id = need_id(content, "comment_id"), need_id(content, "video_id")
    action, when = text_at(content, "comment_action"), _moment(content, "timestamp")
    shared: dict[str, Any] = {"platform": PLATFORM, "occurred_at": when, "post_ids": (video_id,)}
    shared["account"] = id_at(body, "user_openid")
    if action in _REMOVED:
        yield Draft(
            type="comment.deleted",
            event_id=ids.of_tiktok_removal(comment_id, when),
            fields={"comment_id": comment_id, "post_id": video_id},
            **shared,
        )
        return
    if action not in {"insert", "set_to_public"}:
        yield Note("ignored", f"comment {comment_id}: action {action!r} is not counted")
        return
    event_id = ids.of_tiktok_comment(comment_id)
    fields = {
        "post_id": video_id,
        "comment_id": comment_id,
        "author_id": need_id(content, "unique_identifier"),
        "text": "",
    }
    if handle := text_at(content, "username"):
        fields["author_handle"] = handle
    if parent := id_at(content, "parent_comment_id"):
        fields["parent_id"] = parent
    yield Note("incomplete", f"comment {comment_id}: text: TikTok's webhook has none, nor the person's name")
    yield Draft(
        type="comment.created",
        event_id=event_id if action == "insert" else ids.of_change(event_id, when),
        fields=fields,
        **shared,
    )


def _polled_comment(delivery: Delivery, row: Any) -> Iterator[Told]:
    comment_id, video_id = need_id(row, "comment_id"), need_id(row, "video_id")
    status = text_at(row, "status")
    if status is not None and status.upper() not in {"PUBLIC", "ALL"}:
        yield Note("ignored", f"comment {comment_id} has the status {status!r}")
        return
    fields = {
        "post_id": video_id,
        "comment_id": comment_id,
        "author_id": need_id(row, "unique_identifier"),
        "text": text_at(row, "text") or "",
    }
    if handle := text_at(row, "username"):
        fields["author_handle"] = handle
    if parent := id_at(row, "parent_comment_id"):
        fields["parent_id"] = parent
    yield Draft(
        type="comment.created",
        event_id=ids.of_tiktok_comment(comment_id),
        platform=PLATFORM,
        occurred_at=_moment(row, "create_time"),
        fields=fields,
        post_ids=(video_id,),
        account=delivery.account,
    )
    replies = objects_at(row, "reply_list")
    yield from each(replies, lambda reply: _polled_comment(delivery, reply), "reply")


def _video(delivery: Delivery, row: Any) -> Iterator[Told]:
    video_id = id_at(row, "item_id") or need_id(row, "id")
    counts = {ours: count for theirs, ours in _COUNTS.items() if (count := count_at(row, theirs)) is not None}
    yield polled_video(delivery, PLATFORM, video_id, counts, delivery.account)


def _moment(value: Any, name: str) -> int:
    found = count_at(value, name)
    if found is None:
        raise Unmapped(absent(value, name))
    return from_epoch(found)
