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

from tests.observability.panels import Query

Series = dict[str, Any]
_COLUMNS: Final = 6
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
    value = _last(series)
    shown = _UNITS.get(query.unit, lambda number: f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}")(value)
    return f"{_name(query, series)} {shown}" if "{{" in query.legend else shown


def _lines(axes: Any, answers: Sequence[tuple[Query, list[Series]]]) -> None:
    place = 0
    for query, found in answers:
        for series in found[:8]:
            name = _name(query, series)
            colour = query.colours.get(name, _FALLBACK[place % len(_FALLBACK)])
            times = [at for at, _ in series["values"]]
            axes.plot(times, [float(value) for _, value in series["values"]], color=colour, label=name[:28], lw=1.2)
            place += 1
    axes.set_xticks([])
    axes.legend(fontsize=7, facecolor="#181b1f", labelcolor="white", edgecolor="#333333", loc="best")


def _bars(axes: Any, answers: Sequence[tuple[Query, list[Series]]]) -> None:
    named = [
        (_name(query, series)[:22], _last(series), query.colour_of(_last(series)))
        for query, found in answers
        for series in found[:10]
    ][:12]
    named.sort(key=lambda bar: -bar[1])
    axes.barh([name for name, *_ in named], [value for _, value, _ in named], color=[bar[2] for bar in named])
    axes.invert_yaxis()


def _last(series: Series) -> float:
    return float(series["values"][-1][1])
