"""Which handles and hashtags a platform knows: letters, lengths, and what may stand around them.

Sources, read in 2026. Instagram: https://help.instagram.com/370452623149242 (30 characters; letters, numbers, periods,
underscores) and https://help.instagram.com/351460621611097 (hashtags: numbers, no special characters; emoji). TikTok:
https://support.tiktok.com/en/getting-started/setting-up-your-profile/changing-your-username (letters, numbers,
underscores, periods but at the end; 2 to 24). X: https://help.x.com/en/managing-your-account/x-username-rules (15;
letters, numbers, underscores) and twitter/twitter-text, conformance/extract.yml (what stands around mentions and
hashtags, and which marks of scripts hashtags may have). YouTube: https://support.google.com/youtube/answer/11585688 (3
to 30, fewer in some scripts; letters and numbers of 75 languages, Latin with no other script; ``_ - . ·`` inside).
Facebook: https://www.facebook.com/help/105399436216001 (letters, numbers, periods that do not count; 5 at least).
Twitch: the sign-up form (4 to 25; letters, numbers, underscores, none at the beginning). Threads: its accounts are
Instagram's. Mastodon: USERNAME_RE and MENTION_RE of mastodon/mastodon, app/models/account.rb.
Where no source says it, the reading that loses nobody was chosen: docs/giveaway.md, "Handles and hashtags".
"""

from typing import Final

import regex
from msgspec import Struct

from streams.comparison import comparable, platform_key

