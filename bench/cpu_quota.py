"""A part of a core for a process: so that a machine with two cores shows what four workers do with a core each."""

import os
import uuid
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_ROOT: Final = Path("/sys/fs/cgroup")
_PERIOD_US: Final = 20_000
"""Short beside a flush: a process that has used up its part waits for milliseconds, not for a tenth of a second."""


class NoQuota(Exception):  # noqa: N818  # says what this machine lacks
    """This machine gives no quotas; the message says why."""


class CpuQuotas:
    """Gives each process that is put here so much of a core at most, and no more (Linux control groups, 1 and 2).

    Args:
        share: of a core, for each process.

    Raises:
        NoQuota: there are no control groups with a CPU controller, or we may not make one.
    """

    def __init__(self, share: float) -> None:
        self._quota_us = max(1000, round(share * _PERIOD_US))
        self._is_second = "cpu" in _read(_ROOT / "cgroup.subtree_control").split()
        base = _ROOT if self._is_second else _ROOT / "cpu"
        if not self._is_second and not (base / "cpu.cfs_quota_us").exists():
            raise NoQuota(f"no CPU controller below {_ROOT}")
        self._base = base / f"pulse-bench-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._groups: list[Path] = []
        try:
            self._base.mkdir()
            if self._is_second:
                (self._base / "cgroup.subtree_control").write_text("+cpu")
        except OSError as error:
            raise NoQuota(f"{base}: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for group in [*self._groups, self._base]:
            group.rmdir()

    def put(self, pid: int) -> None:
        """Hold a process, with all its threads, to its part from now on. It must have ended when this is left."""
        group = self._base / str(pid)
        group.mkdir()
        self._groups.append(group)
        if self._is_second:
            (group / "cpu.max").write_text(f"{self._quota_us} {_PERIOD_US}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(self._quota_us))
        (group / "cgroup.procs").write_text(str(pid))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
