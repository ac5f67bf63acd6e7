"""Where a draw's random value comes from: what was announced before, what proves it after, and what stays unproved."""

from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from models.draws import DrandChain, DrawRecord, FrozenEntries, Randomness
from models.giveaway import DrawRule
from models.times import MINUTE_MS, epoch_ms
from streams.giveaway.drand import (
    KNOWN_CHAINS,
    DrandError,
    check_chain,
    check_round,
    first_round_at,
    randomness_of,
    round_time,
    time_text,
)

OLD_FROZEN: Final = "campaign-pulse frozen entries 1"
OLD_DRAW: Final = "campaign-pulse draw 1"


def announced_round(source: str, chain: DrandChain, number: int, chosen_by: Literal["rules", "operator"]) -> Randomness:
    """Return the announcement of a round."""
    made = time_text(chain, number)
    return Randomness(source=source, round=number, round_at=made, chain=chain, chosen_by=chosen_by)


def closing_of(frozen: FrozenEntries) -> int:
    """Return the closing that the rules in a record name, epoch milliseconds.

    Raises:
        ValueError: it cannot be read.
    """
    closes_at = datetime.fromisoformat(str(frozen.rules.get("closes_at")))
    if closes_at.tzinfo is None:
        closes_at = closes_at.replace(tzinfo=ZoneInfo(str(frozen.rules.get("time_zone"))))
    return epoch_ms(closes_at)


class RuledRound(Struct, frozen=True):
    """What the rules in a record say of the round: the moment (epoch milliseconds) from which on the first is taken."""

    draw: DrawRule
    from_ms: int


def ruled_round(frozen: FrozenEntries) -> RuledRound | None:
    """Return which round the rules in a record name; None where they name none.

    Raises:
        ValueError: they cannot be read.
    """
    stated = frozen.rules.get("draw")
    if stated is None:
        return None
    draw = msgspec.convert(stated, DrawRule)
    return RuledRound(draw, closing_of(frozen) + draw.minutes_after_closing * MINUTE_MS)


def rule_differences(frozen: FrozenEntries) -> list[str]:
    """Return where a record keeps to other winners or another round than its own rules name."""
    found = []
    if frozen.rules.get("winners") not in (None, frozen.winners):
        found.append(f"winners: {frozen.winners}, the rules say {frozen.rules.get('winners')}")
    announced = frozen.randomness
    try:
        ruled = ruled_round(frozen)
    except (ValueError, ZoneInfoNotFoundError) as error:
        return [*found, f"rules: which round they name cannot be read: {error}"]
    if ruled is None:
        if announced.chosen_by == "rules":
            found.append("announced round: the record says that the rules name it, and they name none")
        return found
    if announced.chain is None or announced.round is None or announced.chosen_by != "rules":
        return [*found, "announced value: the rules name a drand round, and another value was announced"]
    known = KNOWN_CHAINS.get(ruled.draw.chain)
    if announced.chain.hash != (ruled.draw.chain if known is None else known.hash):
        found.append(f"announced chain: {announced.chain.hash}, the rules name {ruled.draw.chain}")
    right = first_round_at(announced.chain, ruled.from_ms)
    if announced.round != right:
        found.append(
            f"announced round: {announced.round}; the first one {ruled.draw.minutes_after_closing} minutes after the "
            f"closing, as the rules say, is {right}"
        )
    return found


def chains_of(announced: Randomness) -> list[DrandChain]:
    """Return the chains of which an announced round may be.

    The one of the record; in format 1 those known whose name or hash is in the words of the source, or else all known.
    """
    if announced.chain is not None:
        return [announced.chain]
    words = announced.source.lower()
    named = [chain for name, chain in KNOWN_CHAINS.items() if name in words or chain.hash in words]
    return named or list(KNOWN_CHAINS.values())


def announcement_differences(frozen: FrozenEntries) -> list[str]:
    """Return what contradicts itself in the announcement of a random value; nothing for records of format 1."""
    announced = frozen.randomness
    stated = rule_differences(frozen)
    if stated:
        return stated
    if frozen.format == OLD_FROZEN:
        return [] if announced.chain is None else ["announced chain: records of format 1 have none"]
    if announced.round is None and announced.chain is None:
        return []
    if announced.round is None or announced.chain is None:
        return ["announced value: a drand round needs round and chain, one is missing"]
    try:
        check_chain(announced.chain)
        at = time_text(announced.chain, announced.round)
    except DrandError as error:
        return [f"announced {error}"]
    found = []
    if announced.round_at != at:
        found.append(f"announced round: round {announced.round} is of {at}, the record says {announced.round_at!r}")
    try:
        frozen_at = datetime.fromisoformat(frozen.frozen_at)
    except ValueError:
        return [*found, f"frozen record: frozen_at {frozen.frozen_at!r} is no time"]
    if frozen_at.tzinfo is None:
        return [*found, f"frozen record: frozen_at {frozen.frozen_at!r} has no offset"]
    if frozen_at.timestamp() >= round_time(announced.chain, announced.round):
        found.append(
            f"announced round: round {announced.round} is of {at}, it existed when the list was frozen, "
            f"{frozen.frozen_at}"
        )
    return found


def origin_differences(frozen: FrozenEntries, record: DrawRecord) -> list[str]:
    """Return in what a drawn value is not the one announced; nothing for draws of format 1 from records of format 1."""
    announced = frozen.randomness
    if record.format == OLD_DRAW and record.origin is None:
        if frozen.format == OLD_FROZEN:
            return []
        return ["random value: a draw of format 1 does not say where it comes from, the frozen record is of format 2"]
    if announced.round is None:
        return [] if record.origin == "text" else [f"random value: origin is {record.origin}, announced was a text"]
    if record.origin != "drand" or record.drand is None:
        return [f"random value: announced was round {announced.round} of drand, nothing proves that this is its value"]
    chain = announced.chain or record.chain
    if chain is None:
        return ["random value: no chain is named that the round could be checked against"]
    if chain not in chains_of(announced):
        return [f"random value: chain {chain.hash} was not announced"]
    found = []
    if announced.chain is not None and record.chain not in (None, announced.chain):
        found.append("random value: the draw names another chain than the one announced")
    try:
        check_chain(chain)
        check_round(record.drand, chain, announced.round)
    except DrandError as error:
        found.append(f"random value: {error}")
    if record.randomness != randomness_of(record.drand):
        found.append(
            f"random value: it is {record.randomness!r}, round {record.drand.round} gives {randomness_of(record.drand)}"
        )
    return found
