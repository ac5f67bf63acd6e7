"""Rules that no comment can keep, or that every comment keeps, and names that mean nobody: refused before they count.

Every hashtag, keyword, answer and forbidden word is looked for in itself, where it must be found, and in an empty
comment, where it must not; accounts, countries and posts are checked by their form; and at last one comment is made
that keeps all the rules. ``campaigns apply`` refuses a definition with any fault. Definitions that are in force already
are taken as they are.
"""

from collections.abc import Callable, Iterator
from typing import Final

from models.campaigns import CampaignDefinition
from models.countries import COUNTRIES, USUAL_MISTAKES
from models.giveaway import EntryReason, GiveawayRules
from streams.comparison import code_key, platform_key
from streams.giveaway.rules import EntryAttempt, RuleBook
from streams.ledger.accounts import account_of
from streams.ledger.comment_texts import (
    CommentText,
    answer_of,
    hashtags_of,
    mentions_of,
    phrase_of,
    read_text,
    readable,
    word_key,
)
from streams.ledger.platform_rules import PLATFORMS, PlatformRules, rules_of

Fault = tuple[str, str]
"""The path of a field, and what is wrong with its value."""

_FIELD_OF: Final[dict[EntryReason, str]] = {
    "missing_hashtag": "hashtags",
    "missing_keyword": "keywords",
    "wrong_answer": "answers",
    "forbidden_word": "forbidden_words",
    "too_few_words": "min_words",
    "missing_mention": "mentions",
    "too_few_friends": "friends",
}
_MOST_TRIED: Final = 500
"""Comments that are tried to keep all rules at once."""


def faults_of(definition: CampaignDefinition) -> Iterator[Fault]:
    """Return what is wrong with a definition, in the order of its fields."""
    yield from _codes(definition)
    rules = definition.giveaway
    if rules is None:
        return
    platforms = platforms_of(definition)
    for place, post in enumerate(rules.posts):
        if "/" in post or post.lower().startswith("www."):
            yield (
                f"giveaway.posts[{place}]",
                "is an address: write the post_id that events carry (the platform's own id of the post)",
            )
    yield from _words(rules, platforms)
    yield from _accounts(rules, platforms)
    for place, country in enumerate(rules.countries):
        if country not in COUNTRIES:
            better = f"; write {USUAL_MISTAKES[country]}" if country in USUAL_MISTAKES else ""
            yield f"giveaway.countries[{place}]", f"is not in ISO 3166-1{better}"
    yield from _together(definition, platforms)


def platforms_of(definition: CampaignDefinition) -> list[PlatformRules]:
    """Return the rules of the platforms on which the campaign's influencers are."""
    found = {rules.platform: rules for each in definition.influencers if (rules := rules_of(each.platform))}
    return list(found.values()) or [rules_of("")]


def _codes(definition: CampaignDefinition) -> Iterator[Fault]:
    owner: dict[str, str] = {}
    for number, influencer in enumerate(definition.influencers):
        for place, code in enumerate(influencer.discount_codes):
            key, field = code_key(code), f"influencers[{number}].discount_codes[{place}]"
            if not key:
                yield field, "has nothing that can be seen"
            elif key in owner:
                yield field, f"compares equal to another code, of {owner[key]!r}: {code_key(code)}"
            owner[key] = influencer.influencer_id


def _words(rules: GiveawayRules, platforms: list[PlatformRules]) -> Iterator[Fault]:
    bare = rules.ignore_accents
    for on in platforms:
        where = f" on {on.platform}" if on.platform else ""
        for place, hashtag in enumerate(rules.hashtags):
            comment = "#" + hashtag.lstrip("#＃")
            found = hashtags_of(readable(comment), on, bare=bare)
            if word_key(hashtag, bare=bare).lstrip("#") not in found:
                seen_as = " ".join(f"#{each}" for each in sorted(found)) or "no hashtag"
                yield f"giveaway.hashtags[{place}]", f"can be in no comment{where}: {comment!r} is read as {seen_as}"
        for name, wanted in (("keywords", rules.keywords), ("forbidden_words", rules.forbidden_words)):
            for place, text in enumerate(wanted):
                phrase = phrase_of(text, bare=bare)
                yield from _tried(f"giveaway.{name}[{place}]", text, where, phrase.is_in, on, bare)
        for place, text in enumerate(rules.answers):
            answer = answer_of(text, bare=bare)
            yield from _tried(f"giveaway.answers[{place}]", text, where, answer.is_given_by, on, bare)


