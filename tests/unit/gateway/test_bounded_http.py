"""The bounds of a connection, over a real socket: headers, trailers, pipelines, and bodies that nobody wants."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from gateway.bounded_http import (
    HEADER_BYTES,
    HEADER_FIELDS,
    PIPE,
    WAITING_REQUESTS,
    WHOLE_BODY,
    BoundedProtocol,
    chunk_of,
)

BEGIN = b"POST /read HTTP/1.1\r\nHost: t\r\n"
WAITS = 20.0


class _Quick(BoundedProtocol):
    """Bounds in time that a test can wait for."""

    header_seconds = 0.2
    linger_seconds = 0.2


async def _read(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _unread(request: Request) -> Response:
    return PlainTextResponse("enough", 413)


async def _offered(request: Request) -> Response:
    """The body as it is offered before anything is received, or else as it is received."""
    if (body := request.scope[WHOLE_BODY]()) is not None:
        return Response(b"offered " + body)
    return Response(b"received " + await request.body())


class _Piped(Response):
    """Two pieces through the pipe of the answer, and what the pipe said before, meanwhile and afterwards."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pipe = scope[PIPE]()
        told = [pipe.write(chunk_of(b"too early"))]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first ", "more_body": True})
        told += [pipe.write(chunk_of(b"second ")), pipe.write(chunk_of(b"third "))]
        await send({"type": "http.response.body", "body": b"last", "more_body": False})
        told.append(pipe.write(chunk_of(b"too late")))
        SAID.append(told)


async def _piped(request: Request) -> Response:
    return _Piped()


