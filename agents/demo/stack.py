"""The demo's processes: embedded servers, worker, gateway, simulator; started in order, stopped in reverse."""

import contextlib
import importlib.util
import re
import secrets
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import msgspec

from agents.clock import wait_until
from agents.demo.opening import opened_now, reached_by_deliveries
from agents.embedded.processes import ChildProcess, free_port, port_is_free, resident_bytes
from agents.embedded.servers import EmbeddedBroker, EmbeddedError, EmbeddedRedis
from agents.text_files import read_text
from models.read_keys import READ_KEY_PREFIX, digest_of
from streams.events.definitions import parse_definitions

_WORKER_READY_SECONDS: Final = 60.0
_APPLY_SECONDS: Final = 30.0
# Longest wait for the last flush of a worker and for the truth of a simulator.
_STOP_SECONDS: Final = 10.0
_NOT_OF_A_DEMO: Final = ("PULSE_KAFKA_", "PULSE_REDIS_URL_FILE", "PULSE_GATEWAY_")
_OF_A_GATEWAY: Final = ("gateway", "starlette", "uvicorn", "jinja2")
_SOURCES: Final = ("instagram-demo", "shopify-demo")
_DELIVERED: Final = re.compile(
    r'^campaign_gateway_events_total\{source="(instagram|shopify)-demo"\} ([0-9.e+]+)$', re.MULTILINE
)
GATEWAY_MISSING: Final = "not started: the extra is not installed (pip install 'campaign-pulse[gateway]')"
_TAIL_LINES: Final = 15


class DemoError(RuntimeError):
    """The demo cannot go on. The message is for users; `log_tail` is the end of the failed process's output."""

    def __init__(self, message: str, *, log_path: Path | None = None, log_tail: str = "") -> None:
        super().__init__(message)
        self.log_path = log_path
        self.log_tail = log_tail


