"""Which influencers have metrics of their own, and the sums behind each set of labels.

The label cap keeps the number of series bounded: influencers of definitions come first, in their definition's order;
all others are folded into ``other`` of their campaign, and campaigns without a definition into the campaign ``other``.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from msgspec import Struct

from models.rollups import WINDOW_NAMES
from streams.columns.arrays import I64
from streams.pipeline.partition import PartitionState
from streams.pipeline.pipeline import Pipeline
from streams.statistics.corrections import shown
from streams.statistics.counters import COUNTERS
from streams.statistics.money import Sums, add_sums

_Place = tuple[PartitionState, int, tuple[str, str]]
"""An influencer in memory: partition, row, and (campaign, influencer)."""
OTHER: Final = "other"
UNATTRIBUTED_LABEL: Final = "unattributed"


class Row(Struct, frozen=True):
    """What is shown under one set of labels: sums ``[window, counter]`` of one influencer or of all folded ones.

    None is negative; ``corrections`` says for each window what was taken back instead.
    """

    labels: tuple[str, str, str]
    sums: I64
    corrections: list[int]
    money: Sums
    followers: int | None


def label_rows(pipeline: Pipeline, label_cap: int) -> tuple[list[Row], int]:
    """Return the rows to show, and how many influencers are folded."""
    places = [
        (state, row, key) for state in pipeline.partitions.values() for row, key in enumerate(state.influencers.keys)
    ]
    defined = {
        (campaign_id, influencer_id): order
        for campaign_id, index in pipeline.registry.campaigns.items()
        for order, influencer_id in enumerate(index.influencers)
    }
    named = sorted((place for place in places if place[2] in defined), key=lambda place: (defined[place[2]], place[2]))
    own = named[:label_cap]
    chosen = {(state.partition, row) for state, row, _ in own}
    rest: dict[tuple[str, str], list[tuple[PartitionState, int]]] = {}
    for state, row, (campaign_id, influencer_id) in places:
        if (state.partition, row) not in chosen:
            label = OTHER if influencer_id else UNATTRIBUTED_LABEL
            campaign = campaign_id if campaign_id in pipeline.registry.campaigns else OTHER
            rest.setdefault((campaign, label), []).append((state, row))
    rows = list(_own_rows(own))
    rows += [_folded_row(labels, members) for labels, members in sorted(rest.items(), key=lambda item: item[0])]
    return rows, sum(1 for place in places if place[2][1]) - len(own)


def _own_rows(places: list[_Place]) -> Iterator[Row]:
    """Make the rows of influencers with labels of their own; the panes of a partition are summed at one go."""
    by_state: dict[int, tuple[PartitionState, list[tuple[int, tuple[str, str]]]]] = {}
    for state, row, key in places:
        by_state.setdefault(state.partition, (state, []))[1].append((row, key))
    for state, members in by_state.values():
        store = state.influencers
        sums, corrections = shown(store.panes.window_sums(np.array([row for row, _ in members], dtype=np.int64)))
        for place, (row, key) in enumerate(members):
            definition = state.registry.influencer(*key)
            followers = None if definition is None else definition.followers
            if row in store.followers:
                followers = store.followers[row][1]
            ledger = store.money.get(row)
            yield Row(
                (key[0], key[1], "" if definition is None else definition.platform),
                sums[place],
                corrections[place].tolist(),
                {} if ledger is None else ledger.total,
                followers,
            )


def _folded_row(labels: tuple[str, str], members: list[tuple[PartitionState, int]]) -> Row:
    sums = np.zeros((len(WINDOW_NAMES), len(COUNTERS)), dtype=np.int64)
    money: Sums = {}
    by_state: dict[int, tuple[PartitionState, list[int]]] = {}
    for state, row in members:
        by_state.setdefault(state.partition, (state, []))[1].append(row)
        ledger = state.influencers.money.get(row)
        if ledger is not None:
            add_sums(money, ledger.total)
    for state, rows in by_state.values():
        sums += state.influencers.panes.folded_sums(np.array(rows, dtype=np.int64))
    visible, corrections = shown(sums)
    return Row((labels[0], labels[1], ""), visible, corrections.tolist(), money, None)
