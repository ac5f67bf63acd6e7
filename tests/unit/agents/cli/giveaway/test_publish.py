"""`campaign-pulse giveaway publish`: what a gateway shows of a draw, and what it can answer."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli
from models.published_draws import PEOPLE_FILE, WINNERS_FILE, mark_of
from tests.unit.agents.cli.giveaway.conftest import put_in_place
from tests.unit.ledgers import OPENS_MS, block, comment, loaded

NOW_MS = OPENS_MS + 7 * 3_600_000


def run(*arguments: object) -> Result:
    """Run a giveaway command after the closing, without broker and Redis."""
    environment = {"PULSE_CLOCK": str(NOW_MS), "PULSE_REDIS_URL": ""}
    return CliRunner().invoke(cli, ["giveaway", *map(str, arguments)], env=environment)


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two entrants, frozen."""
    comments = [comment(1, "mia", "in", 1_000), comment(2, "leo", "in", 2_000)]
    put_in_place(monkeypatch, loaded(block(*comments)))
    frozen = run("freeze", "c", tmp_path / "draw", "--winners", 1, "--substitutes", 1, "--source", "dice")
    assert frozen.exit_code == 0, frozen.output
    return tmp_path / "draw"


def test_records_are_copied_and_the_key_is_not(draw: Path, tmp_path: Path) -> None:
    """First the list; after the draw all of it, with the names of those who agreed. Byte for byte."""
    to = tmp_path / "published" / "spring"
    done = run("publish", draw, to)
    assert (done.exit_code, "shown at /draws/spring" in done.output) == (0, True), done.output
    assert sorted(path.name for path in to.iterdir()) == sorted(
        ["entries.txt", "frozen.json", "left-out.txt", "log.json", PEOPLE_FILE, WINNERS_FILE]
    )
    assert run("draw", draw, "--randomness", "dice 4 2 6").exit_code == 0
    assert run("publish", draw, to, "--agreed", 1, "@the.winner").exit_code == 0
    for name in ("frozen.json", "entries.txt", "left-out.txt", "draw.json", "log.json"):
        assert (to / name).read_bytes() == (draw / name).read_bytes()
    assert json.loads((to / WINNERS_FILE).read_bytes()) == [{"place": 1, "name": "@the.winner"}]
    assert not (to / "secret.key").exists()
    assert all(path.stat().st_mode & 0o077 == 0 for path in to.iterdir())


def test_who_is_listed_is_found_by_handle(draw: Path, tmp_path: Path) -> None:
    """By a keyed hash: the file has no handle and no author id."""
    run("publish", draw, tmp_path / "to")
    text = (tmp_path / "to" / PEOPLE_FILE).read_text()
    people = json.loads(text)
    listed = {line.split()[0] for line in (draw / "entries.txt").read_text().splitlines()}
    assert {entrant for each in people["entrants"].values() for entrant in each} == listed
    assert mark_of(people["salt"], "mia") in people["entrants"]
    assert "mia" not in text
    run("publish", draw, tmp_path / "to", "--no-people")
    assert not (tmp_path / "to" / PEOPLE_FILE).exists()


@pytest.mark.parametrize("place", ["0", "2", "x", "-1"])
def test_only_a_place_of_the_draw_has_a_winner(draw: Path, tmp_path: Path, place: str) -> None:
    """Another one is refused before anything is written."""
    run("draw", draw, "--randomness", "dice 4 2 6")
    done = run("publish", draw, tmp_path / "to", "--agreed", place, "@x")
    assert (done.exit_code, "the draw has the places 1 to 1" in done.output) == (2, True), done.output
    assert not (tmp_path / "to").exists()
