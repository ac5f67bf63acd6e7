"""The files that bring everything up: compose, image, and what they have to agree on. No engine is needed."""

import copy
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from agents.broker.topic_admin import changelog_topic, topic_specs
from agents.settings import Settings, described, described_files
from tests.observability import structural
from tests.observability.programs import ROOT, program, run

COMPOSE = ROOT / "docker-compose.yml"
LOGIN = ROOT / "docker-compose.login.yml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A filled copy of .env.example."""
    text = (ROOT / ".env.example").read_text()
    filled = tmp_path / "env"
    filled.write_text(re.sub(r"^(\w*PASSWORD)=$", r"\1=example", text, flags=re.MULTILINE))
    return filled


def test_the_compose_file_fits_the_specification() -> None:
    """The file is valid by the Compose specification's own JSON schema."""
    found = importlib.util.find_spec("check_jsonschema")
    assert found is not None
    assert found.submodule_search_locations
    (path,) = Path(found.submodule_search_locations[0]).glob("builtin_schemas/vendor/compose-spec.json")
    for file in (COMPOSE, LOGIN):
        jsonschema.validate(yaml.safe_load(file.read_text()), json.loads(path.read_text()))


def test_docker_compose_reads_the_file(environment: Path) -> None:
    """`docker-compose config` resolves every variable of a filled .env, with the demo and without."""
    compose = program("docker-compose")
    for profile in ((), ("--profile", "demo")):
        said = run([compose, "--env-file", str(environment), *profile, "config"])
        services = yaml.safe_load(said)["services"]
        assert {"kafka", "redis", "worker", "prometheus", "alertmanager", "grafana"} <= set(services)
        assert services["simulator"]["profiles"] == ["demo"]


def test_docker_compose_reads_the_file_of_the_login_on_top(environment: Path) -> None:
    """What a service is told to log in with is a user that the broker has, with the rights of the documents."""
    compose = program("docker-compose")
    with environment.open("a") as file:
        file.write("KAFKA_WORKER_PASSWORD=one\nKAFKA_PRODUCER_PASSWORD=two\n")
    files = ("--file", str(COMPOSE), "--file", str(LOGIN))
    said = run([compose, "--env-file", str(environment), *files, "--profile", "demo", "config"])
    services = yaml.safe_load(said)["services"]
    kafka = services["kafka"]["environment"]
    assert 'user_worker="one"' in kafka["KAFKA_LISTENER_NAME_INTERNAL_PLAIN_SASL_JAAS_CONFIG"]
    protocols = dict(each.split(":") for each in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    for name in ("worker", "definitions", "simulator"):
        settings = Settings.from_environment(
            {each: str(value) for each, value in services[name]["environment"].items() if each.startswith("PULSE_")}
        )
        assert (settings.broker, settings.kafka_sasl_username) == ("kafka:19092", "worker")
        assert settings.kafka_security_protocol == protocols["INTERNAL"]
    given = " ".join(services["kafka-rights"]["command"])
    assert f"--group {Settings().group}" in given
    assert f"--topic {changelog_topic(Settings())}" in given


def test_no_password_has_a_default() -> None:
    """Each password is required, and the example leaves it empty."""
    text = COMPOSE.read_text() + LOGIN.read_text()
    used = set(re.findall(r"\$\{(\w*PASSWORD\w*)([^}]*)\}", text))
    assert {name for name, _ in used} == {
        "REDIS_PASSWORD",
        "GRAFANA_ADMIN_PASSWORD",
        "KAFKA_WORKER_PASSWORD",
        "KAFKA_PRODUCER_PASSWORD",
    }
    assert all(rest.startswith(":?") for _, rest in used)
    example = (ROOT / ".env.example").read_text()
    assert all(f"\n{name}=\n" in example for name, _ in used)


def test_the_example_names_every_variable() -> None:
    """.env.example has each variable of the compose file, and no other but Compose's own."""
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE.read_text() + LOGIN.read_text()))
    named = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named - {"COMPOSE_PROJECT_NAME"} == used


def test_every_service_is_bounded_and_watched() -> None:
    """Each service has limits and an exact tag, a health check unless it serves nothing, and waits."""
    for name, service in SERVICES.items():
        assert {"cpus", "memory"} == set(service["deploy"]["resources"]["limits"]), name
        assert re.search(r":v?\d+\.\d+\.\d+", service["image"]), name
        own_check = service["image"].startswith("campaign-pulse:")  # the Dockerfile's
        assert "healthcheck" in service or own_check, name
        for needed, condition in service.get("depends_on", {}).items():
            assert needed in SERVICES
            assert condition["condition"] in {"service_healthy", "service_completed_successfully"}, name


