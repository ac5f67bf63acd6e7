"""The options of ``campaign-pulse import``, checked: what the user says about files that do not say it themselves."""

from typing import Any, Final

from agents.cli.common import UsageFailure
from models.campaigns import CampaignDefinition
from models.currencies import CURRENCIES, WITHDRAWN
from streams.comparison import comparable
from streams.imports.campaign import ImportOptions
from streams.imports.links import platform_of
from streams.imports.moments import DayOrder, zone_of
from streams.imports.numbers import DecimalMark
from streams.imports.tables import FieldMap

_ORDERS: Final[dict[str, DayOrder | None]] = {"": None, "dmy": "dmy", "mdy": "mdy"}
_MARKS: Final[dict[str, DecimalMark | None]] = {"": None, "point": ".", "comma": ","}


def options_from(
    definition: CampaignDefinition,
    field_map: FieldMap | None,
    *,
    zone: str | None,
    influencer: str,
    posts: tuple[str, ...],
    platform: str,
    shop: str,
    currency: str,
    dates: str,
    decimal: str,
    as_of_ms: int | None,
    person_key: bytes,
) -> ImportOptions:
    """Return the options; those of the map count where the command line says nothing.

    Ends the command where a value is none; the message names option and value.
    """
    said: dict[str, Any] = {
        "influencer": _influencer(definition, influencer),
        "shop": shop,
        "as_of_ms": as_of_ms,
        "person_key": person_key,
    }
    stated = FieldMap(kind="comments", columns={}) if field_map is None else field_map
    if zone_name := zone or stated.zone:
        try:
            said["zone"] = zone_of(zone_name)
        except ValueError as error:
            raise UsageFailure(f"--zone: {error}") from None
    code = (currency or stated.currency).upper()
    if code and code not in CURRENCIES and code not in WITHDRAWN:
        raise UsageFailure(f"--currency: {code!r} is not in ISO 4217")
    order = dates or stated.dates
    if order not in _ORDERS:
        raise UsageFailure(f"dates: {order!r} is neither dmy nor mdy")
    mark = decimal or stated.decimal
    if mark not in _MARKS:
        raise UsageFailure(f"decimal: {mark!r} is neither point nor comma")
    return ImportOptions(
        **said,
        currency=code,
        order=_ORDERS[order],
        decimal=_MARKS[mark],
        platform=platform_of(platform or stated.platform),
        posts=dict(_post(text) for text in posts),
    )


def _influencer(definition: CampaignDefinition, name: str) -> str:
    if not name:
        return ""
    key = comparable(name).lstrip("@")
    for each in definition.influencers:
        if key in (comparable(each.influencer_id), comparable(each.handle).lstrip("@")):
            return each.influencer_id
    ids = ", ".join(each.influencer_id for each in definition.influencers)
    raise UsageFailure(f"--influencer: {name!r} is none of the campaign's: {ids}")


def _post(text: str) -> tuple[str, str]:
    # An address may have a = of its own; an id has none.
    name, mark, post_id = text.rpartition("=")
    if not post_id or (mark and not name):
        raise UsageFailure(f"--post: {text!r} is neither ID nor NAME=ID")
    return (name, post_id) if mark else ("", text)
