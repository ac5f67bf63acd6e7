"""``campaign-pulse report``: what a campaign was, as one page for people who pay for one."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
import yaml

from agents.cli.campaigns import definitions_or_exit
from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.cli.event_files import FILE, ExportChoices, export_options, tell_files
from agents.cli.export import chosen_definition
from agents.cli.giveaway import draw_files
from agents.cli.giveaway.draw_files import DrawFileError
from agents.cli.giveaway.verify import exit_if_different
from agents.clock import make_clock
from agents.offline.campaign_files import CampaignData, read_campaign_files
from agents.offline.event_files import EventFileError
from agents.offline.table_files import csv_text
from models.campaigns import CampaignDefinition
from streams.giveaway.verification import Published, differences
from streams.reports.figures import Counted, Report, report_of
from streams.reports.page import figures_in, page_of
from streams.reports.texts import LANGUAGES, Words
from streams.reports.tiers import DEFAULT_BANDS, Bands

_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)
_NEW_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
_PRINT_SECONDS: Final = 120


@click.command()
@click.argument("campaign_id", metavar="[CAMPAIGN]", required=False)
@click.option("--definition", "-d", "definition_file", type=FILE, required=True, help="The campaign's definition.")
@click.option(
    "--events", "-e", "event_files", type=FILE, multiple=True, required=True, help="Files of events or exports."
)
@export_options
@click.option("--out", type=_NEW_FILE, required=True, help="The page to write.")
@click.option("--pdf", type=_NEW_FILE, help="Print it into this file as well, with a Chromium that is installed.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the page.")
@click.option("--draw", "draw_directory", type=_DIRECTORY, help="The directory of a draw: its record is part of it.")
@click.option("--against", type=FILE, help="The page of an earlier campaign, to compare with.")
@click.option("--bands", "bands_file", type=FILE, help="Tiers and usual engagement rates of your own, as YAML.")
def report(
    campaign_id: str | None,
    definition_file: Path,
    event_files: tuple[Path, ...],
    exports: ExportChoices,
    out: Path,
    pdf: Path | None,
    language: str,
    draw_directory: Path | None,
    against: Path | None,
    bands_file: Path | None,
) -> None:
    """Write the report of CAMPAIGN from files of events as one page of HTML that needs nothing else.

    What it cost and brought (fees are in the definition), reach and engagement beside what is usual, revenue by
    creator, mood over time, alerts, the giveaway, best posts, and how good the data is. Tables can be taken from the
    page as CSV; it prints on A4. CAMPAIGN is needed where the definition has several. It holds no data of people who
    commented or bought, but for words of comments in the sentences of alerts. Exit codes: 0, or 2 for what cannot be
    read or written.
    """
    settings = settings_or_exit()
    read = [definition_file, *event_files, *(each for each in (against, bands_file) if each is not None)]
    _spare(read, {"--out": out, "--pdf": pdf})
    browser = None if pdf is None else _browser()
    bands = DEFAULT_BANDS if bands_file is None else _bands(bands_file)
    earlier = None if against is None else _earlier(against)
    draw = None if draw_directory is None else _draw(draw_directory)
    definitions = definitions_or_exit(definition_file)
    definition = chosen_definition(definitions, campaign_id, definition_file)
    try:
        found = read_campaign_files(
            event_files, definitions, settings, make_clock(settings.clock)(), exports.of(definition, settings)
        )
    except EventFileError as error:
        raise UsageFailure(str(error)) from None
    tell_files(found.files)
    figures = _figures(definition, found, bands)
    _write(out, page_of(figures, Words(language), csv_text, draw=draw, against=earlier))  # type: ignore[arg-type]  # click checks it
    click.echo(for_people(f"written: {out}"), err=True)
    if pdf is not None and browser is not None:
        _print(browser, out, pdf)
        click.echo(for_people(f"written: {pdf}"), err=True)


def _spare(read: Sequence[Path], written: Mapping[str, Path | None]) -> None:
    """End the command where it would write over what it reads, or write both into one file."""
    taken = {file.resolve(): "is read" for file in read}
    for option, file in written.items():
        if file is None:
            continue
        if (why := taken.get(file.resolve())) is not None:
            raise UsageFailure(f"{option} {file}: this file {why}")
        taken[file.resolve()] = f"is {option}"


def _figures(definition: CampaignDefinition, found: CampaignData, bands: Bands) -> Report:
    files = found.files
    counted = Counted(lines=files.lines, events=files.events, duplicates=files.duplicates, refused=dict(files.rejected))
    try:
        return report_of(definition, found.snapshot, found.minutes, found.transitions, found.posts, counted, bands)
    except ValueError as error:
        raise UsageFailure(str(error)) from None


def _draw(directory: Path) -> Published:
    """Return what was published of a draw; end the command where a file is not as it was."""
    try:
        published = draw_files.read_published(directory / draw_files.FROZEN, draw=directory / draw_files.DRAW)
    except DrawFileError as error:
        raise UsageFailure(str(error)) from None
    exit_if_different(differences(published))
    return published


def _bands(file: Path) -> Bands:
    try:
        return msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), Bands)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise UsageFailure(f"--bands {file}: {error}") from None


def _earlier(file: Path) -> Report:
    try:
        return figures_in(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UsageFailure(f"--against {file}: {error}") from None


def _browser() -> str:
    found = next((path for name in _BROWSERS if (path := shutil.which(name)) is not None), None)
    if found is None:
        names = ", ".join(_BROWSERS)
        raise UsageFailure(
            f"--pdf needs a browser to print with: none of {names} is installed; any browser prints the page, too"
        )
    return found


def _print(browser: str, page: Path, pdf: Path) -> None:
    """Print a page with a browser that has nothing to do with anybody else's profile, and no network to need."""
    with tempfile.TemporaryDirectory(prefix="campaign-pulse-print-") as profile:
        command = [browser, "--headless", "--disable-gpu", "--no-sandbox", f"--user-data-dir={profile}"]
        command += ["--no-pdf-header-footer", f"--print-to-pdf={pdf.absolute()}", page.absolute().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_PRINT_SECONDS, check=False)  # noqa: S603  # ours
        except subprocess.TimeoutExpired:
            raise UsageFailure(f"--pdf: the browser did not print within {_PRINT_SECONDS} s") from None
    if done.returncode or not pdf.is_file():
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise UsageFailure(f"--pdf: the browser did not print: {' '.join(last)}")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageFailure(f"--out {path}: {error.strerror}") from None
