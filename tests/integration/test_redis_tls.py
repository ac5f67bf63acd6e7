"""TLS to Redis with a CA of one's own, a client certificate, and without verification; and what is told otherwise.

The wheel's server speaks no TLS: it stands behind a door that does, as managed ones and sidecars have it.
"""

import logging
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from agents.clock import wait_until
from agents.embedded.servers import EmbeddedRedis
from agents.read_model.reader import ReadModel, ReadModelError
from agents.settings import Settings
from tests.integration.rollups import SECONDS, Publisher

pytestmark = pytest.mark.broker


class Door:
    """A TLS server that passes on what it hears to a port.

    Args:
        target: the port of 127.0.0.1.
        directory: with the CA and the server's certificate.
        wants_certificate: whether clients need one.
        slams: whether a client without one is cut off by a reset, which overtakes what TLS says of the reason.
    """

    def __init__(self, target: int, directory: Path, *, wants_certificate: bool, slams: bool = False) -> None:
        self._target = target
        self._slams = slams
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(directory / "server.pem", directory / "server.key")
        if wants_certificate:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(directory / "ca.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self._slams:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with (
            suppress(OSError),
            client,
            self._context.wrap_socket(client, server_side=True) as inside,
            socket.create_connection(("127.0.0.1", self._target)) as server,
        ):
            threading.Thread(target=self._pass_on, args=(server, inside), daemon=True).start()
            self._pass_on(inside, server)

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, and certificates of it for the server at 127.0.0.1 and for a client."""
    directory = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(directory, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=our CA")
    (directory / "server.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    (directory / "client.ext").write_text("extendedKeyUsage=clientAuth\n")
    for name in ("server", "client"):
        openssl(directory, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        issue = ("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        openssl(directory, *issue, "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
    return directory


def openssl(directory: Path, *arguments: str) -> None:
    """Run openssl; it must succeed."""
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedRedis]:
    """A Redis of these tests."""
    with EmbeddedRedis() as running:
        yield running


@pytest.fixture(scope="module")
def door(server: EmbeddedRedis, certificates: Path) -> Iterator[Door]:
    """TLS for everybody."""
    with closing(Door(server.port, certificates, wants_certificate=False)) as running:
        yield running


@pytest.fixture(scope="module")
def strict_door(server: EmbeddedRedis, certificates: Path) -> Iterator[Door]:
    """TLS for clients with a certificate."""
    with closing(Door(server.port, certificates, wants_certificate=True)) as running:
        yield running


@pytest.fixture(scope="module")
def slamming_door(server: EmbeddedRedis, certificates: Path) -> Iterator[Door]:
    """The same, in the way of a busy machine: with a reset."""
    with closing(Door(server.port, certificates, wants_certificate=True, slams=True)) as running:
        yield running


def check_works(url: str, comments: int) -> None:
    """Write and read with an address that the setting takes."""
    assert Settings.from_environment({"PULSE_REDIS_URL": url}).redis_url == url
    with Publisher(url, 2) as publisher:
        publisher.publish_and_wait(comments)
    with closing(ReadModel(url)) as read_model:
        snapshot = read_model.snapshot()
    assert snapshot is not None
    assert [each.windows["total"].comments for each in snapshot.influencers] == [comments, comments]


def test_a_private_ca_a_client_certificate_and_no_verification_work(
    door: Door, strict_door: Door, certificates: Path
) -> None:
    """The parameters of docs/redis.md, for writing and reading."""
    trusted = f"ssl_ca_certs={certificates}/ca.pem"
    own = f"ssl_certfile={certificates}/client.pem&ssl_keyfile={certificates}/client.key"
    check_works(f"rediss://127.0.0.1:{door.port}/0?{trusted}", 1)
    check_works(f"rediss://127.0.0.1:{strict_door.port}/0?{trusted}&{own}", 2)
    check_works(f"rediss://127.0.0.1:{door.port}/0?ssl_cert_reqs=none", 3)
    check_works(f"valkeys://localhost:{door.port}/0?{trusted}&ssl_check_hostname=false", 4)


def test_what_is_wrong_with_tls_is_told_to_worker_and_reader(
    door: Door,
    strict_door: Door,
    slamming_door: Door,
    server: EmbeddedRedis,
    certificates: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of a closed connection and a silent port nobody learns which letter is missing in the address."""
    trusted = f"ssl_ca_certs={certificates}/ca.pem"
    for url, words in (
        (f"rediss://127.0.0.1:{door.port}", "ssl_ca_certs names the CA"),
        (f"rediss://localhost:{door.port}?{trusted}", "shows the certificate of another host"),
        (f"rediss://127.0.0.1:{strict_door.port}?{trusted}", "client certificate: ssl_certfile"),
        (f"rediss://127.0.0.1:{slamming_door.port}?{trusted}", "client certificate: ssl_certfile"),
        (f"redis://127.0.0.1:{door.port}", "rediss:// is for it"),
        (f"rediss://127.0.0.1:{server.port}?socket_timeout=1", "redis:// is for it"),
    ):
        caplog.clear()
        with caplog.at_level(logging.WARNING), Publisher(url, 1) as publisher:
            publisher.publish(1)
            assert wait_until(
                lambda publisher=publisher: publisher.projection.failures_total > 0,  # type: ignore[misc]
                timeout_seconds=SECONDS,
            )
        assert words in caplog.text
        with closing(ReadModel(url)) as read_model, pytest.raises(ReadModelError, match=words):
            read_model.campaign_ids()
