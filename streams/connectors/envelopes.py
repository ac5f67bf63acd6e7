"""Our own events, bare or in an envelope: CloudEvents in all three modes, Standard Webhooks."""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

from models.events import EVENT_TYPES
from streams.connectors.bodies import Unmapped, absent, at, id_at, items_of, json_of, need_id, need_text, text_at
from streams.connectors.drafts import Delivery, Draft, Mapper, Told, each, need_time
from streams.events.decode import tag_of
from streams.sources import ids
from streams.sources.times import from_epoch

TAGS: Final = tuple(tag_of(kind) for kind in EVENT_TYPES)
_CONVERSIONS: Final = frozenset({"click", "signup", "add_to_cart", "purchase", "refund"})
_ENVELOPE: Final = frozenset(
    {"type", "event_id", "campaign_id", "influencer_id", "platform", "occurred_at", "time_source"}
)
_TIME_SOURCES: Final = frozenset({"payload", "header", "send_time", "poll_time"})
_STRUCTURED: Final = "application/cloudevents+json"
_BATCH: Final = "application/cloudevents-batch+json"
NDJSON: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})


def read_events(delivery: Delivery) -> Iterator[Told]:
    """Map our own events: one, an array, or one a line."""
    yield from each(own_items(delivery), _own, "event")


def own_items(delivery: Delivery) -> Iterator[Any]:
    """Yield the items of a body of our own events; one that is no JSON is yielded as its problem, an ``Unmapped``."""
    lines = delivery.body.splitlines()
    if delivery.media_type in NDJSON or (len(lines) > 1 and lines[0].rstrip().endswith(b"}") and lines[0][:1] == b"{"):
        for line in lines:
            if line.strip():
                try:
                    yield json_of(line)
                except Unmapped as problem:
                    yield problem
        return
    yield from items_of(json_of(delivery.body))


def _own(item: Any) -> Iterator[Told]:
    if isinstance(item, Unmapped):
        raise item
    if not isinstance(item, dict):
        raise Unmapped("an event is an object")
    if "specversion" in item and "event_id" not in item:
        # A CloudEvent whose sender says application/json, as HTTP clients do by themselves.
        yield from _cloud_event(item)
        return
    yield draft_of(item, need_text(item, "type"), need_id(item, "event_id"), at(item, "occurred_at"))


def draft_of(item: dict[str, Any], tag: str, event_id: str, occurred_at: Any, platform: str | None = None) -> Draft:
    """Return the draft of an event in our own words.

    Raises:
        Unmapped: the type is unknown, or something of the envelope is missing.
        NoTime: ``occurred_at`` is no time.
    """
    if tag not in TAGS:
        raise Unmapped(f"type {tag[:64]!r} is none of ours: {', '.join(TAGS)}")
    platform = text_at(item, "platform") or platform
    if platform is None:
        raise Unmapped(absent(item, "platform"))
    fields = {name: value for name, value in item.items() if name not in _ENVELOPE}
    time_source = text_at(item, "time_source") or "payload"
    if time_source not in _TIME_SOURCES:
        raise Unmapped(f"time_source {time_source[:64]!r} is none of {', '.join(sorted(_TIME_SOURCES))}")
    names = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "click_id")
    code = text_at(item, "discount_code")
    codes = at(item, "discount_codes")
    post_id = id_at(item, "post_id")
    return Draft(
        type=tag,
        event_id=event_id,
        platform=platform,
        occurred_at=_moment(occurred_at),
        time_source=time_source,  # type: ignore[arg-type]  # one of the four, see above
        fields=fields,
        post_ids=(post_id,) if post_id else (),
        campaign_id=id_at(item, "campaign_id"),
        influencer_id=id_at(item, "influencer_id"),
        marks={name: value for name in names if (value := text_at(item, name))},
        codes=tuple(
            each_code for each_code in [code, *(codes if isinstance(codes, list) else [])] if isinstance(each_code, str)
        ),
    )


def _moment(value: Any) -> str | int:
    if isinstance(value, int) and not isinstance(value, bool):
        from_epoch(value)
        return value
    return need_time(value if isinstance(value, str) else None, "occurred_at")


