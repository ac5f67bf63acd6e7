"""Where a comment can be looked at: addresses made of a platform's ids, for the platforms that have such addresses.

YouTube: ``watch?v=VIDEO&lc=COMMENT``. X: a reply is a post of its own. Facebook: ``/POST?comment_id=COMMENT``.
Instagram: ``/p/SHORTCODE/c/COMMENT/``; a post's numeric id is its shortcode in base 64. TikTok and Twitch have none.
"""

import re
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.\-]{1,128}")
_NUMBER: Final = re.compile(r"[0-9]{1,20}")
_MEDIA: Final = re.compile(r"([0-9]{15,20})(?:_[0-9]{1,20})?")
_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def link_of(platform: str, post_id: str, comment_id: str) -> str:
    """Return the address of a comment, or "" where none is known; ids that are no ids of the platform give none."""
    if not _PLAIN.fullmatch(post_id) or not _PLAIN.fullmatch(comment_id):
        return ""
    match platform.lower():
        case "youtube":
            return f"https://www.youtube.com/watch?v={post_id}&lc={comment_id}"
        case "x" | "twitter" if _NUMBER.fullmatch(comment_id):
            return f"https://x.com/i/status/{comment_id}"
        case "facebook" if _NUMBER.fullmatch(comment_id):
            return f"https://www.facebook.com/{post_id}?comment_id={comment_id}"
        case "instagram" if _NUMBER.fullmatch(comment_id):
            media = _MEDIA.fullmatch(post_id)
            return f"https://www.instagram.com/p/{_shortcode(int(media[1])) if media else post_id}/c/{comment_id}/"
    return ""


def _shortcode(number: int) -> str:
    found = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        found = _DIGITS[digit] + found
    return found
