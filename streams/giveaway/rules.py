"""A giveaway's rules, ready to be applied: to one comment, with reasons, or to what many comments have in common.

What a text alone decides is read once for each text and remembered, because the comments of a giveaway repeat. Time,
account, country and post are the comment's own. A comment has every reason that applies (a mask of
``models.giveaway.ENTRY_REASONS``) and is counted under the first.
"""

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from models.campaigns import CampaignDefinition
from models.giveaway import ENTRY_REASONS, EntryReason, GiveawayRules
from streams.columns.arrays import I64, U16, U64
from streams.columns.hash_masks import HashMasks
from streams.columns.hashing import PlatformSeeds, digest, hashes_of
from streams.comparison import code_key, platform_key
from streams.ledger.accounts import Account, accounts_of
from streams.ledger.blocks import EntryBlock
from streams.ledger.comment_texts import (
    answer_of,
    hashtags_of,
    mentions_of,
    phrase_of,
    read_text,
    readable,
    word_key,
    words_said,
)
from streams.ledger.handle_hashes import handle_hashes
from streams.ledger.mentions import MARKS, mentions_in
from streams.ledger.platform_rules import PLATFORMS, PlatformRules, platform_name, rules_of

REASON_BIT: Final[dict[EntryReason, int]] = {reason: 1 << place for place, reason in enumerate(ENTRY_REASONS)}
_TEXTS_REMEMBERED: Final = 200_000
_PLATFORMS_REMEMBERED: Final = 64
"""Spellings of platforms: what events name is not in our hands."""


class EntryAttempt(Struct, frozen=True, kw_only=True):
    """One comment, as far as the rules ask."""

    text: str
    post_id: str
    platform: str
    at_ms: int
    author_id: str
    author_handle: str | None = None
    country: str | None = None
    is_reply: bool = False


class EntryCheck(Struct, frozen=True, kw_only=True):
    """What the rules say of one comment by itself; whether its author has entered before is another question.

    ``on_post`` is False for a comment that is no entry at all. ``friends`` are the handles that count.
    """

    on_post: bool
    reasons: tuple[EntryReason, ...]
    friends: tuple[str, ...]

    @property
    def passes(self) -> bool:
        """Whether it is an entry that keeps every rule."""
        return self.on_post and not self.reasons


class TextCheck(Struct, frozen=True, gc=False):
    """What a text decides by itself: reasons as a mask, and whom it tags that may be a friend of somebody."""

    reasons: int
    mentions: tuple[str, ...]


class Friends(Struct, frozen=True):
    """Whom many texts tag as friends: text ``owners[n]``, and these grow, tags ``hashes[n]``.

    ``lacking`` says of each text whether an account that must be tagged is not.
    """

    owners: I64
    hashes: U64
    lacking: NDArray[np.bool_] | None


