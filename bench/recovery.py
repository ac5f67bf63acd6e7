"""How long a worker takes to come back: 10,000 influencers with a full day of panes, for both stores.

From the assignment of the partitions until ``/readyz`` says that it counts, as the worker's own metric says; beside it
from the start of the process, with nothing in the changelog and with everything in it, which has the wait for the group
in it (the embedded broker holds a first join back for half a session). The store on disk has its copy from the run
before. CPU seconds are given too: they depend less on what else the machine does.
"""

import tempfile
import time
from typing import Final, NamedTuple

from agents.broker.topic_admin import changelog_topic
from agents.settings import Settings
from bench.figures import Figure, Say, at_most
from bench.full_day import END_MS, changelog, definitions, moments
from bench.load import Batches
from bench.stack import PARTITIONS, Cores, Stack, cpu_seconds

NAME: Final = "recovery"
INFLUENCERS: Final = 10_000
TARGET_SECONDS: Final = 10.0
_LEAST: Final = 10
_STOP_SECONDS: Final = 60.0
_SESSION_SECONDS: Final = "6"


class Start(NamedTuple):
    """One start of a worker until it was ready: of that, reading its state; and the process's CPU time."""

    seconds: float
    recovery_seconds: float
    cpu_seconds: float


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Recover 10,000 influencers (or as many as ``events`` would make) with each store."""
    influencers = INFLUENCERS if events is None else max(_LEAST, min(INFLUENCERS, events // len(moments(0))))
    figures = []
    for store in ("memory", "rocksdb"):
        say(f"{store}: making a day of {influencers:,} influencers")
        empty, full, megabytes = _recover(where, store, influencers, say)
        figures.append(
            at_most(
                Figure(
                    benchmark=NAME,
                    name=f"{influencers:,} influencers, {store}: assignment to ready",
                    value=full.recovery_seconds,
                    unit="s",
                    note=f"process start to ready {full.seconds:.1f} s, {full.cpu_seconds:.1f} s of CPU; "
                    f"without state {empty.seconds:.1f} s, {empty.cpu_seconds:.1f} s; changelog {megabytes:.0f} MB",
                ),
                TARGET_SECONDS,
                f"{TARGET_SECONDS:.0f} s",
            )
        )
    return figures


def _recover(where: Cores, store: str, influencers: int, say: Say) -> tuple[Start, Start, float]:
    with tempfile.TemporaryDirectory(prefix="campaign-pulse-bench-store-") as directory:
        on_disk = {"STORE": store, "STORE_DIRECTORY": directory} if store != "memory" else {}
        with Stack(where, CLOCK=str(END_MS), SESSION_SECONDS=_SESSION_SECONDS, **on_disk) as stack:
            stack.run("topics", "agents.cli", "topics")
            empty = _start(stack)
            records = list(changelog(changelog_topic(Settings()), definitions(influencers), PARTITIONS))
            megabytes = sum(len(record.value) for record in records) / 1e6
            Batches(records, PARTITIONS).send(stack.broker.bootstrap)
            if on_disk:
                say(f"{store}: filling the copy")
                _start(stack)
            say(f"{store}: starting on {megabytes:.0f} MB")
            return empty, _start(stack), megabytes


def _start(stack: Stack) -> Start:
    """Start a worker, wait until it is ready, let it come to rest and stop it."""
    began = time.perf_counter()
    worker = stack.start_worker()
    seconds = time.perf_counter() - began
    start = Start(seconds, stack.metric("campaign_pulse_recovery_seconds"), cpu_seconds(worker.pid))
    stack.wait_quiet(worker)
    worker.stop(grace_seconds=_STOP_SECONDS)
    return start
