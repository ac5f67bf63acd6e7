"""``replay --plot``: the series of each alert, what was expected of it, and when the alert was open."""

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from agents.cli.common import UsageFailure
from models.alerts import AlertTransition, RuleName, WindowSample
from streams.detectors.signals import Reading

MOST_PANELS: Final = 12
_SHAPE: Final = 16.0
_FORMATS: Final = (".png", ".svg", ".pdf")
_COLOURS: Final = {"critical": "#c0392b", "warning": "#e0a030"}
Place = tuple[str, str | None, RuleName]


class Point(NamedTuple):
    """One minute of one series."""

    at_ms: int
    observed: float
    expected: float


class AlertSeries:
    """What each rule saw of each influencer and campaign, minute by minute."""

    def __init__(self) -> None:
        self.points: dict[Place, list[Point]] = {}

    def add(self, sample: WindowSample, readings: dict[RuleName, Reading]) -> None:
        """Take one minute."""
        for rule, reading in readings.items():
            place = (sample.campaign_id, sample.influencer_id, rule)
            point = Point(sample.window_end_ms, reading.observed, reading.expected)
            self.points.setdefault(place, []).append(point)


class Span(NamedTuple):
    """From opening to the end of one alert; None while it is open."""

    begin_ms: int
    end_ms: int | None
    severity: str
    unit: str
    ratio: float


def require_matplotlib(path: Path) -> None:
    """End with what to do when a plot cannot be drawn, before anything is computed.

    Raises:
        UsageFailure: matplotlib is not installed, or the file's name says no format it can write.
    """
    if path.suffix.lower() not in _FORMATS:
        raise UsageFailure(f"--plot {path}: the name must end in one of {', '.join(_FORMATS)}")
    if find_spec("matplotlib") is None:
        raise UsageFailure("--plot needs matplotlib: pip install 'campaign-pulse[plot]'")


def spans_of(transitions: list[AlertTransition]) -> dict[Place, list[Span]]:
    """Return when each rule had an alert open, by campaign and influencer."""
    begun: dict[str, Span] = {}
    places: dict[str, Place] = {}
    for transition in transitions:
        alert = transition.alert
        places[alert.alert_id] = (alert.campaign_id, alert.influencer_id, alert.rule)
        first = begun.get(alert.alert_id)
        if first is None:
            begun[alert.alert_id] = Span(alert.opened_at_ms, None, alert.severity, alert.unit, alert.ratio)
        else:
            end_ms = transition.at_ms if transition.kind == "resolved" else None
            begun[alert.alert_id] = first._replace(end_ms=end_ms, severity=alert.severity)
    spans: dict[Place, list[Span]] = {}
    for alert_id, span in begun.items():
        spans.setdefault(places[alert_id], []).append(span)
    return spans


def draw(path: Path, series: AlertSeries, transitions: list[AlertTransition]) -> None:
    """Draw a panel for each series that had an alert, at most ``MOST_PANELS``; without any, the campaigns' own.

    Raises:
        UsageFailure: the file cannot be written.
    """
    from matplotlib.figure import Figure

    spans = spans_of(transitions)
    chosen = list(spans)[:MOST_PANELS] or [
        place for place in series.points if place[1] is None and place[2] == "engagement_spike"
    ]
    figure = Figure(figsize=(12, 1 + 2.2 * max(1, len(chosen))), layout="constrained")
    figure.suptitle(
        f"{len(transitions)} changes of {len({t.alert.alert_id for t in transitions})} alerts; times in UTC"
        + (f"; {len(spans) - MOST_PANELS} series left out" if len(spans) > MOST_PANELS else "")
    )
    panels = figure.subplots(max(1, len(chosen)), 1, squeeze=False, sharex=True)[:, 0]
    for panel, place in zip(panels, chosen, strict=False):
        _panel(panel, place, series.points.get(place, []), spans.get(place, []))
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise UsageFailure(f"--plot {path}: {error.strerror}") from None


def _panel(panel: Any, place: Place, points: list[Point], spans: list[Span]) -> None:
    campaign_id, influencer_id, rule = place
    times = [datetime.fromtimestamp(point.at_ms / 1000, UTC) for point in points]
    expected = [point.expected for point in points]
    # The band is what a count of that size does by chance: two deviations of a negative binomial with this shape.
    counts = rule in ("engagement_spike", "engagement_drop", "entries_spike", "feed_silent")
    if counts:
        spread = [2.0 * (each + each * each / _SHAPE) ** 0.5 for each in expected]
        lower = [max(0.0, each - wide) for each, wide in zip(expected, spread, strict=True)]
        upper = [each + wide for each, wide in zip(expected, spread, strict=True)]
        panel.fill_between(times, lower, upper, color="#9ec5e8", alpha=0.5, linewidth=0, label="expected band")
    panel.plot(times, expected, color="#2c6fa6", linewidth=1, label="expected")
    panel.plot(times, [point.observed for point in points], color="#222222", linewidth=0.9, label="observed")
    for span in spans:
        begin = datetime.fromtimestamp(span.begin_ms / 1000, UTC)
        end = times[-1] if span.end_ms is None and times else datetime.fromtimestamp((span.end_ms or 0) / 1000, UTC)
        panel.axvspan(begin, max(begin, end), color=_COLOURS[span.severity], alpha=0.3)
        panel.axvline(begin, color=_COLOURS[span.severity], linewidth=1.5)
    who = influencer_id or "the campaign"
    panel.set_title(f"{campaign_id} · {who} · {rule}", loc="left", fontsize=9)
    panel.legend(loc="upper right", fontsize=7, frameon=False)
    panel.margins(x=0)
