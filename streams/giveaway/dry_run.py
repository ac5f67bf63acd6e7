"""A dry run of a giveaway's rules: a sample of comments that tries each, and the verdicts."""

from collections.abc import Sequence

from msgspec import Struct

from models.events import CommentCreated, CommentDeleted, CommentTopicEvent, ConversionTopicEvent, Event
from models.giveaway import ENTRY_REASONS, EntryReason, EntryVerdict
from models.times import DAY_MS, MINUTE_MS, epoch_ms
from models.topics import COMMENTS, CONVERSIONS
from streams.columns.hashing import PlatformSeeds, digest, hashes_of
from streams.giveaway.doubts import Doubts, doubts_of
from streams.giveaway.entries import GiveawayEntries, settled
from streams.giveaway.rule_checks import mentioned
from streams.giveaway.rules import EntryAttempt, RuleBook
from streams.ledger.accounts import accounts_of
from streams.ledger.collector import blocks_of


class Tried(Struct, frozen=True, kw_only=True):
    """What became of one comment; ``verdict`` is None for one that is no entry, ``reasons`` are all that apply."""

    what: str
    comment_id: str
    author: str
    text: str
    verdict: EntryVerdict | None
    reasons: tuple[EntryReason, ...]
    friends: int
    chances: int


class DryRun(Struct, frozen=True, kw_only=True):
    """All comments of a dry run, and the numbers they make."""

    comments: list[Tried]
    entrants: int
    chances: int
    bonus_chances: int
    doubts: Doubts


def sample(book: RuleBook) -> list[tuple[str, CommentTopicEvent]]:
    """Return comments that keep the rules, and others that break each of them, with what each is meant to show."""
    return _Sample(book).comments


class _Sample:
    def __init__(self, book: RuleBook) -> None:
        definition = self._definition = book.definition
        self._book = book
        rules = self._rules = book.rules
        self.comments: list[tuple[str, CommentTopicEvent]] = []
        self._middle_ms = (self._book.opens_ms + self._book.closes_ms) // 2
        self._tags = " ".join("#" + each.lstrip("#＃") for each in rules.hashtags)
        self._required = [f"@{name}" for name in mentioned(rules)]
        self._say = (*rules.answers, *rules.keywords, "count me in")[0]
        if not rules.answers:
            self._say += " please" * max(0, rules.min_words - len(self._say.split()))
        friends = [f"friend{n + 1}" for n in range(rules.friends)]
        whole = self._text(friends)
        self._add("keeps every rule", "mia", whole)
        self._add("the same person again", "mia", whole)
        if rules.chances == "per_friend":
            self._add("the same person, another friend", "mia", self._text([*friends[1:], "friend99"]))
        if rules.chances == "per_day":
            self._add("the same person, a day later", "mia", whole, at_ms=self._middle_ms + DAY_MS)
        if rules.hashtags:
            self._add("without the hashtag", "leo", self._text(friends, hashtags=False))
        if rules.answers or rules.keywords:
            self._add("says something else", "noa", self._text(friends, say="hello there"))
        if rules.forbidden_words:
            self._add("says a forbidden word", "ben", f"{whole} {rules.forbidden_words[0]}")
        if rules.min_words:
            self._add("one word too few", "ira", self._text(friends, say=" ".join(self._say.split()[:-1])))
        if self._required:
            self._add("without an account that must be tagged", "rio", self._text(friends, required=False))
        if rules.friends:
            self._add("one friend too few", "tom", self._text(friends[:-1]))
            self._add("tags oneself", "kim", self._text([*friends[:-1], "kim"]))
            if definition.influencers:
                handle = definition.influencers[0].handle.lstrip("@")
                self._add("tags an influencer", "pat", self._text([*friends[:-1], handle]))
            if rules.excluded:
                name = _handle(rules.excluded[0])
                self._add("tags an excluded account", "uma", self._text([*friends[:-1], name]))
        self._add("a reply to a comment", "ida", whole, parent_id="c1")
        self._add("a second before the opening", "eva", whole, at_ms=self._book.opens_ms - 1000)
        self._add("at the moment of closing", "jan", whole, at_ms=self._book.closes_ms)
        self._accounts(whole)
        if rules.countries:
            self._add(f"from {rules.countries[0]}", "liv", whole, country=rules.countries[0])
            elsewhere = next(code for code in ("AQ", "BV") if code not in rules.countries)
            self._add("from another country", "ali", whole, country=elsewhere)
        if rules.posts:
            self._add("on another post", "zoe", whole, post_id=f"not-{rules.posts[0]}")
        self._add("deleted afterwards", "sam", whole)
        self.comments.append(("", self._deletion()))

    def _accounts(self, text: str) -> None:
        for what, accounts in (
            ("an excluded account", self._rules.excluded),
            ("a past winner", tuple(self._rules.recent_winners())),
            ("an influencer", tuple(each.handle for each in self._definition.influencers)),
        ):
            if accounts:
                self._add(what, _handle(accounts[0]), text)

    def _text(
        self, friends: Sequence[str], *, say: str | None = None, hashtags: bool = True, required: bool = True
    ) -> str:
        parts = [self._say if say is None else say, self._tags if hashtags else ""]
        parts += [*(self._required if required else ()), *(f"@{each}" for each in friends)]
        return " ".join(part for part in parts if part)

    def _add(
        self,
        what: str,
        author: str,
        text: str,
        *,
        at_ms: int | None = None,
        parent_id: str | None = None,
        country: str | None = None,
        post_id: str | None = None,
    ) -> None:
        number = len(self.comments) + 1
        influencers = self._definition.influencers
        event = CommentCreated(
            event_id=f"sample-{number}",
            campaign_id=self._definition.campaign_id,
            platform=influencers[0].platform if influencers else "sample",
            influencer_id=influencers[0].influencer_id if influencers else "sample",
            occurred_at=self._middle_ms + number if at_ms is None else at_ms,
            post_id=post_id or (self._rules.posts or ("post",))[0],
            comment_id=f"c{number}",
            author_id=author,
            author_handle=author,
            text=text,
            parent_id=parent_id,
            country=country,
        )
        self.comments.append((what, event))

    def _deletion(self) -> CommentDeleted:
        last = self.comments[-1][1]
        return CommentDeleted(
            event_id="sample-deletion",
            campaign_id=last.campaign_id,
            platform=last.platform,
            influencer_id=last.influencer_id,
            occurred_at=self._middle_ms + MINUTE_MS,
            comment_id=last.comment_id,
        )


