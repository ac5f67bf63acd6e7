"""A report as one page of HTML that needs nothing else: it prints on A4, runs nothing and loads nothing.

Everything that somebody else wrote (names, handles, post ids, explanations of alerts with words of comments) is text:
escaped, without control and direction characters. Tables can be taken as CSV; a later report finds the figures of this
one in its ``<script type="application/json">``, which is data and no script.
"""

import re
from typing import Final

import msgspec

from streams.giveaway.verification import Published
from streams.reports import creators, outcomes, overview
from streams.reports.figures import Report
from streams.reports.parts import Parts, ToCsv, text_of
from streams.reports.style import STYLE
from streams.reports.texts import Words

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_DATA: Final = re.compile(r'<script type="application/json" id="campaign-pulse-report">(.*?)</script>', re.DOTALL)


def page_of(
    report: Report, words: Words, to_csv: ToCsv, *, draw: Published | None = None, against: Report | None = None
) -> str:
    """Return the page.

    Args:
        report: the figures.
        words: the language.
        to_csv: writes headings and rows as CSV that is harmless in a spreadsheet.
        draw: the record of the giveaway's draw.
        against: an earlier campaign's figures.
    """
    parts = Parts(report, words, to_csv)
    sections = (
        overview.head(parts),
        overview.short(parts),
        overview.course(parts),
        overview.mood(parts),
        creators.creators(parts),
        creators.money(parts),
        creators.posts(parts),
        outcomes.alerts(parts),
        outcomes.giveaway(parts, draw),
        "" if against is None else outcomes.against(parts, against),
        outcomes.quality(parts),
        outcomes.definitions(parts),
    )
    data = msgspec.json.encode(report).decode().replace("<", "\\u003c")
    return (
        f'<!doctype html>\n<html lang="{words.language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text_of(report.name)}: {words('title')}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(section for section in sections if section)
        + f'\n</main>\n<script type="application/json" id="campaign-pulse-report">{data}</script>\n</body>\n</html>\n'
    )


def figures_in(page: str) -> Report:
    """Return the figures that a page of an earlier report holds.

    Raises:
        ValueError: it is no such page, or of another version.
    """
    found = _DATA.search(page)
    if found is None:
        raise ValueError("it is no report of campaign-pulse: there are no figures in it")
    try:
        return msgspec.json.decode(found[1], type=Report)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"its figures cannot be read: {error}") from None
