"""TikTok: comments and counts of a business account (API for Business), counts alone of others (Display API).

Both answer errors with a code in the body. The Business API grants 10 requests a second, 600 a minute, 864,000 a day.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from models.times import MINUTE_MS
from streams.connectors.bodies import at, count_at, id_at, objects_at, text_at
from streams.connectors.polling.asking import (
    Answer,
    Ask,
    Limits,
    Reading,
    Round,
    Trouble,
    Vendor,
    bearer,
    is_near,
    paged,
    trouble_of,
)
from streams.sources.times import NoTime, from_epoch

PLATFORM: Final = "tiktok"
_FIELDS: Final = '["item_id","create_time","likes","comments","shares","favorites","video_views","reach"]'
_SHOWN: Final = "id,create_time,like_count,comment_count,share_count,view_count"
_RATE_CODES: Final = frozenset({40100, 40133, 50002})
_TOKEN_CODES: Final = frozenset({40001, 40002, 40104, 40105})
_MOST_SHOWN: Final = 20
_MOST_IDS: Final = 30


def asks(round_: Round) -> list[Ask]:
    """Return what to ask of a business account: its videos with their counts, and the comments of those listed."""
    made = []
    for account in round_.targets.accounts.get(PLATFORM, ()):
        query = {"business_id": account.account or "", "fields": _FIELDS, "max_count": "20"}
        made.append(
            Ask(
                what="videos",
                target=f"videos:{account.account}",
                path="/open_api/v1.3/business/video/list/",
                query=query,
                every_ms=2 * MINUTE_MS,
                since_ms=account.since_ms,
                account=account.account,
            )
        )
    for post in round_.targets.posts.get(PLATFORM, ()):
        if post.account is None:
            continue  # TikTok wants to know whose it is
        target = f"comments:{post.post_id}"
        query = {
            "business_id": post.account,
            "video_id": post.post_id,
            "max_count": "30",
            "sort_field": "create_time",
            "sort_order": "desc",
            "include_replies": "true",
        }
        made.append(
            Ask(
                what="comments",
                target=target,
                path="/open_api/v1.3/business/comment/list/",
                query=query,
                every_ms=MINUTE_MS if is_near(post.moments, round_.now_ms) else 2 * MINUTE_MS,
                since_ms=round_.since_ms(target, post.since_ms),
                post_id=post.post_id,
                account=post.account,
            )
        )
    return made


def read(ask: Ask, answer: Answer, now_ms: int) -> Reading | Trouble:
    """Return what an answer means; pages are followed until they are older than what is wanted."""
    if (trouble := _trouble(answer, now_ms)) is not None:
        return trouble
    body = answer.json
    rows = objects_at(body, "data", "comments" if ask.what == "comments" else "videos")
    cursor = id_at(body, "data", "cursor")
    if at(body, "data", "has_more") is True and cursor is not None and cursor != ask.query.get("cursor"):
        times_ms = [at_ms for row in rows if (at_ms := _time_ms(row)) is not None]
        if not times_ms or min(times_ms) >= (ask.since_ms or 0):
            return Reading(more=(paged(ask, cursor=cursor),))
    return Reading()


def recheck(ask: Ask, comment_ids: Sequence[str]) -> Ask:
    """Return the request that tells which comments are still there."""
    some = msgspec.json.encode(list(comment_ids[:_MOST_IDS])).decode()
    kept = {name: ask.query[name] for name in ("business_id", "video_id")}
    return Ask(what="recheck", target=ask.target, path=ask.path, query={**kept, "comment_ids": some}, is_read=False)


def gone(comment_ids: Sequence[str], answer: Answer) -> list[str]:
    """Return which comments are not there any more."""
    if answer.status != 200 or count_at(answer.json, "code") != 0:
        return []
    there = {id_at(row, "comment_id") for row in objects_at(answer.json, "data", "comments")}
    return [each for each in comment_ids[:_MOST_IDS] if each not in there]


def asks_display(round_: Round) -> list[Ask]:
    """Return what to ask of a creator who has only logged in: the counts of the posts that are listed."""
    videos = [post.post_id for post in round_.targets.posts.get(PLATFORM, ())]
    return [
        Ask(
            what="videos",
            target=f"videos:{start}",
            path="/v2/video/query/",
            query={"fields": _SHOWN},
            body={"filters": {"video_ids": videos[start : start + _MOST_SHOWN]}},
            every_ms=2 * MINUTE_MS,
        )
        for start in range(0, len(videos), _MOST_SHOWN)
    ]


def read_display(ask: Ask, answer: Answer, now_ms: int) -> Reading | Trouble:
    """Return what an answer of the Display API means."""
    code = text_at(answer.json, "error", "code")
    if answer.status == 200 and code in (None, "ok"):
        return Reading()
    said = f"{answer.status}: {code}"
    if code == "rate_limit_exceeded":
        return Trouble(scope="source", reason=said)
    if code in ("access_token_invalid", "scope_not_authorized"):
        return Trouble(scope="token", reason=said)
    return trouble_of(answer, now_ms) or Trouble(scope="source", reason=said)


def _trouble(answer: Answer, now_ms: int) -> Trouble | None:
    if (trouble := trouble_of(answer, now_ms)) is not None:
        return trouble
    code = count_at(answer.json, "code")
    if code == 0:
        return None
    said = f"code {code}: {text_at(answer.json, 'message') or ''}"[:300]
    return Trouble(scope="token" if code in _TOKEN_CODES else "source", reason=said)


def _time_ms(row: object) -> int | None:
    seconds = count_at(row, "create_time")
    try:
        return None if seconds is None else from_epoch(seconds)
    except NoTime:
        return None


VENDOR: Final = Vendor(
    name="tiktok",
    kind="tiktok",
    address="https://business-api.tiktok.com",
    limits=Limits(per_second=10, per_minute=600, per_day=864_000),
    headers=lambda token: {"Access-Token": token},
    asks=asks,
    read=read,
    recheck=recheck,
    gone=gone,
)
DISPLAY: Final = Vendor(
    name="tiktok-display",
    kind="tiktok",
    address="https://open.tiktokapis.com",
    limits=Limits(per_second=10, per_minute=600),
    headers=bearer,
    asks=asks_display,
    read=read_display,
)
