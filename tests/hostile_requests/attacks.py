"""Attacks by hand, each one request or connection: what it sends, and the statuses that are an answer to it.

A stranger knows addresses, samples and other people's recorded requests, but no secret. ``KEYED`` attacks come from
somebody who has a key and is broken; ``SIGNED`` from a platform whose signature is right.
"""

import base64
import gzip
import hashlib
import hmac
import json
import random
import socket
import zlib
from collections.abc import Callable
from typing import Final

import cramjam

from tests.hostile_requests.wire import CLOSED, exchange, head, status_of, whole

Attack = Callable[[int, random.Random], int]
KEY: Final = "pulse_w_of-the-hostile-tests"
SECRET: Final = "hostile-secret"
KINDS: Final = (
    "instagram",
    "shopify",
    "stripe",
    "standard",
    "tiktok",
    "twitch",
    "x",
    "youtube",
    "woocommerce",
    "gleam",
)
BEARER: Final = ("Authorization", f"Bearer {KEY}")
_HOOK: Final = "/v1/hooks/shopify/main"
_EVENTS: Final = "/v1/events"
_ZEROS: Final = 64 * 1024 * 1024
_GZIP_BOMB: Final = gzip.compress(b"\0" * _ZEROS)
_ZSTD_BOMB: Final = bytes(cramjam.zstd.compress(b"\0" * _ZEROS))
_TWICE: Final = gzip.compress(_GZIP_BOMB)
_WIDE_WINDOW: Final = b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x03\x00\x00\x61"
"""A zstd frame of no known size that asks for a window of 2 GiB."""
_BRACKETS: Final = 200_000
_PIECE: Final = 64 * 1024


def _hook(rng: random.Random) -> str:
    return f"/v1/hooks/{rng.choice(KINDS)}/main"


def declared_too_large(port: int, rng: random.Random) -> int:
    """A length that no body may have: refused without reading it."""
    return exchange(port, head(_hook(rng), [("Content-Length", str(rng.randrange(5_000_000, 10**18)))]))


def sent_too_large(port: int, rng: random.Random) -> int:
    """More than 4 MiB in chunks, whose sum nobody has declared."""
    chunk = b"%x\r\n" % _PIECE + b"x" * _PIECE + b"\r\n"
    return exchange(port, head(_hook(rng), [("Transfer-Encoding", "chunked")]), *[chunk] * 70)


def packed_by_a_stranger(port: int, rng: random.Random) -> int:
    """A bomb to an address that wants no packing, or a key."""
    path = rng.choice([_hook(rng), _EVENTS, "/v1/track", "/mp/collect?api_secret=none"])
    name, body = rng.choice([("gzip", _GZIP_BOMB), ("zstd", _ZSTD_BOMB), ("gzip", _TWICE)])
    return exchange(port, whole(path, body, [("Content-Encoding", name)]))


def wrong_method(port: int, rng: random.Random) -> int:
    """Every method there is and some that are not, everywhere."""
    method = rng.choice(
        ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "GET", "LOCK", "PRI", "CONNECT", "FOO", "get"]
    )
    path = rng.choice(
        [_hook(rng), _EVENTS, "/v1/batch", "/mp/collect", "/l/bio", "/metrics", "/openapi.json", "*", "/"]
    )
    return exchange(port, whole(path, b"", method=method))


def replayed(port: int, rng: random.Random) -> int:
    """A right signature of an old time, or of another body, or at another address."""
    body = json.dumps({"id": rng.randrange(10**6), "type": "order"}).encode()
    old = str(1_600_000_000 + rng.randrange(10**7))
    signed = hmac.new(SECRET.encode(), f"{old}.".encode() + body, hashlib.sha256).hexdigest()
    shopify = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    header, path, sent = rng.choice(
        [
            (("Stripe-Signature", f"t={old},v1={signed}"), "/v1/hooks/stripe/main", body),
            (("Stripe-Signature", f"t=9{old},v1={signed}"), "/v1/hooks/stripe/main", body),
            (("X-Shopify-Hmac-Sha256", shopify), _HOOK, body + b" "),
            (("X-Shopify-Hmac-Sha256", shopify), "/v1/hooks/woocommerce/main", body),
            (("X-Hub-Signature-256", "sha256=" + shopify), "/v1/hooks/instagram/main", body),
        ]
    )
    headers = [header] * rng.choice([1, 1, 2])
    return exchange(port, whole(path, sent, headers))


