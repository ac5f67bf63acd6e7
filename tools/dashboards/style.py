"""What all dashboards have in common: colours, panels with their defaults, variables, links, annotations.

Colours are those of Okabe and Ito (2008), which people with every kind of colour vision tell apart. No panel says by
colour alone what it says: numbers and names stand beside it. Text is never in the palette's dark blue, which is hard to
read on Grafana's dark background.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import bargauge, common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
YELLOW: Final = "#F0E442"
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
GREY: Final = "#999999"
LINES: Final = (SKY, ORANGE, GREEN, VERMILLION, PURPLE)
"""For lines whose names are not known before."""
PALETTE: Final = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW, GREY)

SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""A variable of each dashboard: whoever loads them into a Grafana of their own has a source with another id."""
PLUGIN_VERSION: Final = "13.2.3"
"""The Grafana whose options each panel has, that of the compose file and the preview's packages: it migrates nothing.
Without a version it would migrate panels as if they were of 6.1."""
NO_DATA: Final = "no data yet"
NO_GIVEAWAY: Final = "no giveaway"
WINDOWS: Final = ("1m", "5m", "15m", "1h", "6h", "24h")

CAMPAIGN: Final = 'campaign="$campaign"'
WINDOW: Final = 'window="$window"'
CURRENCY: Final = 'currency="$currency"'
INFLUENCER: Final = 'influencer="$influencer"'
JOB: Final = '{job="campaign-pulse"}'
WHOLE: Final = 'influencer=""'
"""Giveaway metrics without an influencer are those of the whole campaign, each person counted once."""

PEOPLE: Final = 'influencer!~"other|unattributed"'
"""Influencers, without the rows in which others are folded together."""

WHEN_WHOLE: Final = "and on () (sum(campaign_pulse_partitions) >= max(campaign_pulse_input_partitions))"
"""Behind a sum over influencers: while some partitions are held by nobody it would look like a total."""

Panel = stat.Panel | timeseries.Panel | bargauge.Panel | table.Panel | statetimeline.Panel
Steps = Sequence[tuple[float | None, str]]
"""Thresholds: from which value on which colour; the first from None."""


def of(*matchers: str) -> str:
    """Return a selector's matchers, in braces."""
    return "{" + ",".join(matchers) + "}"


def query(expression: str, legend: str = "", *, ref: str = "A", at_once: bool = False, rows: bool = False) -> Dataquery:
    """Return a query; ``at_once`` for the newest value only, ``rows`` for a table."""
    made = Dataquery().expr(expression).ref_id(ref).legend_format(legend or "__auto").datasource(SOURCE)
    made = made.instant() if at_once or rows else made.range()
    return made.format(PromQueryFormat.TABLE if rows else PromQueryFormat.TIME_SERIES)


def _thresholds(steps: Steps) -> dashboards.ThresholdsConfig:
    made = [models.Threshold(value=value, color=colour) for value, colour in steps]
    return dashboards.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)


def _fixed(colour: str) -> dict[str, str]:
    return {"mode": "fixed", "fixedColor": colour}


def coloured(panel: Panel, colours: Mapping[str, str]) -> Panel:
    """Give series their colours by name."""
    for name, colour in colours.items():
        panel = panel.override_by_name(name, [models.DynamicConfigValue(id_val="color", value=_fixed(colour))])
    return panel


def words(*texts: tuple[str, str, str]) -> list[models.ValueMap]:
    """Return a mapping from values to words: value, word, colour ("" for none)."""
    options_ = {
        value: models.ValueMappingResult(text=text, color=colour or None, index=place)
        for place, (value, text, colour) in enumerate(texts)
    }
    return [models.ValueMap(options=options_)]


def above(least: float, text: str, colour: str) -> models.RangeMap:
    """Return a mapping from every value of at least ``least`` to a word."""
    result = models.ValueMappingResult(text=text, color=colour, index=0)
    return models.RangeMap(options=models.DashboardRangeMapOptions(from_val=least, to=None, result=result))


