"""What the pages show at their first paint, as texts: made of the same answers that the stream sends afterwards."""

from typing import Any

from gateway.numbers.answers import (
    AlertsAnswer,
    BoardAnswer,
    CampaignCard,
    Freshness,
    GiveawayAnswer,
    MinutesAnswer,
    WordsAnswer,
)
from gateway.pages.formats import clock, day, iso, length, money, percent, whole
from models.rollups import WindowName, WindowStats

NUMBERS = ("entries", "people", "comments", "engagements", "orders", "revenue")


def numbers(
    windows: dict[WindowName, WindowStats], giveaway: GiveawayAnswer, language: str, *, with_money: bool
) -> dict[str, str]:
    """Return the big numbers as texts, those that there are: entries with a giveaway, money where it may be seen."""
    total = windows.get("total", WindowStats())
    found: dict[str, str] = {}
    if giveaway.campaign.opens_ms is not None or giveaway.giveaway is not None:
        rollup = giveaway.giveaway
        found["entries"] = whole(0 if rollup is None else rollup.entries, language)
        found["people"] = whole(0 if rollup is None else rollup.unique_entrants, language)
    found["comments"] = whole(total.comments, language)
    found["engagements"] = whole(total.engagements, language)
    found["orders"] = whole(total.purchases, language)
    if with_money:
        sums = sorted((currency, stats.revenue) for currency, stats in total.revenue.items())
        found["revenue"] = "\u00a0· ".join(money(amount, currency, language) for currency, amount in sums) or "–"
    return found


def countdown(card: CampaignCard, now_ms: int, texts: dict[str, str]) -> str:
    """Return how long until the campaign or its giveaway opens or closes, or when it closed."""
    opens_ms = card.opens_ms if card.opens_ms is not None else card.starts_ms
    closes_ms = card.closes_ms if card.closes_ms is not None else card.ends_ms
    if opens_ms is None or closes_ms is None:
        return ""
    if now_ms < opens_ms:
        return f"{texts['opens_in']} {length(opens_ms - now_ms, texts)}"
    if now_ms < closes_ms:
        return f"{texts['closes_in']} {length(closes_ms - now_ms, texts)}"
    return f"{texts['closed_at']} {day(closes_ms)}"


def freshness_text(freshness: Freshness, now_ms: int, texts: dict[str, str]) -> str:
    """Return how old the numbers are, as a sentence."""
    if freshness.state == "live":
        return texts["as_of"].format(time=clock(now_ms))
    if freshness.state == "unknown":
        return texts["unknown"]
    if freshness.since_ms is None:
        return texts["stopped"]
    return texts["stopped_since"].format(time=clock(freshness.since_ms))


def places(board: BoardAnswer, language: str) -> list[dict[str, Any]]:
    """Return the rows of a leaderboard."""
    most = max((each.value for each in board.places), default=0) or 1
    return [
        {
            "place": each.place,
            "influencer_id": each.influencer_id,
            "handle": each.handle or each.influencer_id,
            "share": f"{100 * each.value / most:.1f}",
            "value": whole(each.value, language),
            "comments": whole(each.comments, language),
            "mood": mood_word(each.net_sentiment),
            "mood_text": signed(each.net_sentiment),
        }
        for each in board.places
    ]


def signed(net: float | None) -> str:
    """Return net sentiment as whole per cents with its sign; a dash where nothing was scored."""
    if net is None:
        return "–"
    points = round(100 * net)
    return f"{points:+d}" if points else "0"


def mood_word(net: float | None) -> str:
    """Return whether comments are rather positive or negative, for a colour."""
    if net is None:
        return ""
    return "positive" if net > 0.1 else "negative" if net < -0.1 else "neutral"


def mood(windows: dict[WindowName, WindowStats], texts: dict[str, str], language: str) -> dict[str, str] | None:
    """Return the mood of the last hour as a bar and a sentence; None without comments."""
    sentiment = windows.get("1h", WindowStats()).sentiment
    if sentiment is None:
        return None
    shares = (sentiment.positive_share, sentiment.neutral_share, sentiment.negative_share)
    parts = [
        f"{percent(share, language)} {texts[name]}"
        for share, name in zip(shares, ("positive", "neutral", "negative"), strict=True)
    ]
    of = texts["mood_of"].format(count=whole(sentiment.sample_size, language))
    return {
        "positive_width": f"{100 * shares[0]:.1f}",
        "neutral_x": f"{100 * shares[0]:.1f}",
        "neutral_width": f"{100 * shares[1]:.1f}",
        "negative_x": f"{100 * (shares[0] + shares[1]):.1f}",
        "negative_width": f"{100 * shares[2]:.1f}",
        "text": f"{of}: {', '.join(parts)}",
    }


def words(answer: WordsAnswer, language: str) -> dict[str, list[dict[str, str]]]:
    """Return the words behind the mood, each with how many people said it."""
    return {
        name: [{"word": each.word, "people": whole(each.people, language)} for each in counts]
        for name, counts in (("positive", answer.positive), ("negative", answer.negative))
    }


def alerts(answer: AlertsAnswer) -> list[dict[str, str]]:
    """Return the open alerts as sentences."""
    return [
        {
            "severity": each.severity,
            "explanation": each.explanation,
            "iso": iso(each.opened_at_ms),
            "clock": clock(each.opened_at_ms),
        }
        for each in answer.alerts
    ]


def minutes(answer: MinutesAnswer, language: str) -> list[dict[str, str]]:
    """Return the rows of the table of minutes, the newest first."""
    return [
        {
            "iso": iso(each.start_ms),
            "clock": clock(each.start_ms)[:5],
            "engagements": whole(each.engagements, language),
            "comments": whole(each.comments, language),
            "entries": whole(each.entries, language),
            "orders": whole(each.purchases, language),
        }
        for each in reversed(answer.minutes)
    ]


def moments(answer: MinutesAnswer) -> list[dict[str, str]]:
    """Return what happened in these minutes."""
    return [
        {"iso": iso(each.at_ms), "clock": clock(each.at_ms)[:5], "kind": each.kind, "label": each.label}
        for each in answer.moments
    ]