def _handle(account: str) -> str:
    return accounts_of([account])[0].name.lstrip("@")


def dry_run(book: RuleBook, events: Sequence[tuple[str, Event]]) -> DryRun:
    """Apply a campaign's rules to events, as the workers do.

    Args:
        book: the rules.
        events: events with what each is meant to show; those of other campaigns are left out.
    """
    campaign_id = book.definition.campaign_id
    own = [(what, event) for what, event in events if event.campaign_id == campaign_id]
    blocks = []
    for topic, kind in ((COMMENTS, CommentTopicEvent), (CONVERSIONS, ConversionTopicEvent)):
        of_topic = [event for _, event in own if isinstance(event, kind)]
        if of_topic:
            blocks += blocks_of(campaign_id, topic, of_topic)
    entries = settled(book, blocks)
    seeds = PlatformSeeds()
    tried = [_tried(what, event, book, entries, seeds) for what, event in own if isinstance(event, CommentCreated)]
    [rollup, *_] = entries.rollups(campaign_id, book.closes_ms)
    return DryRun(
        comments=tried,
        entrants=rollup.unique_entrants,
        chances=rollup.chances,
        bonus_chances=rollup.bonus_chances,
        doubts=doubts_of(book, blocks),
    )


def _tried(what: str, event: CommentCreated, book: RuleBook, entries: GiveawayEntries, seeds: PlatformSeeds) -> Tried:
    check = book.check(
        EntryAttempt(
            text=event.text,
            post_id=event.post_id,
            platform=event.platform,
            at_ms=epoch_ms(event.occurred_at),
            author_id=event.author_id,
            author_handle=event.author_handle,
            country=event.country,
            is_reply=bool(event.parent_id),
        )
    )
    [comment] = hashes_of([digest(event.comment_id.encode(), seeds[event.platform])]).tolist()
    found = entries.verdict_of(comment)
    verdict, chances = (None, 0) if found is None else (found[0], found[2])
    # What sticks to the person, a single comment does not show.
    reasons = tuple(each for each in ENTRY_REASONS if each in check.reasons or (found and each == found[1]))
    return Tried(
        what=what,
        comment_id=event.comment_id,
        author=event.author_handle or event.author_id,
        text=event.text,
        verdict=verdict,
        reasons=reasons if verdict == "invalid" else (),
        friends=len(check.friends),
        chances=chances,
    )
