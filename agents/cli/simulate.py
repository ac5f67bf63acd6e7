"""``campaign-pulse simulate``: simulated campaigns into a file or a broker, with the truth about them."""

import dataclasses
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from agents.addresses import parse_brokers
from agents.broker.topic_admin import TopicError, ensure_topics
from agents.cli.campaigns import definitions_or_exit
from agents.cli.common import FiniteRange, UsageFailure, for_people, settings_or_exit
from agents.cli.replay import Moment
from agents.cli.simulated_deliveries import check_gateway, diverting
from agents.clock import wall_clock
from agents.connection.kafka import KafkaConnection
from agents.secrets import masked_value
from agents.simulator import FaultRates, Simulation, SimulationPlan
from agents.simulator.definitions import synthetic_definitions
from agents.simulator.deliveries import SHOP
from agents.simulator.files import copy_to
from agents.simulator.plan import SimulatedRecord
from agents.simulator.publisher import PROGRESS_RECORDS, PublishError, PublishReport, publish
from models.campaigns import CampaignDefinition
from models.times import epoch_ms

_DEFAULT_EVENTS = 10_000
_OPEN_END_SECONDS = 7 * 86_400.0
_OPEN_END_CYCLE_SECONDS = 300.0
_RATIO = FiniteRange(0, 1)
_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
_FAULTS = FaultRates()


@click.command()
@click.option(
    "--definition",
    "-d",
    "files",
    multiple=True,
    type=_EXISTING,
    help="Campaign definition file; may be given several times.",
)
@click.option(
    "--influencers",
    type=click.IntRange(1, 1_000_000),
    help="Instead of --definition: make up this many influencers, for load.",
)
@click.option(
    "--campaigns",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    help="With --influencers: spread them over this many campaigns.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Equal seeds and options give equal events.")
@click.option(
    "--events",
    type=click.IntRange(1),
    metavar="N",
    help=f"Distinct events, corrupt ones included, duplicates not.  [default: {_DEFAULT_EVENTS}]",
)
@click.option(
    "--duration",
    type=FiniteRange(0, min_open=True),
    metavar="SECONDS",
    help="Simulated time to spread them over.  [default: that of the first campaign]",
)
@click.option(
    "--start",
    type=Moment(),
    metavar="RFC3339",
    help="Simulated start.  [default: that of the first campaign; if its end lies ahead, now minus duration]",
)
@click.option(
    "--duplicates",
    type=_RATIO,
    default=_FAULTS.duplicate_ratio,
    show_default=True,
    help="Share of events delivered again, seconds to minutes later.",
)
@click.option(
    "--disorder",
    type=FiniteRange(0, 72_000),
    default=_FAULTS.disorder_seconds,
    show_default=True,
    metavar="SECONDS",
    help="Bound of the delay of ordinary events.",
)
@click.option(
    "--late",
    type=_RATIO,
    default=_FAULTS.late_ratio,
    show_default=True,
    help="Share of events delivered 1 to 20 hours after their time.",
)
@click.option(
    "--misplaced",
    type=_RATIO,
    default=_FAULTS.misplaced_ratio,
    show_default=True,
    help="Share of records written to a partition that is not their key's own.",
)
@click.option(
    "--corrupt",
    type=_RATIO,
    default=_FAULTS.corrupt_ratio,
    show_default=True,
    help="Share of events replaced by something that must be refused.",
)
@click.option(
    "--rfc3339",
    type=_RATIO,
    default=0.1,
    show_default=True,
    help="Share of event times written as RFC 3339; the others are epoch milliseconds.",
)
@click.option("--no-incidents", is_flag=True, help="Plant no incidents.")
@click.option("--out", type=_FILE, help="Write the events to this file, one a line, for `campaign-pulse replay`.")
@click.option("--truth", type=_FILE, help="Write the ground truth (totals, faults, incidents) to this JSON file.")
@click.option("--broker", metavar="HOST:PORT", help="Send the events to this Kafka broker.")
@click.option(
    "--rate",
    type=FiniteRange(0, min_open=True),
    metavar="EVENTS_PER_SECOND",
    help="With --broker: in real time, event times following the wall clock. Without it: at full speed.",
)
@click.option("--for", "seconds", type=FiniteRange(0, min_open=True), metavar="SECONDS",
              help="With --rate: end after so long.  [default: until Ctrl-C]")  # fmt: skip
