"""YouTube: pushed uploads, and the answers to polls of live chat, comments and statistics."""

import html
import re
from collections.abc import Iterator
from typing import Any, Final

from streams.connectors.atom import Entry, entries_of
from streams.connectors.bodies import (
    Unmapped,
    absent,
    at,
    count_at,
    id_at,
    json_of,
    need_id,
    objects_at,
    refusal_in,
    text_at,
)
from streams.connectors.drafts import Delivery, Draft, Note, Told, each, need_time, polled_video
from streams.connectors.shopify import FRESH_MS
from streams.sources import ids
from streams.sources.times import instant_ms, shown

PLATFORM: Final = "youtube"
LIVE_CHAT: Final = "live-chat:"
"""Before a live chat id, where a video id stands: the chat names no video, and the definition says which it is."""
_COUNTS: Final = {"viewCount": "views", "likeCount": "likes", "commentCount": "comments"}
_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_TEXTS: Final = {
    "textMessageEvent": ("textMessageDetails", "messageText"),
    "superChatEvent": ("superChatDetails", "userComment"),
    "memberMilestoneChatEvent": ("memberMilestoneChatDetails", "userComment"),
}
_REMOVALS: Final = {
    "messageDeletedEvent": ("messageDeletedDetails", "deletedMessageId"),
    "messageRetractedEvent": ("messageRetractedDetails", "retractedMessageId"),
}


def read(delivery: Delivery) -> Iterator[Told]:
    """Map a pushed feed, or the answer to a poll, by its ``kind``."""
    if delivery.body.lstrip()[:1] == b"<":
        entries = entries_of(delivery.body)
        yield from each(entries, _pushed, "entry")
        if not entries:
            yield Note("ignored", "the feed has no entry")
        return
    body = json_of(delivery.body)
    kind = text_at(body, "kind")
    readers = {
        "youtube#liveChatMessageListResponse": ("message", _chat_message),
        "youtube#commentThreadListResponse": ("thread", _thread),
        "youtube#commentListResponse": ("comment", _reply),
        "youtube#videoListResponse": ("video", _video),
    }
    if kind not in readers:
        missing = f"kind {kind!r} is none that is read" if kind else absent(body, "kind")
        yield Note("unmapped", refusal_in(body) or missing)
        return
    what, reader = readers[kind]
    yield from each(objects_at(body, "items"), lambda item: reader(delivery, item), what)
    if what != "message" and text_at(body, "nextPageToken"):
        yield Note("incomplete", "there is a next page (nextPageToken)")


def _pushed(entry: Entry) -> Iterator[Told]:
    if not entry.video_id:
        raise Unmapped("yt:videoId is missing")
    shared: dict[str, Any] = {"platform": PLATFORM, "fields": {"post_id": entry.video_id}}
    shared |= {"post_ids": (entry.video_id,), "account": entry.channel_id or None}
    if entry.is_removed:
        when = need_time(entry.removed_at or None, "when")
        yield Draft(type="post.deleted", event_id=ids.of_removal(entry.video_id), occurred_at=when, **shared)
        return
    # Also sent when a title changes: the id is the video's, and the second one is a duplicate as long as ids are known.
    when = need_time(entry.published or None, "published")
    changed = instant_ms(need_time(entry.updated, "updated")) if entry.updated else None
    if changed is not None and changed - instant_ms(when) >= FRESH_MS:
        yield Note("ignored", f"video {entry.video_id} of {when} was changed on {shown(changed)}: told when it was new")
        return
    yield Draft(type="post.published", event_id=entry.video_id, occurred_at=when, **shared)


