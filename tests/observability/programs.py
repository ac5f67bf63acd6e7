"""Programs of Prometheus and Alertmanager: where they are missing, a test is skipped; in CI that is a failure."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_BUILT = ROOT / "build" / "programs"
"""Where `make alertmanager` puts what Debian has too old."""
_LEAST = {"alertmanager": (0, 28), "amtool": (0, 28)}
"""Versions from which on a program knows what it is asked for here: Microsoft Teams' workflows."""
_HOW = {
    "promtool": "apt-get install prometheus",
    "prometheus": "apt-get install prometheus",
    "amtool": "make alertmanager",
    "alertmanager": "make alertmanager",
    "docker-compose": "apt-get install docker-compose",
}


def program(name: str) -> str:
    """Return where a program is; skip the test when it is not installed, and fail it in CI."""
    found = shutil.which(name, path=f"{_BUILT}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    # What was built here names no version: `go install` sets none.
    is_old = found is not None and name in _LEAST and Path(found).parent != _BUILT and _version(found) < _LEAST[name]
    if found is None or is_old:
        message = f"{name} is {'too old' if is_old else 'not installed'}: {_HOW[name]}"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return found


@cache
def _version(path: str) -> tuple[int, ...]:
    """Return what a program of Prometheus says that it is: `amtool, version 0.31.1 (branch: ...)`."""
    found = re.search(r"version (\d+)\.(\d+)", run([path, "--version"]))
    assert found is not None, path
    return tuple(map(int, found.groups()))


def run(command: Sequence[str], given: bytes | None = None) -> str:
    """Run a program to its end; it must succeed. Returns what it said."""
    done = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, timeout=60, check=False)
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, said
    return said
