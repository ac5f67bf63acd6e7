"""What the address of a post, a comment or a profile says: the platform, whose it is, and the ids in it."""

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from streams.comparison import platform_key

_HOSTS: Final = {
    "instagram.com": "instagram",
    "instagr.am": "instagram",
    "tiktok.com": "tiktok",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "x.com": "x",
    "twitter.com": "x",
    "facebook.com": "facebook",
    "fb.com": "facebook",
    "twitch.tv": "twitch",
}
_PREFIXES: Final = re.compile(r"^(?:www|m|mobile|web|vm|l|business)\.")
_NAMES: Final = (
    ("instagram", "instagram"), ("tiktok", "tiktok"), ("youtube", "youtube"), ("twitter", "x"),
    ("facebook", "facebook"), ("twitch", "twitch"),
)  # fmt: skip
_SHORT: Final = {"ig": "instagram", "insta": "instagram", "yt": "youtube", "fb": "facebook", "tt": "tiktok"}
_ID_SHAPES: Final = (
    ("instagram", re.compile(r"1[78]\d{15}")),
    ("tiktok", re.compile(r"[67]\d{18}")),
    ("youtube", re.compile(r"Ug[\w-]{24}(?:\.[\w-]+)?")),
)
"""Comment ids as platforms number them; seen in their answers."""
_HYPERLINK: Final = re.compile(r'=HYPERLINK\(\s*"([^"]+)"', re.I)


class Link(Struct, frozen=True):
    """An address: "" stands for what it does not say. ``handle`` is the owner of the post, or of the profile."""

    platform: str = ""
    handle: str = ""
    post_id: str = ""
    comment_id: str = ""
    parent_id: str = ""
    channel_id: str = ""


NO_LINK: Final = Link()


def platform_of(name: str) -> str:
    """Return a platform as our events name it, from what tools call it (``TikTok Business``); "" for no name."""
    key = platform_key(name)
    whole = key.replace(" ", "")
    for word, platform in _NAMES:
        if word in whole:
            return platform
    if key in ("x", "x corp", "x.com"):
        return "x"
    return _SHORT.get(key, key)


def platform_of_id(comment_id: str) -> str:
    """Return the platform whose comment ids look like this one; "" where none is known."""
    for platform, shape in _ID_SHAPES:
        if shape.fullmatch(comment_id):
            return platform
    return ""


def link_of(text: str) -> Link:
    """Return what an address says; nothing where it is none of a platform that is known."""
    if not text:
        return NO_LINK
    bare = text.strip()
    if bare.startswith("="):
        formula = _HYPERLINK.match(bare)
        if formula is None:
            return NO_LINK
        bare = formula[1]
    if "/" not in bare or len(bare) > 2_000:
        return NO_LINK
    try:
        parts = urlsplit(bare if "://" in bare else f"https://{bare}")
    except ValueError:
        return NO_LINK
    platform = _HOSTS.get(_PREFIXES.sub("", (parts.hostname or "").lower()))
    if platform is None:
        return NO_LINK
    path = [part for part in parts.path.split("/") if part]
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    read = {
        "instagram": _instagram,
        "tiktok": _tiktok,
        "youtube": _youtube,
        "x": _x,
        "facebook": _facebook,
        "twitch": _twitch,
    }[platform]
    return read(path, query)


def _instagram(path: list[str], _: dict[str, str]) -> Link:
    handle = ""
    if len(path) > 2 and path[1] in ("p", "reel", "reels", "tv"):
        handle, *path = path
    if len(path) > 1 and path[0] in ("p", "reel", "reels", "tv"):
        _kind, post, *rest = path
        marks = dict(zip(rest[::2], rest[1::2], strict=False))
        reply = marks.get("r", "")
        comment = reply or marks.get("c", "")
        return Link("instagram", handle, post, comment, marks.get("c", "") if reply else "")
    if len(path) == 1 and path[0] not in ("p", "reel", "explore", "stories", "accounts"):
        return Link("instagram", path[0])
    return Link("instagram")


def _tiktok(path: list[str], query: dict[str, str]) -> Link:
    handle = path[0][1:] if path and path[0].startswith("@") else ""
    post = path[2] if len(path) > 2 and path[1] in ("video", "photo") else ""
    return Link("tiktok", handle, post, query.get("comment_id", "") or query.get("cid", ""))


def _youtube(path: list[str], query: dict[str, str]) -> Link:
    first, second = (*path, "", "")[:2]
    if first in ("shorts", "live", "embed", "v") and second:
        post = second
    elif first == "channel":
        return Link("youtube", channel_id=second)
    elif first.startswith("@"):
        return Link("youtube", first[1:])
    elif first in ("watch", "c", "user", "results", "playlist"):
        post = query.get("v", "")
    else:
        post = first
    comment = query.get("lc", "")
    return Link("youtube", "", post, comment, comment.partition(".")[0] if "." in comment else "")


def _x(path: list[str], _: dict[str, str]) -> Link:
    handle = path[0] if path and path[0] not in ("i", "home", "search", "hashtag") else ""
    post = path[2] if len(path) > 2 and path[1] == "status" else ""
    return Link("x", handle.lstrip("@"), post)


def _facebook(path: list[str], query: dict[str, str]) -> Link:
    post = next((path[at + 1] for at, part in enumerate(path[:-1]) if part in ("posts", "videos", "reel")), "")
    post = post or query.get("story_fbid", "") or query.get("fbid", "") or query.get("v", "")
    handle = path[0] if path and path[0] not in ("permalink.php", "photo.php", "watch", "reel", "groups") else ""
    reply = query.get("reply_comment_id", "")
    comment = query.get("comment_id", "")
    return Link("facebook", "" if handle == "profile.php" else handle, post, reply or comment, comment if reply else "")


def _twitch(path: list[str], _: dict[str, str]) -> Link:
    return Link("twitch", path[0] if len(path) == 1 else "", path[1] if len(path) > 1 else "")
