"""Which random value a freeze announces: the drand round of the rules, another one to come, or a source in words."""

from datetime import UTC, datetime
from typing import Final

from agents.cli.giveaway.randomness import RandomnessError, chain_at
from models.draws import DrandChain, Randomness
from models.giveaway import DrawRule, GiveawayRules
from streams.giveaway.drand import DrandError, first_round_at, known_chain, round_time, time_text
from streams.giveaway.draw_time import DrawTimeError, moment_of
from streams.giveaway.provenance import announced_round

DEFAULT_CHAIN: Final = "quicknet"


class AnnouncementError(RuntimeError):
    """A random value that cannot be announced; one line, for users."""


def announcement(
    source: str | None,
    *,
    chain_name: str | None,
    number: int | None,
    at: str | None,
    rules: GiveawayRules,
    now_ms: int,
) -> Randomness:
    """Return what a frozen record says of the random value.

    Args:
        source: in words.
        chain_name: name, hash, or place of the ``/info`` of a drand chain; None: quicknet.
        number: the round.
        at: instead of ``number``, the moment at or after which the first round is meant.
        rules: the giveaway's; where they name a round, it is that one.
        now_ms: epoch milliseconds.

    Raises:
        AnnouncementError: the round exists already, or what was said names none.
    """
    if number is not None and at is not None:
        raise AnnouncementError("give either --drand-round or --at")
    try:
        if rules.draw is not None and rules.draw_ms is not None:
            if number is not None or at is not None:
                raise AnnouncementError("the rules name the round (draw): --drand-round and --at are for others")
            return _ruled(source, rules.draw, rules.draw_ms, chain_name, now_ms)
        if number is None and at is None:
            return _in_words(source, chain_name)
        chain = chain_at(chain_name or DEFAULT_CHAIN)
        if number is None:
            moment = moment_of(str(at), rules.time_zone, now_ms)
            number = first_round_at(chain, round(moment.timestamp() * 1000))
        if _is_made(chain, number, now_ms):
            raise AnnouncementError(f"{_made(chain, number, now_ms)} Name a round to come, or a moment with --at")
        return announced_round(_words(source, chain), chain, number, "operator")
    except (RandomnessError, DrawTimeError, DrandError, OverflowError) as error:
        raise AnnouncementError(str(error)) from None


def _in_words(source: str | None, chain_name: str | None) -> Randomness:
    if source is None and chain_name is None:
        raise AnnouncementError(
            "the rules name no round (draw): say which random value will decide, with --at, --drand-round or --source"
        )
    if chain_name is not None or "drand" in str(source).lower():
        raise AnnouncementError(
            f"the source {source or chain_name!r} is drand: say which round, with --at or --drand-round"
        )
    return Randomness(source=str(source), chosen_by="operator")


def _ruled(source: str | None, rule: DrawRule, from_ms: int, chain_name: str | None, now_ms: int) -> Randomness:
    """Return the round that the rules name; nobody chooses."""
    known = known_chain(rule.chain)
    if known is None and chain_name is None:
        raise AnnouncementError(f"the rules name the drand chain {rule.chain}: give its /info with --drand-chain")
    chain = chain_at(chain_name) if chain_name is not None else known
    wanted = rule.chain if known is None else known.hash
    if chain is None or chain.hash != wanted:
        raise AnnouncementError(f"--drand-chain is {chain.hash if chain else None}, the rules name {rule.chain}")
    number = first_round_at(chain, from_ms)
    if _is_made(chain, number, now_ms):
        raise AnnouncementError(
            f"{_made(chain, number, now_ms)} The rules name it (the first one {rule.minutes_after_closing} minutes "
            "after the closing): a list that is frozen now may be fitted to the value. "
            "Change minutes_after_closing in the definition, and say so in public"
        )
    return announced_round(_words(source, chain), chain, number, "rules")


def _words(source: str | None, chain: DrandChain) -> str:
    return source or f"drand {chain.beacon_id or chain.hash}"


def _is_made(chain: DrandChain, number: int, now_ms: int) -> bool:
    return round_time(chain, number) * 1000 <= now_ms


def _made(chain: DrandChain, number: int, now_ms: int) -> str:
    now = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return (
        f"round {number} of chain {chain.hash} is of {time_text(chain, number)}, and it is {now}: its value exists "
        "already."
    )
