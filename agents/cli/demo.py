"""``campaign-pulse demo``: a simulated giveaway through a real broker, live in the terminal."""

import os
import re
import shutil
import signal
import sys
import tempfile
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import click
import msgspec
from rich.console import Console

from agents.cli.campaigns import definitions_or_exit
from agents.cli.common import FiniteRange, for_people, settings_or_exit
from agents.demo.run import DemoPlan, DemoResult, start, watch
from agents.demo.stack import DemoError, DemoStack
from agents.demo.summary import print_comparison, print_snapshot
from agents.embedded.servers import EmbeddedError
from agents.read_model.reader import ReadModelError
from agents.terminal import visible_json

EXIT_DIFFERENT: Final = 1
EXIT_UNAVAILABLE: Final = 2
# Package data: an installed command has no checkout. examples/giveaway.yaml is a link to it.
_DEFAULT_DEFINITION: Final = Path(str(resources.files("agents.demo").joinpath("data", "giveaway.yaml")))
_PORT: Final = click.IntRange(1, 65535)
_MEMORY_BYTES: Final = 4 * 2**30
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT]?)(?:i?B)?", re.ASCII | re.IGNORECASE)
_LEAST_MEMORY_BYTES: Final = 256 * 2**20


class Size(click.ParamType):
    """A number of bytes with a binary unit: ``512M``, ``2GiB``."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes."""
        match = _SIZE.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no size: write 512M or 2G", param, ctx)
        found = int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " "))
        if found < _LEAST_MEMORY_BYTES:
            self.fail(f"{value!r} is less than the demo needs to start, 256M", param, ctx)
        return found


def default_memory_bytes() -> int:
    """Return the memory that the demo may take: 4 GiB, or half of the machine's if that is less."""
    return min(_MEMORY_BYTES, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)


@click.command()
@click.option(
    "--for",
    "seconds",
    type=FiniteRange(min=1),
    metavar="SECONDS",
    help="Send events for so long, wait for the numbers to settle, compare them with the ground truth, and end. "
    "Without it the demo runs until Ctrl-C, or until its memory is full.",
)
@click.option(
    "--rate",
    type=FiniteRange(min=0, min_open=True),
    default=2000.0,
    show_default=True,
    help="Events per second.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the simulation.")
@click.option(
    "--definition",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=_DEFAULT_DEFINITION,
    show_default="examples/giveaway.yaml",
    help="Campaign definition.",
)
@click.option("--port-broker", type=_PORT, help="Port of the broker.  [default: a free one]")
@click.option("--port-redis", type=_PORT, help="Port of Redis.  [default: a free one]")
@click.option("--port-metrics", type=_PORT, help="Port of the worker's /metrics.  [default: a free one]")
@click.option(
    "--memory-limit",
    "memory_limit_bytes",
    type=Size(),
    help="End when all processes together hold more: the embedded broker keeps every record in memory. At the default "
    "rate it takes some 150 MB a minute.  [default: 4G, or half of the machine's memory if that is less]",
)
@click.option(
    "--log-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep logs and the ground truth there.  [default: a temporary directory, kept only after a failure]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the final snapshot as JSON; everything else goes to stderr."
)
def demo(
    seconds: float | None,
    rate: float,
    seed: int,
    definition: Path,
    port_broker: int | None,
    port_redis: int | None,
    port_metrics: int | None,
    memory_limit_bytes: int | None,
    log_dir: Path | None,
    as_json: bool,
) -> None:
    """Watch a simulated giveaway become live numbers: broker, Redis, one worker and a simulator in one command.

    Nothing has to be installed or running beforehand but the extra `campaign-pulse[embedded]`, and nothing is left
    behind. With the extra `gateway` a part of the comments and orders comes through a gateway, as signed deliveries of
    Instagram and Shopify.

    Exit codes: 0 all totals equal the ground truth, 1 they differ or a process failed, 2 something needed is not
    available (a port, a wheel), 130 after Ctrl-C, 143 after SIGTERM.
    """
    settings_or_exit()  # A bad PULSE_ variable would end the worker, later and less clearly.
    campaign_id = definitions_or_exit(definition)[0].campaign_id
    console = Console(stderr=as_json)
    directory = log_dir if log_dir is not None else Path(tempfile.mkdtemp(prefix="campaign-pulse-demo-"))
    plan = DemoPlan(
        definition=definition,
        campaign_id=campaign_id,
        seconds=seconds,
        rate=rate,
        seed=seed,
        memory_limit_bytes=memory_limit_bytes or default_memory_bytes(),
    )
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit_by_signal)
    keep = log_dir is not None
    try:
        exit_code = _run(plan, directory, console, (port_broker, port_redis, port_metrics), as_json=as_json)
    except KeyboardInterrupt:
        click.echo("stopped; no process is left", err=True)
        exit_code = 128 + signal.SIGINT
    except EmbeddedError as error:
        click.echo(for_people(f"campaign-pulse demo: {error}"), err=True)
        exit_code = EXIT_UNAVAILABLE
    except (DemoError, ReadModelError, msgspec.DecodeError) as error:
        click.echo(for_people(f"campaign-pulse demo: {error}"), err=True)
        if isinstance(error, DemoError) and error.log_path is not None:
            click.echo(for_people(f"{error.log_tail}\nThe whole log: {error.log_path}"), err=True)
        keep = True
        exit_code = 1
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
    sys.exit(exit_code)


def _run(
    plan: DemoPlan,
    directory: Path,
    console: Console,
    ports: tuple[int | None, int | None, int | None],
    *,
    as_json: bool,
) -> int:
    broker_port, redis_port, metrics_port = ports
    with DemoStack(
        directory, os.environ, broker_port=broker_port, redis_port=redis_port, metrics_port=metrics_port
    ) as stack:
        start(stack, plan, console)
        result = watch(stack, plan, console)
    return _report(result, console, as_json=as_json)


def _report(result: DemoResult, console: Console, *, as_json: bool) -> int:
    if result.snapshot is not None:
        if as_json:
            click.echo(visible_json(msgspec.json.format(msgspec.json.encode(result.snapshot), indent=2).decode()))
        else:
            print_snapshot(console, result.snapshot)
    print_comparison(console, result.comparison, result.truth, result.delivered)
    if result.ended_early:
        click.echo(for_people(f"campaign-pulse demo: {result.ended_early}"), err=True)
    return EXIT_DIFFERENT if result.comparison.differences or result.snapshot is None else 0


def _exit_by_signal(number: int, frame: FrameType | None) -> NoReturn:
    """End as the signal would, but through the ``with`` blocks."""
    raise SystemExit(128 + number)
