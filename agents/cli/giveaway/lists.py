"""``campaign-pulse giveaway winners | entrants | left-out``: who is behind a draw's pseudonyms, for the operator."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from agents.cli.common import UsageFailure
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.rows import Row, format_option, print_rows
from agents.cli.giveaway.sources import Source, giveaway_or_exit, source_options
from agents.cli.giveaway.verify import exit_if_different
from streams.giveaway.answers import CommentAnswer, answers_of, decisive
from streams.giveaway.draw import DrawError, read_list
from streams.giveaway.entries import GiveawayEntries
from streams.giveaway.freeze import entrants_of
from streams.giveaway.loaded import GiveawayData
from streams.giveaway.verification import Published, differences, outcome
from streams.ledger.people import Person

_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)
_UNKNOWN: Final = "(unknown: forgotten, or no longer in the ledger)"
_PERSON: Final = ("entrant", "account", "platform", "handle", "author_id")
_COMMENT: Final = ("commented_at", "post_id", "comment_id", "comment", "link")
WINNER_COLUMNS: Final = ("place", *_PERSON, "number", "lot", *_COMMENT, "reason")
ENTRANT_COLUMNS: Final = ("line", *_PERSON, "chances", *_COMMENT, "excluded")
LEFT_OUT_COLUMNS: Final = (*_PERSON, "what", "score", "why", *_COMMENT)


class NamedDraw(Struct, frozen=True):
    """A draw with the people behind its pseudonyms."""

    published: Published
    data: GiveawayData
    entries: GiveawayEntries
    people: dict[str, tuple[int, Person]]

    def rows(self, entrants: Iterable[str]) -> dict[str, Row]:
        """Return account and comment of each entrant, by pseudonym."""
        known = {entrant: self.people[entrant] for entrant in entrants if entrant in self.people}
        answers = answers_of(self.data, self.entries, {number for number, _ in known.values()})
        return {entrant: _person_row(person, decisive(answers[number])) for entrant, (number, person) in known.items()}


@click.command()
@click.argument("directory", type=_DIRECTORY)
@format_option
@source_options
def winners(directory: Path, form: str, source: Source) -> None:
    """Name the winners of the draw in DIRECTORY: for the operator, who has the key and the ledger.

    Those who were replaced are listed with the reason, and their successors in their places. CSV and JSON have the
    comment that counted, with its address where the platform has one. Personal data; nothing is written. Somebody who
    was forgotten since is shown as unknown.
    """
    named = named_draw(source, directory, needs_draw=True)
    shown = ["place", "entrant", "number", "lot", "account", *(["reason"] if named.published.after else [])]
    print_rows(winner_rows(named), WINNER_COLUMNS, form, shown)


def winner_rows(named: NamedDraw) -> list[Row]:
    """Return who has which place now, those who were replaced, and the comments that counted."""
    published = named.published
    try:
        now = outcome(published)
    except DrawError as error:
        raise UsageFailure(str(error)) from None
    order = published.draw.winners + published.draw.substitutes if published.draw is not None else ()
    lots = {each.entrant: each for each in [*order, *filter(None, now.winners)]}
    rows: list[Row] = [
        {"place": f"winner {place}", "entrant": each.entrant if each is not None else "(nobody is left)"}
        for place, each in enumerate(now.winners, start=1)
    ]
    rows += [
        {"place": f"substitute {place}", "entrant": each.entrant} for place, each in enumerate(now.substitutes, start=1)
    ]
    for excluded in published.after:
        record = excluded.record
        what = "excluded" if record.winner is None else f"replaced as winner {record.winner}"
        rows.append({"place": what, "entrant": record.entrant, "reason": record.place.reason})
    found = named.rows(row["entrant"] for row in rows)
    for row in rows:
        lot = lots.get(row["entrant"])
        row.update({"number": lot.counter, "lot": lot.lot} if lot is not None else {})
        row.update(found.get(row["entrant"], {"account": _UNKNOWN}))
    return rows


@click.command()
@click.argument("directory", type=_DIRECTORY)
@format_option
@source_options
def entrants(directory: Path, form: str, source: Source) -> None:
    """List everybody in the entry list frozen in DIRECTORY, with their chances and the comment that counts.

    For the operator, who has the key and the ledger; personal data. Whoever was excluded since the freeze has the
    reason beside the name.
    """
    named = named_draw(source, directory, needs_draw=False)
    shown = ["line", "entrant", "chances", "account", *(["excluded"] if named.published.exclusions else [])]
    print_rows(entrant_rows(named), ENTRANT_COLUMNS, form, shown)


def entrant_rows(named: NamedDraw) -> list[Row]:
    """Return everybody in the frozen list, in its order."""
    frozen_list = read_list(named.published.entries)
    reasons = {each.record.entrant: each.record.place.reason for each in named.published.exclusions}
    found = named.rows(frozen_list.entrants)
    return [
        {
            "line": line,
            "entrant": entrant,
            "chances": chances,
            "excluded": reasons.get(entrant),
            **found.get(entrant, {"account": _UNKNOWN}),
        }
        for line, (entrant, chances) in enumerate(
            zip(frozen_list.entrants, frozen_list.chances.tolist(), strict=True), start=1
        )
    ]


@click.command("left-out")
@click.argument("directory", type=_DIRECTORY)
@click.option("--invalid", is_flag=True, help="Also everybody whose comments all break a rule, with the rule.")
@format_option
@source_options
def left_out(directory: Path, invalid: bool, form: str, source: Source) -> None:
    """List who is not in the draw of DIRECTORY, and why: held or excluded by the policy, or excluded since the freeze.

    For the operator, who has the key and the ledger; personal data. With --invalid also everybody in the ledger who has
    no entry that counts, as the rules and the ledger are now.
    """
    rows = left_out_rows(named_draw(source, directory, needs_draw=False), invalid=invalid)
    print_rows(rows, LEFT_OUT_COLUMNS, form, ["what", "entrant", "account", "score", "why"])


def left_out_rows(named: NamedDraw, *, invalid: bool) -> list[Row]:
    """Return who is not in a draw; with ``invalid`` also everybody whose comments all break a rule."""
    published = named.published
    rows: list[Row] = []
    for line in published.left_out.decode("ascii", "replace").splitlines():
        entrant, action, score, reasons = (*line.split(" ", 3), "", "", "")[:4]
        rows.append({"entrant": entrant, "what": action, "score": score, "why": reasons})
    rows += [
        {"entrant": each.record.entrant, "what": "excluded since", "why": each.record.place.reason}
        for each in published.exclusions
    ]
    found = named.rows(row["entrant"] for row in rows)
    for row in rows:
        row.update(found.get(row["entrant"], {"account": _UNKNOWN}))
    if invalid:
        rows += _invalid(named)
    return rows


def _invalid(named: NamedDraw) -> list[Row]:
    taking_part = named.entries.chances_of_people()
    out = {number: entrant for entrant, (number, _) in named.people.items() if number not in taking_part}
    answers = answers_of(named.data, named.entries, out.keys())
    rows = []
    for number, entrant in out.items():
        comment = decisive(answers[number])
        if comment is not None:
            person = named.people[entrant][1]
            what = comment.verdict or "no entry"
            rows.append({"entrant": entrant, "what": what, "why": comment.because, **_person_row(person, comment)})
    return sorted(rows, key=lambda row: (row["platform"], row["author_id"]))


def named_draw(source: Source, directory: Path, *, needs_draw: bool) -> NamedDraw:
    """Read a draw, compare its files with each other, and find the people in the ledger."""
    published, key = read_draw(directory, needs_draw=needs_draw)
    return named_of(published, key, giveaway_or_exit(source, published.frozen.campaign_id))


def read_draw(directory: Path, *, needs_draw: bool) -> tuple[Published, bytes]:
    """Return what was published of a draw, and its key; or end with what differs or cannot be read."""
    try:
        drawn = directory / draw_files.DRAW
        published = draw_files.read_published(
            directory / draw_files.FROZEN, draw=drawn if needs_draw or drawn.exists() else None
        )
        key = draw_files.read_key(directory / draw_files.KEY)
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None
    if published.draw is None or published.draw.origin != "unproved":
        exit_if_different(differences(published))
    return published, key


def named_of(published: Published, key: bytes, data: GiveawayData) -> NamedDraw:
    """Return a draw with the people of a ledger behind its pseudonyms."""
    people = {entrant: (number, data.people[number]) for number, entrant in entrants_of(data, key).items()}
    return NamedDraw(published, data, data.entries(), people)


def _person_row(person: Person, comment: CommentAnswer | None) -> Row:
    row: Row = {
        "account": person.name,
        "platform": person.platform,
        "handle": person.handle.lstrip("@"),
        "author_id": person.author_id,
    }
    if comment is not None:
        at = datetime.fromtimestamp(comment.at_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        row.update(
            commented_at=at,
            post_id=comment.post_id,
            comment_id=comment.comment_id,
            comment=comment.text,
            link=comment.link,
        )
    return row
