"""The picture of the demo in a terminal: a function of one ``Frame`` and the size, without a clock or a client."""

from typing import Final

from rich.console import RenderableType
from rich.layout import Layout
from rich.text import Text

from agents.demo import panels
from agents.demo.frame import Frame
from agents.demo.panels import WIDE_COLUMNS
from agents.demo.words import compact, deliveries, duration, lag, money, name_of, number, signed

TALL_ROWS: Final = 28
_PIPELINE_ROWS: Final = 4


def picture(frame: Frame, width: int, height: int, page: str = "") -> RenderableType:
    """The whole screen.

    Args:
        frame: What to show.
        width: Columns of the terminal; from 100 on with everything, below with the most important.
        height: Rows of the terminal.
        page: Address of the live page, shown in the last row; empty for none.
    """
    below = [Layout(Text(page, style="grey58", no_wrap=True), name="page", size=1)] if page else []
    wide, tall = width >= WIDE_COLUMNS, height >= TALL_ROWS
    top_rows = 8 if tall else 7
    giveaway = [] if frame.giveaway is None else [Layout(panels.giveaway(frame.giveaway), name="giveaway", size=1)]
    alerts = [Layout(panels.alerts(frame.alerts), name="alerts", size=1)] if frame.alerts else []
    board_rows = max(4, height - 1 - len(giveaway) - len(alerts) - len(below) - top_rows - _PIPELINE_ROWS)
    root = Layout()
    root.split_column(
        Layout(panels.title(frame, width), name="title", size=1),
        *giveaway,
        *alerts,
        Layout(name="top", size=top_rows),
        Layout(panels.leaderboard(frame, width, board_rows, wide=wide), name="board", size=board_rows),
        Layout(panels.pipeline(frame, wide=wide), name="pipeline", size=_PIPELINE_ROWS),
        *below,
    )
    spare = max(0, width - WIDE_COLUMNS) // 2
    columns = (34, 33 + spare) if wide else (width * 2 // 5, 0)
    top = [Layout(panels.headline(frame, tall=tall), size=columns[0])]
    if wide:
        top.append(Layout(panels.rates(frame, columns[1], tall=tall), size=columns[1]))
    top.append(Layout(panels.mood_and_money(frame, width - sum(columns), tall=tall)))
    root["top"].split_row(*top)
    return root


def plain_line(frame: Frame) -> str:
    """One line for a log, where there is no terminal to draw on."""
    clock = f"[{duration(frame.elapsed_seconds)}]"
    if frame.campaign is None:
        return f"{clock} no numbers yet"
    total = frame.campaign.windows["total"]
    parts = [
        f"{compact(frame.per_second.get('events', 0.0))} events/s",
        f"engagements {number(total.engagements)}",
        f"comments {number(total.comments)}",
        *([] if frame.giveaway is None else [f"entrants {number(frame.giveaway.unique_entrants)}"]),
        f"net sentiment {signed(total.sentiment.net) if total.sentiment else '-'}",
        f"orders {number(total.purchases)}",
        f"revenue {money(total.revenue) or '-'}",
        f"lag {number(lag(frame.workers))}",
        f"duplicates {number(sum(worker.duplicates_total for worker in frame.workers))}",
        f"rejected {number(sum(worker.rejected_total for worker in frame.workers))}",
    ]
    if frame.delivered is not None:
        parts.append(f"gateway {deliveries(frame.delivered)}")
    if frame.influencers:
        parts.append(f"leader {name_of(frame.influencers[0])}")
    return f"{clock} " + " | ".join(parts)
