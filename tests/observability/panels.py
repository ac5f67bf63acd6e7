"""The committed dashboards, panel by panel, with their variables filled in."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.observability.programs import ROOT

DASHBOARDS = ROOT / "grafana" / "dashboards"


class Query(NamedTuple):
    """One query of one panel."""

    dashboard: str
    panel: str
    kind: str
    unit: str
    expression: str
    legend: str
    instant: bool
    no_value: str
    colours: Mapping[str, str]
    steps: Sequence[tuple[float, str]]

    def colour_of(self, value: float) -> str:
        """Return the colour that the thresholds give to a value."""
        return [colour for least, colour in self.steps if value >= least][-1]


def pages() -> dict[str, dict[str, Any]]:
    """Return every dashboard by its uid."""
    made = [json.loads(path.read_text()) for path in sorted(Path(DASHBOARDS).glob("*.json"))]
    return {page["uid"]: page for page in made}


def queries(values: Mapping[str, str]) -> list[Query]:
    """Return every query of every panel, with values for the variables and for Grafana's own."""
    return [
        Query(
            uid,
            panel["title"],
            panel["type"],
            panel["fieldConfig"]["defaults"].get("unit", ""),
            filled(target["expr"], values),
            target["legendFormat"],
            bool(target.get("instant")),
            panel["fieldConfig"]["defaults"]["noValue"],
            _colours(panel),
            _steps(panel["fieldConfig"]["defaults"]),
        )
        for uid, page in pages().items()
        for panel in page["panels"]
        for target in panel["targets"]
    ]


def filled(expression: str, values: Mapping[str, str]) -> str:
    """Return an expression with its variables replaced.

    Raises:
        ValueError: a variable has no value.
    """
    for name, value in values.items():
        expression = re.sub(rf"\$(?:{name}\b|\{{{name}\}})", lambda _, value=value: value, expression)  # type: ignore[misc]
    if "$" in expression:
        raise ValueError(f"a variable without a value in {expression}")
    return expression


def _colours(panel: dict[str, Any]) -> dict[str, str]:
    return {
        override["matcher"]["options"]: each["value"]["fixedColor"]
        for override in panel["fieldConfig"]["overrides"]
        for each in override["properties"]
        if each["id"] == "color"
    }


def _steps(defaults: dict[str, Any]) -> list[tuple[float, str]]:
    steps = defaults.get("thresholds", {}).get("steps") or [{"value": None, "color": "#0072B2"}]
    return [(float("-inf") if step["value"] is None else step["value"], step["color"]) for step in steps]
