"""Hootsuite Analytics: the counts of posts that were refreshed, of ten profiles a request.

20 requests a second, 100,000 a day; a 429 says not how long to wait.
"""

from typing import Final

from models.times import HOUR_MS, MINUTE_MS
from streams.connectors.bodies import id_at, objects_at, text_at
from streams.connectors.polling.asking import (
    OVERLAP_MS,
    Answer,
    Ask,
    Limits,
    Reading,
    Round,
    Trouble,
    Vendor,
    bearer,
    paged,
    trouble_of,
)
from streams.sources.times import shown

_MOST_PROFILES: Final = 10
_NETWORKS: Final = {
    "INSTAGRAMBUSINESS": "INSTAGRAMBUSINESS",
    "FACEBOOKPAGE": "FACEBOOKPAGE",
    "TIKTOKBUSINESS": "TIKTOKBUSINESS",
    "YOUTUBECHANNEL": "YOUTUBECHANNEL",
    "TWITTER": "TWITTER",
}


def asks(round_: Round) -> list[Ask]:
    """Return what to ask: which profiles there are, and their posts that were refreshed since the last time."""
    if not round_.targets.is_running:
        return []
    made = [Ask(what="profiles", target="profiles", path="/v1/socialProfiles", every_ms=HOUR_MS, is_read=False)]
    by_network: dict[str, list[str]] = {}
    for pair in filter(None, round_.cursors.get("profiles", "").split(",")):
        network, _, profile = pair.partition("/")
        by_network.setdefault(network, []).append(profile)
    for network, profiles in sorted(by_network.items()):
        for start in range(0, len(profiles), _MOST_PROFILES):
            target = f"posts:{network}:{start}"
            since_ms = round_.since_ms(target, round_.targets.since_ms)
            since = since_ms + OVERLAP_MS - HOUR_MS if target in round_.cursors else since_ms
            span = {"since": shown(since), "until": shown(round_.now_ms)}
            some = profiles[start : start + _MOST_PROFILES]
            made.append(
                Ask(
                    what="posts",
                    target=target,
                    path="/v1/analytics/posts",
                    query={"networkId": network, "limit": "100"},
                    body={"filters": {"profileId": {"in": some}, "lastModified": {"timespan": span}}},
                    every_ms=15 * MINUTE_MS,
                    since_ms=since_ms,
                )
            )
    return made


def read(ask: Ask, answer: Answer, now_ms: int) -> Reading | Trouble:
    """Return what an answer means."""
    if (trouble := trouble_of(answer, now_ms)) is not None:
        return trouble
    body = answer.json
    if ask.what == "profiles":
        rows = [(text_at(row, "type"), id_at(row, "id")) for row in objects_at(body, "data")]
        return Reading(cursor=",".join(f"{kind}/{each}" for kind, each in rows if each and kind in _NETWORKS))
    after = text_at(body, "metadata", "collectionInfo", "next", "cursor")
    return Reading(more=(paged(ask, cursor=after),) if after and after != ask.query.get("cursor") else ())


VENDOR: Final = Vendor(
    name="hootsuite",
    kind="hootsuite",
    address="https://platform.hootsuite.com",
    limits=Limits(per_second=20, per_day=100_000),
    headers=bearer,
    asks=asks,
    read=read,
)
