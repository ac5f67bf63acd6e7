"""A real giveaway to look at: broker, Redis, worker and gateway as processes, events of the simulator, a browser."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from models.read_keys import digest_of
from tests.integration.cluster import SETTLE_SECONDS, Cluster

CAMPAIGN = "spring"
HOSTILE = "<img src=x onerror=alert(1)>\"'&{{7*7}}"
"""A handle that would run where it is shown as anything but text."""
KEYS = {
    "all": "campaign:spring admin",
    "shared": "campaign:spring",
    "money": "campaign:spring money",
    "ana": "influencer:spring/ana",
    "other": "campaign:autumn",
    "ended": "campaign:spring until:2020-01-01T00:00:00Z",
}
"""Keys by name; a key's text is its name behind the prefix."""

_AS_USUAL: Mapping[str, str] = MappingProxyType({})


def key(name: str) -> str:
    """The key of this name."""
    return f"pulse_r_of-the-tests-{name}"


def read_keys() -> str:
    """``PULSE_GATEWAY_READ_KEYS``."""
    return "\n".join(f"{name}={digest_of(key(name))} {scopes}" for name, scopes in KEYS.items())


def definition(now: datetime) -> dict[str, Any]:
    """A giveaway that has been open for an hour, with a creator whose name is markup."""
    creators = [("ana", "@ana.at.home"), ("bruno", "@bruno_athome"), ("chloe", "@chloe.style"), ("dana", HOSTILE)]
    return {
        "campaign_id": CAMPAIGN,
        "name": "Spring giveaway",
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(hours=5)).isoformat(),
        "giveaway": {
            "opens_at": (now - timedelta(hours=1)).isoformat(),
            "closes_at": (now + timedelta(hours=4)).isoformat(),
        },
        "influencers": [
            {
                "influencer_id": name,
                "handle": handle,
                "platform": "instagram",
                "followers": 10_000,
                "discount_codes": [f"{name.upper()}10"],
                "links": [{"utm_source": name}],
            }
            for name, handle in creators
        ],
    }


class Stage:
    """A running giveaway, and how it is asked.

    Args:
        cluster: broker, Redis, workers.
        gateway: the process.
        port: where it listens.
    """

    def __init__(self, cluster: Cluster, gateway: ChildProcess, port: int) -> None:
        self.cluster = cluster
        self.gateway = gateway
        self.address = f"http://127.0.0.1:{port}"

    def ask(self, path: str, name: str = "all", headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body of a question with a key."""
        request = urllib.request.Request(self.address + path, headers={"X-API-Key": key(name), **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def json(self, path: str, name: str = "all") -> Any:
        """A question's answer, which must be there."""
        status, body = self.ask(path, name)
        assert status == 200, body
        return json.loads(body)

    def page(self, path: str, name: str = "all") -> str:
        """The address of a page with a key."""
        return f"{self.address}{path}{'&' if '?' in path else '?'}key={key(name)}"

    def start_simulator(self, seconds: float, rate: int) -> ChildProcess:
        """Send events of the simulator for some seconds."""
        process = ChildProcess(
            "simulator",
            [
                *(sys.executable, "-m", "agents.cli", "simulate", "--definition", str(self.cluster.path / "c.yaml")),
                *("--broker", self.cluster.broker.bootstrap, "--rate", str(rate), "--seed", "7", "--for", f"{seconds}"),
            ],
            log_path=self.cluster.path / "simulator.log",
            environment=self.cluster.environment(),
        )
        process.start()
        return process

    def counted(self) -> int:
        """Comments in all, as the API says."""
        return int(self.json(f"/v1/campaigns/{CAMPAIGN}")["windows"].get("total", {}).get("comments", 0))

    def settle(self) -> None:
        """Wait until nothing changes any more."""
        seen: list[Any] = []

        def is_still() -> bool:
            seen.append(self.json(f"/v1/campaigns/{CAMPAIGN}?window=total")["windows"])
            lag = self.json("/v1/status")["freshness"].get("lag")
            return lag == 0 and len(seen) > 4 and all(each == seen[-1] for each in seen[-4:])

        assert wait_until(is_still, timeout_seconds=SETTLE_SECONDS, poll_seconds=0.5)


@contextmanager
def stage(
    directory: Path, defined: dict[str, Any] | None = None, workers: Mapping[str, str] = _AS_USUAL, **settings: str
) -> Iterator[Stage]:
    """A giveaway whose worker and gateway are ready; with a definition of its own, or the one above.

    ``workers`` are settings of all processes, the others those of the gateway, by names without the prefix.
    """
    port = free_port()
    with Cluster(partitions=3, **workers) as cluster:  # type: ignore[arg-type]  # names without PULSE_
        path = cluster.path / "c.yaml"
        path.write_text(json.dumps(defined or definition(datetime.now(UTC))), encoding="utf-8")
        cluster.command("campaigns", "apply", str(path))
        cluster.add_worker()
        gateway = ChildProcess(
            "gateway",
            [sys.executable, "-m", "agents.cli", "gateway"],
            log_path=cluster.path / "gateway.log",
            environment=cluster.environment(
                GATEWAY_PORT=str(port),
                GATEWAY_READ_KEYS=read_keys(),
                GATEWAY_DRAWS_DIRECTORY=str(directory),
                GATEWAY_DRAIN_SECONDS="0.2",
                **settings,
            ),
        )
        gateway.start()
        shown = Stage(cluster, gateway, port)
        try:
            cluster.wait_ready(SETTLE_SECONDS)
            ready = wait_until(
                lambda: _is_ready(shown), timeout_seconds=SETTLE_SECONDS, give_up=lambda: not gateway.running
            )
            assert ready, gateway.log_tail(40)
            yield shown
        finally:
            gateway.stop()


def _is_ready(shown: Stage) -> bool:
    try:
        return shown.ask("/readyz")[0] == 200
    except OSError:
        return False
