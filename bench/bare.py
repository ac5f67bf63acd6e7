"""What no gateway is faster than: ``echo PORT`` answers and does nothing else; ``produce N SENDERS`` sends records.

``echo`` is Starlette under the gateway's own server settings. ``produce`` is aiokafka with the gateway's settings, and
sends what the gateway sends of one body: two records, confirmed before the next pair of the same sender goes.
"""

import asyncio
import os
import sys
from time import perf_counter, process_time

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agents.broker.producers import start_producer
from agents.settings import Settings
from bench.gateway_orders import BODY_BYTES, EVENT_BYTES
from models.topics import CONVERSIONS, INBOX


async def _echo(request: Request) -> Response:
    body = await request.body()
    return Response(b'{"bytes":%d}' % len(body), media_type="application/json")


def echo(port: int) -> None:
    """Serve until a signal comes."""
    app = Starlette(routes=[Route("/v1/hooks/{kind}/{endpoint}", _echo, methods=["POST"])])
    uvicorn.run(app, port=port, log_config=None, access_log=False, lifespan="off", ws="none")


async def produce(pairs: int, senders: int) -> None:
    """Send pairs of records and print how many a second were confirmed, and a CPU second."""
    settings = Settings.from_environment(os.environ)
    producer = await start_producer(settings.kafka_connection, linger_ms=10, max_batch_size=256 * 1024)
    left = iter(range(pairs))

    async def sender() -> None:
        for number in left:
            key = b"%d" % number
            first = await producer.send(INBOX, b"x" * BODY_BYTES, key=key)
            second = await producer.send(CONVERSIONS, b"x" * EVENT_BYTES, key=key)
            await asyncio.wait([first, second])

    began, used = perf_counter(), process_time()
    await asyncio.gather(*(sender() for _ in range(senders)))
    seconds, used = perf_counter() - began, process_time() - used
    await producer.stop()
    print(f"{pairs / seconds:.1f} {pairs / used:.1f}")


if __name__ == "__main__":
    if sys.argv[1] == "echo":
        echo(int(sys.argv[2]))
    else:
        uvloop.run(produce(int(sys.argv[2]), int(sys.argv[3])))
