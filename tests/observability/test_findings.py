"""What a look at pictures of the dashboards once found, as kinds: docs/dashboards.md has the list."""

import re
from typing import Any

import pytest

from tests.observability.panels import pages
from tools.dashboards import style

PAGES = pages()


def panel_of(uid: str, title: str) -> dict[str, Any]:
    """The panel of a dashboard whose title begins so."""
    found: list[dict[str, Any]] = [each for each in PAGES[uid]["panels"] if each["title"].startswith(title)]
    assert len(found) == 1
    return found[0]


def panels(*kinds: str) -> list[Any]:
    """Every panel of some kinds, as parameters."""
    return [
        pytest.param(panel, id=f"{uid}: {panel['title']}")
        for uid, page in PAGES.items()
        for panel in page["panels"]
        if panel["type"] in kinds
    ]


def properties_of(panel: dict[str, Any], column: str) -> dict[str, Any]:
    """The settings of one column of a table."""
    return {
        each["id"]: each["value"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == column
        for each in override["properties"]
    }


@pytest.mark.parametrize(
    ("uid", "title"),
    [
        ("pulse-live", "Mood"),
        ("pulse-sentiment", "Net sentiment, 5"),
        ("pulse-sentiment", "Negative share, 5"),
        ("pulse-sentiment", "Mean polarity"),
    ],
)
def test_moods_are_of_five_minutes(uid: str, title: str) -> None:
    """A wave is over before it shows in an hour: these numbers do not follow the chosen window, and say so."""
    panel = panel_of(uid, title)
    assert "5 minutes" in panel["title"]
    assert all('window="5m"' in target["expr"] and "$window" not in target["expr"] for target in panel["targets"])


def test_alerts_have_words() -> None:
    """The wall's table has severities in colour, sorted, rules as words, what was seen and is usual, and how long."""
    table = panel_of("pulse-live", "What needs somebody")
    (organised,) = (each["options"] for each in table["transformations"] if each["id"] == "organize")
    shown = [
        organised["renameByName"][name] for name in sorted(organised["indexByName"], key=organised["indexByName"].get)
    ]
    assert shown == ["Severity", "What", "Whose", "Seen", "Usual", "Seen, share", "Usual, share", "Open for"]
    assert table["options"]["sortBy"] == [{"displayName": "Severity", "desc": False}]
    assert properties_of(table, "Severity")["custom.cellOptions"]["type"] == "color-background"
    words = {value for each in properties_of(table, "What")["mappings"] for value in each["options"]}
    assert {"engagement_spike", "negative_wave", "feed_silent", "code_leak"} <= words


@pytest.mark.parametrize("uid", sorted(PAGES))
def test_no_number_is_there_twice(uid: str) -> None:
    """No two large numbers of a dashboard ask the same."""
    asked = [target["expr"] for panel in PAGES[uid]["panels"] if panel["type"] == "stat" for target in panel["targets"]]
    assert len(asked) == len(set(asked))


def test_ranked_lines_have_colours_of_their_own() -> None:
    """The five with the largest negative share are five lines in five colours, the same five at every moment."""
    chart = panel_of("pulse-sentiment", "Negative share by influencer")
    colours = {
        override["matcher"]["options"]: each["value"]["fixedColor"]
        for override in chart["fieldConfig"]["overrides"]
        for each in override["properties"]
        if each["id"] == "color"
    }
    assert len(chart["targets"]) == len(set(colours.values())) == 5
    assert all("@ end()" in target["expr"] for target in chart["targets"])
    assert chart["options"]["legend"]["displayMode"] == "table"
    assert "lastNotNull" in chart["options"]["legend"]["calcs"]


@pytest.mark.parametrize("panel", panels("bargauge"))
def test_bars_begin_at_0(panel: dict[str, Any]) -> None:
    """The longest bar is the most of what the title says: no scale begins below 0."""
    assert panel["fieldConfig"]["defaults"]["min"] == 0
    assert not re.search(r"\bbottomk\b|\bsort\(", " ".join(target["expr"] for target in panel["targets"]))


@pytest.mark.parametrize("panel", panels("bargauge"))
def test_bars_are_few(panel: dict[str, Any]) -> None:
    """As many bars as are on the screen: eight of 40 pixels in a panel of eight rows."""
    most = [int(number) for target in panel["targets"] for number in re.findall(r"topk\((\d+),", target["expr"])]
    bars = sum(most) if most else len(panel["targets"])
    assert bars * 30 <= panel["gridPos"]["h"] * 38 - 40, panel["title"]


def test_the_wall_opens_with_an_open_giveaway() -> None:
    """The list of campaigns begins with those whose giveaway is open, and its order is kept."""
    (variable,) = (each for each in PAGES["pulse-live"]["templating"]["list"] if each["name"] == "campaign")
    assert "campaign:campaign_giveaway_remaining_seconds:min > bool 0" in variable["query"]["query"]
    assert "sort_desc(" in variable["query"]["query"]
    assert variable["sort"] == 0
    assert "${campaign:text}" in PAGES["pulse-live"]["panels"][0]["title"]


@pytest.mark.parametrize("uid", sorted(uid for uid in PAGES if uid != "pulse-pipeline"))
def test_campaigns_are_chosen_by_name(uid: str) -> None:
    """A campaign's name is the text of its choice, also one with quotes; without a name the id is."""
    (variable,) = (each for each in PAGES[uid]["templating"]["list"] if each["name"] == "campaign")
    assert "group_left (name)" in variable["query"]["query"]
    picks = re.compile(variable["regex"].strip("/").replace("(?<", "(?P<"))
    for text, value, name in (
        ('{campaign="spring",name="Spring giveaway"} 1 1796100000000', "spring", "Spring giveaway"),
        ('{campaign="spring",name="The "big" one"} 0 1796100000000', "spring", 'The "big" one'),
        ('{campaign="spring"} 0 1796100000000', "spring", None),
    ):
        found = picks.search(text)
        assert found is not None
        assert (found["value"], found["text"]) == (value, name)


def test_no_alert_is_said_only_where_it_is_known() -> None:
    """While detectors are behind, none is no green 0; what is open is said all the same."""
    panel = panel_of("pulse-live", "Alerts now")
    (target,) = panel["targets"]
    known, behind, otherwise = re.fullmatch(r"\((.*)\) > 0 or (.*) or \((.*)\)", target["expr"]).groups()  # type: ignore[union-attr]
    assert known == otherwise
    assert behind == "-1 * max(pipeline:campaign_pulse_alerts_behind:bool)"
    (word,) = (
        each["options"]["-1"] for each in panel["fieldConfig"]["defaults"]["mappings"] if each["type"] == "value"
    )
    assert (word["text"], word["color"]) == ("not known", style.ORANGE)


@pytest.mark.parametrize("uid", ["pulse-live", "pulse-campaign"])
def test_partitions_stand_beside_sums(uid: str) -> None:
    """Where sums are left out while some partitions are held by nobody, "4 of 8" says why."""
    (target,) = panel_of(uid, "Partitions")["targets"]
    assert target["legendFormat"] == "{{held}} of {{all}}"


def test_the_usual_ends_with_the_numbers() -> None:
    """The grey band is drawn where there is a number to compare: without workers it would go on for 40 minutes."""
    chart = panel_of("pulse-live", "Engagements of the last minute")
    pace, *band = (target["expr"] for target in chart["targets"] if "entries" not in target["legendFormat"])
    assert len(band) == 2
    assert all(f"and {pace}" in edge for edge in band)
    # What is usual is the detector's own expectation where there is one, of the very rules that judge engagements.
    expected = 'campaign_alert_expected{campaign="$campaign",influencer="",rule=~"engagement_spike|engagement_drop"}'
    assert all(f"max by (campaign) ({expected})" in edge for edge in band)


@pytest.mark.parametrize("title", ["Engagements by kind", "Views and reach"])
def test_counts_are_not_below_0(title: str) -> None:
    """What platforms take back is no negative view: the curve ends at 0, and the description says so."""
    chart = panel_of("pulse-influencer", title)
    assert all(target["expr"].startswith("clamp_min(") for target in chart["targets"])
    assert "taken back" in re.sub(r"\s+", " ", chart["description"])


def test_rows_of_influencers_say_who_needs_a_look() -> None:
    """Engagements are gauges, moods coloured by their thresholds, and open alerts a column."""
    table = panel_of("pulse-campaign", "Influencers")
    assert properties_of(table, "Engagements")["custom.cellOptions"]["type"] == "gauge"
    assert properties_of(table, "Net sentiment")["custom.cellOptions"]["type"] == "color-text"
    (organised,) = (each["options"] for each in table["transformations"] if each["id"] == "organize")
    assert {"Platform", "Revenue", "Open alerts"} <= set(organised["renameByName"].values())


@pytest.mark.parametrize("panel", panels("state-timeline"))
def test_states_have_words(panel: dict[str, Any]) -> None:
    """A state is a word in a colour, and not a line at 1."""
    words = [each for mapping in panel["fieldConfig"]["defaults"]["mappings"] for each in mapping["options"].values()]
    assert words
    assert all(each["text"] and each["color"] in style.PALETTE for each in words)


def test_partitions_have_short_names() -> None:
    """A partition is "comments 3": of a topic's whole name a bar shows the beginning, and not the number."""
    bars = panel_of("pulse-pipeline", "Behind, by partition")
    (target,) = bars["targets"]
    assert target["legendFormat"] == "{{topic}} {{partition}}"
    for name in ("posts", "comments", "conversions"):
        assert f'"topic", "{name}", "topic", "campaign[.]{name}[.]v[0-9]+")' in target["expr"]


def test_closed_is_a_word() -> None:
    """A giveaway that is over is "closed", in no colour of alarm."""
    (closed,) = (
        each["options"]["0"]
        for each in panel_of("pulse-live", "Time left")["fieldConfig"]["defaults"]["mappings"]
        if each["type"] == "value"
    )
    assert (closed["text"], closed["color"]) == ("closed", style.SKY)
