"""YouTube's Data API: live chats, comments and statistics.

Costs are those of https://developers.google.com/youtube/v3/determine_quota_cost: 10,000 units a day and project, until
midnight in California; a page of a chat takes 5, one of comments or statistics 1.
"""

from collections.abc import Sequence
from typing import Final

from models.times import MINUTE_MS, SECOND_MS
from streams.connectors.bodies import count_at, id_at, objects_at, text_at
from streams.connectors.polling.asking import (
    Answer,
    Ask,
    Limits,
    Reading,
    Round,
    Trouble,
    Vendor,
    is_near,
    paged,
    trouble_of,
)
from streams.sources.times import NoTime, instant, instant_ms

PLATFORM: Final = "youtube"
CHAT_COST: Final = 5
_SHORTEST_CHAT_MS: Final = 5 * SECOND_MS
_SHARE_OF_CHATS: Final = 0.8
"""Of what is left today; comments and statistics share the rest."""
_MOST_IDS: Final = 50
_ENDED: Final = frozenset({"liveChatEnded", "liveChatNotFound", "liveChatDisabled"})
_OF_DAY: Final = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_OF_RATE: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})


def asks(round_: Round) -> list[Ask]:
    """Return what to ask. Chats are asked for as often as the units of the day last, until their campaigns end."""
    posts, chats = round_.targets.posts.get(PLATFORM, ()), round_.targets.chats
    made = []
    for chat in chats:
        target = f"chat:{chat.chat_id}"
        query = {"liveChatId": chat.chat_id, "part": "snippet,authorDetails", "maxResults": "2000"}
        if token := round_.cursors.get(target):
            query["pageToken"] = token
        made.append(
            Ask(
                what="chat",
                target=target,
                path="/liveChat/messages",
                query=query,
                every_ms=max(_SHORTEST_CHAT_MS, _chat_ms(round_, chat.ends_ms, len(chats))),
                cost=CHAT_COST,
                post_id=chat.video_id,
            )
        )
    for post in posts:
        target = f"comments:{post.post_id}"
        query = {"part": "snippet,replies", "videoId": post.post_id, "order": "time", "textFormat": "plainText"}
        made.append(
            Ask(
                what="comments",
                target=target,
                path="/commentThreads",
                query={**query, "maxResults": "100"},
                every_ms=MINUTE_MS if is_near(post.moments, round_.now_ms) else 5 * MINUTE_MS,
                since_ms=round_.since_ms(target, post.since_ms),
                post_id=post.post_id,
                account=post.account,
            )
        )
    videos = [post.post_id for post in posts]
    for start in range(0, len(videos), _MOST_IDS):
        some = ",".join(videos[start : start + _MOST_IDS])
        query = {"part": "snippet,statistics,liveStreamingDetails", "id": some, "maxResults": "50"}
        made.append(
            Ask(what="statistics", target=f"statistics:{start}", path="/videos", query=query, every_ms=2 * MINUTE_MS)
        )
    return made


def read(ask: Ask, answer: Answer, now_ms: int) -> Reading | Trouble:
    """Return what an answer means."""
    if (trouble := _trouble(answer, now_ms)) is not None:
        is_over = any(word in trouble.reason for word in _ENDED)
        return Reading(has_ended=True) if ask.what == "chat" and is_over else trouble
    body = answer.json
    token = text_at(body, "nextPageToken")
    if ask.what == "chat":
        ended = text_at(body, "offlineAt") is not None or any(
            text_at(item, "snippet", "type") == "chatEndedEvent" for item in objects_at(body, "items")
        )
        return Reading(cursor=token, wait_ms=count_at(body, "pollingIntervalMillis"), has_ended=ended)
    if ask.what == "comments":
        return Reading(more=_more(ask, answer, token))
    if ask.what == "replies" and token:
        return Reading(more=(paged(ask, pageToken=token),))
    return Reading()


def _more(ask: Ask, answer: Answer, token: str | None) -> list[Ask]:
    """Return the replies that did not come along, and the next page while it may hold what was not read before."""
    more, oldest_ms = [], None
    for thread in objects_at(answer.json, "items"):
        told = objects_at(thread, "replies", "comments")
        top = id_at(thread, "snippet", "topLevelComment", "id")
        if top and (count_at(thread, "snippet", "totalReplyCount") or 0) > len(told):
            query = {"part": "snippet", "parentId": top, "textFormat": "plainText", "maxResults": "100"}
            more.append(
                Ask(
                    what="replies",
                    target=ask.target,
                    path="/comments",
                    query=query,
                    since_ms=ask.since_ms,
                    post_id=ask.post_id,
                    account=ask.account,
                )
            )
        try:
            at_ms = instant_ms(instant(text_at(thread, "snippet", "topLevelComment", "snippet", "publishedAt") or ""))
        except NoTime:
            continue
        oldest_ms = at_ms if oldest_ms is None else min(oldest_ms, at_ms)
    if token and (oldest_ms is None or oldest_ms >= (ask.since_ms or 0)):
        more.append(paged(ask, pageToken=token))
    return more


def recheck(ask: Ask, comment_ids: Sequence[str]) -> Ask:
    """Return the request that tells which comments are still there."""
    query = {"part": "id", "id": ",".join(comment_ids[:_MOST_IDS])}
    return Ask(what="recheck", target=ask.target, path="/comments", query=query, is_read=False)


def gone(comment_ids: Sequence[str], answer: Answer) -> list[str]:
    """Return which comments are not there any more."""
    if answer.status != 200:
        return []
    there = {id_at(item, "id") for item in objects_at(answer.json, "items")}
    return [each for each in comment_ids[:_MOST_IDS] if each not in there]


def _chat_ms(round_: Round, ends_ms: int, chats: int) -> int:
    """Return how often a chat may be asked for, so that the units last until its end, or until there are new ones."""
    if round_.units_left is None:
        return 0
    left_ms = max(MINUTE_MS, min(ends_ms - round_.now_ms, round_.ms_to_reset))
    pages = max(1, int(round_.units_left * _SHARE_OF_CHATS) // (CHAT_COST * max(1, chats)))
    return left_ms // pages


def _trouble(answer: Answer, now_ms: int) -> Trouble | None:
    reasons = {text_at(each, "reason") for each in objects_at(answer.json, "error", "errors")}
    said = f"{answer.status}: {', '.join(sorted(filter(None, reasons)))}"
    if reasons & _OF_DAY:
        return Trouble(scope="day", reason=said)
    if reasons & _OF_RATE:
        return Trouble(scope="source", reason=said)
    if reasons & (_ENDED | {"videoNotFound", "commentsDisabled", "commentNotFound"}):
        return Trouble(scope="target", reason=said)
    return trouble_of(answer, now_ms)


def _headers(token: str) -> dict[str, str]:
    # In a header, and not in the address, where logs would show it.
    return {"Authorization": f"Bearer {token}"} if token.startswith("ya29.") else {"X-Goog-Api-Key": token}


VENDOR: Final = Vendor(
    name="youtube",
    kind="youtube",
    address="https://www.googleapis.com/youtube/v3",
    limits=Limits(per_second=10, per_day=10_000, day_zone="America/Los_Angeles"),
    headers=_headers,
    asks=asks,
    read=read,
    recheck=recheck,
    gone=gone,
)
