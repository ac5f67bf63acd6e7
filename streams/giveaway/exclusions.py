"""Who wins when somebody is excluded after the freeze: the order of the draw stays, and who is out is passed over.

Before the draw: whoever is excluded is passed over. After it: a winner's place goes to the next in the order who has
none, and the other winners keep theirs.
"""

from collections.abc import Sequence

from msgspec import Struct

from models.draws import Drawn, Exclusion


class Outcome(Struct, frozen=True):
    """Who has which place: of the winners, with None where nobody is left, and who follows."""

    winners: list[Drawn | None]
    substitutes: list[Drawn]


class Replacement(Struct, frozen=True):
    """What excluding somebody after the draw changes: the place of a winner (from 1), and who takes it."""

    winner: int | None
    replaced_by: Drawn | None


def outcome_of(order: Sequence[Drawn], winners: int, substitutes: int, excluded: Sequence[str]) -> Outcome:
    """Return who has which place.

    Args:
        order: the draw's, without those excluded before it, as long as winners, substitutes and ``excluded`` together.
        winners: how many win.
        substitutes: how many were drawn besides.
        excluded: who was excluded after the draw, in that order.
    """
    seats: list[Drawn | None] = list(order[:winners])
    queue = list(order[winners:])
    out = set[str]()
    for entrant in excluded:
        out.add(entrant)
        seat = _seat(seats, entrant)
        if seat is not None:
            seats[seat] = _taken(queue, out)
    listed = {each.entrant for each in order[winners : winners + substitutes]} - out
    return Outcome(seats, [each for each in queue if each.entrant in listed])


def replacement_of(
    order: Sequence[Drawn], winners: int, substitutes: int, excluded: Sequence[str], entrant: str
) -> Replacement:
    """Return what one more exclusion changes; arguments as ``outcome_of`` has them, ``order`` one longer."""
    before = outcome_of(order, winners, substitutes, excluded)
    seat = _seat(before.winners, entrant)
    if seat is None:
        return Replacement(None, None)
    return Replacement(seat + 1, outcome_of(order, winners, substitutes, [*excluded, entrant]).winners[seat])


def exclusion_differences(
    order: Sequence[Drawn], winners: int, substitutes: int, exclusions: Sequence[tuple[str, Exclusion]]
) -> list[str]:
    """Return where records of exclusions after a draw (with the names of their files) say who follows wrongly."""
    found = []
    excluded: list[str] = []
    for name, record in exclusions:
        right = replacement_of(order, winners, substitutes, excluded, record.entrant)
        if (record.winner, record.replaced_by) != (right.winner, right.replaced_by):
            found.append(f"{name}: {_said(record.winner, record.replaced_by)}; recomputed: {_said(*_parts(right))}")
        excluded.append(record.entrant)
    return found


def _seat(seats: Sequence[Drawn | None], entrant: str) -> int | None:
    return next((place for place, each in enumerate(seats) if each is not None and each.entrant == entrant), None)


def _taken(queue: list[Drawn], out: set[str]) -> Drawn | None:
    """Take the next who is not out from the queue."""
    while queue:
        found = queue.pop(0)
        if found.entrant not in out:
            return found
    return None


def _parts(replacement: Replacement) -> tuple[int | None, Drawn | None]:
    return replacement.winner, replacement.replaced_by


def _said(winner: int | None, replaced_by: Drawn | None) -> str:
    if winner is None:
        return "no winner"
    return f"winner {winner}, replaced by {replaced_by.entrant if replaced_by else 'nobody'}"
