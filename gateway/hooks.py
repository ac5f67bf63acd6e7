"""``/v1/hooks/{kind}/{endpoint}``: webhooks, their handshakes, and the answers that their senders want."""

import hmac
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gateway.bodies import HOOK_BYTES, read_body
from gateway.intake import headers_of, keep_unmapped, take
from gateway.operations import JSON
from gateway.problems import Refused
from gateway.state import GatewayState
from models.sources import SignatureRules, SourceKind
from streams.connectors.catalogue import CATALOGUE, kind_named
from streams.connectors.drafts import Delivery
from streams.connectors.handshakes import (
    Answer,
    HandshakeError,
    answer_before_signature,
    answer_question,
    answer_to,
    keys_among,
)
from streams.connectors.packing import verify_either
from streams.connectors.signatures import SignatureError
from streams.connectors.translation import translate

SECRET_HEADER = "x-pulse-secret"  # noqa: S105  # the name of a header
"""For senders that cannot sign, and can send a header."""


class Taken(Struct, frozen=True):
    """What a delivery became: events that count, items that wait for a definition, items that cannot be mapped."""

    events: int
    parked: int
    unmapped: int


async def hook(request: Request) -> Response:
    """Take in one request of a platform.

    Raises:
        Refused: it is not authentic, cannot be read, or is not confirmed.
    """
    state: GatewayState = request.app.state.gateway
    word, (endpoint, _, path_secret) = request.path_params["kind"], request.path_params["endpoint"].partition(".")
    source = f"{word}-{endpoint}"
    rules = state.placer.rules(source)
    kind = rules.kind or kind_named(word)
    secrets = state.secrets.get(source, ())
    if kind is None or not secrets or not (CATALOGUE[kind].is_hook):
        # The same answer whether the kind is unknown or the name: nobody learns what is set up.
        raise Refused(404, "unknown_source", f"no source {source!r} is set up here (PULSE_GATEWAY_SECRETS)")
    request.state.source = source
    connector = CATALOGUE[kind]
    if request.method == "GET":
        try:
            answer = answer_question(kind, source, dict(request.query_params), secrets)
        except HandshakeError as error:
            raise Refused(403, "not_answered", str(error)) from None
        return _answered(request, answer)
    if state.publisher.is_full:
        raise Refused(503, "busy", "too much is on the way to Kafka")
    body = await read_body(request, HOOK_BYTES)
    delivery = Delivery(
        source=source,
        body=body,
        headers=headers_of(request.scope["headers"]),
        query=dict(request.query_params) if request.scope["query_string"] else {},
        received_ms=state.now_ms(),
        rules=rules,
        person_key=state.person_key,
    )
    if (early := answer_before_signature(kind, delivery)) is not None:
        return _answered(request, early)
    schemes = connector.schemes if rules.signature is None else (rules.signature,)
    try:
        _authenticate(state, schemes, delivery, keys_among(secrets), path_secret, request)
    except Refused:
        if kind != "youtube":
            raise
        # WebSub: a hub is answered with success, and what it sent is ignored.
        request.state.outcome = "refused"
        return Response(status_code=200)
    if (late := answer_to(kind, delivery)) is not None:
        return _answered(request, late)
    if not state.is_defined and not await state.knows_definitions():
        await keep_unmapped(state, kind, delivery, connector.retries)
        request.state.outcome = "spooled"
        return _told(0, 0, 0, connector.success)
    if (now := state.placer.rules(source)) is not rules:
        # They have come while the body or the definitions were waited for.
        delivery = msgspec.structs.replace(delivery, rules=now)
    return await _taken(request, state, kind, delivery)


async def _taken(request: Request, state: GatewayState, kind: SourceKind, delivery: Delivery) -> Response:
    connector = CATALOGUE[kind]
    done = translate(delivery, state.placer, connector.read)
    request.state.outcome = await take(state, kind, delivery, done, connector.retries)
    return _told(
        len(done.events), len(done.of_kind("unmatched")), len(done.of_kind("unmapped")), status=connector.success
    )


@lru_cache(maxsize=1_024)
def _told(events: int, parked: int, unmapped: int, status: int) -> Response:
    """Return an answer. It is shared, and nobody changes it: nearly all deliveries have the same few."""
    return Response(msgspec.json.encode(Taken(events, parked, unmapped)), status, media_type=JSON)


def _answered(request: Request, answer: Answer) -> Response:
    request.state.outcome = "handshake"
    return Response(answer.body, answer.status, media_type=answer.media_type)


def _authenticate(
    state: GatewayState,
    schemes: Sequence[SignatureRules],
    delivery: Delivery,
    keys: list[str],
    path_secret: str,
    request: Request,
) -> None:
    """Return if a request comes from its sender.

    Raises:
        Refused: it does not, or that is not shown.
    """
    if not schemes:
        given = (path_secret or delivery.headers.get(SECRET_HEADER, "")).encode("utf-8", "surrogateescape")
        places = [place for place, key in enumerate(keys, 1) if hmac.compare_digest(key.encode(), given)]
        if not places:
            raise Refused(401, "wrong_secret", "the address does not hold the secret: /v1/hooks/KIND/NAME.SECRET")
        state.metrics.signed(delivery.source, places[0])
        return
    pairs = request.scope["headers"]
    if len(pairs) != len(delivery.headers):  # one of them stands there twice
        for scheme in schemes:
            name = scheme.header.lower().encode()
            if sum(given == name for given, _ in pairs) > 1:
                raise Refused(401, "malformed_signature", f"the header {scheme.header} stands there twice")
    try:
        verified = verify_either(schemes, keys, delivery, delivery.received_ms)
    except SignatureError as error:
        raise Refused(401, error.reason, str(error)) from None
    state.metrics.signed(delivery.source, verified.secret + 1)
