"""The gateway's application: operations as routes; of all of them, refusals are problems and counted."""

import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from gateway.api.cross_origin import CrossOrigin
from gateway.api.operations import DECIDING, READING
from gateway.front_door import FrontDoor
from gateway.hooks import hook
from gateway.intake import mapped_late
from gateway.openapi import document, document_answer, page_answer
from gateway.operations import Content, Endpoint, Operation
from gateway.pages.operations import PAGES
from gateway.problems import Refused, problem, problem_of
from gateway.receiving import RECEIVING
from gateway.state import GatewayState
from gateway.telling import TELLING

log: Final = logging.getLogger("campaign_pulse")
_NOBODY: Final = "unknown"


def build(state: GatewayState, more: Sequence[Operation] = ()) -> Starlette:
    """Return the application; it connects when it is started.

    Args:
        state: what the routes share.
        more: operations beside those that take in what is sent.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await state.start()
        try:
            yield
        finally:
            await state.stop()

    served = _with_description([*RECEIVING, *READING, *DECIDING, *PAGES, *TELLING, *more])
    application = Starlette(routes=_routes(served), lifespan=lifespan, exception_handlers={HTTPException: _http_error})
    application.add_middleware(CrossOrigin, origins=state.settings.gateway_origins.split())
    application.add_middleware(FrontDoor, hook=_counted(hook))  # the last one added is the first one asked
    # A redirect to the address with a slash would name whatever host the request does.
    application.router.redirect_slashes = False
    application.state.gateway = state
    state.mapped_late = partial(mapped_late, state)
    return application


def _with_description(operations: Sequence[Operation]) -> list[Operation]:
    """Return all operations, with those that tell of them."""

    async def openapi(request: Request) -> Response:
        return document_answer(told)

    async def page(request: Request) -> Response:
        return page_answer(told)

    group = TELLING[0].group
    described = [
        *operations,
        Operation(
            name="openapi",
            path="/openapi.json",
            method="get",
            group=group,
            summary="This document",
            endpoint=openapi,
            answers={200: Content("OpenAPI 3.1")},
        ),
        Operation(
            name="page",
            path="/docs",
            method="get",
            group=group,
            summary="This document as a page",
            endpoint=page,
            answers={200: Content("HTML, without scripts.", str, ("text/html",))},
        ),
    ]
    told = document(described, _version())
    return described


def _version() -> str:
    try:
        return version("campaign-pulse")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


def _routes(operations: Sequence[Operation]) -> list[Route]:
    """Return a route for each path: one that knows all its methods says them when another is tried."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for each in operations:
        methods = paths.setdefault(each.path, {})
        if each.method.upper() in methods:
            raise ValueError(f"{each.method} {each.path} is there twice")
        methods[each.method.upper()] = _counted(each.endpoint) if each.is_counted else each.endpoint
    return [Route(path, _by_method(methods), methods=list(methods)) for path, methods in paths.items()]


def _by_method(methods: dict[str, Endpoint]) -> Endpoint:
    async def chosen(request: Request) -> Response:
        # HEAD is asked of what answers GET.
        return await methods["GET" if request.method == "HEAD" else request.method](request)

    return chosen


def _counted(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint whose requests are timed and counted, and whose refusals are answered."""

    async def counted(request: Request) -> Response:
        state: GatewayState = request.app.state.gateway
        started = time.perf_counter()
        told = request.state
        told.source, told.outcome, told.held_bytes = _NOBODY, "refused", 0
        try:
            answer = await endpoint(request)
        except Refused as refused:
            if refused.status == 503:
                told.outcome = "unconfirmed"
            answer = problem_of(refused)
        finally:
            state.held_bytes -= told.held_bytes
        state.metrics.delivered(told.source, told.outcome, time.perf_counter() - started)
        return answer

    return counted


def _is_one_slash_off(request: Request) -> bool:
    """Whether something answers at the address without the slash at its end, as people add one to pages."""
    path = request.scope["path"]
    if request.method not in {"GET", "HEAD"} or not path.endswith("/") or path.endswith("//"):
        return False
    scope = {**request.scope, "path": path[:-1]}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and _is_one_slash_off(request):
        # Relative: another host is never named, and a proxy's prefix stays.
        last = quote(request.scope["path"].rstrip("/").rpartition("/")[2])
        query = request.scope["query_string"].decode("latin-1")
        return Response(status_code=308, headers={"Location": f"../{last}" + (f"?{query}" if query else "")})
    reasons = {404: "not_found", 405: "wrong_method"}
    answer = problem(error.status_code, reasons.get(error.status_code, "refused"), error.detail)
    answer.headers.update(error.headers or {})
    return answer