EMOJI: Final = (
    r"(?:\p{Regional_Indicator}{2}|[0-9#*]\u20e3|🏴[\U000e0020-\U000e007f]+"
    r"|\p{Extended_Pictographic}(?:\u200d\p{Extended_Pictographic})*)"
)
"""One emoji, whole (UTS #51), in a text without selectors and skin tones."""
UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts that are written without spaces: inside of a class."""
_TAG_MARKS: Final = "\ua67e\u05be\u05f3\u05f4\u301c\uff5e\u30a0\u30fb\u3003\u0f0b\u0f0c\u00b7\u309b\u309c"
"""What hashtags may have besides letters, marks, numbers and ``_``: hashtagSpecialChars of twitter-text."""
_TAG: Final = rf"(?:[\p{{L}}\p{{N}}_{_TAG_MARKS}](?!\u20e3)|\p{{M}})"
_LONGEST: Final = 256


class PlatformRules(Struct, frozen=True, kw_only=True):
    """The rules of one platform.

    Handles have ASCII letters and digits (``is_ascii``) or those of any script, and ``marks``, of which those of
    ``not_first`` and ``not_last`` do not begin and end one. ``dots`` says whether two dots may follow each other, and
    ``dots_count`` whether they are part of a name. A hashtag may be ``adjacent`` to the one before it and to letters of
    scripts without spaces; it may have ``emoji``, and ``needs_letter`` or not.
    """

    platform: str
    shortest: int = 1
    longest: int
    is_ascii: bool = True
    marks: str
    not_first: str = ""
    not_last: str = ""
    dots: bool = True
    dots_count: bool = True
    adjacent: bool = True
    emoji: bool = False
    needs_letter: bool = False
    hosts: bool = False
    """Whether a mention may name the server of an account: ``@mia@example.social`` is one person."""

    def handle(self, piece: str) -> str | None:
        """Return the handle, as it is compared, that follows an ``@``; None where the platform can have none such.

        Args:
            piece: all characters behind the ``@`` that may stand in handles.
        """
        if self.hosts and "@" in piece:
            name, _, host = piece.partition("@")
            return self.key(f"{name}@{host}") if name[0] not in self.not_first else None
        if not self.dots:
            piece = piece.partition("..")[0]
        piece = piece.rstrip(self.not_last)
        if not piece or piece[0] in self.not_first or len(piece) > self.longest:
            return None
        if len(piece) < self.shortest and piece.isascii():
            return None
        return self.key(piece)

    def key(self, name: str) -> str:
        """Return a handle or account id as it is compared here: without ``@``, and blanks and dots around it."""
        found = comparable(name).strip().lstrip("@").rstrip(".-·")
        return found if self.dots_count else found.replace(".", "")


WIDE: Final = PlatformRules(
    platform="", longest=_LONGEST, is_ascii=False, marks="_.-·", not_first=".-·", not_last=".-·"
)
"""For platforms of which nothing is known."""
_KNOWN: Final = (
    PlatformRules(platform="instagram", longest=30, marks="_.", not_first=".", not_last=".", dots=False, emoji=True),
    PlatformRules(platform="tiktok", shortest=2, longest=24, marks="_.", not_last=".", emoji=True),
    PlatformRules(platform="x", longest=15, marks="_", adjacent=False, needs_letter=True),
    PlatformRules(
        platform="youtube",
        shortest=3,
        longest=30,
        is_ascii=False,
        marks="_.-·",
        not_first="_.-·",
        not_last="_.-·",
    ),
    PlatformRules(
        platform="facebook",
        shortest=5,
        longest=50,
        marks=".",
        not_first=".",
        not_last=".",
        dots_count=False,
        adjacent=False,
        needs_letter=True,
    ),
    PlatformRules(platform="twitch", shortest=4, longest=25, marks="_", not_first="_"),
    PlatformRules(platform="threads", longest=30, marks="_.", not_first=".", not_last=".", dots=False, emoji=True),
    PlatformRules(
        platform="mastodon",
        longest=_LONGEST,
        marks="_.-",
        not_first=".-",
        not_last=".-",
        adjacent=False,
        needs_letter=True,
        hosts=True,
    ),
)
PLATFORMS: Final = {rules.platform: rules for rules in _KNOWN}
"""The rules by platform, as ``platform_key`` has it."""
_OTHER_NAMES: Final = {"twitter": "x", "ig": "instagram", "yt": "youtube", "fb": "facebook"}


def platform_name(platform: str) -> str:
    """Return the name of a platform as rules and lists have it: folded, ``twitter`` as ``x``."""
    name = platform_key(platform)
    return _OTHER_NAMES.get(name, name)


def rules_of(platform: str) -> PlatformRules:
    """Return the rules of a platform, in any spelling; the wide ones for others."""
    return PLATFORMS.get(platform_name(platform), WIDE)


class Patterns(Struct, frozen=True):
    """What finds the mentions and hashtags of one platform in a text that ``seen`` has made."""

    mentions: regex.Pattern[str]
    hashtags: regex.Pattern[str]


_AFTER_WORD: Final = r"(?<![A-Za-z0-9_\p{Latin}])"
_NO_ACCENT: Final = r"(?![\p{Latin}]|[\p{M}--\u20e3])"


def _mentions_of(rules: PlatformRules) -> str:
    """Return a pattern of one mention, or of several that follow each other without anything between them."""
    marks = regex.escape(rules.marks, special_only=False)
    if rules.platform == "x":
        # twitter-text: validMentionPrecedingChars, endMentionMatch.
        before = r"(?:(?<![A-Za-z0-9_!#$%&*@\p{Latin}])|(?<=(?:^|[^A-Za-z0-9_+~.\-])[Rr][Tt]:?))"
        return before + r"@(?:[A-Za-z_]|[0-9](?!\u20e3))++(?![@]|://)" + _NO_ACCENT
    if rules.hosts:
        name = rf"(?:[A-Za-z{marks}]|[0-9](?!\u20e3))++"
        return rf"(?<![\p{{L}}\p{{N}}_=])@{name}(?:@[A-Za-z0-9\-]++(?:\.[A-Za-z0-9\-]++)+)?{_NO_ACCENT}"
    if rules.is_ascii:
        return _AFTER_WORD + rf"(?:@(?:[A-Za-z{marks}]|[0-9](?!\u20e3))++{_NO_ACCENT})+"
    # A name that begins with Latin letters ends where another script begins: what follows is a particle or a word.
    latin = rf"(?:[0-9{marks}](?!\u20e3))*+\p{{Latin}}(?:[\p{{Latin}}0-9{marks}](?!\u20e3)|[\p{{M}}--\u20e3])*+"
    other = rf"(?:[\p{{L}}\p{{N}}{marks}](?!\u20e3)|[\p{{M}}--\u20e3])++"
    before = rf"(?:(?<![\p{{L}}\p{{N}}_])|(?<=[{UNSPACED}\p{{Hangul}}]))"
    return before + rf"(?:@(?:{latin}|{other}))+"


def _hashtags_of(rules: PlatformRules) -> str:
    letter = rf"(?=[\p{{N}}\p{{M}}_{_TAG_MARKS}]*\p{{L}})" if rules.needs_letter else ""
    tag = rf"(?:{EMOJI}|{_TAG})++" if rules.emoji else rf"{_TAG}++"
    if not rules.adjacent:
        return rf"(?<![\p{{L}}\p{{M}}\p{{N}}_&{_TAG_MARKS}])\#(?!\u20e3){letter}({tag})(?!\#|://)"
    before = rf"(?:(?<![\p{{L}}\p{{N}}_&])|(?<=[{UNSPACED}]))"
    return rf"{before}(?:\#(?!\u20e3)({tag}))+"


def _compiled(rules: PlatformRules) -> Patterns:
    flags = regex.V1
    return Patterns(regex.compile(_mentions_of(rules), flags), regex.compile(_hashtags_of(rules), flags))


PATTERNS: Final = {rules.platform: _compiled(rules) for rules in (*_KNOWN, WIDE)}
"""By the rules' platform; "" are the wide ones."""