def forged(port: int, rng: random.Random) -> int:
    """Signatures of every form that are none."""
    name = rng.choice(
        ["X-Hub-Signature-256", "X-Shopify-Hmac-Sha256", "Stripe-Signature", "webhook-signature", "X-Pulse-Secret"]
    )
    value = rng.choice(
        ["", "sha256=", "sha256=" + "0" * 64, "t=,v1=", "t=1,v1=" + "0" * 9_000, "v1," * 4_000, "\xff\xfe", "=" * 99]
    )
    return exchange(port, whole(_hook(rng), rng.randbytes(rng.randrange(2_000)), [(name, value)]))


def header_flood(port: int, rng: random.Random) -> int:
    """Thousands of fields, or one without an end, or trailers of that kind."""
    many = b"".join(b"X-%d: y\r\n" % number for number in range(5_000))
    begun = head(_hook(rng))[:-2]
    chunked = head(_hook(rng), [("Transfer-Encoding", "chunked")]) + b"1\r\na\r\n0\r\n"
    return exchange(
        port,
        *rng.choice([[begun + many], [begun + b"X: " + b"y" * 500_000], [chunked + many], [b"GET /" + b"a" * 200_000]]),
    )


def path_trick(port: int, rng: random.Random) -> int:
    """Ways out of a path, and paths that are none."""
    path = rng.choice(
        [
            *(
                "/v1/hooks/../events",
                "/v1/hooks/%2e%2e/main",
                "//v1/events",
                "/v1//events",
                "/v1/events/",
                "/v1/events%00",
            ),
            *(
                "/v1/hooks/shopify/main%2f..%2f..",
                "/v1/hooks/shopify/",
                "/v1/hooks//main",
                "/%c0%ae%c0%ae/etc/passwd",
                "/l/%00",
            ),
            *(
                "/l/" + "a" * 30_000,
                "/l/..",
                "/l/%ff%fe",
                "http://other/v1/events",
                "/v1/hooks/shopify/main;a=b",
                "\\v1\\events",
            ),
            *(
                "/v1/hooks/shopify/main.",
                "/v1/hooks/gleam/main." + "x" * 9_000,
                "/docs/../metrics",
                "/?" + "&a=b" * 5_000,
                "?",
            ),
        ]
    )
    return exchange(port, whole(path, b"{}", method=rng.choice(["GET", "POST"])))


