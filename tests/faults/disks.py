"""Disks that can be made full: a small file system of its own where the system lets us, else a limit on a process."""

import errno
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess

ROOM_BYTES = 16_384
"""What still fits on the disk once it is full: less than a flush writes."""
DISK_BYTES = 64 * 1024 * 1024
START_SECONDS = 10.0
_ENTER = ("--user", "--mount", "--preserve-credentials")


class Disk(Protocol):
    """Where the stores of workers lie."""

    how: str
    """What makes it full, for the table."""
    prefix: tuple[str, ...]
    """What a command that uses it begins with."""

    def fill(self, worker: ChildProcess) -> None:
        """Leave so little room that a worker's next flush does not fit."""

    def free(self) -> None:
        """Make room again."""


@contextmanager
def a_disk(directory: Path) -> Iterator[Disk]:
    """Yield a disk for what lies in a directory.

    A file system in memory, mounted in a namespace of its own, which needs no privilege on most Linux systems; where it
    does, the files of the worker are limited instead: writing fails in the same place, with EFBIG in place of ENOSPC.
    """
    if can_mount():
        with SmallDisk(directory) as disk:
            yield disk
    else:
        yield FileLimit(directory)


def can_mount() -> bool:
    """Whether a process of ours may mount a file system for itself."""
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return False
    tried = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        check=False,
    )
    return tried.returncode == 0


class SmallDisk(AbstractContextManager["SmallDisk"]):
    """A file system in memory of a fixed size, seen by the processes that are started with ``prefix``."""

    def __init__(self, directory: Path) -> None:
        self.how = f"a file system of {DISK_BYTES // 1024 // 1024} MiB"
        self.prefix: tuple[str, ...] = ()
        directory.mkdir(parents=True, exist_ok=True)
        script = f'mount -t tmpfs -o size={DISK_BYTES} tmpfs "$1" && touch "$1/mounted" && exec sleep infinity'
        self._holder = ChildProcess(
            "disk",
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", str(directory)],
            log_path=directory.parent / "disk.log",
        )
        self._directory = directory

    def __enter__(self) -> "SmallDisk":
        self._holder.start()
        self._inside = Path(f"/proc/{self._holder.pid}/root{self._directory}")
        mounted = wait_until(lambda: (self._inside / "mounted").exists(), timeout_seconds=START_SECONDS)
        if not mounted:
            raise RuntimeError(f"no file system for the stores: {self._holder.log_tail(5)}")
        self.prefix = ("nsenter", f"--target={self._holder.pid}", *_ENTER, "--")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holder.stop()

    def fill(self, worker: ChildProcess) -> None:
        """Write a file until nothing fits any more, and cut a little off."""
        with (self._inside / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            filler.truncate(max(0, filler.tell() - ROOM_BYTES))

    def free(self) -> None:
        """Remove that file."""
        (self._inside / "filler").unlink()


class FileLimit:
    """No disk of its own: no file of a worker may grow (RLIMIT_FSIZE), until that worker has ended."""

    def __init__(self, directory: Path) -> None:
        self.how = "a limit on the size of files"
        self.prefix: tuple[str, ...] = ()
        self._directory = directory

    def fill(self, worker: ChildProcess) -> None:
        """Limit the worker's files to a little more than the largest there is."""
        sizes = [file.stat().st_size for file in self._directory.rglob("*") if file.is_file()]
        limit = max(sizes, default=0) + ROOM_BYTES
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (limit, limit))

    def free(self) -> None:
        """Do nothing: the limit went with the worker."""
