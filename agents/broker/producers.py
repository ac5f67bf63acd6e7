"""Producers whose retries neither double a record nor let an old one overtake a newer one.

Without a producer id a request that was given up and sent again may still be carried out by the broker, late: the
record is doubled, or an old state of an influencer ends up behind, and at compaction instead of, the newer one. With
one, the broker refuses what it has had (``enable.idempotence``). Apache Kafka gives producer ids since 0.11; the
embedded broker does not.
"""

import logging
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.transaction import InitProducerIdRequest

from agents.connection.kafka import KafkaConnection

log: Final = logging.getLogger("campaign_pulse")
_ANY_TIMEOUT_MS: Final = 2**31 - 1
_REFUSALS: Final = {
    -1: "UNKNOWN_SERVER_ERROR",  # what the embedded broker answers
    35: "UNSUPPORTED_VERSION",
}
_NOT_AUTHORISED: Final = {31: "CLUSTER_AUTHORIZATION_FAILED", 53: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"}


class NotAuthorisedError(RuntimeError):
    """The broker gives producer ids, and not to us; the message is for the operator."""


async def start_producer(connection: KafkaConnection, **options: Any) -> AIOKafkaProducer:
    """Start a producer with ``acks=all``, idempotent where the broker gives producer ids.

    Args:
        connection: how Kafka is reached.
        options: further options of ``AIOKafkaProducer``.

    Raises:
        KafkaError: no broker answers.
        NotAuthorisedError: the right to get a producer id is missing.
    """
    refusal = await _refusal(connection)
    if refusal is None:
        log.info("producer: acks=all, idempotent")
    else:
        log.warning(
            "producer: acks=all, not idempotent: the broker refuses InitProducerId (%s); a retry may double a record",
            refusal,
        )
    producer = AIOKafkaProducer(
        **connection.aiokafka_arguments(), acks="all", enable_idempotence=refusal is None, **options
    )
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def _refusal(connection: KafkaConnection) -> str | None:
    """Ask for a producer id; return why there is none. An answer to try again later means that there are some."""
    client = AIOKafkaClient(**connection.aiokafka_arguments())
    try:
        await client.bootstrap()
        request = InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=_ANY_TIMEOUT_MS)
        answer = await client.send(client.get_random_node(), request)
    except IncompatibleBrokerVersion as error:
        return str(error)
    finally:
        await client.close()
    if answer.error_code in _NOT_AUTHORISED:
        raise NotAuthorisedError(
            f"{_NOT_AUTHORISED[answer.error_code]}: the broker gives this user no producer id, without which a retry "
            "may double a record; the right WRITE on the topics is missing (before Kafka 2.8 also IdempotentWrite on "
            "the cluster)"
        )
    return _REFUSALS.get(answer.error_code)
