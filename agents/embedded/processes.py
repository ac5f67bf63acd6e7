"""A child process whose lifetime, output and end are ours: what the embedded stack and the demo are made of."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_TAIL_BYTES: Final = 64 * 1024


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Hear of SIGINT and SIGTERM behind the block: between a fork and the note of it they would leave an orphan."""
    heard: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    # What is ignored stays ignored, for the child too; and only the main thread may change anything, or is interrupted.
    held = {number: handler for number, handler in handlers.items() if callable(handler)}
    if threading.current_thread() is not threading.main_thread():
        held = {}
    for number in held:
        signal.signal(number, lambda number, frame: heard.append(number))
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for each in heard:
            signal.raise_signal(each)


class ChildProcess:
    """One child in a process group of its own, with its output in a file.

    A group of its own keeps the terminal's Ctrl-C away from the child: it ends when `stop` says so, after the
    children that depend on it. On Linux the kernel kills the child when this process dies, however it dies;
    elsewhere only `stop` does. The kernel ties that to the *thread* which started the child, so the protection is
    asked for in the main thread only: in another one, the child would not outlive that thread.

    Args:
        name: How messages call it ("broker").
        command: Program and arguments; no shell.
        log_path: File that receives stdout and stderr, appended to.
        environment: The whole environment of the child; the parent's when absent.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log_path: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log_path = log_path
        self._command = list(command)
        self._environment = dict(environment) if environment is not None else None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The child's process id.

        Raises:
            RuntimeError: The child was not started.
        """
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while the child runs or before it starts."""
        return None if self._process is None else self._process.poll()

    @property
    def running(self) -> bool:
        """Whether the child was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the child.

        Raises:
            OSError: The program cannot be executed or the log cannot be written.
        """
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log, _held_back():
            self._process = subprocess.Popen(  # noqa: S603 - commands come from this package, never from input
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                process_group=0,
                preexec_fn=_die_with_parent(),
            )

    def signal(self, number: int) -> None:
        """Send a signal to the child's whole group; nothing happens when it has ended."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def wait(self, timeout_seconds: float) -> int | None:
        """Wait for the end; return the exit code, or None when the child still runs after the timeout."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, grace_seconds: float = 5.0) -> int | None:
        """End the child: SIGTERM, then SIGKILL after the grace. Stopping twice is harmless.

        Returns:
            The exit code, or None when the child was never started.
        """
        self.signal(signal.SIGTERM)
        if self.running and self.wait(grace_seconds) is None:
            self.signal(signal.SIGKILL)
            self.wait(grace_seconds)
        return self.exit_code

    def log_tail(self, lines: int = 20) -> str:
        """The last lines the child has written so far, without trailing blanks."""
        return file_tail(self.log_path, lines)


def file_tail(path: Path, lines: int) -> str:
    """The last lines of a file; an empty text when the file does not exist."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def resident_bytes(pid: int) -> int:
    """How much memory a process holds; 0 when it has ended or this system does not say."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (FileNotFoundError, ProcessLookupError):
        return 0 if sys.platform == "linux" else _resident_bytes_by_ps(pid)
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _resident_bytes_by_ps(pid: int) -> int:
    """The same without /proc, on macOS for example."""
    try:
        told = subprocess.run(  # noqa: S603 - the only argument is a number
            ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return int(told.stdout) * 1024 if told.stdout.strip().isdigit() else 0


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As servers do: a port with connections still in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _die_with_parent() -> Callable[[], None] | None:
    """What the child runs before exec, so that the kernel kills it with its parent (prctl(2)); None off Linux."""
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    # Loaded here, not in the child: between fork and exec only async-signal-safe work is sound.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the kernel was asked
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_kernel
