"""Deliveries straight to the endpoint that takes them in: nearly all requests of a gateway are such.

Through the middleware, the router and Starlette's wrappers a request takes a third of what all of it costs with a bare
answer (``python -m bench --only gateway``), and none of these has anything to do for a delivery.
"""

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.operations import Endpoint

_HOOKS: Final = "/v1/hooks/"


class FrontDoor:
    """Middleware in front of all others. What is no delivery goes to the application, wrong addresses too.

    Args:
        app: the application.
        hook: takes in a delivery; its refusals are answers already.
    """

    def __init__(self, app: ASGIApp, hook: Endpoint) -> None:
        self._app = app
        self._hook = hook

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith(_HOOKS):
            kind, _, endpoint = scope["path"][len(_HOOKS) :].partition("/")
            if kind and endpoint and "/" not in endpoint and not scope.get("root_path"):
                scope["path_params"] = {"kind": kind, "endpoint": endpoint}
                answer = await self._hook(Request(scope, receive, send))
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
