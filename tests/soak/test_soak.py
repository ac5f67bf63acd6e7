"""The command that repeats tests on a busy machine: it finds what fails now and then, and leaves nothing running."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.__main__ import ROOT
from tests.soak.runs import Run, busy_cores, cores, summary

EVERY_SECOND = """
from pathlib import Path
def test_always(): pass
def test_now_and_then():
    count = Path(__file__).with_name("count")
    count.write_text(count.read_text() + "x" if count.exists() else "x")
    assert len(count.read_text()) % 2, "as every second time"
"""


def soak(directory: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command over one file of tests to its end."""
    file = directory / "test_sample.py"
    file.write_text(text)
    command = [sys.executable, "-m", "tests.soak", "--busy-per-core", "0", "--logs", str(directory / "logs"), *options]
    return subprocess.run([*command, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_what_fails_now_and_then_is_found(tmp_path: Path) -> None:
    """Exit code 1, a line a run, the name of the test with how often it failed, and the log of that run only."""
    done = soak(tmp_path, EVERY_SECOND, "--times", "3")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert [line.partition(" in ")[0] for line in lines[1:4]] == [
        "run 1 of 3 - 2 passed",
        "run 2 of 3 - 1 passed, 1 failed",
        "run 3 of 3 - 2 passed",
    ]
    assert lines[4] == "3 runs, 1 failed; 5 tests passed, 1 failed"
    assert lines[-1] == "test_now_and_then: failed 1 times"
    (log,) = (tmp_path / "logs").glob("run-*")
    assert log.name == "run-02.log"
    assert "as every second time" in log.read_text()


def test_what_never_fails_is_told_with_figures(tmp_path: Path) -> None:
    """Exit code 0, no log is kept, and those of an earlier time are gone."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "run-07.log").write_text("of an earlier time")
    done = soak(tmp_path, "def test_always(): pass", "--times", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 runs, 0 failed; 1 tests passed, 0 failed" in done.stdout
    assert list((tmp_path / "logs").glob("run-*")) == []


def test_no_test_at_all_is_no_success(tmp_path: Path) -> None:
    """Exit code 2 at the first run: no further one would find a test."""
    done = soak(tmp_path, "", "--times", "2")
    assert done.returncode == 2
    assert "not done: pytest ended with 5" in done.stderr


def test_a_run_that_does_not_end_is_ended_and_failed(tmp_path: Path) -> None:
    """A test that hangs does not hold up those who wait for the figures."""
    done = soak(tmp_path, "def test_never_ends():\n    while True: pass", "--times", "1", "--minutes", "0.1")
    assert done.returncode == 1
    assert "not done within 6 s" in done.stdout


def test_a_run_is_ended_also_where_a_shell_has_sigint_ignored(tmp_path: Path) -> None:
    """As a job in the background of a script: pytest would inherit that it hears none, and wait for the last second."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ignored = "import signal\nassert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN\ndef test_heard(): pass"
        done = soak(tmp_path, ignored, "--times", "1")
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.returncode == 0, done.stdout + done.stderr


def test_busy_processes_end_with_the_block(tmp_path: Path) -> None:
    """As many as asked for, for each core, run within the block and none behind it."""
    with busy_cores(1, tmp_path) as busy:
        assert len(busy) == cores() == len({process.pid for process in busy})
        assert all(process.running for process in busy)
    assert not any(process.running for process in busy)
    for process in busy:
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)


def test_the_summary_counts_failures_by_test(tmp_path: Path) -> None:
    """What failed most often stands first."""
    log = tmp_path / "log"
    runs = [
        Run(1, 4, ("a[1]",), 60.0, "", log),
        Run(2, 3, ("b", "a[1]"), 120.0, "", log),
        Run(3, 5, (), 90.0, "", None),
    ]
    lines = summary(runs, 2).splitlines()
    assert lines[:2] == [
        "3 runs, 2 failed; 12 tests passed, 3 failed",
        "a run took 60 to 120 s, 90 s in the middle, 4 minutes in all",
    ]
    assert lines[-2:] == ["a[1]: failed 2 times", "b: failed 1 times"]
