"""Advisories: none, some, or not checked; what could not be checked never passes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import QuietHandler, Serving
from tools import advisories

ROOT = Path(__file__).parents[3]
LOCK = "one==1.0 \\\n    --hash=sha256:aa\nTwo.Words==2.0.post1 ; sys_platform == 'linux' \\\n    --hash=sha256:bb\n"
ADVISORY = {
    "id": "PYSEC-2026-1",
    "aliases": ["CVE-2026-1"],
    "fixed_in": ["1.1"],
    "summary": "A hostile \x1b[31mheader",
    "withdrawn": None,
}


class Index(Serving):
    """A package index on this machine, with answers that a test may change."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Any] = {
            "/pypi/jinja2/2.10/json": self.answer(
                "Jinja2", "2.10", {"id": "PYSEC-2019-217", "aliases": ["CVE-2019-10906"]}
            ),
            "/pypi/one/1.0/json": self.answer("one", "1.0"),
            "/pypi/two.words/2.0.post1/json": self.answer("two-words", "2.0.post1"),
        }
        index = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                answer = index.answers.get(self.path)
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.answer(404 if answer is None else 200, data)

        super().__init__(Handler)

    @staticmethod
    def answer(name: str, version: str, *found: dict[str, Any]) -> dict[str, Any]:
        """An answer of the JSON API, as far as it is read."""
        return {"info": {"name": name, "version": version}, "vulnerabilities": list(found)}


@pytest.fixture
def index() -> Iterator[Index]:
    """An index that knows the packages of the lock and nothing against them."""
    with Index() as made:
        yield made


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock with two packages."""
    path = tmp_path / "some.lock"
    path.write_text(LOCK)
    return path


def run(lock: Path, index: Index, *options: str) -> int:
    """The command's exit code."""
    return advisories.main([str(lock), "--service", index.url, *options])


def test_checked_and_nothing_known_passes(lock: Path, index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    """Every release was asked for once, the one with a known advisory first."""
    assert run(lock, index) == 0
    assert capsys.readouterr().out == "2 of 2 releases checked, 0 advisories\n"
    assert index.asked[0] == "/pypi/jinja2/2.10/json"
    assert sorted(index.asked[1:]) == ["/pypi/one/1.0/json", "/pypi/two.words/2.0.post1/json"]


def test_an_advisory_fails(lock: Path, index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    """With its names and where it is mended, as text; what was withdrawn or looked into does not."""
    index.answers["/pypi/one/1.0/json"] = index.answer(
        "one", "1.0", ADVISORY, {**ADVISORY, "id": "X", "withdrawn": "2026-01-01"}
    )
    assert run(lock, index) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == r"one 1.0: PYSEC-2026-1, CVE-2026-1, mended in 1.1: A hostile \x1b[31mheader"
    assert run(lock, index, "--accept", "CVE-2026-1") == 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "the service answers 404 Not Found"),
        (b"<html>captive portal</html>", "tells no advisories"),
        ({"info": {"name": "one", "version": "1.0"}}, "tells no advisories (KeyError: 'vulnerabilities')"),
        ({"info": {"name": "one", "version": "1.0"}, "vulnerabilities": None}, "tells no advisories"),
        ({"info": {"name": "one", "version": "1.0"}, "vulnerabilities": ["x"]}, "tells no advisories"),
        ([], "tells no advisories"),
        (Index.answer("one", "1.1"), "is about another release"),
        (Index.answer("other", "1.0"), "is about another release"),
    ],
)
def test_a_release_that_could_not_be_checked_fails(
    lock: Path, index: Index, capsys: pytest.CaptureFixture[str], answer: Any, reason: str
) -> None:
    """Exit code 2 with its name and why, however well the others came out."""
    index.answers["/pypi/one/1.0/json"] = answer
    assert run(lock, index) == 2
    said = capsys.readouterr()
    assert said.err.startswith("NOT checked: one 1.0: ")
    assert reason in said.err
    assert said.out == "1 of 2 releases checked, 0 advisories\n"


@pytest.mark.parametrize("answer", [None, Index.answer("jinja2", "2.10"), {"info": {}}])
def test_a_service_that_tells_nothing_is_no_good_news(
    lock: Path, index: Index, capsys: pytest.CaptureFixture[str], answer: Any
) -> None:
    """A mirror without advisories knows nothing against anything: it is noticed by one question, and asked no other."""
    index.answers["/pypi/jinja2/2.10/json"] = answer
    assert run(lock, index) == 2
    assert capsys.readouterr().err.startswith("NOT checked: asked about jinja2 2.10: ")
    assert len(index.asked) == 1


def test_nobody_there_is_no_good_news(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 at once."""
    assert advisories.main([str(lock), "--service", "http://127.0.0.1:1"]) == 2
    assert "the service does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "pins nothing"),
        ("# only\n", "pins nothing"),
        ("one>=1\n", "line 1: no NAME==VERSION: 'one>=1'"),
        (None, "No such"),
    ],
)
def test_a_lock_that_cannot_be_read_is_no_good_news(
    lock: Path, index: Index, capsys: pytest.CaptureFixture[str], text: str | None, reason: str
) -> None:
    """A line that is not understood would be a package that nobody looks at."""
    lock.unlink() if text is None else lock.write_text(text)
    assert run(lock, index) == 2
    assert reason in capsys.readouterr().err
    assert index.asked == []


def test_the_locks_of_this_repository_are_understood() -> None:
    """Every package, those for one platform only included; textblob, which the product is for, is among them."""
    for name in advisories.LOCKS:
        found = advisories.releases_of(ROOT / name)
        assert len(found) == (ROOT / name).read_text().count("==") - (ROOT / name).read_text().count(" == ")
        assert "textblob" in {each.name for each in found}
