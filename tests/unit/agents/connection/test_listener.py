"""What is said of an address where something else than a Kafka broker answers, or nothing. Real servers, no fakes."""

import http.server
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from agents.connection import listener, reach
from agents.connection.kafka import KafkaConnection
from agents.connection.listener import what_listens
from agents.connection.reach import UnreachableError, check_reachable
from agents.embedded.processes import free_port
from agents.embedded.servers import EmbeddedRedis
from tests.brokers.security import Authority


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[int]:
    """Run a server in a thread; return its port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Banner(socketserver.BaseRequestHandler):
    """Says what an SSH server says first."""

    def handle(self) -> None:
        """Say it."""
        self.request.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


class Quiet(socketserver.BaseRequestHandler):
    """Hears and says nothing."""

    def handle(self) -> None:
        """Wait until the other side has had enough."""
        while self.request.recv(1024):
            pass


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """On this machine an answer takes no seconds."""
    monkeypatch.setattr(listener, "_ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(reach, "_LOOK_SECONDS", 0.2)
    monkeypatch.setattr(reach, "_CONNECT_SECONDS", 2.0)


@pytest.fixture
def context() -> ssl.SSLContext:
    """A context that trusts everybody."""
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


def servers(tmp_path: Path, stack: ExitStack) -> dict[str, Callable[[], int]]:
    """Ways to start something that is no Kafka broker."""

    def http_server() -> int:
        return stack.enter_context(
            served(http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler))
        )

    def https_server() -> int:
        certificate, key = Authority(tmp_path).issue("web", "IP:127.0.0.1")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        return stack.enter_context(served(server))

    def redis() -> int:
        server = EmbeddedRedis(free_port(), directory=tmp_path)
        stack.callback(server.stop)
        server.start()
        return int(server.url.rsplit(":", 1)[1].split("/")[0])

    def ssh() -> int:
        return stack.enter_context(served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Banner)))

    return {"an HTTP server": http_server, "an HTTP server behind TLS": https_server, "a Redis": redis,
            "an SSH server": ssh}  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("what", ["an HTTP server", "an HTTP server behind TLS", "a Redis", "an SSH server"])
def test_what_answers_instead_is_named(
    what: str, tmp_path: Path, context: ssl.SSLContext, capfd: pytest.CaptureFixture[str]
) -> None:
    """A mistyped port leads to another server more often than to none."""
    with ExitStack() as stack:
        port = servers(tmp_path, stack)[what]()
        found = what_listens("127.0.0.1", port, context)
        assert (found.is_kafka, found.what) == (False, what)
        if what == "an HTTP server":
            with pytest.raises(UnreachableError, match=f"^PULSE_BROKER=127.0.0.1:{port} is no Kafka broker: {what} "):
                check_reachable(KafkaConnection(address=f"127.0.0.1:{port}"))
    capfd.readouterr()


def test_silence_is_told_from_a_closed_port_and_from_a_name_that_does_not_resolve() -> None:
    """Each of them may change by itself, so that they are waited for; here with no patience."""
    with served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Quiet)) as port:
        for address, words in (
            (f"127.0.0.1:{port}", "takes connections and says nothing"),
            (f"127.0.0.1:{free_port()}", "refuses connections: nobody listens there"),
            ("nowhere.invalid:9092", "the name nowhere.invalid does not resolve"),
        ):
            with pytest.raises(UnreachableError) as caught:
                check_reachable(KafkaConnection(address=address), patience_seconds=0)
            assert str(caught.value).startswith(f"no Kafka broker answers: PULSE_BROKER={address} ")
            assert words in str(caught.value)


def test_a_broker_that_comes_up_in_time_is_waited_for() -> None:
    """Containers start together: what does not answer yet is asked again, and the last word is of the last attempt."""
    port = free_port()
    with ExitStack() as stack:

        def begin() -> None:
            stack.enter_context(served(socketserver.ThreadingTCPServer(("127.0.0.1", port), Banner)))

        later = threading.Timer(0.7, begin)
        later.start()
        with pytest.raises(UnreachableError, match="an SSH server"):
            check_reachable(KafkaConnection(address=f"127.0.0.1:{port}"))
        later.join()
