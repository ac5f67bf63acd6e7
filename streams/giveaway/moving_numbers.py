"""The numbers of a giveaway as they are given out."""

from collections.abc import Mapping

from msgspec import Struct

from models.giveaway import ENTRY_REASONS, GiveawayStatus
from models.rollups import GiveawayRollup
from streams.columns.arrays import I64
from streams.giveaway.rules import RuleBook


class GiveawayNumbers(Struct, frozen=True, kw_only=True):
    """Arrays by influencer, and what of the campaign is not their sum; each is to be multiplied by 2^``level``."""

    verdicts: I64
    reasons: I64
    chances: I64
    bonus: I64
    entrants: I64
    all_entrants: int
    tagged: I64
    all_tagged: int
    per_minute: I64
    level: int


def rollups_of(
    numbers: GiveawayNumbers, names: Mapping[str, int], book: RuleBook, campaign_id: str, as_of_ms: int
) -> list[GiveawayRollup]:
    """Return the campaign's rollup, and that of each influencer (``names``, with their places in the arrays)."""

    def rollup(
        influencer_id: str, verdicts: I64, reasons: I64, entrants: int, tagged: int, *sums: int
    ) -> GiveawayRollup:
        scale = 1 << numbers.level
        chances, bonus, per_minute = (scale * int(each) for each in sums)
        valid, duplicate, _, withdrawn = (scale * verdicts).tolist()
        return GiveawayRollup(
            campaign_id=campaign_id,
            influencer_id=influencer_id,
            as_of_ms=as_of_ms,
            status=status_of(book, as_of_ms),
            opens_ms=book.opens_ms,
            closes_ms=book.closes_ms,
            time_left_ms=max(0, book.closes_ms - as_of_ms),
            entries=scale * int(verdicts.sum()),
            valid_entries=valid,
            duplicate_entries=duplicate,
            invalid_entries={
                reason: scale * number for reason, number in zip(ENTRY_REASONS, reasons.tolist(), strict=True) if number
            },
            withdrawn_entries=withdrawn,
            unique_entrants=scale * int(entrants),
            tagged_friends=None if numbers.level else int(tagged),
            chances=chances + bonus,
            bonus_chances=bonus,
            entries_per_minute=per_minute,
            approximate=numbers.level > 0,
        )

    by_influencer = (
        numbers.verdicts,
        numbers.reasons,
        numbers.entrants,
        numbers.tagged,
        numbers.chances,
        numbers.bonus,
        numbers.per_minute,
    )
    whole = [each.sum(axis=0) for each in by_influencer]
    whole[2:4] = [numbers.all_entrants, numbers.all_tagged]
    return [rollup("", *whole)] + [
        rollup(name, *(each[place] for each in by_influencer)) for name, place in sorted(names.items()) if name
    ]


def status_of(book: RuleBook, as_of_ms: int) -> GiveawayStatus:
    """Return whether the giveaway is open."""
    if as_of_ms < book.opens_ms:
        return "upcoming"
    return "open" if as_of_ms < book.closes_ms else "closed"
