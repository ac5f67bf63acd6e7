"""What a Redis that did not take a write says: it is away, or it is there and refuses, each reason in words of its own.

Redis answers a refusal with a code (the "simple errors" of its protocol specification, RESP), for which redis-py has a
class where it knows one.
"""

from collections.abc import Iterable
from typing import Final

from redis.exceptions import (
    AuthenticationError,
    ClusterError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)

_REFUSALS: Final[Iterable[tuple[type[Exception], str]]] = (
    (AuthenticationError, "refuses user or password (PULSE_REDIS_URL)"),
    (NoPermissionError, "refuses this user a right that is needed (docs/redis.md)"),
    (OutOfMemoryError, "is full, and its maxmemory-policy evicts nothing"),
    (ReadOnlyError, "is a replica and takes no writes; it is connected to anew, for its name may lead to another node"),
    (MovedError, "is a cluster, which is not supported (docs/redis.md)"),
    (ClusterError, "is a cluster, which is not supported (docs/redis.md)"),
)
_CODES: Final = (("MISCONF", "cannot write its snapshot to disk and takes no writes until it can"),)


def described(error: Exception) -> str:
    """Return what is the matter with Redis, to be put behind its name; with its own words at the end."""
    own = f"{type(error).__name__}: {error}" if not str(error) else str(error)
    for kind, words in _REFUSALS:
        if isinstance(error, kind):
            return f"{words}: {own}"
    for code, words in _CODES:
        if own.startswith(code):
            return f"{words}: {own}"
    return f"refuses: {own}" if isinstance(error, ResponseError) else f"is away: {own}"


def is_other_node_wanted(error: Exception) -> bool:
    """Return whether a connection must be dropped: after a failover the same address may lead to the new primary."""
    return isinstance(error, ReadOnlyError)
