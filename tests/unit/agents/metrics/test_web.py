"""The endpoints under people who mean no good: real sockets, a registry that counts how often it is read."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric

from agents.clock import wall_clock
from agents.embedded.processes import free_port
from agents.liveness.health import Health
from agents.metrics.connections import Connections
from agents.metrics.web import WebServer

HALF = b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: "
DEADLINE_SECONDS = 20.0


class Counting:
    """A collector that takes a second of the clock each time, and says how often it was asked."""

    def __init__(self) -> None:
        self.now = 100.0
        self.reads = 0

    def clock(self) -> float:
        """The time."""
        return self.now

    def describe(self) -> Iterator[Metric]:
        """Nothing: it is not to be read when it is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """One gauge: how often it was read."""
        self.now += 1.0
        self.reads += 1
        yield GaugeMetricFamily("reads", "How often.", value=self.reads)


@asynccontextmanager
async def serving(counting: Counting, password: str = "") -> AsyncIterator[str]:
    """A server; its address."""
    registry = CollectorRegistry()
    registry.register(counting)
    port = free_port()
    server = WebServer("127.0.0.1", port, registry, Health(wall_clock), password=password, clock=counting.clock)
    await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop()


async def body_of(session: aiohttp.ClientSession, url: str) -> str:
    """The text of an answer."""
    async with session.get(url) as response:
        return await response.text()


async def read_to_end(reader: asyncio.StreamReader) -> None:
    """Wait until the other side has ended a connection, without an answer."""
    with suppress(ConnectionResetError):
        assert await reader.read() == b""


def test_many_scrapes_are_one_and_no_answer_is_old() -> None:
    """An answer that took a second stands for one and no longer; then the state is read anew."""

    async def scraped() -> None:
        counting = Counting()
        async with serving(counting) as address, aiohttp.ClientSession() as session:
            first = await asyncio.gather(*(body_of(session, f"{address}/metrics") for _ in range(30)))
            assert set(first) == {"# HELP reads How often.\n# TYPE reads gauge\nreads 1\n"}
            counting.now += 0.5
            assert "reads 1\n" in await body_of(session, f"{address}/metrics")
            counting.now += 0.75
            assert "reads 2\n" in await body_of(session, f"{address}/metrics")

    asyncio.run(asyncio.wait_for(scraped(), DEADLINE_SECONDS))


def test_a_thousand_half_sent_requests_do_not_keep_the_probe_out() -> None:
    """The oldest connections are ended: 50 stay, and whoever asks properly is answered."""

    async def attacked() -> None:
        async with serving(Counting()) as address, aiohttp.ClientSession() as session:
            port = int(address.rpartition(":")[2])
            halves = []
            for _ in range(300):
                halves.append(await asyncio.open_connection("127.0.0.1", port))
                halves[-1][1].write(HALF)
            assert "starting" in await body_of(session, f"{address}/healthz")
            # The first 250 and those who made room for the probes are gone; reading says so.
            for reader, _ in halves[:250]:
                await read_to_end(reader)
            assert not halves[-1][0].at_eof()
            for _, writer in halves:
                writer.close()

    asyncio.run(asyncio.wait_for(attacked(), DEADLINE_SECONDS))


def test_a_connection_is_ended_after_its_time() -> None:
    """Whoever sends the head of a request byte by byte is not waited for."""

    async def dawdled() -> None:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            raise AssertionError("the request never ends")

        connections = Connections(web.Server(answer), lifetime_seconds=0.05)
        server = await asyncio.get_running_loop().create_server(connections.new, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(HALF)
        await read_to_end(reader)
        assert len(connections) == 0
        writer.close()
        server.close()

    asyncio.run(asyncio.wait_for(dawdled(), DEADLINE_SECONDS))


@pytest.mark.parametrize("password", ["s3cret", "pa:ss wörd", "x" * 500])
def test_metrics_with_a_password_want_it_and_health_does_not(password: str) -> None:
    """Prometheus' `basic_auth` gets in; anybody else learns nothing and costs no scrape."""

    async def scenario() -> None:
        counting = Counting()
        async with serving(counting, password) as address, aiohttp.ClientSession() as session:
            right = "Basic " + base64.b64encode(f"prometheus:{password}".encode()).decode()
            wrong = [
                "",
                "Basic",
                "Basic ???",
                "Bearer " + right.partition(" ")[2],
                "Basic " + base64.b64encode(password.encode()).decode(),
                "Basic " + base64.b64encode(f"admin:{password}".encode()).decode(),
                "Basic " + base64.b64encode(f"prometheus:{password}x".encode()).decode(),
                "Basic " + base64.b64encode(b"prometheus:").decode(),
            ]
            for header in wrong:
                headers = {"Authorization": header} if header else {}
                async with session.get(f"{address}/metrics", headers=headers) as response:
                    assert (response.status, await response.read()) == (401, b""), header
                    assert response.headers["WWW-Authenticate"].startswith("Basic ")
            assert counting.reads == 0
            async with session.get(f"{address}/metrics", headers={"Authorization": right}) as response:
                assert response.status == 200
                assert "reads 1" in (await response.text()).splitlines()
            for place in ("healthz", "readyz"):
                async with session.get(f"{address}/{place}") as response:
                    assert response.status in (200, 503)

    asyncio.run(scenario())
