"""Which comments of a batch are other versions of comments that are known: edits, and what came before them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from streams.changelog.dedupe import DedupeHorizon
from streams.changelog.id_segments import Naming
from streams.columns.arrays import U64
from streams.statistics.batches import Columns, Revisions


def revisions_of(
    horizon: DedupeHorizon,
    batch: Columns,
    ids: U64,
    older: Mapping[Naming, U64],
    versions: U64,
    known: NDArray[np.bool_],
    not_inside: NDArray[np.bool_],
    time_ms: int,
) -> tuple[Revisions, list[tuple[int, int]]]:
    """Remember other versions of known comments; return what they change, and who said them.

    Args:
        horizon: the remembered ids of comments, with their versions.
        batch: what was read.
        ids: of each event.
        older: the names that older versions gave them, where some are remembered by these.
        versions: of each event, 0 for what is no comment (``streams.statistics.comment_versions``).
        known: whether each id was remembered before.
        not_inside: whether the numbers have each event not yet; what they have is remembered only.
        time_ms: stream time.

    Returns:
        The revisions, and the places of other versions: in the batch, and among its comments.
    """
    comments, revisions = batch.comments, Revisions()
    said: list[tuple[int, int]] = []
    others = np.flatnonzero(known & (versions > 0))
    if comments is None or not len(others):
        return revisions, said
    held = horizon.versions_of(ids[others], {naming: names[others] for naming, names in older.items()})
    others = others[(held > 0) & (held != versions[others])]
    found = np.searchsorted(comments.places, others)
    for place, comment in zip(others.tolist(), found.tolist(), strict=True):
        by_older = {naming: int(names[place]) for naming, names in older.items()}
        change = horizon.revise(int(ids[place]), int(versions[place]), time_ms, by_older)
        if not not_inside[place]:
            continue
        said.append((place, comment))
        if change is not None:
            revisions.rows.append(int(batch.rows[place]))
            revisions.post_ids.append(comments.post_ids[comment] if comments.post_ids else "")
            revisions.changes.append(change)
    return revisions, said
