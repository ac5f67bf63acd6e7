"""The dashboards of grafana/: generated, valid, complete, readable."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.observability.panels import filled, pages
from tests.observability.programs import ROOT
from tools.dashboards import style
from tools.dashboards.__main__ import differing, generated
from tools.dashboards.schema import without_leftovers

PAGES = pages()
UIDS = {"pulse-live", "pulse-influencer", "pulse-campaign", "pulse-sentiment", "pulse-pipeline"}
VALUES = {"campaign": "spring", "influencer": "ana", "window": "1h", "currency": "EUR", "__rate_interval": "1m"}


@pytest.fixture(params=sorted(PAGES))
def page(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each dashboard."""
    return PAGES[request.param]


def test_the_committed_dashboards_are_those_of_the_generator() -> None:
    """`make dashboards` would change nothing."""
    assert differing(generated()) == []


def test_uids_are_fixed() -> None:
    """Links and bookmarks into these dashboards keep working."""
    assert set(PAGES) == UIDS


def test_dashboards_fit_grafanas_schema(page: dict[str, Any]) -> None:
    """A dashboard read by the models that are generated from Grafana's schema and written again is the same.

    What the schema does not know would be gone, what it requires would be added, a wrong type would raise.
    """
    register_default_plugins()
    without = json.loads(json.dumps(page))
    for annotation in without["annotations"]["list"]:
        for name in style.ANNOTATION_TEXTS[annotation["name"]]:
            del annotation[name]  # the data source's own, outside of the schema
    again = json.loads(json.dumps(Dashboard.from_json(without), cls=JSONEncoder))
    assert without_leftovers(again) == without


def test_dashboards_are_of_the_grafana_that_is_shipped(page: dict[str, Any]) -> None:
    """Schema 42, and panels of the very Grafana in the compose file, with whose packages the preview draws."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    image = re.fullmatch(r"grafana/grafana:([\d.]+)@sha256:[0-9a-f]{64}", compose["services"]["grafana"]["image"])
    assert image is not None
    drawn_by = json.loads((ROOT / "tools" / "dashboard_preview" / "package.json").read_text())["dependencies"]
    versions = {version for name, version in drawn_by.items() if name.startswith("@grafana/")}
    assert versions == {image[1]} == {panel["pluginVersion"] for panel in page["panels"]}
    assert page["schemaVersion"] == 42


def test_links_to_other_dashboards_are_seen(page: dict[str, Any]) -> None:
    """Links and annotations stand above the panels, not in Grafana's menu of controls."""
    assert "inControlsMenu" not in json.dumps(page)


def test_every_panel_explains_itself(page: dict[str, Any]) -> None:
    """Each panel has a title, a description, a unit, a source and a word for no data."""
    for panel in page["panels"]:
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"]
        assert len(panel["description"]) > 10, panel["title"]
        assert defaults["unit"], panel["title"]
        assert defaults["noValue"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}", panel["title"]
        assert panel["pluginVersion"] == style.PLUGIN_VERSION, "Grafana would migrate it as if it were of version 6.1"
        assert panel["targets"], panel["title"]


