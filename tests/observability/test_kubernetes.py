"""The Kubernetes example: valid, agreed with itself, and nothing in it may do more than it has to."""

import copy
import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from agents.broker.topic_admin import changelog_topic, topic_specs
from agents.settings import Settings
from models.topics import DEAD_LETTERS, DEFINITIONS, INBOX, INPUT_TOPICS
from tests.observability import structural
from tests.observability.programs import ROOT, run


def _kubernetes() -> list[dict[str, Any]]:
    return [part for path in sorted((ROOT / "k8s").glob("*.yaml")) for part in yaml.safe_load_all(path.read_text())]


@pytest.mark.parametrize("version", ["1.29", "1.33"])
def test_the_kubernetes_example_fits_the_schemas(version: str) -> None:
    """Kubernetes' own resources are valid, and have no field that the API does not know."""
    own = [part for part in _kubernetes() if part["kind"] not in structural.FILE_OF]
    assert {part["kind"] for part in own} == {
        "ConfigMap",
        "Deployment",
        "Namespace",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "StatefulSet",
    }
    for part in own:
        kubernetes_validate.validate(part, version, strict=True)


def test_the_operators_resources_fit_their_schemas() -> None:
    """Strimzi's resources and the PodMonitor are valid, and have no field that their operators do not know."""
    others = [part for part in _kubernetes() if part["kind"] in structural.FILE_OF]
    assert sorted(part["kind"] for part in others) == sorted([*structural.FILE_OF, "KafkaUser"])
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
    others = {"valkey", "nobody", "campaign-pulse-gateway", "pulse-gateway"}
    parts = {part["kind"]: part for part in _kubernetes() if part["metadata"]["name"] not in others}
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
    assert {mounted[settings[f"PULSE_{name}_FILE"]] for name in ("REDIS_URL", "ID_KEY")} == {"campaign-pulse"}
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
    assert str(pods["spec"]["securityContext"]["runAsUser"]) in (ROOT / "Dockerfile").read_text()


