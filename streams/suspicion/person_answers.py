"""What a person is told of their comments, and whether they take part: the rules, the policy, and what was decided."""

from models.suspicion import Suspect
from streams.giveaway.answers import PersonAnswer, answers_of
from streams.giveaway.loaded import GiveawayData
from streams.ledger.people import Person
from streams.suspicion.review import left_out_of


def answer_of(data: GiveawayData, number: int, who: Person, draw: list[str]) -> PersonAnswer:
    """Return what became of one person's comments.

    Args:
        data: the giveaway.
        number: the person's hash.
        who: the person.
        draw: in sentences where they stand in a draw.
    """
    entries = data.entries()
    comments = answers_of(data, entries, {number})[number]
    chances = entries.chances_of_people().get(number, 0)
    suspect = left_out_of(data).get(number) if chances else None
    return PersonAnswer(
        campaign_id=data.definition.campaign_id,
        platform=who.platform,
        author_id=who.author_id,
        handle=who.handle,
        verdict=_verdict(chances, suspect),
        chances=chances,
        bonus_chances=chances - sum(each.chances for each in comments),
        comments=comments,
        draw=draw,
    )


def _verdict(chances: int, suspect: Suspect | None) -> str:
    if not chances:
        return "does not take part: no comment is a valid entry"
    if suspect is None or suspect.action == "flag":
        return f"takes part with {chances} {'chance' if chances == 1 else 'chances'}"
    if suspect.held_by is not None and suspect.action == "hold":
        return "is held back: somebody decided so at the desk"
    because = "; ".join(f"{each.reason}: {each.detail}" for each in suspect.findings)
    what = "held back" if suspect.action == "hold" else "excluded"
    return f"is {what} by the policy, suspicion {suspect.score:.2f} ({because})"
