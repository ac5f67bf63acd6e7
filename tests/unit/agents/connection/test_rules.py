"""Which settings of a Kafka connection go together, and what their refusals say."""

import subprocess
from pathlib import Path

import pytest

from agents.settings import SettingError, Settings, shown_value

OAUTH = {
    "SECURITY_PROTOCOL": "SASL_SSL",
    "SASL_MECHANISM": "OAUTHBEARER",
    "OAUTH_TOKEN_URL": "https://login.example/token",
    "OAUTH_CLIENT_ID": "pulse",
    "OAUTH_CLIENT_SECRET": "s3cret",
}
PLAIN = {
    "SECURITY_PROTOCOL": "SASL_SSL",
    "SASL_MECHANISM": "PLAIN",
    "SASL_USERNAME": "pulse",
    "SASL_PASSWORD": "s3cret",
}


def settings(values: dict[str, str]) -> Settings:
    """Settings of ``PULSE_KAFKA_...`` variables; an empty value is one that Compose passes for an unset one."""
    return Settings.from_environment({f"PULSE_KAFKA_{name}": value for name, value in values.items()})


def refusal(values: dict[str, str]) -> str:
    """The message of a refusal."""
    with pytest.raises(SettingError) as caught:
        settings(values)
    return str(caught.value)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with cert.pem and its key, plain and encrypted, the key of another, and both in one file."""
    place = tmp_path_factory.mktemp("pems")
    for name in ("cert", "other"):
        openssl(place, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                "-days", "2", "-subj", f"/CN={name}")  # fmt: skip
    openssl(place, "pkcs8", "-topk8", "-in", "cert.key", "-out", "locked.key", "-passout", "pass:key-s3cret")
    (place / "both.pem").write_text((place / "cert.pem").read_text() + (place / "cert.key").read_text())
    (place / "notes.txt").write_text("no PEM")
    return place


def openssl(place: Path, *arguments: str) -> None:
    """Run openssl in a directory."""
    subprocess.run(["openssl", *arguments], cwd=place, check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize(
    ("values", "variable"),
    [
        ({"SASL_USERNAME": "u"}, "SASL_USERNAME"),
        ({"SASL_PASSWORD": "s3cret"}, "SASL_PASSWORD"),
        ({"SASL_MECHANISM": "PLAIN"}, "SASL_MECHANISM"),
        ({"SECURITY_PROTOCOL": "SSL", "SASL_USERNAME": "u"}, "SASL_USERNAME"),
        ({"OAUTH_CLIENT_SECRET": "s3cret"}, "OAUTH_CLIENT_SECRET"),
        ({"OAUTH_EXTENSIONS": "a=b"}, "OAUTH_EXTENSIONS"),
        ({"SSL_CA_FILE": "/etc/ssl/ca.pem"}, "SSL_CA_FILE"),
        ({"SSL_CHECK_HOSTNAME": "false"}, "SSL_CHECK_HOSTNAME"),
        ({**PLAIN, "SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SSL_CERT_FILE": "/c.pem"}, "SSL_CERT_FILE"),
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, "SASL_MECHANISM"),
        ({**PLAIN, "SASL_USERNAME": ""}, "SASL_USERNAME"),
        ({**PLAIN, "SASL_PASSWORD": ""}, "SASL_PASSWORD"),
        ({**PLAIN, "SASL_MECHANISM": "SCRAM-SHA-512", "SASL_PASSWORD": ""}, "SASL_PASSWORD"),
        ({**PLAIN, "OAUTH_SCOPE": "kafka"}, "OAUTH_SCOPE"),
        ({**OAUTH, "SASL_PASSWORD": "s3cret"}, "SASL_PASSWORD"),
        ({**OAUTH, "OAUTH_TOKEN_URL": ""}, "OAUTH_TOKEN_URL"),
        ({**OAUTH, "OAUTH_CLIENT_ID": ""}, "OAUTH_CLIENT_ID"),
        ({**OAUTH, "OAUTH_CLIENT_SECRET": ""}, "OAUTH_CLIENT_SECRET"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_KEY_FILE": "/k.pem"}, "SSL_KEY_FILE"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_KEY_PASSWORD": "s3cret"}, "SSL_KEY_PASSWORD"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_CA_FILE": "/no/ca.pem"}, "SSL_CA_FILE"),
        ({**OAUTH, "OAUTH_CA_FILE": "/no/ca.pem"}, "OAUTH_CA_FILE"),
    ],
)
def test_what_contradicts_itself_or_is_half_is_refused_by_name(values: dict[str, str], variable: str) -> None:
    """The first word is the variable to change, and no secret is repeated."""
    message = refusal(values)
    assert message.startswith(f"PULSE_KAFKA_{variable}"), message
    assert "s3cret" not in message


@pytest.mark.parametrize(
    ("files", "variable", "words"),
    [
        ({"SSL_CA_FILE": "notes.txt"}, "SSL_CA_FILE", "expected PEM"),
        ({"SSL_CERT_FILE": "notes.txt"}, "SSL_CERT_FILE", "expected PEM"),
        ({"SSL_CERT_FILE": "cert.pem"}, "SSL_CERT_FILE", "PULSE_KAFKA_SSL_KEY_FILE"),
        ({"SSL_CERT_FILE": "cert.pem", "SSL_KEY_FILE": "notes.txt"}, "SSL_KEY_FILE", "expected PEM"),
        ({"SSL_CERT_FILE": "cert.pem", "SSL_KEY_FILE": "gone.key"}, "SSL_KEY_FILE", "cannot be read"),
        ({"SSL_CERT_FILE": "cert.pem", "SSL_KEY_FILE": "other.key"}, "SSL_KEY_FILE", "not the key of the certificate"),
        ({"SSL_CERT_FILE": "cert.pem", "SSL_KEY_FILE": "locked.key"}, "SSL_KEY_PASSWORD", "encrypted"),
    ],
)
def test_files_are_checked_where_they_are_read(files: dict[str, str], variable: str, words: str, pems: Path) -> None:
    """A file that holds something else, or not the other's counterpart, is found before any broker is asked."""
    message = refusal({"SECURITY_PROTOCOL": "SSL", **{name: str(pems / file) for name, file in files.items()}})
    assert message.startswith(f"PULSE_KAFKA_{variable}"), message
    assert words in message


