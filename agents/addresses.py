"""Addresses of Kafka and Redis, checked where they are read: what passes is what the clients will use."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

_SCHEMES: Final = ("redis://", "rediss://", "unix://")
_AUTHORITY: Final = re.compile(r"[^/?#]*")
_DATABASE: Final = re.compile(r"/?|/[0-9]{1,9}/?")
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST: Final = re.compile(r"\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^\s/@:?#\[\]'\"%\\,;]+")
_READABLE: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_ENCODE: Final = "percent-encode special characters of user and password (# %23, / %2F, ? %3F, @ %40, % %25, [ %5B)"


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
    if _HOST.fullmatch(host) is None:
        hint = "; an IPv6 address stands in brackets" if re.fullmatch(r"[0-9A-Fa-f:.]+", host) else ""
        raise ValueError(f"{wanted}; {host!r} is no host{hint}")
    if re.fullmatch("[0-9]{1,5}", port) is None or not 0 < int(port) < 65_536:
        raise ValueError(f"{wanted}; {port!r} is no port from 1 to 65535")


def parse_redis_url(text: str) -> str:
    """Return the URL of a Redis, or nothing for none, after the client's own parser has taken it.

    The client takes some texts silently for something else: a database that is no number for 0, a raw ``%`` or ``#``
    for the end of a password. These are refused here.

    Raises:
        ValueError: the client cannot use it; the message never repeats a part of the URL that may be a password.
    """
    if not text:
        return text
    if not text.startswith(_SCHEMES):
        raise ValueError(f"expected redis://, rediss:// or unix://, or nothing for no Redis{_scheme_hint(text)}")
    _check_characters(text)
    _check_parts(text)
    _check_with_client(text)
    return text


def _scheme_hint(text: str) -> str:
    scheme = text.partition("://")[0].strip().lower() if "://" in text else ""
    if text.strip("\"' \t\r\n").lower().startswith(_SCHEMES):
        return "; the scheme is written in small letters, without quotes and blanks before it"
    if scheme in ("valkey", "valkeys"):
        return f"; Valkey is read as redis{scheme.removeprefix('valkey')}://"
    if "sentinel" in scheme or "cluster" in scheme:
        return "; Sentinel and Cluster are not supported"
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


def _check_parts(text: str) -> None:
    scheme, _, rest = text.partition("://")
    found = _AUTHORITY.match(rest)
    authority = found[0] if found else ""
    path, _, query = rest[len(authority) :].partition("?")
    userinfo, _, host = authority.rpartition("@")
    for char in "@[]":
        if char in userinfo:
            raise ValueError(f"a raw {char} stands in the password; {_ENCODE}")
    if "@" in path:
        raise ValueError(f"a raw / or @ stands before the host; {_ENCODE}")
    if query and not all(re.match(r"[\w%.-]+=", piece) for piece in query.split("&")):
        raise ValueError(f"what follows ? is not name=value; {_ENCODE}")
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    if len(set(names)) != len(names):
        raise ValueError("a query parameter stands there twice")
    if re.search(r"(?:^|&)(?:username|password|ssl_password)=[^&]*\+", query):
        raise ValueError("a raw + stands in a query parameter; percent-encode it as %2B")
    if scheme == "unix":
        if path in ("", "/"):
            raise ValueError("expected the path of a socket: unix:///run/redis.sock")
        return
    _check_port(host)
    if _DATABASE.fullmatch(unquote(path)) is None:
        raise ValueError(f"expected the number of a database after the host, as in /0; {_ENCODE}")
    if path.strip("/") and "db" in names:
        raise ValueError("the database stands there twice, as path and as db=")


def _check_port(authority: str) -> None:
    host, port = authority, ""
    if not authority.endswith("]") and ":" in authority:
        host, _, port = authority.rpartition(":")
    if host and _HOST.fullmatch(host) is None:
        raise ValueError(f"expected HOST:PORT behind the scheme, an IPv6 address in brackets; {_ENCODE}")
    if port and (re.fullmatch("[0-9]{1,5}", port) is None or not 0 < int(port) < 65_536):
        raise ValueError(f"expected a port from 1 to 65535; {_ENCODE}")


def _check_with_client(text: str) -> None:
    # The client is imported here, not above: the commands that read no settings do not wait for it.
    import redis
    import redis.asyncio

    query = dict(parse_qsl(urlsplit(text).query))
    for client in (redis, redis.asyncio):
        try:
            pool = client.ConnectionPool.from_url(text, socket_timeout=5, socket_connect_timeout=2)
            pool.connection_class(**pool.connection_kwargs)
        except TypeError:
            known = ", ".join(sorted(query)) if "@" not in text.partition("?")[2] else "a query parameter"
            raise ValueError(f"the client knows no such parameter: {known}; {_ENCODE}") from None
        except (ValueError, redis.RedisError) as error:
            raise ValueError(f"the client refuses it: {error}") from None
        if int(pool.connection_kwargs.get("db") or 0) < 0:
            raise ValueError("expected the number of a database, 0 or more")
        if pool.connection_kwargs.get("decode_responses"):
            raise ValueError("decode_responses cannot be set: answers are read as bytes")
    for name in _READABLE:
        if name in query:
            try:
                with Path(query[name]).open("rb"):
                    pass
            except OSError as error:
                raise ValueError(f"{name}={query[name]}: {error.strerror}") from None
