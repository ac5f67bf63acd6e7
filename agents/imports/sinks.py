"""Where imported events go: a file of NDJSON, which stands there whole or not at all, a stream, or Kafka."""

import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Protocol, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError

from agents.connection.kafka import KafkaConnection
from agents.imports.importing import Event
from agents.terminal import visible_json

_FLUSH_SECONDS: Final = 60


class SinkError(Exception):
    """Events could not be handed over; the message says where and why."""


class Sink(Protocol):
    """Takes events, in order. Left by an exception, it leaves as little behind as it can."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish: afterwards every event is safe."""
        ...

    def put(self, event: Event) -> None:
        """Take one event."""
        ...


class Nowhere:
    """Takes events and keeps none (``--dry-run``)."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Finish."""

    def put(self, event: Event) -> None:
        """Take one event."""


class StreamSink:
    """Writes lines to a stream that somebody else closes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Flush."""
        self._stream.flush()

    def put(self, event: Event) -> None:
        """Write one line; on a terminal, without what would mislead a reader."""
        value = visible_json(event.value.decode()).encode() if self._is_terminal else event.value
        self._stream.write(value + b"\n")


class FileSink:
    """Writes lines beside the file, and puts them in its place at the end: an import that fails changes nothing."""

    def __init__(self, path: Path) -> None:
        """Open the file beside.

        Raises:
            SinkError: it cannot be written there.
        """
        self._path = path
        self._beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            self._file = self._beside.open("wb", buffering=1 << 20)
        except OSError as error:
            raise SinkError(f"{path}: {error.strerror}") from None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Put the lines in place, or remove them after an exception.

        Raises:
            SinkError: the disk is full.
        """
        try:
            self._file.close()
            if kind is None:
                self._beside.replace(self._path)
        except OSError as error:
            raise SinkError(f"{self._path}: {error.strerror}") from None
        finally:
            self._beside.unlink(missing_ok=True)

    def put(self, event: Event) -> None:
        """Write one line.

        Raises:
            SinkError: the disk is full.
        """
        try:
            self._file.write(event.value + b"\n")
        except OSError as error:
            raise SinkError(f"{self._path}: {error.strerror}") from None


class KafkaSink:
    """Sends events to their topics, by influencer, and waits at the end until the broker has confirmed them all."""

    def __init__(self, connection: KafkaConnection) -> None:
        """Connect.

        Raises:
            SinkError: no broker answers.
        """
        self._where = connection.address
        try:
            # Idempotent by kafka-python's default: a retry neither repeats nor reorders a record.
            self._producer = KafkaProducer(
                **connection.kafka_python_arguments(),
                acks="all",
                linger_ms=20,
                batch_size=256 * 1024,
                max_block_ms=30_000,
                allow_auto_create_topics=False,
            )
        except KafkaError as error:
            raise SinkError(f"no broker at {self._where}: {error}") from None
        self._failed: list[str] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait for the confirmations.

        Raises:
            SinkError: not all were confirmed; the import can be repeated, what was counted does not count twice.
        """
        try:
            if kind is None:
                self._producer.flush(timeout=_FLUSH_SECONDS)
        except KafkaError as error:
            self._failed.append(f"{type(error).__name__}: {error}")
        finally:
            self._producer.close(timeout=5)
        if kind is None:
            self._check()

    def put(self, event: Event) -> None:
        """Hand one event to the producer.

        Raises:
            SinkError: an earlier one was refused, or the broker is gone.
        """
        self._check()
        try:
            future = self._producer.send(event.topic, value=event.value, key=event.key.encode())
        except KafkaError as error:
            raise SinkError(f"{self._where}: {type(error).__name__}: {error}") from None
        future.add_errback(self._note)

    def _note(self, error: BaseException) -> None:
        self._failed.append(f"{type(error).__name__}: {error}")

    def _check(self) -> None:
        if self._failed:
            raise SinkError(
                f"{self._where}: not all events were confirmed ({self._failed[0]}); import again, "
                "what was counted within the dedupe horizon does not count twice"
            )
