"""What a comment says, as far as a giveaway's rules ask: its hashtags, the handles it mentions, and its words.

Handles and hashtags are read by the rules of the platform (``streams.ledger.platform_rules``), everything is compared
as ``streams.comparison`` does. Addresses of pages and mail are not read.
"""

from itertools import chain, islice
from typing import Final

import regex
from msgspec import Struct

from streams.comparison import comparable, seen, unaccented
from streams.ledger.platform_rules import EMOJI, PATTERNS, UNSPACED, WIDE, PlatformRules

MOST_MENTIONS: Final = 100
"""Handles read of one comment: beyond it is spam, and memory must be bounded."""
MOST_HASHTAGS: Final = 300
"""Hashtags read of one comment, ten times what Instagram allows: each is compared, and time must be bounded."""

_TAIL: Final = r"""(?:[[!-~\p{Latin}\p{Cyrillic}]--[,;!)\]\}'"]]|[,;!)\]\}'"]++(?![@\#]))*+"""
"""What an address of a page goes on with; behind a comma or bracket, an ``@`` or ``#`` is none of it.

A run of these is gone through once, not once from each of its characters.
"""
_TOP_DOMAINS: Final = (
    "com|net|org|edu|gov|info|biz|io|tv|co|me|be|ly|gl|gg|to|so|app|dev|shop|store|link|page|site|online|live|bio|xyz"
    "|ee|fm|uk|ie|de|at|ch|fr|es|it|pt|nl|lu|pl|cz|sk|hu|ro|bg|hr|si|gr|se|no|dk|fi|lt|lv|eu|us|ca|mx|br|ar|cl|pe|au"
    "|nz|jp|kr|cn|tw|hk|sg|my|th|vn|id|ph|in|pk|tr|ru|ua|il|sa|ae|eg|ma|za|ng|ke"
)
_PAGE: Final = regex.compile(
    rf"""(?<![A-Za-z0-9])(?:[a-z][a-z0-9+.\-]{{0,24}}+://{_TAIL}|www\.[a-z0-9.\-]{{0,100}}+(?:/{_TAIL}|(?![@\#])))
    |(?<![A-Za-z0-9_@.%+\-])(?:[a-z0-9\-]{{1,63}}\.){{1,20}}(?:{_TOP_DOMAINS})/{_TAIL}""",
    regex.I | regex.X | regex.V1,
)
"""Schemes and hosts are bounded: one may begin behind every dot, and would be followed to the end from each.

Names of hosts have 63 characters between dots (RFC 1035) and, here, 20 dots; names of mailboxes 64 (RFC 5321).
"""
_MAIL: Final = regex.compile(
    r"(?<![\p{Latin}0-9._%+@\-])[\p{Latin}0-9._%+\-]{1,64}@(?:[\p{Latin}0-9\-]{1,63}\.){1,20}[A-Za-z]{2,}",
    regex.V1,
)
_TOKENS: Final = regex.compile(rf"({EMOJI})|(?:[\p{{L}}\p{{N}}_](?!\u20e3)|[\p{{M}}--\u20e3])+", regex.V1)
_EMOJI: Final = regex.compile(EMOJI, regex.V1)
_ASCII_WORDS: Final = regex.compile(r"[a-z0-9_]+")
_DIGIT: Final = regex.compile("[0-9]")
_UNSPACED: Final = regex.compile(f"[{UNSPACED}]")
_GROUPS: Final = regex.compile(r"(?<= )[0-9]{1,3}(?: [0-9]{3})+(?= )")
"""A number whose thousands are parted, by whatever mark: between words, all of them are a space."""
_KEYCAPS: Final = regex.compile(r"(?: [0-9]\u20e3)+(?= )")
_LETTERS: Final = str.maketrans({"🅰": "a", "🅱": "b", "🅾": "o", "🆎": "ab", "🔟": "10"})
_DRAWN: Final = regex.compile("[\u20e3🅰🅱🅾🆎🔟]")
"""Emoji that stand for what is written: answers of a choice are given by them."""
_BELOW_ZERO: Final = regex.compile(r"(?<![\p{L}\p{N}])- ?[0-9]")
_INNER_APOSTROPHE: Final = regex.compile(r"(?<=[\p{L}\p{M}\p{N}])'(?=[\p{L}\p{N}])")
_REPEATED: Final = regex.compile(r"(?<= )([^ \p{L}\p{N}_]\S* )\1+", regex.V1)