def smuggled(port: int, rng: random.Random) -> int:
    """Two opinions on where a request ends."""
    inner = b"GET /metrics HTTP/1.1\r\nHost: gateway\r\n\r\n"
    fields = rng.choice(
        [
            [("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
            [("Content-Length", "5"), ("Content-Length", "50")],
            [("Content-Length", "-1")],
            [("Content-Length", "1e3")],
            [("Content-Length", "9" * 40)],
            [("Transfer-Encoding", "chunked, identity")],
            [("Transfer-Encoding", "xchunked")],
            [("Transfer-Encoding ", "chunked")],
            [("Expect", "100-continue"), ("Content-Length", "5")],
            [("Connection", "Upgrade"), ("Upgrade", rng.choice(["websocket", "h2c"]))],
        ]
    )
    return exchange(
        port,
        head(_hook(rng), fields)
        + rng.choice([b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"-1\r\n", b"5;" + b"a" * 9_000])
        + inner,
    )


def garbage(port: int, rng: random.Random) -> int:
    """What is no HTTP at all."""
    return exchange(
        port,
        rng.choice(
            [b"\x16\x03\x01\x02\x00", b"", b"\r\n" * 1_000, b"GET /\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
        )
        + rng.randbytes(rng.randrange(3_000)),
    )


def cut_off(port: int, rng: random.Random) -> int:
    """A sender that goes within its body, without listening."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head(_hook(rng), [("Content-Length", "1000000")]) + rng.randbytes(rng.randrange(100_000)))
    return CLOSED


def pipelined(port: int, rng: random.Random) -> int:
    """Hundreds of requests at once, and nobody who reads the answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(
            head(rng.choice(["/openapi.json", "/metrics", "/healthz"]), method="GET") * rng.randrange(2, 400)
        )
        return status_of(connection)


def packed_wrongly(port: int, rng: random.Random) -> int:
    """From somebody with a key: bombs, halves, other formats, and a window of gigabytes."""
    good = json.dumps({"type": "visit"}).encode()
    name, body = rng.choice(
        [
            ("gzip", _GZIP_BOMB),
            ("zstd", _ZSTD_BOMB),
            ("gzip", _TWICE),
            ("gzip", gzip.compress(good)[:-6]),
            ("gzip", zlib.compress(good)),
            ("zstd", _WIDE_WINDOW),
            ("zstd", bytes(cramjam.zstd.compress(good))[:-3]),
            ("zstd", rng.randbytes(50)),
            ("br", good),
            ("gzip, gzip", good),
        ]
    )
    return exchange(port, whole(rng.choice([_EVENTS, "/v1/batch"]), body, [BEARER, ("Content-Encoding", name)]))


def too_deep(port: int, rng: random.Random) -> int:
    """From somebody with a key: nesting, long numbers, many keys, many items."""
    body = rng.choice(
        [
            b"[" * _BRACKETS,
            b'{"a":' * _BRACKETS,
            b"[" * 900 + b"]" * 900,
            b"[" + b"9" * 100_000 + b"]",
            b"[" + b"1," * 100_000 + b"1]",
            b"{" + b",".join(b'"%d":1' % number for number in range(50_000)) + b"}",
            b'{"type":"click","type":"visit"}',
            b'"\\ud800"',
            b"\xff\xfe[\x00]\x00",
            b"nan",
        ]
    )
    return exchange(
        port,
        whole(
            _EVENTS,
            body,
            [BEARER, ("Content-Type", rng.choice(["application/json", "application/x-ndjson", "text/xml"]))],
        ),
    )


def signed_nonsense(port: int, rng: random.Random) -> int:
    """From a platform, rightly signed: what nobody can map. It is a success, and counts nothing."""
    body = rng.choice(
        [
            b"[" * 100_000,
            b"{}",
            b"null",
            b"",
            b'{"id":' + b"9" * 5_000 + b"}",
            rng.randbytes(500),
            b'{"orders":[{},1,null]}',
        ]
    )
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    return exchange(
        port,
        whole(
            _HOOK,
            body,
            [
                ("X-Shopify-Hmac-Sha256", signature),
                ("X-Shopify-Topic", rng.choice(["orders/create", "app/uninstalled", ""])),
            ],
        ),
    )


STRANGERS: Final[tuple[Attack, ...]] = (
    *(declared_too_large, sent_too_large, packed_by_a_stranger, wrong_method, replayed, forged, header_flood),
    *(path_trick, smuggled, garbage, cut_off, pipelined),
)
KEYED: Final[tuple[Attack, ...]] = (packed_wrongly, too_deep, signed_nonsense)


class SlowSenders:
    """Connections that send a byte now and then: within a header, and within a body that is announced as allowed."""

    def __init__(self, port: int, count: int) -> None:
        self._connections = []
        for number in range(count):
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            begun = head(_HOOK, [("Content-Length", "4000000")])
            connection.sendall(begun[:-2] if number % 2 else begun + b"x" * (1_000_000 if number % 4 else 0))
            self._connections.append(connection)

    def trickle(self) -> None:
        """Send one byte more on each that is open."""
        for connection in self._connections:
            try:
                connection.sendall(b"x")
            except OSError:
                continue  # closed: as it should be

    def statuses(self) -> list[int]:
        """Return what each was answered, and close it."""
        found = []
        for connection in self._connections:
            with connection:
                found.append(status_of(connection))
        return found
