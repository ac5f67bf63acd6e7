"""Accounts as people write them into lists: handles, ids, addresses of profiles, with a platform or without."""

from typing import Final

import regex
from msgspec import Struct

from streams.comparison import seen
from streams.ledger.platform_rules import PLATFORMS, platform_name, rules_of

_HOSTS: Final = {
    "instagram.com": "instagram",
    "tiktok.com": "tiktok",
    "x.com": "x",
    "twitter.com": "x",
    "youtube.com": "youtube",
    "facebook.com": "facebook",
    "fb.com": "facebook",
    "twitch.tv": "twitch",
    "threads.net": "threads",
    "threads.com": "threads",
}
_ADDRESS: Final = regex.compile(
    r"(?:https?://)?(?:www\.|m\.|web\.|mobile\.)?(?P<host>[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.[a-z]{2,})/(?P<path>.*)",
    regex.I,
)
_PROFILE_ID: Final = regex.compile(r"profile\.php\?(?:.*&)?id=(?P<id>[0-9]+)")
_NO_PROFILES: Final = frozenset(
    {
        *("p", "reel", "reels", "stories", "explore", "tv", "share", "watch", "shorts", "playlist", "feed", "hashtag"),
        *("tag", "i", "intent", "home", "search", "groups", "events", "pages", "videos", "photo", "photo.php"),
        *("story.php", "permalink.php", "c", "user"),
    }
)
"""What the addresses of other things than profiles begin with."""
_LIST: Final = regex.compile(r"[\s;,|]")


class Account(Struct, frozen=True):
    """An account of a list. ``platform`` is "" for every one; ``is_handle`` says that it cannot be an id."""

    platform: str
    name: str
    is_handle: bool

    @property
    def key(self) -> str:
        """The name as it is compared on its platform."""
        return rules_of(self.platform).key(self.name)

    def is_on(self, platform: str) -> bool:
        """Return whether the account is meant on a platform (its ``platform_name``)."""
        return self.platform in ("", platform)


def account_of(text: str) -> Account:
    """Read one account: ``@mia``, ``mia``, an author id, ``instagram/@mia``, or the address of a profile.

    Raises:
        ValueError: it is a list, a mail address, the address of something else, or of a platform that is not known.
    """
    name = seen(text).strip()
    if not name.strip("@"):
        raise ValueError("is empty")
    if _LIST.search(name):
        raise ValueError("is more than one account: write each as an entry of its own")
    if match := _ADDRESS.fullmatch(name):
        return _of_profile(match["host"].lower(), match["path"])
    if "://" in name:
        raise ValueError("is an address, but of no profile that is known: write the handle")
    platform, slash, rest = name.partition("/")
    if slash and rest and (rest.startswith("@") or platform_name(platform) in PLATFORMS):
        if not platform or "@" in platform:
            raise ValueError("is no account: write @handle, or platform/@handle")
        return Account(platform_name(platform), rest, rest.startswith("@"))
    if "@" in name[1:]:
        raise ValueError("has an @ inside, as mail addresses and lists have: write one handle or author_id")
    return Account("", name, name.startswith("@"))


def _of_profile(host: str, path: str) -> Account:
    platform = _HOSTS.get(host)
    if platform is None:
        raise ValueError(f"is an address of {host}, whose profiles are not known: write the handle")
    if match := _PROFILE_ID.match(path):
        return Account(platform, match["id"], is_handle=False)
    first, *others = [part for part in regex.split(r"[/?#]", path) if part] or [""]
    if platform == "youtube" and first == "channel" and others:
        return Account(platform, others[0], is_handle=False)
    if not first or first.lower() in _NO_PROFILES or (others and not regex.search(r"[?#]|/$", path) and others[0]):
        raise ValueError("is the address of no profile: write the handle")
    return Account(platform, first.lstrip("@"), is_handle=True)


def accounts_of(texts: tuple[str, ...] | list[str]) -> list[Account]:
    """Return the accounts of a list in force; what cannot be read, in a list of long ago, is an id as it stands."""
    found = []
    for text in texts:
        try:
            found.append(account_of(text))
        except ValueError:
            found.append(Account("", text, is_handle=False))
    return found
