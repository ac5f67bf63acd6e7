"""Who wins when somebody is excluded: the order stays, seats pass on, and plain Python gets the same."""

import random

import pytest

from models.draws import Drawn
from streams.giveaway.exclusions import Outcome, Replacement, outcome_of, replacement_of
from tests.unit.independent_draw import seats


def order(names: str) -> list[Drawn]:
    """An order of entrants, a letter each."""
    return [Drawn(entrant=name, counter=place, lot=place) for place, name in enumerate(names)]


def shown(outcome: Outcome) -> tuple[str, str]:
    """Winners, with a dot where nobody is left, and substitutes."""
    winners = "".join(each.entrant if each is not None else "." for each in outcome.winners)
    return winners, "".join(each.entrant for each in outcome.substitutes)


@pytest.mark.parametrize(
    ("excluded", "winners", "substitutes"),
    [
        ("", "ABC", "DE"),
        ("B", "ADC", "E"),
        ("D", "ABC", "E"),
        ("DB", "AEC", ""),
        ("BD", "AEC", ""),
        ("BDE", "AFC", ""),
        ("ABC", "DEF", ""),
        ("CBA", "FED", ""),
        ("Z", "ABC", "DE"),
        ("ABCDEF", "...", ""),
    ],
)
def test_who_has_which_place(excluded: str, winners: str, substitutes: str) -> None:
    """Of six people three win and two are substitutes; by hand, in the order in which they are excluded."""
    assert shown(outcome_of(order("ABCDEF"), 3, 2, excluded)) == (winners, substitutes)


def test_plain_python_gets_the_same() -> None:
    """Five hundred draws with random exclusions, of winners, substitutes and others."""
    chance = random.Random(7)
    for _ in range(500):
        people = "".join(chance.sample("ABCDEFGHIJKLMNOP", chance.randint(1, 16)))
        winners = chance.randint(1, 6)
        excluded = "".join(chance.sample(people, chance.randint(0, len(people))))
        found = outcome_of(order(people), winners, 3, excluded)
        expected = seats(list(people), winners, list(excluded))
        assert [each.entrant if each is not None else None for each in found.winners] == expected


def test_what_one_more_exclusion_changes() -> None:
    """A winner's seat and who takes it; nothing for others; nobody where none is left."""
    drawn = order("ABCD")
    assert replacement_of(drawn, 2, 1, "", "B") == Replacement(2, drawn[2])
    assert replacement_of(drawn, 2, 1, "B", "C") == Replacement(2, drawn[3])
    assert replacement_of(drawn, 2, 1, "", "C") == Replacement(None, None)
    assert replacement_of(drawn, 2, 1, "BC", "D") == Replacement(2, None)
    assert replacement_of(drawn, 2, 1, "B", "B") == Replacement(None, None)
