"""What a verification without differences proves, and what it does not, in sentences."""

from datetime import datetime

from msgspec import Struct

from models.draws import DrandChain
from streams.giveaway.drand import known_chain, time_text
from streams.giveaway.draw import OF_COMMITMENT
from streams.giveaway.draw_log import described
from streams.giveaway.provenance import OLD_FROZEN, closing_of, ruled_round
from streams.giveaway.verification import Published


class Proofs(Struct, frozen=True):
    """Sentences: what is proved, what is not, and what a reader should know besides."""

    proved: list[str]
    unproved: list[str]
    known: list[str]


def proofs(published: Published) -> Proofs:
    """Return in sentences what records without differences prove."""
    found = Proofs(["entry list and list of those left out are the frozen ones"], [], [])
    announced, record = published.frozen.randomness, published.draw
    cleared = len(published.frozen.ledger.cleared)
    if cleared:
        found.known.append(
            f"{cleared} records of the ledger's topic were accepted as none of it; the record names them"
        )
    if record is not None:
        found.proved.append("winners and substitutes follow from list and random value, and from nothing else")
        if published.exclusions:
            found.proved[-1] = "winners and substitutes follow from list, random value and exclusions, and nothing else"
        if published.frozen.format in OF_COMMITMENT:
            found.proved[-1] = "winners and substitutes follow from list, commitment and random value"
        if record.unfilled:
            found.proved.append(f"{record.unfilled} places stay empty: there were fewer entrants")
    chain = announced.chain or (record.chain if record is not None else None)
    _of_value(published, chain, found)
    _of_choice(published, found)
    _of_exclusions(published, found)
    _of_log(published, found)
    found.unproved.append("that the comments are real and all in the ledger: receipts show who is listed")
    return found


def _of_value(published: Published, chain: DrandChain | None, found: Proofs) -> None:
    frozen, record = published.frozen, published.draw
    announced = frozen.randomness
    if record is not None and record.origin == "drand" and chain is not None:
        found.proved.append(
            f"the random value is that of round {announced.round} of drand chain {chain.hash} (signature)"
        )
        if known_chain(chain.hash) is None:
            found.unproved.append("that the chain's makers are independent: it is none of the League of Entropy")
    elif record is not None:
        found.unproved.append(
            f"that the random value is the announced one ({announced.source!r}): compare it with its source"
        )
    if frozen.format == OLD_FROZEN and announced.round is not None and chain is not None:
        made = time_text(chain, announced.round)
        found.unproved.append(f"that the value was unknown at the freeze, {frozen.frozen_at!r}: the round is of {made}")
    if announced.round_at is not None:
        found.proved.append(
            f"the announced round is of {announced.round_at}, later than the freeze as the record dates it"
        )
    found.unproved.append(
        f"that the commitment was public before the random value: look for it where it was published, dated "
        f"{announced.round_at or 'before the value'} or earlier"
    )


def _of_choice(published: Published, found: Proofs) -> None:
    announced = published.frozen.randomness
    ruled = ruled_round(published.frozen)
    if ruled is not None:
        closing = closing_of(published.frozen)
        if datetime.fromisoformat(published.frozen.frozen_at).timestamp() * 1000 < closing:
            found.known.append(f"the list was frozen at {published.frozen.frozen_at}, before the closing")
        found.proved.append(
            f"the round follows from the rules: the first one {ruled.draw.minutes_after_closing} minutes after the "
            "closing"
        )
        found.unproved.append("that the rules were public before the closing, as they stand in the record")
    elif announced.round is not None:
        found.unproved.append("that nobody chose the round: the rules name none, whoever froze the list did")


def _of_exclusions(published: Published, found: Proofs) -> None:
    for each in published.exclusions:
        record = each.record
        what = "before the draw, passed over in it"
        if record.draw is not None:
            what = "after the draw"
            if record.winner is not None:
                what = f"as winner {record.winner}, and nobody is left to follow"
                if record.replaced_by is not None:
                    what = f"as winner {record.winner}, replaced by the next in the order, {record.replaced_by.entrant}"
        found.known.append(f"{record.entrant} was excluded {what}: {record.place.reason}")
    if published.exclusions:
        found.unproved.append("that the reasons for excluding somebody are true")
    made = published.frozen.randomness.round_at
    known = [each for each in published.before if made is not None and each.record.excluded_at >= made]
    if known:
        found.unproved.append(
            f"that nobody was excluded because of the value: {len(known)} of those passed over were when it existed"
        )


def _of_log(published: Published, found: Proofs) -> None:
    steps, others = published.steps(), published.other_steps()
    found.known.extend(
        f"this is {described(step)}" for step in steps if step.place.attempt > 1 and step.step != "exclusion"
    )
    if not steps:
        found.unproved.append("that there was no other freeze or draw: these records have no place in a log of draws")
        return
    numbers = ", ".join(str(step.place.number) for step in steps)
    if published.log is None:
        found.unproved.append(
            f"that there was no other freeze or draw: these are the steps {numbers} of the campaign's log, which was "
            "not given (--log)"
        )
        return
    found.proved.append(
        f"these are the steps {numbers} of the campaign's log, {len(published.log)} long, in which each follows from "
        "the one before"
    )
    found.known.extend(f"step {entry.place.number} of the log is another: {described(entry)}" for entry in others)
    found.unproved.append("that nothing was cut off at the log's end: compare it with earlier copies of it")
