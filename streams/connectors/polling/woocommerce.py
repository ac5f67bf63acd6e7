"""WooCommerce: orders that have changed. Its webhooks are never sent again, so that what failed comes from here alone.

``GET /wp-json/wc/v3/orders``, keys by HTTP Basic; pages are counted in ``X-WP-TotalPages``.
"""

import base64
from typing import Final

from models.times import MINUTE_MS
from streams.connectors.polling.asking import (
    OVERLAP_MS,
    Answer,
    Ask,
    Limits,
    Reading,
    Round,
    Trouble,
    Vendor,
    paged,
    trouble_of,
)
from streams.sources.times import shown

_BACK_MS: Final = 15 * MINUTE_MS


def asks(round_: Round) -> list[Ask]:
    """Return what to ask: the orders that have changed since the last time."""
    if not round_.targets.is_running:
        return []
    since_ms = round_.since_ms("orders", round_.targets.since_ms)
    changed_ms = since_ms + OVERLAP_MS - _BACK_MS if "orders" in round_.cursors else since_ms
    query = {"modified_after": shown(changed_ms), "dates_are_gmt": "true", "orderby": "id", "order": "asc"}
    return [
        Ask(
            what="orders",
            target="orders",
            path="/wp-json/wc/v3/orders",
            query={**query, "per_page": "100", "page": "1"},
            every_ms=5 * MINUTE_MS,
            since_ms=since_ms,
        )
    ]


def read(ask: Ask, answer: Answer, now_ms: int) -> Reading | Trouble:
    """Return what an answer means."""
    if (trouble := trouble_of(answer, now_ms)) is not None:
        return trouble
    page, pages = int(ask.query["page"]), answer.headers.get("x-wp-totalpages", "")
    if pages.isascii() and pages.isdecimal() and page < int(pages):
        return Reading(more=(paged(ask, page=str(page + 1)),))
    return Reading()


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(token.encode()).decode()}


VENDOR: Final = Vendor(
    name="woocommerce",
    kind="woocommerce",
    address="",
    limits=Limits(per_second=5),
    headers=_headers,
    asks=asks,
    read=read,
)
