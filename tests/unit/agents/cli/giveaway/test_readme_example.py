"""The README's second example: its three commands as they stand there, from comments.csv to winners."""

import csv
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.cli.root import cli

ROOT = Path(__file__).parents[5]
HEADING = "## From comments.csv to a winner, without Kafka"


def commands() -> list[list[str]]:
    """The arguments of the commands below the heading."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split(HEADING)[1].split("\n## ")[0]
    return [shlex.split(line, comments=True)[1:] for line in re.findall(r"^    (campaign-pulse .*)$", section, re.M)]


def test_three_commands_lead_to_winners_and_a_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No broker and no Redis answers; the second command ends with the code that says that the value is awaited."""
    (tmp_path / "examples").mkdir()
    for name in ("comments.csv", "comments.yaml"):
        shutil.copy(ROOT / "examples" / name, tmp_path / "examples" / name)
    monkeypatch.chdir(tmp_path)
    nowhere = {"PULSE_BROKER": "127.0.0.1:1", "PULSE_REDIS_URL": "redis://127.0.0.1:1"}
    done = [CliRunner().invoke(cli, arguments, env=nowhere) for arguments in commands()]
    assert [each.exit_code for each in done] == [0, 3, 0], [each.output for each in done]
    # 51 comments: one again, one late, one of the brand, one that tags nobody, and one that tags its author.
    assert "51 entries: 1 duplicate, 4 invalid, 46 valid; 46 entrants, 46 chances" in done[0].output
    assert "publish the files of draw" in done[1].output
    with Path("draw/winners.csv").open(newline="") as stream:
        winners = list(csv.DictReader(stream))
    assert [each["place"] for each in winners] == ["winner 1", "winner 2"]
    with Path("draw/entrants.csv").open(newline="") as stream:
        entrants = {each["handle"]: each["comment"] for each in csv.DictReader(stream)}
    assert len(entrants) == 46
    assert {each["handle"] for each in winners} <= entrants.keys()
    assert next(text for text in entrants.values() if "HYPERLINK" in text).startswith("'=HYPERLINK(")
    assert "Kitchen giveaway" in Path("draw/certificate.html").read_text(encoding="utf-8")
