"""``campaign-pulse people``: what is known of a person."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from agents.cli.common import UsageFailure, settings_or_exit
from agents.cli.erasing import searched_or_exit
from agents.clock import wall_clock
from agents.erasure.person_search import PersonData
from agents.private_files import write_privately
from agents.terminal import visible
from models.personal_data import PLACES

FORMAT = "campaign-pulse person 1"


@click.group()
def people() -> None:
    """Tell people what is known of them; `giveaway forget` forgets them."""


@people.command()
@click.argument("person")
@click.option("--platform", help="Only the person of this platform.  [default: of every platform]")
@click.option("--campaign", "campaign_id", help="Only in this campaign.  [default: in all]")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write: JSON, readable by you alone. It must not be there.",
)
def export(person: str, platform: str | None, campaign_id: str | None, out: Path) -> None:
    """Write everything that is held of PERSON (an author id or a handle) into a file, for them (GDPR Art. 15).

    For each place of docs/privacy.md: what it is for, how long it is kept, who reads it, and every record of theirs.
    Of others' comments that tag them there is the text, and nothing of the others. Make sure first that whoever asks is
    that person. Numbers and hashes name nobody and are not in it.

    Exit codes: 0; 1 when nothing of them is found, then nothing is written; 2 on wrong use, when several accounts have
    had the handle, or when Kafka or Redis cannot be reached.
    """
    settings = settings_or_exit()
    _check_writable(out)
    data = searched_or_exit(settings, person, platform, campaign_id)
    if not data.found:
        click.echo(visible(f"nothing of anybody called {person!r} is found"), err=True)
        sys.exit(1)
    document = msgspec.json.format(msgspec.json.encode(document_of(data, wall_clock())), indent=2) + b"\n"
    try:
        write_privately(out, document, new=True)
    except OSError as error:
        raise UsageFailure(f"{out}: {error.strerror}") from None
    click.echo(visible(f"{out}: {len(data.found):,} records"))


def _check_writable(out: Path) -> None:
    """Refuse a file that could not be written, before a search that takes minutes."""
    if os.path.lexists(out):
        raise UsageFailure(f"--out {out} is there already")
    if not out.parent.is_dir():
        raise UsageFailure(f"--out {out}: {out.parent} is no directory")
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise UsageFailure(f"--out {out}: {out.parent} cannot be written to")


def document_of(data: PersonData, now_ms: int) -> dict[str, Any]:
    """Return the document: who was looked for, and each place with what it is for and what is there."""
    subject = data.subject
    return {
        "format": FORMAT,
        "made_at": f"{datetime.fromtimestamp(now_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "asked_for": subject.asked.name,
        "accounts": [{"platform": platform, "author_id": each} for platform, each in sorted(subject.accounts)],
        "handles": sorted(subject.handles),
        "places": [
            {
                "place": place.name,
                "holds": place.datum,
                "purpose": place.why,
                "kept": place.kept,
                "readers": place.readers,
                "searched": place.name in data.searched,
                "records": [
                    {"campaign_id": each.campaign_id, "role": each.role, "written_at_ms": each.at_ms, "data": each.data}
                    for each in data.of(place.name)
                ],
            }
            for place in PLACES
        ],
    }
