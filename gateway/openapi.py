"""``/openapi.json`` (OpenAPI 3.1) of the operations that are served, and a page of it, without any script."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

import msgspec
from starlette.responses import Response

from gateway.operations import JSON, Content, Operation, Parameter
from gateway.problems import TITLES, Problem
from models.webhooks import AlertMessage, MilestoneMessage

LOGINS: Final[Mapping[str, Mapping[str, str]]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key that `campaign-pulse gateway key` made."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key."},
    "write_key": {"type": "http", "scheme": "basic", "description": "The key as user name, as Segment's libraries do."},
    "read_bearer": {"type": "http", "scheme": "bearer", "description": "A key of `campaign-pulse gateway read-key`."},
    "read_header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key."},
    "read_address": {"type": "apiKey", "in": "query", "name": "key", "description": "The same key, as in share links."},
    "api_secret": {"type": "apiKey", "in": "query", "name": "api_secret", "description": "The key, as for GA4."},
}
"""How a sender shows who it is. Webhooks have none of these: their signature is of the body (docs/sources.md)."""
_REFERENCE: Final = "#/components/schemas/{name}"
_CONVERTER: Final = re.compile(r":\w+(?=\})")
_PROBLEM: Final = "application/problem+json"
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{font:14px ui-monospace,monospace}pre{overflow:auto;background:#8882;padding:.5rem}"
    "table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}"
    "p{white-space:pre-line}summary{cursor:pointer}b.m{display:inline-block;min-width:4rem}"
    ":root{color-scheme:light dark}"
)
_SAFETY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


_SENT: Final[tuple[tuple[str, Any], ...]] = (("alert", AlertMessage), ("milestone", MilestoneMessage))
"""Messages that are sent and not answered, by what they tell of."""


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """Return the document.

    Args:
        operations: all that are served; their schemas come from the structs that they name.
        version: of the program.
    """
    described = [*_types_of(operations), Problem, *(message for _, message in _SENT)]
    schemas, components = msgspec.json.schema_components(described, ref_template=_REFERENCE)
    # By identity: annotated types are equal to what they are not.
    of_type = {id(kind): schema for kind, schema in zip(described, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(told_path(each.path), {})[each.method] = _operation(each, of_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Campaign Pulse gateway",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": group} for group in dict.fromkeys(each.group for each in operations)],
        "paths": paths,
        "webhooks": {name: {"post": _sent(name, of_type[id(message)])} for name, message in _SENT},
        "components": {"schemas": components, "securitySchemes": LOGINS},
    }


def document_answer(told: Mapping[str, Any]) -> Response:
    """Return the document as an answer."""
    return Response(msgspec.json.encode(told), media_type=JSON, headers=_SAFETY)


def page_answer(told: Mapping[str, Any]) -> Response:
    """Return the page as an answer."""
    return Response(page(told), media_type="text/html", headers=_SAFETY)


def _types_of(operations: Iterable[Operation]) -> list[Any]:
    found: dict[int, Any] = {}
    for each in operations:
        kinds = [parameter.type for parameter in each.parameters]
        kinds += [content.type for content in (*each.body, *each.answers.values()) if content.type is not None]
        found |= {id(kind): kind for kind in kinds}
    return list(found.values())


def _operation(each: Operation, of_type: Mapping[int, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"operationId": each.name, "tags": [each.group], "summary": each.summary}
    if each.detail:
        told["description"] = each.detail
    if each.parameters:
        told["parameters"] = [_parameter(parameter, of_type) for parameter in each.parameters]
    if each.body:
        content = {name: _schema(body, of_type) for body in each.body for name in body.media_types}
        what = " ".join(dict.fromkeys(body.what for body in each.body))
        told["requestBody"] = {"description": what, "required": True, "content": content}
    answers = {str(status): _answer(answer, of_type) for status, answer in each.answers.items()}
    problems = {str(status): _problem(status, of_type) for status in each.problems}
    told["responses"] = dict(sorted({**answers, **problems}.items()))
    if each.logins:
        told["security"] = [{name: []} for name in each.logins]
    return told


def _sent(name: str, schema: Any) -> dict[str, Any]:
    """Return what is told of messages that receivers are sent: docs/webhooks.md has the rest."""
    headers = (
        ("webhook-id", "The same in every attempt: receivers drop repeats by it."),
        ("webhook-timestamp", "When this attempt was made, seconds."),
        ("webhook-signature", "`v1,` and the base64 of HMAC-SHA256, one for each secret, with blanks between."),
    )
    return {
        "operationId": f"sent_{name}",
        "summary": f"What receivers of {name}s are sent (Standard Webhooks)",
        "parameters": [
            {"name": header, "in": "header", "description": what, "required": True, "schema": {"type": "string"}}
            for header, what in headers
        ],
        "requestBody": {"description": "The message.", "required": True, "content": {JSON: {"schema": schema}}},
        "responses": {
            "2XX": {"description": "It is taken."},
            "410": {"description": "Nothing is sent any more, until an operator turns it on again."},
            "default": {"description": "It is sent again later; `Retry-After` is heeded."},
        },
    }


def _parameter(parameter: Parameter, of_type: Mapping[int, Any]) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.what,
        "required": parameter.needed or parameter.place == "path",
        "schema": of_type[id(parameter.type)],
    }


def _answer(answer: Content, of_type: Mapping[int, Any]) -> dict[str, Any]:
    if answer.type is None and answer.media_types == (JSON,):
        return {"description": answer.what}
    content = {name: _schema(answer, of_type) for name in answer.media_types}
    return {"description": answer.what, "content": content}


def _schema(content: Content, of_type: Mapping[int, Any]) -> dict[str, Any]:
    return {} if content.type is None else {"schema": of_type[id(content.type)]}


def _problem(status: int, of_type: Mapping[int, Any]) -> dict[str, Any]:
    return {"description": TITLES[status], "content": {_PROBLEM: {"schema": of_type[id(Problem)]}}}


def page(told: Mapping[str, Any]) -> str:
    """Return the document as a page: nothing in it is loaded or run, every text is escaped."""
    info = told["info"]
    lines = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        "<p><a href=openapi.json>openapi.json</a></p>",
    ]
    for tag in told["tags"]:
        lines.append(f"<h2>{escape(tag['name'])}</h2>")
        for path, methods in told["paths"].items():
            lines += [_entry(path, name, each) for name, each in methods.items() if tag["name"] in each["tags"]]
    lines.append("<h2>Schemas</h2>")
    for name, schema in sorted(told["components"]["schemas"].items()):
        lines.append(f"<details id={escape(name)}><summary>{escape(name)}</summary>{_shown(schema)}</details>")
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])}</title>"
    return f"{head}<style>{_STYLE}</style>\n" + "\n".join(lines)


def told_path(path: str) -> str:
    """Return a route's path as OpenAPI has it: a parameter's name without how the router reads it."""
    return _CONVERTER.sub("", path)


def _entry(path: str, method: str, each: Mapping[str, Any]) -> str:
    parts = [f"<p>{escape(each['description'])}</p>"] if "description" in each else []
    if logins := [name for one in each.get("security", ()) for name in one]:
        parts.append(f"<p>Login: {escape(', '.join(logins))}</p>")
    if parameters := each.get("parameters"):
        rows = [
            (one["name"], f"{one['in']}{', needed' if one['required'] else ''}", one["description"])
            for one in parameters
        ]
        parts.append(_table(("parameter", "where", "what"), rows))
    if body := each.get("requestBody"):
        rows = [(name, _named(content), body["description"]) for name, content in body["content"].items()]
        parts.append(_table(("body", "schema", "what"), rows))
    rows = [
        (status, ", ".join(_named(content) for content in answer.get("content", {}).values()), answer["description"])
        for status, answer in each["responses"].items()
    ]
    parts.append(_table(("status", "schema", "what"), rows))
    title = f"<b class=m>{escape(method.upper())}</b> <code>{escape(path)}</code> {escape(each['summary'])}"
    return f"<details id={escape(each['operationId'])}><summary>{title}</summary>{''.join(parts)}</details>"


def _named(content: Mapping[str, Any]) -> str:
    schema = content.get("schema", {})
    name: str = schema.get("$ref", "").rpartition("/")[2]
    return name or str(schema.get("type", ""))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}" for text in heads)
    return (
        f"<table><tr>{head}{''.join('<tr>' + ''.join(f'<td>{escape(text)}' for text in row) for row in rows)}</table>"
    )


def _shown(schema: Any) -> str:
    return f"<pre>{escape(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())}</pre>"
