"""The words of a report in English and German, in one table; and how each language writes numbers and moments."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal

from models.alerts import RuleName
from models.currencies import decimals_of

Language = Literal["en", "de"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "de")
_PLACE: Final = {"en": 0, "de": 1}

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("Campaign report", "Kampagnenbericht"),
    "lead": (
        "{start} to {end}, as of {as_of}. All times are UTC.",
        "{start} bis {end}, Stand {as_of}. Alle Zeiten sind UTC.",
    ),
    "short": ("In short", "Auf einen Blick"),
    "reach": ("Reach", "Reichweite"),
    "views": ("Views", "Aufrufe"),
    "engagements": ("Engagements", "Interaktionen"),
    "comments": ("Comments", "Kommentare"),
    "people": ("People who commented, about", "Kommentierende Personen, etwa"),
    "clicks": ("Clicks", "Klicks"),
    "orders": ("Orders", "Bestellungen"),
    "revenue": ("Revenue", "Umsatz"),
    "refunded": ("Refunded", "Erstattet"),
    "net": ("Revenue less refunds", "Umsatz nach Erstattungen"),
    "fees": ("Fees", "Honorare"),
    "return": ("Return on fees", "Ertrag je Honorar"),
    "cost_by_engagement": ("Cost per engagement", "Kosten je Interaktion"),
    "cost_by_order": ("Cost per order", "Kosten je Bestellung"),
    "emv": ("Earned media value", "Earned Media Value"),
    "emv_note": (
        "by the definition's rate card of {date}: an estimate, no money",
        "nach der Preisliste der Definition vom {date}: eine Schätzung, kein Geld",
    ),
    "course": ("How it went", "Verlauf"),
    "course_text": (
        "Comments, giveaway entries and orders in steps of {step}. Numbers mark the alerts listed below.",
        "Kommentare, Teilnahmen und Bestellungen in Schritten von {step}. Ziffern stehen für die Alarme unten.",
    ),
    "mood": ("Mood", "Stimmung"),
    "mood_text": (
        "Share of positive and of negative comments in steps of {step}, where at least {least} could be judged.",
        "Anteil positiver und negativer Kommentare in Schritten von {step}, wo mindestens {least} beurteilbar waren.",
    ),
    "mood_sparse": (
        "Too few comments could be judged to draw shares over time.",
        "Es waren zu wenige Kommentare beurteilbar, um Anteile über die Zeit zu zeichnen.",
    ),
    "mood_total": (
        "{positive} of {samples} judged comments were positive, {negative} negative.",
        "Von {samples} beurteilten Kommentaren waren {positive} positiv und {negative} negativ.",
    ),
    "positive": ("positive", "positiv"),
    "negative": ("negative", "negativ"),
    "entries": ("entries", "Teilnahmen"),
    "no_data": ("Nothing was counted here.", "Hier wurde nichts gezählt."),
    "creators": ("Creators", "Creator"),
    "creator": ("Creator", "Creator"),
    "platform": ("Platform", "Plattform"),
    "tier": ("Tier", "Klasse"),
    "followers": ("Followers", "Follower"),
    "posts": ("Posts", "Beiträge"),
    "rate_followers": ("Engagements / followers", "Interaktionen / Follower"),
    "rate_post": ("per post", "je Beitrag"),
    "usual": ("usual", "üblich"),
    "rate_reach": ("/ reach", "/ Reichweite"),
    "rate_views": ("/ views", "/ Aufrufe"),
    "voice": ("Share of voice", "Anteil am Gespräch"),
    "net_sentiment": ("Net mood", "Netto-Stimmung"),
    "above": ("above the usual", "über dem Üblichen"),
    "within": ("usual", "üblich"),
    "below": ("below the usual", "unter dem Üblichen"),
    "money": ("What it cost and brought", "Kosten und Ertrag"),
    "money_by_creator": ("Money by creator", "Geld nach Creator"),
    "currency": ("Currency", "Währung"),
    "no_fees": (
        "The definition names no fees, so there are no costs and no return.",
        "Die Definition nennt keine Honorare, daher gibt es keine Kosten und keinen Ertrag.",
    ),
    "best": ("Best posts", "Beste Beiträge"),
    "post": ("Post", "Beitrag"),
    "likes": ("Likes", "Likes"),
    "shares": ("Shares", "Geteilt"),
    "saves": ("Saves", "Gespeichert"),
    "alerts": ("Alerts, and what became of them", "Alarme und was daraus wurde"),
    "no_alerts": ("No alert was raised.", "Es gab keinen Alarm."),
    "when": ("From, until", "Von, bis"),
    "what": ("What", "Was"),
    "whose": ("Whose", "Bei wem"),
    "whole": ("whole campaign", "ganze Kampagne"),
    "outcome": ("Outcome", "Ausgang"),
    "open": ("still open", "noch offen"),
    "recovered": ("over by itself", "von selbst vorbei"),
    "expired": ("ended after its longest time", "nach der längsten Dauer beendet"),
    "disabled": ("rule switched off", "Regel abgeschaltet"),
    "removed": ("creator left the definition", "nicht mehr in der Definition"),
    "giveaway": ("Giveaway", "Gewinnspiel"),
    "valid": ("Valid entries", "Gültige Teilnahmen"),
    "all_entries": ("Comments on giveaway posts", "Kommentare unter Gewinnspiel-Beiträgen"),
    "entrants": ("People with a chance", "Personen mit Gewinnchance"),
    "duplicates": ("Again by the same person", "Erneut von derselben Person"),
    "withdrawn": ("Taken back", "Zurückgezogen"),
    "invalid": ("Against a rule: {reason}", "Gegen eine Regel: {reason}"),
    "draw": ("The draw", "Die Ziehung"),
    "commitment": ("Entry list fixed before, SHA-256", "Teilnehmerliste vorab festgelegt, SHA-256"),
    "drawn": ("Drawn", "Gezogen"),
    "winners": ("Winners", "Gewinnende"),
    "random": ("Random value", "Zufallswert"),
    "against": ("Against {name}", "Im Vergleich zu {name}"),
    "earlier": ("Earlier", "Früher"),
    "this": ("This campaign", "Diese Kampagne"),
    "change": ("Change", "Änderung"),
    "points": ("{points} points", "{points} Punkte"),
    "alert_numbers": ("seen {observed}, usually {expected}", "gesehen {observed}, üblich {expected}"),
    "quality": ("How good the data is", "Wie gut die Daten sind"),
    "lines": ("Lines read", "Gelesene Zeilen"),
    "counted": ("Events counted", "Gezählte Ereignisse"),
    "seen_before": ("Seen before, not counted again", "Schon bekannt, nicht nochmals gezählt"),
    "refused": ("Refused: {reason}", "Abgelehnt: {reason}"),
    "unread": ("Comments in languages that are not read", "Kommentare in nicht gelesenen Sprachen"),
    "unattributed": ("Orders that belong to no creator", "Bestellungen ohne Creator"),
    "strangers": ("Influencers who are in no definition", "Influencer, die keine Definition nennt"),
    "corrections": ("Taken back by platforms", "Von Plattformen zurückgenommen"),
    "number": ("No.", "Nr."),
    "definitions": ("What the numbers mean", "Was die Zahlen bedeuten"),
    "define_engagements": (
        "Engagements are likes, comments, shares and saves, less those taken back.",
        "Interaktionen sind Likes, Kommentare, Geteiltes und Gespeichertes, ohne Zurückgenommenes.",
    ),
    "define_reach": (
        "Reach is summed over posts as platforms report it: one person may be in it several times.",
        "Die Reichweite ist über Beiträge summiert, wie Plattformen sie melden: Eine Person kann mehrfach darin sein.",
    ),
    "define_people": (
        "People who commented are estimated, within 4 % as a rule.",
        "Die Zahl der kommentierenden Personen ist geschätzt, in der Regel auf 4 % genau.",
    ),
    "define_orders": (
        "An order counts once, in its newest version, for whom its code, link or click names. Currencies stay apart.",
        "Eine Bestellung zählt einmal, für wen Code, Link oder Klick sprechen. Währungen bleiben getrennt.",
    ),
    "define_mood": (
        "Net mood is the share of positive less that of negative comments; languages that are not read take no part.",
        "Netto-Stimmung: Anteil positiver weniger Anteil negativer Kommentare, soweit die Sprache gelesen wird.",
    ),
    "define_usual": (
        "Usual rates are per post and by followers, from {source}; other vendors differ by up to a factor of two.",
        "Übliche Raten gelten je Beitrag und Follower, aus {source}; andere Anbieter weichen bis zum Zweifachen ab.",
    ),
    "csv": ("as CSV", "als CSV"),
    "minutes": ("{count} minutes", "{count} Minuten"),
    "minute": ("one minute", "einer Minute"),
    "hours": ("{count} hours", "{count} Stunden"),
    "hour": ("one hour", "einer Stunde"),
    "days": ("{count} days", "{count} Tagen"),
    "day": ("one day", "einem Tag"),
}
RULES: Final[Mapping[RuleName, tuple[str, str]]] = {
    "engagement_spike": ("Engagements jumped", "Interaktionen sprangen"),
    "engagement_drop": ("Engagements collapsed", "Interaktionen brachen ein"),
    "negative_wave": ("A wave of complaints", "Eine Welle von Beschwerden"),
    "conversion_drop": ("Clicks no longer became orders", "Klicks wurden nicht mehr zu Bestellungen"),
    "code_leak": ("A code was used without clicks", "Ein Code wurde ohne Klicks benutzt"),
    "feed_silent": ("The feed went silent", "Der Datenstrom verstummte"),
    "entries_spike": ("Entries jumped", "Teilnahmen sprangen"),
}


class Words:
    """The words of one language.

    Args:
        language: which.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._place = _PLACE[language]

    def __call__(self, key: str, **values: str) -> str:
        """Return a text with its values."""
        return TEXTS[key][self._place].format(**values)

    def rule(self, rule: str) -> str:
        """Return what an alert's rule is called."""
        return RULES[rule][self._place]  # type: ignore[index]  # the rules of alerts are these

    def count(self, value: float | Decimal | None, decimals: int = 0) -> str:
        """Return a number with groups of three digits; a dash where there is none."""
        if value is None:
            return "–"
        text = f"{value:,.{decimals}f}"
        return text if self.language == "en" else text.translate(_GERMAN)

    def share(self, value: float | None, decimals: int = 1) -> str:
        """Return a share in percent."""
        if value is None:
            return "–"
        return f"{self.count(value * 100, decimals)}\u00a0%"

    def points(self, change: float | None) -> str:
        """Return by how much a share has changed, in percentage points."""
        if change is None:
            return "–"
        return self("points", points=self.count(change * 100, 1))

    def money(self, amount: str | None, currency: str) -> str:
        """Return an amount with its currency."""
        if amount is None:
            return "–"
        value = Decimal(amount)
        decimals = decimals_of(currency)
        if value and abs(value) < 1:
            decimals = 4  # what an engagement costs
        return f"{self.count(value, decimals)}\u00a0{currency}"

    def price(self, amount: str | None, currency: str) -> str:
        """Return what one of something costs, with its currency: more decimals than coins have, where it is little."""
        if amount is None:
            return "–"
        value = Decimal(amount)
        decimals = decimals_of(currency)
        if value and abs(value) < 100:
            decimals = 4 if abs(value) < 1 else max(decimals, 2)
        return f"{self.count(value, decimals)}\u00a0{currency}"

    def moment(self, at_ms: int | None) -> str:
        """Return a moment, in UTC."""
        if at_ms is None:
            return "–"
        shape = "%Y-%m-%d %H:%M" if self.language == "en" else "%d.%m.%Y %H:%M"
        return datetime.fromtimestamp(at_ms / 1000, UTC).strftime(shape)

    def span(self, minutes: int) -> str:
        """Return a length of time that is whole minutes, hours or days."""
        for one, many, length in (("day", "days", 1_440), ("hour", "hours", 60), ("minute", "minutes", 1)):
            if minutes % length == 0:
                count = minutes // length
                return self(one) if count == 1 else self(many, count=str(count))
        raise ValueError(f"{minutes} minutes are no whole minutes")


_GERMAN: Final = str.maketrans(",.", ".,")
