"""Meta: comments on Instagram posts and lives, on Facebook pages and Threads, and the counts of Instagram posts.

Webhooks: https://developers.facebook.com/docs/graph-api/webhooks/reference/instagram. Both documented body shapes are
read: ``entry[].changes[]``, and ``field`` and ``value`` on the entry, in an array.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from streams.connectors.bodies import (
    Unmapped,
    absent,
    at,
    count_at,
    id_at,
    items_of,
    json_of,
    need_id,
    need_text,
    objects_at,
    refusal_in,
    text_at,
)
from streams.connectors.drafts import Delivery, Draft, Note, Told, each, need_time
from streams.connectors.facebook import PLATFORM as FACEBOOK
from streams.connectors.facebook import page_change
from streams.sources import ids
from streams.sources.times import from_epoch

INSTAGRAM: Final = "instagram"
THREADS: Final = "threads"
_COMMENT_FIELDS: Final = ("comments", "live_comments")
_COUNTS: Final = {
    "like_count": "likes",
    "comments_count": "comments",
    "shares_count": "shares",
    "saved_count": "saves",
    "view_count": "views",
}
_OF_STORIES: Final = {"impressions": "views", "views": "views", "reach": "reach"}
"""Of a story that is over; its replies are private messages, no comments."""
_MESSAGES: Final = ("messaging", "standby")
_INSIGHTS: Final = {
    "likes": "likes",
    "comments": "comments",
    "saved": "saves",
    "shares": "shares",
    "views": "views",
    "reach": "reach",
}


def read(delivery: Delivery) -> Iterator[Told]:
    """Map a webhook of Instagram or of a Facebook page, or the answer to a poll of comments, counts or insights."""
    body = json_of(delivery.body)
    for part in items_of(body):
        if isinstance(at(part, "values"), dict) and at(part, "entry") is None:
            yield from each([part], _thread_reply, "reply")
        elif isinstance(at(part, "entry"), list | dict):
            entries = objects_at(part, "entry")
            yield from each(entries, partial(_entry, delivery, part), "entry")
            if not entries:
                yield Note("ignored", "there is no entry in it")
        elif isinstance(at(part, "data"), list):
            yield from _polled(delivery, part)
        elif any(name in part for name in _COUNTS) if isinstance(part, dict) else False:
            yield from _media(delivery, part)
        else:
            yield Note("unmapped", refusal_in(part) or absent(part, "entry"))


def _entry(delivery: Delivery, part: Any, entry: Any) -> Iterator[Told]:
    platform = FACEBOOK if at(part, "object") == "page" else INSTAGRAM
    changes = at(entry, "changes")
    if changes is None and text_at(entry, "field") is None:
        told = next((name for name in (*_MESSAGES, "changed_fields") if at(entry, name) is not None), None)
        if told is not None:
            yield Note("ignored", "private messages are not counted" if told in _MESSAGES else f"{told} is not counted")
            return
    for change in objects_at(entry, "changes") if changes is not None else [entry]:
        # The document of Business Login speaks of an array of values, and shows one.
        values = at(change, "value") if isinstance(at(change, "value"), list) else [at(change, "value")]
        changed = [{"field": at(change, "field"), "value": value} for value in values]
        yield from each(changed, lambda one: _change(delivery, platform, entry, one), "change")


def _change(delivery: Delivery, platform: str, entry: Any, change: Any) -> Iterator[Told]:
    field = text_at(change, "field")
    value = at(change, "value")
    if field is None:
        raise Unmapped(absent(change, "field"))
    if platform == FACEBOOK:
        yield from page_change(entry, field, value)
    elif field in _COMMENT_FIELDS:
        sent = count_at(entry, "time")
        if sent is None:
            raise Unmapped(absent(entry, "time"))
        media = [each_id for name in ("id", "original_media_id") if (each_id := id_at(value, "media", name))]
        if not media:
            raise Unmapped(absent(value, "media", "id"))
        # A webhook has no time of the comment: Meta's own, of sending, is the nearest.
        yield from _comment(value, media, from_epoch(sent), "send_time", id_at(entry, "id"))
    elif field == "story_insights":
        yield from _story(entry, value)
    elif field == "mentions":
        where = f"comment {id_at(value, 'comment_id')}" if id_at(value, "comment_id") else "caption"
        yield Note("ignored", f"mentions: a {where} of another account's post {id_at(value, 'media_id')}: not counted")
    else:
        yield Note("ignored", f"field {field!r} is not counted")


def _comment(
    value: Any, media: list[str], occurred_at: str | int, time_source: Any, account: str | None
) -> Iterator[Told]:
    comment_id = id_at(value, "id") or id_at(value, "comment_id")  # as it is called where a comment is on an ad
    if comment_id is None:
        raise Unmapped(absent(value, "id"))
    name = text_at(value, "from", "username") or text_at(value, "username")
    author = ids.of_account(name) if name else id_at(value, "from", "id")
    if not author:
        raise Unmapped(f"comment {comment_id}: from.username is missing, and from.id too")
    if not name:
        yield Note(
            "incomplete",
            f"comment {comment_id}: no username; from.id {author} is another number in other accounts and exports",
        )
    fields: dict[str, Any] = {
        "post_id": media[0],
        "comment_id": comment_id,
        "author_id": author,
        "text": text_at(value, "text") or "",
    }
    if name:
        fields["author_handle"] = name
    if parent := id_at(value, "parent_id"):
        fields["parent_id"] = parent
    yield Draft(
        type="comment.created",
        event_id=comment_id,
        platform=INSTAGRAM,
        occurred_at=occurred_at,
        time_source=time_source,
        fields=fields,
        post_ids=tuple(media),
        account=account,
    )


def _story(entry: Any, value: Any) -> Iterator[Told]:
    """Map what Meta tells of a story when it is over; what it holds back, because few have seen it, is absent."""
    media = need_id(value, "media_id")
    told_at = count_at(entry, "time")
    if told_at is None:
        raise Unmapped(absent(entry, "time"))
    counts = {ours: count for theirs, ours in _OF_STORIES.items() if (count := count_at(value, theirs)) is not None}
    if not counts:
        yield Note("ignored", f"story {media}: no count of ours in it")
        return
    when = from_epoch(told_at)
    yield Draft(
        type="post.metrics",
        event_id=ids.of_counts(media, when, "insights"),
        platform=INSTAGRAM,
        occurred_at=when,
        time_source="send_time",
        fields={"post_id": media, **counts},
        post_ids=(media,),
        account=id_at(entry, "id"),
    )


def _thread_reply(body: Any) -> Iterator[Told]:
    """Map a reply on Threads, with its own time (https://developers.facebook.com/docs/threads/webhooks)."""
    field, value = text_at(body, "values", "field"), at(body, "values", "value")
    if field != "replies":
        yield Note("ignored", f"field {field!r} is not counted"[:200])
        return
    reply_id, name = need_id(value, "id"), need_text(value, "username")
    post_id = id_at(value, "root_post", "id") or need_id(value, "replied_to", "id")
    fields: dict[str, Any] = {
        "post_id": post_id,
        "comment_id": reply_id,
        "author_id": ids.of_account(name),
        "author_handle": name,
        "text": text_at(value, "text") or "",
    }
    if (parent := id_at(value, "replied_to", "id")) and parent != post_id:
        fields["parent_id"] = parent
    yield Draft(
        type="comment.created",
        event_id=reply_id,
        platform=THREADS,
        occurred_at=need_time(text_at(value, "timestamp"), "timestamp"),
        fields=fields,
        post_ids=(post_id,),
        account=id_at(value, "root_post", "owner_id") or id_at(body, "target_id"),
    )


def _polled(delivery: Delivery, part: Any) -> Iterator[Told]:
    rows = objects_at(part, "data")
    if rows and all(text_at(row, "period") and isinstance(at(row, "values"), list) for row in rows):
        yield from each([rows], lambda rows: _insights(delivery, rows), "insights")
        return
    post_id = delivery.post_id or _asked_for(text_at(part, "paging", "next") or text_at(part, "paging", "previous"))
    yield from each(rows, lambda row: _polled_comment(delivery, post_id, row), "comment")
    if text_at(part, "paging", "next"):
        yield Note("incomplete", "there is a next page (paging.next)")


def _polled_comment(delivery: Delivery, post_id: str | None, row: Any) -> Iterator[Told]:
    media = id_at(row, "media", "id") or post_id
    if media is None:
        raise Unmapped("media.id is missing, and the answer does not say which post was asked for")
    occurred_at = need_time(text_at(row, "timestamp"), "timestamp")
    yield from _comment(row, [media], occurred_at, "payload", delivery.account)
    replies = objects_at(row, "replies", "data")
    yield from each(replies, lambda reply: _polled_comment(delivery, media, reply), "reply")


def _asked_for(address: str | None) -> str | None:
    """Return the post in ``https://graph.instagram.com/v24.0/18000000000000001/comments?after=``."""
    parts = (address or "").partition("?")[0].split("/")
    before = parts[-2] if len(parts) > 1 and parts[-1] in {"comments", "replies"} else ""
    return before if before.isdecimal() and parts[-1] == "comments" else None


def _media(delivery: Delivery, part: Any) -> Iterator[Told]:
    counts = {ours: count for theirs, ours in _COUNTS.items() if (count := count_at(part, theirs)) is not None}
    yield from _snapshot(delivery, need_id(part, "id"), counts, "stats")


def _insights(delivery: Delivery, rows: list[Any]) -> Iterator[Told]:
    media = need_id(rows[0], "id").partition("/")[0]
    counts = {}
    for row in rows:
        ours, value = _INSIGHTS.get(text_at(row, "name") or ""), count_at(row, "values", -1, "value")
        if ours is not None and value is not None and at(row, "period") == "lifetime":
            counts[ours] = value
    yield from _snapshot(delivery, media, counts, "insights")


def _snapshot(delivery: Delivery, media: str, counts: dict[str, int], of: str) -> Iterator[Told]:
    if not counts:
        yield Note("ignored", f"post {media}: no count of ours in it")
        return
    yield Draft(
        type="post.metrics",
        event_id=ids.of_counts(media, delivery.received_ms, of),
        platform=INSTAGRAM,
        occurred_at=delivery.received_ms,
        time_source="poll_time",
        fields={"post_id": media, **counts},
        post_ids=(media,),
        account=delivery.account,
    )
