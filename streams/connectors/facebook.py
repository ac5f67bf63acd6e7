"""Facebook pages: comments with their changes and removals, and the page's own posts, by the webhook field ``feed``.

Fields: https://developers.facebook.com/docs/graph-api/webhooks/reference/page.
"""

from collections.abc import Iterator
from typing import Any, Final

from streams.connectors.bodies import Unmapped, absent, at, count_at, id_at, need_id, text_at
from streams.connectors.drafts import Draft, Note, Told
from streams.sources import ids
from streams.sources.times import from_epoch

PLATFORM: Final = "facebook"
_POSTS: Final = frozenset({"status", "photo", "video", "share", "post", "album"})
"""What Facebook calls a post in a page's feed."""
_WRITTEN: Final = frozenset({"add", "edit", "edited", "update", "unhide"})
"""Verbs of a page's comment that is there to be read: new, changed, or shown again."""


def page_change(entry: Any, field: str, value: Any) -> Iterator[Told]:
    """Map one change of a page's feed."""
    if field == "feed" and text_at(value, "item") in _POSTS and text_at(value, "verb") in {"add", "remove"}:
        yield from _post(entry, value)
        return
    if field != "feed" or at(value, "item") != "comment":
        yield Note("ignored", f"field {field!r}, item {at(value, 'item')!r} is not counted"[:200])
        return
    verb, comment_id, post_id = text_at(value, "verb"), need_id(value, "comment_id"), need_id(value, "post_id")
    created = count_at(value, "created_time")
    if created is None:
        raise Unmapped(absent(value, "created_time"))
    when = from_epoch(created)
    shared: dict[str, Any] = {
        "post_ids": (post_id,),
        "account": id_at(entry, "id"),
        "platform": PLATFORM,
        "occurred_at": when,
    }
    if verb in _WRITTEN:
        author = need_id(value, "from", "id")
        fields = {"post_id": post_id, "comment_id": comment_id, "author_id": author}
        fields["text"] = text_at(value, "message") or ""
        if handle := text_at(value, "from", "name"):
            fields["author_handle"] = handle
        parent = id_at(value, "parent_id")
        if parent and parent != post_id:
            fields["parent_id"] = parent
        event_id = comment_id
        if verb != "add":
            # created_time stays the comment's: when it was changed is when Meta told it.
            shared |= {"occurred_at": _told_ms(entry), "time_source": "send_time"}
            event_id = ids.of_change(comment_id, shared["occurred_at"])
        yield Draft(type="comment.created", event_id=event_id, fields=fields, **shared)
    elif verb in {"remove", "delete"}:
        fields = {"comment_id": comment_id, "post_id": post_id}
        yield Draft(type="comment.deleted", event_id=ids.of_removal(comment_id), fields=fields, **shared)
    elif verb == "hide":
        # It may be shown and hidden again: what tells one from the next is when Meta told it.
        shared |= {"occurred_at": _told_ms(entry), "time_source": "send_time"}
        fields = {"comment_id": comment_id, "post_id": post_id}
        event_id = ids.of_change(ids.of_removal(comment_id), shared["occurred_at"])
        yield Draft(type="comment.deleted", event_id=event_id, fields=fields, **shared)
    else:
        yield Note("ignored", f"comment {comment_id}: verb {verb!r} is not counted")


def _told_ms(entry: Any) -> int:
    told = count_at(entry, "time")
    if told is None:
        raise Unmapped(absent(entry, "time"))
    return from_epoch(told)


def _post(entry: Any, value: Any) -> Iterator[Told]:
    """Map a post of the page itself; what others write there is theirs."""
    page, post_id = id_at(entry, "id"), need_id(value, "post_id")
    created = count_at(value, "created_time")
    if page is None or id_at(value, "from", "id") != page or at(value, "published") == 0:
        yield Note("ignored", f"post {post_id} is another account's, or not published")
        return
    if created is None:
        raise Unmapped(absent(value, "created_time"))
    is_new = text_at(value, "verb") == "add"
    yield Draft(
        type="post.published" if is_new else "post.deleted",
        event_id=post_id if is_new else ids.of_removal(post_id),
        platform=PLATFORM,
        occurred_at=from_epoch(created),
        fields={"post_id": post_id},
        post_ids=(post_id,),
        account=page,
    )
