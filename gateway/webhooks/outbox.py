"""What is known of outgoing messages: on a compacted topic, and as it follows from it.

One partition, so that everything has one order, and whoever reads it from its beginning knows everything: messages that
wait or were taken, receivers that are off, how far alerts and rollups are read, and the highest totals. Addresses and
secrets are in none of its records.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from models.webhooks import MessageType
from streams.webhooks.messages import Made, Totals

Outcome = Literal["sent", "failed", "expired", "dropped", "removed"]
"""What becomes of a message: taken; given up after the last attempt, or waiting for too long; too many; its receiver
is not configured any more."""


class Waiting(Struct, frozen=True, kw_only=True, tag_field="what", tag="waiting"):
    """A message that its receiver has not taken yet."""

    webhook: str
    type: MessageType
    campaign_id: str
    made_ms: int
    body: bytes
    attempts: int = 0
    next_ms: int = 0
    problem: str = ""


class Done(Struct, frozen=True, kw_only=True, tag_field="what", tag="done"):
    """A message that is not sent any more: remembered for a week, so that it is not made a second time."""

    webhook: str
    at_ms: int
    outcome: Outcome


class Place(Struct, frozen=True, kw_only=True, tag_field="what", tag="place"):
    """How far a partition of alerts or rollups is read."""

    next: int


class Switch(Struct, frozen=True, kw_only=True, tag_field="what", tag="switch"):
    """Whether a receiver is told; ``off_ms`` is since when it is not, and why."""

    off_ms: int | None = None
    reason: str = ""


class High(Struct, frozen=True, kw_only=True, tag_field="what", tag="high"):
    """The highest totals of a campaign."""

    totals: Totals


Value = Waiting | Done | Place | Switch | High
Key = tuple[str, ...]
_encode: Final = msgspec.json.Encoder().encode
_decode_key: Final = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_value: Final = msgspec.json.Decoder(Value).decode


def message_key(message_id: str) -> Key:
    """Return the key of a message."""
    return ("message", message_id)


def switch_key(webhook: str) -> Key:
    """Return the key of a receiver's switch."""
    return ("switch", webhook)


def place_key(topic: str, partition: int) -> Key:
    """Return the key of how far a partition is read."""
    return ("place", topic, str(partition))


def high_key(campaign_id: str) -> Key:
    """Return the key of a campaign's highest totals."""
    return ("high", campaign_id)


def encoded(key: Key, value: Value | None) -> tuple[bytes, bytes | None]:
    """Return key and value of a record of the topic; None removes the key."""
    return _encode(key), None if value is None else _encode(value)


class Outbox:
    """Everything that the topic says."""

    def __init__(self) -> None:
        self.waiting: dict[str, Waiting] = {}
        """By message id, in the order in which they were made."""
        self.done: dict[str, Done] = {}
        self.places: dict[tuple[str, int], int] = {}
        self.switches: dict[str, Switch] = {}
        self.highs: dict[str, Totals] = {}
        self.unreadable = 0

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Take a record of the topic in; what is none of ours is counted."""
        try:
            parts = _decode_key(key or b"")
            content = _decode_value(value) if value else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.unreadable += 1
            return
        self.put(parts, content)

    def put(self, key: Key, value: Value | None) -> None:
        """Take a record in."""
        match key, value:
            case ("message", message_id), None:
                self.waiting.pop(message_id, None)
                self.done.pop(message_id, None)
            case ("message", message_id), Waiting():
                self.done.pop(message_id, None)
                self.waiting[message_id] = value
            case ("message", message_id), Done():
                self.waiting.pop(message_id, None)
                self.done[message_id] = value
            case ("place", topic, partition), Place(next=place) if partition.isdecimal():
                self.places[topic, int(partition)] = place
            case ("switch", webhook), Switch():
                self.switches[webhook] = value
            case ("high", campaign_id), High(totals=totals):
                self.highs[campaign_id] = totals
            case ("place", topic, partition), None if partition.isdecimal():
                self.places.pop((topic, int(partition)), None)
            case ("switch", webhook), None:
                self.switches.pop(webhook, None)
            case _:
                self.unreadable += 1

    def knows(self, message_id: str) -> bool:
        """Whether a message was made before."""
        return message_id in self.waiting or message_id in self.done

    def is_off(self, webhook: str) -> bool:
        """Whether a receiver is told nothing until somebody turns it on again."""
        switch = self.switches.get(webhook)
        return switch is not None and switch.off_ms is not None

    def waiting_of(self, webhook: str) -> Iterator[tuple[str, Waiting]]:
        """Yield what waits for a receiver, the oldest first."""
        return ((each, message) for each, message in self.waiting.items() if message.webhook == webhook)

    def counts(self) -> Counter[str]:
        """Return how many wait, by receiver."""
        return Counter(message.webhook for message in self.waiting.values())

    def oldest_ms(self, webhook: str) -> int | None:
        """Return when the oldest message that waits was made."""
        return min((message.made_ms for _, message in self.waiting_of(webhook)), default=None)


def waiting_of(made: Sequence[Made], now_ms: int) -> list[tuple[Key, Value]]:
    """Return the records of new messages."""
    return [
        (
            message_key(each.message_id),
            Waiting(
                webhook=each.webhook,
                type=each.type,
                campaign_id=each.campaign_id,
                made_ms=now_ms,
                body=each.body,
                next_ms=now_ms,
            ),
        )
        for each in made
    ]