def is_cloud_event(headers: Mapping[str, str]) -> bool:
    """Return whether a request holds CloudEvents, in any of the three modes."""
    return "ce-id" in headers or headers.get("content-type", "").lower().startswith("application/cloudevents")


def item_mappers(delivery: Delivery) -> list[Mapper]:
    """Return a mapper for each event of a request, so that each gets a verdict of its own.

    Raises:
        Unmapped: the body cannot be read at all.
    """
    is_cloud = is_cloud_event(delivery.headers)
    items = _envelopes(delivery) if is_cloud else own_items(delivery)
    return [partial(_alone, _cloud_event if is_cloud else _own, item) for item in items]


def _alone(of_item: Callable[[Any], Iterator[Told]], item: Any, delivery: Delivery) -> Iterator[Told]:
    yield from of_item(item)


def read_cloudevents(delivery: Delivery) -> Iterator[Told]:
    """Map CloudEvents 1.0: binary, structured, or a batch, by the content type."""
    yield from each(_envelopes(delivery), _cloud_event, "event")


def _envelopes(delivery: Delivery) -> list[Any]:
    envelopes: list[Any]
    if delivery.media_type == _STRUCTURED or (delivery.media_type != _BATCH and "ce-id" not in delivery.headers):
        envelopes = list(items_of(json_of(delivery.body)))
    elif delivery.media_type == _BATCH:
        body = json_of(delivery.body)
        if not isinstance(body, list):
            raise Unmapped("a batch of CloudEvents is an array")
        envelopes = body
    else:
        attributes = {name[3:]: unquote(value) for name, value in delivery.headers.items() if name.startswith("ce-")}
        envelopes = [{**attributes, "data": json_of(delivery.body)}]
    return envelopes


def _cloud_event(envelope: Any) -> Iterator[Told]:
    version = text_at(envelope, "specversion")
    if version is None or not version.startswith("1."):
        raise Unmapped(absent(envelope, "specversion") if version is None else f"specversion {version!r} is not 1.0")
    source, given = need_text(envelope, "source"), need_text(envelope, "type")
    data = at(envelope, "data")
    if data is None and text_at(envelope, "data_base64"):
        try:
            data = json_of(base64.b64decode(need_text(envelope, "data_base64"), validate=True))
        except (ValueError, binascii.Error):
            raise Unmapped("data_base64 is no base64") from None
    if not isinstance(data, dict):
        raise Unmapped(absent(envelope, "data"))
    tag = max(
        (each_tag for each_tag in TAGS if given == each_tag or given.endswith("." + each_tag)), key=len, default=given
    )
    campaign, _, influencer = (text_at(envelope, "subject") or "").partition("/")
    named = {"campaign_id": campaign, "influencer_id": influencer}
    item = {**{name: value for name, value in named.items() if value}, **data}
    occurred_at = at(item, "occurred_at") if at(envelope, "time") is None else at(envelope, "time")
    event_id = ids.of_cloud_event(source, need_id(envelope, "id"))
    yield draft_of(item, tag, event_id, occurred_at, ids.SHOP if tag in _CONVERSIONS else None)


def read_standard(delivery: Delivery) -> Iterator[Told]:
    """Map a message of Standard Webhooks: ``type``, ``timestamp``, ``data``; its id is the header ``webhook-id``."""
    yield from each([json_of(delivery.body)], lambda body: _message(delivery, body), "message")


def _message(delivery: Delivery, body: Any) -> Iterator[Told]:
    data, given = at(body, "data"), need_text(body, "type")
    if not isinstance(data, dict):
        raise Unmapped(absent(body, "data"))
    event_id = id_at(data, "event_id") or delivery.headers.get("webhook-id") or delivery.headers.get("svix-id")
    if not event_id:
        raise Unmapped("the header webhook-id is missing")
    tag = max(
        (each_tag for each_tag in TAGS if given == each_tag or given.endswith("." + each_tag)), key=len, default=given
    )
    occurred_at = at(data, "occurred_at") if at(data, "occurred_at") is not None else at(body, "timestamp")
    yield draft_of(data, tag, event_id, occurred_at, ids.SHOP if tag in _CONVERSIONS else None)
