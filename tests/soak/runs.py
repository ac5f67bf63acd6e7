"""Runs pytest again and again beside processes that keep every core busy, and says what came of it."""

import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Final, NamedTuple
from xml.etree import ElementTree

from agents.embedded.processes import ChildProcess

BUSY: Final = "while True: pass"
END_SECONDS: Final = 60.0
"""Within which pytest, when it is interrupted, has ended its servers and itself."""
AGAIN_SECONDS: Final = 20.0
"""After which SIGINT is sent once more: one that comes while Python runs a callback is printed and lost. Servers of
fixtures have ended by then (they are killed after 5 s), so the second one leaves none behind."""
NOTHING_TO_RUN: Final = frozenset({4, 5})
"""Exit codes of pytest: wrong arguments, and no test collected. No further run would find otherwise."""


class SoakError(RuntimeError):
    """The runs mean nothing: pytest has nothing to run, or the machine was not busy. The message says which."""


class Run(NamedTuple):
    """One run of pytest in a process of its own. ``failed`` are names of tests; ``log`` is kept of a failure only."""

    number: int
    passed: int
    failed: tuple[str, ...]
    seconds: float
    problem: str
    log: Path | None

    @property
    def good(self) -> bool:
        """Whether every test ran and passed."""
        return not self.failed and not self.problem

    def __str__(self) -> str:
        found = f"{self.passed} passed" if self.good else f"{self.passed} passed, {len(self.failed)} failed"
        told = ", ".join(filter(None, (*self.failed, self.problem)))
        return f"{found} in {self.seconds:.0f} s" + ("" if self.good else f": {told}; {self.log}")


@contextmanager
def busy_cores(per_core: int, directory: Path) -> Iterator[list[ChildProcess]]:
    """Keep so many processes a core calculating within the block; each is ended by its id."""
    with ExitStack() as stack:
        processes = []
        for number in range(per_core * cores()):
            process = ChildProcess(f"busy-{number}", [sys.executable, "-c", BUSY], log_path=directory / "busy.log")
            stack.callback(process.stop)
            process.start()
            processes.append(process)
        yield processes


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_once(number: int, arguments: Sequence[str], folder: Path, seconds: float) -> Run:
    """Run pytest once and return what came of it.

    Args:
        number: Which run it is: the name of its log.
        arguments: What pytest is told.
        folder: Where the log stays if the run fails.
        seconds: How long the run may take.

    Raises:
        SoakError: pytest refuses the arguments, or finds no test.
    """
    name = f"run-{number:02}"
    log, report = folder / f"{name}.log", folder / f"{name}.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", f"--junitxml={report}", *arguments]
    process = ChildProcess(name, command, log_path=log)
    began = monotonic()
    problem = ""
    try:
        with _interrupts_heard():
            process.start()
        code = process.wait(seconds)
    finally:
        _interrupt(process)
    if code in NOTHING_TO_RUN:
        raise SoakError(f"pytest ended with {code}:\n{process.log_tail(20)}")
    passed, failed = read_report(report)
    if code is None:
        problem = f"not done within {seconds:.0f} s"
    elif code and not failed:
        problem = f"pytest ended with {code}"
    report.unlink(missing_ok=True)
    run = Run(number, passed, failed, monotonic() - began, problem, log)
    if run.good:
        log.unlink()
        run = run._replace(log=None)
    return run


def _interrupt(process: ChildProcess) -> None:
    """End pytest as Ctrl-C does, so that its fixtures stop their servers; nothing happens once it has ended."""
    for seconds in (AGAIN_SECONDS, END_SECONDS - AGAIN_SECONDS):
        process.signal(signal.SIGINT)
        process.wait(seconds)
    process.stop()


@contextmanager
def _interrupts_heard() -> Iterator[None]:
    """Let a child that is started within hear SIGINT: it inherits that a shell has it ignored in its background."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def read_report(report: Path) -> tuple[int, tuple[str, ...]]:
    """Return how many tests passed, and the names of those that failed, of a JUnit report; none without a report."""
    if not report.exists():
        return 0, ()
    passed, failed = 0, []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        outcomes = {each.tag for each in case}
        if outcomes & {"failure", "error"}:
            failed.append(str(case.get("name")))
        elif "skipped" not in outcomes:
            passed += 1
    return passed, tuple(failed)


def summary(runs: Sequence[Run], per_core: int) -> str:
    """The figures of all runs, for the terminal and for a closing note."""
    seconds = [run.seconds for run in runs]
    failures = Counter(re.sub(r"\s+", " ", name) for run in runs for name in run.failed)
    bad = sum(not run.good for run in runs)
    lines = [
        f"{len(runs)} runs, {bad} failed; {sum(run.passed for run in runs)} tests passed, {failures.total()} failed",
        f"a run took {min(seconds):.0f} to {max(seconds):.0f} s, {median(seconds):.0f} s in the middle, "
        f"{sum(seconds) / 60:.0f} minutes in all",
        f"{per_core} busy processes a core on {cores()} cores, load average {os.getloadavg()[2]:.1f}",
    ]
    return "\n".join([*lines, *(f"{name}: failed {count} times" for name, count in failures.most_common())])


def fresh_folder(folder: Path) -> Path:
    """Make the folder for logs, and remove those of earlier runs from it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("run-*.log", "run-*.xml", "busy.log"):
        for file in folder.glob(name):
            file.unlink()
    return folder
