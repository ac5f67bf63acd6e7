"""Answers with validators: a strong ETag of the bytes, 304, and how long others may keep them."""

import hashlib
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.numbers.answers import Freshness

_encode: Final = msgspec.json.Encoder().encode
_KEPT: Final = "max-age=1, stale-while-revalidate=5"


def answered(request: Request, found: Any, freshness: Freshness) -> Response:
    """Return a struct as an answer, or 304 where the asker has these very bytes.

    How fresh the numbers are stands in the headers, so that the ETag is that of the numbers alone.
    """
    body = _encode(found)
    headers = {
        "ETag": etag_of(body),
        # A key in the header is not part of a shared cache's key; one in the address is.
        "Cache-Control": f"private, {_KEPT}" if "key" not in request.query_params else f"public, {_KEPT}",
        "Vary": "Authorization, X-API-Key",
        "Pulse-State": freshness.state,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if freshness.since_ms is not None:
        headers["Pulse-Since-Ms"] = str(freshness.since_ms)
    if is_known(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def etag_of(body: bytes) -> str:
    """Return a strong validator: other bytes have another one."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether one of the validators is this one (RFC 9110, 13.1.2: compared weakly)."""
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return etag in known or "*" in known