def nothing(text: str, colour: str) -> models.SpecialValueMap:
    """Return a mapping from no value to a word."""
    result = models.ValueMappingResult(text=text, color=colour, index=9)
    match = models.SpecialValueMatch.NULL
    return models.SpecialValueMap(options=models.DashboardSpecialValueMapOptions(match=match, result=result))


def as_json(mappings: Sequence[Any]) -> list[dict[str, Any]]:
    """Return mappings as an override holds them."""
    made: list[dict[str, Any]] = json.loads(json.dumps(list(mappings), cls=JSONEncoder))
    return made


def _finish(panel: Panel, title: str, description: str, size: tuple[int, int], unit: str, no_value: str) -> Any:
    width, height = size
    panel = panel.title(title).description(description).datasource(SOURCE)
    return panel.span(width).height(height).unit(unit).no_value(no_value)


def number(
    title: str,
    description: str,
    queries: Sequence[Dataquery],
    *,
    size: tuple[int, int] = (4, 4),
    unit: str = "short",
    steps: Steps = ((None, SKY),),
    no_value: str = NO_DATA,
    decimals: int | None = None,
    text_size: int | None = None,
    mappings: Sequence[Any] = (),
    no_value_colour: str = GREY,
    with_name: bool = False,
) -> stat.Panel:
    """Return one large number, asked for at once: a range would show the last value of hours when workers are gone.

    Args:
        title: its title.
        description: what it shows.
        queries: of which the newest value is shown.
        size: width and height.
        unit: Grafana's name of the unit.
        steps: colours by value.
        no_value: what stands there without data.
        decimals: how many.
        text_size: in pixels, for a wall that is read from three metres.
        mappings: words instead of values.
        with_name: whether the query's legend stands beside its value.
        no_value_colour: of the word that stands there without data: not the one of a good or a bad number.
    """
    panel: stat.Panel = _finish(stat.Panel(), title, description, size, unit, no_value)
    panel = panel.targets([each.instant() for each in queries]).thresholds(_thresholds(steps))
    panel = panel.color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    panel = panel.color_mode(options.BigValueColorMode.VALUE)
    panel = panel.graph_mode(options.BigValueGraphMode.NONE)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if decimals is not None:
        panel = panel.decimals(decimals)
    if text_size is not None:
        panel = panel.text(common.VizTextDisplayOptions().value_size(text_size).title_size(text_size // 3))
    if with_name:
        panel = panel.text_mode(options.BigValueTextMode.VALUE_AND_NAME)
    return panel.mappings([*mappings, nothing(no_value, no_value_colour)])


def _bounded(panel: Any, bounds: tuple[float | None, float | None]) -> Any:
    least, most = bounds
    if least is not None:
        panel = panel.min(least)
    if most is not None:
        panel = panel.max(most)
    return panel


_MISSED_MS: Final = 60_000
"""A shorter gap is a scrape that was missed, and is drawn across; a longer one is a gap."""


def lines(
    title: str,
    description: str,
    queries: Sequence[Dataquery],
    *,
    size: tuple[int, int] = (12, 8),
    unit: str = "short",
    colours: Mapping[str, str] | None = None,
    no_value: str = NO_DATA,
    stacked: bool = False,
    steps: Steps | None = None,
    bounds: tuple[float | None, float | None] = (None, None),
    soft: tuple[float | None, float | None] = (None, None),
    ranked: Sequence[str] = (),
    legend_numbers: Sequence[str] = (),
) -> timeseries.Panel:
    """Return lines over time. Series without a colour of their own are shades of sky blue.

    ``soft`` bounds give way to what lies outside; ``ranked`` are the names (``ref``) of queries with one line each,
    coloured in the palette's order; ``legend_numbers`` (``last``, ``max``) make the legend a table beside the names.
    """
    panel: timeseries.Panel = _finish(timeseries.Panel(), title, description, size, unit, no_value)
    panel = panel.targets(list(queries)).line_width(2).fill_opacity(40 if stacked else 8)
    panel = panel.show_points(options.VisibilityMode.NEVER).span_nulls(_MISSED_MS)
    panel = panel.color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.SHADES).fixed_color(SKY))
    mode = options.LegendDisplayMode.TABLE if legend_numbers else options.LegendDisplayMode.LIST
    legend = common.VizLegendOptions().display_mode(mode).calcs(list(legend_numbers)).show_legend(True)
    panel = panel.legend(legend.placement(options.LegendPlacement.BOTTOM))
    tooltip = common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.DESCENDING)
    panel = panel.tooltip(tooltip)
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    if steps is not None:
        panel = panel.thresholds(_thresholds(steps))
        style = common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(style)
    panel = _bounded(panel, bounds)
    least, most = soft
    if least is not None:
        panel = panel.axis_soft_min(least)
    if most is not None:
        panel = panel.axis_soft_max(most)
    for ref, colour in zip(ranked, LINES, strict=False):
        panel = panel.override_by_query(ref, [models.DynamicConfigValue(id_val="color", value=_fixed(colour))])
    coloured(panel, colours or {})
    return panel


