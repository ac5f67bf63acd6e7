"""What the sections of a report are made of: its figures and words, and tables, facts and charts as HTML."""

import base64
import html
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from streams.reports.charts import Line, Mark, line_chart
from streams.reports.figures import Moment, Report
from streams.reports.texts import Words

_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSHOWN: Final = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
_LONGEST: Final = 300
ToCsv = Callable[[Sequence[str], Iterable[Sequence[Any]]], str]


def text_of(value: object) -> str:
    """Return what somebody wrote as text of a page, on one line, not too long."""
    kept = "".join(c for c in str(value) if c not in _BIDI and unicodedata.category(c) not in _UNSHOWN)
    return html.escape(kept if len(kept) <= _LONGEST else kept[: _LONGEST - 1] + "…", quote=True)


def reported(count: int) -> int | None:
    """Return what platforms report of reach and views; None where no report had any: that is not known to be 0."""
    return count or None


class Parts:
    """Makes the parts of one report's page.

    Args:
        report: the figures.
        words: the language.
        to_csv: writes headings and rows as CSV that is harmless in a spreadsheet.
    """

    def __init__(self, report: Report, words: Words, to_csv: ToCsv) -> None:
        self.report = report
        self.words = words
        self.handles = {each.influencer_id: each.handle for each in report.creators}
        self._to_csv = to_csv

    def section(self, key: str, content: str, kind: str = "") -> str:
        """Return a section under its heading; of the kind ``wide`` it prints across the sheet."""
        return f'<section class="{kind}"><h2>{self.words(key)}</h2>{content}</section>'

    def chart(
        self, lines: Sequence[Line], what: str, *, is_share: bool = False, moments: Sequence[Moment] | None = None
    ) -> str:
        """Return a chart over moments, those of the report if none are given, with the alerts numbered."""
        marks = [Mark(each.opened_at_ms, str(number)) for number, each in enumerate(self.report.alerts, start=1)]
        times = [each.at_ms for each in (self.report.moments if moments is None else moments)]
        return line_chart(times, lines, what, marks, is_share=is_share)

    def facts(self, facts: Iterable[tuple[str, str]]) -> str:
        """Return names and values."""
        return '<dl class="facts">' + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts) + "</dl>"

    def table(
        self,
        name: str,
        headings: Sequence[str],
        rows: Iterable[Sequence[str]],
        plain: Iterable[Sequence[Any]],
        titles: Sequence[str] | None = None,
        kind: str = "numbers",
    ) -> str:
        """Return a table, and below it the same as CSV: ``plain`` rows under ``titles``."""
        head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
        text = self._to_csv(titles or headings, plain)
        data = base64.b64encode(text.encode("utf-8-sig")).decode()
        link = f'<a class="csv" download="{name}.csv" href="data:text/csv;charset=utf-8;base64,{data}">'
        return (
            f'<div class="scroll" tabindex="0"><table class="{kind} {name}"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>{link}{name}.csv</a>"
        )
