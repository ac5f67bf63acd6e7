"""A giveaway's rules, ready to be applied: to one comment, with reasons, or to what many comments have in common.

What a text alone decides is read once for each text and remembered, because the comments of a giveaway repeat. Time,
account, country and post are the comment's own. A comment has every reason that applies (a mask of
``models.giveaway.ENTRY_REASONS``) and is counted under the first.
"""

from typing import Final

import numpy as np
from msgspec import Struct

from models.campaigns import CampaignDefinition
from models.giveaway import ENTRY_REASONS, EntryReason, GiveawayRules
from streams.columns.arrays import I64, U16, U64
from streams.columns.hash_masks import HashMasks
from streams.ledger.comment_texts import folded, handle_key, hashtags_of, mentions_of, phrase_of, read_text, spaced
from streams.ledger.handle_hashes import handle_hashes
from streams.ledger.mentions import MARKS, mentions_in

REASON_BIT: Final[dict[EntryReason, int]] = {reason: 1 << place for place, reason in enumerate(ENTRY_REASONS)}
_TEXTS_REMEMBERED: Final = 200_000


class EntryAttempt(Struct, frozen=True, kw_only=True):
    """One comment, as far as the rules ask."""

    text: str
    post_id: str
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
    """What a text decides by itself: reasons as a mask, and whom it mentions but the campaign's influencers."""

    reasons: int
    mentions: tuple[str, ...]


_SAYS_NOTHING: Final = TextCheck(0, ())


class Friends(Struct, frozen=True):
    """Whom many texts mention, but the influencers: text ``owners[n]``, and these grow, mentions ``hashes[n]``."""

    owners: I64
    hashes: U64


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
        self._influencers = frozenset(handle_key(each.handle) for each in definition.influencers)
        hashes = handle_hashes(sorted(self._influencers))
        self._influencer_hashes = HashMasks(dict.fromkeys(hashes.tolist(), 1))
        staff = self._influencers | {handle_key(account) for account in rules.excluded}
        winners = {handle_key(account) for account in rules.recent_winners()}
        self.refused_handles = dict.fromkeys(winners, REASON_BIT["past_winner"])
        """Reasons by handle, as ``handle_key`` has it."""
        for account in staff:
            self.refused_handles[account] = self.refused_handles.get(account, 0) | REASON_BIT["excluded_account"]
        self.refused_ids = dict.fromkeys(rules.recent_winners(), REASON_BIT["past_winner"])
        """Reasons by author id, as it is written."""
        for account in rules.excluded:
            self.refused_ids[account] = self.refused_ids.get(account, 0) | REASON_BIT["excluded_account"]
        self.codes = frozenset(code.casefold() for each in definition.influencers for code in each.discount_codes)
        """Discount codes whose orders may give a bonus, case folded."""
        self._hashtags = frozenset(folded(each).lstrip("#") for each in rules.hashtags)
        self._keywords = [phrase_of(each) for each in rules.keywords]
        self._answers = frozenset(spaced(folded(each)) for each in rules.answers)
        self.reads_words = bool(self._hashtags or self._keywords or self._answers)
        """Whether what a comment says decides anything but whom it mentions."""
        self._countries = frozenset(rules.countries)
        self._texts: dict[str, TextCheck] = {}
        self._text_reasons = _TextReasons(self)

    def is_on_post(self, post_id: str) -> bool:
        """Return whether comments on a post are entries."""
        return not self.posts or post_id in self.posts

    def check(self, attempt: EntryAttempt) -> EntryCheck:
        """Apply every rule to one comment."""
        text = self.of_text(attempt.text)
        own = handle_key(attempt.author_handle or attempt.author_id)
        friends = tuple(mention for mention in text.mentions if mention != own)
        reasons = text.reasons | self.of_time(attempt.at_ms) | self.of_country(attempt.country)
        reasons |= self.refused_handles.get(own, 0) | self.refused_ids.get(attempt.author_id, 0)
        if attempt.is_reply and not self.rules.replies_count:
            reasons |= REASON_BIT["reply"]
        if len(friends) < self.rules.friends:
            reasons |= REASON_BIT["too_few_friends"]
        return EntryCheck(on_post=self.is_on_post(attempt.post_id), reasons=reasons_of(reasons), friends=friends)

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
        if not self.reads_words:
            return self._checked(0, mentions_of(folded(text)) if any(mark in text for mark in MARKS) else ())
        if not self._keywords and not self._answers:
            whole = folded(text)
            missing = not self._hashtags <= hashtags_of(whole)
            return self._checked(REASON_BIT["missing_hashtag"] if missing else 0, mentions_of(whole))
        reading = read_text(text)
        reasons = 0
        if not self._hashtags <= reading.hashtags:
            reasons |= REASON_BIT["missing_hashtag"]
        if self._keywords and not any(keyword.is_in(reading) for keyword in self._keywords):
            reasons |= REASON_BIT["missing_keyword"]
        if self._answers and reading.plain not in self._answers:
            reasons |= REASON_BIT["wrong_answer"]
        return self._checked(reasons, reading.mentions)

    def reasons_of_texts(self, texts: list[str]) -> U16:
        """Return the reasons of texts, as masks, as ``read`` does for one; remembered, because comments repeat."""
        if len(self._text_reasons) >= _TEXTS_REMEMBERED:
            self._text_reasons.clear()
        return np.fromiter(map(self._text_reasons.__getitem__, texts), dtype=np.uint16, count=len(texts))

    def friends_in(self, data: bytes) -> Friends:
        """Return whom the texts of a joined run mention, as ``read`` does for one; not remembered: these differ."""
        found = mentions_in(data)
        friends = np.ones(len(found.hashes), dtype=np.bool_)
        friends[self._influencer_hashes.places(found.hashes)[0]] = False
        owners, hashes = found.owners[friends], found.hashes[friends]
        if found.unsure:
            mentions = [self.read(text).mentions for text in found.unsure.values()]
            unsure = np.array(list(found.unsure), dtype=np.int64)
            owners = np.concatenate((owners, np.repeat(unsure, [len(each) for each in mentions])))
            hashes = np.concatenate((hashes, handle_hashes([handle for each in mentions for handle in each])))
            order = np.argsort(owners, kind="stable")
            owners, hashes = owners[order], hashes[order]
        return Friends(owners, hashes)

    def _checked(self, reasons: int, mentions: tuple[str, ...]) -> TextCheck:
        if not mentions:
            return _SAYS_NOTHING if not reasons else TextCheck(reasons, ())
        return TextCheck(reasons, tuple(mention for mention in mentions if mention not in self._influencers))

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


class _TextReasons(dict[str, int]):
    """Reasons by text, found when they are first asked for."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book

    def __missing__(self, text: str) -> int:
        reasons = self[text] = self._book.read(text).reasons
        return reasons


def reasons_of(mask: int) -> tuple[EntryReason, ...]:
    """Return the reasons of a mask, the one it is counted under first."""
    return tuple(reason for reason in ENTRY_REASONS if mask & REASON_BIT[reason])
