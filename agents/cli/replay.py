"""``campaign-pulse replay``: the whole computation over files, without Kafka."""

import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from msgspec.structs import asdict
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from agents.cli.alert_plot import AlertSeries, draw, require_matplotlib
from agents.cli.campaigns import definitions_or_exit
from agents.cli.common import UsageFailure, for_people, print_table, settings_or_exit
from agents.cli.event_files import FILE, ExportChoices, export_options, exports_of
from agents.cli.tables import print_alerts
from agents.clock import make_clock
from agents.offline.event_files import EventFileError, Exports, lines_of
from agents.offline.ledger_files import limits_of
from agents.terminal import visible, visible_json
from models.alerts import SnapshotWithAlerts
from models.rollups import Snapshot
from models.times import epoch_ms
from streams.columns.keyed_hashes import KEY_BYTES
from streams.replay import Replay, ReplayCounts
from streams.sentiment.scorers import CachedScorer, make_scorer, make_scorer_with_terms


class Moment(click.ParamType):
    """An RFC 3339 time with an offset, or epoch milliseconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return epoch milliseconds."""
        if isinstance(value, int):
            return value
        text = str(value)
        if text.isdigit():
            return int(text)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is neither RFC 3339 nor epoch milliseconds", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{text!r} has no offset (write ...Z or ...+02:00)", param, ctx)
        return epoch_ms(moment)


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--definition", "-d", "definitions", multiple=True, type=FILE, help="Campaign definitions; repeatable.")
@click.option("--as-of", type=Moment(), help="Moment of the numbers; default: the largest event time in the files.")
@click.option("--json", "as_json", is_flag=True, help="Print the final rollups as one JSON document.")
@click.option("--alerts", "with_alerts", is_flag=True, help="List the alerts that would have been told, when and why.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Draw the series of each alert, with what was expected, into a PNG or SVG file (needs matplotlib).",
)
@export_options
def replay(
    files: tuple[Path, ...],
    definitions: tuple[Path, ...],
    as_of: int | None,
    as_json: bool,
    with_alerts: bool,
    plot: Path | None,
    exports: ExportChoices,
) -> None:
    """Compute everything over NDJSON FILES (one event per line, any topic, in file order), without Kafka.

    Prints the final rollups; counts and refused lines go to stderr. Event times are checked against the clock
    (PULSE_CLOCK). A file may be UTF-8, UTF-16 or gzip, and one JSON array of events; with one campaign in --definition
    also an export that `campaign-pulse import` reads. Exit code 2 when a file cannot be read or none of its lines is an
    event.
    """
    settings = settings_or_exit()
    series = AlertSeries()
    if plot is not None:
        require_matplotlib(plot)
    defined = [definition for path in definitions for definition in definitions_or_exit(path)]
    now_ms = make_clock(settings.clock)()
    run = Replay(
        CachedScorer(make_scorer(settings.sentiment), settings.sentiment_cache),
        defined,
        now_ms,
        limits_of(settings),
        make_scorer_with_terms(settings.sentiment, settings.sentiment_cache),
        with_alerts=with_alerts or plot is not None,
        watcher=None if plot is None else series.add,
        id_key=secrets.token_bytes(KEY_BYTES),
    )
    began = time.perf_counter()
    unread = _feed(run, files, exports_of(exports.of(defined[0], settings), settings) if len(defined) == 1 else None)
    try:
        snapshot = run.finish(as_of)
    except ValueError as error:
        raise UsageFailure(f"--as-of: {error}") from None
    counts = run.counts()
    told = [] if run.alerts is None else run.alerts.transitions
    if as_json:
        shown = SnapshotWithAlerts(**asdict(snapshot), alerts=told) if with_alerts else snapshot
        click.echo(visible_json(msgspec.json.encode(shown).decode()))
    else:
        print_snapshot(snapshot)
        if with_alerts:
            print_alerts(told)
    if plot is not None:
        draw(plot, series, told)
    _report(counts, time.perf_counter() - began)
    if unread:
        raise UsageFailure("\n".join(unread))


def _feed(run: Replay, files: tuple[Path, ...], exports: Exports | None) -> list[str]:
    """Feed all files; return a sentence about each of which nothing could be read."""
    console = Console(stderr=True)
    total = sum(path.stat().st_size for path in files)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[lines]:,} lines"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("replay", total=total, lines=0)
        read = 0
        unread = []
        before = run.counts()
        for path in files:
            for done, lines in _lines_with_size(run, path, exports):
                progress.update(task, completed=read + done, lines=lines)
            read += path.stat().st_size
            counts = run.counts()
            if counts.lines > before.lines and _accepted(counts) == _accepted(before):
                unread.append(f"{path}: none of its {counts.lines - before.lines} lines is an event that counts")
            before = counts
    return unread


def _accepted(counts: ReplayCounts) -> int:
    return counts.events + counts.duplicates


def _lines_with_size(run: Replay, path: Path, exports: Exports | None) -> Iterator[tuple[int, int]]:
    done = 0

    def lines() -> Iterator[bytes]:
        nonlocal done
        for read, line in lines_of(path, exports):
            done = read
            yield line

    try:
        for count in run.feed(lines()):
            yield done, count
    except EventFileError as error:
        raise UsageFailure(str(error)) from None


def _report(counts: ReplayCounts, seconds: float) -> None:
    rejected = ", ".join(f"{reason} {count}" for reason, count in counts.rejected.items()) or "none"
    rate = counts.lines / seconds if seconds else 0.0
    click.echo(
        for_people(
            f"{counts.lines} lines: {counts.events} events counted, {counts.duplicates} duplicates; refused: "
            f"{rejected} ({seconds:.1f} s, {rate:,.0f} lines/s)"
        ),
        err=True,
    )


def print_snapshot(snapshot: Snapshot) -> None:
    """Print the lifetime numbers of a snapshot as a table."""
    moment = datetime.fromtimestamp(snapshot.as_of_ms / 1000, UTC).isoformat(timespec="milliseconds")
    table = Table(title=f"as of {moment}", box=None, pad_edge=False)
    for heading in ("campaign", "influencer"):
        table.add_column(heading)
    for heading in ("engagements", "comments", "commenters", "net", "clicks", "orders", "revenue"):
        table.add_column(heading, justify="right")
    rollups = [(each.campaign_id, "[bold]all[/]", each.windows["total"]) for each in snapshot.campaigns]
    rollups += [
        (each.campaign_id, escape(visible(each.influencer_id)) or "(unattributed)", each.windows["total"])
        for each in snapshot.influencers
    ]
    for campaign_id, name, stats in sorted(rollups, key=lambda rollup: rollup[0]):
        table.add_row(
            escape(visible(campaign_id)),
            name,
            str(stats.engagements),
            str(stats.comments),
            str(stats.unique_commenters),
            "" if stats.sentiment is None else f"{stats.sentiment.net:+.2f}",
            str(stats.clicks),
            str(stats.purchases),
            " ".join(f"{money.revenue} {visible(currency)}" for currency, money in stats.revenue.items()),
        )
    print_table(table)
