"""Whether Kafka can be reached as it is configured; where it cannot, one sentence says what to change.

Client libraries try again and again and say that no broker answers. A listener that answers something else will do so
for ever, so it is looked at once, before the first client is made; only one that does not answer is waited for.
"""

import asyncio
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiokafka.errors as errors
from aiokafka.conn import AIOKafkaConnection, get_ip_port_afi
from aiokafka.protocol.metadata import MetadataRequest
from msgspec import Struct

from agents.connection.kafka import OAUTHBEARER, KafkaConnection
from agents.connection.listener import CertificateRefusedError, Listener, token_refusal, what_listens
from agents.connection.rules import PREFIX
from agents.connection.tokens import TokenError, token_source

log: Final = logging.getLogger("campaign_pulse")
_PATIENCE_SECONDS: Final = 10.0
"""A broker that starts beside us is there by then; long enough for a mistyped address, too."""
_AGAIN_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 1.0
_CONNECT_SECONDS: Final = 10.0
"""For TLS, a login and an answer, on a busy machine and over a long way."""
_CLOSE_SECONDS: Final = 0.5
"""What a socket may take to close; where none was ever opened, nothing tells that it is closed."""


class UnreachableError(RuntimeError):
    """Kafka cannot be reached as configured; the message names the address and what to change, and holds no secret."""


class SilentError(UnreachableError):
    """Nothing answers at any of the addresses, which may change by itself."""


class _Broker(Struct, frozen=True):
    """A broker as the cluster advertises it."""

    node: int
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class _Failure(Struct, frozen=True):
    """Why an address cannot be used, as the end of a sentence that begins with it."""

    text: str
    is_silent: bool = False
    """Whether nothing answers there, which may change by itself."""


