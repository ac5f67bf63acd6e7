"""Which settings of a Kafka connection go together. What contradicts itself or is half is refused by name."""

import re
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from agents.connection.kafka import KafkaConnection
from agents.connection.tokens import TokenClient

PREFIX: Final = "PULSE_KAFKA_"
"""What the variables of these settings begin with."""
_PROTOCOL: Final = f"{PREFIX}SECURITY_PROTOCOL"
_MECHANISM: Final = f"{PREFIX}SASL_MECHANISM"
_NAME: Final = re.compile("[A-Za-z]+")  # RFC 7628, section 3.1
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


class ContradictionError(ValueError):
    """Settings that do not go together; the message begins with the variable to change, and holds no secret."""


def parse_token_url(text: str) -> str:
    """Return the URL of a token endpoint.

    Raises:
        ValueError: it is none; the message never repeats what may be a password.
    """
    if not text:
        return text
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  # read for what it raises
    except ValueError:
        raise ValueError("expected https://HOST/PATH") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or any(char.isspace() for char in text):
        raise ValueError("expected https://HOST/PATH")
    if "@" in parts.netloc:
        raise ValueError(f"the secret does not belong into the URL but into {PREFIX}OAUTH_CLIENT_SECRET")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise ValueError("expected https://: the client's secret would be sent in the clear")
    return text


def parse_extensions(text: str) -> tuple[tuple[str, str], ...]:
    """Return the SASL extensions of ``NAME=VALUE``, several separated by commas.

    Raises:
        ValueError: they are written otherwise, or no names of extensions (RFC 7628).
    """
    found: dict[str, str] = {}
    for entry in text.split(",") if text.strip() else []:
        name, equals, value = entry.strip().partition("=")
        if not equals or _NAME.fullmatch(name) is None or not value.isprintable() or not value:
            raise ValueError("expected NAME=VALUE, several separated by commas; a name is of letters")
        if name == "auth" or name in found:
            raise ValueError(f"{name} cannot stand there" if name == "auth" else f"{name} stands there twice")
        found[name] = value
    return tuple(found.items())


def check_connection(connection: KafkaConnection) -> None:
    """Check that what is set goes together and is whole, and that the files can be used.

    Raises:
        ContradictionError: it is not, or they cannot.
    """
    _check_login(connection)
    _check_tls(connection)


def _check_login(connection: KafkaConnection) -> None:
    tokens = connection.tokens
    password = {"SASL_USERNAME": connection.sasl_username, "SASL_PASSWORD": connection.sasl_password}
    oauth = _of_tokens(tokens)
    if not connection.uses_sasl:
        _refuse_set(
            {"SASL_MECHANISM": connection.sasl_mechanism, **password, **oauth},
            f"{_PROTOCOL}={connection.security_protocol} logs nobody in; SASL_SSL does, and SASL_PLAINTEXT",
        )
        return
    protocol = f"{_PROTOCOL}={connection.security_protocol}"
    _require({"SASL_MECHANISM": connection.sasl_mechanism}, protocol)
    mechanism = f"{_MECHANISM}={connection.sasl_mechanism}"
    if connection.sasl_mechanism != "OAUTHBEARER":
        _require(password, mechanism)
        _refuse_set(oauth, f"{mechanism} takes user and password, not tokens")
        return
    _refuse_set(password, f"{mechanism} takes tokens, not user and password")
    needed = ("OAUTH_TOKEN_URL", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET")
    _require({name: oauth.get(name, "") for name in needed}, mechanism)
    if tokens is not None and tokens.ca_file:
        _check_authorities("OAUTH_CA_FILE", tokens.ca_file)


def _of_tokens(tokens: TokenClient | None) -> dict[str, str]:
    if tokens is None:
        return {}
    return {
        "OAUTH_TOKEN_URL": tokens.token_url,
        "OAUTH_CLIENT_ID": tokens.client_id,
        "OAUTH_CLIENT_SECRET": tokens.client_secret,
        "OAUTH_SCOPE": tokens.scope,
        "OAUTH_CA_FILE": tokens.ca_file,
        "OAUTH_EXTENSIONS": "set" if tokens.extensions else "",
    }


def _check_tls(connection: KafkaConnection) -> None:
    certificate = {
        "SSL_CERT_FILE": connection.ssl_cert_file,
        "SSL_KEY_FILE": connection.ssl_key_file,
        "SSL_KEY_PASSWORD": connection.ssl_key_password,
    }
    if not connection.uses_tls:
        checked = "" if connection.ssl_check_hostname else "false"
        _refuse_set(
            {"SSL_CA_FILE": connection.ssl_ca_file, **certificate, "SSL_CHECK_HOSTNAME": checked},
            f"{_PROTOCOL}={connection.security_protocol} is not encrypted; SSL is, and SASL_SSL",
        )
        return
    if not connection.ssl_cert_file:
        _refuse_set(certificate, f"{PREFIX}SSL_CERT_FILE is not, so there is no certificate that it could belong to")
    if connection.ssl_ca_file:
        _check_authorities("SSL_CA_FILE", connection.ssl_ca_file)
    if connection.ssl_cert_file:
        _check_certificate(connection)


def _check_authorities(name: str, path: str) -> None:
    _check_readable(name, path)
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise ContradictionError(f"{PREFIX}{name}={path!r}: expected PEM with certificates of authorities") from None


def _check_certificate(connection: KafkaConnection) -> None:
    certificate, key = connection.ssl_cert_file, connection.ssl_key_file
    _check_readable("SSL_CERT_FILE", certificate)
    if b"-----BEGIN CERTIFICATE-----" not in Path(certificate).read_bytes():
        raise ContradictionError(f"{PREFIX}SSL_CERT_FILE={certificate!r}: expected PEM with a certificate")
    key_variable = f"{PREFIX}SSL_KEY_FILE={key!r}" if key else f"{PREFIX}SSL_CERT_FILE={certificate!r}"
    if key:
        _check_readable("SSL_KEY_FILE", key)
    held = Path(key or certificate).read_bytes()
    if b"PRIVATE KEY-----" not in held:
        hint = "" if key else f"; the key's own file is {PREFIX}SSL_KEY_FILE"
        raise ContradictionError(f"{key_variable}: expected PEM with a private key{hint}")
    encrypted = b"BEGIN ENCRYPTED PRIVATE KEY-----" in held or b"Proc-Type: 4,ENCRYPTED" in held
    if encrypted and not connection.ssl_key_password:
        raise ContradictionError(f"{PREFIX}SSL_KEY_PASSWORD is not set, and the key in {key_variable} is encrypted")
    try:
        connection.ssl_context()
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ContradictionError(
                f"{key_variable}: this is not the key of the certificate in {PREFIX}SSL_CERT_FILE={certificate!r}"
            ) from None
        if encrypted:
            raise ContradictionError(f"{PREFIX}SSL_KEY_PASSWORD does not open the key in {key_variable}") from None
        raise ContradictionError(f"{key_variable}: OpenSSL refuses it: {error.reason or error}") from None


def _check_readable(name: str, path: str) -> None:
    try:
        with Path(path).open("rb") as file:
            file.read(1)
    except OSError as error:
        raise ContradictionError(f"{PREFIX}{name}={path!r}: cannot be read: {error.strerror}") from None


def _require(values: dict[str, str], because: str) -> None:
    for name, value in values.items():
        if not value:
            raise ContradictionError(f"{PREFIX}{name} is not set, and {because} needs it")


def _refuse_set(values: dict[str, str], because: str) -> None:
    for name, value in values.items():
        if value:
            raise ContradictionError(f"{PREFIX}{name} is set, but {because}")
