"""The command line as a user meets it: help, exit codes, messages, pipes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from agents.cli.root import cli
from agents.setting_names import described
from tests.integration.commands import run

COMMENT = {
    "type": "comment.created",
    "event_id": "1",
    "campaign_id": "c",
    "influencer_id": "ana",
    "platform": "ig",
    "occurred_at": 1776528245250,
    "post_id": "p",
    "comment_id": "1",
    "author_id": "u1",
    "text": "I love it, great!",
}
LATER = {**COMMENT, "event_id": "2", "comment_id": "2", "author_id": "u2"}
LATER["occurred_at"] = "2026-04-18T18:04:06.250+02:00"
PURCHASE = {
    "type": "purchase",
    "event_id": "1",
    "campaign_id": "c",
    "platform": "shop",
    "occurred_at": 1776528245250,
    "order_id": "o",
    "amount": "12.50",
    "currency": "EUR",
}


def lines(*values: dict[str, Any]) -> bytes:
    """Events as NDJSON."""
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


LINES = lines(COMMENT, COMMENT) + b"\n" + lines(LATER, PURCHASE, {**PURCHASE, "amount": 12.5}) + b"hello\n"
NEWEST_MS = 1776528246250


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Six lines: two comments, one of them twice, an order, an order with a wrong amount, and no JSON; one is blank."""
    file = tmp_path / "events.ndjson"
    file.write_bytes(LINES)
    return file


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and group, as the words that name it."""
    context = click.Context(group)
    found = [path]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        found += commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.mark.parametrize("path", commands(cli), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help(path: tuple[str, ...], option: str) -> None:
    """Help of each command says what it does and lists each of its options with a text."""
    result = CliRunner().invoke(cli, [*path, option], prog_name="campaign-pulse")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: {' '.join(('campaign-pulse', *path))}")
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    assert command.help
    assert all(each.help for each in command.params if isinstance(each, click.Option)), path


def test_the_commands_others_rely_on_exist() -> None:
    """The names of design section 10."""
    names = {" ".join(path) for path in commands(cli)}
    assert names >= {
        *("worker", "demo", "simulate", "replay", "topics", "tail", "snapshot", "settings"),
        *("campaigns", "campaigns apply", "campaigns list", "campaigns remove"),
    }


def test_the_installed_program_and_the_module_are_one() -> None:
    """`campaign-pulse` and `python -m agents.cli` answer alike, and the version is the package's."""
    program = Path(sys.executable).with_name("campaign-pulse")
    installed = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert installed.stdout.split()[-1].count(".") == 2
    assert run("--version").stdout.split()[-1] == installed.stdout.split()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["replay"],
        ["replay", "no-such-file"],
        ["settings", "--no-such-option"],
        ["tail", "--last=x"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_exit_code_2(arguments: list[str]) -> None:
    """Wrong use says what is wrong on stderr and exits with 2."""
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error: " in result.stderr


class TestSettings:
    def test_every_default_is_printed_whole(self) -> None:
        """Also into a pipe, where no terminal says how wide it is."""
        result = run("settings", environment={"PATH": ""})
        assert result.returncode == 0
        lines = {line.split()[0]: line for line in result.stdout.splitlines()[1:]}
        for variable, default, doc in described():
            assert default in lines[variable]
            assert doc in lines[variable]

    def test_json_has_the_values_in_force(self) -> None:
        """--json prints what the environment sets, typed, and the defaults of the rest."""
        result = run("settings", "--json", environment={"PATH": "", "PULSE_FLUSH_SECONDS": "2.5"})
        values = json.loads(result.stdout)
        assert values["PULSE_FLUSH_SECONDS"] == 2.5
        assert values["PULSE_BROKER"] == "127.0.0.1:9092"
        assert set(values) == {variable for variable, _, _ in described()}

    @pytest.mark.parametrize("command", [["settings"], ["replay", "FILE"]])
    def test_a_misspelt_variable_is_told_and_stops_nothing(self, command: list[str], events: Path) -> None:
        """The prefix is shared with others; what was probably meant is named on stderr."""
        arguments = [str(events) if each == "FILE" else each for each in command]
        result = CliRunner(env={"PULSE_BROKERS": "kafka:9092"}).invoke(cli, arguments)
        assert result.exit_code == 0, result.output
        assert result.stderr.startswith("warning: PULSE_BROKERS is no setting and ignored; was PULSE_BROKER meant?\n")

    @pytest.mark.parametrize(
        ("variable", "value", "expected"),
        [
            ("PULSE_BROKER", "kafka", "HOST:PORT"),
            ("PULSE_REDIS_URL", "http://x", "redis://"),
            ("PULSE_PARTITIONS", "0", "1 to 1000"),
            ("PULSE_PARTITIONS", "many", "a whole number"),
            ("PULSE_FLUSH_SECONDS", "nan", "0.05 to 60"),
            ("PULSE_SENTIMENT", "psychic", "one of: "),
            ("PULSE_CLOCK", "noon", "a whole number"),
            ("PULSE_GROUP", "a b", "letters"),
            ("PULSE_LOG_LEVEL", "INFO", "debug, info"),
        ],
    )
    def test_a_wrong_value_is_refused(self, variable: str, value: str, expected: str) -> None:
        """The message has the variable, the value and what was expected."""
        result = CliRunner(env={variable: value}).invoke(cli, ["settings"])
        assert result.exit_code == 2
        assert result.stderr.startswith(f"Error: {variable}={value!r}: expected")
        assert expected in result.stderr


class TestReplay:
    def test_json_is_one_document_and_stderr_counts(self, events: Path) -> None:
        """--json prints the rollups as one JSON document; what became of the lines goes to stderr."""
        result = run("replay", str(events), "--json")
        assert result.returncode == 0
        snapshot: dict[str, Any] = json.loads(result.stdout)
        assert result.stdout.count("\n") == 1
        assert snapshot["as_of_ms"] == NEWEST_MS
        by_id = {each["influencer_id"]: each["windows"]["total"] for each in snapshot["influencers"]}
        assert (by_id["ana"]["comments"], by_id["ana"]["unique_commenters"]) == (2, 2)
        assert by_id[""]["revenue"] == {
            "EUR": {"orders": 1, "revenue": "12.5", "refunds": 0, "refunded": "0", "average_order_value": "12.5"}
        }
        (campaign,) = snapshot["campaigns"]
        assert (campaign["campaign_id"], campaign["windows"]["1m"]["comments"]) == ("c", 2)
        assert result.stderr.startswith(
            "6 lines: 3 events counted, 1 duplicates; refused: invalid_json 1, wrong_type 1 ("
        )

    def test_the_table_has_each_influencer(self, events: Path) -> None:
        """Without --json there is a table for people."""
        result = run("replay", str(events))
        assert result.returncode == 0
        assert "ana" in result.stdout
        assert "12.5 EUR" in result.stdout

    def test_as_of_before_the_newest_event_is_refused(self, events: Path) -> None:
        """Stream time never goes back."""
        result = run("replay", str(events), "--as-of", str(NEWEST_MS - 1))
        assert result.returncode == 2
        assert result.stdout == ""
        assert f"Error: --as-of: {NEWEST_MS - 1} lies before the newest event, {NEWEST_MS}" in result.stderr

    def test_as_of_moves_the_windows(self, events: Path) -> None:
        """Two minutes later nothing is left in the last minute, and the lifetime numbers stand."""
        for moment in ("2026-04-18T16:06:06.250Z", str(NEWEST_MS + 120_000)):
            snapshot = json.loads(run("replay", str(events), "--json", "--as-of", moment).stdout)
            assert snapshot["as_of_ms"] == NEWEST_MS + 120_000
            windows = snapshot["campaigns"][0]["windows"]
            assert (windows["1m"].get("comments", 0), windows["total"]["comments"]) == (0, 2)

    @pytest.mark.parametrize("moment", ["yesterday", "2026-04-18T16:06:06"])
    def test_as_of_must_be_a_moment(self, moment: str, events: Path) -> None:
        """A time without an offset is none."""
        result = CliRunner().invoke(cli, ["replay", str(events), "--as-of", moment])
        assert result.exit_code == 2
        assert repr(moment) in result.stderr

    def test_a_definition_gives_names_and_attribution(self, events: Path, tmp_path: Path) -> None:
        """-d reads a definition file; a wrong one ends with file, line, field and value."""
        file = tmp_path / "campaign.yaml"
        file.write_text(
            'campaign_id: c\nname: Mini\nstarts_at: "2026-04-18T00:00:00Z"\nends_at: "2026-04-19T00:00:00Z"\n'
            'influencers:\n  - { influencer_id: ana, handle: "@ana", platform: ig, followers: 100 }\n'
        )
        snapshot = json.loads(run("replay", str(events), "--json", "-d", str(file)).stdout)
        assert snapshot["campaigns"][0]["name"] == "Mini"
        assert {each["handle"] for each in snapshot["influencers"]} == {"", "@ana"}
        file.write_text(file.read_text().replace("100", "-1"))
        wrong = run("replay", str(events), "--json", "-d", str(file))
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert f"{file}:6: influencers[0].followers: " in wrong.stderr

    def test_an_empty_file_is_an_empty_snapshot(self, tmp_path: Path) -> None:
        """No lines, no numbers, no error."""
        file = tmp_path / "empty.ndjson"
        file.write_bytes(b"\n\n")
        result = run("replay", str(file), "--json")
        assert result.returncode == 0
        assert json.loads(result.stdout) == {"as_of_ms": 0, "campaigns": [], "influencers": [], "giveaways": []}
        assert result.stderr.startswith("0 lines: 0 events counted")

    def test_several_files_are_one_stream(self, events: Path, tmp_path: Path) -> None:
        """Files are read in the order given; an event in both counts once."""
        other = tmp_path / "more.ndjson"
        other.write_bytes(lines(COMMENT, PURCHASE, {**LATER, "event_id": "3", "comment_id": "3"}))
        result = run("replay", str(events), str(other), "--json")
        total = json.loads(result.stdout)["campaigns"][0]["windows"]["total"]
        assert (total["comments"], total["purchases"]) == (3, 1)


@pytest.mark.parametrize(
    "arguments", [["replay", "FILE", "--json"], ["replay", "FILE"], ["settings"], ["topics", "--no-create"]]
)
def test_a_closed_pipe_ends_quietly(arguments: list[str], tmp_path: Path) -> None:
    """`| head` leaves no traceback, however much there was to print."""
    file = tmp_path / "many.ndjson"
    file.write_bytes(lines(*({**COMMENT, "event_id": str(n), "influencer_id": str(n)} for n in range(500))))
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        result = subprocess.run(
            [sys.executable, "-m", "agents.cli", *(str(file) if each == "FILE" else each for each in arguments)],
            stdout=closed,
            stderr=subprocess.PIPE,
            env={"PATH": ""},
            text=True,
            timeout=60,
            check=False,
        )
    assert "Traceback" not in result.stderr
    assert "Error" not in result.stderr
    assert "Exception" not in result.stderr
    assert result.returncode == 1


@pytest.mark.parametrize("arguments", [["snapshot"], ["snapshot", "--json"], ["tail", "--count", "1"]], ids=" ".join)
def test_redis_away_is_one_line_and_exit_code_2(arguments: list[str]) -> None:
    """What reads Redis says that it cannot, and from where it tried."""
    result = CliRunner(env={"PULSE_REDIS_URL": "redis://127.0.0.1:1/0"}).invoke(cli, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: Redis at redis://127.0.0.1:1/0 cannot be read: ")
    assert result.stderr.count("\n") == 1