class RuleBook:
    """The rules of one definition, compiled. Immutable but for its memory of texts.

    Args:
        definition: a campaign with a giveaway.

    Raises:
        ValueError: it has none.
    """

    def __init__(self, definition: CampaignDefinition) -> None:
        if definition.giveaway is None:
            raise ValueError(f"campaign {definition.campaign_id!r} has no giveaway")
        self.definition = definition
        self.rules: GiveawayRules = definition.giveaway
        rules = self.rules
        self.opens_ms, self.closes_ms = rules.opens_ms, rules.closes_ms
        self.posts = frozenset(rules.posts)
        self._influencers = [Account("", each.handle, is_handle=True) for each in definition.influencers]
        self._refused = [(each, REASON_BIT["excluded_account"]) for each in self._influencers]
        self._excluded = accounts_of(rules.excluded)
        self._refused += [(each, REASON_BIT["excluded_account"]) for each in self._excluded]
        self._refused += [(each, REASON_BIT["past_winner"]) for each in accounts_of(rules.recent_winners())]
        self._required = accounts_of(rules.mentions)
        self.codes = frozenset(code_key(code) for each in definition.influencers for code in each.discount_codes)
        """Discount codes whose orders may give a bonus, as they are compared."""
        bare = rules.ignore_accents
        self._hashtags = frozenset(word_key(each, bare=bare).lstrip("#") for each in rules.hashtags)
        self._keywords = [phrase_of(each, bare=bare) for each in rules.keywords]
        self._answers = [answer_of(each, bare=bare) for each in rules.answers]
        self._forbidden = [phrase_of(each, bare=bare) for each in rules.forbidden_words]
        self._asks_words = bool(self._keywords or self._answers or self._forbidden or rules.min_words)
        self.reads_words = bool(self._hashtags) or self._asks_words
        """Whether what a comment says decides anything but whom it mentions."""
        self._countries = frozenset(rules.countries)
        named = [each.platform for each in (*self._excluded, *self._required, *accounts_of(rules.recent_winners()))]
        named += [platform_name(each.platform) for each in definition.influencers]
        self._known = frozenset(PLATFORMS) | frozenset(named)
        self._on: dict[str, RulesOnPlatform] = {}

    def on(self, platform: str) -> "RulesOnPlatform":
        """Return what of the rules depends on the platform; platforms that nobody has named share it."""
        found = self._on.get(platform)
        if found is None:
            if len(self._on) >= _PLATFORMS_REMEMBERED:
                self._on.clear()
            name = platform_name(platform)
            key, name = (platform_key(platform), name) if name in self._known else ("", "")
            if key not in self._on:
                self._on[key] = RulesOnPlatform(self, name, key)
            found = self._on[platform] = self._on[key]
        return found

    def is_on_post(self, post_id: str) -> bool:
        """Return whether comments on a post are entries."""
        return not self.posts or post_id in self.posts

    def check(self, attempt: EntryAttempt) -> EntryCheck:
        """Apply every rule to one comment."""
        on = self.on(attempt.platform)
        text = on.of_text(attempt.text)
        own = on.rules.key(attempt.author_handle or attempt.author_id)
        friends = tuple(mention for mention in text.mentions if mention != own)
        reasons = text.reasons | self.of_time(attempt.at_ms) | self.of_country(attempt.country)
        reasons |= on.refused_handles.get(own, 0) | on.refused_ids.get(attempt.author_id, 0)
        if attempt.is_reply and not self.rules.takes_replies:
            reasons |= REASON_BIT["reply"]
        if len(friends) < self.rules.friends:
            reasons |= REASON_BIT["too_few_friends"]
        return EntryCheck(on_post=self.is_on_post(attempt.post_id), reasons=reasons_of(reasons), friends=friends)

    def reasons_of_words(self, text: str, rules: PlatformRules) -> int:
        """Return the reasons of what a text says, as a mask."""
        if not self.reads_words:
            return 0
        bare = self.rules.ignore_accents
        if not self._asks_words:
            missing = not self._hashtags <= hashtags_of(readable(text), rules, bare=bare)
            return REASON_BIT["missing_hashtag"] if missing else 0
        reading = read_text(text, rules, bare=bare)
        reasons = 0
        if not self._hashtags <= reading.hashtags:
            reasons |= REASON_BIT["missing_hashtag"]
        if self._keywords and not any(keyword.is_in(reading) for keyword in self._keywords):
            reasons |= REASON_BIT["missing_keyword"]
        if self._answers and not any(answer.is_given_by(reading) for answer in self._answers):
            reasons |= REASON_BIT["wrong_answer"]
        if any(word.is_in(reading) for word in self._forbidden):
            reasons |= REASON_BIT["forbidden_word"]
        if self.rules.min_words and words_said(reading) < self.rules.min_words:
            reasons |= REASON_BIT["too_few_words"]
        return reasons

    def of_time(self, at_ms: int) -> int:
        """Return the reasons of an event time, as a mask."""
        if at_ms < self.opens_ms:
            return REASON_BIT["before_opening"]
        return REASON_BIT["after_closing"] if at_ms >= self.closes_ms else 0

    def of_country(self, country: str | None) -> int:
        """Return the reasons of a country, as a mask; None or empty is unknown."""
        if not self._countries:
            return 0
        if not country:
            return REASON_BIT["country_unknown"] if self.rules.unknown_country == "refuse" else 0
        return 0 if country.upper() in self._countries else REASON_BIT["country_not_allowed"]