class CommentText(Struct, frozen=True, gc=False):
    """One text as the rules read it.

    ``hashtags`` without ``#``; ``mentions`` distinct, in order, without ``@``; ``words`` all words but mentions and
    ``plain`` all words but mentions and hashtags; ``tokens`` and ``plain_tokens`` the same with emoji. Of each, words
    stand between single spaces, beginning and ending with one. ``folded`` is the whole text without mentions.
    """

    hashtags: frozenset[str]
    mentions: tuple[str, ...]
    words: str
    plain: str
    tokens: str
    plain_tokens: str
    folded: str


def handle_key(account: str, rules: PlatformRules = WIDE) -> str:
    """Return a handle or account id as it is compared: folded, without ``@`` and surrounding dots and spaces."""
    return rules.key(account)


def readable(text: str) -> str:
    """Return what is to be read of a text: without what nobody sees, and without addresses of pages."""
    text = seen(text)
    return _PAGE.sub(" ", text) if "/" in text or "www." in text else text


def mentions_of(whole: str, rules: PlatformRules = WIDE) -> tuple[str, ...]:
    """Return the distinct handles that a ``readable`` text mentions, in order."""
    if "@" not in whole:
        return ()
    mentions: dict[str, None] = {}
    for run in PATTERNS[rules.platform].mentions.findall(whole):
        for piece in (run[1:],) if rules.hosts else run[1:].split("@"):
            handle = rules.handle(piece)
            if handle:
                mentions[handle] = None
            if len(mentions) == MOST_MENTIONS:
                return tuple(mentions)
    return tuple(mentions)


def hashtags_of(whole: str, rules: PlatformRules = WIDE, *, bare: bool = False) -> frozenset[str]:
    """Return the hashtags of a ``readable`` text, as they are compared; ``bare`` are they without accents.

    Where emoji may be part of a hashtag, it is read with them, and as what stands before the first of them.
    """
    if "#" not in whole:
        return frozenset()
    found = set()
    patterns = PATTERNS[rules.platform]
    if rules.adjacent and "@" in whole:
        whole = patterns.mentions.sub(" ", whole)
    tags = chain.from_iterable(match.captures(1) for match in patterns.hashtags.finditer(whole))
    for tag in islice(tags, MOST_HASHTAGS):
        found.add(word_key(tag, bare=bare))
        if rules.emoji and (first := _EMOJI.search(tag)):
            found.add(word_key(tag[: first.start()], bare=bare))
    found.discard("")
    return frozenset(found)


def word_key(text: str, *, bare: bool = False) -> str:
    """Return a word, hashtag or text as it is compared; ``bare`` is it without accents."""
    return unaccented(comparable(text)) if bare else comparable(text)


def spaced(text: str) -> str:
    """Return the words of a compared text between single spaces."""
    if text.isascii():
        return f" {' '.join(_ASCII_WORDS.findall(text))} "
    return f" {' '.join(match[0] for match in _TOKENS.finditer(text) if match[1] is None)} "


def spaced_tokens(text: str) -> str:
    """Return the words and emoji of a compared text between single spaces."""
    if text.isascii():
        return spaced(text)
    return f" {' '.join(match[0] for match in _TOKENS.finditer(text))} "


def read_text(text: str, rules: PlatformRules = WIDE, *, bare: bool = False) -> CommentText:
    """Read one comment; ``bare`` is it without accents."""
    whole = readable(text)
    patterns = PATTERNS[rules.platform]
    mentions = mentions_of(whole, rules)
    rest = whole
    if "@" in whole:
        rest = _MAIL.sub(" ", patterns.mentions.sub(" ", whole))
    folded = word_key(rest, bare=bare)
    words, tokens = spaced(folded), spaced_tokens(folded)
    if "#" not in rest:
        return CommentText(frozenset(), mentions, words, words, tokens, tokens, folded)
    untagged = word_key(patterns.hashtags.sub(" ", rest), bare=bare)
    hashtags = hashtags_of(whole, rules, bare=bare)
    return CommentText(hashtags, mentions, words, spaced(untagged), tokens, spaced_tokens(untagged), folded)


