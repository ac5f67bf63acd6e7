"""What a Redis that did not take a command says: it is away, or it is there and refuses, each reason in its own words.

Redis answers a refusal with a code (the "simple errors" of its protocol specification, RESP), for which redis-py has a
class where it knows one.
"""

import re
from collections.abc import Iterable
from typing import Final

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterCrossSlotError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

_NODE_OF_CLUSTER: Final = "is a node of a Redis Cluster: use redis+cluster:// (docs/redis.md)"
_SENTINEL: Final = "is a Sentinel: use redis+sentinel://HOST:PORT/SERVICE/0 (docs/redis.md)"


class OtherKindError(RedisError):
    """What answers is a node of a cluster, or a Sentinel, and was taken for a node of its own.

    Args:
        mode: what it says of itself: ``cluster`` or ``sentinel``.
    """

    def __init__(self, mode: str) -> None:
        super().__init__(f"it says mode={mode}")
        self.words = _SENTINEL if mode == "sentinel" else _NODE_OF_CLUSTER


_REFUSALS: Final[Iterable[tuple[type[Exception], str]]] = (
    (AuthenticationError, "refuses user or password (PULSE_REDIS_URL)"),
    (NoPermissionError, "refuses this user a right that is needed (docs/redis.md)"),
    (OutOfMemoryError, "is full, and its maxmemory-policy evicts nothing"),
    (ReadOnlyError, "is a replica and takes no writes; it is connected to anew, for its name may lead to another node"),
    (BusyLoadingError, "is loading its data, and takes commands when it is done"),
    (MasterDownError, "is a replica whose primary is down"),
    (ClusterDownError, "is a cluster that is down: slots without a primary, or no majority"),
    (ClusterCrossSlotError, _NODE_OF_CLUSTER),
    (MovedError, _NODE_OF_CLUSTER),
)
_CODES: Final = (
    ("MISCONF", "cannot write its snapshot to disk and takes no writes until it can"),
    ("NOREPLICAS", "has fewer replicas than its min-replicas-to-write"),
    ("WRONGTYPE", "holds another type at one of our keys: somebody else writes there, or the prefix is not ours alone"),
    ("DENIED", "runs in protected mode: it takes no connections from other machines without a password"),
)
_TEXTS: Final = (
    ("max number of clients reached", "has as many connections as its maxclients allows"),
    ("Cluster mode is not enabled", "is no cluster: use redis:// or redis+sentinel:// (docs/redis.md)"),
    ("unknown command 'SENTINEL'", "is no Sentinel but a Redis: use redis://, or the Sentinels' port (docs/redis.md)"),
    ("unknown command `SENTINEL`", "is no Sentinel but a Redis: use redis://, or the Sentinels' port (docs/redis.md)"),
    ("unknown command", "does not know a command that is needed: a Sentinel (use redis+sentinel://), or too old"),
    ("No master found for", "has no primary of this name that is up, the Sentinels say (PULSE_REDIS_URL)"),
    ("DB index is out of range", "has no database of this number, a node of a cluster none but 0 (PULSE_REDIS_URL)"),
    ("SELECT is not allowed in cluster mode", _NODE_OF_CLUSTER),
)
_TLS: Final = (
    ("mismatch, certificate is not valid", "shows the certificate of another host than PULSE_REDIS_URL names"),
    ("CERTIFICATE_VERIFY_FAILED", "shows a certificate that is not trusted: ssl_ca_certs names the CA (docs/redis.md)"),
    ("CERTIFICATE_REQUIRED", "wants a client certificate: ssl_certfile and ssl_keyfile (docs/redis.md)"),
    ("UNKNOWN_CA", "does not trust our client certificate: ssl_certfile (docs/redis.md)"),
    ("WRONG_VERSION_NUMBER", "does not speak TLS at this port: redis:// is for it"),
    ("Timeout connecting", "does not answer to TLS; a port that does not speak it is silent, and redis:// is for it"),
)
# A closed connection in the words of the system, of asyncio and of redis-py: which of them comes first is a race. With
# TLS 1.3 a client learns only behind its first bytes that its certificate is missing, and a reset may overtake that.
_CLOSED: Final = (
    "EOF occurred",
    "Connection reset by peer",
    "Connection closed by server",
    "Connection lost",
    "Broken pipe",
)
_CLOSED_TLS: Final = "closed the connection under TLS; it may want a client certificate: ssl_certfile (docs/redis.md)"
_CLOSED_PLAIN: Final = "closed the connection; a port that speaks TLS does so, and rediss:// is for it"


# redis-py puts the whole client of each Sentinel before what it said.
_SENTINEL_SAID: Final = re.compile(r" - (.*?)(?=, <redis\.|$)", re.DOTALL)


def described(error: Exception, url: str, *, has_answered: bool = False) -> str:
    """Return what is the matter with Redis, to be put behind its name; with its own words at the end.

    Args:
        error: what the client raised.
        url: where Redis is: whether TLS is spoken says what a closed connection means.
        has_answered: whether it did before: then a closed connection says nothing about TLS.
    """
    own = f"{type(error).__name__}: {error}" if not str(error) else str(error)
    if "No master found for" in own and "<redis." in own:
        said = ", ".join(dict.fromkeys(_SENTINEL_SAID.findall(own)))
        own = f"{own.partition(' : ')[0]}: {said}"
        if "AuthenticationError" in said:
            return f"stands behind Sentinels that refuse the login (sentinel_username, sentinel_password): {own}"
        return f"stands behind Sentinels that do not answer (with TLS it is rediss+sentinel://): {own}"
    if isinstance(error, OtherKindError):
        return f"{error.words}: {own}"
    for kind, words in _REFUSALS:
        if isinstance(error, kind):
            return f"{words}: {own}"
    is_tls = url.startswith(("rediss", "valkeys"))
    for text, words in (*_CODES, *_TEXTS, *(_TLS if is_tls else ())):
        if text in own:
            return f"{words}: {own}"
    if has_answered and any(text in own for text in _CLOSED):
        return f"closed the connection: {own}"
    if any(text in own for text in _CLOSED) and not (is_tls and "ssl_certfile=" in url):
        return f"{_CLOSED_TLS if is_tls else _CLOSED_PLAIN}: {own}"
    return f"refuses: {own}" if isinstance(error, ResponseError) else f"is away: {own}"


def is_other_node_wanted(error: Exception) -> bool:
    """Return whether a connection must be dropped: after a failover the same address may lead to the new primary."""
    return isinstance(error, ReadOnlyError | MasterDownError)


def is_cross_slot(error: Exception) -> bool:
    """Return whether keys of several slots in one transaction were refused: by a cluster, or a proxy before one."""
    return isinstance(error, ClusterCrossSlotError) or "CROSSSLOT" in str(error)


def is_topology_stale(error: Exception) -> bool:
    """Return whether a cluster has to be asked anew which node has what."""
    return not isinstance(error, ResponseError) or isinstance(error, ReadOnlyError | ClusterDownError | MovedError)
