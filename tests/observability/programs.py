"""Programs of Prometheus and Alertmanager: where they are missing, a test is skipped; in CI that is a failure."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_PACKAGES = {
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "amtool": "prometheus-alertmanager",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "docker-compose": "docker-compose",
}


def program(name: str) -> str:
    """Return where a program is; skip the test when it is not installed, and fail it in CI."""
    found = shutil.which(name)
    if found is None:
        message = f"{name} is not installed: apt-get install {_PACKAGES[name]}"
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
