"""Addresses of Kafka, checked where they are read: what passes is what the clients will use."""

import ipaddress
import re
from typing import Final

_NAME: Final = re.compile(r"[\w.-]+")
"""Of a host; with letters of any script (IDNA), and the underscores that Docker's names have."""
_PLACEHOLDER: Final = re.compile(r"[${}<>]|%\(")


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
    if not is_host(host):
        hint = "; an IPv6 address stands in brackets" if re.fullmatch(r"[0-9A-Fa-f:.]+", host) and ":" in host else ""
        raise ValueError(f"{wanted}; {host!r} is no host{hint or placeholder_hint(host)}")
    if not is_port(port):
        raise ValueError(f"{wanted}; {port!r} is no port from 1 to 65535")


def is_host(text: str) -> bool:
    """Return whether a text can be a host: an IPv6 address in brackets, or a name that a resolver takes."""
    if text.startswith("["):
        try:
            ipaddress.IPv6Address(text.removeprefix("[").removesuffix("]"))
        except ValueError:
            return False
        return text.endswith("]")
    if _NAME.fullmatch(text) is None:
        return False
    try:
        # What Python asks the resolver with; it raises another error than the clients expect of a host.
        text.encode("idna")
    except UnicodeError:
        return False
    return True


def placeholder_hint(text: str) -> str:
    """Return the end of a sentence about what looks like the variable of a template; empty where it does not."""
    return "; it looks like a variable that nobody filled in" if _PLACEHOLDER.search(text) else ""


def is_port(text: str) -> bool:
    """Return whether a text is the number of a port, 1 to 65535."""
    return re.fullmatch("[0-9]{1,5}", text) is not None and 0 < int(text) < 65_536
