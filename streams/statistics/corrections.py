"""What people see where platforms took back more than they added: no negative number, but the corrections apart.

A window may hold a decrease and not the count that it takes back from (``docs/statistics.md``, "Snapshot deltas"). The
sums themselves keep their sign: only what is shown is parted, so that the order of events cannot matter.
"""

from typing import Final

import numpy as np

from streams.columns.arrays import I64
from streams.statistics.counters import SNAPSHOT_COLUMNS

_COLUMNS: Final = np.array(SNAPSHOT_COLUMNS)


def shown(sums: I64) -> tuple[I64, I64]:
    """Part sums ``[..., counter]`` into what is shown and what was taken back.

    Returns:
        The sums with 0 for each negative counter, and ``[...]``: the corrections, positive, over all counters.
    """
    counts = sums[..., _COLUMNS]
    if counts.min(initial=0) >= 0:
        return sums, np.zeros(sums.shape[:-1], dtype=np.int64)
    visible = sums.copy()
    visible[..., _COLUMNS] = np.maximum(counts, 0)
    corrections: I64 = np.maximum(-counts, 0).sum(axis=-1)
    return visible, corrections
