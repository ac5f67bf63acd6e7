"""Draws the dashboards without a Grafana server: Node, the components of @grafana/ui, and a Chromium."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
DASHBOARDS: Final = FOLDER.parents[1] / "grafana" / "dashboards"
SIZES: Final = ("1920x1080", "1280x720")
_CHROMIUMS: Final = ("chromium", "chromium-browser", "google-chrome")


def missing() -> str | None:
    """Return what is not installed, with the command that brings it; None when everything is there."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "Node 20 is not installed"
    if not any(map(shutil.which, _CHROMIUMS)):
        return "Chromium is not installed: apt-get install chromium fonts-inter"
    if not (FOLDER / "node_modules" / "@grafana" / "ui").is_dir():
        return "the preview's packages are not installed: make preview-install"
    return None


def unknown(dashboards: Path = DASHBOARDS) -> list[str]:
    """Return what the Grafana whose packages are installed does not know of dashboards: options, settings, values.

    Args:
        dashboards: the folder of their files.

    Raises:
        RuntimeError: the types could not be read.
    """
    done = _run("check.mjs", str(dashboards), timeout_seconds=240)
    if done.returncode not in (0, 1) or "parts of dashboards" not in done.stdout:
        raise RuntimeError(f"check.mjs ended with {done.returncode}:\n{done.stdout}")
    return [line for line in done.stdout.splitlines() if ".json" in line]


def shoot(
    prometheus: str,
    out: Path,
    *,
    only: Sequence[str] = (),
    sizes: Sequence[str] = SIZES,
    moments: Path | None = None,
    query: str = "",
    is_missing: bool = False,
    timeout_seconds: float = 3600,
) -> str:
    """Draw dashboards from what a Prometheus knows, and write a PNG each and ``report.json``.

    Args:
        prometheus: its address.
        out: the folder of the pictures.
        only: names of dashboards, without ``.json``; all when empty.
        sizes: of the screen, such as ``1920x1080``.
        moments: a JSON list of ``{name, at, query}``; now when absent.
        query: of each page's address, such as ``var-campaign=spring``.
        is_missing: draw only pictures that are not there, or had something wrong with them.
        timeout_seconds: for everything.

    Returns:
        What was said, a line a picture.

    Raises:
        RuntimeError: a panel was not drawn, a query failed, or the browser complained; with what was said.
    """
    chromium = next(filter(None, map(shutil.which, _CHROMIUMS)))
    options = {
        "prometheus": prometheus,
        "dashboards": str(DASHBOARDS),
        "out": str(out.resolve()),
        "size": ",".join(sizes),
        "browser": chromium,
        "only": ",".join(only),
        "moments": "" if moments is None else str(moments.resolve()),
        "query": query,
    }
    given = [part for name, value in options.items() if value for part in (f"--{name}", value)]
    given += ["--missing"] if is_missing else []
    _node("build.mjs", timeout_seconds=timeout_seconds)
    return _node("shoot.mjs", *given, timeout_seconds=timeout_seconds)


def _run(script: str, *arguments: str, timeout_seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", script, *arguments],
        cwd=FOLDER,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )


def _node(script: str, *arguments: str, timeout_seconds: float) -> str:
    done = _run(script, *arguments, timeout_seconds=timeout_seconds)
    if done.returncode:
        raise RuntimeError(f"{script} ended with {done.returncode}:\n{done.stdout}")
    print(done.stdout, end="", file=sys.stderr)
    return done.stdout
