"""Refusals as problem details (RFC 9457): a stable type for programs, a sentence for people."""

from typing import Final

import msgspec
from msgspec import Struct
from starlette.responses import Response

TITLES: Final = {
    400: "The request cannot be read",
    401: "The sender is not known",
    403: "The question is not answered",
    404: "There is nothing here",
    405: "Not with this method",
    408: "The body did not arrive in time",
    409: "The request was made before, for something else",
    413: "The body is too large",
    415: "The body is packed in an unknown way",
    422: "No event of the request counts",
    431: "The header is too large",
    500: "The gateway has failed",
    503: "Try again later",
}
RETRY_AFTER_SECONDS: Final = 5


class Problem(Struct):
    """A refusal (RFC 9457): ``type`` for programs, ``detail`` for people. Some have more members."""

    type: str
    title: str
    status: int
    detail: str


class Refused(Exception):  # noqa: N818  # a verdict on a request, not an error of the program
    """A request that ends here: its status, a word for programs, a sentence for people."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail


def problem(status: int, reason: str, detail: str, **more: object) -> Response:
    """Return a problem as an answer."""
    content = {
        "type": f"urn:campaign-pulse:problem:{reason}",
        "title": TITLES.get(status, "The request is refused"),
        "status": status,
        "detail": detail[:2_000],
        **more,
    }
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="campaign-pulse"'
    return Response(msgspec.json.encode(content), status, headers=headers, media_type="application/problem+json")


def problem_of(refused: Refused) -> Response:
    """Return a refusal as an answer."""
    return problem(refused.status, refused.reason, refused.detail)
