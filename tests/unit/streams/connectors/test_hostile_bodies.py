"""Whatever a body holds: a reason, never an exception; and every event that comes out, a worker would count."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.sources import KINDS, GenericMapping, SourceKind, SourceRules
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.drafts import Delivery
from streams.connectors.placing import Placer
from streams.connectors.translation import translate
from streams.events.decode import FUTURE_TOLERANCE_MS, MAX_EVENT_BYTES, read_event
from tests.unit.streams.connectors.deliveries import FOLDER, PLACER, RECEIVED_MS, SIGNED, UNSIGNED, kept, kind_of

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["", "0", "-1", "1e400", "2026-04-18T25:00:00Z", "2026-02-30 10:00:00", "\x00", "NaN", "9" * 400]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
GENERIC = SourceRules(
    kind="generic",
    mapping=GenericMapping(
        platform="forms",
        items="data",
        type="purchase",
        fields={
            "event_id": "id",
            "occurred_at": "at",
            "amount": "sum",
            "currency": "cur",
            "order_id": "no",
            "email": "e",
        },
    ),
)
NAMES = [name for name in [*SIGNED, *UNSIGNED] if name.endswith(".json")]
RELAXED = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def is_mapped(one: Delivery, kind: SourceKind, placer: Placer | None) -> None:
    """Map a delivery, and read again what came out."""
    done = translate(one, placer, CATALOGUE[kind].read)
    for event in done.events:
        if placer is not None:
            read_event(event.value, event.topic, one.received_ms + FUTURE_TOLERANCE_MS, MAX_EVENT_BYTES)
    for note in done.notes:
        assert note.detail


def places_of(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of all members of a JSON value."""
    found: list[tuple[str | int, ...]] = [path]
    if isinstance(value, dict):
        for name, inner in value.items():
            found += places_of(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            found += places_of(inner, (*path, place))
    return found


def changed(value: Any, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Any:
    """A copy of a value with one member changed, or left out where the change says ``...``."""
    if not path:
        return change(value)
    inner = changed(value[path[0]], path[1:], change)
    if isinstance(value, dict):
        rest = {name: member for name, member in value.items() if name != path[0]}
        return rest if inner is ... else {**rest, path[0]: inner}
    kept_items = list(value)
    assert isinstance(path[0], int)
    kept_items[path[0] : path[0] + 1] = [] if inner is ... else [inner]
    return kept_items


@pytest.mark.parametrize("name", NAMES)
@RELAXED
@given(data=st.data())
def test_a_member_of_another_type_or_a_missing_one_gives_a_reason(name: str, data: st.DataObject) -> None:
    """Platforms change their bodies without a word; what cannot be mapped any more is said, not raised."""
    one = kept(name)
    body = json.loads(one.body)
    path = data.draw(st.sampled_from(places_of(body)))
    new = data.draw(st.just(...) | JSON)
    mutated = changed(body, path, lambda _: new) if path or new is not ... else {}
    content = json.dumps(mutated).encode()
    for placer in (PLACER, None):
        is_mapped(msgspec.structs.replace(one, body=content), kind_of(one.source), placer)


@pytest.mark.parametrize("kind", KINDS)
@RELAXED
@given(body=JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
def test_any_body_gives_a_reason(kind: SourceKind, body: bytes) -> None:
    """JSON of any shape, and bytes that are none."""
    one = Delivery(
        source=f"{kind}-main", body=body, headers={}, received_ms=RECEIVED_MS, rules=GENERIC, person_key=b"k"
    )
    is_mapped(one, kind, PLACER)


@RELAXED
@given(item=st.dictionaries(st.sampled_from(["id", "at", "sum", "cur", "no", "e"]), JSON))
def test_any_item_of_a_described_source_gives_a_reason(item: dict[str, Any]) -> None:
    """Its paths may lead to anything."""
    body = json.dumps({"data": [item]}).encode()
    is_mapped(Delivery(source="forms", body=body, headers={}, received_ms=RECEIVED_MS, rules=GENERIC), "generic", None)


@pytest.mark.parametrize("kind", KINDS)
def test_bodies_made_to_harm_give_a_reason(kind: SourceKind) -> None:
    """Nesting without end, numbers of a million digits, half characters, and other formats."""
    bombs = [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 1_000_000,
        b'{"id": ' + b"9" * 10_000 + b"}",
        b'{"id": 1e999999999, "events": [{"name": "purchase", "params": {"value": 1e999999999}}]}',
        '{"id": "\ud800"}'.encode("utf-8", "surrogatepass"),
        rb'{"type": "click", "event_id": "\ud800", "platform": "shop", "occurred_at": 1776528245250}',
        b"\xff\xfe{\x00}\x00",
        b"",
        b"null",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>',
        b"<a>" * 10_000,
    ]
    for body in bombs:
        one = Delivery(source=f"{kind}-main", body=body, headers={}, received_ms=RECEIVED_MS, rules=GENERIC)
        is_mapped(one, kind, PLACER)
        assert translate(one, PLACER, CATALOGUE[kind].read).events == []


def test_a_feed_with_a_document_type_is_not_read() -> None:
    """Entities are how an XML of a few bytes fills a memory."""
    bomb = b'<!DOCTYPE a [<!ENTITY b "b">]><feed xmlns="http://www.w3.org/2005/Atom">&b;</feed>'
    one = msgspec.structs.replace(kept("youtube_push.xml"), body=bomb)
    assert "document type" in translate(one, PLACER, CATALOGUE["youtube"].read).of_kind("unmapped")[0]


@RELAXED
@given(cut=st.integers(0, 700), byte=st.binary(min_size=1, max_size=3))
def test_any_damaged_feed_gives_a_reason(cut: int, byte: bytes) -> None:
    """XML cut off or with foreign bytes in it."""
    whole = (FOLDER / "youtube_push.xml").read_bytes()
    one = msgspec.structs.replace(kept("youtube_push.xml"), body=whole[:cut] + byte + whole[cut + 1 :])
    is_mapped(one, "youtube", PLACER)
