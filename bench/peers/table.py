"""The runs as a table: medians of those that count, and ours beside each."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from bench.peers.measuring import Run
from bench.peers.systems import SYSTEMS

_HEAD: Final = (
    *("system", "runs that count", "events", "events/s", "events per CPU second", "second half, events/s"),
    *("memory, MiB", "start, s", "ours over it, per CPU second", "what it is"),
)
_OURS: Final = "ours"


def as_markdown(runs: Sequence[Run], missing: dict[str, str]) -> str:
    """Return a Markdown table, the fastest per CPU second first.

    Args:
        runs: of all systems.
        missing: systems that were not measured, with the reason.
    """
    rates = {name: _middle(runs, name, "rate_per_cpu_second") for name in dict.fromkeys(run.system for run in runs)}
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD))]
    for name in sorted(rates, key=lambda name: -rates[name]):
        mine = [run for run in runs if run.system == name]
        counting = [run for run in mine if not run.failure]
        about = SYSTEMS[name].about
        if not counting:
            reason = mine[-1].failure.splitlines()[0]
            lines.append(_line([name, f"0 of {len(mine)}", f"{mine[0].events:,}", *["-"] * 6, f"{about}: {reason}"]))
            continue
        halves = [run.rate_second_half for run in counting if run.rate_second_half is not None]
        ratio = rates.get(_OURS, 0.0) / rates[name]
        lines.append(
            _line(
                [
                    name,
                    f"{len(counting)} of {len(mine)}",
                    f"{counting[0].events:,}",
                    f"{_middle(runs, name, 'rate'):,.0f}",
                    f"{rates[name]:,.0f}",
                    f"{median(halves):,.0f}" if halves else "-",
                    f"{_middle(runs, name, 'peak_megabytes'):,.0f}",
                    f"{_middle(runs, name, 'startup_seconds'):.1f}",
                    f"{ratio:.2f}" if ratio else "-",
                    about,
                ]
            )
        )
    lines += [_line([name, "not run", *["-"] * 7, reason]) for name, reason in missing.items()]
    return "\n".join(lines)


def _middle(runs: Sequence[Run], name: str, field: str) -> float:
    values = [getattr(run, field) for run in runs if run.system == name and not run.failure]
    return median(values) if values else 0.0


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