def check_reachable(connection: KafkaConnection, patience_seconds: float = _PATIENCE_SECONDS) -> None:
    """Return when a broker was reached at one of the addresses, and one at an address that the cluster advertises.

    Not to be called where an event loop runs.

    Raises:
        SilentError: nothing answers.
        UnreachableError: there is none; one that answers something else is told within seconds.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            with _quiet():
                asyncio.run(_check(connection))
        except _SilentError as silent:
            if time.monotonic() >= deadline:
                raise SilentError(str(silent)) from None
            time.sleep(_AGAIN_SECONDS)
        else:
            return


class _SilentError(Exception):
    """Nothing answers, yet."""


async def _check(connection: KafkaConnection) -> None:
    failures: dict[str, _Failure] = {}
    for server in connection.servers:
        host, port, _ = get_ip_port_afi(server)
        found = await _enter(connection, host, port)
        if not isinstance(found, _Failure):
            await _check_advertised(connection, server, found)
            return
        failures[server] = found
    if len(failures) == 1:
        [whole] = [f"PULSE_BROKER={server} {failure.text}" for server, failure in failures.items()]
    else:
        told = "; ".join(f"{server} {failure.text}" for server, failure in failures.items())
        whole = f"PULSE_BROKER={connection.address}: {told}"
    if all(failure.is_silent for failure in failures.values()):
        raise _SilentError(f"no Kafka broker answers: {whole}")
    raise UnreachableError(whole)


async def _check_advertised(connection: KafkaConnection, server: str, brokers: list[_Broker]) -> None:
    found = await asyncio.gather(*(_enter(connection, each.host, each.port) for each in brokers))
    failures = [
        f"{broker} {failure.text}"
        for broker, failure in zip(brokers, found, strict=True)
        if isinstance(failure, _Failure)
    ]
    if not failures:
        return
    text = (
        f"PULSE_BROKER={server} answers, and advertises its brokers elsewhere (advertised.listeners of the broker): "
        + "; ".join(failures)
    )
    if len(failures) == len(brokers):
        raise UnreachableError(text)
    log.warning("%s", text)


async def _enter(connection: KafkaConnection, host: str, port: int) -> list[_Broker] | _Failure:
    """Connect and log in as every client will; return the brokers of the cluster, or why not.

    What is no Kafka broker may keep a client waiting until its patience is over: it is looked at meanwhile.
    """
    looked: _Failure | None = None
    entering = asyncio.create_task(_brokers(connection, host, port))
    await asyncio.wait([entering], timeout=_LOOK_SECONDS)
    if not entering.done():
        looked = await asyncio.to_thread(_look, connection, host, port, TimeoutError())
        if not looked.is_silent:
            entering.cancel()
            await asyncio.wait([entering])
            return looked
    try:
        return await entering
    except (errors.KafkaError, OSError, TimeoutError, asyncio.IncompleteReadError, ValueError, AssertionError) as error:
        if looked is not None and isinstance(error, TimeoutError):
            return looked
        return await asyncio.to_thread(_failure, connection, host, port, error)


async def _brokers(connection: KafkaConnection, host: str, port: int) -> list[_Broker]:
    timeout_ms = round(_CONNECT_SECONDS * 1000)
    opened = AIOKafkaConnection(host, port, request_timeout_ms=timeout_ms, **connection.aiokafka_security())
    try:
        await opened.connect()
        metadata = await opened.send(MetadataRequest([]))
    finally:
        await asyncio.wait([opened.close()], timeout=_CLOSE_SECONDS)
    if not metadata.brokers:
        # A refused token is taken for a success by aiokafka, and what comes next for an answer that says nothing.
        raise ValueError("it tells of no broker")
    return [_Broker(node, name, number) for node, name, number, *_ in metadata.brokers]


def _failure(connection: KafkaConnection, host: str, port: int, error: BaseException) -> _Failure:
    """Return the sentence for what went wrong, after a look at what listens there."""
    if isinstance(error, TokenError):
        return _no_token(error)
    if isinstance(error, socket.gaierror):
        return _Failure(f"cannot be found: the name {host} does not resolve", is_silent=True)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _Failure(_untrusted(connection, host, error))
    if isinstance(error, errors.SaslAuthenticationFailed):
        return _Failure(_wrong_login(connection, error))
    return _look(connection, host, port, error)


def _look(connection: KafkaConnection, host: str, port: int, error: BaseException) -> _Failure:
    """Return the sentence for what listens there and does not let us in."""
    try:
        listener = what_listens(host, port, _trusting(connection))
        return _mismatch(connection, host, port, listener, error)
    except CertificateRefusedError as refused:
        return _Failure(_certificate_refused(connection, refused))
    except TokenError as none:
        return _no_token(none)
    except ConnectionRefusedError:
        return _Failure("refuses connections: nobody listens there", is_silent=True)
    except TimeoutError:
        return _Failure("does not answer", is_silent=True)
    except OSError as no_way:
        return _Failure(f"cannot be reached: {no_way.strerror or no_way}", is_silent=True)


def _no_token(error: TokenError) -> _Failure:
    settings = ", ".join(f"{PREFIX}OAUTH_{name}" for name in ("TOKEN_URL", "CLIENT_ID", "CLIENT_SECRET", "SCOPE"))
    return _Failure(f"was not asked, there is no token: {error} ({settings})", is_silent=error.is_silent)


def _mismatch(connection: KafkaConnection, host: str, port: int, listener: Listener, error: BaseException) -> _Failure:
    ours = f"{PREFIX}SECURITY_PROTOCOL={connection.security_protocol}"
    if not listener.is_kafka:
        if not listener.what:
            return _Failure("takes connections and says nothing that a Kafka broker would say", is_silent=True)
        return _Failure(f"is no Kafka broker: {listener.what} answers there")
    if listener.security_protocol != connection.security_protocol:
        login = f" (with {', '.join(listener.mechanisms)})" if listener.mechanisms else ""
        return _Failure(f"is a Kafka listener with {listener.security_protocol}{login}, and {ours}")
    if listener.mechanisms is not None and connection.sasl_mechanism not in listener.mechanisms:
        offered = ", ".join(listener.mechanisms)
        return _Failure(f"does not know {PREFIX}SASL_MECHANISM={connection.sasl_mechanism}; it knows {offered}")
    if connection.uses_sasl and connection.sasl_mechanism == OAUTHBEARER and connection.tokens is not None:
        context = connection.ssl_context() if connection.uses_tls else None
        refusal = token_refusal(host, port, context, token_source(connection.tokens).token())
        if refusal is not None:
            return _Failure(f"refuses the token of {PREFIX}OAUTH_CLIENT_ID={connection.tokens.client_id}: {refusal}")
    if isinstance(error, TimeoutError):
        return _Failure(f"is a Kafka listener, and did not answer within {_CONNECT_SECONDS:g} s", is_silent=True)
    return _Failure(f"is a Kafka listener, and ended the connection: {error}", is_silent=True)


def _untrusted(connection: KafkaConnection, host: str, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in (62, 64):  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
        return (
            f"shows a certificate that was not issued for {host}; use a name that stands in it, or "
            f"{PREFIX}SSL_CHECK_HOSTNAME=false"
        )
    authority = (
        f"{PREFIX}SSL_CA_FILE={connection.ssl_ca_file!r}"
        if connection.ssl_ca_file
        else (f"the system's authorities; {PREFIX}SSL_CA_FILE names others")
    )
    return f"shows a certificate that is not good ({error.verify_message}), judged by {authority}"


def _wrong_login(connection: KafkaConnection, error: Exception) -> str:
    said = f": {error.args[0]}" if error.args and error.args[0] else ""
    if connection.sasl_mechanism == OAUTHBEARER:
        return f"refuses the token of {PREFIX}OAUTH_CLIENT_ID{said}"
    return f"refuses {PREFIX}SASL_USERNAME={connection.sasl_username} with {PREFIX}SASL_PASSWORD{said}"


def _certificate_refused(connection: KafkaConnection, refused: Exception) -> str:
    if not connection.uses_tls:
        return f"speaks TLS and asks for a certificate, and {PREFIX}SECURITY_PROTOCOL={connection.security_protocol}"
    if connection.ssl_cert_file:
        return f"refuses the certificate of {PREFIX}SSL_CERT_FILE={connection.ssl_cert_file!r} ({refused})"
    return f"asks for a certificate, and {PREFIX}SSL_CERT_FILE is not set ({refused})"


def _trusting(connection: KafkaConnection) -> ssl.SSLContext:
    """Return a context that takes any certificate of the other side: for a look at what it is, no secret is told."""
    context = connection.ssl_context() if connection.uses_tls else ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep aiokafka's own lines about failures in this thread back: the sentence says more."""
    thread = threading.get_ident()

    def is_of_another(record: logging.LogRecord) -> bool:
        return record.thread != thread

    loggers = [logging.getLogger(name) for name in ("aiokafka", "aiokafka.conn")]
    for each in loggers:
        each.addFilter(is_of_another)
    try:
        yield
    finally:
        for each in loggers:
            each.removeFilter(is_of_another)