def banded(panel: timeseries.Panel, least: str, most: str) -> timeseries.Panel:
    """Draw two lines of a panel as the edges of a grey band."""
    edge = [
        models.DynamicConfigValue(id_val="color", value=_fixed(GREY)),
        models.DynamicConfigValue(id_val="custom.lineWidth", value=0),
    ]
    filled = [
        models.DynamicConfigValue(id_val="custom.fillBelowTo", value=least),
        models.DynamicConfigValue(id_val="custom.fillOpacity", value=18),
    ]
    nothing = [models.DynamicConfigValue(id_val="custom.fillOpacity", value=0)]
    return panel.override_by_name(least, [*edge, *nothing]).override_by_name(most, [*edge, *filled])


def states(
    title: str,
    description: str,
    queries: Sequence[Dataquery],
    *,
    size: tuple[int, int] = (12, 8),
    mappings: Sequence[Any],
    no_value: str = NO_DATA,
) -> statetimeline.Panel:
    """Return states over time, a row a series, each with its word and colour."""
    panel: statetimeline.Panel = _finish(statetimeline.Panel(), title, description, size, "short", no_value)
    panel = (
        panel.targets(list(queries))
        .mappings(list(mappings))
        .merge_values(True)
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(70)
    )
    panel = panel.show_value(options.VisibilityMode.AUTO).thresholds(_thresholds(((None, GREY),)))
    legend = common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST).show_legend(True)
    panel = panel.legend(legend.placement(options.LegendPlacement.BOTTOM))
    return panel.color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))


_BAR_PIXELS: Final = 40


def bars(
    title: str,
    description: str,
    queries: Sequence[Dataquery],
    *,
    size: tuple[int, int] = (12, 8),
    unit: str = "short",
    colour: str = BLUE,
    steps: Steps | None = None,
    no_value: str = NO_DATA,
    bounds: tuple[float | None, float | None] = (0, None),
    link: str = "",
) -> bargauge.Panel:
    """Return named bars, in the order of the query's answer. Names and values are in the colour of text."""
    panel: bargauge.Panel = _finish(bargauge.Panel(), title, description, size, unit, no_value)
    panel = panel.targets(list(queries)).orientation(options.VizOrientation.HORIZONTAL)
    panel = panel.display_mode(options.BarGaugeDisplayMode.BASIC).thresholds(_thresholds(steps or ((None, colour),)))
    panel = panel.name_placement(options.BarGaugeNamePlacement.LEFT).value_mode(options.BarGaugeValueMode.TEXT)
    panel = panel.color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    # With a single bar its name would be cut, in letters as high as the panel.
    panel = panel.sizing(options.BarGaugeSizing.MANUAL).min_viz_height(16).max_viz_height(_BAR_PIXELS).min_viz_width(8)
    # Without data the empty part of a bar would be one large grey block.
    panel = panel.show_unfilled(False).mappings([nothing(no_value, GREY)])
    if link:
        panel = panel.data_links([dashboards.DashboardLink("Drill down").url(link)])
    bounded: bargauge.Panel = _bounded(panel, bounds)
    return bounded


