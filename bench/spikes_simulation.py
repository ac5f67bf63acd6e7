"""How well alerts are found in made-up campaigns, next to a fixed threshold and a plain z-score.

    python -m bench.spikes_simulation [--campaigns 200] [--write docs/alerts.md]

Prints a table per kind of incident: recall, median delay, and false alerts per campaign-day; ``--write`` puts it
between the markers of the document.
"""

import argparse
import math
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench.campaign_simulation import EXPLAINS, RULE_OF, SERIES, START_MS, Campaign, Incident, make_campaign
from models.alerts import RULE_NAMES, WindowSample
from models.times import MINUTE_MS
from streams.alerts.engine import CampaignEngine

MARKERS = ("<!-- simulation:begin -->", "<!-- simulation:end -->")
AFTERMATH_MINUTES = 15
"""An alert this soon after an incident's end is still about it."""
COOL_DOWN_MINUTES = 15
Z_WINDOW = 60
Z_LIMIT = 3.0


class Opened(NamedTuple):
    """An alert that opened: in the window of ``minute``, for one influencer or the campaign (None)."""

    rule: str
    influencer: int | None
    minute: int


Method = Callable[[Campaign], list[Opened]]


def samples(campaign: Campaign) -> Iterator[tuple[int, int | None, WindowSample]]:
    """Every closed window in event-time order: the influencers, then the campaign."""
    rows = range(campaign.influencers)
    columns = [campaign.counts[name].T.tolist() for name in SERIES]
    totals = [campaign.counts[name].sum(axis=0).tolist() for name in SERIES]
    name = f"campaign-{campaign.number}"
    for minute in range(campaign.minutes):
        start = START_MS + minute * MINUTE_MS
        for row in rows:
            values = dict(zip(SERIES, (column[minute][row] for column in columns), strict=True))
            yield minute, row, _sample(name, f"influencer-{row}", start, values)
        values = dict(zip(SERIES, (total[minute] for total in totals), strict=True))
        yield minute, None, _sample(name, None, start, values)


def _sample(campaign_id: str, influencer_id: str | None, start: int, values: dict[str, int]) -> WindowSample:
    return WindowSample(
        campaign_id=campaign_id,
        influencer_id=influencer_id,
        window_start_ms=start,
        window_end_ms=start + MINUTE_MS,
        **values,
    )


def by_engine(campaign: Campaign) -> list[Opened]:
    """Our alerts, with all defaults."""
    engine = CampaignEngine(f"campaign-{campaign.number}")
    engine.configure(
        campaign.settings(),
        starts_at_ms=START_MS,
        ends_at_ms=START_MS + campaign.minutes * MINUTE_MS,
    )
    opened = []
    influencers: list[WindowSample] = []
    for minute, row, sample in samples(campaign):
        if row is not None:
            influencers.append(sample)
            continue
        for transition in engine.observe_minute(influencers, sample):
            if transition.kind == "opened":
                name = transition.alert.influencer_id
                opened.append(Opened(transition.alert.rule, None if name is None else int(name.split("-")[1]), minute))
        influencers = []
    return opened


class _Quiet:
    """The plainest alert there is: fires when told, then holds its tongue for the cool-down; muted when planned."""

    def __init__(self, campaign: Campaign) -> None:
        self._planned = campaign.planned
        self._until: dict[tuple[str, int | None], int] = {}
        self.opened: list[Opened] = []

    def see(self, rule: str, row: int | None, minute: int, *, on: bool) -> None:
        """One condition in one minute; while it holds the cool-down starts anew."""
        if not on:
            return
        key = (rule, row)
        muted = any(start <= minute < end for start, end in self._planned)
        if minute >= self._until.get(key, 0) and not muted:
            self.opened.append(Opened(rule, row, minute))
        self._until[key] = minute + COOL_DOWN_MINUTES


def by_fixed_threshold(campaign: Campaign) -> list[Opened]:
    """One number per rule for everybody, as people set them by hand."""
    quiet = _Quiet(campaign)
    for minute, row, s in samples(campaign):
        quiet.see("engagement_spike", row, minute, on=s.engagements > (300 if row is not None else 2500))
        quiet.see("engagement_drop", row, minute, on=0 < s.engagements < 5)
        quiet.see("entries_spike", row, minute, on=s.entries > (60 if row is not None else 500))
        quiet.see("negative_wave", row, minute, on=s.comments >= 5 and s.negative / max(s.comments, 1) > 0.4)
        quiet.see("conversion_drop", row, minute, on=s.clicks >= 50 and s.purchases / max(s.clicks, 1) < 0.01)
        quiet.see("code_leak", row, minute, on=s.code_uses_without_click >= 5)
        quiet.see("feed_silent", row, minute, on=s.engagements + s.clicks == 0)
    return quiet.opened


class _Rolling:
    """Mean and deviation of the last hour, the minute under test excluded."""

    def __init__(self) -> None:
        self._values: list[float] = []
        self._sum = self._squares = 0.0

    def z(self, value: float) -> float:
        """The z-score of ``value``; 0 in the first hour."""
        values, n = self._values, len(self._values)
        z = 0.0
        if n == Z_WINDOW:
            mean = self._sum / n
            deviation = math.sqrt(max(self._squares / n - mean * mean, 0.0))
            z = (value - mean) / max(deviation, 1e-6)
            old = values.pop(0)
            self._sum -= old
            self._squares -= old * old
        values.append(value)
        self._sum += value
        self._squares += value * value
        return z