@click.option(
    "--gateway",
    metavar="http://HOST:PORT",
    help="With --broker: send every eighth Instagram comment and order to this gateway, signed, as Instagram and "
    "Shopify would: as instagram-demo and shopify-demo, whose secrets PULSE_GATEWAY_SECRETS has.",
)
def simulate(
    files: tuple[Path, ...],
    influencers: int | None,
    campaigns: int,
    out: Path | None,
    truth: Path | None,
    broker: str | None,
    rate: float | None,
    seconds: float | None,
    gateway: str | None,
    **options: Any,
) -> None:
    """Simulate campaigns with the faults of real delivery, into a file or a broker.

    Comments, posts and shop events of a definition's influencers, with duplicates, disorder, late, misplaced and
    corrupt events and four planted incidents. --truth says what a correct processor must report.

    Example: campaign-pulse simulate -d examples/giveaway.yaml --events 300000 --out e.ndjson --truth truth.json
    """
    _check(out, broker, rate, seconds, options)
    check_gateway(gateway, broker)
    for path in (out, truth):
        if path is not None and not path.parent.is_dir():
            raise UsageFailure(f"{path}: no such directory: {path.parent}")
    stop, connection = threading.Event(), None
    with _ended_by_signals(stop) if broker is not None else ExitStack():
        definitions, made_up = _definitions(files, influencers, campaigns, options["seed"])
        if broker is not None:
            connection = _prepare_topics(broker)
        plan = _plan(definitions, made_up, rate, seconds, options)
        if gateway is not None:
            plan = msgspec.structs.replace(plan, shop_platform=SHOP)
        simulation = Simulation(definitions, plan)
        with diverting(gateway, definitions) as divert:
            _send(simulation, plan, out, connection, rate is not None, stop, divert)
    if truth is not None:
        with _writing(truth):
            simulation.truth().write(truth)


def _check(
    out: Path | None, broker: str | None, rate: float | None, seconds: float | None, options: dict[str, Any]
) -> None:
    if out is None and broker is None:
        raise UsageFailure("nowhere to send the events: give --out FILE, --broker HOST:PORT or both")
    if rate is not None and broker is None:
        raise UsageFailure("--rate needs --broker: a file is written at full speed")
    if seconds is not None and rate is None:
        raise UsageFailure("--for needs --rate: without a rate, --events and --duration say how much is sent")
    if rate is not None:
        for name in ("events", "duration", "start"):
            if options[name] is not None:
                raise UsageFailure(f"--{name} and --rate exclude each other: at a rate, event times follow the clock")


def _definitions(
    files: tuple[Path, ...], influencers: int | None, campaigns: int, seed: int
) -> tuple[list[CampaignDefinition], bool]:
    """Return the campaigns, and whether they are made up."""
    if bool(files) == (influencers is not None):
        raise UsageFailure("give either --definition FILE or --influencers N")
    if influencers is None:
        definitions = {each.campaign_id: each for path in files for each in definitions_or_exit(path)}
        if not any(each.influencers for each in definitions.values()):
            raise UsageFailure("the definitions name no influencer")
        return list(definitions.values()), False
    try:
        start = datetime(2026, 4, 18, 14, tzinfo=UTC)
        return synthetic_definitions(influencers, campaigns, seed, start, timedelta(hours=6)), True
    except ValueError as error:
        raise UsageFailure(str(error)) from None


