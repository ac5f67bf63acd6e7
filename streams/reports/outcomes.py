"""The last sections of a report: alerts, the giveaway, an earlier campaign, and what the numbers rest on."""

from collections.abc import Callable
from decimal import Decimal

from streams.giveaway.verification import Published, outcome
from streams.reports.figures import Report
from streams.reports.parts import Parts, text_of


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
        what = f"<strong>{text_of(words.rule(each.rule))}</strong><br>{text_of(each.explanation)}"
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
    pairs: list[tuple[str, float | None, float | None, Callable[[float | None], str]]] = [
        (words(key), getattr(then.total, field), getattr(now.total, field), words.count)
        for key, field in (
            ("reach", "reach"),
            ("views", "views"),
            ("engagements", "engagements"),
            ("comments", "comments"),
            ("clicks", "clicks"),
            ("orders", "purchases"),
        )
    ]
    rates = (("rate_followers", "engagement_rate_by_followers"), ("rate_reach", "engagement_rate_by_reach"))
    pairs += [(words(key), getattr(then.total, field), getattr(now.total, field), words.share) for key, field in rates]
    net_of = [None if each.total.sentiment is None else each.total.sentiment.net for each in (then, now)]
    pairs.append((words("net_sentiment"), net_of[0], net_of[1], words.share))
    rows: list[list[str]] = []
    plain: list[tuple[str, float | str | None, float | str | None, float | None]] = []
    for name, before, after, shown in pairs:
        change = None if not before or after is None or shown is words.share else after / before - 1
        rows.append([name, shown(before), shown(after), words.share(change, 0)])
        plain.append((name, before, after, change))
    for money in now.money:
        old = next((each for each in then.money if each.currency == money.currency), None)
        if old is not None:
            change = float(Decimal(money.net) / Decimal(old.net) - 1) if Decimal(old.net) else None
            name = f"{words('net')}, {money.currency}"
            amounts = [words.money(each.net, money.currency) for each in (old, money)]
            rows.append([text_of(name), *amounts, words.share(change, 0)])
            plain.append((name, old.net, money.net, change))
    headings = [words("what"), words("earlier"), words("this"), words("change")]
    table = parts.table("comparison", headings, rows, plain)
    return f"<section><h2>{words('against', name=text_of(then.name))}</h2>{table}</section>"


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
