"""What a gateway tells operators: that it lives, that it is ready, its metrics."""

from typing import Final, Literal

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from agents.metrics.exposition import CONTENT_TYPE, exposition
from gateway.operations import JSON, Content, Operation
from gateway.state import GatewayState

_GROUP: Final = "For operators"


class Health(Struct, frozen=True):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness(Struct, frozen=True, omit_defaults=True):
    """Whether requests should come here, and why not."""

    status: Literal["ready", "waiting"]
    reason: str = ""


async def _healthz(request: Request) -> Response:
    return Response(msgspec.json.encode(Health()), media_type=JSON)


async def _readyz(request: Request) -> Response:
    state: GatewayState = request.app.state.gateway
    reason = state.why_not_ready()
    told = Readiness("waiting", reason) if reason else Readiness("ready")
    return Response(msgspec.json.encode(told), 503 if reason else 200, media_type=JSON)


async def _metrics(request: Request) -> Response:
    state: GatewayState = request.app.state.gateway
    return Response(exposition(state.metrics.registry), headers={"Content-Type": CONTENT_TYPE})


TELLING: Final = (
    Operation(
        name="healthz",
        path="/healthz",
        method="get",
        group=_GROUP,
        summary="Whether the process lives",
        endpoint=_healthz,
        answers={200: Content("It does.", Health)},
    ),
    Operation(
        name="readyz",
        path="/readyz",
        method="get",
        group=_GROUP,
        summary="Whether requests should come here",
        endpoint=_readyz,
        answers={200: Content("They should.", Readiness), 503: Content("Not now.", Readiness)},
    ),
    Operation(
        name="metrics",
        path="/metrics",
        method="get",
        group=_GROUP,
        summary="Metrics for Prometheus",
        endpoint=_metrics,
        answers={200: Content("docs/metrics.md has each of them.", str, ("text/plain",))},
    ),
)
