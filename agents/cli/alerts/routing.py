"""Which receivers an Alertmanager's configuration gives to an alert, and with which labels one reaches a receiver.

As Alertmanager 0.22 to 0.34 read their routes (https://prometheus.io/docs/alerting/latest/configuration/#route): the
deepest route whose matchers all hold, the next ones too where it says ``continue``; what a route leaves out it has from
the one above it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

_MATCHER: Final = re.compile(r'\s*"?(?P<name>[\w.:-]+)"?\s*(?P<sign>=~|!~|!=|=)\s*(?P<value>".*"|.*?)\s*', re.DOTALL)
_DURATION: Final = re.compile(r"(\d+)(ms|[smhdwy])")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "y": 31_536_000.0}
_GROUP_WAIT: Final = "30s"
"""Alertmanager's own default."""
_SEVERITIES: Final = ("warning", "critical", "info")
_CONFIGS: Final = "_configs"


class RoutingError(ValueError):
    """A configuration that cannot be read; the message names what."""


class Matcher(Struct, frozen=True):
    """One condition on a label."""

    name: str
    sign: str
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Return whether a set of labels fulfils it; a label that is absent is empty.

        Raises:
            RoutingError: its regular expression is one of Go's that Python does not read.
        """
        found = labels.get(self.name, "")
        if self.sign in ("=", "!="):
            return (found == self.value) == (self.sign == "=")
        try:
            matches = re.fullmatch(self.value, found, re.DOTALL) is not None
        except re.error as error:
            raise RoutingError(f"matcher {self.name}{self.sign}{self.value!r}: {error}") from None
        return matches == (self.sign == "=~")


class Route(Struct, frozen=True):
    """A route with what it has from the routes above it. ``group_wait`` is in seconds."""

    receiver: str
    group_wait: float
    matchers: tuple[Matcher, ...]
    goes_on: bool
    routes: tuple["Route", ...]

    def found(self, labels: Mapping[str, str]) -> list["Route"]:
        """Return the routes that an alert with these labels takes; none when it is not for this part of the tree."""
        if not all(matcher.holds(labels) for matcher in self.matchers):
            return []
        taken: list[Route] = []
        for route in self.routes:
            below = route.found(labels)
            taken += below
            if below and not route.goes_on:
                break
        return taken or [self]

    def ways(self, receiver: str) -> Iterator[tuple[Matcher, ...]]:
        """Yield all matchers on the way to each route of a receiver, the deepest routes first."""
        for route in self.routes:
            for way in route.ways(receiver):
                yield (*self.matchers, *way)
        if self.receiver == receiver:
            yield self.matchers


class Routing(Struct, frozen=True):
    """What of a configuration decides who is told: the routes, and by which integrations each receiver tells."""

    root: Route
    receivers: dict[str, tuple[str, ...]]
    """Integrations of each receiver (``slack``, ``email``, ...), one for each of its configurations."""

    def labels_for(
        self, receiver: str, bases: Sequence[Mapping[str, str]], fixed: Mapping[str, str]
    ) -> dict[str, str] | None:
        """Return labels with which an alert reaches a receiver; None when no such labels are found.

        Args:
            receiver: who is to be told.
            bases: labels to begin with, the most usual first.
            fixed: labels that no matcher may change.
        """
        for way in ((), *self.root.ways(receiver)):
            for base in bases:
                labels = {**_fitting({**base, **fixed}, way), **fixed}
                if receiver in {route.receiver for route in self.root.found(labels)}:
                    return labels
        return None


def read_routing(config: Any) -> Routing:
    """Read what an Alertmanager shows of its configuration.

    Raises:
        RoutingError: something in it is not as expected.
    """
    try:
        receivers = {
            each["name"]: tuple(
                key.removesuffix(_CONFIGS)
                for key, entries in each.items()
                if key.endswith(_CONFIGS)
                for _ in entries or ()
            )
            for each in config["receivers"]
        }
        return Routing(_route(config["route"], "", _GROUP_WAIT), receivers)
    except (KeyError, TypeError, AttributeError) as error:
        raise RoutingError(f"its configuration cannot be read: {type(error).__name__}: {error}") from None


def _route(config: Mapping[str, Any], receiver: str, group_wait: str) -> Route:
    receiver = config.get("receiver") or receiver
    group_wait = config.get("group_wait") or group_wait
    matchers = [_matcher(each) for each in config.get("matchers") or ()]
    matchers += [Matcher(name, "=", value) for name, value in (config.get("match") or {}).items()]
    matchers += [Matcher(name, "=~", value) for name, value in (config.get("match_re") or {}).items()]
    return Route(
        receiver,
        sum(int(count) * _SECONDS[unit] for count, unit in _DURATION.findall(group_wait)),
        tuple(matchers),
        bool(config.get("continue")),
        tuple(_route(each, receiver, group_wait) for each in config.get("routes") or ()),
    )


def _matcher(text: str) -> Matcher:
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise RoutingError(f"matcher {text!r} cannot be read")
    value = found["value"]
    if value.startswith('"'):
        value = re.sub(r"\\(.)", lambda each: "\n" if each[1] == "n" else each[1], value[1:-1])
    return Matcher(found["name"], found["sign"], value)


def _fitting(labels: Mapping[str, str], way: Sequence[Matcher]) -> dict[str, str]:
    """Return labels changed as little as it takes for the matchers to hold; the caller sees whether they do."""
    made = dict(labels)
    for matcher in way:
        if matcher.holds(made):
            continue
        wanted = [matcher.value, *matcher.value.split("|")] if matcher.sign in ("=", "=~") else []
        others = [*wanted, *(_SEVERITIES if matcher.name == "severity" else ()), "", "test"]
        value = next((each for each in others if matcher.holds({matcher.name: each})), None)
        if value is not None:
            made[matcher.name] = value
    return {name: value for name, value in made.items() if value}
