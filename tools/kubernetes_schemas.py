"""Make JSON schemas of the resources that are not Kubernetes' own: Strimzi's, and the Prometheus operator's PodMonitor.

``python -m tools.kubernetes_schemas`` (`make schemas`) writes them into tests/observability/schemas/, from published
artefacts: Strimzi's own generator and classes (Maven), and models generated from the operator's CRDs (PyPI).
Needs Java 17, Maven and a network; the tests need none of them. What is left out, and why, is in their README.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[1]
SCHEMAS: Final = ROOT / "tests" / "observability" / "schemas"
_BUILD: Final = ROOT / "build" / "kubernetes-schemas"
_API_VERSION: Final = "v1"
_MODEL: Final = "io.strimzi.api.kafka.model"
STRIMZI: Final = {
    "kafka": f"{_MODEL}.kafka.Kafka",
    "kafka-node-pool": f"{_MODEL}.nodepool.KafkaNodePool",
    "kafka-user": f"{_MODEL}.user.KafkaUser",
}
"""File name to class."""
_MODELS: Final = ("cloudcoil==0.6.0", "cloudcoil-models-prometheus-operator==0.80.1.0")
_POD_MONITOR: Final = """
import json
from cloudcoil.models.prometheus_operator.v1 import PodMonitor
print(json.dumps(PodMonitor.model_json_schema(by_alias=True)))
"""
_FOR_PEOPLE: Final = frozenset(("description", "example", "title", "default"))
_NESTED_LISTS: Final = frozenset(("allOf", "anyOf", "oneOf"))
_NESTED_MAPS: Final = frozenset(("properties", "$defs"))


def main() -> None:
    """Write every schema."""
    _BUILD.mkdir(parents=True, exist_ok=True)
    made = {**_strimzi(), "pod-monitor": _pod_monitor()}
    for name, schema in made.items():
        schema["properties"].pop("status", None)  # the operator's to write
        text = json.dumps(trimmed(schema), sort_keys=True, separators=(",", ":"))
        (SCHEMAS / f"{name}.json").write_text(f"{text}\n")
        print(f"{name}: {len(text):,} bytes")


def trimmed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without what only people read; a property may have any name, "description" too."""
    kept: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _FOR_PEOPLE:
            continue
        if name in _NESTED_MAPS:
            kept[name] = {key: trimmed(each) for key, each in value.items()}
        elif name in _NESTED_LISTS:
            kept[name] = [trimmed(each) for each in value]
        else:
            kept[name] = trimmed(value) if isinstance(value, dict) else value
    return kept


def _strimzi() -> dict[str, dict[str, Any]]:
    jars = _BUILD / "jars"
    goal = "dependency:copy-dependencies"
    options = ("--quiet", "--batch-mode", "--no-transfer-progress", "--file", str(SCHEMAS / "pom.xml"))
    _run(["mvn", *options, goal, "-DincludeScope=runtime", f"-DoutputDirectory={jars}"])
    (generator,) = jars.glob("crd-generator-*.jar")
    files = {name: _BUILD / f"{name}.yaml" for name in STRIMZI}
    classes = [f"{STRIMZI[name]}={path}" for name, path in files.items()]
    options = ("--yaml", "--target-kube", "1.21+", "--crd-api-version", "v1", "--describe-api-versions", _API_VERSION)
    _run(["java", "-cp", f"{generator}:{jars}/*", "io.strimzi.crdgenerator.CrdGenerator", *options, *classes])
    return {name: _version(yaml.safe_load(path.read_text())) for name, path in files.items()}


def _version(definition: dict[str, Any]) -> dict[str, Any]:
    (version,) = (each for each in definition["spec"]["versions"] if each["name"] == _API_VERSION)
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    # `@RequiredInVersions("v1+")` of each class; the annotation is newer than the generator.
    return {**schema, "required": ["spec"]}


def _pod_monitor() -> dict[str, Any]:
    environment = _BUILD / "venv"
    _run([sys.executable, "-m", "venv", str(environment)])
    python = str(environment / "bin" / "python")
    _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_MODELS])
    schema: dict[str, Any] = json.loads(_run([python, "-c", _POD_MONITOR]))
    return schema


def _run(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
