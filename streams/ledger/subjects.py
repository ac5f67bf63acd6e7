"""A person who asks what is known of them, or to be forgotten: the accounts they have, and how others tag them."""

from collections.abc import Collection, Iterable
from typing import Final

import regex
from msgspec import Struct

from streams.comparison import platform_key, seen
from streams.ledger.accounts import account_of
from streams.ledger.blocks import EntryBlock
from streams.ledger.comment_texts import handle_key
from streams.ledger.marks import Forgotten
from streams.ledger.mentions import MARKS
from streams.ledger.platform_rules import PATTERNS, platform_name, rules_of

_AROUND: Final = " \t\r\n\"'“”„‘’«»()[]<>,;:!?."


class Asked(Struct, frozen=True):
    """Whom a command names: an author id or a handle, of one platform or, when it is None, of any."""

    name: str
    platform: str | None = None

    def is_on(self, platform: str) -> bool:
        """Return whether an account of a platform may be meant."""
        return self.platform is None or platform_name(self.platform) == platform_name(platform)

    def is_called(self, platform: str, author_id: str, handle: str) -> bool:
        """Return whether an account is meant: an id as it is, a handle in any spelling; a name with ``@`` is no id."""
        if not self.is_on(platform):
            return False
        rules = rules_of(platform)
        return author_id == self.name or (rules.key(handle) == rules.key(self.name) != "")


def asked_for(text: str, platform: str | None = None) -> Asked:
    """Return whom somebody names by hand: an author id, a handle, ``instagram/mia``, the address of a profile.

    What stands around a handle in the message that it was copied from is no part of it: ``(@mia),`` is ``@mia``.

    Raises:
        ValueError: the text and ``platform`` name two platforms.
    """
    bare = text.strip(_AROUND)
    if bare.startswith("@"):
        text = bare
    try:
        account = account_of(text)
    except ValueError:
        return Asked(text, platform)
    if not account.platform:
        return Asked(text, platform)
    if platform is not None and rules_of(platform) != rules_of(account.platform):
        raise ValueError(f"{text!r} is of {account.platform}, and the platform asked for is {platform!r}")
    return Asked(account.name, account.platform)


class Subject(Struct, frozen=True):
    """One person: accounts by folded platform and author id, and folded handles, those that were asked for included."""

    asked: Asked
    accounts: frozenset[tuple[str, str]]
    handles: frozenset[str]

    def wrote(self, platform: str, author_id: str) -> bool:
        """Return whether an account is theirs."""
        return (platform_key(platform), author_id) in self.accounts

    def is_tagged(self, text: str, platform: str) -> bool:
        """Return whether a text tags them."""
        return self.asked.is_on(platform) and renamed(text, platform, self.handles, "somebody") is not None

    def is_called(self, text: str) -> bool:
        """Return whether a text has one of their handles as a word, tagged or not."""
        return worded(text, self.handles, "somebody") is not None

    def other_ids(self) -> list[str]:
        """Return the accounts of a platform that has several: the handle may have been somebody else's before."""
        by_platform: dict[str, list[str]] = {}
        for platform, author_id in sorted(self.accounts):
            by_platform.setdefault(platform, []).append(author_id)
        return [f"{platform}/{each}" for platform, ids in by_platform.items() if len(ids) > 1 for each in ids]


Account = tuple[str, str, str]
"""Platform, author id and handle ("" where unknown) as a comment has them."""


def subject_of(asked: Asked, accounts: Iterable[Account]) -> Subject:
    """Return the person whom a command means, among the accounts that occur anywhere.

    Whoever has the author id or, at any time, the handle that is asked for; with all handles they have had.
    """
    seen_accounts = set(accounts)
    own = {
        (platform_key(platform), author_id)
        for platform, author_id, handle in seen_accounts
        if asked.is_called(platform, author_id, handle)
    }
    handles = {
        handle_key(handle)
        for platform, author_id, handle in seen_accounts
        if handle and (platform_key(platform), author_id) in own
    }
    # Somebody who was only tagged has no account here: then the name is all there is.
    if not any(author_id == asked.name for _, author_id in own):
        handles.add(handle_key(asked.name))
    return Subject(asked, frozenset(own), frozenset(handles - {""}))


def accounts_of(facts: Iterable[EntryBlock | Forgotten]) -> set[Account]:
    """Return every account of a ledger. Whoever was forgotten before is there when they were written down again."""
    return {
        (fact.places[place].platform, author_id, handle)
        for fact in facts
        if isinstance(fact, EntryBlock)
        for place, author_id, handle in zip(fact.place_numbers.tolist(), fact.author_ids, fact.handles, strict=True)
    }


def renamed(text: str, platform: str, handles: Collection[str], stand_in: str) -> str | None:
    """Put another name wherever a text mentions one of the handles, however it is written; None where it does not."""
    if not any(mark in text for mark in MARKS):
        return None
    rules = rules_of(platform)
    wanted = {rules.key(handle) for handle in handles}

    def without(run: regex.Match[str]) -> str:
        pieces = rules.pieces(run[0])
        return "".join(f"@{stand_in}" if rules.handle(piece) in wanted else f"@{piece}" for piece in pieces)

    before = seen(text)
    after: str = PATTERNS[rules.platform].mentions.sub(without, before)
    return None if after == before else after


def worded(text: str, handles: Collection[str], stand_in: str) -> str | None:
    """Put another name wherever a text has one of the handles as a word, in any case; None where it does not."""
    before = after = seen(text)
    for handle in handles:
        word = rf"(?<![\p{{L}}\p{{N}}_]){regex.escape(handle)}(?![\p{{L}}\p{{N}}_])"
        after = regex.sub(word, stand_in, after, flags=regex.I)
    return None if after == before else after
