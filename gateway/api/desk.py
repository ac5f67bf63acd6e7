"""``/v1/campaigns/{campaign}/desk``: the desk for tools. The key comes in a header, never in an address."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.asking import Question, known_key, question_of
from gateway.bodies import read_body
from gateway.desk.answers import (
    ActionRequest,
    DeskAnswer,
    PersonRequest,
    carried_out,
    desk_answer,
)
from gateway.numbers.reader import NumbersError
from gateway.operations import JSON
from gateway.problems import Refused, problem_of
from gateway.state import GatewayState
from models.read_keys import ReadKey

MOST_BYTES: Final = 16 * 1024
LONGEST_REQUEST: Final = 200
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
T = TypeVar("T")
Doer = Callable[[Question, bytes], Awaitable[tuple[int, Any]]]


def see_desk(key: ReadKey) -> None:
    """Check that a key may see and use desks.

    Raises:
        Refused: it may not.
    """
    if not key.admin:
        raise Refused(403, "scope", "the desk is for keys with the scope admin")


async def desk_campaign(question: Question) -> str:
    """Return the campaign whose desk is asked for.

    Raises:
        Refused: the key does not see it, or may not use its desk.
    """
    campaign_id = await question.whole_campaign_id()
    see_desk(question.key)
    question.state.desk.check_ready()
    return campaign_id


async def desk(question: Question, _: bytes) -> tuple[int, DeskAnswer]:
    """Return the desk."""
    campaign_id = await desk_campaign(question)
    return 200, await desk_answer(question.state.desk, question.views.reader, campaign_id)


async def desk_action(question: Question, body: bytes) -> tuple[int, Any]:
    """Decide something."""
    campaign_id = await desk_campaign(question)
    wanted = read_as(body, ActionRequest)
    request = question.request.headers.get("idempotency-key") or secrets.token_urlsafe(24)
    if len(request) > LONGEST_REQUEST:
        raise Refused(400, "parameter", f"Idempotency-Key: at most {LONGEST_REQUEST} characters")
    told = await carried_out(
        question.state.desk, question.views.reader, campaign_id, wanted, key=question.key, request=request
    )
    return 202, told


async def desk_person(question: Question, body: bytes) -> tuple[int, Any]:
    """Return what became of a person's comments."""
    campaign_id = await desk_campaign(question)
    asked = read_as(body, PersonRequest)
    return 200, await question.state.desk.people.ask(
        question.state.definitions.get(campaign_id), asked.person, asked.platform
    )


def read_as(body: bytes, kind: Any) -> Any:
    """Return what a body says.

    Raises:
        Refused: it is no such thing.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, "body", str(error)) from None


def doing(do: Doer) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that answers a struct to whoever has the key in a header; what is sent is JSON."""

    async def endpoint(request: Request) -> Response:
        state: GatewayState = request.app.state.gateway
        request.state.held_bytes = 0
        try:
            if "key" in request.query_params:
                known_key(request)
                raise Refused(403, "key_in_address", "the key belongs into a header: addresses are kept by others")
            question = question_of(request)
            see_desk(question.key)
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if request.method == "POST" and kind != JSON:
                raise Refused(415, "content_type", f"Content-Type: expected {JSON}")
            status, found = await do(question, await read_body(request, MOST_BYTES))
            assert isinstance(found, Struct)
            response = Response(msgspec.json.encode(found), status, headers=_HEADERS, media_type=JSON)
        except Refused as refused:
            response = problem_of(refused)
        except NumbersError as error:
            response = problem_of(Refused(503, "away", str(error)))
        finally:
            state.held_bytes -= request.state.held_bytes
        state.metrics.reads.labels(do.__name__, str(response.status_code)).inc()
        return response

    return endpoint
