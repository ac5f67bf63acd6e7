"""The people of a ledger."""

import msgspec

from streams.ledger.people import hash_of, people_of
from tests.unit.ledgers import block, comment


def test_people_have_their_last_handle_and_their_platform() -> None:
    """One id on two platforms is two people; a handle that changed is the later one."""
    facts = [block(comment(1, "mia"), comment(2, "mia", platform="instagram"))]
    renamed = msgspec.structs.replace(comment(3, "mia"), author_handle="@mia_new")
    people = people_of([*facts, block(renamed)])
    assert sorted(person.name for person in people.values()) == ["instagram/@mia", "tiktok/@mia_new"]
    assert {hash_of(person) for person in people.values()} == set(people)
