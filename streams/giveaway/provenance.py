"""Where a draw's random value comes from: what was announced before, what proves it after, and what stays unproved."""

from datetime import datetime
from typing import Final

from models.draws import DrandChain, DrawRecord, FrozenEntries, Randomness
from streams.giveaway.drand import (
    KNOWN_CHAINS,
    DrandError,
    check_chain,
    check_round,
    known_chain,
    randomness_of,
    round_time,
    time_text,
)

OLD_FROZEN: Final = "campaign-pulse frozen entries 1"
OLD_DRAW: Final = "campaign-pulse draw 1"


def announced_round(source: str, chain: DrandChain, number: int) -> Randomness:
    """Return the announcement of a round."""
    return Randomness(source=source, round=number, round_at=time_text(chain, number), chain=chain)


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


def proofs(frozen: FrozenEntries, record: DrawRecord | None) -> tuple[list[str], list[str]]:
    """Return in sentences what a verification without differences proves, and what it does not."""
    announced = frozen.randomness
    proved = ["entry list and list of those left out are the frozen ones"]
    unproved = []
    if record is not None:
        proved.append("winners and substitutes follow from list, commitment and random value")
        if record.unfilled:
            proved.append(f"{record.unfilled} places stay empty: there were fewer entrants")
    chain = announced.chain or (record.chain if record is not None else None)
    if record is not None and record.origin == "drand" and chain is not None:
        proved.append(f"the random value is that of round {announced.round} of drand chain {chain.hash} (signature)")
        if known_chain(chain.hash) is None:
            unproved.append("that the chain's makers are independent: it is none of the League of Entropy")
    elif record is not None:
        unproved.append(
            f"that the random value is the announced one ({announced.source!r}): compare it with its source"
        )
    if frozen.format == OLD_FROZEN and announced.round is not None and chain is not None:
        made = time_text(chain, announced.round)
        unproved.append(f"that the value was unknown at the freeze, {frozen.frozen_at!r}: the round is of {made}")
    if announced.round_at is not None:
        proved.append(f"the announced round is of {announced.round_at}, later than the freeze as the record dates it")
    unproved += [
        f"that the commitment was public before the random value: look for it where it was published, dated "
        f"{announced.round_at or 'before the value'} or earlier",
        "that there was no other freeze or draw, and that the comments are real and all in the ledger",
    ]
    return proved, unproved