def test_workers_scale() -> None:
    """Neither a fixed name nor a port of the host keeps a second worker from starting."""
    assert not {"container_name", "ports", "hostname"} & set(SERVICES["worker"])


def test_mounted_files_exist() -> None:
    """Whatever a service mounts from the repository is there: an engine would make an empty directory of it."""
    mounted = [volume for service in SERVICES.values() for volume in service.get("volumes", ())]
    own = [ROOT / volume.split(":")[0] for volume in mounted if volume.startswith("./")]
    assert len(own) >= 5
    assert all(path.exists() for path in own)


def test_the_dockerfile_passes_its_linter() -> None:
    """Hadolint finds nothing."""
    said = run([str(Path(sys.executable).parent / "hadolint"), "--failure-threshold", "info", "Dockerfile"])
    assert said == ""


def test_the_image_is_made_of_the_hashed_lock() -> None:
    """What the image installs has hashes and the versions that are tested, and leaves development tools out."""
    lock = _versions(ROOT / "requirements.lock")
    runtime = _versions(ROOT / "requirements-runtime.lock")
    assert runtime.items() <= lock.items()
    assert {"faust-streaming", "numpy", "redis"} <= set(runtime)
    assert not {"pytest", "mypy", "matplotlib", "scikit-learn"} & set(runtime)
    assert "--require-hashes" in (ROOT / "Dockerfile").read_text()
    text = (ROOT / "requirements-runtime.lock").read_text()
    assert text.count("--hash=sha256:") >= len(runtime)


def test_the_image_gets_what_it_copies() -> None:
    """.dockerignore lets through what the Dockerfile copies, and the user has no rights."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = [line.split()[1] for line in dockerfile.splitlines() if line.startswith("COPY ") and "--from" not in line]
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert all(f"!{path}" in allowed and (ROOT / path).exists() for path in copied)
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)[-1] not in {"root", "0"}
    assert "HEALTHCHECK" in dockerfile
    # Faust makes a directory where it starts, and every container of ours may write to /tmp only.
    assert re.search(r"FAUST_DATADIR=/tmp/\w+", dockerfile)
    assert "/tmp" in SERVICES["worker"]["tmpfs"]


def _versions(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", path.read_text(), re.MULTILINE))


def _kubernetes() -> list[dict[str, Any]]:
    return [part for path in sorted((ROOT / "k8s").glob("*.yaml")) for part in yaml.safe_load_all(path.read_text())]


@pytest.mark.parametrize("version", ["1.29", "1.33"])
def test_the_kubernetes_example_fits_the_schemas(version: str) -> None:
    """Kubernetes' own resources are valid, and have no field that the API does not know."""
    own = [part for part in _kubernetes() if part["kind"] not in structural.FILE_OF]
    assert {part["kind"] for part in own} == {"ConfigMap", "Service", "PodDisruptionBudget", "StatefulSet"}
    for part in own:
        kubernetes_validate.validate(part, version, strict=True)


def test_the_operators_resources_fit_their_schemas() -> None:
    """Strimzi's resources and the PodMonitor are valid, and have no field that their operators do not know."""
    others = [part for part in _kubernetes() if part["kind"] in structural.FILE_OF]
    assert sorted(part["kind"] for part in others) == sorted(structural.FILE_OF)
    for part in others:
        assert structural.errors(part) == [], part["kind"]
        # The schema of a custom resource says nothing about its metadata: the server knows it for every kind.
        named = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": part["metadata"]}
        kubernetes_validate.validate(named, "1.33", strict=True)


@pytest.mark.parametrize(
    ("kind", "path", "value", "expected"),
    [
        ("Kafka", "spec.kafka.listener", [], "'listener' was unexpected"),
        ("Kafka", "spec.kafka.listeners.0.port", "9092", "'9092' is not of type 'integer'"),
        ("Kafka", "spec.zookeeper", {}, "'zookeeper' was unexpected"),
        ("KafkaNodePool", "spec.replicas", "3", "'3' is not of type 'integer'"),
        ("KafkaNodePool", "spec.roles.0", "zookeeper", "'zookeeper' is not one of"),
        ("KafkaNodePool", "spec.storage.volumes.0.klass", "ssd", "'klass' was unexpected"),
        ("PodMonitor", "spec.podMetricsEndpoints.0.intervall", "5s", "'intervall' was unexpected"),
        ("PodMonitor", "spec.podMetricsEndpoints.0.interval", "5", "'5' does not match"),
        ("PodMonitor", "spec.sampleLimit", "many", "'many' is not"),
    ],
)
def test_a_mistake_in_an_operators_resource_is_found(kind: str, path: str, value: Any, expected: str) -> None:
    """A misspelt field, a wrong type, a word or field of an older API version do not pass."""
    part = copy.deepcopy(next(part for part in _kubernetes() if part["kind"] == kind))
    *above, last = (int(step) if step.isdigit() else step for step in path.split("."))
    place: Any = part
    for step in above:
        place = place[step]
    place[last] = value
    (found,) = structural.errors(part)
    assert expected in found


