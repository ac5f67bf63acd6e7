"""A route and what is told of it, in one: an ``Operation`` in a list is served, and stands in ``/openapi.json``."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

Endpoint = Callable[[Request], Awaitable[Response]]
Method = Literal["get", "post", "put", "delete"]
JSON: Final = "application/json"


class Parameter(Struct, frozen=True, kw_only=True):
    """A value beside the body: ``type`` is a type of msgspec, ``place`` where it stands. Path parameters are needed."""

    name: str
    place: Literal["path", "query", "header"]
    what: str
    type: Any = str
    needed: bool = False


class Content(Struct, frozen=True):
    """A body by what it holds: ``type`` is a type of msgspec; None where there is nothing to say of the inside."""

    what: str
    type: Any = None
    media_types: tuple[str, ...] = (JSON,)


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one path.

    To add a route, add one of these to a list that ``gateway.app.build`` is given; nothing else. ``name`` is the
    operation's id, unique. ``group`` is the heading it stands under. ``body`` has what may be sent, by media type;
    ``answers`` what comes back, by status; ``problems`` are the statuses that come as RFC 9457 problems. ``logins`` are
    names in ``gateway.openapi.LOGINS``, one of which is enough. ``is_counted`` is for what senders ask for: counted
    and timed in the metrics by its source.
    """

    name: str
    path: str
    method: Method
    group: str
    summary: str
    endpoint: Endpoint
    detail: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: tuple[Content, ...] = ()
    answers: Mapping[int, Content] = {}
    problems: tuple[int, ...] = ()
    logins: tuple[str, ...] = ()
    is_counted: bool = False
