"""Requests that schemathesis makes of the gateway's own description, and what is wrong with the answers."""

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from zlib import crc32

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.hostile_requests.attacks import KEY

LOGIN: Final = {"Authorization": f"Bearer {KEY}"}
READ_KEY: Final = "pulse_r_of-the-hostile-tests"
_READING: Final = ("/v1/campaigns", "/v1/status", "/live/", "/overlay/")
_ENDLESS: Final = "/stream"
CAMPAIGN: Final = "spring"
_CHECKS: Final = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def ask(document: Mapping[str, Any], port: int, count: int, start: int, with_key: bool, seen: Counter[int]) -> int:
    """Send about ``count`` requests, half as described and half not; return how many events were told to be counted.

    Args:
        document: the gateway's OpenAPI.
        port: where it listens.
        count: how many; each operation gets the same share.
        start: where chances come from.
        with_key: whether the sender has a key.
        seen: statuses, to add to.

    Raises:
        Exception: schemathesis', when an answer is an error of ours, or not as described.
    """
    schema = schemathesis.openapi.from_dict(dict(document))
    operations = [result.ok() for result in schema.get_all_operations()]
    counted = 0
    session = requests.Session()
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            strategy = operation.as_strategy(generation_mode=mode)

            def one(case: Case) -> None:
                nonlocal counted
                login = LOGIN if with_key else None
                if with_key and case.operation.path.startswith(_READING):
                    if case.operation.path.endswith(_ENDLESS):
                        return  # a stream that is open does not end: tests/unit/gateway/test_streams.py has them
                    login = {"Authorization": f"Bearer {READ_KEY}"}
                    if (made := (case.path_parameters or {}).get("campaign")) and crc32(repr(made).encode()) % 2:
                        # By chance nobody would meet one that is there.
                        case.path_parameters["campaign"] = CAMPAIGN
                answer = case.call(
                    base_url=f"http://127.0.0.1:{port}",
                    session=session,
                    headers=login,
                    allow_redirects=False,
                    timeout=60,
                )
                seen[answer.status_code] += 1
                case.validate_response(answer, checks=_CHECKS)
                if case.operation.path == "/v1/events" and answer.status_code == 200:
                    counted += answer.json()["counted"]

            examples = max(1, count // (2 * len(operations)))
            bounds = settings(
                max_examples=examples,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            try:
                seed(start)(bounds(given(strategy)(one)))()
            except Unsatisfiable:
                # What has neither parameters nor a body cannot be asked for wrongly.
                if mode is GenerationMode.POSITIVE:
                    raise
            start = random.Random(start).randrange(2**32)
    session.close()
    return counted
