"""A canary in every secret setting: whatever is printed, raised or logged, it is never in it."""

import base64
import json
import logging
import re
import traceback
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from click.testing import CliRunner

from agents.cli.common import SafeFormatter
from agents.cli.root import cli
from agents.settings import SettingError, Settings
from tests.brokers.security import Authority, openssl

CANARIES = ["c4nary-s3cret", "c4n%ry:/@#? =&'\"s3cret", "c4näry\u202es3cret"]
SECRETS = [each.name for each in fields(Settings) if each.metadata["secret"]]
_NOWHERE = {"BROKER": "127.0.0.1:1"}
_LOGIN = {**_NOWHERE, "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_USERNAME": "pulse"}
COMMANDS = [
    ("settings",),
    ("settings", "--json"),
    ("worker",),
    ("snapshot",),
    ("tail",),
]
"""All others read their settings and reach Kafka and Redis where these do (`test_environment.py`)."""


@pytest.fixture(scope="module")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A certificate whose key is encrypted with another password than any canary."""
    place = tmp_path_factory.mktemp("keys")
    certificate, key = Authority(place).issue("pulse")
    openssl(place, "ec", "-in", key.name, "-aes256", "-passout", "pass:other", "-out", "locked.key")
    return {"KAFKA_SSL_CERT_FILE": str(certificate), "KAFKA_SSL_KEY_FILE": str(place / "locked.key")}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens at the address: that is known at once."""
    monkeypatch.setattr("agents.connection.reach.check_reachable.__defaults__", (0.05,))
    monkeypatch.setattr("agents.connection.reach._AGAIN_SECONDS", 0.01)


def around(name: str, canary: str, key_files: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Values of a secret setting with the canary in them, and settings with which they are in use."""
    if name == "redis_url":
        for url in (
            f"redis://:{quote(canary, safe='')}@127.0.0.1:1/0",
            f"redis://ana:{canary}@127.0.0.1:1/0",
            f"redis://127.0.0.1:1/0?password={quote_plus(canary)}",
            f"rediss://127.0.0.1:1?ssl_password={quote_plus(canary)}",
            f"redis+sentinel://:{quote(canary, safe='')}@127.0.0.1:1/main?sentinel_password={quote_plus(canary)}",
            f"{canary}@127.0.0.1",
        ):
            yield url, _NOWHERE
    elif name == "kafka_sasl_password":
        for mechanism in ("PLAIN", "SCRAM-SHA-512"):
            yield canary, {**_LOGIN, "KAFKA_SASL_MECHANISM": mechanism}
    elif name == "kafka_oauth_client_secret":
        yield (
            canary,
            {
                **_NOWHERE,
                "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
                "KAFKA_OAUTH_TOKEN_URL": "http://127.0.0.1:1/token",
                "KAFKA_OAUTH_CLIENT_ID": "pulse",
            },
        )
    elif name == "kafka_ssl_key_password":
        yield canary, {**_NOWHERE, "KAFKA_SECURITY_PROTOCOL": "SSL", **key_files}
    elif name in ("gateway_secrets", "gateway_keys", "gateway_read_keys", "poll_tokens"):
        yield f"shop={canary}", _NOWHERE
    elif name == "gateway_webhook_secrets":
        yield f"ops=whsec_{canary}", _NOWHERE
    elif name == "gateway_webhooks":
        for field in ("url", "name", "alerts", canary):
            yield json.dumps([{"name": "ops", "url": "https://ops.example/", "alerts": ["opened"], field: canary}]), {}
        yield json.dumps([{"name": "ops", "url": f"https://ops.example/{quote(canary)}", "alerts": ["opened"]}]), {}
    # By itself it is in use, or contradicts the rest, or is no such thing: then the message names the setting.
    yield canary, _NOWHERE


def betrays(output: str, canary: str) -> bool:
    """Whether a canary is in an output, as it is or in a form that anybody reads back."""
    raw = canary.encode()
    forms = {canary, quote(canary), quote(canary, safe=""), quote_plus(canary), repr(canary)[1:-1], ascii(canary)[1:-1]}
    forms |= {json.dumps(canary)[1:-1], raw.hex(), *(base64.b64encode(raw[at:]).decode()[:12] for at in range(3))}
    return any(form in output for form in forms) or re.search("s3cret", output) is not None


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("by_file", [False, True], ids=["variable", "file"])
@pytest.mark.parametrize("name", SECRETS)
def test_no_output_and_no_log_has_a_secret(
    name: str,
    by_file: bool,
    canary: str,
    tmp_path: Path,
    key_files: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Commands that print settings and those that fail, logs of every library at debug, and tracebacks."""
    caplog.set_level(logging.DEBUG)
    caplog.handler.setFormatter(SafeFormatter("%(name)s %(message)s"))
    variable, file = f"PULSE_{name.upper()}", tmp_path / "secret"
    for value, others in around(name, canary, key_files):
        file.write_text(value)
        environ = {f"PULSE_{key}": text for key, text in others.items()} | {"PULSE_METRICS_PORT": "0"}
        environ |= {f"{variable}_FILE": str(file)} if by_file else {variable: value}
        for command in COMMANDS[: None if name == "redis_url" else 3 if name.startswith("kafka") else 2]:
            result = CliRunner().invoke(cli, list(command), env=environ)
            said = result.output + result.stderr
            if result.exc_info is not None and not isinstance(result.exception, SystemExit):
                said += "".join(traceback.format_exception(*result.exc_info))
            assert not betrays(said, canary), (command, value, said)
            assert said, command
        assert not betrays(caplog.text, canary), (value, caplog.text)
        with_settings = _settings(environ)
        assert not betrays(repr(with_settings), canary)
        assert not betrays(repr(getattr(with_settings, "kafka_connection", "")), canary)


def _settings(environ: dict[str, str]) -> Any:
    try:
        return Settings.from_environment(environ)
    except SettingError as error:
        return error


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_the_place_of_its_files_name_is_not_shown(name: str) -> None:
    """The password put into ``..._FILE`` is a common slip: the message names the variable alone."""
    environ = {f"PULSE_{name.upper()}_FILE": CANARIES[0], **{f"PULSE_{key}": text for key, text in _LOGIN.items()}}
    for command in COMMANDS:
        result = CliRunner().invoke(cli, list(command), env=environ)
        assert result.exit_code == 2, command
        assert not betrays(result.output + result.stderr, CANARIES[0]), result.output
        assert f"PULSE_{name.upper()}_FILE" in result.output


def test_a_canary_is_found_when_it_is_there() -> None:
    """The search itself works, in each form."""
    for canary in CANARIES:
        for shown in (canary, quote(canary, safe=""), repr(canary), base64.b64encode(canary.encode()).decode()):
            assert betrays(f"x {shown} y", canary)
    assert not betrays("redis://***@h", CANARIES[0])
