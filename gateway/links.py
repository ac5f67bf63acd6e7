"""``/l/{code}``: a tracked link, which answers a redirect at once and counts a click behind it."""

import re
import secrets
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.problems import Refused
from gateway.publisher import NotConfirmedError, Record
from gateway.state import GatewayState
from models.topics import CONVERSIONS
from streams.connectors.bodies import query_of, utm_of
from streams.events.partitioning import partition_key

_BOTS: Final = re.compile(
    r"bot\b|crawl|spider|slurp|facebookexternalhit|preview|whatsapp/|curl/|wget/|python-requests|headless|monitor",
    re.IGNORECASE,
)
_PURPOSES: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""Headers in which browsers, now or once, say that nobody has asked for the page yet."""
_CLICK: Final = "pulse_click_id"
_SOURCE: Final = "links"


async def link(request: Request) -> Response:
    """Send a visitor on, with a click id that the shop hands back with the order.

    A look without a visitor (HEAD, a preview, a robot) is sent on and not counted.

    Raises:
        Refused: no definition has the link.
    """
    state: GatewayState = request.app.state.gateway
    request.state.source = _SOURCE
    await state.knows_definitions()
    found = state.links.find(request.path_params["code"], state.now_ms())
    if found is None:
        raise Refused(404, "unknown_link", "no campaign has this link")
    campaign_id, influencer_id, address = found.campaign_id, found.influencer_id, found.address
    is_visit = request.method == "GET" and not _is_robot(request)
    click_id = f"{influencer_id}-{secrets.token_hex(6)}"
    if is_visit:
        event = {
            "type": "click",
            "event_id": f"link:{click_id}",
            "campaign_id": campaign_id,
            "platform": "shop",
            "influencer_id": influencer_id,
            "occurred_at": state.now_ms(),
            "click_id": click_id,
            **utm_of(query_of(address)),
        }
        key = partition_key(campaign_id, influencer_id).encode()
        state.in_background(_count(state, Record(CONVERSIONS, key, msgspec.json.encode(event))))
    request.state.outcome = "counted" if is_visit else "ignored"
    target = _with_click(address, click_id) if is_visit else address
    return RedirectResponse(target, 302, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


async def _count(state: GatewayState, record: Record) -> None:
    try:
        await state.publisher.publish([record])
    except NotConfirmedError:
        state.metrics.deliveries.labels(_SOURCE, "unconfirmed").inc()
    else:
        state.metrics.events.labels(_SOURCE).inc()


def _is_robot(request: Request) -> bool:
    purpose = " ".join(request.headers.get(name, "") for name in _PURPOSES).lower()
    return (
        "prefetch" in purpose or "preview" in purpose or bool(_BOTS.search(request.headers.get("user-agent", "")[:500]))
    )


def _with_click(address: str, click_id: str) -> str:
    """Return an address with the click id; everything else in it stays as it was written."""
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets that are no address of IPv6: a definition may have them, and the click counts
        return address
    pairs = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] != _CLICK]
    return urlunsplit(parts._replace(query="&".join([*pairs, f"{_CLICK}={click_id}"])))
