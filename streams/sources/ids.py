"""Event ids from the platforms' own ids: the same whether an event came by hook, by poll or from a file.

The key of duplicates is (topic, platform, event id). Shops share the platform ``shop``, and several of them number
orders from 1: their ids begin with the name of the source.
"""

import hashlib
import hmac
import re
from typing import Final

from models.times import MINUTE_MS

SHOP: Final = "shop"
"""The platform of every shop, whatever its system."""
_DIGEST_BYTES: Final = 16


_OF_SHOP: Final = re.compile(r"([A-Za-z0-9._-]{1,64}):(?:order|purchase|refund|cancelled):")

_OF_REFUND: Final = re.compile(r"[A-Za-z0-9._-]{1,64}:refund:([^\n]+)")


def shop_of(event_id: str) -> str:
    """Return the shop that an order's event id begins with: ``woo-at`` of ``woo-at:order:727``, or nothing.

    Shops number their orders from 1: an order's number is one order only within its shop.
    """
    found = _OF_SHOP.match(event_id)
    return found[1] if found else ""


def refund_of(event_id: str) -> str:
    """Return a shop's own refund id, of ``woo-at:refund:728``, or nothing: two ids are two refunds, however equal."""
    found = _OF_REFUND.match(event_id)
    return found[1] if found else ""


def of_order(source: str, order_id: str) -> str:
    """Return the id of an order's purchase, such as ``woo-at:order:727``."""
    return f"{source}:order:{order_id}"


def of_refund(source: str, refund_id: str) -> str:
    """Return the id of a refund, by the shop's own refund id."""
    return f"{source}:refund:{refund_id}"


def of_cancellation(source: str, order_id: str) -> str:
    """Return the id of what takes an unpaid, cancelled order back: the shop has no refund of it."""
    return f"{source}:cancelled:{order_id}"


def of_counts(post_id: str, at_ms: int, of: str = "stats") -> str:
    """Return the id of a snapshot of a post's counts: two of the same minute are one."""
    return f"{of}:{post_id}:{at_ms // MINUTE_MS}"


def of_change(object_id: str, at: str | int) -> str:
    """Return the id of a later event about something that has been told once: an edit, an unhiding."""
    return f"{object_id}@{at}"


def of_removal(object_id: str) -> str:
    """Return the id of the removal of what has no id for its removal."""
    return f"deleted:{object_id}"


def of_tiktok_comment(comment_id: str) -> str:
    """Return the id of a TikTok comment."""
    return f"comment:{comment_id}"


def of_tiktok_removal(comment_id: str, at_ms: int) -> str:
    """Return the id of a removal: a comment may be hidden, shown and hidden again."""
    return f"comment:{comment_id}:{at_ms}"


def of_gleam_entry(entry_id: str) -> str:
    """Return the id of an action in a Gleam campaign."""
    return f"gleam:{entry_id}"


def of_ga4_order(transaction_id: str) -> str:
    """Return the id of a purchase that Google Analytics tells of."""
    return f"ga4:purchase:{transaction_id}"


def of_ga4_refund(order: str) -> str:
    """Return the id of a refund that Google Analytics tells of: it has the shop of the purchases, and meets its own."""
    return f"ga4:refund:{order}"


def of_ga4_session(client_id: str, session_id: str) -> str:
    """Return the id of a visit: one click a session, however many pages."""
    return f"ga4:session:{client_id}:{session_id}"


def of_cloud_event(source: str, event_id: str) -> str:
    """Return the id of a CloudEvent: its ``id`` is unique within its ``source`` only."""
    return f"{source}#{event_id}"


def of_content(*parts: str) -> str:
    """Return an id for what has none of its own: a hash of what makes it itself, 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:%b" % (len(encoded), encoded))
    return digest.hexdigest()


def for_campaign(event_id: str, campaign_id: str) -> str:
    """Return the id of one of several copies: the key of duplicates has no campaign in it."""
    return f"{event_id}@{campaign_id}"


def of_person(address: str, key: bytes) -> str:
    """Return a stable pseudonym of an e-mail address, ``e:`` and 24 hexadecimal digits.

    HMAC-SHA256 of the address without blanks around it and in lower case: without the key, nobody can try addresses.
    """
    text = address.strip().casefold().encode("utf-8", "surrogatepass")
    return "e:" + hmac.new(key, text, hashlib.sha256).hexdigest()[:24]


def of_account(name: str) -> str:
    """Return a person's id where names tell people apart: without @, in lower case.

    Instagram's numbers differ between business accounts; the name is what a webhook, a poll and an export share.
    """
    return name.strip().lstrip("@").lower()
