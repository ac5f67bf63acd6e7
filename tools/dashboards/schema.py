"""What the SDK writes into every dashboard and Grafana 13 does not have, or should not do."""

from typing import Any

from grafana_foundation_sdk.models.dashboard import DashboardLinkPlacement

_OF_INTERVALS = ("auto", "auto_count", "auto_min")


def without_leftovers(page: dict[str, Any]) -> dict[str, Any]:
    """Return a dashboard, changed in place, in which only what Grafana 13 knows is left.

    Tables of Grafana 13 have no footer among their options, and no variable but one of intervals has ``auto``: the SDK
    writes both always. Of placements of links and annotations it knows one, Grafana's menu of controls, and writes it
    always, too; without a placement they stand above the panels, where links to the other dashboards are seen.
    """
    for panel in page["panels"]:
        if panel["type"] == "table":
            panel["options"].pop("footer", None)
    for variable in page.get("templating", {}).get("list", []):
        for name in _OF_INTERVALS:
            variable.pop(name, None)
    _above_the_panels(page)
    return page


def _above_the_panels(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("placement") == DashboardLinkPlacement.IN_CONTROLS_MENU:
            del part["placement"]
        for each in part.values():
            _above_the_panels(each)
    elif isinstance(part, list):
        for each in part:
            _above_the_panels(each)
