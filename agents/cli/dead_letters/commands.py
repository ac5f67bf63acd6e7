"""``campaign-pulse dead-letters``: ``list``, ``summary``, ``show`` and ``redrive``."""

import logging
import re
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import click
import msgspec
from rich.table import Table
from rich.text import Text

from agents.broker.dead_letter_log import (
    LetterPlace,
    PlacedLetter,
    Survey,
)
from agents.broker.redrive_run import RedriveError, RedriveReport
from agents.broker.redriving import redrive as send_again
from agents.cli.common import UsageFailure, for_people, print_table, settings_or_exit
from agents.cli.dead_letters.filters import STATES, Filters, filter_options
from agents.cli.dead_letters.reading import connected, read_letters, survey_of
from agents.cli.dead_letters.texts import HEADINGS, cells, json_line, whole
from agents.cli.progress import progress
from agents.cli.record_texts import moment
from agents.clock import wall_clock
from agents.terminal import visible, visible_json
from models.topics import DEAD_LETTERS, INPUT_TOPICS

EXIT_NOT_ALL: Final = 1
_TABLE_ROWS: Final = 100
_PLACE: Final = re.compile(r"(?:(?P<topic>[\w.-]+)/)?(?:(?P<partition>\d{1,9})/)?(?P<offset>\d{1,18})", re.ASCII)


@click.group("dead-letters")
def dead_letters() -> None:
    """List, show and redrive what was refused.

    A dead letter is `open` until it was sent again; then it is `redriven`, however often the command is run. One that
    is refused once more becomes a new dead letter, which says how many times it has been redriven.
    """
    # Connection errors come back as one message; the libraries' own would stand above it.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("campaign_pulse").setLevel(logging.ERROR)


@dead_letters.command("list")
@filter_options
@click.option("--state", type=click.Choice(STATES), default="open", show_default=True, help="Which of them.")
@click.option(
    "--limit", type=click.IntRange(min=1), help=f"At most so many, the oldest first.  [default: {_TABLE_ROWS}; all]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, with key, value and headers.")
def list_(filters: Filters, state: str, limit: int | None, as_json: bool) -> None:
    """List dead letters, the oldest first.

    Ends with exit code 0, also when there is none, and 2 when Kafka cannot be read.
    """
    settings = settings_or_exit()
    survey = survey_of(settings, filters.match)
    chosen = [each for each in survey.places if _is_in(survey, each, state)]
    shown = chosen[: limit or (None if as_json else _TABLE_ROWS)]
    table = Table(*HEADINGS, box=None, pad_edge=False)

    def take(placed: PlacedLetter) -> None:
        now = survey.redrives.state(placed.letter.identity)
        if as_json:
            click.echo(visible_json(json_line(placed, now)))
        else:
            table.add_row(*(_plain(each) for each in cells(placed, now)))

    connected(settings, read_letters(settings, shown, take))
    if not as_json:
        if shown:
            print_table(table)
        _note(survey, len(chosen), len(shown), state)


@dead_letters.command()
@filter_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def summary(filters: Filters, as_json: bool) -> None:
    """Count dead letters by reason and topic: open, redriven, first and last.

    Ends with exit code 0, also when there is none, and 2 when Kafka cannot be read.
    """
    survey = survey_of(settings_or_exit(), filters.match)
    rows = _counted(survey, survey.places)
    if as_json:
        for row in rows:
            click.echo(visible_json(msgspec.json.encode(row).decode()))
        return
    if rows:
        table = Table("reason", "topic", "open", "redriven", "first", "last", box=None, pad_edge=False)
        for row in rows:
            first, last = moment(row["first_at_ms"]), moment(row["last_at_ms"])
            table.add_row(row["reason"], _plain(row["topic"]), f"{row['open']:,}", f"{row['redriven']:,}", first, last)
        print_table(table)
    _note(survey, len(rows), len(rows), "all")


@dead_letters.command()
@click.argument("place", nargs=-1, required=True, metavar="OFFSET | TOPIC PARTITION OFFSET")
@click.option("--raw", is_flag=True, help="Write the value's bytes to stdout as they are, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one line of JSON.")
def show(place: tuple[str, ...], raw: bool, as_json: bool) -> None:
    r"""Show one dead letter whole: every header, key and value, to the last byte.

    It is named by its own OFFSET, as `list` shows it, or by TOPIC PARTITION OFFSET (TOPIC/PARTITION/OFFSET will do) of
    the record that was refused. What is text is shown as text, control characters as \x1b; what is not, in
    hexadecimal. Ends with exit code 0, 1 when there is no such dead letter, 2 on wrong use or when Kafka cannot be
    read.
    """
    if raw and as_json:
        raise click.UsageError("--raw and --json exclude each other")
    topic, partition, offset = _place(place)
    settings = settings_or_exit()
    found: list[PlacedLetter] = []

    def is_meant(placed: PlacedLetter) -> bool:
        if topic == DEAD_LETTERS:
            return (placed.partition, placed.offset) == (partition, offset)
        letter = placed.letter
        return (letter.topic, letter.partition, letter.offset) == (topic, partition, offset)

    survey = survey_of(settings, is_meant)
    connected(settings, read_letters(settings, survey.places, found.append))
    if not found:
        click.echo(for_people(f"no dead letter at {topic}/{partition}/{offset}"), err=True)
        sys.exit(EXIT_NOT_ALL)
    if raw:
        if len(found) > 1:
            listed = ", ".join(str(each.offset) for each in found)
            raise UsageFailure(
                f"{len(found)} dead letters of {topic}/{partition}/{offset}: name one by its own offset: {listed}"
            )
        sys.stdout.buffer.write(found[0].letter.value or b"")
        sys.stdout.buffer.flush()
        return
    for number, placed in enumerate(found):
        now = survey.redrives.state(placed.letter.identity)
        if as_json:
            click.echo(visible_json(json_line(placed, now)))
            continue
        if number:
            click.echo()
        for line in whole(placed, now):
            click.echo(visible(line))