def test_unknown_fields_pass_where_the_schema_keeps_them() -> None:
    """Kafka's own configuration is free, and a number or a text may stand where the schema takes both."""
    part = copy.deepcopy(next(part for part in _kubernetes() if part["kind"] == "Kafka"))
    part["spec"]["kafka"]["config"]["log.retention.hours"] = 24
    part["spec"]["entityOperator"]["userOperator"]["resources"] = {"limits": {"cpu": 2, "memory": "4Gi"}}
    assert structural.errors(part) == []


def test_the_kubernetes_example_agrees_with_itself() -> None:
    """Kafka's service, the pods' labels, the port and the job's name are the same wherever they are named."""
    parts = {part["kind"]: part for part in _kubernetes()}
    pods = parts["StatefulSet"]["spec"]["template"]
    (container,) = pods["spec"]["containers"]
    cluster = parts["Kafka"]["metadata"]["name"]
    settings = parts["ConfigMap"]["data"]
    (listener,) = parts["Kafka"]["spec"]["kafka"]["listeners"]
    assert settings["PULSE_BROKER"] == f"{cluster}-kafka-bootstrap:{listener['port']}"
    assert (listener["tls"], settings["PULSE_KAFKA_SECURITY_PROTOCOL"]) == (True, "SASL_SSL")
    assert listener["authentication"]["type"].upper() == settings["PULSE_KAFKA_SASL_MECHANISM"]
    user = parts["KafkaUser"]
    assert user["spec"]["authentication"] == listener["authentication"]
    assert user["metadata"]["name"] == settings["PULSE_KAFKA_SASL_USERNAME"]
    assert user["metadata"]["labels"]["strimzi.io/cluster"] == cluster
    rights = {each["resource"]["name"] for each in user["spec"]["authorization"]["acls"]}
    assert rights == {"campaign.", changelog_topic(Settings()), Settings().group}
    assert {topic.name.split(".")[0] for topic in topic_specs(Settings())} == {"campaign", changelog_topic(Settings())}
    mounted = {
        f"{mount['mountPath']}/{item['path']}": volume["secret"]["secretName"]
        for volume in pods["spec"]["volumes"]
        for mount in container["volumeMounts"]
        if volume["name"] == mount["name"] and "secret" in volume
        for item in volume["secret"]["items"]
    }
    assert mounted[settings["PULSE_KAFKA_SASL_PASSWORD_FILE"]] == user["metadata"]["name"]
    assert mounted[settings["PULSE_KAFKA_SSL_CA_FILE"]] == f"{cluster}-cluster-ca-cert"
    assert parts["KafkaNodePool"]["metadata"]["labels"]["strimzi.io/cluster"] == cluster
    assert int(parts["ConfigMap"]["data"]["PULSE_REPLICATION"]) <= parts["KafkaNodePool"]["spec"]["replicas"]
    monitor = parts["PodMonitor"]["spec"]
    labels = pods["metadata"]["labels"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert labels[monitor["jobLabel"]] == "campaign-pulse"  # rules and dashboards select this job
    ports = {port["name"] for port in container["ports"]}
    assert {monitor["podMetricsEndpoints"][0]["port"], container["readinessProbe"]["httpGet"]["port"]} <= ports
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    mounts = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "state"]
    assert parts["ConfigMap"]["data"]["PULSE_STORE_DIRECTORY"].startswith(f"{mounts[0]}/")
    assert pods["spec"]["terminationGracePeriodSeconds"] > Settings().drain_seconds
    assert int(SERVICES["worker"]["stop_grace_period"].removesuffix("s")) > Settings().drain_seconds
    assert str(pods["spec"]["securityContext"]["runAsUser"]) in (ROOT / "Dockerfile").read_text()


def test_settings_of_the_deployments_exist() -> None:
    """Every PULSE_ variable that a deployment sets is a setting: an unknown one would end the worker."""
    known = {variable for variable, _, _ in [*described(), *described_files()]}
    texts = [COMPOSE.read_text(), LOGIN.read_text(), (ROOT / "Dockerfile").read_text()]
    texts += [path.read_text() for path in (ROOT / "k8s").glob("*.yaml")]
    used = set(re.findall(r"\b(PULSE_[A-Z_]+)\b(?:=|:| *\n)", "\n".join(texts)))
    assert len(used) >= 6
    assert used <= known
