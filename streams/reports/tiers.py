"""Tiers of creators by followers, and the engagement rates that are usual for them.

There is no standard of either. The tiers are those of Untapper (https://untapper.com/influencer-marketing-benchmarks,
2026), as are the bands; other vendors' bands differ from these by up to a factor of two, which the report says. Both
can be replaced by a table of one's own.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0, le=1)]


class Tier(Struct, frozen=True, forbid_unknown_fields=True):
    """Creators with at least so many followers, up to the next tier."""

    name: str
    from_followers: Annotated[int, Meta(ge=0)]


class Band(Struct, frozen=True, forbid_unknown_fields=True):
    """The usual engagement rate by followers of a post, of one tier on one platform; shares, 0.03 is 3 %."""

    platform: str
    tier: str
    least: Share
    most: Share


class Bands(Struct, frozen=True, forbid_unknown_fields=True):
    """Tiers and their bands, with where they come from and of when they are."""

    source: str
    dated: str
    tiers: tuple[Tier, ...]
    bands: tuple[Band, ...] = ()

    def __post_init__(self) -> None:
        """Refuse tiers that do not rise from 0, and bands of tiers that do not exist.

        Raises:
            ValueError: the field and the value that are wrong.
        """
        starts = [tier.from_followers for tier in self.tiers]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise ValueError(f"tiers: from_followers must rise from 0, not {starts}")
        names = {tier.name for tier in self.tiers}
        for band in self.bands:
            if band.tier not in names:
                raise ValueError(f"bands: there is no tier {band.tier!r}")
            if band.least > band.most:
                raise ValueError(f"bands: least {band.least} is above most {band.most}")

    def tier_of(self, followers: int | None) -> str | None:
        """Return the tier of somebody with so many followers; None when they are not known."""
        if followers is None:
            return None
        return [tier.name for tier in self.tiers if tier.from_followers <= followers][-1]

    def band_of(self, platform: str, tier: str | None) -> Band | None:
        """Return what is usual there, where the table says it."""
        found = (each for each in self.bands if each.platform == platform.casefold() and each.tier == tier)
        return next(found, None)


def _bands(platform: str, shares: Sequence[tuple[str, float, float]]) -> tuple[Band, ...]:
    return tuple(Band(platform, tier, least, most) for tier, least, most in shares)


DEFAULT_BANDS: Final = Bands(
    source="Untapper, https://untapper.com/influencer-marketing-benchmarks",
    dated="2026",
    tiers=(
        Tier("nano", 0),
        Tier("micro", 10_000),
        Tier("mid", 50_000),
        Tier("macro", 500_000),
        Tier("mega", 1_000_000),
    ),
    bands=(
        *_bands(
            "instagram",
            [
                ("nano", 0.03, 0.05),
                ("micro", 0.02, 0.035),
                ("mid", 0.015, 0.025),
                ("macro", 0.01, 0.018),
                ("mega", 0.007, 0.012),
            ],
        ),
        *_bands(
            "tiktok",
            [
                ("nano", 0.06, 0.1),
                ("micro", 0.04, 0.07),
                ("mid", 0.03, 0.05),
                ("macro", 0.02, 0.035),
                ("mega", 0.01, 0.02),
            ],
        ),
    ),
)
