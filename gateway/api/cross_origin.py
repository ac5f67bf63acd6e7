"""Pages of other origins that may read: a list, and nothing where there is none. Of the read API only."""

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

READ_PATH: Final = "/v1/campaigns"
_HEADERS: Final = ("Authorization", "X-API-Key", "If-None-Match", "Last-Event-ID")
_TOLD: Final = ("ETag", "Pulse-State", "Pulse-Since-Ms")
_KEPT_SECONDS: Final = 600


class CrossOrigin:
    """CORS for the read API.

    Args:
        app: the application.
        origins: whose pages may read.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._with_origins = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("GET", "HEAD"),
            allow_headers=_HEADERS,
            expose_headers=_TOLD,
            max_age=_KEPT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        is_asked = scope["type"] == "http" and scope["path"].startswith(READ_PATH)
        await (self._with_origins if is_asked else self._app)(scope, receive, send)
