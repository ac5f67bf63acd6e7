"""A worker, and every command, with the variables that kubelet, Docker, PulseAudio and WSLg really inject."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.clock import wait_until, wall_clock
from models.topics import COMMENTS
from tests.injected_variables import (
    PULSEAUDIO,
    compose_links,
    example_services,
    example_settings,
    kubernetes_documents,
    service_variables,
)
from tests.integration.cluster import GIVEAWAY, Cluster
from tests.integration.commands import run, send
from tests.integration.test_dead_letters import comment

pytestmark = [pytest.mark.broker, pytest.mark.slow]
ANOTHERS_SERVICES = ("pulse", "pulse-redis", "pulse-broker", "pulse-worker", "pulse-metrics-db")
KUBELET = {
    name: value
    for service, ports in (
        *example_services(),
        *((name, list(example_services())[1][1]) for name in ANOTHERS_SERVICES),
    )
    for name, value in service_variables(service, ports).items()
}
DEFINITION = """
campaign_id: spring
name: Spring
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - {influencer_id: ana0, handle: "@ana0", platform: instagram}
"""
STRANGERS = KUBELET | compose_links("pulse") | PULSEAUDIO


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A broker and a Redis, with a worker started as the Kubernetes example starts it."""
    ours = ("PULSE_BROKER", "PULSE_REPLICATION", "PULSE_METRICS_PORT", "PULSE_STORE", "PULSE_STORE_DIRECTORY")
    example = {
        name.removeprefix("PULSE_"): value
        for name, value in example_settings().items()
        # Its login is tried by test_secured_kafka.py; the broker here asks for none. Its Secrets are not mounted.
        if name not in ours and not name.startswith("PULSE_KAFKA_") and not name.endswith("_FILE")
    }
    with Cluster(partitions=int(example.pop("PARTITIONS")), **example) as running:
        running.injected = STRANGERS
        yield running


def test_the_example_leads_to_the_variables_that_were_a_crash_loop() -> None:
    """Strimzi names the Service after the Kafka, and kubelet the variables after the Service."""
    assert KUBELET["PULSE_KAFKA_BOOTSTRAP_SERVICE_HOST"] == "10.96.12.7"
    assert KUBELET["PULSE_KAFKA_BOOTSTRAP_SERVICE_PORT_TCP_LOGIN"] == "9093"
    assert KUBELET["PULSE_KAFKA_BOOTSTRAP_PORT_9093_TCP"] == "tcp://10.96.12.7:9093"
    [stateful_set] = [each for each in kubernetes_documents() if each["kind"] == "StatefulSet"]
    assert stateful_set["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_a_worker_is_ready_and_counts(cluster: Cluster, tmp_path: Path) -> None:
    """All of them at once, and not a word about any. The example counts what is defined, and nothing else."""
    (tmp_path / "spring.yaml").write_text(DEFINITION)
    cluster.command("campaigns", "apply", str(tmp_path / "spring.yaml"))
    worker = cluster.add_worker()
    cluster.wait_ready()
    partitions = int(example_settings()["PULSE_PARTITIONS"])
    send(cluster.broker.bootstrap, COMMENTS, partitions, [comment(each, wall_clock()) for each in range(10)])

    def comments() -> int:
        return sum(each["windows"]["total"]["comments"] for each in cluster.snapshot()["influencers"])

    assert wait_until(lambda: comments() == 10, timeout_seconds=30), worker.log_tail(30)
    assert "warning: " not in worker.log_tail(100)
    assert not [line for line in worker.log_tail(100).splitlines() if "no setting" in line]


@pytest.mark.parametrize(
    ("arguments", "exit_codes"),
    [
        (("settings",), (0,)),
        (("settings", "--json"), (0,)),
        (("topics",), (0,)),
        (("snapshot",), (0, 1)),
        (("tail", "--topic", COMMENTS, "--last", "1", "--count", "1"), (0,)),
        (("campaigns", "apply", "--dry-run", str(GIVEAWAY)), (0,)),
        (("campaigns", "list"), (0,)),
        (("dead-letters", "list"), (0,)),
        (("dead-letters", "redrive", "--dry-run"), (0,)),
        (("sentiment", "explain", "I love it"), (0,)),
        (("simulate", "--influencers", "2", "--events", "10", "--out", "{tmp}/events.ndjson"), (0,)),
        (("replay", "{tmp}/one.ndjson"), (0, 2)),
        (("demo", "--for", "2", "--rate", "100"), (0,)),
    ],
)
def test_every_command_works_and_says_nothing_of_them(
    arguments: tuple[str, ...], exit_codes: tuple[int, ...], cluster: Cluster, tmp_path: Path
) -> None:
    """They read the same settings; the demo hands its environment on to all it starts."""
    (tmp_path / "one.ndjson").write_text("{}\n")
    given = [each.replace("{tmp}", str(tmp_path)) for each in arguments]
    done = run(*given, environment=cluster.environment(), timeout_seconds=180)
    assert done.returncode in exit_codes, done.stderr
    assert "no setting" not in done.stderr
    assert "service link" not in done.stderr


HELP = """
from click.testing import CliRunner
from agents.cli.root import COMMANDS, cli
for name in COMMANDS:
    done = CliRunner().invoke(cli, [name, "--help"])
    assert done.exit_code == 0 and not done.stderr, (name, done.output)
print(*COMMANDS)
"""


def test_help_of_every_command(cluster: Cluster) -> None:
    """Nothing is read from the environment when a command is only asked what it is."""
    environment = cluster.environment()
    done = subprocess.run(
        [sys.executable, "-c", HELP], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {"demo", "dead-letters", "worker", "giveaway"} <= set(done.stdout.split())
