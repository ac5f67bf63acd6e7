"""The person whom a command names, found in the ledger or refused by name."""

from agents.cli.common import UsageFailure
from streams.giveaway.freeze import entrants_of
from streams.giveaway.loaded import GiveawayData
from streams.giveaway.persons import is_pseudonym, persons_called
from streams.ledger.people import Person


def person_or_exit(data: GiveawayData, name: str, platform: str | None) -> tuple[int, Person]:
    """Return hash and person behind a handle or author id, or end with who else could be meant."""
    campaign_id = data.definition.campaign_id
    found = sorted(persons_called(data, name, platform).items(), key=lambda each: (each[1].platform, each[1].author_id))
    if not found:
        where = "" if platform is None else f" on {platform!r}"
        what = "has the handle" if name.startswith("@") else "has the handle or author id"
        raise UsageFailure(f"nobody in the ledger of {campaign_id!r} {what} {name!r}{where}")
    if len(found) > 1:
        ids = ", ".join(f"{each.platform}/{each.author_id}" for _, each in found)
        raise UsageFailure(
            f"{len(found)} people have had the handle {name!r}: give the author id, and --platform if need be. They "
            f"are {ids}"
        )
    return found[0]


def entrant_or_exit(data: GiveawayData, key: bytes, name: str, platform: str | None) -> str:
    """Return the pseudonym of whom a command names, by handle, author id or by the pseudonym itself."""
    if is_pseudonym(name):
        return name
    number, _ = person_or_exit(data, name, platform)
    return entrants_of(data, key)[number]
