"""The rules of a giveaway in words: for people who announce them, and compare."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from models.campaigns import CampaignDefinition
from models.giveaway import GiveawayRules
from models.times import SECOND_MS, epoch_ms
from streams.giveaway.rules import RuleBook

_EACH: Final = {
    "per_friend": "one chance for each new friend",
    "per_day": "one chance a day",
    "per_comment": "one chance for each comment",
}


def explained(book: RuleBook) -> list[str]:
    """Return the rules of a giveaway, a sentence each."""
    rules = book.rules
    zone = f" ({rules.time_zone})" if rules.time_zone else ""
    lines = [
        f"open from {rules.opens_at.isoformat()} to {rules.closes_at.isoformat()}{zone}, the end excluded",
        f"comments on {', '.join(rules.posts)}" if rules.posts else "comments on every post of the campaign",
        "replies count like comments" if rules.takes_replies else "replies do not count",
    ]
    return lines + _words(rules) + _chances(rules) + _who_is_out(book.definition, rules)


def _words(rules: GiveawayRules) -> list[str]:
    lines = []
    if rules.hashtags:
        lines.append("every hashtag of: " + " ".join("#" + each.lstrip("#＃") for each in rules.hashtags))
    if rules.keywords:
        lines.append("one of these words: " + ", ".join(rules.keywords))
    if rules.answers:
        lines.append("the comment is one of these answers: " + ", ".join(rules.answers))
    if rules.forbidden_words:
        lines.append("none of these words: " + ", ".join(rules.forbidden_words))
    if rules.min_words:
        lines.append(f"at least {rules.min_words} words, mentions and hashtags not counted")
    if rules.hashtags or rules.keywords or rules.answers or rules.forbidden_words:
        lines.append("accents do not matter" if rules.ignore_accents else "accents matter (ignore_accents: true)")
    if rules.mentions:
        lines.append("every account of these tagged: " + ", ".join(rules.mentions))
    if rules.friends:
        lines.append(
            f"at least {rules.friends} distinct friends tagged; oneself, influencers, excluded accounts and those that "
            "must be tagged do not count"
        )
    return lines


def _chances(rules: GiveawayRules) -> list[str]:
    if rules.chances == "per_person":
        lines = ["one chance a person; further comments are duplicates"]
    else:
        of_zone = f" (days of {rules.time_zone})" if rules.chances == "per_day" else ""
        lines = [f"{_EACH[rules.chances]}{of_zone}, at most {rules.chance_limit} a person"]
    if rules.bonus is not None:
        lines.append(f"{rules.bonus.chances} more for each order with a discount code, at most {rules.bonus.most}")
    wins = "how many win is said at the draw" if rules.winners is None else f"{rules.winners} win"
    lines.append(wins)
    return lines


def _who_is_out(definition: CampaignDefinition, rules: GiveawayRules) -> list[str]:
    lines = [
        f"excluded: the {len(definition.influencers)} influencers and {len(rules.excluded)} accounts, "
        "whatever they are called later"
    ]
    if recent := len(rules.recent_winners()):
        lines.append(f"excluded: {recent} who won within {rules.winners_excluded_months} months before the opening")
    if rules.countries:
        lines.append(f"countries: {', '.join(rules.countries)}; where it is unknown: {rules.unknown_country}")
    policy = rules.suspicion
    actions = [f"flagged from {policy.flag:g}"]
    actions += [f"held from {policy.hold:g}"] if policy.hold is not None else []
    actions += [f"excluded from {policy.exclude:g}"] if policy.exclude is not None else []
    return [*lines, "suspicion score: " + ", ".join(actions)]


def dates_of(definition: CampaignDefinition) -> list[tuple[str, str]]:
    """Return the moments of a definition, with their field: as they are written, in UTC, and in the giveaway's zone."""
    rules = definition.giveaway
    moments = [("starts_at", definition.starts_at, epoch_ms(definition.starts_at))]
    moments.append(("ends_at", definition.ends_at, epoch_ms(definition.ends_at)))
    zone = None
    if rules is not None:
        moments.append(("giveaway.opens_at", rules.opens_at, rules.opens_ms))
        moments.append(("giveaway.closes_at", rules.closes_at, rules.closes_ms))
        zone = ZoneInfo(rules.time_zone) if rules.time_zone else None
    if definition.personal_data_until is not None:
        until = definition.personal_data_until
        moments.append(("personal_data_until", until, epoch_ms(until)))
    lines = []
    for field, written, at_ms in moments:
        moment = datetime.fromtimestamp(at_ms / SECOND_MS, UTC)
        shown = [f"{moment:%Y-%m-%d %H:%M:%S} UTC"]
        shown += [f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z}"] if zone else []
        lines.append((field, f"{written.isoformat()} = {' = '.join(shown)}"))
    return lines
