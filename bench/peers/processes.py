"""Processes that are measured: what a session of them used, and how it is ended for certain."""

import ctypes
import os
import random
import signal
import socket
import subprocess
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_SIGNAL_AT_PARENTS_END: Final = 1
"""``PR_SET_PDEATHSIG`` of prctl(2)."""


def clean_environment() -> dict[str, str]:
    """Return what every process needs of this one's environment, and nothing else."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "JAVA_HOME") if name in os.environ}


def free_port() -> int:
    """Return a port that nobody listens on, below the range from which the kernel gives ports to clients."""
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(20_000, 32_000)
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def end(process: "subprocess.Popen[bytes]", seconds: float = 30.0) -> None:
    """End a child: SIGTERM, then SIGKILL to exactly its pid."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def die_with_parent() -> None:
    """Have the kernel end a child when this process is gone, however that came."""
    ctypes.CDLL("libc.so.6").prctl(_SIGNAL_AT_PARENTS_END, signal.SIGKILL)


def session_pids(session: int) -> list[int]:
    """Return the processes of a session."""
    pids = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    return [pid for pid in pids if (fields := _stat(pid)) and int(fields[3]) == session]


def cpu_seconds(session: int) -> float:
    """Return the CPU time of all processes of a session, ended children included, in seconds."""
    return sum(sum(map(int, _stat(pid)[11:15])) for pid in session_pids(session)) / _TICKS


def peak_megabytes(session: int) -> float:
    """Return the sum of the largest resident sizes of a session's processes, in MiB."""
    total = 0
    for pid in session_pids(session):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue  # it has ended
        total += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
    return total / 1024


def end_session(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """End what was started: SIGTERM to it, then SIGKILL to what it started itself and left behind."""
    session = process.pid
    end(process, seconds)
    for pid in session_pids(session):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it has ended meanwhile


def _stat(pid: int) -> list[str]:
    """Return the fields of ``/proc/PID/stat`` behind the name; none when the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
