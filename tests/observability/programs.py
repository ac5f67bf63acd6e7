"""Programs of Prometheus and Alertmanager: where they are missing, a test is skipped; in CI that is a failure."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_BUILT = ROOT / "build" / "programs"
"""Where `make alertmanager` puts what Debian has too old: Microsoft Teams' workflows are known since 0.28."""
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
    if found is None:
        message = f"{name} is not installed: {_HOW[name]}"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return found


def run(command: Sequence[str], given: bytes | None = None) -> str:
    """Run a program to its end; it must succeed. Returns what it said."""
    done = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, timeout=60, check=False)
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, said
    return said