def rows_of(
    title: str,
    description: str,
    queries: Sequence[Dataquery],
    *,
    size: tuple[int, int] = (24, 10),
    names: Mapping[str, str],
    units: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    sort: str = "",
    is_ascending: bool = False,
    cells: Mapping[str, Mapping[str, Any]] | None = None,
    no_value: str = NO_DATA,
) -> table.Panel:
    """Return a table that joins its queries by their labels.

    Args:
        title: its title.
        description: what it shows.
        queries: instant queries in the format of tables.
        size: width and height.
        names: which columns are shown, by the name the query gives, in order, and what they are called.
        units: by the shown name.
        links: by the shown name: where a cell leads.
        sort: the shown name by which rows are sorted, largest first.
        is_ascending: smallest first.
        cells: by the shown name: field settings of its cells, such as ``mappings`` and ``custom.cellOptions``.
        no_value: what stands there without data.
    """
    panel: table.Panel = _finish(table.Panel(), title, description, size, "short", no_value)
    panel = panel.targets(list(queries)).align(options.FieldTextAlignment.AUTO).inspect(False)
    panel = panel.transformations(
        [
            models.DataTransformerConfig(id_val="merge", options={}),
            models.DataTransformerConfig(
                id_val="filterFieldsByName", options={"include": {"names": list(names)}, "byVariable": False}
            ),
            models.DataTransformerConfig(
                id_val="organize",
                options={
                    "indexByName": {name: place for place, name in enumerate(names)},
                    "renameByName": dict(names),
                    "excludeByName": {},
                },
            ),
        ]
    )
    for name in names.values():
        panel = panel.override_by_name(name, [models.DynamicConfigValue(id_val="noValue", value="–")])
    for name, unit in (units or {}).items():
        panel = panel.override_by_name(name, [models.DynamicConfigValue(id_val="unit", value=unit)])
    for name, url in (links or {}).items():
        link = [{"title": "Drill down", "url": url, "targetBlank": False}]
        panel = panel.override_by_name(name, [models.DynamicConfigValue(id_val="links", value=link)])
    if sort:
        panel = panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(not is_ascending)])
    for name, settings in (cells or {}).items():
        values = [models.DynamicConfigValue(id_val=key, value=value) for key, value in settings.items()]
        panel = panel.override_by_name(name, values)
    return panel


def source_variable() -> dashboards.DatasourceVariable:
    """Return the Prometheus to ask: the first there is, or another one."""
    return dashboards.DatasourceVariable("datasource").label("Source").type("prometheus")


def campaign_variable() -> dashboards.QueryVariable:
    """Return the campaign to look at."""
    counted = 'max by (campaign) (last_over_time(campaign_comments_total{campaign!="other"}[6h]))'
    return _campaign_variable(_with_name(f"0 * {counted}"))


def open_campaign_variable() -> dashboards.QueryVariable:
    """Return the campaign to look at, those whose giveaway is open first: the wall opens with one of them."""
    is_open = "max by (campaign) (campaign:campaign_giveaway_remaining_seconds:min > bool 0)"
    either = f'{is_open} or 0 * max by (campaign) (campaign_comments_total{{campaign!="other"}})'
    return _campaign_variable(f"sort_desc({_with_name(either)})").sort(models.VariableSort.DISABLED)


_NAMES: Final = (
    "topk by (campaign) (1, max by (campaign, name) (campaign_info)"
    " or on (campaign) max by (campaign, name) (last_over_time(campaign_info[6h])))"
)
"""One name a campaign, also for hours without workers."""


def _with_name(expression: str) -> str:
    """Return what an expression has by campaign, with each campaign's name where it has one."""
    return f"({expression}) * on (campaign) group_left (name) {_NAMES} or on (campaign) {expression}"


