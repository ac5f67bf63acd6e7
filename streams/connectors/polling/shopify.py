"""Shopify: orders that have changed, for those whose webhooks did not arrive.

``GET /admin/api/VERSION/orders.json``: at most 250 a page, the next one in the header ``Link``; a bucket of 40 requests
that leaks two a second (``X-Shopify-Shop-Api-Call-Limit``).
"""

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from models.times import MINUTE_MS, SECOND_MS
from streams.connectors.polling.asking import (
    OVERLAP_MS,
    Answer,
    Ask,
    Limits,
    Reading,
    Round,
    Trouble,
    Vendor,
    is_near,
    trouble_of,
)
from streams.sources.times import shown

_NEXT: Final = re.compile(r'<([^<>]+)>;\s*rel="?next"?')
_BUCKET: Final = re.compile(r"(\d{1,5})/(\d{1,5})")
_FULL: Final = 0.8
_BACK_MS: Final = 15 * MINUTE_MS
"""An order that was changed while the list was read may be missing in it."""


def asks(round_: Round) -> list[Ask]:
    """Return what to ask: the orders that have changed since the last time."""
    if not round_.targets.is_running:
        return []
    since_ms = round_.since_ms("orders", round_.targets.since_ms)
    changed_ms = since_ms + OVERLAP_MS - _BACK_MS if "orders" in round_.cursors else since_ms
    query = {"status": "any", "updated_at_min": shown(changed_ms), "order": "updated_at asc", "limit": "250"}
    every = [moment for posts in round_.targets.accounts.values() for post in posts for moment in post.moments]
    return [
        Ask(
            what="orders",
            target="orders",
            path="/orders.json",
            query=query,
            every_ms=2 * MINUTE_MS if is_near(every, round_.now_ms) else 10 * MINUTE_MS,
            since_ms=since_ms,
        )
    ]


def read(ask: Ask, answer: Answer, now_ms: int) -> Reading | Trouble:
    """Return what an answer means. The next page's address has nothing but the page and its size."""
    if (trouble := trouble_of(answer, now_ms)) is not None:
        return trouble
    used = _BUCKET.fullmatch(answer.headers.get("x-shopify-shop-api-call-limit", ""))
    pause_ms = 10 * SECOND_MS if used and int(used[1]) >= _FULL * int(used[2]) else None
    found = _NEXT.search(answer.headers.get("link", ""))
    if found is None:
        return Reading(pause_ms=pause_ms)
    page = dict(parse_qsl(urlsplit(found[1]).query))
    return Reading(more=(msgspec.structs.replace(ask, query=page),), pause_ms=pause_ms)


VENDOR: Final = Vendor(
    name="shopify",
    kind="shopify",
    address="",
    limits=Limits(per_second=2),
    headers=lambda token: {"X-Shopify-Access-Token": token},
    asks=asks,
    read=read,
)
