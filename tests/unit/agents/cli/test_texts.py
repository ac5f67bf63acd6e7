"""Arguments that are texts: what is no UTF-8, empty or too long is refused before anything is asked or sent."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from agents.cli import root
from agents.cli.root import cli


def _commands(
    group: click.Group, context: click.Context, *path: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, context, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(_commands(cli, click.Context(cli)))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_command_takes_bytes_that_are_no_text(path: tuple[str, ...]) -> None:
    """A terminal of another encoding gives them; Kafka and Redis cannot be asked for them."""
    for parameter in COMMANDS[path].params:
        assert parameter.type is not click.STRING, parameter.name


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["dead-letters", "list", "--contains", "\udcff"], "no UTF-8"),
        (["dead-letters", "list", "--contains", ""], "empty"),
        (["dead-letters", "redrive", "--yes", "--campaign", ""], "empty"),
        (["dead-letters", "list", "--since", "9" * 5_000 + "d"], "duration"),
        (["people", "export", "\udcff", "--out", "x.json"], "no UTF-8"),
        (["snapshot", "--campaign", "\udcff"], "no UTF-8"),
        (["sentiment", "explain", "\udcff"], "no UTF-8"),
        (["campaigns", "purge", "", "--yes"], "1 to 256"),
        (["campaigns", "remove", ""], "1 to 256"),
        (["campaigns", "remove", "x" * 257], "1 to 256"),
    ],
)
def test_a_text_that_means_nothing_is_wrong_use(arguments: list[str], word: str) -> None:
    """An unset variable of a script must not mean every dead letter, nor a mark that no worker can read."""
    done = CliRunner(env={"PULSE_BROKER": "127.0.0.1:1", "PULSE_REDIS_URL": ""}).invoke(cli, arguments)
    assert done.exit_code == 2, done.output
    assert word in done.output


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["people", "export", "@mia", "--out", "no-such-folder/mia.json"], "no-such-folder is no directory"),
        (["people", "export", "@mia", "--out", "file/mia.json"], "file is no directory"),
        (["people", "export", "@mia", "--out", "file"], "file is there already"),
        (["people", "export", "@mia", "--out", "dangling"], "dangling is there already"),
    ],
)
def test_a_file_that_could_not_be_written_is_wrong_use_before_anything_is_searched(
    arguments: list[str], word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search takes minutes; this broker is away, and is not even asked."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    Path("dangling").symlink_to("nowhere")
    done = CliRunner(env={"PULSE_BROKER": "127.0.0.1:1", "PULSE_REDIS_URL": ""}).invoke(cli, arguments)
    assert (done.exit_code, word in done.output) == (2, True), done.output


RANGES = [
    (path, each)
    for path, command in COMMANDS.items()
    for each in command.params
    if isinstance(each.type, click.FloatRange) or each.type is click.FLOAT
]


@pytest.mark.parametrize("text", ["nan", "inf", "1e999"])
@pytest.mark.parametrize(("path", "option"), RANGES, ids=lambda each: getattr(each, "name", None) or " ".join(each))
def test_no_number_of_a_command_is_endless(path: tuple[str, ...], option: click.Parameter, text: str) -> None:
    """``nan`` passes every comparison with a bound, and whoever waits for it waits for ever or not at all."""
    with pytest.raises(click.BadParameter, match=r"is no finite number|not in the range"):
        option.type.convert(text, option, None)


@pytest.mark.parametrize("name", root.COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    """The list is written without importing them, and must not become another text than theirs."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert root.COMMANDS[name].help == command.get_short_help_str(1_000)


def test_the_list_of_commands_imports_none_of_them() -> None:
    """Who asks for help does not wait for Kafka's clients, Faust or the giveaway."""
    lines = "import sys\nfrom click.testing import CliRunner\nfrom agents.cli.root import cli\n"
    asks = "assert CliRunner().invoke(cli, ['--help']).exit_code == 0\n"
    tells = "print(*({'kafka', 'faust', 'agents.cli.worker', 'streams.replay'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", lines + asks + tells], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [], "")
