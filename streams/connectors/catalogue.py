"""Every kind of source: how it signs, what it maps, what it wants as an answer."""

from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from models.sources import KINDS, SignatureRules, SourceKind
from streams.connectors import (
    analytics,
    envelopes,
    forms,
    generic,
    meta,
    shopify,
    stripe,
    suites,
    tiktok,
    twitch,
    woocommerce,
    x,
    youtube,
)
from streams.connectors.drafts import Mapper


class Connector(Struct, frozen=True, kw_only=True):
    """One kind of source.

    ``schemes`` are its signatures; without any, its address holds the secret or a key is asked for. ``success`` is the
    status it takes for success, ``retries`` whether it sends again what failed.
    """

    kind: SourceKind
    title: str
    read: Mapper
    schemes: tuple[SignatureRules, ...] = ()
    success: int = 200
    retries: bool = True
    is_hook: bool = True


_META: Final = SignatureRules(header="X-Hub-Signature-256", prefix="sha256=")
_YOUTUBE: Final = tuple(
    SignatureRules(header="X-Hub-Signature", prefix=f"{digest}=", digest=digest)
    for digest in ("sha1", "sha256", "sha384", "sha512")
)
_STANDARD: Final = SignatureRules(
    header="webhook-signature",
    encoding="base64",
    layout="versions",
    signed="{id}.{timestamp}.{body}",
    timestamp_header="webhook-timestamp",
    id_header="webhook-id",
    tolerance_seconds=300,
    key_form="base64",
)
_SVIX: Final = replace(_STANDARD, header="svix-signature", timestamp_header="svix-timestamp", id_header="svix-id")
"""The same scheme under the names that Svix sends by default (docs.svix.com, "Verifying Webhooks Manually")."""
_TWITCH: Final = SignatureRules(
    header="Twitch-Eventsub-Message-Signature",
    prefix="sha256=",
    signed="{id}{timestamp}{body}",
    timestamp_header="Twitch-Eventsub-Message-Timestamp",
    id_header="Twitch-Eventsub-Message-Id",
    tolerance_seconds=600,
)
_TIKTOK: Final = SignatureRules(
    header="TikTok-Signature",
    layout="pairs",
    key="s",
    signed="{timestamp}.{body}",
    tolerance_seconds=300,
    late="noted",  # it sends again for 72 hours, and does not say whether it signs anew
)
_STRIPE: Final = SignatureRules(
    header="Stripe-Signature", layout="pairs", signed="{timestamp}.{body}", tolerance_seconds=300
)

_CONNECTORS: Final = (
    Connector(kind="cloudevents", title="CloudEvents", read=envelopes.read_cloudevents, is_hook=False),
    Connector(kind="events", title="Own events", read=envelopes.read_events, is_hook=False),
    Connector(
        kind="ga4", title="Google Analytics 4", read=analytics.read_ga4, success=204, retries=False, is_hook=False
    ),
    Connector(kind="generic", title="A described source", read=generic.read),
    Connector(kind="gleam", title="Gleam", read=forms.read_gleam, success=201, retries=False),
    Connector(kind="hootsuite", title="Hootsuite", read=suites.read_hootsuite, is_hook=False),
    Connector(kind="instagram", title="Instagram and Facebook", read=meta.read, schemes=(_META,)),
    Connector(
        kind="segment",
        title="Segment and RudderStack",
        read=analytics.read_segment,
        schemes=(SignatureRules(header="X-Signature", digest="sha1"),),
    ),
    Connector(
        kind="shopify",
        title="Shopify",
        read=shopify.read,
        schemes=(SignatureRules(header="X-Shopify-Hmac-Sha256", encoding="base64"),),
    ),
    Connector(kind="sprout", title="Sprout Social", read=suites.read_sprout, is_hook=False),
    Connector(kind="standard", title="Standard Webhooks", read=envelopes.read_standard, schemes=(_STANDARD, _SVIX)),
    Connector(kind="stripe", title="Stripe", read=stripe.read, schemes=(_STRIPE,)),
    Connector(
        kind="sweepwidget",
        title="SweepWidget",
        read=forms.read_sweepwidget,
        schemes=(SignatureRules(header="X-SweepWidget-Signature", prefix="sha256="),),
        retries=False,
    ),
    Connector(kind="tiktok", title="TikTok", read=tiktok.read, schemes=(_TIKTOK,)),
    Connector(kind="traackr", title="Traackr", read=suites.read_traackr, is_hook=False),
    Connector(kind="twitch", title="Twitch", read=twitch.read, schemes=(_TWITCH,)),
    Connector(kind="viralsweep", title="ViralSweep", read=forms.read_viralsweep, retries=False),
    Connector(
        kind="woocommerce",
        title="WooCommerce",
        read=woocommerce.read,
        schemes=(SignatureRules(header="X-WC-Webhook-Signature", encoding="base64", key_form="html"),),
        retries=False,
    ),
    Connector(
        kind="x",
        title="X",
        read=x.read,
        schemes=(SignatureRules(header="x-twitter-webhooks-signature", prefix="sha256=", encoding="base64"),),
    ),
    Connector(kind="youtube", title="YouTube", read=youtube.read, schemes=_YOUTUBE),
)
CATALOGUE: Final[dict[SourceKind, Connector]] = {each.kind: each for each in _CONNECTORS}
ALIASES: Final[dict[str, SourceKind]] = {
    "meta": "instagram",
    "facebook": "instagram",
    "woo": "woocommerce",
    "twitter": "x",
    "rudderstack": "segment",
    "ga": "ga4",
    "standard-webhooks": "standard",
    "standardwebhooks": "standard",
    "cloudevent": "cloudevents",
    "own": "events",
}
assert set(CATALOGUE) == set(KINDS)


@lru_cache(maxsize=256)
def kind_named(name: str) -> SourceKind | None:
    """Return the kind that the name of a source says: ``shopify-main`` and ``shopify`` are of the kind ``shopify``."""
    text = name.lower()
    candidates: dict[str, SourceKind] = {**{kind: kind for kind in KINDS}, **ALIASES}
    fitting = [known for known in candidates if text == known or text.startswith((known + "-", known + "_"))]
    return candidates[max(fitting, key=len)] if fitting else None
