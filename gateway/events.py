"""``/v1/events`` (ours and CloudEvents), Segment's calls, GA4's Measurement Protocol: senders that have a key."""

import base64
import binascii
from collections import Counter
from typing import Final, Literal

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gateway.bodies import EVENT_BYTES, hold, read_body, unpacked
from gateway.intake import headers_of, take
from gateway.operations import JSON, Endpoint
from gateway.problems import Refused, problem
from gateway.state import GatewayState
from models.sources import SourceKind
from streams.connectors.bodies import Unmapped
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.credentials import owner_of
from streams.connectors.drafts import Delivery
from streams.connectors.envelopes import is_cloud_event, item_mappers
from streams.connectors.packing import ENCODING, plain
from streams.connectors.translation import Translation, translate

_MOST_ITEMS: Final = 2_000
_LONGEST_REASON: Final = 1_000
SEGMENT_CALLS: Final = ("track", "page", "screen", "identify", "group", "alias", "batch", "import")


class Verdict(Struct, frozen=True, omit_defaults=True):
    """What became of one event of a request: ``parked`` waits for a definition, ``rejected`` would never count."""

    index: int
    verdict: Literal["counted", "parked", "rejected", "ignored"]
    reason: str = ""


class Verdicts(Struct, frozen=True):
    """What became of a request's events, in their order."""

    counted: int
    parked: int
    rejected: int
    items: list[Verdict]


class SegmentSuccess(Struct, frozen=True):
    """Segment's answer."""

    success: bool = True


async def events(request: Request) -> Response:
    """Take in our own events or CloudEvents: one, many, or one a line; the answer has a verdict for each.

    Raises:
        Refused: the sender has no key, the body cannot be read, or Kafka has not confirmed.
    """
    state: GatewayState = request.app.state.gateway
    headers = headers_of(request.headers.raw)
    kind: SourceKind = "cloudevents" if is_cloud_event(headers) else "events"
    delivery = await _delivery(request, state, kind, _bearer(request))
    try:
        mappers = item_mappers(delivery)
    except Unmapped as problem_of_body:
        raise Refused(400, "unreadable", str(problem_of_body)) from None
    if len(mappers) > _MOST_ITEMS:
        raise Refused(413, "too_many", f"{len(mappers):,} events in one request, at most {_MOST_ITEMS:,}: split them")
    each = [translate(delivery, state.placer, mapper) for mapper in mappers]
    whole = Translation([event for one in each for event in one.events], [note for one in each for note in one.notes])
    counted = Translation(whole.events, [note for note in whole.notes if note.kind != "unmapped"])
    # What is rejected is told to the sender here and now; what is parked waits for a definition.
    request.state.outcome = await take(state, kind, delivery, counted, retries=True)
    verdicts = [_verdict(place, one) for place, one in enumerate(each)]
    many = Counter(each.verdict for each in verdicts)
    told = Verdicts(many["counted"], many["parked"], many["rejected"], verdicts)
    if verdicts and told.rejected == len(verdicts):
        request.state.outcome = "unmapped"
        members = msgspec.structs.asdict(told)
        answer = problem(422, "no_event_counts", "every event of the request is rejected", **members)
    else:
        answer = Response(msgspec.json.encode(told), media_type=JSON)
    answer.headers["Pulse-Rejected"] = str(told.rejected)
    return answer


def _verdict(place: int, one: Translation) -> Verdict:
    if reasons := one.of_kind("unmapped"):
        return Verdict(place, "rejected", "; ".join(reasons)[:_LONGEST_REASON])
    if reasons := one.of_kind("unmatched"):
        return Verdict(place, "parked", "; ".join(reasons)[:_LONGEST_REASON])
    return Verdict(place, "counted" if one.events else "ignored")


def segment_call(call: str) -> Endpoint:
    """Return what takes in one of the calls of Segment's HTTP API; the answer is Segment's."""

    async def segment(request: Request) -> Response:
        state: GatewayState = request.app.state.gateway
        delivery = await _delivery(request, state, "segment", _write_key(request))
        named = msgspec.structs.replace(delivery, query={"call": call})
        return await _taken(
            request, state, "segment", named, Response(msgspec.json.encode(SegmentSuccess()), media_type=JSON)
        )

    return segment


async def collect(request: Request) -> Response:
    """Take in a call of GA4's Measurement Protocol.

    Raises:
        Refused: ``api_secret`` is not known, the body cannot be read, or Kafka has not confirmed.
    """
    state: GatewayState = request.app.state.gateway
    delivery = await _delivery(request, state, "ga4", request.query_params.get("api_secret", ""))
    return await _taken(request, state, "ga4", delivery, Response(status_code=204))


async def _taken(
    request: Request, state: GatewayState, kind: SourceKind, delivery: Delivery, answer: Response
) -> Response:
    connector = CATALOGUE[kind]
    done = translate(delivery, state.placer, connector.read)
    request.state.outcome = await take(state, kind, delivery, done, connector.retries)
    return answer


async def _delivery(request: Request, state: GatewayState, kind: SourceKind, key: str) -> Delivery:
    owner = owner_of(key, state.keys) if key else None
    if owner is None:
        raise Refused(401, "unknown_key", "no key, or none that is known (PULSE_GATEWAY_KEYS)")
    source = f"{kind}-{owner}"
    request.state.source = source
    if state.publisher.is_full:
        raise Refused(503, "busy", "too much is on the way to Kafka")
    if not state.is_defined and not await state.knows_definitions():
        raise Refused(503, "not_ready", "the campaign definitions are not read to their end yet")
    headers = headers_of(request.headers.raw)
    packed = await read_body(request, EVENT_BYTES)
    body = unpacked(packed, headers.get(ENCODING, ""))
    hold(request, len(body) - len(packed))
    delivery = Delivery(
        source=source,
        body=body,
        headers={name: value for name, value in headers.items() if name != ENCODING},
        received_ms=state.now_ms(),
        rules=state.placer.rules(source),
        person_key=state.person_key,
    )
    try:
        return plain(delivery)
    except Unmapped as problem_of_body:
        raise Refused(400, "unreadable", str(problem_of_body)) from None


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")


def _write_key(request: Request) -> str:
    """Return the write key: Segment's libraries send it as user name without a password."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return _bearer(request)
    try:
        return base64.b64decode(text.strip(), validate=True).decode().partition(":")[0]
    except (ValueError, binascii.Error, UnicodeDecodeError):
        return ""
