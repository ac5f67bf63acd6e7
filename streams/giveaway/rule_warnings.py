"""What of a definition is allowed and often a mistake: told by ``campaigns check`` and ``campaigns apply``."""

from datetime import timedelta
from typing import Final

from models.campaigns import CampaignDefinition
from models.giveaway import GiveawayRules
from models.times import epoch_ms
from streams.ledger.accounts import account_of
from streams.ledger.comment_texts import mentions_of
from streams.ledger.platform_rules import rules_of

_LAST_MINUTE: Final = 59


def warnings_of(definition: CampaignDefinition) -> list[str]:
    """Return warnings, each beginning with the field it is about."""
    found = []
    for number, influencer in enumerate(definition.influencers):
        rules = rules_of(influencer.platform)
        name = influencer.handle.lstrip("@")
        if rules.platform and mentions_of(f"@{name}", rules) != (rules.key(name),):
            found.append(
                f"influencers[{number}].handle: {influencer.handle!r} is no handle of {rules.platform}: "
                "tags of this influencer will not be recognised"
            )
    if definition.giveaway is not None:
        found += _times(definition, definition.giveaway) + _people(definition.giveaway)
    return found


def _times(definition: CampaignDefinition, rules: GiveawayRules) -> list[str]:
    found = []
    closes = rules.closes_at
    if closes.minute == _LAST_MINUTE:
        last = closes.replace(second=_LAST_MINUTE, microsecond=0)
        whole = (last + timedelta(seconds=1)).isoformat()
        if closes < last.replace(microsecond=999_000):
            found.append(
                f"giveaway.closes_at: the end is excluded, so that entries from {closes:%H:%M:%S} to {last:%H:%M:%S} "
                f"are too late; who announced 'until {closes:%H:%M}' writes {whole}"
            )
    if rules.closes_ms > epoch_ms(definition.ends_at):
        found.append(
            f"giveaway.closes_at: {closes.isoformat()} is after the campaign's end, {definition.ends_at.isoformat()}"
        )
    if rules.opens_ms < epoch_ms(definition.starts_at):
        found.append(
            f"giveaway.opens_at: {rules.opens_at.isoformat()} is before the campaign's start, "
            f"{definition.starts_at.isoformat()}"
        )
    return found


def _people(rules: GiveawayRules) -> list[str]:
    found = []
    if rules.replies_count is None:
        found.append(
            "giveaway.replies_count: not said, so replies to comments count as entries; "
            "write replies_count: true or false"
        )
    excluded = {_name(text) for text in rules.excluded}
    found += [
        f"giveaway.excluded: {text} must be tagged, but is not excluded and could win"
        for text in rules.mentions
        if _name(text) not in excluded
    ]
    if not excluded:
        friend = " and counts as a friend when tagged" if rules.friends else ""
        found.append(f"giveaway.excluded: names nobody: the brand's own account may win{friend}; so may the staff")
    return found


def _name(text: str) -> str:
    try:
        return account_of(text).key
    except ValueError:
        return text
