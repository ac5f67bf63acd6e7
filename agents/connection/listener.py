"""What answers at an address where a Kafka broker was expected: asked with a few bytes, without any client library.

Formats: the Kafka protocol guide (ApiVersions, SaslHandshake and SaslAuthenticate in their oldest versions), RFC 7628
for what OAUTHBEARER refuses.
"""

import json
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Final

from msgspec import Struct

_ANSWER_SECONDS: Final = 3.0
_LARGEST_ANSWER: Final = 64 * 1024
_API_VERSIONS: Final = 18
_SASL_HANDSHAKE: Final = 17
_SASL_AUTHENTICATE: Final = 36
_UNSUPPORTED_MECHANISM: Final = 33
_NO_MECHANISM: Final = "?"
"""Nobody has it: a listener with SASL lists those that it has."""
_TLS_ALERT: Final = b"\x15\x03"

Connect = Callable[[], socket.socket]


class Listener(Struct, frozen=True, kw_only=True):
    """What listens at an address. ``is_kafka`` is false for everything else, which ``what`` names."""

    is_kafka: bool = False
    uses_tls: bool = False
    mechanisms: tuple[str, ...] | None = None
    """SASL mechanisms of a Kafka listener; None where nobody logs in."""
    what: str = ""

    @property
    def security_protocol(self) -> str:
        """The ``PULSE_KAFKA_SECURITY_PROTOCOL`` that a Kafka listener wants."""
        tls = "SSL" if self.uses_tls else "PLAINTEXT"
        return tls if self.mechanisms is None else f"SASL_{tls}"


class CertificateRefusedError(Exception):
    """The listener speaks TLS and ended it because of our certificate, or because we showed none."""


def what_listens(host: str, port: int, context: ssl.SSLContext) -> Listener:
    """Return what answers at an address: Kafka with or without TLS and SASL, or something else.

    Args:
        host: name or address.
        port: its port.
        context: shows our certificate, if there is one. Whether the other's can be trusted is not looked at here: no
            secret is sent.

    Raises:
        CertificateRefusedError: see there.
        OSError: nothing can be connected to.
    """

    def plain() -> socket.socket:
        return socket.create_connection((host, port), timeout=_ANSWER_SECONDS)

    def encrypted() -> socket.socket:
        raw = plain()
        try:
            return context.wrap_socket(raw, server_hostname=host)
        except OSError:
            raw.close()
            raise

    said, known = _ask_kafka(plain)
    if known is not None:
        return known
    if said.startswith(_TLS_ALERT) or not said:
        found = _behind_tls(encrypted, is_certain=said.startswith(_TLS_ALERT))
        if found is not None:
            return found
    return Listener(what=_name(said or _said_to_text(plain)))


def token_refusal(host: str, port: int, context: ssl.SSLContext | None, token: str) -> str | None:
    """Return why a Kafka listener refuses a token of OAUTHBEARER, in its own words; None where it says nothing.

    aiokafka takes the refusal for a success, and is cut off at its next request.
    """
    try:
        connection: socket.socket = socket.create_connection((host, port), timeout=_ANSWER_SECONDS)
        with connection:
            if context is not None:
                connection = context.wrap_socket(connection, server_hostname=host)
            with connection:
                _exchange(connection, _SASL_HANDSHAKE, _string("OAUTHBEARER"), version=1)
                first = f"n,,\x01auth=Bearer {token}\x01\x01".encode()
                answer = _exchange(connection, _SASL_AUTHENTICATE, struct.pack(">i", len(first)) + first)
    except OSError:
        return None
    return _refusal_of(answer)


def _refusal_of(answer: bytes) -> str | None:
    try:
        error, message_size = struct.unpack_from(">hh", answer, 4)
        if error:
            return answer[8 : 8 + max(0, message_size)].decode("utf-8", "replace")
        (size,) = struct.unpack_from(">i", answer, 8 + max(0, message_size))
        said = json.loads(answer[12 + max(0, message_size) :][:size]) if size > 0 else None
    except (struct.error, ValueError):
        return None
    return None if said is None else json.dumps(said)


