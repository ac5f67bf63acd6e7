"""The routes that take in what is sent, each with what the document says of it."""

from functools import reduce
from operator import or_
from typing import Annotated, Any, Final

from msgspec import Meta

from gateway.events import SEGMENT_CALLS, SegmentSuccess, Verdicts, collect, events, segment_call
from gateway.hooks import Taken, hook
from gateway.links import link
from gateway.operations import Content, Operation, Parameter
from models.events import EVENT_TYPES
from streams.connectors.catalogue import CATALOGUE, Connector

_HOOKS: Final = "Webhooks of platforms and shops"
_EVENTS: Final = "Events"
_LINKS: Final = "Tracked links"
Event: Any = reduce(or_, EVENT_TYPES)
_ONE_OR_MORE: Final[Any] = Event | list[Event]
Word = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9._-]+$")]
_UNCONFIRMED: Final = "503 comes with Retry-After: send it again, its ids make it count once."


def _signed_by(each: Connector) -> str:
    headers = " or ".join(dict.fromkeys(f"`{scheme.header}`" for scheme in each.schemes))
    shown = f"signed in {headers}" if headers else "the secret in the address, or in `X-Pulse-Secret`"
    if each.kind == "generic":
        shown = "signed as a definition describes"
    return f"- `{each.kind}` ({each.title}): {shown}; {each.success} is success"


_KINDS: Final = "\n".join(_signed_by(each) for each in CATALOGUE.values() if each.is_hook)
_PLACE: Final = (
    Parameter(name="kind", place="path", what="The kind of source, such as shopify.", type=Word),
    Parameter(
        name="endpoint",
        place="path",
        what="The source's name; behind a dot the secret, for senders that cannot sign.",
        type=Word,
    ),
)
_HOOK_PROBLEMS: Final = (400, 401, 404, 408, 413, 503)
_EVENT_PROBLEMS: Final = (400, 401, 408, 413, 415, 503)
_SEGMENT_LOGINS: Final = ("write_key", "bearer", "header")


def _segment(call: str) -> Operation:
    return Operation(
        name=f"segment_{call}",
        path=f"/v1/{call}",
        method="post",
        group=_EVENTS,
        summary=f"Segment's {call}",
        detail=f"As Segment's HTTP API. {_UNCONFIRMED}",
        endpoint=segment_call(call),
        body=(Content("A call of Segment's libraries, or a batch of them.", dict[str, Any]),),
        answers={200: Content("Segment's answer.", SegmentSuccess)},
        problems=_EVENT_PROBLEMS,
        logins=_SEGMENT_LOGINS,
        is_counted=True,
    )


RECEIVING: Final = (
    Operation(
        name="hook",
        path="/v1/hooks/{kind}/{endpoint}",
        method="post",
        group=_HOOKS,
        summary="Take in a delivery",
        detail=f"The signature is of the raw bytes. {_UNCONFIRMED}\n\n{_KINDS}",
        endpoint=hook,
        parameters=_PLACE,
        body=(
            Content(
                "As the platform sends it.",
                None,
                ("application/json", "application/x-www-form-urlencoded", "application/atom+xml"),
            ),
        ),
        answers={
            200: Content(
                "Counted, parked or kept; the sender need not come again. A handshake has the platform's own answer.",
                Taken,
            ),
            201: Content("The same, for Gleam.", Taken),
        },
        problems=_HOOK_PROBLEMS,
        is_counted=True,
    ),
    Operation(
        name="handshake",
        path="/v1/hooks/{kind}/{endpoint}",
        method="get",
        group=_HOOKS,
        summary="Answer what a platform asks before it sends",
        endpoint=hook,
        parameters=(
            *_PLACE,
            Parameter(name="hub.mode", place="query", what="Meta and YouTube: subscribe."),
            Parameter(name="hub.challenge", place="query", what="Meta and YouTube: what is to be answered."),
            Parameter(name="hub.verify_token", place="query", what="Meta: `campaign-pulse gateway token` makes it."),
            Parameter(name="hub.topic", place="query", what="YouTube: the channel's feed."),
            Parameter(name="crc_token", place="query", what="X: what is to be signed."),
        ),
        answers={200: Content("The challenge, or what X asks for.", str, ("text/plain", "application/json"))},
        problems=(403, 404),
        is_counted=True,
    ),
    Operation(
        name="events",
        path="/v1/events",
        method="post",
        group=_EVENTS,
        summary="Take in our own events or CloudEvents",
        detail=(
            "One event, an array, or one a line; at most 2,000, and 1 MiB unpacked (`Content-Encoding`: gzip, zstd). "
            "`campaign_id` and `influencer_id` may be left out where a definition tells whose an event is. "
            f"Each event has a verdict; `Pulse-Rejected` is how many would never count. {_UNCONFIRMED}"
        ),
        endpoint=events,
        body=(
            Content("Events (docs/events.md).", _ONE_OR_MORE, ("application/json",)),
            Content("One event a line.", str, ("application/x-ndjson",)),
            Content("CloudEvents 1.0.", dict[str, Any], ("application/cloudevents+json",)),
            Content("CloudEvents 1.0.", list[dict[str, Any]], ("application/cloudevents-batch+json",)),
        ),
        answers={200: Content("A verdict for each event, in their order.", Verdicts)},
        problems=(*_EVENT_PROBLEMS, 422),
        logins=("bearer", "header"),
        is_counted=True,
    ),
    *(_segment(call) for call in SEGMENT_CALLS),
    Operation(
        name="collect",
        path="/mp/collect",
        method="post",
        group=_EVENTS,
        summary="GA4's Measurement Protocol",
        detail=f"As Google's, with a key of ours as `api_secret`. {_UNCONFIRMED}",
        endpoint=collect,
        parameters=(Parameter(name="measurement_id", place="query", what="Not looked at."),),
        body=(Content("client_id and events.", dict[str, Any]),),
        answers={204: Content("Taken in.")},
        problems=_EVENT_PROBLEMS,
        logins=("api_secret",),
        is_counted=True,
    ),
    Operation(
        name="link",
        path="/l/{code:path}",
        method="get",
        group=_LINKS,
        summary="Send a visitor on, and count a click",
        detail="HEAD, previews of messengers and robots are sent on and not counted. A code is found in any case.",
        endpoint=link,
        parameters=(Parameter(name="code", place="path", what="From `tracked_links` of a definition.", type=Word),),
        answers={302: Content("The shop's address with `pulse_click_id`.")},
        problems=(404,),
        is_counted=True,
    ),
)
