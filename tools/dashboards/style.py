"""What all dashboards have in common: colours, panels with their defaults, variables, links, annotations.

Colours are those of Okabe and Ito (2008), which people with every kind of colour vision tell apart. No panel says by
colour alone what it says: numbers and names stand beside it. Text is never in the palette's dark blue, which is hard to
read on Grafana's dark background.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import bargauge, common, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders.prometheus import Dataquery
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
PALETTE: Final = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW, GREY)

SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="pulse-prometheus")
NO_DATA: Final = "no data yet"
NO_GIVEAWAY: Final = "no giveaway"
WINDOWS: Final = ("1m", "5m", "15m", "1h", "6h", "24h")

CAMPAIGN: Final = 'campaign="$campaign"'
WINDOW: Final = 'window="$window"'
CURRENCY: Final = 'currency="$currency"'
INFLUENCER: Final = 'influencer="$influencer"'
WHOLE: Final = 'influencer=""'
"""Giveaway metrics without an influencer are those of the whole campaign, each person counted once."""

Panel = stat.Panel | timeseries.Panel | bargauge.Panel | table.Panel
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
    graph: bool = True,
) -> stat.Panel:
    """Return one large number; ``text_size`` in pixels, for a wall that is read from three metres."""
    panel: stat.Panel = _finish(stat.Panel(), title, description, size, unit, no_value)
    panel = panel.targets(list(queries)).thresholds(_thresholds(steps))
    panel = panel.color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    panel = panel.color_mode(options.BigValueColorMode.VALUE)
    panel = panel.graph_mode(options.BigValueGraphMode.AREA if graph else options.BigValueGraphMode.NONE)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if decimals is not None:
        panel = panel.decimals(decimals)
    if text_size is not None:
        panel = panel.text(common.VizTextDisplayOptions().value_size(text_size).title_size(text_size // 3))
    return panel


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
) -> timeseries.Panel:
    """Return lines over time. Series without a colour of their own are shades of sky blue."""
    panel: timeseries.Panel = _finish(timeseries.Panel(), title, description, size, unit, no_value)
    panel = panel.targets(list(queries)).line_width(2).fill_opacity(40 if stacked else 8)
    panel = panel.show_points(options.VisibilityMode.NEVER).span_nulls(False)
    panel = panel.color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.SHADES).fixed_color(SKY))
    legend = common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST)
    panel = panel.legend(legend.placement(options.LegendPlacement.BOTTOM).show_legend(True))
    tooltip = common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.DESCENDING)
    panel = panel.tooltip(tooltip)
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    if steps is not None:
        panel = panel.thresholds(_thresholds(steps))
        style = common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(style)
    least, most = bounds
    if least is not None:
        panel = panel.min(least)
    if most is not None:
        panel = panel.max(most)
    coloured(panel, colours or {})
    return panel


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
    text_size: int | None = None,
) -> bargauge.Panel:
    """Return named bars, in the order of the query's answer."""
    panel: bargauge.Panel = _finish(bargauge.Panel(), title, description, size, unit, no_value)
    panel = panel.targets(list(queries)).orientation(options.VizOrientation.HORIZONTAL)
    panel = panel.display_mode(options.BarGaugeDisplayMode.BASIC).thresholds(_thresholds(steps or ((None, colour),)))
    panel = panel.color_scheme(dashboards.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    least, most = bounds
    if least is not None:
        panel = panel.min(least)
    if most is not None:
        panel = panel.max(most)
    if text_size is not None:
        panel = panel.text(common.VizTextDisplayOptions().value_size(text_size).title_size(text_size))
    return panel


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
    for name, unit in (units or {}).items():
        panel = panel.override_by_name(name, [models.DynamicConfigValue(id_val="unit", value=unit)])
    for name, url in (links or {}).items():
        link = [{"title": "Drill down", "url": url, "targetBlank": False}]
        panel = panel.override_by_name(name, [models.DynamicConfigValue(id_val="links", value=link)])
    if sort:
        panel = panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(True)])
    return panel


def campaign_variable() -> dashboards.QueryVariable:
    """Return the campaign to look at."""
    return _query_variable("campaign", "Campaign", "label_values(campaign_comments_total, campaign)")


def influencer_variable() -> dashboards.QueryVariable:
    """Return the influencer to look at, of the campaign."""
    expression = 'label_values(campaign_comments_total{campaign="$campaign"}, influencer)'
    return _query_variable("influencer", "Influencer", expression)


def currency_variable(chosen: str) -> dashboards.QueryVariable:
    """Return the currency of money, of those the campaign has; amounts of different ones are never added."""
    expression = 'label_values(campaign_revenue_total{campaign="$campaign"}, currency)'
    made = _query_variable("currency", "Currency", expression)
    return made.current(models.VariableOption(text=chosen, value=chosen, selected=True))


def _query_variable(name: str, label: str, expression: str) -> dashboards.QueryVariable:
    made = dashboards.QueryVariable(name).label(label).datasource(SOURCE)
    made = made.query({"qryType": 5, "query": expression, "refId": "PrometheusVariableQueryEditor-VariableQuery"})
    return made.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(models.VariableSort.ALPHABETICAL_ASC)


def window_variable(chosen: str = "1h") -> dashboards.CustomVariable:
    """Return the rolling window of event time."""
    made = dashboards.CustomVariable("window").label("Window").values(",".join(WINDOWS))
    choices = [models.VariableOption(text=each, value=each, selected=each == chosen) for each in WINDOWS]
    return made.options(choices).current(models.VariableOption(text=chosen, value=chosen, selected=True))


def page(uid: str, title: str, description: str, variables: Sequence[Any], span: str = "now-1h") -> Any:
    """Return a dashboard without panels: variables, links to all others, alerts as annotations."""
    made = dashboards.Dashboard(title).uid(uid).description(description).tags(["campaign-pulse"])
    made = made.timezone("browser").refresh("5s").time(span, "now").readonly().version(1)
    made = made.tooltip(models.DashboardCursorSync.CROSSHAIR)
    for variable in variables:
        made = made.with_variable(variable)
    link = dashboards.DashboardLink("Campaign Pulse").type(models.DashboardLinkType.DASHBOARDS)
    made = made.link(link.tags(["campaign-pulse"]).as_dropdown(False).include_vars(True).keep_time(True))
    return made.annotations(_annotations("campaign" in [variable.build().name for variable in variables]))


ANNOTATION_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "Alerts": {"titleFormat": "{{rule}} {{influencer}}", "textFormat": "{{severity}}", "step": "10s"},
    "Pipeline alerts": {"titleFormat": "{{alertname}} {{instance}}", "textFormat": "{{severity}}", "step": "10s"},
}
"""What an annotation says: fields of Grafana's Prometheus data source that the foundation SDK does not know."""


def _annotations(of_campaign: bool) -> list[dashboards.AnnotationQuery]:
    if of_campaign:
        campaign = dashboards.AnnotationQuery().name("Alerts").datasource(SOURCE).enable(True).icon_color(VERMILLION)
        return [campaign.expr(f"campaign_alert_active{of(CAMPAIGN)} == 1")]
    pipeline = dashboards.AnnotationQuery().name("Pipeline alerts").datasource(SOURCE).enable(True)
    expression = 'ALERTS{area="pipeline",alertstate="firing"}'
    return [pipeline.icon_color(VERMILLION).expr(expression)]
