"""A row of a partition as a record of its changelog, and back."""

from streams.changelog.row_records import (
    FORMAT_VERSION,
    RowRecord,
    encode_record,
    pack_posts,
    restore_minutes,
    restore_money,
    restore_posts,
    restore_sketch,
    restore_tiers,
    restore_voices,
    sketch_fields,
    tier_records,
)
from streams.columns.packed import pack
from streams.statistics.counters import WIDTH
from streams.statistics.influencers import InfluencerStore


def row_record(store: InfluencerStore, row: int, applied: list[int]) -> bytes:
    """Return the record of a row as it is now.

    Args:
        store: has the row.
        row: its number.
        applied: the place of the last event inside it, by topic (``streams.changelog.log_positions``).
    """
    campaign_id, influencer_id = store.keys[row]
    places, panes, registers, ranks = sketch_fields(store.uniques, row)
    money = store.money.get(row)
    hours, unpublished = store.panes.minutes.stored(row)
    return encode_record(
        RowRecord(
            version=FORMAT_VERSION,
            width=WIDTH,
            campaign_id=campaign_id,
            influencer_id=influencer_id,
            applied=applied,
            as_of_ms=store.time_ms,
            followers=store.followers.get(row),
            totals=store.panes.totals[row].tolist(),
            tiers=tier_records(store.panes, row),
            seen_base=store.uniques.base,
            seen_places=places,
            seen_panes=panes,
            lifetime_registers=registers,
            lifetime_ranks=ranks,
            money_total={} if money is None else money.total_for_record(),
            money_panes=[] if money is None else money.panes_for_record(),
            posts=pack_posts(store.posts.get(row, {})),
            hours=hours,
            unpublished=unpublished,
            voices=pack(store.voices.stored(row, store.time_ms)),
        )
    )


def restore_row(store: InfluencerStore, record: RowRecord) -> int:
    """Put a row back as its record has it, and return its number. Stream time must be there already."""
    row = store.row_of(record.campaign_id, record.influencer_id)
    restore_tiers(store.panes, row, record)
    restore_minutes(store.panes, row, record)
    restore_sketch(store.uniques, row, record)
    restore_voices(store.voices, row, record)
    if record.money_total:
        store.money[row] = restore_money(record)
    if record.posts:
        store.posts[row] = restore_posts(record.posts)
        store.most_posts = max(store.most_posts, len(record.posts))
    if record.followers is not None:
        store.followers[row] = record.followers
    return row
