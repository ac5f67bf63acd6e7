"""`campaign-pulse campaigns check` and `apply --dry-run`: what a definition means, before it counts."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli

DEFINITION = """\
campaign_id: spring
name: Spring
starts_at: 2026-03-20 08:00+01:00
ends_at: 2026-04-05 08:00+02:00
influencers:
  - {influencer_id: ana, handle: "@ana", platform: instagram, discount_codes: [ANA10]}
giveaway:
  opens_at: 2026-03-20 08:00
  closes_at: 2026-03-29 23:59
  time_zone: Europe/Berlin
  replies_count: false
  excluded: ["@spring.brand"]
  friends: 2
  mentions: ["@spring.brand"]
  winners: 3
"""


def run(tmp_path: Path, text: str, *arguments: str) -> Result:
    """Run a command of the group on a file with this text."""
    file = tmp_path / "spring.yaml"
    file.write_text(text, encoding="utf-8")
    command, *options = arguments
    return CliRunner().invoke(cli, ["campaigns", command, str(file), *options])


def test_a_definition_is_told_in_words(tmp_path: Path) -> None:
    """Moments in UTC and in the giveaway's zone, rules in sentences, warnings; a warning alone is no failure."""
    done = run(tmp_path, DEFINITION, "check")
    assert done.exit_code == 0, done.output
    moment = "2026-03-29T23:59:00 = 2026-03-29 21:59:00 UTC = Sun 2026-03-29 23:59:00 CEST"
    assert f"giveaway.closes_at: {moment}" in done.output
    assert "every account of these tagged: @spring.brand" in done.output
    assert "3 win" in done.output
    assert "warning: giveaway.closes_at: the end is excluded" in done.output
    assert "1 influencers on instagram; 1 discount codes" in done.output


def test_warnings_fail_where_that_is_wanted(tmp_path: Path) -> None:
    """For pipelines; without a warning it passes."""
    assert run(tmp_path, DEFINITION, "check", "--strict").exit_code == 1
    assert run(tmp_path, DEFINITION.replace("2026-03-29 23:59", "2026-03-30 00:00"), "check", "--strict").exit_code == 0


def test_programs_get_json(tmp_path: Path) -> None:
    """One object for each definition of the file."""
    done = run(tmp_path, DEFINITION, "check", "--json")
    (found,) = json.loads(done.stdout)
    assert found["campaign_id"] == "spring"
    assert set(found["dates"]) == {"starts_at", "ends_at", "giveaway.opens_at", "giveaway.closes_at"}
    assert len(found["warnings"]) == 1


@pytest.mark.parametrize("arguments", [("check",), ("apply", "--dry-run")])
def test_a_rule_that_no_comment_can_keep_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """With file, line, field, and a comment that shows why; nothing is published."""
    done = run(tmp_path, DEFINITION + '  hashtags: ["#spring-glow"]\n', *arguments)
    assert done.exit_code == 2
    assert "spring.yaml:16: giveaway.hashtags[0]: can be in no comment on instagram" in done.output
    assert "'#spring-glow' is read as #spring" in done.output


def test_applying_warns(tmp_path: Path) -> None:
    """What is allowed and often a mistake is told, and does not stop anything."""
    done = run(tmp_path, DEFINITION, "apply", "--dry-run")
    assert done.exit_code == 0
    assert "warning: spring: giveaway.closes_at" in done.stderr


@pytest.mark.parametrize("command", [("remove",), ("purge", "--yes")])
def test_an_id_that_is_no_text_is_refused(command: tuple[str, ...]) -> None:
    """Bytes of a command line that are no UTF-8 ended it with a traceback, behind the question for Kafka."""
    result = CliRunner().invoke(cli, ["campaigns", *command, "a\udcff"], env={"PULSE_BROKER": "127.0.0.1:1"})
    assert result.exit_code == 2
    assert "is no UTF-8" in result.output
    assert "Traceback" not in result.output
