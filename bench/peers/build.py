"""What has to be built once, from the package registries, all versions pinned; and why something cannot be."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Final

from bench.peers.systems import BUILT, ROOT, SOURCES, Part

_SECONDS: Final = 1800
Say = Callable[[str], None]


class NotBuilt(Exception):  # noqa: N818  # says what a part is
    """A part cannot be built here; the message says why, in a line."""


def build(parts: Iterable[Part], say: Say) -> dict[Part, str]:
    """Build parts that are not there, and return those that cannot be, with the reason."""
    missing: dict[Part, str] = {}
    for part in sorted(set(parts)):
        try:
            _build(part, say)
        except NotBuilt as reason:
            missing[part] = str(reason)
    return missing


def _build(part: Part, say: Say) -> None:
    kind, _, name = part.partition(" ")
    if kind == "java":
        _java(say)
    elif kind == "rust":
        _rust(say)
    elif kind == "venv":
        _venv(name, say)


def _java(say: Say) -> None:
    target = BUILT / "java"
    if (target / "flink" / "libs").is_dir() and (target / "kafka-streams" / "libs").is_dir():
        return
    mvn = _program("mvn")
    _program("java")
    say("building the JVM's peers")
    # Maven writes beside its sources; those of the repository stay clean.
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(SOURCES / "java", target / "sources")
    _run([mvn, "-q", "-B", "--no-transfer-progress", "-f", str(target / "sources" / "pom.xml"), "package"])
    for name in ("flink", "kafka-streams"):
        shutil.move(target / "sources" / name / "target", target / name)


def _rust(say: Say) -> None:
    cargo = _program("cargo")
    say("building the peer in Rust")
    manifest = SOURCES / "rust" / "peer" / "Cargo.toml"
    _run(
        [
            cargo,
            "build",
            "--release",
            "--locked",
            "-q",
            "--manifest-path",
            str(manifest),
            "--target-dir",
            str(BUILT / "rust"),
        ]
    )


def _venv(name: str, say: Say) -> None:
    venv = BUILT / "venvs" / name
    done = venv / "built"
    if done.exists():
        return
    say(f"building the environment of {name}")
    shutil.rmtree(venv, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(venv)])
    requirements = SOURCES / "python" / f"requirements-{name}.txt"
    _run([str(venv / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", "-r", str(requirements)])
    done.touch()


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotBuilt(f"{name} is missing")
    return found


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS, cwd=ROOT)
    except subprocess.TimeoutExpired:
        raise NotBuilt(f"{command[0]} was not done after {_SECONDS} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing said"]
        raise NotBuilt(f"{' '.join(command[:3])} ended with {done.returncode}: {said[-1]}")
