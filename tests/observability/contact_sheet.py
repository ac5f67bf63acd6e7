"""What the dashboards would show, on one picture: every panel's queries, drawn with matplotlib.

Not Grafana's rendering, and not meant to be: it lets people see that panels have data, which way it goes and whether
scales make sense.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tests.observability.panels import Query

Series = dict[str, Any]
_COLUMNS: Final = 6
_MOST_ROWS: Final = 12
_STEP_SECONDS: Final = 1.0
"""Between two values of a series."""
_FALLBACK: Final = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#0072B2", "#999999")
_UNITS: Final[Mapping[str, Callable[[float], str]]] = {
    "percentunit": lambda value: f"{value * 100:.1f} %",
    "s": lambda value: f"{value:.3g} s",
    "dtdhms": lambda value: f"{int(value // 3600):02d}:{int(value // 60 % 60):02d}:{int(value % 60):02d}",
    "bytes": lambda value: f"{value / 2**20:.0f} MiB",
}


def draw(answers: Sequence[tuple[Query, list[Series]]], path: Path) -> None:
    """Draw every panel and write the picture.

    Args:
        answers: each query with its series over time, in the order of dashboards and panels; the last value is shown.
        path: where the PNG goes.
    """
    end = max(series["values"][-1][0] for _, found in answers for series in found)
    answers = [(query, found if query.kind == "timeseries" else _lasting(found, end)) for query, found in answers]
    pages = [
        (uid, [(title, list(each)) for title, each in groupby(list(panels), key=lambda answer: answer[0].panel)])
        for uid, panels in groupby(answers, key=lambda answer: answer[0].dashboard)
    ]
    rows = sum(math.ceil(len(panels) / _COLUMNS) for _, panels in pages)
    figure = Figure(figsize=(_COLUMNS * 4.4, rows * 3.1), facecolor="#111217", layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(rows, _COLUMNS)
    row = 0
    for uid, panels in pages:
        for number, (title, each) in enumerate(panels):
            axes = figure.add_subplot(grid[row + number // _COLUMNS, number % _COLUMNS])
            axes.set_facecolor("#181b1f")
            axes.set_title(f"{uid.removeprefix('pulse-')}: {title}", color="white", fontsize=10)
            axes.tick_params(colors="#999999", labelsize=8)
            _panel(axes, each)
        row += math.ceil(len(panels) / _COLUMNS)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=70)


def _lasting(found: Sequence[Series], end: float) -> list[Series]:
    """Return the series that are still there: numbers, bars and tables show what is, not what was."""
    return [series for series in found if series["values"][-1][0] >= end - _STEP_SECONDS]


def _panel(axes: Any, answers: Sequence[tuple[Query, list[Series]]]) -> None:
    query = answers[0][0]
    if not any(series for _, series in answers):
        _text(axes, [query.no_value], "#999999", 16)
    elif query.kind == "stat":
        shown = [_shown(query, each) for _, series in answers for each in series[:4]]
        colour = query.colour_of(_last(next(series for _, series in answers if series)[0]))
        _text(axes, shown, colour, 24 if len(shown) == 1 else 14)
    elif query.kind == "timeseries":
        _lines(axes, answers)
    elif query.kind == "table":
        _rows(axes, answers)
    else:
        _bars(axes, answers)


def _text(axes: Any, lines: Sequence[str], colour: str, size: int) -> None:
    axes.axis("off")
    axes.text(0.5, 0.5, "\n".join(lines), ha="center", va="center", color=colour, fontsize=size, wrap=True)


def _name(query: Query, series: Series) -> str:
    labels = {name: value for name, value in series["metric"].items() if name != "__name__"}
    if query.legend != "__auto":
        text = query.legend
        for name, value in labels.items():
            text = text.replace("{{" + name + "}}", value)
        return text
    return " ".join(labels.values())


def _shown(query: Query, series: Series) -> str:
    shown = _with_unit(query, _last(series))
    return f"{_name(query, series)} {shown}" if "{{" in query.legend else shown


def _with_unit(query: Query, value: float) -> str:
    return _UNITS.get(query.unit, lambda number: f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}")(value)


def _rows(axes: Any, answers: Sequence[tuple[Query, list[Series]]]) -> None:
    """Draw a table: the names of each row, and its values in the order of the queries."""
    rows: dict[str, list[str]] = {}
    for query, found in answers:
        for series in found:
            rows.setdefault(_name(query, series), []).append(_with_unit(query, _last(series)))
    lines = [f"{name}: {', '.join(values)}" for name, values in list(rows.items())[:_MOST_ROWS]]
    axes.axis("off")
    axes.text(0.02, 0.98, "\n".join(lines), ha="left", va="top", color="white", fontsize=9, wrap=True)


def _lines(axes: Any, answers: Sequence[tuple[Query, list[Series]]]) -> None:
    place = 0
    for query, found in answers:
        for series in found[:8]:
            name = _name(query, series)
            colour = query.colours.get(name, _FALLBACK[place % len(_FALLBACK)])
            times, values = _with_gaps(series["values"])
            axes.plot(times, values, color=colour, label=name[:28], lw=1.2)
            place += 1
    axes.set_xticks([])
    axes.yaxis.set_major_formatter(lambda value, _: _with_unit(answers[0][0], value))
    axes.legend(fontsize=7, facecolor="#181b1f", labelcolor="white", edgecolor="#333333", loc="best")


def _with_gaps(points: Sequence[tuple[float, str]]) -> tuple[list[float], list[float]]:
    """Return times and values, with an empty one wherever some are missing: no line is drawn across."""
    times: list[float] = []
    values: list[float] = []
    for at, value in points:
        if times and at - times[-1] > 1.5 * _STEP_SECONDS:
            times.append(at)
            values.append(math.nan)
        times.append(at)
        values.append(float(value))
    return times, values


def _bars(axes: Any, answers: Sequence[tuple[Query, list[Series]]]) -> None:
    named = [
        (_name(query, series)[:22], _last(series), query.colour_of(_last(series)))
        for query, found in answers
        for series in found[:10]
    ][:12]
    named.sort(key=lambda bar: -bar[1])
    axes.barh([name for name, *_ in named], [value for _, value, _ in named], color=[bar[2] for bar in named])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(lambda value, _: _with_unit(answers[0][0], value))
    axes.xaxis.set_major_locator(MaxNLocator(4))


def _last(series: Series) -> float:
    return float(series["values"][-1][1])
