"""One authentic delivery: mapped, sent, confirmed; then, and not before, the sender may be told that it counts."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from gateway.inbox import headers_for, kept_of
from gateway.problems import Refused
from gateway.publisher import NotConfirmedError, Placed, Record
from gateway.spool import SpoolError
from gateway.state import GatewayState
from models.deadletters import DeadLetter, Reason
from models.topics import DEAD_LETTERS, INBOX
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.drafts import Delivery
from streams.connectors.translation import Translation, translate

log: Final = logging.getLogger("campaign_pulse")
_MOST_DETAIL: Final = 2_000
_WAITING: Final = "waiting"
"""The outcome of a delivery that is not mapped yet."""
_NOWHERE: Final = Placed(INBOX, -1, -1)
"""Of a delivery that waits on disk: it stands nowhere yet."""


async def take(state: GatewayState, kind: str, delivery: Delivery, done: Translation, retries: bool) -> str:
    """Send what a delivery became, and its body.

    Args:
        state: of the gateway.
        kind: of the source.
        delivery: verified.
        done: what it became.
        retries: whether its sender comes again when it is told to.

    Returns:
        What became of it: counted, parked, unmapped, ignored or spooled.

    Raises:
        Refused: Kafka has not confirmed, and the sender comes again or there is no room on disk.
    """
    metrics, source = state.metrics, delivery.source
    metrics.received(source, delivery.received_ms)
    for note in done.notes:
        if note.kind != "incomplete":
            metrics.notes.labels(source, note.kind).inc()
    letter = letter_of(done)
    outcome = _outcome(done, letter)
    records = _records_of(kind, delivery, done, outcome)
    raw = records[0]
    try:
        placed = await state.publisher.publish(records)
        if letter is not None:
            await state.publisher.publish([dead_letter(raw, letter, placed[0])])
    except NotConfirmedError as error:
        spool = state.spool
        if retries or spool is None:
            raise Refused(503, "not_confirmed", str(error)) from None
        waiting = records if letter is None else (*records, dead_letter(raw, letter, _NOWHERE))
        try:
            await asyncio.to_thread(spool.put, waiting)
        except SpoolError as full:
            raise Refused(503, "spool_full", str(full)) from None
        return "spooled"
    metrics.confirmed(source, len(done.events))
    return outcome


async def keep_unmapped(state: GatewayState, kind: str, delivery: Delivery, retries: bool) -> None:
    """Keep a delivery on disk that came before the definitions were known, of a sender that comes only once.

    Raises:
        Refused: its sender comes again, or there is no room on disk.
    """
    if retries or state.spool is None:
        raise Refused(503, "not_ready", "the campaign definitions are not read to their end yet")
    raw = Record(INBOX, delivery.source.encode(), delivery.body, headers_for(kind, delivery, _WAITING, 0))
    try:
        await asyncio.to_thread(state.spool.put, (raw,))
    except SpoolError as full:
        raise Refused(503, "spool_full", str(full)) from None


def mapped_late(state: GatewayState, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Return what is to be sent of a delivery from the disk: mapped now, where that could not be done before."""
    kept = kept_of(records[0].value, records[0].headers)
    if kept is None or kept.outcome != _WAITING:
        return records
    delivery, kind = kept.delivery(state.placer, state.person_key), kept.kind
    done = translate(delivery, state.placer, CATALOGUE[kind].read)
    letter = letter_of(done)
    made = _records_of(kind, delivery, done, _outcome(done, letter))
    return made if letter is None else (*made, dead_letter(made[0], letter, _NOWHERE))


def _records_of(kind: str, delivery: Delivery, done: Translation, outcome: str) -> tuple[Record, ...]:
    """Return the records of a delivery: its body first, then its events."""
    headers = headers_for(kind, delivery, outcome, len(done.events))
    raw = Record(INBOX, delivery.source.encode(), delivery.body, headers)
    return (raw, *[Record(event.topic, event.key, event.value) for event in done.events])


def outcome_of(done: Translation) -> str:
    """Return what became of a delivery: counted, ignored, parked or unmapped."""
    return _outcome(done, letter_of(done))


def _outcome(done: Translation, letter: tuple[Reason, str] | None) -> str:
    if letter is None:
        return "counted" if done.events else "ignored"
    return "parked" if letter[0] == "unmatched" else "unmapped"


def letter_of(done: Translation) -> tuple[Reason, str] | None:
    """Return reason and detail of the dead letter that a delivery needs: one, however many items it is about."""
    if not done.notes:
        return None
    unmapped, unmatched = done.of_kind("unmapped"), done.of_kind("unmatched")
    if not unmapped and not unmatched:
        return None
    detail = "; ".join([*unmapped, *unmatched])
    return "unmapped" if unmapped else "unmatched", detail[:_MOST_DETAIL]


def dead_letter(raw: Record, letter: tuple[Reason, str], placed: Placed) -> Record:
    """Return the dead letter about a delivery that stands there in the inbox."""
    made = DeadLetter(
        reason=letter[0],
        detail=letter[1],
        topic=INBOX,
        partition=placed.partition,
        offset=placed.offset,
        key=raw.key,
        value=raw.value,
        original_headers=raw.headers,
    )
    headers = tuple((name, value or b"") for name, value in made.headers())
    return Record(DEAD_LETTERS, raw.key, raw.value, headers)


def headers_of(pairs: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by their names, in lower case as the server gives them; of one that is there twice, the first."""
    # The first wins because it is taken last.
    return {str(name, "latin-1"): str(value, "latin-1") for name, value in reversed(pairs)}
