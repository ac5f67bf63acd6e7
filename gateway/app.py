"""The gateway's routes, and what holds for all of them: refusals are problems, and everything is counted."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agents.metrics.exposition import CONTENT_TYPE, exposition
from gateway.events import SEGMENT_CALLS, collect, events, segment_call
from gateway.hooks import hook
from gateway.intake import mapped_late
from gateway.links import link
from gateway.problems import Refused, problem, problem_of
from gateway.state import GatewayState

log: Final = logging.getLogger("campaign_pulse")
Endpoint = Callable[[Request], Awaitable[Response]]
_NOBODY: Final = "unknown"


def build(state: GatewayState) -> Starlette:
    """Return the application; it connects when it is started."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await state.start()
        try:
            yield
        finally:
            await state.stop()

    routes = [
        Route("/v1/hooks/{kind}/{endpoint}", _counted(hook), methods=["GET", "POST"]),
        Route("/v1/events", _counted(events), methods=["POST"]),
        *(Route(f"/v1/{call}", _counted(segment_call(call)), methods=["POST"]) for call in SEGMENT_CALLS),
        Route("/mp/collect", _counted(collect), methods=["POST"]),
        Route("/l/{code}", _counted(link), methods=["GET"]),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
        Route("/metrics", _metrics),
    ]
    application = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _http_error})
    application.state.gateway = state
    state.mapped_late = partial(mapped_late, state)
    return application


def _counted(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint whose requests are timed and counted, and whose refusals are answered."""

    async def counted(request: Request) -> Response:
        state: GatewayState = request.app.state.gateway
        started = time.perf_counter()
        request.state.source, request.state.outcome = _NOBODY, "refused"
        try:
            answer = await endpoint(request)
        except Refused as refused:
            if refused.status == 503:
                request.state.outcome = "unconfirmed"
            answer = problem_of(refused)
        state.metrics.deliveries.labels(request.state.source, request.state.outcome).inc()
        state.metrics.seconds.observe(time.perf_counter() - started)
        return answer

    return counted


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reasons = {404: "not_found", 405: "wrong_method"}
    answer = problem(error.status_code, reasons.get(error.status_code, "refused"), error.detail)
    answer.headers.update(error.headers or {})
    return answer


async def _healthz(request: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _readyz(request: Request) -> Response:
    state: GatewayState = request.app.state.gateway
    reason = state.why_not_ready()
    told: dict[str, Any] = {"status": "waiting", "reason": reason} if reason else {"status": "ready"}
    return JSONResponse(told, 503 if reason else 200)


async def _metrics(request: Request) -> Response:
    state: GatewayState = request.app.state.gateway
    return Response(exposition(state.metrics.registry), headers={"Content-Type": CONTENT_TYPE})
