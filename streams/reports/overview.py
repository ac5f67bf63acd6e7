"""The first sections of a report: which campaign, its numbers in short, and how it went."""

from collections.abc import Callable, Sequence
from typing import Final

from streams.reports.charts import BLUE, GREEN, ORANGE, VERMILLION, Line
from streams.reports.figures import Moment
from streams.reports.parts import Parts, reported, text_of

LEAST_JUDGED: Final = 10
"""Comments behind a point of the mood's chart: fewer make shares jump about."""


MOST_JUDGED: Final = 0.8
"""Of all judged comments, that the mood's chart speaks for: its steps are as long as that takes."""


def head(parts: Parts) -> str:
    """Return the heading: which campaign, from when to when, as of when."""
    report, words = parts.report, parts.words
    lead = words(
        "lead",
        start=words.moment(report.starts_at_ms),
        end=words.moment(report.ends_at_ms),
        as_of=words.moment(report.as_of_ms),
    )
    return (
        f'<header><p>{words("title")}</p><h1><bdi>{text_of(report.name)}</bdi></h1><p class="lead">{lead}</p></header>'
    )


def short(parts: Parts) -> str:
    """Return the numbers that people ask for first."""
    report, words, total = parts.report, parts.words, parts.report.total
    cells = [
        (words("reach"), words.count(reported(total.reach))),
        (words("views"), words.count(reported(total.views))),
        (words("engagements"), words.count(total.engagements)),
        (words("comments"), words.count(total.comments)),
        (words("people"), words.count(total.unique_commenters)),
        (words("clicks"), words.count(total.clicks)),
        (words("orders"), words.count(total.purchases)),
    ]
    for money in report.money:
        cells.append((words("net"), words.money(money.net, money.currency)))
        if money.fees is not None:
            cells.append((words("fees"), words.money(money.fees, money.currency)))
        if money.return_on_fees is not None:
            # Of several currencies each has its own.
            name = words("return") if len(report.money) == 1 else f"{words('return')}, {text_of(money.currency)}"
            cells.append((name, words.count(money.return_on_fees, 2)))
    note = ""
    if (value := total.earned_media_value) is not None:
        cells.append((words("emv"), words.money(value.amount, value.currency)))
        note = f'<p class="note">{words("emv")}: {words("emv_note", date=text_of(value.rate_card_dated))}.</p>'
    tiles = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in cells)
    return parts.section("short", f'<dl class="tiles">{tiles}</dl>{note}')


def course(parts: Parts) -> str:
    """Return how the campaign went over time."""
    words, moments = parts.words, parts.report.moments
    if not moments:
        return parts.section("course", f"<p>{words('no_data')}</p>")
    lines = [
        Line(words("comments"), BLUE, [float(each.comments) for each in moments]),
    ]
    if any(each.entries for each in moments):
        lines.append(Line(words("entries"), GREEN, [float(each.entries) for each in moments]))
    if any(each.purchases for each in moments):
        lines.append(Line(words("orders"), ORANGE, [float(each.purchases) for each in moments]))
    text = words("course_text", step=words.span(parts.report.step_minutes))
    return parts.section("course", f"<p>{text}</p>{parts.chart(lines, text)}")


def mood(parts: Parts) -> str:
    """Return how comments felt over time, in steps that hold enough of them to be judged."""
    report, words = parts.report, parts.words
    total = ""
    if (sentiment := report.total.sentiment) is not None:
        total = words(
            "mood_total",
            samples=words.count(sentiment.sample_size),
            positive=words.share(sentiment.positive_share),
            negative=words.share(sentiment.negative_share),
        )
    steps, moments = _judged(report.moments)
    if not moments:
        none = words("no_data") if sentiment is None else f"{words('mood_sparse')} {total}"
        return parts.section("mood", f"<p>{none}</p>")

    def shares(count_of: Callable[[Moment], int]) -> list[float | None]:
        counts = ((count_of(each), _samples(each)) for each in moments)
        return [count / samples if samples >= LEAST_JUDGED else None for count, samples in counts]

    lines = [
        Line(words("positive"), GREEN, shares(lambda each: each.positive)),
        Line(words("negative"), VERMILLION, shares(lambda each: each.negative)),
    ]
    text = words("mood_text", step=words.span(report.step_minutes * steps), least=str(LEAST_JUDGED))
    chart = parts.chart(lines, text, is_share=True, moments=moments)
    return parts.section("mood", f"<p>{text} {total}</p>{chart}")


def _samples(moment: Moment) -> int:
    return moment.positive + moment.neutral + moment.negative


def _judged(moments: Sequence[Moment]) -> tuple[int, Sequence[Moment]]:
    """Return moments, so many taken together that steps with enough comments hold most of all comments; or none."""
    wanted = MOST_JUDGED * sum(map(_samples, moments))
    steps = 1
    while wanted and steps <= len(moments):
        together = [_added(moments[place : place + steps]) for place in range(0, len(moments), steps)]
        if sum(count for each in together if (count := _samples(each)) >= LEAST_JUDGED) >= wanted:
            return steps, together
        steps *= 2
    return 1, ()


def _added(moments: Sequence[Moment]) -> Moment:
    names = [name for name in Moment.__struct_fields__ if name != "at_ms"]
    return Moment(at_ms=moments[0].at_ms, **{name: sum(getattr(each, name) for each in moments) for name in names})
