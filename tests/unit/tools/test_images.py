"""Pins of images: what is missing, differs or is too old is said, and renewing writes what a registry answered."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from tools import images

ROOT = Path(__file__).parents[3]
OLD = "sha256:" + "a" * 64
NEW = "sha256:" + "b" * 64
SEEN = date(2026, 9, 1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one image in three files, and one of its own."""
    (tmp_path / "k8s").mkdir()
    (tmp_path / "Dockerfile").write_text(f"FROM python:3.11.1-slim@{OLD} AS build\nFROM build\n")
    (tmp_path / "docker-compose.yml").write_text(
        f"services:\n  web: {{image: 'web/web:1.2.3@{OLD}'}}\n  ours: {{image: 'campaign-pulse:0.1.0'}}\n"
    )
    (tmp_path / "k8s" / "web.yaml").write_text(
        f"kind: A\n---\nspec:\n  containers:\n    - image: web/web:1.2.3@{OLD}\n"
        "    - image: registry.example.com/campaign-pulse:0.1.0\n"
    )
    _pins(tmp_path, [("python", "3.11.1-slim", OLD), ("web/web", "1.2.3", OLD)])
    return tmp_path


def _pins(root: Path, pins: list[tuple[str, str, str]]) -> None:
    entries = [
        f'[[image]]\nname = "{name}"\ntag = "{tag}"\ndigest = "{digest}"\nseen = {SEEN}\nby = "repositories"\n'
        for name, tag, digest in pins
    ]
    (root / "images.toml").write_text("# What stands above stays.\n\n" + "\n".join(entries))


def _docker(root: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A docker command that says what a script says."""
    program = root / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_the_images_of_this_repository_are_pinned_and_agree() -> None:
    """Each has a tag and a digest, the same in every file; their age is for `make images`, not for every commit."""
    newest = max(pin.seen for pin in images.read_pins(ROOT))
    assert images.problems(ROOT, newest) == []
    assert len(images.read_pins(ROOT)) >= 6


def test_all_is_well_up_to_the_last_day(root: Path) -> None:
    """The age is counted in days: 90 pass, 91 do not, and the sentence has what to do in it."""
    assert images.problems(root, date(2026, 11, 30)) == []
    (python, web) = images.problems(root, date(2026, 12, 1))
    assert python == "images.toml: python:3.11.1-slim was seen 91 days ago, on 2026-09-01 (90 at most)"
    assert "web/web:1.2.3" in web
    assert len(images.problems(root, date(2026, 9, 3), most_days=1)) == 2


def test_a_day_that_lies_ahead_is_no_proof(root: Path) -> None:
    """A pin cannot have been seen tomorrow."""
    assert "lies ahead" in images.problems(root, date(2026, 8, 31))[0]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("Dockerfile", "FROM python:3.11.1-slim\n", "Dockerfile: python:3.11.1-slim has no tag with a digest"),
        ("Dockerfile", f"FROM --platform=x python@{OLD}\n", f"Dockerfile: python@{OLD} has no tag with a digest"),
        ("k8s/web.yaml", f"image: web/web:1.2.3@{NEW}\n", f"k8s/web.yaml: web/web:1.2.3@{NEW} is not what images.toml"),
        ("k8s/web.yaml", f"image: web/web:1.2.4@{OLD}\n", f"k8s/web.yaml: web/web:1.2.4@{OLD} is not what images.toml"),
        ("docker-compose.more.yml", f"services: {{x: {{image: 'y:1@{OLD}'}}}}\n", "y is not in images.toml"),
        ("docker-compose.more.yml", "services: {x: {image: 'campaign-pulse-x:1'}}\n", "campaign-pulse-x:1 has no tag"),
    ],
)
def test_an_image_that_is_not_pinned_like_the_others_is_named(root: Path, file: str, text: str, expected: str) -> None:
    """With the file it stands in."""
    (root / file).write_text(text)
    assert any(expected in each for each in images.problems(root, SEEN))


def test_a_pin_that_nobody_uses_is_named(root: Path) -> None:
    """It would be renewed for ever."""
    _pins(root, [("python", "3.11.1-slim", OLD), ("web/web", "1.2.3", OLD), ("gone", "1", OLD)])
    assert images.problems(root, SEEN) == ["images.toml: gone is used nowhere"]


def test_renewing_writes_the_registrys_answer_everywhere(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new tag in images.toml gets its digest, in every file, with the day; what was not asked for stays."""
    _pins(root, [("python", "3.11.1-slim", OLD), ("web/web", "1.3.0", OLD)])
    _docker(root, monkeypatch, f"""test "$4" = web/web:1.3.0 && echo '{{"digest": "{NEW}", "size": 1}}'""")
    assert images.main(["--renew", "web/web", "--root", str(root), "--days", "100000"]) == 0
    assert f"web/web:1.3.0@{NEW}" in capsys.readouterr().out
    for file in ("docker-compose.yml", "k8s/web.yaml"):
        assert images.references(root / file) == [f"web/web:1.3.0@{NEW}"]
    assert f"python:3.11.1-slim@{OLD}" in (root / "Dockerfile").read_text()
    assert "campaign-pulse:0.1.0" in (root / "k8s" / "web.yaml").read_text()
    python, web = images.read_pins(root)
    assert (python.seen, python.by) == (SEEN, "repositories")
    assert (web.seen > SEEN, web.by, web.digest) == (True, "registry", NEW)
    assert (root / "images.toml").read_text().startswith("# What stands above stays.\n")


@pytest.mark.parametrize(
    "script",
    ["echo 'unknown flag' >&2; exit 125", "echo no JSON", "echo '{}'", 'echo \'{"digest": "latest"}\''],
)
def test_nothing_is_written_when_a_registry_cannot_be_asked(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], script: str
) -> None:
    """Exit code 2 with the image and the reason, and the files as they were: no digest is invented."""
    before = shutil.copytree(root, root / "before")
    _docker(root, monkeypatch, script)
    assert images.main(["--renew", "--root", str(root)]) == 2
    assert "python:3.11.1-slim: the " in capsys.readouterr().err
    for file in ("Dockerfile", "docker-compose.yml", "k8s/web.yaml", "images.toml"):
        assert (root / file).read_text() == (before / file).read_text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[image]", "images.toml: "),
        ("x = 1", "images.toml: 'image'"),
        ('[[image]]\nname = "a"\n', "missing 4 required"),
        (f'[[image]]\nname="a"\ntag="1"\ndigest="{OLD}0"\nseen=2026-01-01\nby="registry"\n', "expected sha256:"),
        (f'[[image]]\nname="a"\ntag="1"\ndigest="{OLD}"\nseen="today"\nby="registry"\n', "expected a date"),
        (f'[[image]]\nname="a"\ntag="1"\ndigest="{OLD}"\nseen=2026-01-01\nby="me"\n', "expected registry or"),
    ],
)
def test_pins_that_cannot_be_read_are_an_error(
    root: Path, capsys: pytest.CaptureFixture[str], text: str, expected: str
) -> None:
    """Exit code 2: what cannot be checked has not passed."""
    (root / "images.toml").write_text(text)
    assert images.main(["--root", str(root)]) == 2
    assert expected in capsys.readouterr().err
