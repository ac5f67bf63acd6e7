"""``python -m bench.peers``: ours and its peers on the same events, checked, in turn. README.md says what each does."""

import os
import signal
import sys
from pathlib import Path
from typing import Final

import click
import msgspec

from agents.embedded.servers import EmbeddedRedis
from bench.figures import DOCS, machine
from bench.peers.build import build
from bench.peers.events import data_set
from bench.peers.measuring import Bench, Run, measure
from bench.peers.servers import RedisServer
from bench.peers.systems import BUILT, SYSTEMS, System
from bench.peers.table import as_markdown
from tests.brokers.artefacts import java_version, kafka_version
from tests.brokers.kinds import BrokerError

_BEGIN: Final = "<!-- peers: made by `make bench-peers` -->"
_END: Final = "<!-- end of peers -->"


def _say(text: str) -> None:
    click.echo(text, err=True)


@click.command()
@click.option("--only", type=click.Choice(tuple(SYSTEMS)), multiple=True, help="Measure this system; may be repeated.")
@click.option("--skip", type=click.Choice(tuple(SYSTEMS)), multiple=True, help="Leave this one out; may be repeated.")
@click.option("--repeat", type=click.IntRange(min=1), default=3, show_default=True, help="Turns, there and back.")
@click.option("--events", type=click.IntRange(min=10_000), default=2_000_000, show_default=True, help="Events at most.")
@click.option("--core", default="0", show_default=True, help="The CPU of the system under test, as for taskset.")
@click.option("--other-core", default="1", show_default=True, help="The CPU of the broker, Redis and this command.")
@click.option("--timeout", type=click.FloatRange(min=1), default=600.0, show_default=True, help="Seconds for a drain.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Also write every run here.")
@click.option("--write-docs", is_flag=True, help="Put the table into docs/benchmarks.md.")
@click.option("--list", "only_list", is_flag=True, help="Name the systems and end.")
def main(
    only: tuple[str, ...],
    skip: tuple[str, ...],
    repeat: int,
    events: int,
    core: str,
    other_core: str,
    timeout: float,
    json_file: Path | None,
    write_docs: bool,
    only_list: bool,
) -> None:
    """Let ours and its peers drain the same events from Apache Kafka, one core each, in turn.

    A run counts only when its totals, and of the peers every window, equal DuckDB's. What a system needs (java, mvn,
    cargo, packages) is built first; a system that cannot be built is left out, with the reason. Ends with 1 when a run
    does not count.
    """
    if only_list:
        for system in SYSTEMS.values():
            click.echo(f"{system.name:22} at most {system.most_events:>9,} events  {system.about}")
        return
    chosen = [SYSTEMS[name] for name in only] if only else [each for each in SYSTEMS.values() if each.by_default]
    chosen = [system for system in chosen if system.name not in skip]
    try:
        java_version()
    except BrokerError as error:
        raise click.ClickException(f"Apache Kafka cannot be started: {error}") from None
    absent = build((system.needs for system in chosen), _say)
    missing = {system.name: absent[system.needs] for system in chosen if system.needs in absent}
    for name, reason in missing.items():
        _say(f"{name} is left out: {reason}")
    chosen = [system for system in chosen if system.name not in missing]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    # This process, and all that it starts but the systems under test, share the other core.
    os.sched_setaffinity(0, {int(each) for each in other_core.split(",")})
    runs = _measured(chosen, repeat, events, core, other_core, timeout)
    table = as_markdown(runs, missing)
    click.echo(table)
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode({"machine": machine(), "runs": runs}), indent=1))
    if write_docs:
        _write_docs(table)
    if any(run.failure for run in runs):
        sys.exit(1)


def _measured(chosen: list[System], repeat: int, events: int, core: str, other: str, timeout: float) -> list[Run]:
    # Data first: nothing is simulated between two runs.
    data = {each.name: data_set(each.data, min(events, each.most_events), other, _say) for each in chosen}
    redis = RedisServer(EmbeddedRedis().binary(), BUILT / "run" / "redis", other)
    runs: list[Run] = []
    try:
        bench = Bench(core, other, redis, timeout)
        for turn in range(repeat):
            for system in chosen if turn % 2 == 0 else chosen[::-1]:
                _say(f"{system.name}, turn {turn + 1} of {repeat}")
                run = measure(system, data[system.name], bench, turn + 1)
                runs.append(run)
                _say(f"  does not count: {run.failure}" if run.failure else _told(run))
    finally:
        redis.stop()
    return runs


def _told(run: Run) -> str:
    return (
        f"  {run.rate:,.0f} events/s, {run.rate_per_cpu_second:,.0f} per CPU second, {run.seconds:.1f} s, "
        f"{run.peak_megabytes:,.0f} MiB, load {run.load:.1f}; its numbers are right"
    )


def _write_docs(table: str) -> None:
    text = DOCS.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    about = ", ".join(f"{name} {value}" for name, value in machine().items())
    said = f"Apache Kafka {kafka_version()}, Java {java_version()}; {about}."
    DOCS.write_text(f"{before}{_BEGIN}\n\n{said}\n\n{table}\n\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