def _prepare_topics(broker: str) -> KafkaConnection:
    """Create missing topics, so that the broker does not make them up with partitions of its own choice."""
    try:
        settings = dataclasses.replace(settings_or_exit(), broker=parse_brokers(broker))
    except ValueError as error:
        raise UsageFailure(f"--broker {masked_value(broker)}: {error}") from None
    try:
        ensure_topics(settings)
    except TopicError as error:
        raise UsageFailure(str(error).replace("PULSE_BROKER=", "--broker ")) from None
    return settings.kafka_connection


def _plan(
    definitions: list[CampaignDefinition],
    made_up: bool,
    rate: float | None,
    seconds: float | None,
    options: dict[str, Any],
) -> SimulationPlan:
    common: dict[str, Any] = {
        "seed": options["seed"],
        "rfc3339_ratio": options["rfc3339"],
        "incidents": not options["no_incidents"],
        "faults": FaultRates(
            duplicate_ratio=options["duplicates"],
            disorder_seconds=options["disorder"],
            late_ratio=options["late"],
            misplaced_ratio=options["misplaced"],
            corrupt_ratio=options["corrupt"],
        ),
    }
    if rate is not None:
        span = _OPEN_END_SECONDS if seconds is None else seconds
        return SimulationPlan(
            events=max(1, round(rate * span)),
            duration_seconds=span,
            start_ms=wall_clock(),
            shape="steady",
            incident_cycle_seconds=_OPEN_END_CYCLE_SECONDS if seconds is None else None,
            **common,
        )
    first = definitions[0]
    duration = options["duration"] or (first.ends_at - first.starts_at).total_seconds()
    start_ms = options["start"]
    if start_ms is None:
        start_ms = epoch_ms(first.starts_at)
        # Events that lie in the future would all be refused.
        start_ms = min(start_ms, wall_clock() - round(duration * 1000)) if not made_up else start_ms
    return SimulationPlan(
        events=options["events"] or _DEFAULT_EVENTS, duration_seconds=duration, start_ms=start_ms, **common
    )


def _send(
    simulation: Simulation,
    plan: SimulationPlan,
    out: Path | None,
    connection: KafkaConnection | None,
    real_time: bool,
    stop: threading.Event,
    divert: Callable[[SimulatedRecord], SimulatedRecord | None],
) -> None:
    began = time.monotonic()
    with ExitStack() as stack:
        records = simulation.records()
        if out is not None:
            stack.enter_context(_writing(out))
            records = copy_to(stack.enter_context(out.open("wb")), records)
        progress = stack.enter_context(_progress(plan))
        if connection is None:
            count = 0
            for count, _ in enumerate(records, start=1):  # counted for the message
                if count % PROGRESS_RECORDS == 0:
                    progress(count)
            report = None
        else:
            try:
                report = publish(
                    records, connection, stop=stop, real_time=real_time, divert=divert, on_progress=progress
                )
            except PublishError as error:
                raise UsageFailure(str(error)) from None
            count = report.sent
    took = max(1e-9, time.monotonic() - began)
    where = " and ".join(str(place) for place in (out, connection and connection.address) if place is not None)
    click.echo(for_people(f"{count:,} records to {where} in {took:.1f} s ({count / took:,.0f}/s)"), err=True)
    if report is not None:
        _fail_if_lost(report)


def _fail_if_lost(report: PublishReport) -> None:
    if report.failed:
        raise click.ClickException(f"{report.failed} of {report.sent} records were not acknowledged: {report.error}")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageFailure(f"{path}: {error.strerror}") from None


@contextmanager
def _progress(plan: SimulationPlan) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    expected = round(plan.events * (1 + plan.faults.duplicate_ratio))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("simulate", total=expected)

        def advance(count: int) -> None:
            progress.update(task, completed=count)

        yield advance


@contextmanager
def _ended_by_signals(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the sending, so that the truth about what was sent can still be written."""

    def end(signum: int, frame: FrameType | None) -> None:
        stop.set()

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
