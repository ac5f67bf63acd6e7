"""A source that its campaign definition describes: how it signs, and which of its members are which of our fields."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from models.sources import GenericMapping
from streams.connectors.bodies import Unmapped, at_dotted, id_of, items_of, json_of
from streams.connectors.drafts import Delivery, Draft, Money, Note, Told, each, zone_of
from streams.sources import ids
from streams.sources.money import amount
from streams.sources.times import from_epoch, instant

_COUNTS: Final = frozenset({"likes", "comments", "shares", "saves", "views", "reach", "followers", "count"})
_OURS: Final = frozenset({"event_id", "occurred_at", "amount", "email", "account", "campaign_id", "influencer_id"})
_MARKS: Final = frozenset({"click_id", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"})


def read(delivery: Delivery) -> Iterator[Told]:
    """Map a body by the paths of the definition."""
    mapping = delivery.rules.mapping
    if mapping is None:
        yield Note(
            "unmapped", f"no definition describes the source {delivery.source!r} (sources.{delivery.source}.mapping)"
        )
        return
    body = json_of(delivery.body)
    found = at_dotted(body, mapping.items) if mapping.items else body
    if found is None:
        yield Note("unmapped", f"{mapping.items} is missing")
        return
    yield from each(items_of(found), lambda item: _item(delivery, mapping, item), "item")


def _item(delivery: Delivery, mapping: GenericMapping, item: Any) -> Iterator[Told]:
    kind: str | None = mapping.type
    if mapping.type_path is not None:
        given = id_of(at_dotted(item, mapping.type_path))
        kind = mapping.types.get(given or "")
        if kind is None:
            yield Note("ignored", f"{mapping.type_path} {given!r} is not counted"[:200])
            return
    found = {name: value for name, path in mapping.fields.items() if (value := at_dotted(item, path)) is not None}
    event_id = id_of(found.get("event_id"))
    if event_id is None:
        raise Unmapped(f"{mapping.fields['event_id']} (event_id) is missing")
    assert kind is not None
    occurred_at, time_source = _moment(delivery, mapping, found)
    fields = {
        name: _field(name, value) for name, value in found.items() if name not in _OURS and name != "discount_code"
    }
    if "email" in found and delivery.person_key is not None and (email := id_of(found["email"])):
        fields |= {"author_id": ids.of_person(email, delivery.person_key)}
        fields |= {"author_platform": "email"} if kind != "comment.created" else {}
    money = None
    if "amount" in found:
        total = amount(found["amount"], "amount")
        money = Money(total, total)
    code, post_id = id_of(found.get("discount_code")), id_of(found.get("post_id"))
    yield Draft(
        type=kind,
        event_id=event_id,
        platform=mapping.platform,
        occurred_at=occurred_at,
        time_source=time_source,
        fields=fields,
        post_ids=(post_id,) if post_id else (),
        account=id_of(found.get("account")),
        campaign_id=id_of(found.get("campaign_id")),
        influencer_id=id_of(found.get("influencer_id")),
        marks={name: text for name in _MARKS if (text := id_of(found.get(name)))},
        codes=(code,) if code else (),
        money=money,
    )


def _moment(delivery: Delivery, mapping: GenericMapping, found: dict[str, Any]) -> tuple[str | int, Any]:
    if "occurred_at" not in mapping.fields:
        return delivery.received_ms, "send_time"
    when = found.get("occurred_at")
    if isinstance(when, int | Decimal) and not isinstance(when, bool):
        return from_epoch(when), "payload"
    if isinstance(when, str) and when:
        return instant(when, zone_of(delivery.rules)), "payload"
    raise Unmapped(f"{mapping.fields['occurred_at']} (occurred_at) is missing or no time")


def _field(name: str, value: Any) -> Any:
    """Return a value as the field has it: counts are numbers, everything else is text."""
    if name in _COUNTS:
        text = id_of(value)
        return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 20 else value
    if name == "currency" and isinstance(value, str):
        return value.upper()
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() and abs(value.adjusted()) < 40 else str(value)
    return id_of(value) if not isinstance(value, bool | list | dict) and id_of(value) is not None else value
