"""Which random value a freeze announces: a source in words, or a drand round that does not exist yet."""

from datetime import UTC, datetime
from typing import Final

from agents.cli.giveaway.randomness import RandomnessError, chain_at
from models.draws import DrandChain, Randomness
from streams.giveaway.drand import DrandError, first_round_at, round_time, time_text
from streams.giveaway.draw_time import DrawTimeError, moment_of
from streams.giveaway.provenance import announced_round

DEFAULT_CHAIN: Final = "quicknet"


class AnnouncementError(RuntimeError):
    """A random value that cannot be announced; one line, for users."""


def announcement(
    source: str,
    *,
    chain_name: str | None,
    number: int | None,
    at: str | None,
    time_zone: str | None,
    now_ms: int,
) -> Randomness:
    """Return what a frozen record says of the random value.

    Args:
        source: in words.
        chain_name: name, hash, or place of the ``/info`` of a drand chain; None: quicknet.
        number: the round.
        at: instead of ``number``, the moment at or after which the first round is meant.
        time_zone: the giveaway's, for ``at``.
        now_ms: epoch milliseconds.

    Raises:
        AnnouncementError: the round exists already, or what was said names none.
    """
    if number is not None and at is not None:
        raise AnnouncementError("give either --drand-round or --at")
    if number is None and at is None:
        if chain_name is not None or "drand" in source.lower():
            raise AnnouncementError(f"the source {source!r} is drand: say which round, with --at or --drand-round")
        return Randomness(source=source)
    try:
        chain = chain_at(chain_name or DEFAULT_CHAIN)
        if number is None:
            moment = moment_of(str(at), time_zone, now_ms)
            number = first_round_at(chain, round(moment.timestamp() * 1000))
        _refuse_made(chain, number, now_ms)
        return announced_round(source, chain, number)
    except (RandomnessError, DrawTimeError, DrandError, OverflowError) as error:
        raise AnnouncementError(str(error)) from None


def _refuse_made(chain: DrandChain, number: int, now_ms: int) -> None:
    if round_time(chain, number) * 1000 <= now_ms:
        now = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        raise AnnouncementError(
            f"round {number} of chain {chain.hash} is of {time_text(chain, number)}, and it is {now}: its value exists "
            "already. Name a round to come, or a moment with --at"
        )
