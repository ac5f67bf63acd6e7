"""X: the Activity API, the filtered stream, and counts of posts by look-up.

Shapes: https://docs.x.com/x-api/activity/event-payloads. Users stand in ``includes.users[]``, here and there under one
more ``data``.
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
    objects_at,
    refusal_in,
    text_at,
)
from streams.connectors.drafts import Delivery, Draft, Note, Told, each, need_time
from streams.connectors.x_account import is_account_activity
from streams.connectors.x_account import read as read_account_activity
from streams.sources import ids
from streams.sources.times import from_epoch

PLATFORM: Final = "x"
_COUNTS: Final = {
    "like_count": "likes",
    "reply_count": "comments",
    "bookmark_count": "saves",
    "impression_count": "views",
}
_SHARES: Final = ("retweet_count", "quote_count")
_SHARED_AS: Final = {"quoted": "share", "retweeted": "share", "reposted": "share"}


def read(delivery: Delivery) -> Iterator[Told]:
    """Map an event of the Activity API or of Account Activity, a post of the filtered stream, or posts of a look-up."""
    body = json_of(delivery.body)
    data = at(body, "data")
    if is_account_activity(body):
        yield from read_account_activity(body)
    elif isinstance(data, list):
        yield from each(data, lambda post: _counts(delivery, post), "post")
    elif text_at(data, "event_type") is not None:
        yield from each([data], lambda event: _activity(delivery, event), "event")
    elif id_at(data, "id") is not None and at(body, "matching_rules") is not None:
        tags = [tag for rule in objects_at(body, "matching_rules") if (tag := text_at(rule, "tag"))]
        yield from each([data], lambda post: _streamed(post, at(body, "includes"), tags), "post")
    elif id_at(data, "id") is not None and at(data, "public_metrics") is not None:
        yield from each([data], lambda post: _counts(delivery, post), "post")
    else:
        missing = absent(data, "event_type") if isinstance(data, dict) else absent(body, "data")
        yield Note("unmapped", refusal_in(body) or missing)


def _activity(delivery: Delivery, event: Any) -> Iterator[Told]:
    kind, payload = text_at(event, "event_type"), at(event, "payload")
    user = id_at(event, "filter", "user_id")
    campaign, influencer = _named(text_at(event, "tag"))
    shared: dict[str, Any] = {
        "platform": PLATFORM,
        "account": user,
        "campaign_id": campaign,
        "influencer_id": influencer,
        "is_tagged": campaign is not None,
    }
    if kind == "post.reply.create":
        post_id = id_at(payload, "in_reply_to_tweet_id") or _referenced(payload, "replied_to")
        if post_id is None:
            raise Unmapped(absent(payload, "in_reply_to_tweet_id"))
        yield _comment(payload, at(event, "includes"), need_id(payload, "id"), post_id, shared)
    elif kind in {"post.quote.create", "post.repost.create"}:
        post_id = _referenced(payload, *_SHARED_AS)
        if post_id is None:
            raise Unmapped("referenced_tweets names no post that was quoted or reposted")
        created = need_time(text_at(payload, "created_at"), "created_at")
        yield _reaction("share", need_id(payload, "id"), post_id, created, shared)
    elif kind == "like.create":
        yield from _like(delivery, event, payload, shared)
    elif kind == "post.create":
        yield from _published(payload, user, shared)
    elif kind == "post.delete":
        post_id = need_id(payload, "id")
        yield Draft(
            type="post.deleted",
            event_id=ids.of_removal(post_id),
            occurred_at=delivery.received_ms,
            time_source="send_time",
            fields={"post_id": post_id},
            post_ids=(post_id,),
            **shared,
        )
    else:
        yield Note("ignored", f"event_type {kind!r} is not counted")


def _like(delivery: Delivery, event: Any, payload: Any, shared: dict[str, Any]) -> Iterator[Told]:
    post_id = need_id(payload, "liked_tweet_id")
    owner = id_at(payload, "liked_tweet_author_id")
    if at(event, "filter", "direction") == "outbound" or (owner and owner != shared["account"]):
        yield Note("ignored", f"a like by the account, of post {post_id}, not of a post of its own")
        return
    # created_at is the post's time; timestamp_ms is the like's, which X gives "when available".
    moment = count_at(payload, "timestamp_ms")
    if moment is None:
        shared = {**shared, "time_source": "send_time"}
    when = delivery.received_ms if moment is None else from_epoch(moment)
    yield _reaction("like", need_id(payload, "id"), post_id, when, shared)


def _published(payload: Any, user: str | None, shared: dict[str, Any]) -> Iterator[Told]:
    post_id = need_id(payload, "id")
    if (user and id_at(payload, "author_id") not in {None, user}) or id_at(payload, "in_reply_to_tweet_id"):
        yield Note("ignored", f"post {post_id} is a reply, or another account's")
        return
    yield Draft(
        type="post.published",
        event_id=post_id,
        occurred_at=need_time(text_at(payload, "created_at"), "created_at"),
        fields={"post_id": post_id},
        post_ids=(post_id,),
        **shared,
    )


def _streamed(post: Any, includes: Any, tags: list[str]) -> Iterator[Told]:
    named = [name for tag in tags if (name := _named(tag))[0]]
    campaign, influencer = named[0] if named else (None, None)
    shared: dict[str, Any] = {"platform": PLATFORM, "campaign_id": campaign, "influencer_id": influencer}
    shared["is_tagged"] = campaign is not None
    oldest = _oldest(post)
    if replied := _referenced(post, "replied_to"):
        yield _comment(post, includes, oldest, replied, {**shared, "account": id_at(post, "in_reply_to_user_id")})
    elif shared_post := _referenced(post, *_SHARED_AS):
        created = need_time(text_at(post, "created_at"), "created_at")
        yield _reaction("share", oldest, shared_post, created, {**shared, "account": None})
    else:
        yield Note("ignored", f"post {oldest} is no reply, quote or repost")


def _comment(post: Any, includes: Any, event_id: str, post_id: str, shared: dict[str, Any]) -> Draft:
    author = need_id(post, "author_id")
    fields: dict[str, Any] = {
        "post_id": post_id,
        "comment_id": _oldest(post),
        "author_id": author,
        "text": text_at(post, "text") or "",
    }
    if handle := _handle(includes, author):
        fields["author_handle"] = handle
    conversation = id_at(post, "conversation_id")
    posts = tuple(dict.fromkeys(each_id for each_id in (post_id, conversation) if each_id))
    return Draft(
        type="comment.created",
        event_id=event_id,
        occurred_at=need_time(text_at(post, "created_at"), "created_at"),
        fields=fields,
        post_ids=posts,
        **shared,
    )


def _reaction(kind: str, event_id: str, post_id: str, occurred_at: str | int, shared: dict[str, Any]) -> Draft:
    return Draft(
        type="post.reaction",
        event_id=event_id,
        occurred_at=occurred_at,
        fields={"post_id": post_id, "kind": kind, "count": 1},
        post_ids=(post_id,),
        **shared,
    )


def _counts(delivery: Delivery, post: Any) -> Iterator[Told]:
    post_id, metrics = need_id(post, "id"), at(post, "public_metrics")
    counts = {ours: count for theirs, ours in _COUNTS.items() if (count := count_at(metrics, theirs)) is not None}
    shares = [count for name in _SHARES if (count := count_at(metrics, name)) is not None]
    if shares:
        counts["shares"] = sum(shares)
    if not counts:
        raise Unmapped(absent(post, "public_metrics"))
    yield Draft(
        type="post.metrics",
        event_id=ids.of_counts(post_id, delivery.received_ms),
        platform=PLATFORM,
        occurred_at=delivery.received_ms,
        time_source="poll_time",
        fields={"post_id": post_id, **counts},
        post_ids=(post_id,),
        account=id_at(post, "author_id"),
    )


def _oldest(post: Any) -> str:
    """Return the id that a post had before it was edited."""
    history = [found for found in map(_as_id, objects_at(post, "edit_history_tweet_ids")) if found]
    numbers = sorted(history, key=lambda each_id: (len(each_id), each_id))
    return numbers[0] if numbers else need_id(post, "id")


def _as_id(value: Any) -> str | None:
    return id_at({"id": value}, "id")


def _referenced(post: Any, *kinds: str) -> str | None:
    for reference in objects_at(post, "referenced_tweets"):
        if text_at(reference, "type") in kinds and (found := id_at(reference, "id")):
            return found
    return None


def _handle(includes: Any, author: str) -> str | None:
    for entry in objects_at(includes, "users"):
        user = at(entry, "data") if isinstance(at(entry, "data"), dict) else entry
        if id_at(user, "id") == author:
            return text_at(user, "username")
    return None


def _named(tag: str | None) -> tuple[str | None, str | None]:
    """Return campaign and influencer of a tag such as ``spring/ana``."""
    campaign, slash, influencer = (tag or "").partition("/")
    return (campaign, influencer) if slash and campaign and influencer and "/" not in influencer else (None, None)
