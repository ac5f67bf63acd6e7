"""Sending dead letters again, each once, whatever is killed when and however often the command is run.

No transaction is needed, and so every broker will do. For each portion of letters:

1. a mark ``begun`` names them, and where the input topics ended before;
2. the mark is read back: if another run was first with one of them, this one withdraws;
3. the events are sent, with the identity of their letter in a header, and confirmed;
4. a mark ``done`` names them.

A run that finds 1 without 4 waits until the other one cannot be alive any more (``LEASE_SECONDS``; a portion has
``PORTION_SECONDS``), then reads the input topics from the ends in the mark and looks for the headers: what arrived is
done, and the rest is open again. Behind all of it stand the event ids, by which a worker counts an event once within
its horizon whatever was sent how often.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from agents.broker.dead_letter_log import LetterPlace, Survey, open_consumer
from agents.broker.producers import start_producer
from agents.broker.redrive_run import PORTION_SECONDS, RedriveReport, RedriveRun
from agents.broker.topic_admin import LARGEST_MESSAGE_BYTES
from agents.connection.kafka import KafkaConnection

_STOP_SECONDS: Final = 2.0


async def redrive(
    connection: KafkaConnection,
    places: Sequence[LetterPlace],
    survey: Survey,
    *,
    now_ms: Callable[[], int],
    say: Callable[[str], None],
    report: RedriveReport,
    on_progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Send dead letters again.

    Args:
        connection: how Kafka is reached.
        places: the letters, none of them hindered.
        survey: in which they were found; it is read on.
        now_ms: the wall clock.
        say: told in a sentence what takes time.
        report: filled as it goes on, also when it fails.
        on_progress: called with how many letters are through.

    Raises:
        RedriveError: another redrive sends the same letters, or the broker did not confirm in time.
        DeadLetterLogError: the topic of dead letters cannot be read.
        KafkaError: a broker refused or is away.
        TimeoutError: a broker does not answer.
    """
    # One reads the letters on and on, the other one here and there.
    async with open_consumer(connection) as consumer, open_consumer(connection) as reader:
        producer = await start_producer(
            connection,
            max_request_size=LARGEST_MESSAGE_BYTES,
            request_timeout_ms=round(PORTION_SECONDS * 1000),
        )
        try:
            run = RedriveRun(connection, consumer, producer, survey, report)
            await run.wait_for_others(now_ms, say)
            await run.settle_broken_off(say)
            await run.send_all(reader, places, on_progress)
        finally:
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await producer.stop()
            except TimeoutError:
                await producer.client.close()  # nothing may leave after the lease
