"""Bytes to a port, as nobody's HTTP library would send them."""

import socket
from collections.abc import Iterable

TIMEOUT_SECONDS = 30.0
CLOSED = 0
"""Instead of a status: the connection was closed without an answer."""


def head(path: str, headers: Iterable[tuple[str, str]] = (), method: str = "POST") -> bytes:
    """Return a request line and fields, as they are given."""
    lines = [f"{method} {path} HTTP/1.1", "Host: gateway", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n"


def whole(path: str, body: bytes, headers: Iterable[tuple[str, str]] = (), method: str = "POST") -> bytes:
    """Return a request with its length; the connection is not kept."""
    return head(path, [*headers, ("Content-Length", str(len(body))), ("Connection", "close")], method) + body


def exchange(port: int, *pieces: bytes) -> int:
    """Send pieces; return the first answer's status, or ``CLOSED``. What is refused early need not be taken whole."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the answer may lie there all the same
        return status_of(connection)


def status_of(connection: socket.socket) -> int:
    """Return the status of an answer that comes."""
    got = b""
    try:
        while b"\r\n" not in got:
            piece = connection.recv(65_536)
            if not piece:
                return CLOSED
            got += piece
    except ConnectionError:
        return CLOSED
    words = got.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[1][:3].isdigit() else CLOSED