class _Left(Response):
    """A stream whose reader is gone sooner or later; the pipe says when."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        pipe = scope[PIPE]()
        told: bool | RuntimeError = True
        try:
            for _ in range(5_000):
                if not (told := pipe.write(chunk_of(b"next"))):
                    break
                await asyncio.sleep(0.001)
        except RuntimeError as error:
            told = error
        LEFT.put_nowait(told)


async def _left(request: Request) -> Response:
    return _Left()


LEFT: asyncio.Queue[bool | RuntimeError] = asyncio.Queue()
SAID: list[list[bool]] = []
APP = Starlette(
    routes=[
        Route("/left", _left, methods=["GET"]),
        Route("/piped", _piped, methods=["GET"]),
        Route("/read", _read, methods=["POST"]),
        Route("/unread", _unread, methods=["POST"]),
        Route("/offered", _offered, methods=["POST"]),
    ]
)


def talk(pieces: Iterable[bytes], protocol: type[BoundedProtocol] = BoundedProtocol) -> bytes:
    """Send pieces, and return everything that comes until the server closes the connection."""

    async def run() -> bytes:
        config = uvicorn.Config(APP, log_config=None, access_log=False, ws="none", lifespan="off")
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: protocol(config, state, {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        got = b""
        try:
            async with asyncio.timeout(WAITS):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                got = await _until_closed(reader)
        except ConnectionError:
            pass  # closed while we were still sending
        finally:
            writer.close()
            server.close()
        return got

    return asyncio.run(run())


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    got = b""
    try:
        while piece := await reader.read(65_536):
            got += piece
    except ConnectionError:
        pass  # closed with bytes of ours unread
    return got


def test_a_request_is_served_and_the_next_one_too() -> None:
    """In one piece or byte by byte, with a length or in chunks, several on one connection."""
    chunked = BEGIN + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    first = BEGIN + b"Content-Length: 2\r\n\r\nab"
    got = talk([first, *(bytes([one]) for one in first), chunked])
    assert got.count(b"HTTP/1.1 200 OK") == 3
    assert got.endswith(b"3")


def test_a_body_that_came_with_its_header_is_offered_whole() -> None:
    """Each request of a connection sees its own body and never a part of one; what is still to come is received."""
    begin = b"POST /offered HTTP/1.1\r\nHost: t\r\n"
    together = begin + b"Content-Length: 2\r\n\r\nab" + begin + b"Content-Length: 3\r\n\r\ncde"
    got = talk([together, begin + b"Connection: close\r\nContent-Length: 0\r\n\r\n"])
    assert [part.partition(b"\r\n\r\n")[2] for part in got.split(b"HTTP/1.1 ")[1:]] == [
        b"offered ab",
        b"offered cde",
        b"offered ",
    ]
    large = b"x" * 200_000
    got = talk([begin + b"Connection: close\r\nContent-Length: 200000\r\n\r\n", large[:100_000], large[100_000:]])
    assert got.endswith(b" " + large)


def test_a_large_body_is_no_header() -> None:
    """Only what a parser holds counts: a body of many megabytes passes."""
    size = 4 * 1024 * 1024
    got = talk([BEGIN + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size, b"x" * size])
    assert got.endswith(str(size).encode())


@pytest.mark.parametrize(
    "pieces",
    [
        [BEGIN, *[b"X-%d: y\r\n" % number for number in range(HEADER_FIELDS + 1)], b"\r\n"],
        [BEGIN + b"X: ", b"y" * (HEADER_BYTES + 1)],
        [b"GET /" + b"y" * (HEADER_BYTES + 1)],
    ],
    ids=["many fields", "a long field", "a long path"],
)
def test_a_header_that_is_too_large_is_refused(pieces: list[bytes]) -> None:
    """431, and the connection is closed, before the header has come to an end."""
    got = talk(pieces)
    assert got == b"" or got.startswith(b"HTTP/1.1 431 ")
    assert b"200 OK" not in got


def test_trailers_and_extensions_of_chunks_are_bounded_too() -> None:
    """They come behind the header, and a parser holds them all the same."""
    begun = BEGIN + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    assert b"200 OK" not in talk([begun + b"0\r\nX: ", b"y" * 300_000, b"y" * 300_000])
    assert b"200 OK" not in talk([begun + b"3;", b"y" * 300_000, b"y" * 300_000])


@pytest.mark.parametrize("pieces", [[], [b"POST /re"], [BEGIN]], ids=["nothing", "half a line", "half a header"])
def test_a_header_that_does_not_come_is_not_waited_for(pieces: list[bytes]) -> None:
    """A connection that sends nothing, or stops within a header, is given up."""
    assert talk(pieces, _Quick).startswith(b"HTTP/1.1 408 ")


def test_the_rest_of_an_answered_body_is_not_read_for_ever() -> None:
    """The sender has time to read its answer; then the connection is closed, however much it still sends."""
    got = talk([b"POST /unread HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\nabc"], _Quick)
    assert got.startswith(b"HTTP/1.1 413 ")


def test_requests_in_advance_are_few() -> None:
    """Each takes memory before anybody looks at it."""
    one = BEGIN + b"Content-Length: 0\r\n\r\n"
    assert talk([one * (WAITING_REQUESTS * 4)]).count(b"200 OK") < WAITING_REQUESTS * 4


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\nHost t\n\n",
        b"OPTIONS * HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
        b"CONNECT t:443 HTTP/1.1\r\nHost: t\r\n\r\n",
        b"POST /read HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /read HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
        b"POST /\xff\xfe HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
        b"POST /read HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x00\x00",
    ],
    ids=["TLS", "no colon", "star", "connect", "two lengths", "negative", "not ASCII", "upgrade"],
)
def test_what_is_no_request_is_refused_and_closed(sent: bytes) -> None:
    """Below 500 or nothing: never an error of ours, and the connection ends."""
    got: Any = talk([sent], _Quick)
    assert b"HTTP/1.1 5" not in got


def test_an_answer_is_written_to_while_it_goes_on() -> None:
    """In its order and in chunks of HTTP; nothing before it has begun, and nothing after its end."""
    SAID.clear()
    got = talk([b"GET /piped HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"])
    body = b"6\r\nfirst \r\n7\r\nsecond \r\n6\r\nthird \r\n4\r\nlast\r\n0\r\n\r\n"
    assert got.partition(b"\r\n\r\n")[2] == body
    assert SAID == [[False, True, True, False]]


def test_who_speaks_http_1_0_gets_no_chunks() -> None:
    """They do not know them (RFC 9112, 6.1): the answer ends with its connection, and nothing is sent past it."""
    for more in (b"", b"Connection: keep-alive\r\n"):
        SAID.clear()
        header, _, body = talk([b"GET /piped HTTP/1.0\r\nHost: t\r\n" + more + b"\r\n"]).partition(b"\r\n\r\n")
        assert b"transfer-encoding" not in header.lower()
        assert b"connection: close" in header.lower()
        assert SAID == [[False, False, False, False]]
        assert body == b"first last"
    header, _, body = talk([b"GET / HTTP/1.0\r\nHost: t\r\n\r\n"]).partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in header.lower()


def test_a_pipe_of_a_reader_who_is_gone_takes_nothing() -> None:
    """Also where a second request waits behind the stream, of which alone uvicorn says that it is gone."""

    async def run() -> None:
        config = uvicorn.Config(APP, log_config=None, access_log=False, ws="none", lifespan="off")
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: BoundedProtocol(config, state, {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(b"GET /left HTTP/1.1\r\nHost: t\r\n\r\nGET /piped HTTP/1.1\r\nHost: t\r\n\r\n")
        await reader.readuntil(b"next")
        writer.close()
        async with asyncio.timeout(WAITS):
            assert await LEFT.get() is False
        server.close()

    # As the gateway runs: uvloop's transports raise where asyncio's say nothing.
    uvloop.run(run())
