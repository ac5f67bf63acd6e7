"""What became of one person's comments, in a process of its own, for a gateway: it reads the whole ledger.

``python -m agents.stages.person_pass`` reads a question from its standard input (one line of JSON) and writes the
answer, as ``campaign-pulse giveaway why`` gives it, or why there is none. It ends with whoever asked.
"""

import logging
import sys
from typing import Any, Final

import msgspec
from msgspec import Struct

from agents.settings import Settings
from agents.stages.actions import ActionsError
from agents.stages.child_pass import end_with_parent, offer_oneself
from agents.stages.review import read_giveaway
from models.campaigns import CampaignDefinition
from streams.giveaway.answers import PersonAnswer
from streams.giveaway.persons import persons_called
from streams.ledger.compaction import LedgerError
from streams.suspicion.person_answers import answer_of

_SHOWN_IDS: Final = 20


class PersonQuestion(Struct, frozen=True):
    """What a gateway asks: its settings, the campaign, a handle or author id, and the platform where it is known.

    The gateway has the definition, and need not have the rights to look at every topic.
    """

    settings: dict[str, Any]
    definition: CampaignDefinition
    name: str
    platform: str | None = None


class PersonReply(Struct, frozen=True):
    """The answer, or why there is none: a status of HTTP, a word, a sentence."""

    answer: PersonAnswer | None = None
    status: int = 503
    reason: str = ""
    detail: str = ""


def main() -> int:
    """Answer the question; return 0."""
    offer_oneself()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)-7s %(name)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    question = msgspec.json.decode(sys.stdin.buffer.readline(), type=PersonQuestion)
    end_with_parent()
    sys.stdout.buffer.write(msgspec.json.encode(reply_to(question)))
    sys.stdout.buffer.flush()
    return 0


def reply_to(question: PersonQuestion) -> PersonReply:
    """Return what became of the person's comments."""
    definition = question.definition
    if definition.giveaway is None:
        return PersonReply(None, 404, "no_giveaway", "this campaign has no giveaway: there is no list of comments")
    try:
        data = read_giveaway(Settings(**question.settings), definition, definition.giveaway)
    except (LedgerError, ActionsError) as error:
        return PersonReply(None, 503, "away", str(error))
    # By the id first: the handle may have been another's before.
    found = persons_called(data, question.name, question.platform)
    own = {number: person for number, person in found.items() if person.author_id == question.name}
    meant = own if len(own) == 1 and question.platform is not None else found
    if not meant:
        return PersonReply(None, 404, "nobody", "nobody in the ledger has this handle or author id")
    if len(meant) > 1:
        ids = sorted(f"{each.platform}/{each.author_id}" for each in meant.values())
        listed = ", ".join(ids[:_SHOWN_IDS])
        return PersonReply(None, 400, "several", f"{len(ids)} people have had this handle, they are {listed}")
    number, who = next(iter(meant.items()))
    return PersonReply(answer_of(data, number, who, []))


if __name__ == "__main__":
    sys.exit(main())
