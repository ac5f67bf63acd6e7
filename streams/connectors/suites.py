"""Traackr, Sprout Social and Hootsuite: counts of posts, from the answers of their APIs.

Their own post ids are theirs alone: what counts is the platform's, in a member or in the post's address. An Instagram
address has a short code, not Meta's number; a definition lists it under ``posts`` for its post to be known by it.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from streams.connectors.bodies import Unmapped, absent, at, count_at, id_at, json_of, objects_at, text_at
from streams.connectors.drafts import Delivery, Draft, Note, Told, each
from streams.sources import ids
from streams.sources.times import instant, instant_ms

_TRAACKR: Final = {
    "reactions": "likes",
    "comments": "comments",
    "shares": "shares",
    "saves": "saves",
    "video_views": "views",
    "actualized_reach": "reach",
}
"""``potential_reach`` is a guess of Traackr's, and no reach."""
_SPROUT: Final = {
    "lifetime.reactions": "likes",
    "lifetime.likes": "likes",
    "lifetime.comments_count": "comments",
    "lifetime.shares_count": "shares",
    "lifetime.saves": "saves",
    "lifetime.video_views": "views",
    "lifetime.impressions_unique": "reach",
}
_HOOTSUITE: Final = {
    "likes": "likes",
    "reactions": "likes",
    "comments": "comments",
    "shares": "shares",
    "saves": "saves",
    "reach": "reach",
    "post_views": "views",
    "video_views": "views",
}
_PLATFORMS: Final = {
    "instagram": "instagram",
    "fb_instagram_account": "instagram",
    "facebook": "facebook",
    "tiktok": "tiktok",
    "youtube": "youtube",
    "twitter": "x",
    "x": "x",
}
_HOSTS: Final = {
    "instagram.com": "instagram",
    "tiktok.com": "tiktok",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "x.com": "x",
    "twitter.com": "x",
    "facebook.com": "facebook",
}
_BEFORE_IDS: Final = frozenset({"p", "reel", "reels", "tv", "video", "photo", "shorts", "live", "status", "posts"})


def read_traackr(delivery: Delivery) -> Iterator[Told]:
    """Map the posts of a campaign. Traackr does not say when it counted: the time is that of asking."""
    body = json_of(delivery.body)
    if at(body, "posts") is None:
        yield Note("unmapped", absent(body, "posts"))
        return

    def post(row: Any) -> Iterator[Told]:
        address = text_at(row, "url")
        post_id = _id_in(address)
        if post_id is None:
            raise Unmapped(f"post {id_at(row, 'post_id')}: url {address!r} does not say the platform's post id"[:300])
        yield _snapshot(
            _platform(text_at(row, "platform"), address),
            [post_id],
            _counts(at(row, "metrics"), _TRAACKR),
            delivery.received_ms,
        )

    yield from each(objects_at(body, "posts"), post, "post")


def read_sprout(delivery: Delivery) -> Iterator[Told]:
    """Map the answer to ``analytics/posts``: lifetime counts, at the time of asking."""
    body = json_of(delivery.body)
    if at(body, "data") is None:
        yield Note("unmapped", absent(body, "data"))
        return

    def post(row: Any) -> Iterator[Told]:
        address = text_at(row, "perma_link")
        own = (id_at(row, "guid") or "").rpartition(":")[2]
        posts = [each_id for each_id in (own, _id_in(address)) if each_id]
        if not posts:
            raise Unmapped(absent(row, "guid"))
        yield _snapshot(
            _platform(text_at(row, "network"), address),
            posts,
            _counts(at(row, "metrics"), _SPROUT),
            delivery.received_ms,
        )

    yield from each(objects_at(body, "data"), post, "post")


def read_hootsuite(delivery: Delivery) -> Iterator[Told]:
    """Map the answer to ``analytics/posts``: counts as of ``lastRefreshed``."""
    body = json_of(delivery.body)
    if at(body, "data") is None:
        yield Note("unmapped", absent(body, "data"))
        return

    def post(row: Any) -> Iterator[Told]:
        address = text_at(row, "sourceLink")
        posts = [each_id for each_id in (id_at(row, "externalId"), _id_in(address)) if each_id]
        if not posts:
            raise Unmapped(absent(row, "externalId"))
        read_at = text_at(row, "lastRefreshed")
        at_ms = delivery.received_ms if read_at is None else instant_ms(instant(read_at))
        kind = (text_at(row, "postType") or "").partition("_")[0]
        yield _snapshot(
            _platform(kind, address),
            posts,
            _counts(at(row, "metrics"), _HOOTSUITE),
            at_ms,
            id_at(row, "externalProfileId"),
        )

    yield from each(objects_at(body, "data"), post, "post")


def _snapshot(platform: str, posts: list[str], counts: dict[str, int], at_ms: int, account: str | None = None) -> Told:
    if not counts:
        return Note("ignored", f"post {posts[0]}: no count of ours in it")
    return Draft(
        type="post.metrics",
        event_id=ids.of_counts(posts[0], at_ms),
        platform=platform,
        occurred_at=at_ms,
        time_source="poll_time",
        fields={"post_id": posts[0], **counts},
        post_ids=tuple(dict.fromkeys(posts)),
        account=account,
    )


def _counts(metrics: Any, names: dict[str, str]) -> dict[str, int]:
    """Return counts by our names; suites write them as floats, and leave out or null what they do not know."""
    found: dict[str, int] = {}
    for theirs, ours in names.items():
        value = at(metrics, theirs)
        whole = (
            int(value) if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral() else value
        )
        if (count := count_at({"": whole}, "")) is not None:
            found.setdefault(ours, count)
    return found


def _platform(name: str | None, address: str | None) -> str:
    known = _PLATFORMS.get((name or "").lower())
    if known is None and (host := _split(address)[0]):
        known = _HOSTS.get(host)
    if known is None:
        raise Unmapped(f"platform {name!r} is not known"[:100])
    return known


def _id_in(address: str | None) -> str | None:
    """Return the post that an address names."""
    host, path, query = _split(address)
    if host not in _HOSTS:
        return None
    if host == "youtu.be":
        return path[0] if path else None
    if "v" in query:
        return query["v"]
    for before, after in pairwise(path):
        if before in _BEFORE_IDS:
            return after
    return None


def _split(address: str | None) -> tuple[str, list[str], dict[str, str]]:
    try:
        parts = urlsplit(address or "")
        host = (parts.hostname or "").lower()
        query = {name: values[0] for name, values in parse_qs(parts.query, max_num_fields=50).items()}
    except ValueError:
        return "", [], {}
    for prefix in ("www.", "m.", "web."):
        host = host.removeprefix(prefix)
    return host, [part for part in parts.path.split("/") if part], query