def _campaign_variable(expression: str) -> dashboards.QueryVariable:
    """Return campaigns that are chosen by name and asked for by id; in a title ``${campaign:text}`` is the name."""
    made = _query_variable("campaign", "Campaign", f"query_result({expression})", query_type=3)
    return made.regex('/campaign="(?<value>[^"]+)"(?:,name="(?<text>.*)")?}/')


def influencer_variable() -> dashboards.QueryVariable:
    """Return the influencer to look at, of the campaign."""
    expression = f"label_values(campaign_comments_total{of(CAMPAIGN, PEOPLE)}, influencer)"
    return _query_variable("influencer", "Influencer", expression)


def currency_variable(chosen: str) -> dashboards.QueryVariable:
    """Return the currency of money, of those the campaign has; amounts of different ones are never added."""
    expression = 'label_values(campaign_revenue_total{campaign="$campaign"}, currency)'
    made = _query_variable("currency", "Currency", expression)
    return made.current(models.VariableOption(text=chosen, value=chosen, selected=True))


def _query_variable(name: str, label: str, expression: str, query_type: int = 5) -> dashboards.QueryVariable:
    """``query_type`` is the editor's: 5 is its free text, 3 the result of a query."""
    made = dashboards.QueryVariable(name).label(label).datasource(SOURCE)
    made = made.query(
        {"qryType": query_type, "query": expression, "refId": "PrometheusVariableQueryEditor-VariableQuery"}
    )
    return made.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(models.VariableSort.ALPHABETICAL_ASC)


def window_variable(chosen: str = "1h") -> dashboards.CustomVariable:
    """Return the rolling window of event time."""
    made = dashboards.CustomVariable("window").label("Window").values(",".join(WINDOWS))
    choices = [models.VariableOption(text=each, value=each, selected=each == chosen) for each in WINDOWS]
    return made.options(choices).current(models.VariableOption(text=chosen, value=chosen, selected=True))


def page(
    uid: str, title: str, description: str, variables: Sequence[Any], span: str = "now-1h", refresh: str = "5s"
) -> Any:
    """Return a dashboard without panels: variables, links to all others, alerts as annotations."""
    made = dashboards.Dashboard(title).uid(uid).description(description).tags(["campaign-pulse"])
    made = made.timezone("browser").refresh(refresh).time(span, "now").readonly().version(1)
    made = made.tooltip(models.DashboardCursorSync.CROSSHAIR)
    for variable in (source_variable(), *variables):
        made = made.with_variable(variable)
    link = dashboards.DashboardLink("Campaign Pulse").type(models.DashboardLinkType.DASHBOARDS)
    made = made.link(link.tags(["campaign-pulse"]).as_dropdown(False).include_vars(True).keep_time(True))
    return made.annotations(_annotations({variable.build().name for variable in variables}))


ANNOTATION_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "Alerts": {"titleFormat": "{{rule}} {{influencer}}", "textFormat": "{{severity}}", "step": "10s"},
    "Pipeline alerts": {"titleFormat": "{{alertname}} {{instance}}", "textFormat": "{{severity}}", "step": "10s"},
}
"""What an annotation says: fields of Grafana's Prometheus data source that the foundation SDK does not know."""


def _annotations(variables: set[str]) -> list[Builder[models.AnnotationQuery]]:
    """Mark openings only: an alert that is open for long would paint over what it is about."""
    if "campaign" in variables:
        whose = of(CAMPAIGN, 'influencer=~"$influencer|"') if "influencer" in variables else of(CAMPAIGN)
        name, active = "Alerts", f"max by (rule, influencer, severity) (campaign_alert_active{whose}"
        expression = f"{active} == 1) unless {active} offset 10s == 1)"
    else:
        name, firing = "Pipeline alerts", 'ALERTS{area="pipeline",alertstate="firing"}'
        expression = f"{firing} unless {firing} offset 10s"
    made = dashboards.AnnotationQuery().name(name).datasource(SOURCE).enable(True).icon_color(VERMILLION)
    return [made.expr(expression)]
