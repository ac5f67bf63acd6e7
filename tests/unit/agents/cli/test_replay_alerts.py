"""``campaign-pulse replay --alerts`` and ``--plot``: what would have been told, for people, for programs, and drawn."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.cli.replay import replay
from models.times import MINUTE_MS
from tests.unit.events import NOON_MS, value_of

CALM_MINUTES = 90
PER_MINUTE = 30
BURST_MS = NOON_MS + CALM_MINUTES * MINUTE_MS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An hour and a half of an even trickle, then forty times as many comments for two minutes, then calm again."""
    step = MINUTE_MS // PER_MINUTE
    calm = [value_of("comment.created", f"e{n}", NOON_MS + n * step) for n in range(CALM_MINUTES * PER_MINUTE)]
    burst = [value_of("comment.created", f"b{n}", BURST_MS + n * 50) for n in range(2_400)]
    after = [value_of("comment.created", f"a{n}", BURST_MS + 2 * MINUTE_MS + n * step) for n in range(900)]
    path = tmp_path / "burst.ndjson"
    path.write_bytes(b"".join(line + b"\n" for line in calm + burst + after))
    return path


def run(*arguments: str) -> tuple[int, str]:
    """Run the command; return exit code and what it printed."""
    result = CliRunner().invoke(replay, arguments)
    return result.exit_code, result.output


def test_alerts_are_listed_with_when_and_why(file: Path) -> None:
    """One row for the burst: its moment, how long it lasted, its rule, and the sentence."""
    code, output = run(str(file), "--alerts")
    assert code == 0
    assert output.count("engagement_spike") == 1
    assert re.search(r"2026-\d\d-\d\dT\d\d:3[0-4]:00Z +\d+ min +(warning|critical) +engagement_spike", output)


def test_alerts_are_part_of_the_document(file: Path) -> None:
    """With --json the transitions come with the rollups, from opening to the end, and nothing else is printed."""
    result = CliRunner().invoke(replay, (str(file), "--alerts", "--json"))
    kinds = [each["kind"] for each in json.loads(result.stdout)["alerts"]]
    assert (kinds[0], kinds[-1]) == ("opened", "resolved")
    assert "alerts" not in json.loads(CliRunner().invoke(replay, (str(file), "--json")).stdout)


def test_the_plot_shows_the_series_the_expectation_and_the_alert(file: Path, tmp_path: Path) -> None:
    """An SVG, whose text can be read: a panel for the series that had an alert, with band and both lines."""
    picture = tmp_path / "burst.svg"
    assert run(str(file), "--plot", str(picture))[0] == 0
    comments = re.findall(r"<!-- (.*?) -->", picture.read_text())
    assert any(text.endswith("engagement_spike") for text in comments), comments
    assert {"expected band", "expected", "observed"} <= set(comments)
    assert any(re.match(r"\d+ changes of 1 alerts; times in UTC", text) for text in comments)


def test_the_plot_can_be_a_png(file: Path, tmp_path: Path) -> None:
    """The name chooses the format."""
    picture = tmp_path / "burst.png"
    assert run(str(file), "--plot", str(picture))[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "message"),
    [("plot.gif", "the name must end in one of .png, .svg, .pdf"), ("missing/plot.png", "No such file or directory")],
)
def test_a_plot_that_cannot_be_written_is_refused(file: Path, tmp_path: Path, name: str, message: str) -> None:
    """With the option, the path and the reason, and a failing exit code."""
    code, output = run(str(file), "--plot", str(tmp_path / name))
    assert code != 0
    assert f"--plot {tmp_path / name}: " in output
    assert message in output
