"""Commands with the variables that kubelet, Docker and PulseAudio make, and with secrets in the settings."""

import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.cli.common import SafeFormatter
from agents.cli.root import cli
from tests.injected_variables import PULSEAUDIO
from tests.unit.agents.test_foreign_variables import docker, kubelet

ROOT = Path(__file__).parents[4]
FOREIGN = {
    **kubelet("pulse-kafka-bootstrap", name="tcp-clients"),
    **kubelet("pulse-kafka-brokers", 9091, name="tcp-replication"),
    **kubelet("pulse"),
    **docker("pulse-redis", 6379),
    **PULSEAUDIO,
}
# Nothing listens there.
SECRET = {"PULSE_REDIS_URL": "redis://ana:hush@127.0.0.1:1/0?ssl_password=hush", "PULSE_BROKER": "127.0.0.1:1"}
PLAIN = {"PULSE_REDIS_URL": "redis://ana:hush@127.0.0.1:1/0", "PULSE_BROKER": "127.0.0.1:1"}


def invoke(environ: dict[str, str], *arguments: str) -> Result:
    """A command with these variables."""
    return CliRunner().invoke(cli, list(arguments), env=environ)


def test_all_commands_read_settings_in_one_place() -> None:
    """What the tests below show of some commands holds for all."""
    users = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "agents").rglob("*.py")
        if "from_environment(os.environ" in path.read_text()
    ]
    assert users == ["agents/cli/common.py"]


@pytest.mark.parametrize("arguments", [("settings",), ("settings", "--json"), ("snapshot",), ("tail",)])
def test_foreign_variables_stop_no_command_and_need_no_word(arguments: tuple[str, ...]) -> None:
    """The Kubernetes example was a crash loop."""
    result = invoke({**FOREIGN, **PLAIN}, *arguments)
    if arguments[0] == "settings":
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
    else:
        assert "cannot be read" in result.output
    assert "warning" not in result.output


def test_a_near_miss_is_told_once_on_stderr() -> None:
    """And not in what programs read."""
    result = invoke({"PULSE_REDIS_URI": "redis://:hush@h"}, "settings", "--json")
    assert result.exit_code == 0
    json.loads(result.stdout)
    assert result.stderr == "warning: PULSE_REDIS_URI is no setting and ignored; was PULSE_REDIS_URL meant?\n"


QUICK = [("settings",), ("settings", "--json"), ("snapshot",), ("tail",)]
REFUSED = [
    {"PULSE_REDIS_URL": "redis://:hu#hush@h"},
    {"PULSE_REDIS_URL": "redis://:hush/x@h"},
    {"PULSE_REDIS_URL": "http://:hush@h"},
    {"PULSE_REDIS_URL": "redis://h/x?password=hush"},
    {"PULSE_BROKER": "kafka://ana:hush@h:1"},
]


@pytest.mark.parametrize(
    ("environ", "arguments"),
    [
        *((environ, arguments) for environ in (PLAIN, SECRET, *REFUSED) for arguments in QUICK),
        *((environ, ("worker",)) for environ in REFUSED),  # with good settings it would wait for a broker
    ],
)
def test_no_command_shows_a_password(environ: dict[str, str], arguments: tuple[str, ...]) -> None:
    """Neither in values, nor in messages."""
    result = invoke(environ, *arguments)
    assert "hush" not in result.output
    assert result.exit_code in (0, 2)
    assert environ is PLAIN or result.exit_code == 2 or arguments[0] == "settings"


def test_log_lines_and_tracebacks_are_masked_and_shown() -> None:
    """Whatever a client's exception carries."""
    try:
        raise RuntimeError("cannot reach redis://:hush@h\x1b[2J")
    except RuntimeError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "f", 1, "at %s", ("redis://b:hush@k",), (RuntimeError, error, error.__traceback__)
        )
    line = SafeFormatter("%(message)s").format(record)
    assert line.startswith("at redis://b:***@k\nTraceback")
    assert "RuntimeError: cannot reach redis://:***@h\\x1b[2J" in line


def test_a_password_file_is_named_and_not_shown(tmp_path: Path) -> None:
    """The URL of the file is in force, masked."""
    file = tmp_path / "url"
    file.write_text("redis://:hush@h:1\n")
    result = invoke({"PULSE_REDIS_URL_FILE": str(file)}, "settings", "--json")
    assert json.loads(result.stdout)["PULSE_REDIS_URL"] == "redis://:***@h:1"
    assert "PULSE_REDIS_URL_FILE" in invoke({"PULSE_REDIS_URL_FILE": str(file)}, "settings").output
