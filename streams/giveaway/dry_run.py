"""A dry run of a giveaway's rules: what they say in words, a sample of comments that tries each, and the verdicts."""

from collections.abc import Sequence

from msgspec import Struct

from models.campaigns import CampaignDefinition
from models.events import CommentCreated, CommentDeleted, CommentTopicEvent, ConversionTopicEvent, Event
from models.giveaway import ENTRY_REASONS, EntryReason, EntryVerdict, GiveawayRules
from models.times import MINUTE_MS, epoch_ms
from models.topics import COMMENTS, CONVERSIONS
from streams.columns.hashing import PlatformSeeds, digest, hashes_of
from streams.giveaway.entries import GiveawayEntries, settled
from streams.giveaway.rules import EntryAttempt, RuleBook
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


def explained(book: RuleBook) -> list[str]:
    """Return the rules of a giveaway, a sentence each."""
    rules = book.rules
    zone = f" ({rules.time_zone})" if rules.time_zone else ""
    lines = [
        f"open from {rules.opens_at.isoformat()} to {rules.closes_at.isoformat()}{zone}, the end excluded",
        f"comments on {', '.join(rules.posts)}" if rules.posts else "comments on every post of the campaign",
    ]
    if not rules.takes_replies:
        lines.append("replies do not count")
    if rules.hashtags:
        lines.append("every hashtag of: " + " ".join("#" + each.lstrip("#＃") for each in rules.hashtags))
    if rules.keywords:
        lines.append("one of these words: " + ", ".join(rules.keywords))
    if rules.answers:
        lines.append("the comment is one of these answers: " + ", ".join(rules.answers))
    if rules.friends:
        lines.append(f"at least {rules.friends} distinct friends tagged; oneself and influencers do not count")
    if rules.chances == "per_person":
        lines.append("one chance a person; further comments are duplicates")
    else:
        lines.append(f"one chance for each new friend, at most {rules.most_chances} a person")
    if rules.bonus is not None:
        lines.append(f"{rules.bonus.chances} more for each order with a discount code, at most {rules.bonus.most}")
    return lines + _who_is_out(book.definition, rules)


def _who_is_out(definition: CampaignDefinition, rules: GiveawayRules) -> list[str]:
    lines = [f"excluded: the {len(definition.influencers)} influencers and {len(rules.excluded)} accounts"]
    if recent := len(rules.recent_winners()):
        lines.append(f"excluded: {recent} who won within {rules.winners_excluded_months} months before the opening")
    if rules.countries:
        lines.append(f"countries: {', '.join(rules.countries)}; where it is unknown: {rules.unknown_country}")
    policy = rules.suspicion
    actions = [f"flagged from {policy.flag:g}"]
    actions += [f"held from {policy.hold:g}"] if policy.hold is not None else []
    actions += [f"excluded from {policy.exclude:g}"] if policy.exclude is not None else []
    return [*lines, "suspicion score: " + ", ".join(actions)]


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
        self._say = (*rules.answers, *rules.keywords, "count me in")[0]
        self._tags = " ".join("#" + each.lstrip("#＃") for each in rules.hashtags)
        friends = [f"friend{n + 1}" for n in range(rules.friends)]
        whole = self._text(friends)
        self._add("keeps every rule", "mia", whole)
        self._add("the same person again", "mia", whole)
        if rules.chances == "per_friend":
            self._add("the same person, another friend", "mia", self._text([*friends[1:], "friend99"]))
        if rules.hashtags:
            self._add("without the hashtag", "leo", self._text(friends, hashtags=False))
        if rules.answers or rules.keywords:
            self._add("says something else", "noa", self._text(friends, say="hello there"))
        if rules.friends:
            self._add("one friend too few", "tom", self._text(friends[:-1]))
            self._add("tags oneself", "kim", self._text([*friends[:-1], "kim"]))
            if definition.influencers:
                handle = definition.influencers[0].handle.lstrip("@")
                self._add("tags an influencer", "pat", self._text([*friends[:-1], handle]))
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
                self._add(what, accounts[0].lstrip("@"), text)

    def _text(self, friends: Sequence[str], *, say: str | None = None, hashtags: bool = True) -> str:
        parts = [self._say if say is None else say, self._tags if hashtags else "", *(f"@{each}" for each in friends)]
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
        comments=tried, entrants=rollup.unique_entrants, chances=rollup.chances, bonus_chances=rollup.bonus_chances
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
