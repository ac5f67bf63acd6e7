"""The tables of a giveaway's people: who takes part. What names them is personal, and stands in columns of its own."""

from collections.abc import Mapping
from typing import Any, Final

from models.suspicion import Suspect
from streams.exports.tables import Column, Table, table, time_of
from streams.giveaway.answers import CommentAnswer, answers_of, decisive
from streams.giveaway.loaded import GiveawayData

ENTRANTS: Final = (
    Column("number", "integer", "a number of this table, in the order of the first entries; it means nobody elsewhere"),
    Column("platform", "text", "the person's platform"),
    Column("author_id", "text", "the person, as the platform numbers them", personal=True),
    Column("handle", "text", "the newest handle, without @", personal=True),
    Column("takes_part", "boolean", "whether there is an entry that keeps every rule, and no policy is against it"),
    Column("chances", "integer", "lots in the draw, bonus included, before what the policy leaves out"),
    Column("entries", "integer", "comments on the giveaway's posts, withdrawn ones included"),
    Column("valid_entries", "integer", "entries that give chances"),
    Column("first_entry_at", "time", "event time of the first entry", "UTC"),
    Column("influencer_id", "text", "the influencer of the comment that decides"),
    Column("verdict", "text", "what became of the comment that decides: valid, duplicate, invalid or withdrawn"),
    Column("reasons", "text", "why it is invalid, with ; between several (docs/giveaway.md)"),
    Column("suspicion", "number", "suspicion score in 0..1; unknown: not suspected"),
    Column("policy", "text", "what the policy does about it: flag, hold or exclude"),
    Column("comment_id", "text", "the comment that decides", personal=True),
    Column("comment", "text", "what it says", personal=True),
    Column("link", "text", "its address, where the platform has one", personal=True),
)


def entrants_table(data: GiveawayData, suspected: Mapping[int, Suspect]) -> Table:
    """Return everybody with an entry.

    Args:
        data: the giveaway.
        suspected: its suspects, by person hash.
    """
    entries = data.entries()
    chances = entries.chances_of_people()
    rows = []
    for number, answers in answers_of(data, entries, data.people.keys()).items():
        own = [each for each in answers if each.verdict is not None]
        decides = decisive(own)
        if decides is None:
            continue
        person, suspect = data.people[number], suspected.get(number)
        lots = chances.get(number, 0)
        left_out = suspect is not None and suspect.action != "flag"
        rows.append(
            {
                "platform": person.platform,
                "author_id": person.author_id,
                "handle": person.handle.lstrip("@"),
                "takes_part": bool(lots) and not left_out,
                "chances": lots,
                "entries": len(own),
                "valid_entries": sum(each.verdict == "valid" for each in own),
                "first_entry_at": time_of(min(each.at_ms for each in own)),
                "suspicion": None if suspect is None else suspect.score,
                "policy": None if suspect is None else suspect.action,
                **_comment(decides),
            }
        )
    rows.sort(key=lambda row: (row["first_entry_at"], row["platform"], row["author_id"]))
    for place, row in enumerate(rows, start=1):
        row["number"] = place
    return table("entrants", "people with an entry in the giveaway", ENTRANTS, rows)


def _comment(answer: CommentAnswer) -> dict[str, Any]:
    return {
        "influencer_id": answer.influencer_id,
        "verdict": answer.verdict,
        "reasons": ";".join(answer.reasons),
        "comment_id": answer.comment_id,
        "comment": answer.text,
        "link": answer.link,
    }
