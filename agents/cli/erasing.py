"""What the commands that purge, forget and export share: looking for a person, and telling what became of places."""

import click
from rich.markup import escape
from rich.table import Table

from agents.broker.topic_admin import changelog_topic
from agents.cli.common import UsageFailure, print_table
from agents.cli.progress import progress
from agents.erasure.campaign_purge import Outcome
from agents.erasure.logs import ErasureError
from agents.erasure.person_search import PersonData, PersonSearch
from agents.settings import Settings
from agents.stages.definitions import DefinitionsError, current_definitions
from agents.terminal import visible
from models.personal_data import CHANGELOG
from streams.ledger.compaction import LedgerError
from streams.ledger.subjects import asked_for

_WORDS = {"removed": "removed", "workers": "by workers", "ends": "ends", "stays": "stays"}


def unreadable(key: bytes | None, problem: str) -> None:
    """Print that a record of the definitions topic is none."""
    click.echo(visible(f"{key!r} is not a campaign definition: {problem}"), err=True)


def searched_or_exit(settings: Settings, name: str, platform: str | None, campaign_id: str | None) -> PersonData:
    """Look for a person everywhere, or end with what hinders it, or with who else is meant."""
    try:
        asked = asked_for(name, platform)
    except ValueError as error:
        raise UsageFailure(str(error)) from None
    try:
        definitions = current_definitions(settings, unreadable)
        with progress("looked through") as advance:
            data = PersonSearch(
                settings,
                asked,
                campaign_id,
                definitions,
                lambda topic, done, total: advance(done, total),
            ).run()
    except (DefinitionsError, ErasureError, LedgerError) as error:
        raise UsageFailure(str(error)) from None
    if others := data.subject.other_ids():
        raise UsageFailure(
            f"several accounts have had the handle {name!r}: give the author id, and --platform if need be. They are "
            + ", ".join(others)
        )
    return data


def print_outcomes(outcomes: list[Outcome], settings: Settings) -> None:
    """Print what became of each place, and when the rest goes; places without anything are left out."""
    table = Table("place", "", "what, and until when", box=None, pad_edge=False)
    for each in outcomes:
        if each.fate != "nothing":
            place = changelog_topic(settings) if each.place == CHANGELOG else each.place
            table.add_row(escape(visible(place)), _WORDS[each.fate], escape(visible(each.detail)))
    print_table(table)