def test_the_gateway_agrees_with_itself_and_has_the_least_rights() -> None:
    """Its user may write the topics it writes and read the one it reads; files, ports and times fit one another."""
    parts = {part["kind"]: part for part in _kubernetes() if part["metadata"]["name"].endswith("-gateway")}
    user, pods = parts["KafkaUser"], parts["Deployment"]["spec"]["template"]
    rights = {each["resource"]["name"]: each["operations"] for each in user["spec"]["authorization"]["acls"]}
    assert rights == {**{name: ["Write"] for name in (*INPUT_TOPICS, INBOX, DEAD_LETTERS)}, DEFINITIONS: ["Read"]}
    assert all(each["resource"]["patternType"] == "literal" for each in user["spec"]["authorization"]["acls"])
    settings = parts["ConfigMap"]["data"]
    assert settings["PULSE_KAFKA_SASL_USERNAME"] == user["metadata"]["name"]
    (container,) = pods["spec"]["containers"]
    mounted = {
        f"{mount['mountPath']}/{item['path']}": volume["secret"]["secretName"]
        for volume in pods["spec"]["volumes"]
        for mount in container["volumeMounts"]
        if volume["name"] == mount["name"] and "secret" in volume
        for item in volume["secret"]["items"]
    }
    assert mounted == {
        settings["PULSE_KAFKA_SASL_PASSWORD_FILE"]: "pulse-gateway",
        settings["PULSE_KAFKA_SSL_CA_FILE"]: "pulse-cluster-ca-cert",
        settings["PULSE_GATEWAY_SECRETS_FILE"]: "campaign-pulse-gateway",
        settings["PULSE_GATEWAY_PERSON_KEY_FILE"]: "campaign-pulse-gateway",
        settings["PULSE_GATEWAY_READ_KEYS_FILE"]: "campaign-pulse-gateway",
        settings["PULSE_REDIS_URL_FILE"]: "campaign-pulse-gateway",
    }
    labels = pods["metadata"]["labels"]
    assert parts["Service"]["spec"]["selector"].items() <= labels.items()
    assert parts["Service"]["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]
    assert container["ports"][0]["containerPort"] == int(settings["PULSE_GATEWAY_PORT"])
    policy = parts["NetworkPolicy"]["spec"]
    assert [each["port"] for each in policy["ingress"][0]["ports"]] == [container["ports"][0]["name"]]
    (kafka,) = [part["spec"]["kafka"] for part in _kubernetes() if part["kind"] == "Kafka"]
    assert any(
        peer["podSelector"]["matchLabels"].items() <= labels.items()
        for peer in kafka["listeners"][0]["networkPolicyPeers"]
    )
    assert [each["port"] for each in policy["egress"][1]["ports"]] == [kafka["listeners"][0]["port"]]
    policies = [part for part in _kubernetes() if part["kind"] == "NetworkPolicy"]
    (valkey,) = [part for part in policies if part["metadata"]["name"] == "valkey"]
    readers = [peer["podSelector"]["matchLabels"] for peer in valkey["spec"]["ingress"][0]["from"]]
    assert any(each.items() <= labels.items() for each in readers)
    assert policy["egress"][2]["to"] == [{"podSelector": valkey["spec"]["podSelector"]}]
    leaves = float(settings["PULSE_GATEWAY_DRAIN_SECONDS"]) + Settings().gateway_answer_seconds + 10
    assert pods["spec"]["terminationGracePeriodSeconds"] > leaves


def _pods() -> dict[str, dict[str, Any]]:
    """Specification of the pods of each workload of ours, by its name."""
    return {
        part["metadata"]["name"]: part["spec"]["template"]["spec"]
        for part in _kubernetes()
        if part["kind"] in ("StatefulSet", "Deployment")
    }


def test_pods_fulfil_pod_security_restricted() -> None:
    """Each field that the namespace's standard asks for, of every pod, Strimzi's included, and no account's token."""
    (namespace,) = [part for part in _kubernetes() if part["kind"] == "Namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {part["metadata"].get("namespace") for part in _kubernetes()} == {namespace["metadata"]["name"], None}
    assert set(_pods()) == {"campaign-pulse", "campaign-pulse-gateway", "valkey"}
    for name, pod in _pods().items():
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert "memory" in container["resources"]["limits"], name
        for volume in pod["volumes"]:
            assert volume.keys() - {"name"} <= {"secret", "emptyDir", "configMap"}, name
    (kafka,) = [part["spec"] for part in _kubernetes() if part["kind"] == "Kafka"]
    for template, containers in ((kafka["kafka"]["template"], 1), (kafka["entityOperator"]["template"], 1)):
        assert template["pod"]["securityContext"] == {
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        found = [each for key, each in template.items() if key.endswith("Container")]
        assert len(found) == containers
        assert all(
            each["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
            for each in found
        )


def test_what_pods_write_is_bounded_and_secrets_are_files() -> None:
    """A directory of a node has a limit, and no secret is a variable or readable for everybody in the container."""
    for name, pod in _pods().items():
        for volume in pod["volumes"]:
            if "emptyDir" in volume:
                assert "sizeLimit" in volume["emptyDir"], name
            if "secret" in volume:
                assert volume["secret"]["defaultMode"] == 0o440, name
        for container in pod["containers"]:
            assert not [each for each in container.get("envFrom", ()) if "secretRef" in each], name
            assert not [each for each in container.get("env", ()) if "secretKeyRef" in each.get("valueFrom", {})], name
    assert not [part for part in _kubernetes() if part["kind"] == "Secret"]


def test_policies_let_through_what_is_needed_and_nothing_else() -> None:
    """Every pod is shut both ways; workers get names, Kafka and Redis; ports and labels are those of the resources."""
    policies = {part["metadata"]["name"]: part["spec"] for part in _kubernetes() if part["kind"] == "NetworkPolicy"}
    assert all(policy["policyTypes"] == ["Ingress", "Egress"] for policy in policies.values())
    assert not {"ingress", "egress"} & set(policies["nobody"])
    assert policies["nobody"]["podSelector"] == {
        "matchExpressions": [{"key": "strimzi.io/cluster", "operator": "DoesNotExist"}]
    }
    labels = {
        part["metadata"]["name"]: part["spec"]["template"]["metadata"]["labels"]
        for part in _kubernetes()
        if part["kind"] in ("StatefulSet", "Deployment")
    }
    for name, own in labels.items():
        assert policies[name]["podSelector"]["matchLabels"].items() <= own.items()
    (metrics,) = policies["campaign-pulse"]["ingress"]
    assert metrics["ports"] == [{"protocol": "TCP", "port": "metrics"}]
    names, kafka, redis = policies["campaign-pulse"]["egress"]
    assert {(each["protocol"], each["port"]) for each in names["ports"]} == {("UDP", 53), ("TCP", 53)}
    (cluster,) = [part for part in _kubernetes() if part["kind"] == "Kafka"]
    (listener,) = cluster["spec"]["kafka"]["listeners"]
    assert kafka["ports"] == [{"protocol": "TCP", "port": listener["port"]}]
    assert kafka["to"][0]["podSelector"]["matchLabels"]["strimzi.io/cluster"] == cluster["metadata"]["name"]
    assert listener["networkPolicyPeers"][0]["podSelector"]["matchLabels"].items() <= labels["campaign-pulse"].items()
    assert redis["to"] == [{"podSelector": {"matchLabels": labels["valkey"]}}]
    assert "egress" not in policies["valkey"]


def test_the_secrets_of_the_example_are_those_of_its_pods(secrets: Path) -> None:
    """The script prints what the pods mount: users with hashed passwords and the rights of examples/, and the URL."""
    printed = list(yaml.safe_load_all(run(["sh", str(secrets.parent / "k8s" / "make-secrets.sh")])))
    for part in printed:
        kubernetes_validate.validate(part, "1.33", strict=True)
    made = {part["metadata"]["name"]: part["stringData"] for part in printed}
    mounted = {
        volume["secret"]["secretName"]: {item["key"] for item in volume["secret"]["items"]}
        for pod in _pods().values()
        for volume in pod["volumes"]
        if "secret" in volume
    }
    assert all(mounted[name] == set(data) for name, data in made.items())
    password = (secrets / "redis_password").read_text()
    off, pulse, reader, gateway = made["valkey-users"]["users.acl"].splitlines()
    assert off == "user default off"
    assert pulse.startswith(f"user pulse on #{hashlib.sha256(password.encode()).hexdigest()} ~pulse:* resetchannels")
    assert re.search(r"^user reader on #[0-9a-f]{64} ~pulse:campaigns .* -@all ", reader)
    assert re.search(r"^user gateway on #[0-9a-f]{64} ~pulse:\* resetchannels -@all ", gateway)
    of_gateway = (secrets / "redis_gateway_password").read_text()
    assert made["campaign-pulse-gateway"]["redis-url"] == f"redis://gateway:{of_gateway}@valkey:6379/0"
    assert made["campaign-pulse-gateway"]["read-keys"].rstrip() == (secrets / "gateway_read_keys").read_text()
    assert made["campaign-pulse"] == {
        "redis-url": f"redis://pulse:{password}@valkey:6379/0",
        "id-key": (secrets / "id_key").read_text(),
    }
    assert password not in str(made["valkey-users"])
    assert made["campaign-pulse-gateway"]["sources"].rstrip() == (secrets / "gateway_sources").read_text()


@pytest.mark.parametrize("left", ["missing", "empty"])
def test_no_user_gets_an_empty_password(secrets: Path, left: str) -> None:
    """The hash of nothing is a hash too: the script says which file it lacks, and prints nothing."""
    (secrets / "redis_reader_password").unlink()
    if left == "empty":
        (secrets / "redis_reader_password").touch()
    done = subprocess.run(
        ["sh", str(secrets.parent / "k8s" / "make-secrets.sh")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "secrets/redis_reader_password is missing or empty" in done.stderr
