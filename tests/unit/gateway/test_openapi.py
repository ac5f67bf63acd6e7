"""The gateway's own description: what stands in it is served, and what is served stands in it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.app import build
from gateway.openapi import told_path
from gateway.operations import Content, Operation
from tests.unit.gateway.asking import Gateway

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"


async def _nothing(request: Request) -> Response:
    return Response(status_code=204)


MORE = Operation(
    name="nothing",
    path="/v1/nothing",
    method="get",
    group="More",
    summary="Tell nothing",
    endpoint=_nothing,
    answers={204: Content("It is told.")},
)


def test_the_document_is_openapi() -> None:
    """Programs that make clients, and schemathesis, read it; every reference in it leads somewhere."""
    answer = Gateway().ask("/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(answer.json).validate()
    named = set(re.findall(r'"#/components/schemas/(\w+)"', answer.body.decode()))
    assert named <= set(answer.json["components"]["schemas"])
    assert {"Purchase", "Verdicts", "Problem"} <= named


def test_what_is_sent_is_described() -> None:
    """By the schemas of docs/schemas: whoever generates a receiver of the document gets one that fits."""
    told = Gateway().ask("/openapi.json").json
    assert set(told["webhooks"]) == {"alert", "milestone"}
    for name in told["webhooks"]:
        schema = told["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]["schema"]
        component = schema["$ref"].rpartition("/")[2]
        file = json.loads((SCHEMAS / f"webhook-{name}.schema.json").read_text("utf-8"))
        assert file["$ref"] == f"#/$defs/{component}"
        assert set(told["components"]["schemas"][component]["properties"]) == {"type", "timestamp", "data"}
        assert file["$defs"][component]["properties"].keys() == {"type", "timestamp", "data"}


def test_every_route_is_described_and_every_description_is_a_route() -> None:
    """Paths and methods, both ways."""
    gateway = Gateway()
    told = {
        (path, method.upper()) for path, each in gateway.ask("/openapi.json").json["paths"].items() for method in each
    }
    served = {
        (told_path(route.path), method)
        for route in gateway.app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert told == served
    assert not [path for path, _ in told if ":" in path], "names of parameters are names"
    assert ("/v1/hooks/{kind}/{endpoint}", "POST") in told


def test_a_route_that_is_added_is_served_and_described() -> None:
    """One entry in a list is all; the names of operations stay unique."""
    gateway = Gateway()
    gateway.app = build(gateway.state, more=[MORE])
    assert gateway.ask("/v1/nothing").status == 204
    told = gateway.ask("/openapi.json").json
    assert told["paths"]["/v1/nothing"]["get"]["responses"] == {"204": {"description": "It is told."}}
    with pytest.raises(ValueError, match="/v1/nothing is there twice"):
        build(gateway.state, more=[MORE, MORE])
    names = [each["operationId"] for methods in told["paths"].values() for each in methods.values()]
    assert len(names) == len(set(names))


class _Loaded(HTMLParser):
    """What a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        """Keep elements that load or run something."""
        names = [name for name, value in attrs if name in {"src", "srcset"} or name.startswith("on")]
        if names or tag in {"script", "link", "img", "iframe", "object", "embed"}:
            self.found.append(tag)


def test_the_page_has_every_operation_and_loads_nothing() -> None:
    """People behind a firewall can read it, and it cannot be made to run anything."""
    gateway = Gateway()
    answer = gateway.ask("/docs")
    page = answer.body.decode()
    told = gateway.ask("/openapi.json").json
    names = [each["operationId"] for methods in told["paths"].values() for each in methods.values()]
    assert [name for name in names if f"id={name}>" not in page] == []
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    reader = _Loaded()
    reader.feed(page)
    assert reader.found == []
