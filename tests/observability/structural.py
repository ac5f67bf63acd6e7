"""Structural schemas of custom resources, as strict as an API server that is asked for strict field validation.

OpenAPI of a CRD leaves unknown fields out of its rules: the server prunes them, or refuses them when it is strict. Here
they are refused.
"""

import json
from typing import Any

import jsonschema

from tests.observability.programs import ROOT

SCHEMAS = ROOT / "tests" / "observability" / "schemas"
FILE_OF = {"Kafka": "kafka", "KafkaNodePool": "kafka-node-pool", "KafkaUser": "kafka-user", "PodMonitor": "pod-monitor"}
"""The kinds that are not Kubernetes' own, with the schema of each."""
_KEEPS_UNKNOWN = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"


def errors(resource: dict[str, Any]) -> list[str]:
    """Return what is wrong with a custom resource, each as path and message."""
    schema = strict(json.loads((SCHEMAS / f"{FILE_OF[resource['kind']]}.json").read_text()))
    jsonschema.Draft202012Validator.check_schema(schema)
    found = jsonschema.Draft202012Validator(schema).iter_errors(resource)
    return sorted(f"{each.json_path}: {_deepest(each).message}" for each in found)


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema under which a field that it does not know is an error.

    Only objects with a type are closed: the alternatives of a `oneOf` without one merely narrow what stands around
    them. Objects without any property that is named may hold anything (labels, selectors, metadata).
    """
    made = dict(schema)
    for name in ("properties", "$defs"):
        if name in schema:
            made[name] = {key: strict(value) for key, value in schema[name].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            made[name] = strict(schema[name])
    for name in ("allOf", "anyOf", "oneOf"):
        if name in schema:
            made[name] = [strict(value) for value in schema[name]]
    if schema.get(_INT_OR_STRING):
        made["type"] = ["integer", "string"]
    is_open = schema.get(_KEEPS_UNKNOWN) or "additionalProperties" in schema
    if schema.get("type") == "object" and schema.get("properties") and not is_open:
        made["additionalProperties"] = False
    return made


def _deepest(error: jsonschema.ValidationError) -> jsonschema.ValidationError:
    """The alternative that came furthest says more than "is valid under none of the given schemas"."""
    return jsonschema.exceptions.best_match([error]) or error
