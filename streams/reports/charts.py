"""Charts of a report as SVG: lines over time and stacked shares, drawn without a script, with a text for who sees none.

Colours are those of Okabe and Ito (2008); each line has a name at its end, so that none is told by its colour alone.
"""

import html
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
VERMILLION: Final = "#D55E00"
GREY: Final = "#767676"

_WIDTH: Final = 720
_HEIGHT: Final = 200
_LEFT: Final = 52
_RIGHT: Final = 96
_TOP: Final = 14
_BOTTOM: Final = 24
_LABELS_APART: Final = 13.0
_LETTER: Final = 6.0
_Scale = Callable[[float], float]


class Line(Struct, frozen=True):
    """One line: a value for each moment, None where there is none."""

    name: str
    colour: str
    values: Sequence[float | None]


class Mark(Struct, frozen=True):
    """A moment that a number points at; what it is about stands below the chart."""

    at_ms: int
    label: str


def line_chart(
    times_ms: Sequence[int], lines: Sequence[Line], what: str, marks: Sequence[Mark] = (), *, is_share: bool = False
) -> str:
    """Return a chart.

    Args:
        times_ms: the moments of all lines.
        lines: at least one.
        what: the chart in a sentence.
        marks: moments with a label each.
        is_share: whether values are shares, drawn from 0 to 100 %.
    """
    first, last = times_ms[0], times_ms[-1]
    # Counts are whole, and so are the four lines of the grid.
    most = 1.0 if is_share else max(4.0, *(value for line in lines for value in line.values if value is not None))
    top = most if is_share else _rounded_up(most)

    def x(at_ms: float) -> float:
        return _LEFT + (at_ms - first) / max(last - first, 1) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _TOP + (1 - value / top) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_axes(first, last, top, x, y, is_share=is_share)]
    free_from = 0.0
    for mark in sorted(marks, key=lambda mark: mark.at_ms):
        if first <= mark.at_ms <= last:
            at = x(mark.at_ms)
            # Alerts of one moment: their numbers stand side by side.
            beside = min(max(at, free_from), x(last))
            free_from = beside + _LETTER * (len(mark.label) + 1)
            parts.append(
                f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
                f'<text class="mark" x="{beside:.1f}" y="{_TOP - 3}" text-anchor="middle">'
                f"{html.escape(mark.label)}</text>"
            )
    for line in lines:
        parts += [
            f'<polyline points="{piece}" stroke="{line.colour}"/>' for piece in _pieces(times_ms, line.values, x, y)
        ]
    parts += _names(lines, y)
    return (
        f'<svg role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-label="{html.escape(what, quote=True)}">'
        f"<title>{html.escape(what)}</title>{''.join(parts)}</svg>"
    )


def _pieces(times_ms: Sequence[int], values: Sequence[float | None], x: _Scale, y: _Scale) -> list[str]:
    """Return the stretches of a line between its gaps; a point alone becomes a short dash."""
    found: list[str] = []
    piece: list[str] = []
    for at_ms, value in zip(times_ms, values, strict=True):
        if value is None:
            found += [" ".join(piece)] if piece else []
            piece = []
        else:
            piece.append(f"{x(at_ms):.1f},{y(value):.1f}")
    found += [" ".join(piece)] if piece else []
    return [each if " " in each else f"{each} {each}" for each in found]


def _axes(first: int, last: int, top: float, x: _Scale, y: _Scale, *, is_share: bool) -> str:
    rows = []
    for place in range(5):
        value = top * place / 4
        at = y(value)
        text = f"{value:.0%}" if is_share else _short(value)
        rows.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
            f'<text x="{_LEFT - 6}" y="{at + 3.5:.1f}" text-anchor="end">{text}</text>'
        )
    for place in range(5):
        at_ms = first + (last - first) * place / 4
        shape = "%d.%m. %H:%M" if last - first > 86_400_000 else "%H:%M"
        moment = datetime.fromtimestamp(at_ms / 1000, UTC).strftime(shape)
        rows.append(f'<text x="{x(at_ms):.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{moment}</text>')
        if first == last:
            break
    return "".join(rows)


def _names(lines: Sequence[Line], y: _Scale) -> list[str]:
    """Write each name where its line ends, far enough from the others to be read."""
    ends: list[tuple[float, Line]] = []
    for line in lines:
        value = next((value for value in reversed(line.values) if value is not None), None)
        if value is not None:
            ends.append((y(value), line))
    ends.sort(key=lambda end: end[0])
    places = [at for at, _ in ends]
    for place in range(1, len(places)):
        places[place] = max(places[place], places[place - 1] + _LABELS_APART)
    shift = max(0.0, places[-1] - (_HEIGHT - _BOTTOM)) if places else 0.0
    return [
        f'<text class="name" x="{_WIDTH - _RIGHT + 8}" y="{at - shift + 3.5:.1f}" fill="{line.colour}">'
        f"{html.escape(line.name)}</text>"
        for at, (_, line) in zip(places, ends, strict=True)
    ]


def _rounded_up(value: float) -> float:
    """Return the next of 1, 2, 4, 5, 8, 10 times a power of ten, so that the lines of the grid are round."""
    power = 1.0
    while power * 10 < value:
        power *= 10
    return next(step * power for step in (1, 2, 4, 8, 10, 20) if step * power >= value)


def _short(value: float) -> str:
    for least, unit in ((1e6, "M"), (1e3, "k")):
        if value >= least:
            return f"{value / least:g}{unit}"
    return f"{value:g}"
