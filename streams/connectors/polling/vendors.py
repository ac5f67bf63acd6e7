"""Every API that is polled, by the beginning of its sources' names: ``shopify-main`` is polled as Shopify."""

from typing import Final

from streams.connectors.polling import (
    hootsuite,
    instagram,
    shopify,
    sprout,
    tiktok,
    traackr,
    woocommerce,
    x,
    youtube,
)
from streams.connectors.polling.asking import Vendor

VENDORS: Final[dict[str, Vendor]] = {
    each.name: each
    for each in (
        hootsuite.VENDOR,
        instagram.VENDOR,
        shopify.VENDOR,
        sprout.VENDOR,
        tiktok.VENDOR,
        tiktok.DISPLAY,
        traackr.VENDOR,
        woocommerce.VENDOR,
        x.VENDOR,
        youtube.VENDOR,
    )
}
_ALIASES: Final = {"woo": "woocommerce", "twitter": "x", "meta": "instagram"}


def vendor_of(source: str) -> Vendor | None:
    """Return how a source is polled; None where its name begins with nothing that is."""
    names = {**{name: name for name in VENDORS}, **_ALIASES}
    fitting = [name for name in names if source == name or source.startswith(name + "-")]
    return VENDORS[names[max(fitting, key=len)]] if fitting else None


def own_part(source: str) -> str:
    """Return what a source's name has of its own: ``ana`` of ``tiktok-ana`` and of ``tiktok-display-ana``."""
    vendor = vendor_of(source)
    if vendor is None:
        return ""
    beginnings = [vendor.name, *(alias for alias, name in _ALIASES.items() if name == vendor.name)]
    return next((source[len(each) + 1 :] for each in beginnings if source.startswith(each + "-")), "")
