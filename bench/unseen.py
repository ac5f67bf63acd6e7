"""How well alerts are found in shapes that nothing was chosen on, each with what was chosen on it beside it.

    python -m bench.unseen [--each 10] [--judge] [--shape NAME]

Without ``--judge`` the even campaigns of ``bench.unseen_shapes``, which may be looked at; with it the odd ones.
"""

import argparse
import statistics

from bench.spikes_simulation import Opened, by_engine
from bench.unseen_shapes import MINUTES, RULES_OF, SHAPES, draw

AFTERMATH_MINUTES = 30
EXPLAINED = {
    kind: rules | ({"entries_spike"} if "engagement_spike" in rules else set()) for kind, rules in RULES_OF.items()
}
"""More posts seen bring more entries."""


class Tally:
    """What became of one shape."""

    def __init__(self) -> None:
        self.happened = 0
        self.delays: list[int] = []
        self.false: list[Opened] = []
        self.days = 0.0


def judge(shape: str, numbers: range) -> Tally:
    """Run the campaigns of one shape."""
    tally = Tally()
    for number in numbers:
        campaign = draw(shape, number)
        tally.days += MINUTES / 1440.0
        opened = by_engine(campaign)
        for incident in campaign.incidents:
            rules = RULES_OF[incident.kind]
            tally.happened += 1
            times = [
                alert.minute
                for alert in opened
                if alert.rule in rules
                and alert.influencer in (incident.influencer, None)
                and incident.start <= alert.minute < incident.end
            ]
            if times:
                tally.delays.append(min(times) + 1 - incident.start)
        for alert in opened:
            explained = any(
                alert.rule in EXPLAINED[incident.kind]
                and alert.influencer in (incident.influencer, None)
                and incident.start <= alert.minute < incident.end + AFTERMATH_MINUTES
                for incident in campaign.incidents
            )
            if not explained:
                tally.false.append(alert)
    return tally


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--each", type=int, default=10, help="campaigns of each shape")
    parser.add_argument("--judge", action="store_true", help="the odd campaigns, on which nothing may be chosen")
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--verbose", action="store_true", help="every false alert")
    args = parser.parse_args()
    first = 1 if args.judge else 0
    print("| shape | n | recall | median delay | false alerts / campaign-day |\n|---|---|---|---|---|")
    days, false, found, happened = 0.0, 0, 0, 0
    for shape in [args.shape] if args.shape else SHAPES:
        tally = judge(shape, range(first, 2 * args.each, 2))
        days, false = days + tally.days, false + len(tally.false)
        found, happened = found + len(tally.delays), happened + tally.happened
        recall = f"{len(tally.delays) / tally.happened:.2f}" if tally.happened else ""
        median = f"{statistics.median(tally.delays):.0f} min" if tally.delays else ""
        print(f"| {shape} | {tally.happened} | {recall} | {median} | {len(tally.false) / tally.days:.2f} |", flush=True)
        if args.verbose:
            for alert in tally.false:
                print("   ", alert)
    print(f"| **all** | {happened} | {found / max(happened, 1):.3f} | | {false / days:.3f} |")


if __name__ == "__main__":
    main()
