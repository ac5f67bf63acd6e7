"""X's Account Activity API, which Enterprise apps still have beside the Activity API: posts in the form of version 1.1.

Shapes: https://developer.x.com/en/docs/x-api/enterprise/account-activity-api/guides/account-activity-data-objects. What
a person does has the same id by both APIs.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from streams.connectors.bodies import Unmapped, absent, at, count_at, id_at, id_of, need_id, objects_at, text_at
from streams.connectors.drafts import Draft, Note, Told, each
from streams.sources import ids
from streams.sources.times import from_epoch, instant

_PLATFORM: Final = "x"


def is_account_activity(body: Any) -> bool:
    """Return whether a body is one of this API's."""
    return id_at(body, "for_user_id") is not None or isinstance(at(body, "user_event"), dict)


def read(body: Any) -> Iterator[Told]:
    """Map what happened to one account: posts, likes and removals; everything else is no number of ours."""
    account = id_at(body, "for_user_id")
    if account is None:
        what = "an account has withdrawn its authorization" if at(body, "user_event", "revoke") else "user_event"
        yield Note("ignored", f"{what} is not counted" if what == "user_event" else what)
        return
    readers = {"tweet_create_events": _created, "favorite_events": _liked, "tweet_delete_events": _deleted}
    for name, reader in readers.items():
        yield from each(objects_at(body, name), partial(reader, account), name)
    others = [name for name, value in body.items() if name.endswith("_events") and value and name not in readers]
    if others:
        yield Note("ignored", f"{', '.join(others)[:150]}: not counted")


def _created(account: str, post: Any) -> Iterator[Told]:
    post_id, author = _id(post), _id(at(post, "user"))
    shared, quoted = at(post, "retweeted_status"), at(post, "quoted_status")
    replied_to = _id_at(post, "in_reply_to_status_id")
    if author == account:
        if shared is not None or replied_to:
            yield Note("ignored", f"post {post_id} is the account's own reply or repost")
            return
        yield _draft("post.published", post_id, account, _moment(post), post_id, {})
    elif shared is not None and _id(at(shared, "user")) == account:
        yield _share(account, post, _id(shared))
    elif replied_to and _id_at(post, "in_reply_to_user_id") == account:
        fields = {
            "comment_id": _oldest(post),
            "author_id": author,
            "text": text_at(post, "extended_tweet", "full_text") or text_at(post, "full_text") or text_at(post, "text"),
        }
        fields["text"] = fields["text"] or ""
        if handle := text_at(post, "user", "screen_name"):
            fields["author_handle"] = handle
        yield _draft("comment.created", post_id, account, _moment(post), replied_to, fields)
    elif quoted is not None and shared is None and _id(at(quoted, "user")) == account:
        yield _share(account, post, _id(quoted))
    else:
        yield Note("ignored", f"post {post_id} names the account: no reply, quote or repost of a post of its own")


def _liked(account: str, like: Any) -> Iterator[Told]:
    post = at(like, "favorited_status")
    if _id(at(post, "user")) != account:
        yield Note("ignored", f"a like by the account, of post {_id(post)}, not of a post of its own")
        return
    yield _draft("post.reaction", need_id(like, "id"), account, _moment(like), _id(post), {"kind": "like", "count": 1})


def _deleted(account: str, removal: Any) -> Iterator[Told]:
    post_id = need_id(removal, "status", "id")
    if id_at(removal, "status", "user_id") not in {None, account}:
        yield Note("ignored", f"post {post_id} is another account's")
        return
    yield _draft("post.deleted", ids.of_removal(post_id), account, _moment(removal), post_id, {})


def _share(account: str, post: Any, of_post: str) -> Draft:
    return _draft("post.reaction", _id(post), account, _moment(post), of_post, {"kind": "share", "count": 1})


def _draft(
    kind: str, event_id: str, account: str, occurred_at: str | int, post_id: str, fields: dict[str, Any]
) -> Draft:
    return Draft(
        type=kind,
        event_id=event_id,
        platform=_PLATFORM,
        occurred_at=occurred_at,
        fields={"post_id": post_id, **fields},
        post_ids=(post_id,),
        account=account,
    )


def _id(value: Any) -> str:
    """Return the id of a post or a user; numbers have lost digits in languages that know doubles only."""
    return id_at(value, "id_str") or need_id(value, "id")


def _id_at(post: Any, name: str) -> str | None:
    return id_at(post, f"{name}_str") or id_at(post, name)


def _oldest(post: Any) -> str:
    """Return the id that a post had before it was edited."""
    history = [found for one in objects_at(post, "edit_history", "edit_tweet_ids") if (found := id_of(one))]
    return min(history, key=lambda each_id: (len(each_id), each_id), default=_id(post))


def _moment(value: Any) -> str | int:
    """Return ``timestamp_ms``, or ``created_at`` as version 1.1 writes it: ``Sat Apr 18 16:04:05 +0000 2026``."""
    if (stamp := count_at(value, "timestamp_ms")) is not None:
        return from_epoch(stamp)
    found = text_at(value, "created_at")
    if found is None:
        raise Unmapped(absent(value, "timestamp_ms"))
    return instant(found)