def _ask_kafka(connect: Connect) -> tuple[bytes, Listener | None]:
    """Return what was said instead, and the listener if it is Kafka."""
    with connect() as connection:
        said = _exchange(connection, _API_VERSIONS, b"")
        if not _is_answer(said):
            return said, None
        told = _exchange(connection, _SASL_HANDSHAKE, _string(_NO_MECHANISM), version=1)
        uses_tls = isinstance(connection, ssl.SSLSocket)
        return said, Listener(is_kafka=True, uses_tls=uses_tls, mechanisms=_mechanisms(told))


def _behind_tls(encrypted: Connect, *, is_certain: bool) -> Listener | None:
    """Return what answers behind TLS; None when the listener speaks none."""
    try:
        said, known = _ask_kafka(encrypted)
    except ssl.SSLError as error:
        if "CERTIFICATE" in (error.reason or "") or "HANDSHAKE_FAILURE" in (error.reason or ""):
            raise CertificateRefusedError(error.reason) from None
        return Listener(uses_tls=True, what=f"TLS ({error.reason})") if is_certain else None
    except OSError:
        return Listener(uses_tls=True, what="TLS") if is_certain else None
    if known is not None:
        return known
    return Listener(uses_tls=True, what=f"{_name(said or _said_to_text(encrypted))} behind TLS")


def _exchange(connection: socket.socket, key: int, body: bytes, version: int = 0) -> bytes:
    """Send a request and return the answer behind its size; raw bytes if it has none; nothing if there is no answer.

    Raises:
        ssl.SSLError: the other side ended TLS with an alert.
    """
    header = struct.pack(">hhih", key, version, key, -1)
    try:
        connection.sendall(struct.pack(">i", len(header + body)) + header + body)
        data = connection.recv(_LARGEST_ANSWER)
        while len(data) >= 4 and len(data) - 4 < struct.unpack(">i", data[:4])[0] < _LARGEST_ANSWER:
            more = connection.recv(_LARGEST_ANSWER)
            if not more:
                break
            data += more
    except ssl.SSLError:
        raise
    except OSError:  # closed, or silent for too long
        return b""
    whole = len(data) >= 8 and struct.unpack(">ii", data[:8]) == (len(data) - 4, key)
    return data[4:] if whole else data


def _is_answer(data: bytes) -> bool:
    """Whether an answer to ApiVersions came: its correlation id is the key of the request."""
    return len(data) >= 6 and struct.unpack(">i", data[:4])[0] == _API_VERSIONS


def _mechanisms(told: bytes) -> tuple[str, ...] | None:
    try:
        error, count = struct.unpack_from(">hi", told, 4)
        if error != _UNSUPPORTED_MECHANISM:
            return None
        found, at = [], 10
        for _ in range(count):
            (size,) = struct.unpack_from(">h", told, at)
            found.append(told[at + 2 : at + 2 + size].decode("ascii", "replace"))
            at += 2 + size
    except struct.error:
        return None
    return tuple(sorted(found))


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _said_to_text(connect: Connect) -> bytes:
    """Return what a line of text is answered with: servers that read lines wait for the end of one."""
    try:
        with connect() as connection:
            connection.sendall(b"PING\r\n\r\n")
            return connection.recv(256)
    except OSError:
        return b""


def _name(said: bytes) -> str:
    """Return what says such a thing."""
    if said.startswith(b"HTTP/") or said[:64].lstrip().lower().startswith((b"<html", b"<!doctype")):
        return "an HTTP server"
    if said.startswith((b"+PONG", b"-NOAUTH", b"-ERR", b"-DENIED", b"-NOPERM", b"-LOADING", b"-MASTERDOWN")):
        return "a Redis"
    if said.startswith(b"SSH-"):
        return "an SSH server"
    if not said:
        return ""
    shown = said[:40].decode("ascii", "replace").strip()
    return f"something that says {shown!r}"
