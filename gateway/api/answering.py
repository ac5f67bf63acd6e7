"""Answers with validators: a strong ETag of the bytes, 304, and how long others may keep them."""

import hashlib
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.numbers.answers import Freshness
from gateway.numbers.kept_answers import Made

_encode: Final = msgspec.json.Encoder().encode
_KEPT: Final = "max-age=1, stale-while-revalidate=5"


def made(found: Any) -> Made:
    """Return a struct as the bytes of an answer."""
    body = _encode(found)
    return Made(body, etag_of(body))


def answered(request: Request, found: Made, freshness: Freshness) -> Response:
    """Return an answer, or 304 where the asker has these very bytes.

    How fresh the numbers are stands in the headers, so that the ETag is that of the numbers alone.
    """
    # A shared cache goes by the address: what it may keep is what the key in the address sees.
    is_shared = "key" in request.query_params and not {"authorization", "x-api-key"} & set(request.headers)
    headers = {
        "ETag": found.etag,
        "Cache-Control": f"{'public' if is_shared else 'private'}, {_KEPT}",
        "Vary": "Authorization, X-API-Key",
        "Pulse-State": freshness.state,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if freshness.since_ms is not None:
        headers["Pulse-Since-Ms"] = str(freshness.since_ms)
    # A list may come in several lines (RFC 9110, 5.3).
    if is_known(",".join(request.headers.getlist("if-none-match")), found.etag):
        return Response(status_code=304, headers=headers)
    return Response(found.body, headers=headers, media_type="application/json")


def etag_of(body: bytes) -> str:
    """Return a strong validator: other bytes have another one."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether one of the validators is this one (RFC 9110, 13.1.2: compared weakly)."""
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return etag in known or "*" in known
