"""Variables that machines put into a container unasked, made as they make them."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
CLUSTER_IP = "10.96.12.7"
_STRIMZI_REPLICATION = 9091


class Port(NamedTuple):
    """A port of a Service; only the first may be without a name."""

    number: int
    name: str = ""
    protocol: str = "TCP"


def service_variables(service: str, ports: Iterable[Port], ip: str = CLUSTER_IP) -> dict[str, str]:
    """Return what kubelet gives every pod of a namespace for a Service, in the order of kubelet.

    After ``FromServices`` and ``makeLinkVariables`` of Kubernetes' ``pkg/kubelet/envvars/envvars.go``. A headless
    Service gets none.
    """
    ports = list(ports)
    base = _variable(service)
    found = {f"{base}_SERVICE_HOST": ip, f"{base}_SERVICE_PORT": str(ports[0].number)}
    found |= {f"{base}_SERVICE_PORT_{_variable(port.name)}": str(port.number) for port in ports if port.name}
    host = f"[{ip}]" if ":" in ip else ip
    for place, port in enumerate(ports):
        url = f"{port.protocol.lower()}://{host}:{port.number}"
        if place == 0:
            found[f"{base}_PORT"] = url
        link = f"{base}_PORT_{port.number}_{port.protocol}"
        found |= {
            link: url,
            f"{link}_PROTO": port.protocol.lower(),
            f"{link}_PORT": str(port.number),
            f"{link}_ADDR": ip,
        }
    return found


def link_variables(
    alias: str, ports: Iterable[Port], environment: Mapping[str, str], ip: str = "172.17.0.5"
) -> dict[str, str]:
    """Return what a legacy link of Docker gives a container: ``Link.ToEnv`` of moby's ``daemon/links/links.go``.

    Every variable of the linked container comes along, under the name of the link.
    """
    base = _variable(alias)
    found = {f"{base}_NAME": f"/campaign-pulse-worker-1/{alias}"}
    for place, port in enumerate(ports):
        protocol = port.protocol.lower()
        url = f"{protocol}://{ip}:{port.number}"
        link = f"{base}_PORT_{port.number}_{port.protocol}"
        if place == 0:
            found[f"{base}_PORT"] = url
        found |= {
            link: url,
            f"{link}_START": url,
            f"{link}_END": url,
            f"{link}_ADDR": ip,
            f"{link}_PORT": str(port.number),
            f"{link}_PROTO": protocol,
        }
    return found | {f"{base}_ENV_{name}": value for name, value in environment.items()}


def _variable(name: str) -> str:
    return name.replace("-", "_").replace(".", "_").upper()


def kubernetes_documents() -> list[dict[str, Any]]:
    """Every document of the Kubernetes example."""
    return [
        document for path in sorted((ROOT / "k8s").glob("*.yaml")) for document in yaml.safe_load_all(path.read_text())
    ]


def example_services() -> Iterator[tuple[str, list[Port]]]:
    """Yield the Services with an address that the Kubernetes example leads to, by name, with their ports.

    Its own; those that Strimzi makes of a Kafka: ``NAME-kafka-bootstrap``, ports named ``tcp-LISTENER``; and the API
    server's, which is in every namespace.
    """
    yield "kubernetes", [Port(443, "https")]
    for document in kubernetes_documents():
        name = document["metadata"]["name"]
        if document["kind"] == "Service" and document["spec"].get("clusterIP") != "None":
            ports = document["spec"]["ports"]
            yield name, [Port(each["port"], each.get("name", ""), each.get("protocol", "TCP")) for each in ports]
        elif document["kind"] == "Kafka":
            listeners = document["spec"]["kafka"]["listeners"]
            ports = [Port(each["port"], f"tcp-{each['name']}") for each in listeners]
            yield f"{name}-kafka-bootstrap", [Port(_STRIMZI_REPLICATION, "tcp-replication"), *ports]


def example_settings() -> dict[str, str]:
    """The variables that the ConfigMaps of the Kubernetes example hold."""
    return {
        name: str(value)
        for document in kubernetes_documents()
        if document["kind"] == "ConfigMap"
        for name, value in document["data"].items()
    }


def compose_links(project: str) -> dict[str, str]:
    """What Compose 1 and ``links`` give a container for the services of ours, whose ports are what they expose.

    A service is linked by its own name, with a number, and with the project before it.
    """
    found: dict[str, str] = {}
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for name, service in document["services"].items():
        exposed = [str(each).rpartition(":")[2] for each in (*service.get("ports", ()), *service.get("expose", ()))]
        ports = [Port(int(each)) for each in exposed]
        environment = {each: str(value) for each, value in (service.get("environment") or {}).items()}
        for alias in (name, f"{name}_1", f"{project}_{name}_1"):
            found |= link_variables(alias, ports, environment)
    return found


PULSEAUDIO = {
    "PULSE_SERVER": "unix:/mnt/wslg/PulseServer",
    "PULSE_COOKIE": "/root/.config/pulse/cookie",
    "PULSE_SINK": "a",
    "PULSE_SOURCE": "b",
    "PULSE_RUNTIME_PATH": "/run/pulse",
    "PULSE_STATE_PATH": "/var/lib/pulse",
    "PULSE_CONFIG_PATH": "/etc/pulse",
    "PULSE_LATENCY_MSEC": "60",
    "PULSE_PROP": "media.role=music",
    "PULSE_PROP_media.role": "phone",
    "PULSE_PROP_OVERRIDE": "x",
    "PULSE_LOG": "4",
    "PULSE_LOG_TIME": "1",
    "PULSE_LOG_COLORS": "1",
    "PULSE_CLIENTCONFIG": "/etc/pulse/client.conf",
    "PULSE_NO_SIMD": "1",
}
"""Variables of PulseAudio (``pulseaudio(1)``, ``pulse-client.conf(5)``) and of WSLg."""
