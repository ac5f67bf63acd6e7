"""Addresses of Redis, checked where they are read: one node, a primary behind Sentinels, or a cluster, by URL.

    redis://USER:PASSWORD@HOST:PORT/DATABASE            one node; unix:///PATH for a socket
    redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/0      the primary that Sentinels name
    redis+cluster://HOST:PORT,HOST:PORT                 a cluster, of which these are some nodes

With ``rediss`` instead of ``redis`` TLS is spoken; ``valkey`` and ``valkeys`` mean the same as these two. What stands
behind ``?`` are parameters of the client; ``sentinel_username`` and ``sentinel_password`` are the login at the
Sentinels themselves.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from agents.addresses import is_host, is_port, placeholder_hint

_SCHEME: Final = re.compile(r"(?:redis|valkey)(?P<tls>s?)(?:\+(?P<kind>sentinel|cluster))?")
_AUTHORITY: Final = re.compile(r"[^/?#]*")
_DATABASE: Final = re.compile(r"/?|/[0-9]{1,9}/?")
_SERVICE: Final = re.compile(r"/(?P<service>[A-Za-z0-9._-]+)(?P<database>(?:/[0-9]{0,9})?/?)")
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_READABLE: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_ENCODE: Final = "percent-encode special characters of user and password (# %23, / %2F, ? %3F, @ %40, % %25, [ %5B)"
_SENTINEL_LOGIN: Final = ("sentinel_username", "sentinel_password")
_CLIENT_TIMEOUTS: Final = {"socket_timeout": 5.0, "socket_connect_timeout": 2.0}


class RedisKind(StrEnum):
    """What stands at an address."""

    NODE = "node"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


_PORTS: Final = {RedisKind.NODE: 6379, RedisKind.SENTINEL: 26379, RedisKind.CLUSTER: 6379}


@dataclass(frozen=True, kw_only=True)
class RedisAddress:
    """What a URL says.

    Args:
        kind: one node, Sentinels, a cluster.
        url: of one node, as the client's own parser takes it.
        hosts: (host, port) of each Sentinel, or of some nodes of the cluster.
        tls: whether TLS is spoken, with Sentinels as with nodes.
        service: name of the primary at the Sentinels.
        options: arguments of the client: database, login, TLS, times.
        sentinel_login: ``username`` and ``password`` at the Sentinels.
    """

    kind: RedisKind
    url: str = ""
    hosts: tuple[tuple[str, int], ...] = ()
    tls: bool = False
    service: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    sentinel_login: dict[str, str] = field(default_factory=dict)


def parse_redis_url(text: str) -> str:
    """Return the URL of a Redis, or nothing for none, after the client's own parser has taken it.

    The client takes some texts silently for something else: a database that is no number for 0, a raw ``%`` or ``#``
    for the end of a password. These are refused here.

    Raises:
        ValueError: the client cannot use it; the message never repeats a part of the URL that may be a password.
    """
    if text:
        redis_address(text)
    return text


def redis_address(text: str) -> RedisAddress:
    """Return what a URL says.

    Raises:
        ValueError: as ``parse_redis_url`` says.
    """
    scheme, separator, rest = text.partition("://")
    found = _SCHEME.fullmatch(scheme)
    if not separator or (found is None and scheme != "unix"):
        raise ValueError(
            "expected redis://, rediss:// (TLS), unix://, redis+sentinel:// or redis+cluster://, or nothing for no "
            f"Redis{_scheme_hint(text)}"
        )
    _check_characters(text)
    authority = (_AUTHORITY.match(rest) or [""])[0]
    path, _, query = rest[len(authority) :].partition("?")
    userinfo, at, hosts = authority.rpartition("@")
    _check_userinfo(userinfo, path)
    _check_query(query)
    if found is None:
        if path in ("", "/"):
            raise ValueError("expected the path of a socket: unix:///run/redis.sock")
        _check_node(text, query)
        return RedisAddress(kind=RedisKind.NODE, url=text)
    tls, kind = bool(found["tls"]), RedisKind(found["kind"] or RedisKind.NODE)
    addresses = _hosts(hosts, kind)
    service, database = _place(path, query, kind)
    scheme = "rediss" if tls else "redis"
    if kind is RedisKind.NODE:
        url = f"{scheme}://{rest}"
        _check_node(url, query)
        return RedisAddress(kind=kind, url=url, tls=tls)
    own, login = _without_sentinel_login(query, kind)
    base = f"{scheme}://{userinfo}{at}{hosts.split(',')[0]}{database}{'?' if own else ''}{own}"
    options = _check_node(base, own)
    for name in ("host", "port", "connection_class"):
        options.pop(name, None)
    address = RedisAddress(kind=kind, hosts=addresses, tls=tls, service=service, options=options, sentinel_login=login)
    if kind is RedisKind.CLUSTER:
        _check_cluster(address)
    return address


def _scheme_hint(text: str) -> str:
    scheme = text.partition("://")[0].strip().lower() if "://" in text else ""
    if _SCHEME.fullmatch(scheme.strip("\"'")) or scheme.strip("\"'") == "unix":
        return "; the scheme is written in small letters, without quotes and blanks before it"
    if "sentinel" in scheme:
        return "; Sentinels are written redis+sentinel://HOST:26379,HOST:26379/SERVICE/0 (rediss+sentinel:// with TLS)"
    if "cluster" in scheme:
        return "; a cluster is written redis+cluster://HOST:6379,HOST:6379 (rediss+cluster:// with TLS)"
    if scheme in ("http", "https"):
        return "; that is the address of a REST API, and the Redis protocol has one of its own"
    return ""


def _check_characters(text: str) -> None:
    if any(char.isspace() or not char.isprintable() for char in text):
        raise ValueError(f"a blank or control character stands in the URL; {_ENCODE}")
    if "#" in text:
        raise ValueError(f"a raw # stands in the URL; {_ENCODE}")
    if _BAD_PERCENT.search(text):
        raise ValueError(f"a raw % stands in the URL; {_ENCODE}")
    if text[-1] in "'\"":
        raise ValueError("a quote at the end belongs to the value; leave it out")


def _check_userinfo(userinfo: str, path: str) -> None:
    for char in "@[]":
        if char in userinfo:
            raise ValueError(f"a raw {char} stands in the password; {_ENCODE}")
    if "@" in path:
        raise ValueError(f"a raw / or @ stands before the host; {_ENCODE}")


def _check_query(query: str) -> None:
    if query and not all(re.match(r"[\w%.-]+=", piece) for piece in query.split("&")):
        raise ValueError(f"what follows ? is not name=value; {_ENCODE}")
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    if len(set(names)) != len(names):
        raise ValueError("a query parameter stands there twice")
    if re.search(r"(?:^|&)(?:\w*username|\w*password)=[^&]*\+", query):
        raise ValueError("a raw + stands in a query parameter; percent-encode it as %2B")


def _hosts(text: str, kind: RedisKind) -> tuple[tuple[str, int], ...]:
    """Return host and port of each entry; of one node nothing is needed, its URL says it."""
    entries = text.split(",")
    if len(entries) > 1 and kind is RedisKind.NODE:
        raise ValueError("several hosts are redis+sentinel://HOST,HOST/SERVICE/0 or redis+cluster://HOST,HOST")
    return tuple(_host(entry, kind) for entry in entries)


def _host(entry: str, kind: RedisKind) -> tuple[str, int]:
    host, port = entry, ""
    if not entry.endswith("]") and ":" in entry:
        host, _, port = entry.rpartition(":")
    if (host or kind is not RedisKind.NODE) and not is_host(host):
        hint = placeholder_hint(host)
        raise ValueError(f"expected HOST:PORT behind the scheme, an IPv6 address in brackets{hint}; {_ENCODE}")
    if port and not is_port(port):
        raise ValueError(f"expected a port from 1 to 65535; {_ENCODE}")
    return host.strip("[]"), int(port or _PORTS[kind])


def _place(path: str, query: str, kind: RedisKind) -> tuple[str, str]:
    """Return the name of the primary at the Sentinels, and the database as a path."""
    names = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    service, database = "", unquote(path)
    if kind is RedisKind.SENTINEL:
        found = _SERVICE.fullmatch(database)
        if found is None:
            raise ValueError(
                "expected the name under which Sentinels know the primary, and a database: "
                f"redis+sentinel://HOST:26379/SERVICE/0; {_ENCODE}"
            )
        service, database = found["service"], found["database"]
    elif _DATABASE.fullmatch(database) is None:
        raise ValueError(f"expected the number of a database after the host, as in /0; {_ENCODE}")
    if database.strip("/") and "db" in names:
        raise ValueError("the database stands there twice, as path and as db=")
    return service, database


def _without_sentinel_login(query: str, kind: RedisKind) -> tuple[str, dict[str, str]]:
    """Return a query without the login at the Sentinels, and that."""
    own, login = [], {}
    for piece in query.split("&") if query else ():
        name, _, value = piece.partition("=")
        if name in _SENTINEL_LOGIN and kind is RedisKind.SENTINEL:
            login[name.removeprefix("sentinel_")] = unquote(value)
        else:
            own.append(piece)
    if "username" in login and "password" not in login:
        raise ValueError("sentinel_username needs sentinel_password")
    return "&".join(own), login


def _check_node(url: str, query: str) -> dict[str, Any]:
    """Have the client's own parser take the URL of a node; return the arguments that it makes of it."""
    # The client is imported here, not above: the commands that read no settings do not wait for it.
    import redis
    import redis.asyncio
    from redis.connection import parse_url

    parameters = dict(parse_qsl(query))
    for client in (redis, redis.asyncio):
        try:
            pool = client.ConnectionPool.from_url(url, **_CLIENT_TIMEOUTS)
            pool.connection_class(**pool.connection_kwargs)
        except TypeError:
            raise ValueError(f"the client knows no such parameter: {_shown(parameters, query)}; {_ENCODE}") from None
        except (ValueError, redis.RedisError) as error:
            raise ValueError(f"the client refuses it: {error}") from None
        if int(pool.connection_kwargs.get("db") or 0) < 0:
            raise ValueError("expected the number of a database, 0 or more")
        if pool.connection_kwargs.get("decode_responses"):
            raise ValueError("decode_responses cannot be set: answers are read as bytes")
    for name in _READABLE:
        if name in parameters:
            try:
                with Path(parameters[name]).open("rb"):
                    pass
            except OSError as error:
                raise ValueError(f"{name}={parameters[name]}: {error.strerror}") from None
    return dict(parse_url(url))  # type: ignore[no-untyped-call]  # redis-py has no types there


def _check_cluster(address: RedisAddress) -> None:
    from redis.asyncio.cluster import ClusterNode, RedisCluster

    if address.options.get("db"):
        raise ValueError("a cluster has one database, 0")
    options = {name: value for name, value in address.options.items() if name != "db"}
    try:
        RedisCluster(startup_nodes=[ClusterNode("127.0.0.1", 1)], ssl=address.tls, **options)
    except TypeError:
        raise ValueError(f"the client of a cluster knows no such parameter: {', '.join(sorted(options))}") from None


def _shown(parameters: dict[str, str], query: str) -> str:
    return ", ".join(sorted(parameters)) if "@" not in query else "a query parameter"