class RulesOnPlatform:
    """The rules of a giveaway on one platform: its handles and hashtags, and a memory of its texts."""

    def __init__(self, book: RuleBook, platform: str, spelt: str) -> None:
        # People are known by the platform as events spell it, folded; its rules by its name.
        seed = PlatformSeeds()[spelt]
        self._book = book
        self.rules: PlatformRules = rules_of(platform)
        key = self.rules.key
        meant = [(account, bit) for account, bit in book._refused if account.is_on(platform)]
        self.refused_handles: dict[str, int] = {}
        """Reasons by handle, as it is compared here."""
        self.refused_ids: dict[str, int] = {}
        """Reasons by author id, as it is written."""
        for account, bit in meant:
            self.refused_handles[key(account.name)] = self.refused_handles.get(key(account.name), 0) | bit
            if not account.is_handle:
                self.refused_ids[account.name] = self.refused_ids.get(account.name, 0) | bit
        required = [key(account.name) for account in book._required if account.is_on(platform)]
        self._required = frozenset(required)
        strangers = {key(each.name) for each in (*book._influencers, *book._excluded) if each.is_on(platform)}
        self._no_friends = strangers | self._required
        hashes = handle_hashes(sorted(self._no_friends)).tolist()
        self._no_friend_hashes = HashMasks(dict.fromkeys(hashes, 1))
        self._required_hashes = handle_hashes(sorted(self._required)).tolist()
        handles = sorted(self.refused_handles)
        masks = zip(handle_hashes(handles).tolist(), handles, strict=True)
        self.refused_names = HashMasks({number: self.refused_handles[handle] for number, handle in masks})
        """Reasons by hash of the handle."""
        self._is_of_many = platform == ""
        ids = zip(
            hashes_of([digest(each.encode(), seed) for each in self.refused_ids]).tolist(),
            self.refused_ids.values(),
            strict=True,
        )
        self.refused_people = HashMasks(dict(ids))
        """Reasons by person hash, of author ids that are refused on one platform."""
        self._texts: dict[str, TextCheck] = {}
        self._text_reasons = _TextReasons(book, self.rules)

    def refusals(self, names: U64, block: EntryBlock) -> U16:
        """Return the reasons of the authors of a block, as masks, by their names (hashes) and ids."""
        found = np.zeros(block.count, dtype=np.uint16)
        self.refused_names.add_to(found, names)
        if not self._is_of_many:
            self.refused_people.add_to(found, block.person_hashes)
        elif self.refused_ids:
            # People of several platforms have hashes of several seeds.
            found |= np.array([self.refused_ids.get(each, 0) for each in block.author_ids], dtype=np.uint16)
        return found

    def of_text(self, text: str) -> TextCheck:
        """Return what a text decides; remembered."""
        known = self._texts.get(text)
        if known is None:
            if len(self._texts) >= _TEXTS_REMEMBERED:
                self._texts.clear()
            known = self._texts[text] = self.read(text)
        return known

    def read(self, text: str) -> TextCheck:
        """Return what a text decides; not remembered."""
        has_mark = any(mark in text for mark in MARKS)
        if not has_mark and not self._book.reads_words:
            return TextCheck(self._lacking(()), ())
        mentions = mentions_of(readable(text), self.rules) if has_mark else ()
        reasons = self._book.reasons_of_words(text, self.rules) | self._lacking(mentions)
        return TextCheck(reasons, tuple(mention for mention in mentions if mention not in self._no_friends))

    def _lacking(self, mentions: tuple[str, ...]) -> int:
        return 0 if self._required.issubset(mentions) else REASON_BIT["missing_mention"]

    def reasons_of_texts(self, texts: list[str]) -> U16:
        """Return the reasons of what texts say, as masks; remembered, because comments repeat."""
        if len(self._text_reasons) >= _TEXTS_REMEMBERED:
            self._text_reasons.clear()
        return np.fromiter(map(self._text_reasons.__getitem__, texts), dtype=np.uint16, count=len(texts))

    def friends_in(self, data: bytes, count: int) -> Friends:
        """Return whom the texts of a joined run tag, as ``read`` does for one; not remembered: these differ.

        Args:
            data: the texts.
            count: how many these are.
        """
        found = mentions_in(data, self.rules)
        owners, hashes = found.owners, found.hashes
        if found.unsure:
            mentions = [mentions_of(readable(text), self.rules) for text in found.unsure.values()]
            unsure = np.array(list(found.unsure), dtype=np.int64)
            owners = np.concatenate((owners, np.repeat(unsure, [len(each) for each in mentions])))
            hashes = np.concatenate((hashes, handle_hashes([handle for each in mentions for handle in each])))
            order = np.argsort(owners, kind="stable")
            owners, hashes = owners[order], hashes[order]
        lacking = None
        if self._required_hashes:
            lacking = np.zeros(count, dtype=np.bool_)
            for number in self._required_hashes:
                tagging = np.zeros(count, dtype=np.bool_)
                tagging[owners[hashes == np.uint64(number)]] = True
                lacking |= ~tagging
        friends = np.ones(len(hashes), dtype=np.bool_)
        friends[self._no_friend_hashes.places(hashes)[0]] = False
        return Friends(owners[friends], hashes[friends], lacking)


class _TextReasons(dict[str, int]):
    """Reasons by text, found when they are first asked for."""

    def __init__(self, book: RuleBook, rules: PlatformRules) -> None:
        self._book = book
        self._rules = rules

    def __missing__(self, text: str) -> int:
        reasons = self[text] = self._book.reasons_of_words(text, self._rules)
        return reasons


def reasons_of(mask: int) -> tuple[EntryReason, ...]:
    """Return the reasons of a mask, the one it is counted under first."""
    return tuple(reason for reason in ENTRY_REASONS if mask & REASON_BIT[reason])