def _chat_message(delivery: Delivery, item: Any) -> Iterator[Told]:
    snippet, message_id = at(item, "snippet"), need_id(item, "id")
    kind = text_at(snippet, "type") or ""
    if kind not in _TEXTS and kind not in _REMOVALS:
        yield Note("ignored", f"message {message_id}: type {kind!r} is no comment")
        return
    post_id = delivery.post_id or LIVE_CHAT + need_id(snippet, "liveChatId")
    shared: dict[str, Any] = {
        "event_id": message_id,
        "platform": PLATFORM,
        "occurred_at": need_time(text_at(snippet, "publishedAt"), "publishedAt"),
        "post_ids": (post_id,),
    }
    if kind in _REMOVALS:
        # authorChannelId is the moderator's, not the person's whose message it was.
        fields = {"comment_id": need_id(snippet, *_REMOVALS[kind]), "post_id": post_id}
        yield Draft(type="comment.deleted", fields=fields, **shared)
        return
    fields = {
        "post_id": post_id,
        "comment_id": message_id,
        "author_id": id_at(item, "authorDetails", "channelId") or need_id(snippet, "authorChannelId"),
        "text": text_at(snippet, *_TEXTS[kind]) or "",
    }
    if handle := text_at(item, "authorDetails", "displayName"):
        fields["author_handle"] = handle
    yield Draft(type="comment.created", fields=fields, **shared)


def _thread(delivery: Delivery, item: Any) -> Iterator[Told]:
    top = at(item, "snippet", "topLevelComment")
    video_id = id_at(item, "snippet", "videoId") or id_at(top, "snippet", "videoId") or delivery.post_id
    if video_id is None:
        raise Unmapped(absent(item, "snippet", "videoId"))
    channel = id_at(item, "snippet", "channelId")
    yield from _comment(top, video_id, channel, None)
    replies = objects_at(item, "replies", "comments")
    parent = id_at(top, "id")

    def reply(each_reply: Any) -> Iterator[Told]:
        yield from _comment(each_reply, video_id, channel, id_at(each_reply, "snippet", "parentId") or parent)

    yield from each(replies, reply, "reply")
    total = count_at(item, "snippet", "totalReplyCount")
    if total is not None and total > len(replies):
        yield Note("incomplete", f"thread {parent}: {len(replies)} of {total} replies; the rest by comments.list")


def _reply(delivery: Delivery, item: Any) -> Iterator[Told]:
    video_id = id_at(item, "snippet", "videoId") or delivery.post_id
    if video_id is None:
        raise Unmapped(absent(item, "snippet", "videoId"))
    yield from _comment(item, video_id, id_at(item, "snippet", "channelId"), id_at(item, "snippet", "parentId"))


def _comment(item: Any, video_id: str, channel: str | None, parent: str | None) -> Iterator[Told]:
    """Map a comment, and its edit as another version of it."""
    snippet, comment_id = at(item, "snippet"), need_id(item, "id")
    fields = {
        "post_id": video_id,
        "comment_id": comment_id,
        "author_id": need_id(snippet, "authorChannelId", "value"),
        "text": text_at(snippet, "textOriginal") or _plain(text_at(snippet, "textDisplay") or ""),
    }
    if handle := text_at(snippet, "authorDisplayName"):
        fields["author_handle"] = handle
    if parent:
        fields["parent_id"] = parent
    published = need_time(text_at(snippet, "publishedAt"), "publishedAt")
    shared: dict[str, Any] = {"platform": PLATFORM, "fields": fields, "post_ids": (video_id,), "account": channel}
    yield Draft(type="comment.created", event_id=comment_id, occurred_at=published, **shared)
    if (found := text_at(snippet, "updatedAt")) is None:
        return
    updated = need_time(found, "updatedAt")
    later_ms = instant_ms(updated) - instant_ms(published)
    if later_ms >= FRESH_MS:
        yield Note(
            "ignored", f"comment {comment_id} of {published}: its change of {updated} is told as another no more"
        )
    elif later_ms > 0:
        # The list has the newest text only: what was written first is known to whoever asked before.
        yield Draft(type="comment.created", event_id=ids.of_change(comment_id, updated), occurred_at=updated, **shared)


def _video(delivery: Delivery, item: Any) -> Iterator[Told]:
    video_id = need_id(item, "id")
    statistics = at(item, "statistics")
    # A hidden count is absent, which is not zero.
    counts = {ours: count for theirs, ours in _COUNTS.items() if (count := count_at(statistics, theirs)) is not None}
    yield polled_video(delivery, PLATFORM, video_id, counts, id_at(item, "snippet", "channelId"))


def _plain(text: str) -> str:
    """Return what was written, of the HTML in which YouTube shows it."""
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