def by_z_score(campaign: Campaign) -> list[Opened]:
    """Three standard deviations from the mean of the last hour, for each rule's own number."""
    quiet = _Quiet(campaign)
    rolling: dict[tuple[str, int | None], _Rolling] = {}
    for minute, row, s in samples(campaign):
        numbers = {
            "engagement_spike": (s.engagements, 1.0),
            "engagement_drop": (s.engagements, -1.0),
            "entries_spike": (s.entries, 1.0),
            "negative_wave": (s.negative / s.comments if s.comments else 0.0, 1.0),
            "conversion_drop": (s.purchases / s.clicks if s.clicks else 0.0, -1.0),
            "code_leak": (s.code_uses_without_click, 1.0),
            "feed_silent": (s.engagements + s.clicks, -1.0),
        }
        for rule, (value, sign) in numbers.items():
            z = rolling.setdefault((rule, row), _Rolling()).z(float(value))
            on = sign * z > Z_LIMIT and (rule != "feed_silent" or value == 0)
            quiet.see(rule, row, minute, on=on)
    return quiet.opened


class Outcome:
    """Sums over campaigns for one method."""

    def __init__(self) -> None:
        self.incidents: Counter[str] = Counter()
        self.delays: dict[str, list[int]] = {kind: [] for kind in RULE_OF}
        self.false: Counter[str] = Counter()
        self.days = 0.0

    def add(self, campaign: Campaign, opened: list[Opened]) -> None:
        """Match what opened with what happened.

        An incident is found by the rule of its kind, for its influencer or for the campaign, from its onset to its end.
        Any other alert is false unless an incident that explains it is going on (or ended within a quarter of an hour)
        for the same influencer or the campaign.
        """
        self.days += campaign.minutes / 1440.0
        for incident in campaign.incidents:
            self.incidents[incident.kind] += 1
            found = [
                alert.minute
                for alert in opened
                if alert.rule == RULE_OF[incident.kind]
                and (alert.influencer == incident.influencer or None in (alert.influencer, incident.influencer))
                and incident.start <= alert.minute < incident.end
            ]
            if found:
                # The window of minute m closes at m + 1: that is when anybody can know.
                self.delays[incident.kind].append(min(found) + 1 - incident.start)
        for alert in opened:
            if not any(_explains(incident, alert) for incident in campaign.incidents):
                self.false[alert.rule] += 1


def _explains(incident: Incident, alert: Opened) -> bool:
    same = alert.influencer == incident.influencer or None in (alert.influencer, incident.influencer)
    during = incident.start <= alert.minute < incident.end + AFTERMATH_MINUTES
    return same and during and alert.rule in EXPLAINS[incident.kind]


def table(name: str, outcome: Outcome) -> str:
    """One method's table in Markdown."""
    lines = [
        f"**{name}**",
        "",
        "| incident | rule | n | recall | median delay | 90 % within | false alerts / campaign-day |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, rule in RULE_OF.items():
        n, delays = outcome.incidents[kind], sorted(outcome.delays[kind])
        recall = len(delays) / n if n else 0.0
        median = f"{statistics.median(delays):.0f} min" if delays else "none"
        late = f"{delays[min(len(delays) - 1, int(0.9 * len(delays)))]} min" if delays else "none"
        false = outcome.false[rule] / outcome.days
        lines.append(f"| {kind} | {rule} | {n} | {recall:.3f} | {median} | {late} | {false:.3f} |")
    total, found = sum(outcome.incidents.values()), sum(map(len, outcome.delays.values()))
    delays = [delay for each in outcome.delays.values() for delay in each]
    false = sum(outcome.false[rule] for rule in RULE_NAMES) / outcome.days
    median = f"{statistics.median(delays):.0f} min" if delays else "none"
    lines.append(f"| **all** | | {total} | {found / max(total, 1):.3f} | {median} | | **{false:.3f}** |")
    return "\n".join(lines)


def main() -> None:
    """Simulate, judge, print; with ``--write`` also put the tables into a document."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--campaigns", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first campaign")
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument("--write", type=Path, metavar="FILE")
    args = parser.parse_args()
    methods: dict[str, Method] = {"Campaign Pulse, defaults": by_engine}
    if not args.ours_only:
        methods |= {"Fixed thresholds": by_fixed_threshold, "z-score, 3 sigma over one hour": by_z_score}
    outcomes = {name: Outcome() for name in methods}
    for number in range(args.first, args.first + args.campaigns):
        campaign = make_campaign(number)
        for name, method in methods.items():
            outcomes[name].add(campaign, method(campaign))
    days = next(iter(outcomes.values())).days
    text = f"{args.campaigns} campaigns, {days:.0f} campaign-days.\n\n"
    text += "\n\n".join(table(name, outcome) for name, outcome in outcomes.items())
    print(text)
    if args.write is not None:
        document = args.write.read_text(encoding="utf-8")
        pattern = re.compile(re.escape(MARKERS[0]) + ".*?" + re.escape(MARKERS[1]), re.DOTALL)
        if not pattern.search(document):
            raise SystemExit(f"{args.write} has no {MARKERS[0]}")
        filled = f"{MARKERS[0]}\n{text}\n{MARKERS[1]}"
        args.write.write_text(pattern.sub(lambda _: filled, document), encoding="utf-8")


if __name__ == "__main__":
    main()