def _tried(
    field: str, text: str, where: str, keeps: Callable[[CommentText], bool], on: PlatformRules, bare: bool
) -> Iterator[Fault]:
    """Look for a phrase in itself, and in an empty comment."""
    if keeps(read_text("", on, bare=bare)):
        yield field, "would be found in every comment, an empty one too: it has no word and no emoji"
    reading = read_text(text, on, bare=bare)
    if not keeps(reading):
        read_as = reading.tokens.strip() or "nothing"
        advice = "; for accounts that must be tagged there is mentions" if "@" in text else ""
        yield field, f"can be in no comment{where}: {text!r} itself is read as {read_as!r}{advice}"


def _accounts(rules: GiveawayRules, platforms: list[PlatformRules]) -> Iterator[Fault]:
    named = [(f"giveaway.mentions[{place}]", text) for place, text in enumerate(rules.mentions)]
    named += [(f"giveaway.excluded[{place}]", text) for place, text in enumerate(rules.excluded)]
    named += [
        (f"giveaway.past_winners[{place}].account", each.account) for place, each in enumerate(rules.past_winners)
    ]
    named += [(f"giveaway.suspicion.cleared[{place}]", text) for place, text in enumerate(rules.suspicion.cleared)]
    for field, text in named:
        try:
            account = account_of(text)
        except ValueError as error:
            yield field, str(error)
            continue
        key = platform_key(account.platform)
        if key and account.is_handle and key not in PLATFORMS and key not in {each.platform for each in platforms}:
            yield field, f"names the platform {account.platform!r}, which is none of {', '.join(PLATFORMS)}"
            continue
        must_be_handle = account.is_handle or field.startswith("giveaway.mentions")
        own = [PLATFORMS[key]] if key in PLATFORMS else platforms
        name = account.name.lstrip("@")
        if must_be_handle and not any(mentions_of(f"@{name}", each) == (each.key(name),) for each in own):
            names = " or ".join(each.platform or "any platform" for each in own)
            yield field, f"is no handle of {names}: no account and no comment can have it"


def _together(definition: CampaignDefinition, platforms: list[PlatformRules]) -> Iterator[Fault]:
    """Make one comment that keeps all rules; where none does, the last one tried shows why."""
    book = RuleBook(definition)
    for on in platforms:
        reasons: tuple[EntryReason, ...] = ()
        text = ""
        for text in texts_that_keep(definition)[:_MOST_TRIED]:
            reasons = book.check(
                EntryAttempt(
                    text=text,
                    post_id="",
                    platform=on.platform,
                    at_ms=book.opens_ms,
                    author_id="nobody in particular",
                    country=(definition.giveaway.countries or (None,))[0] if definition.giveaway else None,
                )
            ).reasons
            if not reasons:
                break
        field = next((_FIELD_OF[each] for each in reasons if each in _FIELD_OF), None)
        if field is not None:
            yield f"giveaway.{field}", f"can be kept by no comment that keeps the other rules: {text!r} is {reasons[0]}"


def texts_that_keep(definition: CampaignDefinition) -> list[str]:
    """Return comments that are made to keep the rules: one for each answer, or each keyword."""
    rules = definition.giveaway
    if rules is None:
        return []
    tags = ["#" + each.lstrip("#＃") for each in rules.hashtags]
    tagged = ["@" + each for each in mentioned(rules)] + [f"@friend{number + 1}" for number in range(rules.friends)]
    said = rules.answers or rules.keywords or ("",)
    filler = "" if rules.answers else "count me in please " * (-(-rules.min_words // 4) or (not said[0]))
    return [" ".join(part for part in (say, filler.strip(), *tags, *tagged) if part) for say in said]


def mentioned(rules: GiveawayRules) -> list[str]:
    """Return the handles that must be tagged, without ``@``; those that cannot be read are left out."""
    found = []
    for text in rules.mentions:
        try:
            found.append(account_of(text).name.lstrip("@"))
        except ValueError:
            continue
    return found
