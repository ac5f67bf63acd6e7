"""Every text of the pages, in each language. Names in braces are filled in by the template or the module."""

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("en", "de")
TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "language": {"en": "English", "de": "Deutsch"},
    "skip": {"en": "Skip to the numbers", "de": "Zu den Zahlen springen"},
    "phase_upcoming": {"en": "Upcoming", "de": "Beginnt bald"},
    "phase_live": {"en": "Live", "de": "Live"},
    "phase_closed": {"en": "Closed", "de": "Beendet"},
    "phase_drawn": {"en": "Drawn", "de": "Ausgelost"},
    "opens_in": {"en": "Opens in", "de": "Beginnt in"},
    "closes_in": {"en": "Closes in", "de": "Endet in"},
    "closed_at": {"en": "Closed on", "de": "Beendet am"},
    "as_of": {"en": "Up to date as of {time}", "de": "Auf dem Stand von {time}"},
    "behind": {
        "en": "Counting: {count} events still wait",
        "de": "Wird gezählt: {count} Ereignisse warten noch",
    },
    "stopped_since": {
        "en": "Stopped: no new numbers since {time}. What you see is from then.",
        "de": "Angehalten: seit {time} keine neuen Zahlen. Alles hier ist von da.",
    },
    "stopped": {
        "en": "Stopped: nobody is counting right now. What you see may be old.",
        "de": "Angehalten: gerade wird nicht gezählt. Die Zahlen können alt sein.",
    },
    "unknown": {
        "en": "The numbers cannot be read right now. What you see may be old.",
        "de": "Die Zahlen sind gerade nicht lesbar. Was hier steht, kann alt sein.",
    },
    "lost": {
        "en": "No connection since {time}. Trying again.",
        "de": "Keine Verbindung seit {time}. Neuer Versuch läuft.",
    },
    "numbers": {"en": "The numbers", "de": "Die Zahlen"},
    "entries": {"en": "Entries", "de": "Teilnahmen"},
    "people": {"en": "People", "de": "Personen"},
    "comments": {"en": "Comments", "de": "Kommentare"},
    "engagements": {"en": "Engagements", "de": "Interaktionen"},
    "orders": {"en": "Orders", "de": "Bestellungen"},
    "revenue": {"en": "Revenue", "de": "Umsatz"},
    "minute_by_minute": {
        "en": "The last half hour, minute by minute",
        "de": "Die letzte halbe Stunde, Minute für Minute",
    },
    "usual": {"en": "usual for engagements", "de": "üblich für Interaktionen"},
    "no_minutes": {"en": "No minute is complete yet.", "de": "Noch ist keine Minute vollständig."},
    "as_table": {"en": "As a table", "de": "Als Tabelle"},
    "minute": {"en": "Minute", "de": "Minute"},
    "moment_starts": {"en": "Campaign begins", "de": "Kampagne beginnt"},
    "moment_ends": {"en": "Campaign ends", "de": "Kampagne endet"},
    "moment_opens": {"en": "Giveaway opens", "de": "Gewinnspiel beginnt"},
    "moment_closes": {"en": "Giveaway closes", "de": "Gewinnspiel endet"},
    "moment_planned": {"en": "Planned", "de": "Geplant"},
    "rule_engagement_spike": {"en": "Engagements jump", "de": "Interaktionen springen hoch"},
    "rule_engagement_drop": {"en": "Engagements fall away", "de": "Interaktionen brechen ein"},
    "rule_negative_wave": {"en": "A wave of complaints", "de": "Eine Welle von Beschwerden"},
    "rule_conversion_drop": {"en": "Orders fall away", "de": "Bestellungen brechen ein"},
    "rule_code_leak": {"en": "A code has leaked", "de": "Ein Code ist durchgesickert"},
    "rule_feed_silent": {"en": "A feed is silent", "de": "Eine Quelle schweigt"},
    "rule_entries_spike": {"en": "Entries jump", "de": "Teilnahmen springen hoch"},
    "moment_alert": {"en": "Alert", "de": "Hinweis"},
    "leaderboard": {"en": "Leaderboard", "de": "Rangliste"},
    "rank": {"en": "Place", "de": "Platz"},
    "creator": {"en": "Creator", "de": "Creator"},
    "up": {"en": "up {count}", "de": "{count} höher"},
    "down": {"en": "down {count}", "de": "{count} tiefer"},
    "mood": {"en": "Mood", "de": "Stimmung"},
    "mood_of": {
        "en": "Of {count} comments in the last hour",
        "de": "Von {count} Kommentaren der letzten Stunde",
    },
    "no_mood": {"en": "No comment has been read in the last hour.", "de": "In der letzten Stunde kam kein Kommentar."},
    "words": {"en": "Words behind it, and how many people said them", "de": "Wörter dahinter, und von wie vielen"},
    "words_positive": {"en": "Praise", "de": "Lob"},
    "words_negative": {"en": "Blame", "de": "Tadel"},
    "positive": {"en": "positive", "de": "positiv"},
    "neutral": {"en": "neutral", "de": "neutral"},
    "negative": {"en": "negative", "de": "negativ"},
    "alerts": {"en": "Open alerts", "de": "Offene Hinweise"},
    "no_alerts": {"en": "Nothing unusual.", "de": "Nichts Ungewöhnliches."},
    "since": {"en": "since {time}", "de": "seit {time}"},
    "urgent": {"en": "Urgent", "de": "Dringend"},
    "draw": {"en": "The draw", "de": "Die Auslosung"},
    "draw_link": {"en": "The draw and its proof", "de": "Die Auslosung und ihr Beweis"},
    "own_page": {"en": "Your numbers", "de": "Deine Zahlen"},
    "languages": {"en": "Language", "de": "Sprache"},
    "renews": {
        "en": "Without JavaScript this page renews itself every 10 seconds.",
        "de": "Ohne JavaScript lädt sich diese Seite alle 10 Sekunden neu.",
    },
    "days": {"en": "{count} d", "de": "{count} T"},
    "hours": {"en": "{count} h", "de": "{count} Std"},
    "minutes": {"en": "{count} min", "de": "{count} Min"},
    "seconds": {"en": "{count} s", "de": "{count} Sek"},
    "goal_of": {"en": "of {count}", "de": "von {count}"},
    "first_order": {"en": "The first order!", "de": "Die erste Bestellung!"},
    "nth_entry": {"en": "{count} entries!", "de": "{count} Teilnahmen!"},
    "no_entry": {"en": "This page is not open to you", "de": "Diese Seite ist für dich nicht offen"},
    "wrong_address": {"en": "Something in this address is wrong", "de": "In dieser Adresse stimmt etwas nicht"},
    "away_now": {"en": "Not to be had right now", "de": "Gerade nicht zu haben"},
    "page_renews": {
        "en": "This page tries again by itself every few seconds.",
        "de": "Diese Seite versucht es von selbst alle paar Sekunden wieder.",
    },
    "refused_unknown_campaign": {
        "en": "There is no campaign here that this link shows.",
        "de": "Hier ist keine Kampagne, die dieser Link zeigt.",
    },
    "refused_unknown_influencer": {
        "en": "There is nobody here whom this link shows.",
        "de": "Hier ist niemand, den dieser Link zeigt.",
    },
    "refused_unknown_draw": {
        "en": "No draw of this name is published.",
        "de": "Unter diesem Namen ist keine Auslosung veröffentlicht.",
    },
    "refused_unknown_key": {
        "en": "The link has no key, or none that is known.",
        "de": "Der Link hat keinen Schlüssel, oder keinen, der bekannt ist.",
    },
    "refused_expired_key": {"en": "This link has ended.", "de": "Dieser Link ist abgelaufen."},
    "refused_scope": {
        "en": "This link shows single creators of the campaign, not the whole of it.",
        "de": "Dieser Link zeigt einzelne Creator der Kampagne, nicht die ganze.",
    },
    "refused_away": {
        "en": "The numbers cannot be read right now.",
        "de": "Die Zahlen sind gerade nicht lesbar.",
    },
    "refused_no_read_model": {
        "en": "This gateway reads no numbers (PULSE_REDIS_URL is empty).",
        "de": "Dieses Gateway liest keine Zahlen (PULSE_REDIS_URL ist leer).",
    },
    "ask_for_link": {
        "en": "Ask whoever gave you the link for a new one.",
        "de": "Frag nach einem neuen Link, wo du diesen bekommen hast.",
    },
    "draw_title": {"en": "Draw: {name}", "de": "Auslosung: {name}"},
    "draw_done": {"en": "Drawn on {time}", "de": "Ausgelost am {time}"},
    "draw_waits": {
        "en": "The list is frozen; the draw is still to come.",
        "de": "Die Liste steht fest; ausgelost wird noch.",
    },
    "entrants_listed": {"en": "Entrants in the list", "de": "Personen in der Liste"},
    "lots": {"en": "Lots", "de": "Lose"},
    "left_out_listed": {"en": "Held back or left out", "de": "Zurückgestellt oder ausgelassen"},
    "places": {"en": "Winners wanted", "de": "Zu vergebende Plätze"},
    "commitment": {"en": "Commitment, made before", "de": "Festlegung, vorher gemacht"},
    "commitment_what": {
        "en": "The SHA-256 of the frozen record. Nobody can change the list afterwards without changing it.",
        "de": "Der SHA-256 der eingefrorenen Liste. Niemand kann sie danach ändern, ohne dass er ein anderer wird.",
    },
    "random_value": {"en": "Random value", "de": "Zufallswert"},
    "random_source": {"en": "Announced source", "de": "Angekündigte Quelle"},
    "winners": {"en": "Winners", "de": "Gewinner"},
    "winners_what": {
        "en": "Pseudonyms; names stand where winners agreed to be named.",
        "de": "Pseudonyme; Namen stehen, wo Gewinner der Nennung zugestimmt haben.",
    },
    "substitutes": {"en": "Substitutes", "de": "Ersatz"},
    "replaced": {"en": "Excluded or replaced", "de": "Ausgeschlossen oder ersetzt"},
    "rules": {"en": "The rules", "de": "Die Regeln"},
    "steps": {"en": "Every step, numbered", "de": "Jeder Schritt, nummeriert"},
    "files": {"en": "The published files", "de": "Die veröffentlichten Dateien"},
    "verify": {"en": "Check it in this browser", "de": "In diesem Browser prüfen"},
    "verify_what": {
        "en": "Your browser fetches the published files, and computes hashes and winners itself.",
        "de": "Dein Browser holt die veröffentlichten Dateien und rechnet Prüfsummen und Gewinner selbst nach.",
    },
    "verify_needs_script": {
        "en": "This needs JavaScript. docs/giveaway.md has the same check for a shell.",
        "de": "Dafür braucht es JavaScript. docs/giveaway.md hat dieselbe Prüfung für die Kommandozeile.",
    },
    "verifying": {"en": "Checking…", "de": "Wird geprüft…"},
    "verified": {"en": "Right: {count} checks passed.", "de": "Stimmt: {count} Prüfungen bestanden."},
    "not_verified": {"en": "This is not as published:", "de": "Das ist nicht wie veröffentlicht:"},
    "not_drawn_yet": {
        "en": "The list is as committed. It is not drawn yet.",
        "de": "Die Liste ist wie festgelegt. Ausgelost ist noch nicht.",
    },
    "check_origin": {
        "en": "Not checked here: that the random value is that of the announced round (`giveaway verify` does).",
        "de": "Hier nicht geprüft: dass der Zufallswert der der angekündigten Runde ist (das tut `giveaway verify`).",
    },
    "am_i_in": {"en": "Am I in the list?", "de": "Bin ich in der Liste?"},
    "handle": {"en": "Your handle", "de": "Dein Handle"},
    "ask": {"en": "Look", "de": "Nachsehen"},
    "you_are_in": {
        "en": "{handle} is in the list, as {entrant}, with {count} lots.",
        "de": "{handle} steht in der Liste, als {entrant}, mit {count} Losen.",
    },
    "you_are_left_out": {
        "en": "{handle} took part and was held back, as {entrant}. Ask the organiser.",
        "de": "{handle} hat teilgenommen, wurde aber zurückgestellt, als {entrant}. Frag den Veranstalter.",
    },
    "you_are_not": {"en": "{handle} is not in the list.", "de": "{handle} steht nicht in der Liste."},
    "cannot_ask": {
        "en": "Handles cannot be looked up for this draw. Ask the organiser for your receipt.",
        "de": "Für diese Auslosung lassen sich Handles nicht nachsehen. Frag beim Veranstalter nach deinem Beleg.",
    },
    "ask_later": {
        "en": "Too many ask right now. Try again in a moment.",
        "de": "Gerade fragen zu viele. Versuch es gleich noch einmal.",
    },
}


def texts_of(language: str, table: Mapping[str, Mapping[str, str]] = TEXTS) -> dict[str, str]:
    """Return all texts of a table in a language."""
    return {name: each[language] for name, each in table.items()}


def language_of(asked: str, accepted: str) -> str:
    """Return a language: the one that is asked for, else the first that a browser accepts and we have, else English.

    Args:
        asked: of the address; may be anything, a locale too (``de-AT``).
        accepted: the header ``Accept-Language``; its order is taken, its weights are not.
    """
    for each in (asked[:20], *accepted[:200].split(",")):
        name = each.partition(";")[0].strip().replace("_", "-").partition("-")[0].lower()
        if name in LANGUAGES:
            return name
    return LANGUAGES[0]
