"""What the demo prints at its end: the final numbers, and how they compare with what was really sent."""

from collections.abc import Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.demo.totals import Comparison, Difference
from agents.demo.words import deliveries, money, name_of, number, signed
from agents.simulator.truth import GroundTruth
from agents.terminal import visible
from models.rollups import CampaignRollup, InfluencerRollup, Snapshot, WindowName, WindowStats

_SHOWN_DIFFERENCES: Final = 20
_SHOWN_INFLUENCERS: Final = 10


def print_snapshot(
    console: Console, snapshot: Snapshot, window: WindowName = "total", places: int = _SHOWN_INFLUENCERS
) -> None:
    """Print each campaign's numbers of one window and its first influencers by engagements."""
    for campaign in snapshot.campaigns:
        influencers = [each for each in snapshot.influencers if each.campaign_id == campaign.campaign_id]
        console.print(snapshot_table(campaign, influencers, window, places))


def snapshot_table(
    campaign: CampaignRollup, influencers: Sequence[InfluencerRollup], window: WindowName, places: int
) -> Table:
    """One campaign as a table: its influencers by engagements, and the campaign's own numbers as the last row."""
    # A rollup that a version without this window has written says nothing of it until it changes: "-", not 0.
    whole = campaign.windows.get(window)
    corrections = 0 if whole is None else whole.corrections
    taken_back = f" ({number(corrections)} taken back by platforms)" if corrections else ""
    table = Table(
        # Names are texts, never markup: anybody may be called "[red]".
        title=Text(visible(f"{campaign.name or campaign.campaign_id}: {window}{taken_back}")),
        title_style="bold",
        title_justify="left",
        box=SIMPLE_HEAD,
        header_style="grey58",
        pad_edge=False,
        padding=0,  # the box itself keeps columns a blank apart
    )
    table.add_column("influencer", no_wrap=True, overflow="ellipsis", min_width=10, max_width=28)
    for heading in ("engaged", "comments", "people", "mood", "clicks", "orders"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("revenue", justify="right", no_wrap=True)
    ranked = sorted(influencers, key=lambda each: (-_engagements(each, window), each.influencer_id))
    for influencer in ranked[:places]:
        table.add_row(Text(name_of(influencer)), *_cells(influencer.windows.get(window), only_first=True))
    if len(ranked) > places:
        table.add_row(Text(f"and {len(ranked) - places} more", "grey58"))
    table.add_section()
    table.add_row("all", *_cells(whole), style="bold")
    return table


def _engagements(influencer: InfluencerRollup, window: WindowName) -> int:
    stats = influencer.windows.get(window)
    return -1 if stats is None else stats.engagements


def print_comparison(
    console: Console, comparison: Comparison, truth: GroundTruth, delivered: dict[str, int] | None = None
) -> None:
    """Print the line that says whether the numbers are those of the events sent, and each one that is not."""
    sent = (
        f"{number(truth.records)} records: {number(truth.events)} events, {number(truth.duplicates)} duplicates, "
        f"{number(sum(truth.corrupt.values()))} corrupt, {number(truth.misplaced)} in a wrong partition, "
        f"{number(truth.late)} late"
    )
    console.print(Text.assemble(("sent     ", "grey58"), sent))
    if delivered is not None:
        through = f"{deliveries(delivered)} of these events as signed deliveries"
        console.print(Text.assemble(("gateway  ", "grey58"), through))
    if not comparison.differences:
        equal = f"{number(comparison.compared)} totals equal the simulator's ground truth"
        console.print(Text.assemble(("compared ", "grey58"), (f"✓ {equal}", "bold green3")))
        return
    count = (
        f"{number(len(comparison.differences))} of {number(comparison.compared)} totals differ from the ground truth"
    )
    console.print(Text.assemble(("compared ", "grey58"), (f"✗ {count}", "bold red3")))
    for line in difference_lines(comparison.differences):
        console.print(Text(visible(f"  {line}")))


def difference_lines(differences: Sequence[Difference], limit: int = _SHOWN_DIFFERENCES) -> list[str]:
    """Each difference as a line, the campaigns' first; past the limit only their number."""
    ordered = sorted(differences, key=lambda each: each.influencer_id is not None)
    lines = [str(each) for each in ordered[:limit]]
    if len(ordered) > limit:
        lines.append(f"and {len(ordered) - limit} more")
    return lines


def _cells(stats: WindowStats | None, *, only_first: bool = False) -> list[str]:
    if stats is None:
        return ["-"] * 7
    return [
        number(stats.engagements),
        number(stats.comments),
        number(stats.unique_commenters),
        "-" if stats.sentiment is None else signed(stats.sentiment.net),
        number(stats.clicks),
        number(stats.purchases),
        money(stats.revenue, only_first=only_first).replace(", ", "\n") or "-",
    ]