def words_in(spaced_words: str) -> int:
    """Return how many words there are between the spaces; in scripts without spaces, every letter is one."""
    unspaced = 0 if spaced_words.isascii() else len(_UNSPACED.findall(spaced_words))
    if not unspaced:
        return len(spaced_words.split())
    return unspaced + len(_UNSPACED.sub(" ", spaced_words).split())


def words_said(reading: CommentText) -> int:
    """Return how many words a comment has besides mentions, hashtags and emoji; ``don't`` is one."""
    return words_in(reading.plain) - len(_INNER_APOSTROPHE.findall(reading.folded))


def _whole_numbers(spaced_words: str) -> str:
    """Return words with their numbers in one piece: ``1,000``, ``1.000`` and ``1 000`` are 1000."""
    whole: str = _GROUPS.sub(lambda number: number[0].replace(" ", ""), spaced_words)
    return whole


def _written(spaced_tokens: str) -> str:
    """Return the words of words and emoji, those that are drawn as emoji (``1️⃣0️⃣``, ``🅰️``) among them."""
    plain = _KEYCAPS.sub(lambda caps: f" {caps[0].replace(chr(0x20E3), '').replace(' ', '')}", spaced_tokens)
    return spaced(plain.translate(_LETTERS))


class Phrase(Struct, frozen=True, gc=False):
    """A keyword, ready to be looked for: in words, in words and emoji, or anywhere.

    ``numbers`` are its words where it has a number, in one piece; "" where it has none.
    """

    words: str
    tokens: str
    folded: str
    anywhere: bool
    numbers: str

    def is_in(self, reading: CommentText) -> bool:
        """Return whether a comment says it: as whole words and emoji, or anywhere if it has none or needs no spaces."""
        if self.anywhere:
            return self.folded in reading.folded
        if self.words != self.tokens:
            return self.tokens in reading.tokens
        return self.words in reading.words or (self.numbers != "" and self.numbers in _numbers_of(reading))


def _numbers_of(reading: CommentText) -> str:
    return _whole_numbers(_written(reading.tokens) if "\u20e3" in reading.tokens else reading.words)


def phrase_of(text: str, *, bare: bool = False) -> Phrase:
    """Prepare a keyword."""
    folded = word_key(text, bare=bare).strip()
    words, tokens = spaced(folded), spaced_tokens(folded)
    anywhere = not tokens.strip() or _UNSPACED.search(folded) is not None
    return Phrase(words, tokens, folded, anywhere, _whole_numbers(words) if _DIGIT.search(words) else "")


class Answer(Struct, frozen=True, gc=False):
    """An answer, ready to be compared: its words alone, or with its emoji where it has any.

    ``is_negative`` says that it is a number below zero, whose sign counts.
    """

    words: str
    tokens: str
    is_negative: bool

    def is_given_by(self, reading: CommentText) -> bool:
        """Return whether a comment says this and nothing else; the same emoji again changes nothing."""
        if self.is_negative and not _BELOW_ZERO.search(reading.folded):
            return False
        if self.words == self.tokens:
            if not self.words.strip():
                return False
            return self.words == reading.plain or self._is_written_by(reading)
        said: str = _REPEATED.sub(r"\1", reading.plain_tokens)
        return self.tokens == said

    def _is_written_by(self, reading: CommentText) -> bool:
        """Return whether a comment has the answer in other signs: thousands parted, or drawn as emoji."""
        drawn = _DRAWN.search(reading.plain_tokens) is not None
        if not drawn and not _DIGIT.search(self.words):
            return False
        said = _written(reading.plain_tokens) if drawn else reading.plain
        return _whole_numbers(self.words) == _whole_numbers(said)


def answer_of(text: str, *, bare: bool = False) -> Answer:
    """Prepare an answer."""
    folded = word_key(text, bare=bare)
    is_negative = _BELOW_ZERO.match(folded.strip()) is not None
    return Answer(spaced(folded), _REPEATED.sub(r"\1", spaced_tokens(folded)), is_negative)