def test_a_wrong_password_of_the_key_is_named_and_not_shown(pems: Path) -> None:
    """OpenSSL's own word for it is `bad decrypt`."""
    files = {"SSL_CERT_FILE": str(pems / "cert.pem"), "SSL_KEY_FILE": str(pems / "locked.key")}
    message = refusal({"SECURITY_PROTOCOL": "SSL", **files, "SSL_KEY_PASSWORD": "wrong-s3cret"})
    assert message.startswith("PULSE_KAFKA_SSL_KEY_PASSWORD does not open")
    assert "s3cret" not in message


def test_both_libraries_get_the_same_connection(pems: Path) -> None:
    """What aiokafka and kafka-python are given differs in nothing but the provider of tokens."""
    files = {"SSL_CERT_FILE": str(pems / "cert.pem"), "SSL_KEY_FILE": str(pems / "locked.key")}
    values = {**PLAIN, **files, "SSL_KEY_PASSWORD": "key-s3cret", "SSL_CHECK_HOSTNAME": "false"}
    connection = settings(values).kafka_connection
    for arguments in (connection.aiokafka_arguments(), connection.kafka_python_arguments()):
        assert not arguments.pop("ssl_context").check_hostname
        assert arguments == {
            "bootstrap_servers": ["127.0.0.1:9092"],
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": "pulse",
            "sasl_plain_password": "s3cret",
        }
    assert settings({"SECURITY_PROTOCOL": "SSL", "SSL_CERT_FILE": str(pems / "both.pem")}).kafka_connection.uses_tls


def test_empty_values_are_none() -> None:
    """Compose passes an empty text for a variable that is not set."""
    empty = dict.fromkeys(("SASL_MECHANISM", "SASL_USERNAME", "SASL_PASSWORD", "SSL_CA_FILE", "OAUTH_TOKEN_URL"), "")
    connection = settings(empty).kafka_connection
    assert connection.aiokafka_arguments() == {
        "bootstrap_servers": ["127.0.0.1:9092"],
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize("values", [PLAIN, OAUTH])
def test_secrets_are_in_no_representation(values: dict[str, str]) -> None:
    """Neither in what `settings` prints, nor in the text of an object in a traceback."""
    found = settings(values)
    assert "s3cret" not in repr(found) + repr(found.kafka_connection) + repr(found.kafka_connection.tokens)
    secret = "kafka_sasl_password" if values is PLAIN else "kafka_oauth_client_secret"
    assert shown_value(secret, "s3cret") == "***"
    assert shown_value(secret, "") == ""


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    """The password may stand in a file, as Kubernetes and Docker mount secrets."""
    (tmp_path / "password").write_text("s3cret\n")
    values = {name: value for name, value in PLAIN.items() if name != "SASL_PASSWORD"}
    found = settings({**values, "SASL_PASSWORD_FILE": str(tmp_path / "password")})
    assert found.kafka_connection.sasl_password == "s3cret"
