"""The last sections of a report: alerts, the giveaway, an earlier campaign, and what the numbers rest on."""

from decimal import Decimal
from typing import Final

from streams.giveaway.verification import Published, outcome
from streams.reports.figures import AlertFigures, Report
from streams.reports.parts import Parts, reported, text_of
from streams.reports.texts import Words

_RULES_OF_SHARES: Final = frozenset({"negative_wave", "conversion_drop", "code_leak"})
"""Rules whose numbers are shares."""


def alerts(parts: Parts) -> str:
    """Return what was told while it went on, and what became of it."""
    words, alerts = parts.words, parts.report.alerts
    if not alerts:
        return parts.section("alerts", f"<p>{words('no_alerts')}</p>")
    headings = [words(key) for key in ("number", "when", "what", "whose", "outcome")]
    rows, plain = [], []
    for number, each in enumerate(alerts, start=1):
        whose = words("whole")
        if each.influencer_id is not None:
            whose = parts.handles.get(each.influencer_id, each.influencer_id)
        until = words("open") if each.resolved_at_ms is None else words.moment(each.resolved_at_ms)
        became = words("open") if each.resolution is None else words(each.resolution)
        what = f"<strong>{text_of(words.rule(each.rule))}</strong><br>{_sentence(words, each)}"
        rows.append(
            [str(number), f"{words.moment(each.opened_at_ms)}<br>{until}", what, text_of(whose), text_of(became)]
        )
        plain.append((number, words.moment(each.opened_at_ms), until, each.rule, each.explanation, whose, became))
    titles = [
        words("number"),
        *words("when").split(", "),
        words("what"),
        words("what"),
        words("whose"),
        words("outcome"),
    ]
    return parts.section("alerts", parts.table("alerts", headings, rows, plain, titles, "words"))


def _sentence(words: Words, alert: AlertFigures) -> str:
    """Return what was told at the time, in English; before it, in other languages, its numbers."""
    told = text_of(alert.explanation)
    if words.language == "en":
        return told
    numbers = ""
    if alert.observed is not None and alert.expected is not None:
        shown = words.share if alert.rule in _RULES_OF_SHARES else words.count
        numbers = words("alert_numbers", observed=shown(alert.observed, 1), expected=shown(alert.expected, 1)) + "<br>"
    return f'{numbers}<span lang="en">{told}</span>'


def giveaway(parts: Parts, draw: Published | None) -> str:
    """Return the giveaway with its draw, where there was one."""
    words, giveaway = parts.words, parts.report.giveaway
    if giveaway is None:
        return ""
    facts = [
        (words("all_entries"), words.count(giveaway.entries)),
        (words("valid"), words.count(giveaway.valid_entries)),
        (words("entrants"), words.count(giveaway.unique_entrants)),
        (words("duplicates"), words.count(giveaway.duplicate_entries)),
        (words("withdrawn"), words.count(giveaway.withdrawn_entries)),
    ]
    reasons = sorted(giveaway.invalid_entries.items(), key=lambda item: -item[1])
    facts += [(words("invalid", reason=text_of(reason)), words.count(count)) for reason, count in reasons if count]
    text = parts.facts(facts)
    if draw is not None:
        record = draw.draw
        proof = [(words("commitment"), f"<code>{text_of(draw.commitment)}</code>")]
        if record is not None:
            proof += [
                (words("drawn"), text_of(record.drawn_at)),
                (words("random"), f"<code>{text_of(record.randomness)}</code>"),
                (words("winners"), words.count(len(outcome(draw).winners))),
            ]
        text += f"<h3>{words('draw')}</h3>{parts.facts(proof)}"
    return parts.section("giveaway", text)


def against(parts: Parts, earlier: Report) -> str:
    """Return the campaign beside an earlier one."""
    words, now, then = parts.words, parts.report, earlier
    pairs: list[tuple[str, float | None, float | None]] = [
        (words(key), reported(getattr(then.total, key)), reported(getattr(now.total, key)))
        for key in ("reach", "views")
    ]
    pairs += [
        (words(key), getattr(then.total, field), getattr(now.total, field))
        for key, field in (
            ("engagements", "engagements"),
            ("comments", "comments"),
            ("clicks", "clicks"),
            ("orders", "purchases"),
        )
    ]
    rows: list[list[str]] = []
    plain: list[tuple[str, float | str | None, float | str | None, float | None]] = []
    for name, before, after in pairs:
        change = after / before - 1 if before and after is not None else None
        rows.append([name, words.count(before), words.count(after), words.share(change, 0)])
        plain.append((name, before, after, change))
    for name, share_before, share_after in _shares(words, then, now):
        # A share of a share, and of one that can be negative, says little: points do.
        points = None if share_before is None or share_after is None else share_after - share_before
        rows.append([name, words.share(share_before), words.share(share_after), words.points(points)])
        plain.append((name, share_before, share_after, points))
    # Currencies that only one of the two has as well: a comparison without them would look complete.
    for currency in sorted({each.currency for each in (*then.money, *now.money)}):
        old, new = (next((one.net for one in each.money if one.currency == currency), None) for each in (then, now))
        change = float(Decimal(new) / Decimal(old) - 1) if old and new and Decimal(old) > 0 else None
        name = f"{words('net')}, {currency}"
        rows.append([text_of(name), words.money(old, currency), words.money(new, currency), words.share(change, 0)])
        plain.append((name, old, new, change))
    headings = [words("what"), words("earlier"), words("this"), words("change")]
    table = parts.table("comparison", headings, rows, plain)
    return f"<section><h2>{words('against', name=f'<bdi>{text_of(then.name)}</bdi>')}</h2>{table}</section>"


def _shares(words: Words, then: Report, now: Report) -> list[tuple[str, float | None, float | None]]:
    """Return names and both values of what is compared in points."""
    rates = (("rate_followers", "engagement_rate_by_followers"), ("rate_reach", "engagement_rate_by_reach"))
    found = [(words(key), getattr(then.total, field), getattr(now.total, field)) for key, field in rates]
    before, after = (None if each.total.sentiment is None else each.total.sentiment.net for each in (then, now))
    return [*found, (words("net_sentiment"), before, after)]


def quality(parts: Parts) -> str:
    """Return what the numbers rest on."""
    words, quality = parts.words, parts.report.quality
    share = quality.unread_comments / quality.comments if quality.comments else None
    facts = [
        (words("lines"), words.count(quality.lines)),
        (words("counted"), words.count(quality.events)),
        (words("seen_before"), words.count(quality.duplicates)),
        *((words("refused", reason=text_of(each)), words.count(count)) for each, count in quality.refused.items()),
        (words("unread"), f"{words.count(quality.unread_comments)} ({words.share(share)})"),
        (words("unattributed"), words.count(quality.unattributed_orders)),
        (words("strangers"), words.count(quality.strangers)),
        (words("corrections"), words.count(parts.report.total.corrections)),
    ]
    return parts.section("quality", parts.facts(facts))


def definitions(parts: Parts) -> str:
    """Return what the numbers mean."""
    words = parts.words
    keys = ("define_engagements", "define_reach", "define_people", "define_orders", "define_mood")
    lines = [words(key) for key in keys]
    lines.append(words("define_usual", source=text_of(parts.report.bands_source)))
    return parts.section("definitions", "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>")
