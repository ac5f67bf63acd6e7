"""Sprout Social: the counts of posts of a customer's profiles. The base address ends in the customer's number.

60 requests a minute for all programs of a customer together, 250,000 a month, told in no header.
"""

from typing import Final

import msgspec

from models.times import DAY_MS, HOUR_MS, MINUTE_MS
from streams.connectors.bodies import count_at, id_at, objects_at
from streams.connectors.polling.asking import Answer, Ask, Limits, Reading, Round, Trouble, Vendor, bearer, trouble_of
from streams.sources.times import shown

_METRICS: Final = [
    "lifetime.reactions",
    "lifetime.likes",
    "lifetime.comments_count",
    "lifetime.shares_count",
    "lifetime.saves",
    "lifetime.video_views",
    "lifetime.impressions_unique",
]


def asks(round_: Round) -> list[Ask]:
    """Return what to ask: which profiles there are, and their posts since the campaigns began."""
    if not round_.targets.is_running:
        return []
    made = [Ask(what="profiles", target="profiles", path="/metadata/customer", every_ms=HOUR_MS, is_read=False)]
    profiles = [each for each in round_.cursors.get("profiles", "").split(",") if each]
    if profiles:
        began, until = shown(round_.targets.since_ms - DAY_MS), shown(round_.now_ms + MINUTE_MS)
        filters = [
            f"customer_profile_id.eq({', '.join(profiles)})",
            f"created_time.in({began}...{until})",
        ]
        body = {"filters": filters, "metrics": _METRICS, "timezone": "UTC", "page": 1, "limit": 100}
        fields = ["created_time", "perma_link", "network", "post_type", "guid", "customer_profile_id"]
        made.append(
            Ask(
                what="posts",
                target="posts",
                path="/analytics/posts",
                body={**body, "fields": fields},
                every_ms=15 * MINUTE_MS,
            )
        )
    return made


def read(ask: Ask, answer: Answer, now_ms: int) -> Reading | Trouble:
    """Return what an answer means."""
    if (trouble := trouble_of(answer, now_ms)) is not None:
        return trouble
    body = answer.json
    if ask.what == "profiles":
        rows = [id_at(row, "customer_profile_id") for row in objects_at(body, "data")]
        return Reading(cursor=",".join(each for each in rows if each))
    page = count_at(body, "paging", "current_page") or 1
    if page < (count_at(body, "paging", "total_pages") or 1):
        return Reading(more=(msgspec.structs.replace(ask, body={**(ask.body or {}), "page": page + 1}),))
    return Reading()


VENDOR: Final = Vendor(
    name="sprout",
    kind="sprout",
    address="",
    limits=Limits(per_minute=60),
    headers=bearer,
    asks=asks,
    read=read,
)
