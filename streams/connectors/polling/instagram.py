"""Instagram's Graph API: comments with their true times, counts and insights of posts; the posts of accounts.

Requests: https://developers.facebook.com/docs/instagram-platform. Limits are told in headers, as percentages of what is
granted: at 80 % we wait. Comments come newest first.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from models.times import MINUTE_MS, SECOND_MS
from streams.connectors.bodies import count_at, id_at, objects_at, text_at
from streams.connectors.polling.asking import (
    Answer,
    Ask,
    Limits,
    Post,
    Reading,
    Round,
    Trouble,
    Vendor,
    bearer,
    is_near,
    paged,
    trouble_of,
)
from streams.sources.times import NoTime, instant, instant_ms

PLATFORM: Final = "instagram"
_COMMENT: Final = "id,text,timestamp,username,from,parent_id,like_count,hidden"
_COUNTS: Final = "id,like_count,comments_count,shares_count,saved_count,view_count"
_INSIGHTS: Final = "reach,likes,comments,saved,shares,views"
_NORMAL_MS: Final = 2 * MINUTE_MS
_NEAR_MS: Final = 15 * SECOND_MS
_INSIGHTS_MS: Final = 15 * MINUTE_MS
_MEDIA_MS: Final = 5 * MINUTE_MS
_FULL_PERCENT: Final = 80
_USED: Final = ("call_count", "total_cputime", "total_time")
_PAUSE_MS: Final = 5 * MINUTE_MS
_RATE_CODES: Final = frozenset({4, 17, 32, 613, 80002})
_TOKEN_CODES: Final = frozenset({10, 102, 190, 200})
_GONE_CODE: Final = 100


def asks(round_: Round) -> list[Ask]:
    """Return what to ask: of each post its comments and counts, of each account its posts."""
    found: dict[str, Post] = {post.post_id: post for post in round_.targets.posts.get(PLATFORM, ())}
    made: list[Ask] = []
    for account in round_.targets.accounts.get(PLATFORM, ()):
        target = f"media:{account.account}"
        known = [each for each in round_.cursors.get(target, "").split(",") if each]
        for media_id in known:
            found.setdefault(media_id, msgspec.structs.replace(account, post_id=media_id))
        made.append(
            Ask(
                what="media",
                target=target,
                path=f"/{account.account}/media",
                query={"fields": "id,timestamp", "limit": "50"},
                every_ms=_MEDIA_MS,
                since_ms=account.since_ms,
                account=account.account,
                is_read=False,
            )
        )
    for post in found.values():
        target = f"comments:{post.post_id}"
        made.append(
            Ask(
                what="comments",
                target=target,
                path=f"/{post.post_id}/comments",
                query={"fields": f"{_COMMENT},replies.limit(50){{{_COMMENT}}}", "limit": "50"},
                every_ms=_NEAR_MS if is_near(post.moments, round_.now_ms) else _NORMAL_MS,
                since_ms=round_.since_ms(target, post.since_ms),
                post_id=post.post_id,
                account=post.account,
            )
        )
        shared: dict[str, Any] = {"post_id": post.post_id, "account": post.account}
        made.append(
            Ask(
                what="counts",
                target=f"counts:{post.post_id}",
                path=f"/{post.post_id}",
                query={"fields": _COUNTS},
                **shared,
            )
        )
        made.append(
            Ask(
                what="insights",
                target=f"insights:{post.post_id}",
                path=f"/{post.post_id}/insights",
                query={"metric": _INSIGHTS},
                every_ms=_INSIGHTS_MS,
                **shared,
            )
        )
    return made


def read(ask: Ask, answer: Answer, now_ms: int) -> Reading | Trouble:
    """Return what an answer means; pages of comments are followed until they are older than what was read before.

    Replies to old comments stand with these: a page that is older is not asked for, so that a late reply to a comment
    of another day is left to the webhook.
    """
    if (trouble := _trouble(answer, now_ms)) is not None:
        return trouble
    pause_ms = _pause_ms(answer.headers)
    body = answer.json
    if ask.what == "media":
        times = {id_at(row, "id"): _time_ms(row) for row in objects_at(body, "data")}
        since_ms = ask.since_ms or 0
        own = [media_id for media_id, at_ms in times.items() if media_id and (at_ms is None or at_ms >= since_ms)]
        return Reading(cursor=",".join(own), pause_ms=pause_ms)
    after = text_at(body, "paging", "cursors", "after")
    if ask.what == "comments" and after and text_at(body, "paging", "next"):
        times_ms = [at_ms for row in objects_at(body, "data") if (at_ms := _time_ms(row)) is not None]
        if not times_ms or min(times_ms) >= (ask.since_ms or 0):
            return Reading(more=(paged(ask, after=after),), pause_ms=pause_ms)
    return Reading(pause_ms=pause_ms)


def recheck(ask: Ask, comment_ids: Sequence[str]) -> Ask:
    """Return the request that tells whether a comment is still there: of several, one missing makes all fail."""
    return Ask(what="recheck", target=ask.target, path=f"/{comment_ids[0]}", query={"fields": "id"}, is_read=False)


def gone(comment_ids: Sequence[str], answer: Answer) -> list[str]:
    """Return the comment, where it is not there any more."""
    return list(comment_ids) if count_at(answer.json, "error", "code") == _GONE_CODE else []


def _trouble(answer: Answer, now_ms: int) -> Trouble | None:
    code = count_at(answer.json, "error", "code")
    if answer.status < 300 and code is None:
        return None
    said = f"{answer.status}: error {code}: {text_at(answer.json, 'error', 'message') or ''}"[:300]
    if code in _RATE_CODES:
        return Trouble(scope="source", reason=said, wait_ms=_pause_ms(answer.headers) or _PAUSE_MS)
    if code in _TOKEN_CODES:
        return Trouble(scope="token", reason=said)
    if code == _GONE_CODE:
        return Trouble(scope="target", reason=said)
    return trouble_of(answer, now_ms) or Trouble(scope="source", reason=said)


def _pause_ms(headers: Mapping[str, str]) -> int | None:
    """Return how long to wait where a limit is nearly reached: as Meta says, or five minutes."""
    waits = []
    for name in ("x-business-use-case-usage", "x-app-usage"):
        told = Answer(200, {}, headers.get(name, "").encode()).json
        for usage in _usages(told):
            used = max(
                (count_at(usage, part) or 0 for part in ("call_count", "total_cputime", "total_time")), default=0
            )
            if used >= _FULL_PERCENT:
                minutes = count_at(usage, "estimated_time_to_regain_access") or 0
                waits.append(max(_PAUSE_MS, minutes * MINUTE_MS))
    return max(waits, default=None)


def _usages(told: Any) -> list[Any]:
    if not isinstance(told, dict):
        return []
    return [told, *(each for several in told.values() if isinstance(several, list) for each in several)]


def _time_ms(row: Any) -> int | None:
    try:
        return instant_ms(instant(text_at(row, "timestamp") or ""))
    except NoTime:
        return None


VENDOR: Final = Vendor(
    name="instagram",
    kind="instagram",
    address="https://graph.instagram.com/v24.0",
    limits=Limits(per_second=10),
    headers=bearer,
    asks=asks,
    read=read,
    recheck=recheck,
    gone=gone,
    recheck_at_once=1,
)
