"""Addresses of Kafka, checked where they are read: what passes is what the clients will use."""

import re
from typing import Final

HOST: Final = re.compile(r"\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^\s/@:?#\[\]'\"%\\,;]+")


def parse_brokers(text: str) -> str:
    """Return a list of brokers without blanks around its commas.

    Raises:
        ValueError: an entry is not HOST:PORT; the message never repeats what may be a password.
    """
    entries = [entry.strip() for entry in text.split(",")]
    for entry in entries:
        _check_broker(entry)
    return ",".join(entries)


def _check_broker(entry: str) -> None:
    wanted = "expected HOST:PORT, several separated by commas"
    if not entry:
        raise ValueError(f"{wanted}; there is an empty entry")
    if "://" in entry:
        raise ValueError(f"{wanted}; leave out {entry.partition('://')[0]}://")
    if "@" in entry:
        raise ValueError(f"{wanted}; user and password do not belong here")
    host, _, port = entry.rpartition(":")
    if not host:
        raise ValueError(f"{wanted}; there is no {'port' if port and ':' not in entry else 'host'}")
    if HOST.fullmatch(host) is None:
        hint = "; an IPv6 address stands in brackets" if re.fullmatch(r"[0-9A-Fa-f:.]+", host) else ""
        raise ValueError(f"{wanted}; {host!r} is no host{hint}")
    if not is_port(port):
        raise ValueError(f"{wanted}; {port!r} is no port from 1 to 65535")


def is_port(text: str) -> bool:
    """Return whether a text is the number of a port, 1 to 65535."""
    return re.fullmatch("[0-9]{1,5}", text) is not None and 0 < int(text) < 65_536