class DemoStack:
    """Everything the demo runs. Leaving the ``with`` block leaves no process behind.

    Args:
        directory: Where logs and the ground truth go.
        environ: Environment the worker inherits, so that `PULSE_*` settings of the user hold where the demo needs none.
        broker_port: Port of the broker, a free one when absent; likewise the two others.
        redis_port: Port of Redis.
        metrics_port: Port of the worker's metrics.
    """

    def __init__(
        self,
        directory: Path,
        environ: Mapping[str, str],
        *,
        broker_port: int | None = None,
        redis_port: int | None = None,
        metrics_port: int | None = None,
    ) -> None:
        self.directory = directory
        self.truth_path = directory / "truth.json"
        self._environ = environ
        self._broker = EmbeddedBroker(broker_port, directory=directory)
        self._redis = EmbeddedRedis(redis_port, directory=directory)
        self._requested_metrics_port = metrics_port
        self._metrics_port: int | None = None
        self._worker: ChildProcess | None = None
        self._gateway: ChildProcess | None = None
        self._gateway_url = ""
        self._read_key = READ_KEY_PREFIX + secrets.token_urlsafe(16)
        self._campaign_id = ""
        self._gateway_secrets = "\n".join(f"{source}={secrets.token_hex(16)}" for source in _SOURCES)
        self._simulator: ChildProcess | None = None
        self._definition: Path | None = None
        self._is_one_campaign = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """The broker's address."""
        return self._broker.bootstrap

    @property
    def redis_url(self) -> str:
        """The Redis server's address."""
        return self._redis.url

    @property
    def redis_prefix(self) -> str:
        """The prefix of the read model's keys: the user's, since the worker inherits it."""
        return self._environ.get("PULSE_REDIS_PREFIX", "pulse")

    @property
    def metrics_url(self) -> str:
        """The worker's metrics endpoint.

        Raises:
            RuntimeError: No worker was started.
        """
        if self._metrics_port is None:
            raise RuntimeError("the worker was not started")
        return f"http://127.0.0.1:{self._metrics_port}/metrics"

    def start_broker(self) -> str:
        """Start the broker; return what to show.

        Raises:
            EmbeddedError: It cannot start.
        """
        self._broker.start()
        return self._broker.bootstrap

    def start_redis(self) -> str:
        """Start Redis; return what to show.

        Raises:
            EmbeddedError: It cannot start.
        """
        self._redis.start()
        return self._redis.url

    def apply_definition(self, path: Path) -> str:
        """Apply a definition file as a user would; return what to show.

        A giveaway that is not open now is moved to begin now: the demo's events are of now.

        Raises:
            DemoError: It was refused; the command's own words are in the message.
        """
        written = parse_definitions(read_text(path))
        now = datetime.now(UTC)
        moved = opened_now(written, now)
        shown = written if moved is None else moved
        self._is_one_campaign = len(written) == 1
        if self._is_one_campaign and gateway_is_installed():
            shown = [reached_by_deliveries(shown[0], now)]
        applied = path
        if shown != written:
            applied = self.directory / "definition.yaml"
            # JSON is YAML; several documents are one after the other.
            applied.write_bytes(b"\n---\n".join(msgspec.json.encode(definition) for definition in shown))
        self._definition = applied
        self._campaign_id = shown[0].campaign_id
        command = self._child("campaigns", "campaigns", "apply", str(applied))
        command.start()
        try:
            exit_code = command.wait(_APPLY_SECONDS)
        finally:
            command.stop()
        if exit_code is None:
            raise self._failed(command, f"applying {path} took longer than {_APPLY_SECONDS:g} s")
        if exit_code != 0:
            raise self._failed(command, f"{path} was not applied (exit code {exit_code})")
        return path.name if moved is None else f"{path.name}, its giveaway opened now"

    def start_worker(self) -> str:
        """Start the worker and wait until it is ready; return what to show.

        Raises:
            EmbeddedError: The requested metrics port is taken.
            DemoError: It ended or did not become ready in time.
        """
        port = self._requested_metrics_port
        if port is None:
            port = free_port()
        elif not port_is_free(port):
            raise EmbeddedError(f"port {port} of 127.0.0.1 is in use: the worker cannot serve its metrics there")
        self._metrics_port = port
        worker = self._worker = self._child("worker", "worker")
        worker.start()
        ready = wait_until(
            lambda: _answers_ok(f"http://127.0.0.1:{port}/readyz"),
            timeout_seconds=_WORKER_READY_SECONDS,
            give_up=lambda: not worker.running,
        )
        if not ready:
            ended = worker.exit_code
            how = (
                f"was not ready within {_WORKER_READY_SECONDS:g} s"
                if ended is None
                else f"ended with exit code {ended}"
            )
            raise self._failed(worker, f"the worker {how}")
        return self.metrics_url

    def start_gateway(self) -> str:
        """Start the gateway where it is installed, and wait until it is ready; return the live page's address.

        Raises:
            DemoError: It ended or did not become ready in time.
        """
        if not gateway_is_installed():
            return GATEWAY_MISSING
        if not self._is_one_campaign:
            return "not started: the definition has several campaigns"
        port = free_port()
        self._gateway_url = f"http://127.0.0.1:{port}"
        gateway = self._gateway = self._child(
            "gateway",
            "gateway",
            PULSE_GATEWAY_PORT=str(port),
            PULSE_GATEWAY_SECRETS=self._gateway_secrets,
            PULSE_GATEWAY_READ_KEYS=f"demo={digest_of(self._read_key)} campaign:* money",
            # Nobody balances load in front of it.
            PULSE_GATEWAY_DRAIN_SECONDS="0",
            PULSE_LOG_LEVEL="warning",
        )
        gateway.start()
        ready = wait_until(
            lambda: _answers_ok(f"{self._gateway_url}/readyz"),
            timeout_seconds=_WORKER_READY_SECONDS,
            give_up=lambda: not gateway.running,
        )
        if not ready:
            ended = gateway.exit_code
            how = "was not ready in time" if ended is None else f"ended with exit code {ended}"
            raise self._failed(gateway, f"the gateway {how}")
        return self.page_address

    @property
    def page_address(self) -> str:
        """The live page, with a key that sees it; empty where there is no gateway."""
        if not self._gateway_url:
            return ""
        return f"{self._gateway_url}/live/{quote(self._campaign_id, safe='')}?key={self._read_key}"

    def delivered(self) -> dict[str, int] | None:
        """Return how many events came as deliveries of each platform; None where there is no gateway or no answer."""
        if self._gateway is None:
            return None
        try:
            with urllib.request.urlopen(f"{self._gateway_url}/metrics", timeout=2) as answer:  # noqa: S310  # our own
                text = answer.read().decode()
        except (urllib.error.URLError, OSError):
            return None
        return {kind: int(float(count)) for kind, count in _DELIVERED.findall(text)}

    def start_simulator(self, definition: Path, *, rate: float, seed: int, seconds: float | None) -> str:
        """Start sending simulated events; return what to show."""
        arguments = ["simulate", "--definition", str(self._definition or definition), "--broker", self.bootstrap]
        arguments += ["--rate", f"{rate:g}", "--seed", str(seed), "--truth", str(self.truth_path)]
        if seconds is not None:
            arguments += ["--for", f"{seconds:g}"]
        more = {}
        if self._gateway is not None:
            arguments += ["--gateway", self._gateway_url]
            more = {"PULSE_GATEWAY_SECRETS": self._gateway_secrets}
        self._simulator = self._child("simulator", *arguments, **more)
        self._simulator.start()
        through = ", some as signed deliveries of Instagram and Shopify" if more else ""
        return f"{rate:,.0f} events/s, seed {seed}{through}"

    def simulator_ended(self) -> bool:
        """Whether the simulator has sent everything.

        Raises:
            DemoError: It failed.
        """
        simulator = self._simulator
        if simulator is None or simulator.running:
            return False
        if simulator.exit_code != 0:
            raise self._failed(simulator, f"the simulator ended with exit code {simulator.exit_code}")
        return True

    def end_simulator(self) -> None:
        """Ask the simulator to finish with what it has sent, and wait for its ground truth.

        Raises:
            DemoError: It failed, or did not end in time.
        """
        simulator = self._simulator
        if simulator is None:
            return
        simulator.signal(signal.SIGTERM)
        if simulator.wait(_STOP_SECONDS) is None:
            raise self._failed(simulator, f"the simulator did not end within {_STOP_SECONDS:g} s")
        self.simulator_ended()

    def check_alive(self) -> None:
        """Notice a process that has died.

        Raises:
            DemoError: The worker, the gateway, the broker or Redis is gone.
        """
        for child in (self._worker, self._gateway):
            if child is not None and not child.running:
                raise self._failed(child, f"the {child.name} ended with exit code {child.exit_code}")
        for server in (self._broker, self._redis):
            if not server.running:
                log_path = self.directory / f"{server.name}.log"
                raise DemoError(f"the {server.name} ended", log_path=log_path, log_tail=server.log_tail(_TAIL_LINES))

    def resident_bytes(self) -> int:
        """How much memory all of it holds together."""
        return sum(
            resident_bytes(each.pid)
            for each in (self._broker, self._redis, self._worker, self._gateway, self._simulator)
            if each is not None and each.running
        )

    def stop(self) -> None:
        """Stop everything, the dependent ones first. A second Ctrl-C is not heard: it would leave the rest."""
        with _deaf():
            for child in (self._simulator, self._gateway, self._worker):
                if child is not None:
                    child.signal(signal.SIGTERM)
            for child in (self._simulator, self._gateway, self._worker):
                if child is not None:
                    child.stop(_STOP_SECONDS)
            self._redis.stop()
            self._broker.stop()

    def _child(self, name: str, *arguments: str, **more: str) -> ChildProcess:
        environment = {
            # The demo's own Redis and broker, which want no password and no certificate.
            **{name: value for name, value in self._environ.items() if not name.startswith(_NOT_OF_A_DEMO)},
            "PULSE_BROKER": self.bootstrap,
            "PULSE_REDIS_URL": self.redis_url,
            # The embedded broker holds a first join back for half of this.
            "PULSE_SESSION_SECONDS": "6",
            "PYTHONUNBUFFERED": "1",
            # Faust makes a directory at its start, in the working directory by default.
            "FAUST_DATADIR": str(self.directory / "faust"),
        }
        if self._metrics_port is not None:
            environment["PULSE_METRICS_PORT"] = str(self._metrics_port)
        environment |= more
        return ChildProcess(
            name,
            [sys.executable, "-m", "agents.cli", *arguments],
            log_path=self.directory / f"{name}.log",
            environment=environment,
        )

    def _failed(self, child: ChildProcess, message: str) -> DemoError:
        return DemoError(message, log_path=child.log_path, log_tail=child.log_tail(_TAIL_LINES))


def gateway_is_installed() -> bool:
    """Return whether the extra ``gateway`` is here."""
    return all(importlib.util.find_spec(name) is not None for name in _OF_A_GATEWAY)


def _answers_ok(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - a fixed http address of this machine
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM inside the block, where this thread may say so."""
    previous: dict[int, Callable[..., object] | int | None] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError):  # not in the main thread: no handler of ours to change
                previous[number] = signal.signal(number, signal.SIG_IGN)
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler if handler is not None else signal.SIG_DFL)
