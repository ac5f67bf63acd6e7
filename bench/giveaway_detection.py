"""``python -m bench.giveaway_detection``: precision and recall of the detection on made-up giveaways, per kind."""

import time
from collections import Counter
from pathlib import Path
from typing import Final

import click

from bench.giveaway_simulation import BOTS, Giveaway, simulate
from models.suspicion import Suspect, SuspicionPolicy
from streams.suspicion.comment_columns import columns_of, view_of
from streams.suspicion.score import suspects

DOCS: Final = Path(__file__).parents[1] / "docs" / "giveaway.md"
_BEGIN: Final = "<!-- figures: made by `python -m bench.giveaway_detection --write-docs` -->"
_END: Final = "<!-- end of figures -->"
TUNED_ON: Final = (1, 2, 3)
REPORTED_ON: Final = (11, 12)


def detect(made: Giveaway, policy: SuspicionPolicy) -> tuple[list[Suspect], float, float]:
    """Return the suspects, and the seconds of reading the comments and of the detection."""
    began = time.process_time()
    columns = columns_of(view_of(str(person), made.handles[person], at, text) for at, person, text in made.comments)
    read = time.process_time()
    found = suspects(columns, policy)
    return found, read - began, time.process_time() - read


def _is_bot(name: str) -> bool:
    return name.partition(":")[0] in BOTS


def table(made: list[Giveaway], found: list[list[Suspect]]) -> list[str]:
    """Return the lines of a Markdown table: entrants, flagged and share per kind, then precision and recall."""
    entrants: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {}
    for giveaway, suspected in zip(made, found, strict=True):
        names = [
            f"{kind}: {manner}" if manner else kind
            for kind, manner in zip(giveaway.kinds, giveaway.manners, strict=True)
        ]
        entrants.update(names)
        for suspect in suspected:
            kind = names[int(suspect.person)]
            flagged[kind] += 1
            reasons.setdefault(kind, Counter())[suspect.findings[0].reason] += 1
    lines = ["| kind | entrants | flagged | share | strongest reason |", "|---|---|---|---|---|"]
    for kind in sorted(entrants, key=lambda kind: (not _is_bot(kind), kind)):
        why = ", ".join(f"{reason} {count:,}" for reason, count in reasons.get(kind, Counter()).most_common(3))
        name = f"**{kind}**" if _is_bot(kind) else kind
        share = f"{flagged[kind] / entrants[kind]:.2%}"
        lines.append(f"| {name} | {entrants[kind]:,} | {flagged[kind]:,} | {share} | {why} |")
    bots = sum(count for kind, count in entrants.items() if _is_bot(kind))
    right, all_flagged = sum(count for kind, count in flagged.items() if _is_bot(kind)), sum(flagged.values())
    people = sum(entrants.values())
    lines += [
        "",
        f"{sum(len(each.comments) for each in made):,} comments of {people:,} entrants, {bots:,} of them bots "
        f"({bots / people:.1%}). Precision **{right / max(1, all_flagged):.3f}**, recall **{right / bots:.3f}**.",
    ]
    return lines


@click.command()
@click.option("--comments", type=click.IntRange(min=3_000), default=1_000_000, show_default=True)
@click.option("--seed", "seeds", type=int, multiple=True, help="May be repeated.  [default: the seeds reported on]")
@click.option("--write-docs", is_flag=True, help="Put the table into docs/giveaway.md.")
def main(comments: int, seeds: tuple[int, ...], write_docs: bool) -> None:
    """Simulate giveaways with planted bots and say who was found."""
    made, found, notes = [], [], []
    for seed in seeds or REPORTED_ON:
        giveaway = simulate(seed, comments)
        suspected, reading, detecting = detect(giveaway, SuspicionPolicy())
        made.append(giveaway)
        found.append(suspected)
        notes.append(f"seed {seed}: reading the comments {reading:.1f} s, detection {detecting:.1f} s of a core")
    lines = [*table(made, found), "", "; ".join(notes) + "."]
    click.echo("\n".join(lines))
    if write_docs:
        text = DOCS.read_text(encoding="utf-8")
        before, begin, rest = text.partition(_BEGIN)
        _, end, after = rest.partition(_END)
        if not begin or not end:
            raise click.ClickException(f"{DOCS} lacks the marks {_BEGIN!r} and {_END!r}")
        DOCS.write_text(f"{before}{_BEGIN}\n\n" + "\n".join(lines) + f"\n\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