@dead_letters.command()
@filter_options
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, the oldest first.  [default: all]")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
def redrive(filters: Filters, limit: int | None, dry_run: bool, yes: bool) -> None:
    """Send open dead letters again, each exactly once: original key, value and headers, to the original topic.

    Mend first what had them refused (a clock, a setting, a version); what is refused again becomes a new dead letter.
    Run it as often as you like, also after it was killed: what has arrived is not sent a second time, and nothing is
    left out. Cut values cannot be sent again.

    Ends with exit code 0 when everything that was meant is through, also when that was nothing; 1 when something could
    not be sent, or the answer was no; 2 on wrong use or when Kafka cannot be reached; 130 after Ctrl-C.
    """
    settings = settings_or_exit()
    survey = survey_of(settings, filters.match)
    meant = [each for each in survey.places if each.identity not in survey.redrives.done][:limit]
    places = [each for each in meant if not each.hindrance]
    _say_plan(survey, meant, places)
    if dry_run or (not places and not survey.redrives.begun):
        sys.exit(EXIT_NOT_ALL if meant and not places else 0)
    if places and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("redrive asks before it sends; give --yes where nobody can answer, or --dry-run")
        click.confirm(f"Send {len(places):,} dead letters again?", abort=True, err=True)
    report = RedriveReport()
    try:
        with progress("redrive") as advance:
            connected(
                settings,
                send_again(
                    settings.kafka_connection,
                    places,
                    survey,
                    now_ms=wall_clock,
                    say=lambda text: click.echo(for_people(text), err=True),
                    report=report,
                    on_progress=lambda done: advance(done, len(places)),
                ),
            )
    except RedriveError as error:
        _say_report(report)
        raise click.ClickException(for_people(str(error))) from None
    except KeyboardInterrupt:
        _say_report(report)
        click.echo("stopped; run the command again for the rest", err=True)
        sys.exit(128 + signal.SIGINT)
    _say_report(report)
    if report.refused or len(places) < len(meant):
        sys.exit(EXIT_NOT_ALL)


def _is_in(survey: Survey, place: LetterPlace, state: str) -> bool:
    return state == "all" or (place.identity in survey.redrives.done) == (state == "redriven")


def _place(words: tuple[str, ...]) -> tuple[str, int, int]:
    """Return topic, partition and offset that the arguments name; the dead letters' own topic when none is named."""
    match = _PLACE.fullmatch("/".join(words)) if len(words) in (1, 3) else None
    if match is None or (match["topic"] and match["partition"] is None):
        raise click.UsageError(f"{' '.join(words)!r}: expected OFFSET or TOPIC PARTITION OFFSET")
    topic = match["topic"] or DEAD_LETTERS
    if topic not in (DEAD_LETTERS, *INPUT_TOPICS):
        raise click.UsageError(f"{topic!r}: dead letters come from {', '.join(INPUT_TOPICS)}")
    return topic, int(match["partition"] or 0), int(match["offset"])


# -------------------------------------------------------------------- telling


def _counted(survey: Survey, places: Sequence[LetterPlace]) -> list[dict[str, Any]]:
    """Return a row for each reason and topic, the most frequent first."""
    groups: dict[tuple[str, str], list[LetterPlace]] = {}
    for place in places:
        groups.setdefault((place.reason, place.topic), []).append(place)
    rows = []
    for (reason, topic), group in groups.items():
        redriven = sum(place.identity in survey.redrives.done for place in group)
        times_ms = [place.at_ms for place in group]
        rows.append(
            {
                "reason": reason,
                "topic": topic,
                "open": len(group) - redriven,
                "redriven": redriven,
                "first_at_ms": min(times_ms),
                "last_at_ms": max(times_ms),
            }
        )
    return sorted(rows, key=lambda row: (-row["open"], -row["redriven"], row["reason"], row["topic"]))


def _note(survey: Survey, found: int, shown: int, state: str) -> None:
    """Say on stderr what the table does not."""
    if not found:
        click.echo(for_people("no dead letter" if state == "all" else f"no {state} dead letter"), err=True)
    if shown < found:
        click.echo(f"{found - shown:,} more; --limit shows more, `summary` counts them", err=True)
    if survey.strangers:
        click.echo(f"{survey.strangers:,} records of {DEAD_LETTERS} are no dead letters of ours", err=True)


def _say_plan(survey: Survey, meant: Sequence[LetterPlace], places: Sequence[LetterPlace]) -> None:
    for (reason, topic), count in Counter((each.reason, each.topic) for each in places).most_common():
        click.echo(for_people(f"{count:,} {reason} to {topic}"), err=True)
    for hindrance, count in Counter(each.hindrance for each in meant if each.hindrance).most_common():
        click.echo(for_people(f"{count:,} cannot be sent again: {hindrance}"), err=True)
    if not meant:
        click.echo("no open dead letter", err=True)
    if survey.strangers:
        click.echo(f"{survey.strangers:,} records of {DEAD_LETTERS} are no dead letters of ours", err=True)


def _say_report(report: RedriveReport) -> None:
    click.echo(f"redriven: {report.sent:,}", err=True)
    if report.found:
        click.echo(f"had arrived before: {report.found:,}", err=True)
    for word, count in report.refused.items():
        click.echo(for_people(f"refused by the broker: {count:,}, {word}"), err=True)


def _plain(cell: str) -> Text:
    return Text(cell)
