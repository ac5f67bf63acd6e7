"""A report from a file of events: ``campaign-pulse report`` in a process of its own, on one core."""

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final

from agents.embedded.processes import ChildProcess
from agents.simulator import FaultRates, Simulation, SimulationPlan
from agents.stages.definitions import read_definitions
from bench.figures import Figure, Say, at_most
from bench.stack import Cores
from models.times import epoch_ms

NAME: Final = "report"
EVENTS: Final = 1_000_000
_BEGINS: Final = datetime(2026, 4, 18, 14, tzinfo=UTC)
_SECONDS: Final = 6 * 3600
_CLOCK: Final = datetime(2026, 4, 20, tzinfo=UTC)
_PATIENCE_SECONDS: Final = 1800.0


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Measure the command over files of ``events`` events of the example's giveaway, a million by default."""
    count = events or EVENTS
    definition = Path(__file__).parents[1] / "examples" / "giveaway.yaml"
    with tempfile.TemporaryDirectory(prefix="pulse-bench-") as name:
        file, page = Path(name) / "events.ndjson", Path(name) / "report.html"
        say(f"a file of {count:,} events")
        _write(file, definition, count)
        say("from the file to the report")
        process = ChildProcess(
            "report",
            [
                *(sys.executable, "-m", "agents.cli", "report", "-d", str(definition)),
                *("-e", str(file), "--out", str(page)),
            ],
            log_path=Path(name) / "report.log",
            environment={**os.environ, "PULSE_CLOCK": str(epoch_ms(_CLOCK))},
        )
        before, began = os.times(), perf_counter()
        process.start()
        where.take(process)
        code = process.wait(_PATIENCE_SECONDS)
        seconds, after = perf_counter() - began, os.times()
        if code or not page.exists():
            raise RuntimeError(process.log_tail(20))
    cpu_seconds = after.children_user + after.children_system - before.children_user - before.children_system
    what = f"{count:,} events of six hours, 40 creators, a giveaway; the start of the process included"
    elapsed = Figure(benchmark=NAME, name="files to a report", value=seconds, unit="s", note=what)
    used = Figure(benchmark=NAME, name="the same, CPU time", value=cpu_seconds, unit="CPU s")
    # One core, whoever else wants it: a shared machine makes the command wait, and not work.
    return [elapsed, at_most(used, 60, "60 CPU s")]


def _write(file: Path, definition: Path, count: int) -> None:
    plan = SimulationPlan(
        events=count,
        duration_seconds=_SECONDS,
        start_ms=epoch_ms(_BEGINS),
        seed=1,
        faults=FaultRates(late_max_seconds=4 * 3600),
    )
    with file.open("wb") as lines:
        for record in Simulation(read_definitions(definition), plan).records():
            lines.write(record.value.replace(b"\n", b" ") + b"\n")