def test_panels_do_not_overlap(page: dict[str, Any]) -> None:
    """Each panel has its own place on a grid of 24 columns, and its own id."""
    assert len({panel["id"] for panel in page["panels"]}) == len(page["panels"])
    for panel in page["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
    for one, other in combinations([panel["gridPos"] for panel in page["panels"]], 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y


def test_colours_are_for_everybody(page: dict[str, Any]) -> None:
    """No colour is outside the palette of Okabe and Ito, and no scheme brings others in."""
    text = json.dumps(page["panels"])
    assert set(re.findall(r"#[0-9A-Fa-f]{6}", text)) <= set(style.PALETTE)
    assert set(re.findall(r'"color": \{[^}]*"mode": "([a-zA-Z-]+)"', text)) <= {"thresholds", "shades", "fixed"}


def test_variables_of_queries_exist(page: dict[str, Any]) -> None:
    """No query uses a variable that the dashboard does not offer."""
    offered = {variable["name"] for variable in page.get("templating", {}).get("list", [])}
    given = {name: value for name, value in VALUES.items() if name in offered or name.startswith("__")}
    for panel in page["panels"]:
        for target in panel["targets"]:
            assert "$" not in filled(target["expr"], given)


def test_links_lead_to_our_dashboards(page: dict[str, Any]) -> None:
    """Drill-downs, and dashboards that alerts name, exist."""
    alerts = "".join(path.read_text() for path in (ROOT / "prometheus" / "rules").glob("*.yml"))
    named = re.findall(r"/d/(?:\{\{[^}]*\}\})?(pulse-[a-z]+)", json.dumps(page) + alerts)
    assert named
    assert set(named) <= UIDS
    assert page["links"][0]["tags"] == page["tags"]


def test_the_wall_is_read_from_afar() -> None:
    """Numbers of the wall stand in a fixed, large size: Grafana would shrink them as they grow."""
    numbers = [panel for panel in PAGES["pulse-live"]["panels"] if panel["type"] == "stat"]
    assert len(numbers) >= 8
    assert all(panel["options"]["text"]["valueSize"] >= 40 for panel in numbers)


def test_the_wall_is_on_the_screen() -> None:
    """Every panel of the wall lies within 1080 pixels: a row of the grid is 38, Grafana's controls are 64."""
    places = [panel["gridPos"] for panel in PAGES["pulse-live"]["panels"]]
    assert max(place["y"] + place["h"] for place in places) * 38 + 64 <= 1080


def test_numbers_do_not_stand_still(page: dict[str, Any]) -> None:
    """A number is asked for at once: a range would show the last value of hours when workers are gone."""
    for panel in page["panels"]:
        if panel["type"] == "stat":
            assert all(target["instant"] and not target.get("range") for target in panel["targets"]), panel["title"]
            assert panel["options"]["graphMode"] == "none", panel["title"]


def test_a_number_that_is_not_there_is_neither_good_nor_bad(page: dict[str, Any]) -> None:
    """The word for no number has a colour of its own: grey, or that of trouble, and not the lowest threshold's."""
    for panel in page["panels"]:
        if panel["type"] in {"stat", "bargauge"}:
            defaults = panel["fieldConfig"]["defaults"]
            (nothing,) = (each["options"] for each in defaults["mappings"] if each["type"] == "special")
            assert nothing["match"] == "null", panel["title"]
            assert nothing["result"]["text"] == defaults["noValue"], panel["title"]
            assert nothing["result"]["color"] in {style.GREY, style.ORANGE, style.VERMILLION}, panel["title"]


def test_a_missed_scrape_tears_no_line(page: dict[str, Any]) -> None:
    """Gaps shorter than a minute are drawn across, longer ones are gaps."""
    for panel in page["panels"]:
        if panel["type"] == "timeseries":
            assert panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] == 60_000, panel["title"]


def test_empty_cells_are_dashes(page: dict[str, Any]) -> None:
    """The word for an empty table stands in no cell."""
    for panel in page["panels"]:
        if panel["type"] == "table":
            (organised,) = (each for each in panel["transformations"] if each["id"] == "organize")
            dashes = {
                override["matcher"]["options"]
                for override in panel["fieldConfig"]["overrides"]
                if {"id": "noValue", "value": "–"} in override["properties"]
            }
            assert set(organised["options"]["renameByName"].values()) == dashes, panel["title"]


def test_names_of_columns_have_no_variable(page: dict[str, Any]) -> None:
    """Grafana fills variables into a column's name and not into what looks for it: its settings would be lost."""
    for panel in page["panels"]:
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            assert "$" not in str(override["matcher"]["options"]), panel["title"]


def test_windows_and_currencies_are_named(page: dict[str, Any]) -> None:
    """A number over the chosen window, or in the chosen currency, says so in its title."""
    for panel in page["panels"]:
        if panel["type"] in {"stat", "bargauge"}:
            asked = " ".join(target["expr"] for target in panel["targets"])
            for variable in ("$window", "$currency"):
                assert (variable in asked) == (variable in panel["title"]), panel["title"]


def test_people_are_people(page: dict[str, Any]) -> None:
    """What ranks influencers leaves out the rows in which others are folded together."""
    for panel in page["panels"]:
        for target in panel["targets"]:
            if (
                re.search(r"topk|by \((?:campaign, )?influencer\)", target["expr"])
                and "influencer" in target["legendFormat"]
            ):
                assert 'influencer!~"other|unattributed"' in target["expr"], panel["title"]


def test_who_leads_is_said_of_everybody(page: dict[str, Any]) -> None:
    """Bars that rank influencers are left out while partitions are held by nobody: half of a ranking looks whole."""
    for panel in page["panels"]:
        for target in panel["targets"]:
            if panel["type"] == "bargauge" and "topk" in target["expr"] and "influencer" in target["expr"]:
                by_reason = "by (reason)" in target["expr"]
                assert by_reason or style.WHEN_WHOLE in target["expr"], panel["title"]


def test_the_whole_campaign_has_a_name_in_the_table_of_alerts() -> None:
    """Prometheus has no empty labels: the column would be gone where no alert is an influencer's."""
    (table,) = (panel for panel in PAGES["pulse-live"]["panels"] if panel["type"] == "table")
    for target in table["targets"]:
        assert re.search(r'label_replace\(.*, "influencer", "whole campaign", "influencer", ""\)', target["expr"])


def test_alerts_are_marked_where_they_open(page: dict[str, Any]) -> None:
    """Annotations are points: an alert that is open for long would paint over what it is about."""
    (annotation,) = page["annotations"]["list"]
    assert " unless " in annotation["expr"]
    assert " offset 10s" in annotation["expr"]
    if "influencer" in {variable["name"] for variable in page["templating"]["list"]}:
        assert 'influencer=~"$influencer|"' in annotation["expr"]


def test_bars_have_names_that_can_be_read(page: dict[str, Any]) -> None:
    """Names stand to the left of bars in a size of Grafana's own, and values in the colour of text."""
    for panel in page["panels"]:
        if panel["type"] == "bargauge":
            assert panel["options"]["namePlacement"] == "left", panel["title"]
            assert panel["options"]["valueMode"] == "text", panel["title"]
            assert "text" not in panel["options"], panel["title"]
            # One bar alone would have letters as high as the panel, and no room for its name.
            assert (panel["options"]["sizing"], panel["options"]["maxVizHeight"]) == ("manual", 40), panel["title"]


def test_text_stands_out(page: dict[str, Any]) -> None:
    """No number is in a colour with a contrast below 4 on Grafana's dark background; WCAG asks 3 of large text."""
    for panel in page["panels"]:
        if panel["type"] == "stat":
            for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]:
                assert _contrast(step["color"], "#181b1f") >= 4, (panel["title"], step["color"])


def _contrast(one: str, other: str) -> float:
    """Contrast ratio by WCAG 2.1: relative luminances of sRGB colours."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_metrics_of_queries_are_documented() -> None:
    """Every metric of a panel or an alert is one of docs/metrics.md, a recording rule, or Prometheus' own."""
    rules = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "prometheus" / "rules").glob("*.yml"))]
    all_rules = [rule for each in rules for group in each["groups"] for rule in group["rules"]]
    expressions = [rule["expr"] for rule in all_rules]
    expressions += [
        target["expr"] for page in PAGES.values() for panel in page["panels"] for target in panel["targets"]
    ]
    known = set(re.findall(r"^\| `(campaign_[a-z_]+)` \|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
    known |= {rule["record"] for rule in all_rules if "record" in rule}
    known |= {"campaign_pulse_event_to_publish_seconds_bucket"}
    for expression in expressions:
        without_labels = re.sub(r"\{[^}]*\}|(?:by|on|group_left|group_right) \([^)]*\)", "", expression)
        used = set(re.findall(r"\b(?:campaign|job|pipeline)[a-z_]*[:_][a-z0-9_:]+", without_labels))
        assert used <= known, expression
