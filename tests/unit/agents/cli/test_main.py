"""The entry of the command line hears signals before anything else, and shows no secrets when it fails."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
# Nothing listens there: a worker waits for its broker until it is stopped.
_ENVIRONMENT = {"PULSE_BROKER": "127.0.0.1:1", "PULSE_METRICS_PORT": "0", "PULSE_REDIS_URL": ""}
# An import hook that says when the command line is imported and then takes its time, as a throttled core does.
# Signals as a terminal's child has them: of a shell's background a test inherits that an interrupt is ignored.
_SLOW_IMPORT = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "agents.cli.root":
            print("importing", flush=True)
            time.sleep(30)
sys.meta_path.insert(0, Slow())
sys.argv = ["campaign-pulse", *sys.argv[1:]]
from agents.cli.main import main
main()
"""


def _namespaces() -> list[str]:
    """The command that makes its child process 1 of a namespace, as in a container; empty where that is not allowed."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if shutil.which("unshare") is None:
        return []
    return command if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0 else []


def _environment() -> dict[str, str]:
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("PULSE_")},
        "PYTHONPATH": str(ROOT),
        **_ENVIRONMENT,
    }


def _signal_during_import(prefix: list[str], command: str, *numbers: int) -> tuple[int, float]:
    """Return exit code and seconds from the signals to the end; nothing may be written on stderr."""
    process = subprocess.Popen(
        [*prefix, sys.executable, "-c", _SLOW_IMPORT, command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        assert process.stdout.readline() == "importing\n"
        pid = process.pid
        if prefix:
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        began = time.monotonic()
        for number in numbers or (signal.SIGTERM,):
            os.kill(pid, number)
        try:
            code = process.wait(20)
        finally:
            # Left running, it would be another test's failure.
            process.kill()
            process.wait()
        assert process.stderr.read() == ""
        return code, time.monotonic() - began


@pytest.mark.parametrize(("command", "code"), [("worker", 0), ("settings", -signal.SIGTERM)])
def test_sigterm_during_the_imports_ends_a_process(command: str, code: int) -> None:
    """A worker with its code for a stop, another command by the signal."""
    assert _signal_during_import([], command)[0] == code


@pytest.mark.parametrize(
    ("command", "signals", "code"),
    [
        ("worker", [signal.SIGINT], 0),
        ("settings", [signal.SIGINT], -signal.SIGINT),
        ("worker", [signal.SIGHUP, signal.SIGHUP], 0),
        ("settings", [signal.SIGHUP], -signal.SIGTERM),
    ],
)
def test_an_interrupt_and_a_closed_terminal_are_heard_as_early(command: str, signals: list[int], code: int) -> None:
    """A traceback of imports tells nobody anything; the shell and the system both say that a terminal is gone."""
    assert _signal_during_import([], command, *signals)[0] == code


@pytest.mark.parametrize(("command", "code"), [("worker", 0), ("settings", 143)])
def test_sigterm_during_the_imports_ends_the_first_process_of_a_container(command: str, code: int) -> None:
    """Process 1 does not hear a signal for which it has no handler."""
    prefix = _namespaces()
    if not prefix:
        message = "unshare cannot make a PID namespace here: it is Linux's, and wants the right to"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    found, seconds = _signal_during_import(prefix, command)
    assert found == code
    assert seconds < 10


def test_a_traceback_shows_no_secret() -> None:
    """An exception that nobody expected may carry the URL."""
    program = (
        "import agents.cli.root, click\n"
        "def fail(): raise RuntimeError('redis://:hush@h is \\x1b[2J gone')\n"
        "agents.cli.root.cli = fail\n"
        "from agents.cli.main import main\n"
        "main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=_environment(), cwd=ROOT, check=False
    )
    assert result.returncode == 1
    assert "RuntimeError: redis://:***@h is \\x1b[2J gone" in result.stderr
    assert "hush@" not in result.stderr.replace("raise RuntimeError('redis://:hush@h", "")
