"""Whether an address can be listened on, asked before anything else is begun."""

import errno
import socket
from typing import Final

_NOT_OURS: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class ListenError(OSError):
    """An address that cannot be listened on; the message names the variable to change, and the address."""


def check_can_listen(variables: str, host: str, port: int) -> None:
    """Listen on every address of a host for a moment, as servers do: a name may have one of IPv4 and one of IPv6.

    Args:
        variables: what the two settings are called, without ``_HOST`` and ``_PORT``.
        host: a name, or an address of either kind.
        port: 0 for a free one.

    Raises:
        ListenError: one of them cannot be listened on.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise _refusal(f"{variables}_HOST", host, port, error) from None
    for family, _, _, _, address in found:
        try:
            with socket.create_server(address, family=family):
                pass
        except OSError as error:
            name = f"{variables}_HOST" if error.errno in _NOT_OURS else f"{variables}_PORT"
            raise _refusal(name, host, port, error) from None


def _refusal(variable: str, host: str, port: int, error: OSError) -> ListenError:
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # Without the address in front, which ``create_server`` puts behind its words.
    reason = (error.strerror or str(error)).split(" (while attempting")[0]
    return ListenError(f"{variable}: cannot listen on {shown}: {reason}")
