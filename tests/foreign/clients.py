"""Clients that are not ours, as producers: librdkafka, the Java client, franz-go and Sarama, each with its defaults."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import pytest
from confluent_kafka import Producer
from msgspec import Struct

from tests.brokers.artefacts import java, kafka_class_path

_HERE: Final = Path(__file__).parent
_BUILT: Final = _HERE.parents[1] / "var" / "foreign"
_SECONDS: Final = 120.0
_BUILD_SECONDS: Final = 500.0
"""The first build fetches the modules that go.sum names."""


class Outgoing(Struct, frozen=True):
    """A record that is sent; without a key the client chooses the partition."""

    key: str | None
    value: str
    headers: dict[str, str] = {}


class Step(Struct, frozen=True, kw_only=True):
    """What one producer sends: the same for every client, so also what the programs in Go and Java read.

    ``transaction`` is empty, "commit" or "abort".
    """

    topic: str
    records: list[Outgoing]
    codec: str = "none"
    idempotent: bool = True
    transaction: str = ""


def send_librdkafka(bootstrap: str, steps: Sequence[Step]) -> None:
    """Send with librdkafka, whose partitioner hashes keys by CRC32."""
    refused: list[str] = []

    def note(error: object, _: object) -> None:
        if error is not None:
            refused.append(str(error))

    for step in steps:
        settings = {
            "bootstrap.servers": bootstrap,
            "compression.type": step.codec,
            "enable.idempotence": step.idempotent,
            "linger.ms": 20,
        }
        if step.transaction:
            settings["transactional.id"] = "foreign-librdkafka"
        producer = Producer(settings)
        if step.transaction:
            producer.init_transactions(_SECONDS)
            producer.begin_transaction()
        for record in step.records:
            producer.produce(
                step.topic,
                record.value.encode(),
                record.key,
                headers=list(record.headers.items()),
                on_delivery=note,
            )
        left = producer.flush(_SECONDS)
        assert (left, refused) == (0, [])
        if step.transaction == "commit":
            producer.commit_transaction(_SECONDS)
        elif step.transaction == "abort":
            producer.abort_transaction(_SECONDS)


def send_java(bootstrap: str, steps: Sequence[Step]) -> None:
    """Send with the client of Apache Kafka itself."""
    _run([java(), "-cp", kafka_class_path(), str(_HERE / "Foreign.java"), bootstrap], steps)


def send_franz(bootstrap: str, steps: Sequence[Step]) -> None:
    """Send with franz-go, which fills one partition after another where there is no key."""
    _run([str(_go_program()), "franz-go", bootstrap], steps)


def send_sarama(bootstrap: str, steps: Sequence[Step]) -> None:
    """Send with Sarama, whose partitioner hashes keys by FNV-1a."""
    _run([str(_go_program()), "sarama", bootstrap], steps)


CLIENTS: Final[dict[str, Callable[[str, Sequence[Step]], None]]] = {
    "librdkafka": send_librdkafka,
    "java": send_java,
    "franz-go": send_franz,
    "sarama": send_sarama,
}


def _run(command: Sequence[str], steps: Sequence[Step]) -> None:
    done = subprocess.run(command, input=msgspec.json.encode(steps), capture_output=True, check=False, timeout=_SECONDS)
    assert done.returncode == 0, f"{command[0]}: {done.stderr.decode(errors='replace')[-3000:]}"


def _go_program() -> Path:
    """The program of this folder, built when it is not there yet; a test is skipped without Go, and fails in CI."""
    root = os.environ.get("GOROOT")
    go = shutil.which("go") or (root and shutil.which("go", path=str(Path(root) / "bin")))
    if not go:
        reason = "Go is neither on PATH nor in GOROOT: franz-go and Sarama are not tried"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and in CI they must be")
        pytest.skip(reason)
    sources = sorted(path for path in _HERE.iterdir() if path.suffix in {".go", ".mod", ".sum"})
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    program = _BUILT / f"foreign-{digest}"
    _BUILT.mkdir(parents=True, exist_ok=True)
    with (_BUILT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may build at once
        if not program.exists():
            partial = program.with_suffix(".partial")
            command = [go, "build", "-mod=readonly", "-buildvcs=false", "-o", str(partial), "."]
            built = subprocess.run(
                command, cwd=_HERE, capture_output=True, text=True, check=False, timeout=_BUILD_SECONDS
            )
            assert built.returncode == 0, f"go build: {built.stderr[-3000:]}"
            partial.rename(program)
    return program
