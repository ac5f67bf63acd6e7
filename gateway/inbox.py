"""What ``campaign.inbox.v1`` holds: deliveries with what is needed to map them again, and marks of what was.

A mark stands behind its delivery, under the same key: its value is empty, and its headers say which delivery it is
about, what became of it, and how many of its events are counted. It outlives its delivery by what lay between them.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from gateway.publisher import Placed, Record
from models.sources import KINDS, SourceKind
from models.topics import INBOX
from streams.connectors.drafts import Delivery
from streams.connectors.placing import Placer

_KEPT_HEADERS: Final = (
    "content-type",
    "content-encoding",
    "user-agent",
    "x-shopify-topic",
    "x-shopify-shop-domain",
    "x-shopify-triggered-at",
    "x-wc-webhook-topic",
    "x-wc-webhook-source",
    "twitch-eventsub-message-id",
    "twitch-eventsub-message-type",
    "twitch-eventsub-message-timestamp",
    "webhook-id",
    "webhook-timestamp",
    "svix-id",
    "svix-timestamp",
)
"""What a mapping reads of a request's header: kept with its body. Signatures and keys are not."""
_LONGEST_HEADER: Final = 1_024
_HTTP: Final = "http."
_KEPT_NAMES: Final = tuple((name, _HTTP + name) for name in _KEPT_HEADERS)
_CALL: Final = "pulse.call"
_POST: Final = "pulse.post-id"
_ACCOUNT: Final = "pulse.account"
_POLLED: Final = "pulse.polled"
_REMAPPED: Final = "pulse.remapped"


class Mark(Struct, frozen=True):
    """A delivery was mapped again: where it stands, what became of it, and how many of its events are counted."""

    partition: int
    offset: int
    outcome: str
    events: int


class Kept(Struct, frozen=True):
    """A delivery of the inbox.

    ``events`` is how many events of it were sent when it came; None where the record does not say it.
    """

    kind: SourceKind
    source: str
    outcome: str
    received_ms: int
    events: int | None
    body: bytes
    headers: Mapping[str, str]

    @property
    def is_polled(self) -> bool:
        """Whether we have asked for it."""
        return _POLLED in self.headers

    def delivery(self, placer: Placer, person_key: bytes | None) -> Delivery:
        """Return it as it was when it came, with the rules of today."""
        return Delivery(
            source=self.source,
            body=self.body,
            headers={name.removeprefix(_HTTP): value for name, value in self.headers.items() if name.startswith(_HTTP)},
            query={"call": self.headers[_CALL]} if _CALL in self.headers else {},
            received_ms=self.received_ms,
            rules=placer.rules(self.source),
            is_polled=self.is_polled,
            post_id=self.headers.get(_POST),
            account=self.headers.get(_ACCOUNT),
            person_key=person_key,
        )


def headers_for(kind: str, delivery: Delivery, outcome: str, events: int) -> tuple[tuple[str, bytes], ...]:
    """Return the headers of a delivery's record."""
    given = delivery.headers
    kept = [(name, given[of]) for of, name in _KEPT_NAMES if of in given]
    if "ce-id" in given:
        kept += [(_HTTP + name, value) for name, value in given.items() if name.startswith("ce-")][:20]
    told = []
    if call := delivery.query.get("call"):
        told.append((_CALL, call))
    if delivery.is_polled:
        told.append((_POLLED, "1"))
    if delivery.post_id is not None:
        told.append((_POST, delivery.post_id))
    if delivery.account is not None:
        told.append((_ACCOUNT, delivery.account))
    source, of_kind, became, counted = _said_of(delivery.source, kind, outcome, events)
    received = ("pulse.received-ms", b"%d" % delivery.received_ms)
    more = [(name, value[:_LONGEST_HEADER].encode("utf-8", "replace")) for name, value in told + kept]
    return (source, of_kind, received, became, counted, *more)


@lru_cache(maxsize=4_096)
def _said_of(source: str, kind: str, outcome: str, events: int) -> tuple[tuple[str, bytes], ...]:
    """Return what is said of many deliveries with the same words."""
    told = {"source": source, "kind": kind, "outcome": outcome, "events": str(events)}
    return tuple((f"pulse.{name}", value[:_LONGEST_HEADER].encode("utf-8", "replace")) for name, value in told.items())


def kept_of(value: bytes | None, headers: Any) -> Kept | None:
    """Return the delivery in a record of the inbox; None where it is none of ours."""
    told = {name: (content or b"").decode("utf-8", "replace") for name, content in headers}
    kind, events = told.get("pulse.kind"), told.get("pulse.events", "")
    received = told.get("pulse.received-ms", "")
    if kind not in KINDS or _REMAPPED in told or not received.isdecimal():
        return None
    return Kept(
        kind=kind,
        source=told.get("pulse.source", ""),
        outcome=told.get("pulse.outcome", ""),
        received_ms=int(received),
        events=int(events) if events.isdecimal() else None,
        body=value or b"",
        headers=told,
    )


def mark_of(headers: Any) -> Mark | None:
    """Return the mark in a record of the inbox; None where it is none."""
    told = {name: (content or b"").decode("utf-8", "replace") for name, content in headers}
    partition, _, offset = told.get(_REMAPPED, "").partition("/")
    events = told.get("pulse.events", "")
    if not (partition.isdecimal() and offset.isdecimal() and events.isdecimal()):
        return None
    return Mark(int(partition), int(offset), told.get("pulse.outcome", ""), int(events))


def mark_record(kept: Kept, placed: Placed, outcome: str, events: int) -> Record:
    """Return the record that says what became of a delivery that was mapped again."""
    told = {
        _REMAPPED: f"{placed.partition}/{placed.offset}",
        "pulse.source": kept.source,
        "pulse.outcome": outcome,
        "pulse.events": str(events),
    }
    return Record(INBOX, kept.source.encode(), b"", tuple((name, text.encode()) for name, text in told.items()))
