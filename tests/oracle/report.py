"""The report's numbers against the oracle's: ``python -m tests.oracle.report --events 300000``.

`campaign-pulse report` runs as a command over a simulated campaign with every fault of real delivery. What the page
says in its figures, in the tables that can be taken as CSV and in what people see is compared with SQL that shares no
code with ours. Alerts are the detectors' and not counted here; people who commented are an estimate.
"""

import argparse
import base64
import csv
import html
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from math import isclose
from pathlib import Path
from typing import Any, Final

import yaml

from agents.simulator import FaultRates, Simulation, SimulationPlan
from agents.stages.definitions import read_definitions
from models.times import MINUTE_MS, epoch_ms
from streams.sentiment.scorers import make_scorer
from tests.integration.cluster import GIVEAWAY

from .compare import FLOAT_TOLERANCE, UNIQUE_SLACK
from .oracle import INTEGERS, Record, compute
from .polarities import polarities

CAMPAIGN: Final = "spring"
_BEGIN: Final = datetime(2026, 4, 18, 14, tzinfo=UTC)
_SECONDS: Final = 6 * 3600
_FEES: Final = {"ana": ("1200", "EUR"), "bruno": ("950.50", "USD"), "chloe": ("4000", "EUR"), "dario": ("0", "CHF")}
_ABOUT: Final = 0.13
"""How far the estimate of people may be off the true count, as everywhere that it is compared."""
_GRACE_MS: Final = 8_000
_STRAGGLERS: Final = 0.01
_COUNTS: Final = ("engagements", "comments", "entries", "purchases", "positive", "neutral", "negative")
_SHARES: Final = (
    "engagement_rate_by_followers",
    "engagement_rate_by_reach",
    "engagement_rate_by_views",
    "conversion_rate_by_clicks",
)


def simulated(folder: Path, events: int, seed: int) -> tuple[Path, Path, int]:
    """Write a definition with fees and a file of events; return both, and the clock's time afterwards."""
    definition, file = folder / "spring.yaml", folder / "events.ndjson"
    written = yaml.safe_load(GIVEAWAY.read_text(encoding="utf-8"))
    for each in written["influencers"]:
        if each["influencer_id"] in _FEES:
            amount, currency = _FEES[each["influencer_id"]]
            each["fee"] = {"amount": amount, "currency": currency}
    definition.write_text(yaml.safe_dump(written, allow_unicode=True, sort_keys=False), encoding="utf-8")
    plan = SimulationPlan(
        events=events,
        duration_seconds=_SECONDS,
        start_ms=epoch_ms(_BEGIN),
        seed=seed,
        faults=FaultRates(late_max_seconds=4 * 3600),
    )
    with file.open("wb") as lines:
        for record in Simulation(read_definitions(definition), plan).records():
            # As files hold them: a line an event.
            lines.write(record.value.replace(b"\n", b" ") + b"\n")
    return definition, file, epoch_ms(_BEGIN + timedelta(days=1))


def page_of(definition: Path, file: Path, now_ms: int, out: Path, *options: str) -> str:
    """Run the command and return the page."""
    command = [sys.executable, "-m", "agents.cli", "report", "-d", str(definition), "-e", str(file), "--out", str(out)]
    done = subprocess.run(
        [*command, *options],
        env={**_environment(), "PULSE_CLOCK": str(now_ms)},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return out.read_text(encoding="utf-8")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}


def expected(definition: Path, file: Path, now_ms: int) -> Record:
    """What the oracle says of the same files."""
    scorer = make_scorer("social")
    return compute([file], read_definitions(definition), None, now_ms, polarities(scorer))


class Comparison:
    """Compares one page with the oracle's answer; ``found`` are the differences, ``compared`` how many numbers.

    Args:
        page: of the report.
        oracle: what ``expected`` returned.
        definition: the file of the definition.
    """

    def __init__(self, page: str, oracle: Record, definition: Path) -> None:
        self.found: list[str] = []
        self.compared = 0
        self._page = page
        self._oracle = oracle
        (self._definition,) = read_definitions(definition)
        data = re.search(r'<script type="application/json" id="campaign-pulse-report">(.*?)</script>', page, re.DOTALL)
        assert data is not None
        self._figures: Record = json.loads(data[1])
        (self._whole,) = (each for each in oracle["campaigns"] if each["campaign_id"] == CAMPAIGN)
        self._people = {each["influencer_id"]: each for each in oracle["influencers"]}

    def run(self) -> list[str]:
        """Compare everything and return the differences."""
        self._heading()
        self._stats("total", self._figures["total"], self._whole["windows"]["total"])
        self._money("money", self._figures["money"], self._whole["windows"]["total"], list(_FEES.values()))
        self._creators()
        self._moments()
        self._posts()
        self._giveaway()
        self._quality()
        self._tables()
        return self.found

    # ------------------------------------------------------------- figures

    def _heading(self) -> None:
        self._same("followers", self._figures["followers"], self._whole.get("followers"))
        self._same("as_of_ms", self._figures["as_of_ms"], _minute_after(self._oracle["as_of_ms"]))

    def _stats(self, path: str, ours: Record, theirs: Record) -> None:
        for name in INTEGERS:
            if name == "unique_commenters":
                self.compared += 1
                if abs(ours.get(name, 0) - theirs[name]) > _ABOUT * theirs[name] + UNIQUE_SLACK:
                    self.found.append(f"{path}.{name}: {ours.get(name)}, oracle {theirs[name]}")
            else:
                self._same(f"{path}.{name}", ours.get(name, 0), theirs[name])
        for name in _SHARES:
            self._same(f"{path}.{name}", ours.get(name), theirs.get(name))
        self._same(f"{path}.sentiment", ours.get("sentiment"), theirs.get("sentiment"))
        self._same(f"{path}.earned_media_value", ours.get("earned_media_value"), theirs.get("earned_media_value"))

    def _money(self, path: str, ours: list[Record], stats: Record, fees: list[tuple[str, str]]) -> None:
        revenue = stats.get("revenue", {})
        costs: dict[str, Decimal] = {}
        for amount, currency in fees:
            costs[currency] = costs.get(currency, Decimal(0)) + Decimal(amount)
        self._same(f"{path}: currencies", [each["currency"] for each in ours], sorted({*revenue, *costs}))
        for each in ours:
            currency = each["currency"]
            taken = revenue.get(currency, {})
            net = Decimal(taken.get("revenue", "0")) - Decimal(taken.get("refunded", "0"))
            cost = costs.get(currency)
            where = f"{path}.{currency}"
            self._same(f"{where}.orders", each.get("orders", 0), taken.get("orders", 0))
            for name, amount_of in (("revenue", taken.get("revenue")), ("refunded", taken.get("refunded"))):
                self._same(f"{where}.{name}", Decimal(each.get(name, "0")), Decimal(amount_of or "0"))
            self._same(f"{where}.net", Decimal(each.get("net", "0")), net)
            self._same(f"{where}.fees", None if each.get("fees") is None else Decimal(each["fees"]), cost)
            self._same(f"{where}.return", each.get("return_on_fees"), float(net / cost) if cost else None)
            for name, count in (
                ("cost_by_order", taken.get("orders", 0)),
                ("cost_by_engagement", stats["engagements"]),
            ):
                price = None
                if cost is not None and count:
                    price = (cost / count).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
                shown = None if each.get(name) is None else Decimal(each[name])
                self._same(f"{where}.{name}", shown, price)

    def _creators(self) -> None:
        known = {each.influencer_id: each for each in self._definition.influencers}
        ours = {each["influencer_id"]: each for each in self._figures["creators"]}
        self._same("creators", sorted(ours), sorted({*known, *(name for name in self._people if name)}))
        comments = self._whole["windows"]["total"]["comments"]
        nothing = dict.fromkeys(INTEGERS, 0)
        for name, each in ours.items():
            stats = self._people[name]["windows"]["total"] if name in self._people else nothing
            self._stats(f"creators.{name}", each["stats"], stats)
            fee = [_FEES[name]] if name in _FEES else []
            self._money(f"creators.{name}.money", each["money"], stats, fee)
            followers = self._people[name].get("followers") if name in self._people else known[name].followers
            self._same(f"creators.{name}.followers", each.get("followers"), followers)
            self._same(f"creators.{name}.voice", each.get("share_of_voice"), stats["comments"] / comments)
            rate = stats["engagements"] / followers / stats["posts"] if followers and stats["posts"] else None
            self._same(f"creators.{name}.rate_by_post", each.get("engagement_rate_by_post"), rate)

    def _moments(self) -> None:
        """Steps that follow on one another, each with the sum of its minutes; at the ends 1 % may be left out."""
        minutes = {
            at: counts for (name, who, at), counts in self._oracle["minutes"].items() if (name, who) == (CAMPAIGN, None)
        }
        shown, step_ms = self._figures["moments"], self._figures["step_minutes"] * MINUTE_MS
        begins = [each["at_ms"] for each in shown]
        self._same("moments", begins, [begins[0] + place * step_ms for place in range(len(begins))])
        for each in shown[1:-1]:
            within = [minutes.get(each["at_ms"] + off, {}) for off in range(0, step_ms, MINUTE_MS)]
            for name in _COUNTS:
                total = sum(counts.get(name, 0) for counts in within)
                self._same(f"moments.{each['at_ms']}.{name}", each[name], total)
        all_of_them = sum(sum(counts.get(name, 0) for name in _COUNTS) for counts in minutes.values())
        drawn = sum(each[name] for each in shown for name in _COUNTS)
        self.compared += 1
        if not all_of_them * (1 - 2 * _STRAGGLERS) <= drawn <= all_of_them:
            self.found.append(f"moments: {drawn} of {all_of_them} counts are drawn")

    def _posts(self) -> None:
        theirs = [each for each in self._oracle["posts"] if each["campaign_id"] == CAMPAIGN]
        theirs.sort(key=lambda post: (-post["engagements"], post["influencer_id"], post["post_id"]))
        self._same("posts", len(self._figures["posts"]), min(10, len(theirs)))
        for place, (ours, best) in enumerate(zip(self._figures["posts"], theirs, strict=False)):
            for name, value in best.items():
                if name != "campaign_id":
                    self._same(f"posts.{place}.{name}", ours.get(name), value)

    def _giveaway(self) -> None:
        (theirs,) = (each for each in self._oracle["giveaways"] if not each["influencer_id"])
        ours = self._figures["giveaway"]
        for name in ("entries", "valid_entries", "duplicate_entries", "withdrawn_entries", "unique_entrants"):
            self._same(f"giveaway.{name}", ours.get(name, 0), theirs.get(name, 0))
        for reason in {*ours.get("invalid_entries", {}), *theirs.get("invalid_entries", {})}:
            pair = (each.get("invalid_entries", {}).get(reason, 0) for each in (ours, theirs))
            self._same(f"giveaway.{reason}", *pair)

    def _quality(self) -> None:
        ours, counts, total = self._figures["quality"], self._oracle["counts"], self._whole["windows"]["total"]
        whole = sum(count for reason, count in ours["refused"].items() if reason != "unusable_field")
        self._same("quality.lines", ours["lines"], counts["lines"])
        self._same("quality.refused", whole, counts["rejected"])
        self._same("quality.accepted", ours["events"] + ours["duplicates"], counts["lines"] - counts["rejected"])
        self._same("quality.unread", ours["unread_comments"], total["sentiment_unread"])
        self._same("quality.comments", ours["comments"], total["comments"])
        nobody = self._people.get("", {"windows": {"total": {"purchases": 0}}})
        self._same("quality.unattributed", ours["unattributed_orders"], nobody["windows"]["total"]["purchases"])
        named = {each.influencer_id for each in self._definition.influencers}
        self._same(
            "quality.strangers", ours["strangers"], len([name for name in self._people if name and name not in named])
        )

    # ------------------------------------------------------------- what people take along, and see

    def _tables(self) -> None:
        """Each table as CSV holds the figures, and what is shown is the same, rounded."""
        creators = self._figures["creators"]
        stats = ("posts", "reach", "engagements")
        self._table(
            "creators.csv",
            [
                [
                    each.get("followers"),
                    # Reach that no platform has reported is not known to be 0.
                    *(each["stats"].get(name, 0) or (None if name == "reach" else 0) for name in stats),
                    each["stats"].get("engagement_rate_by_followers"),
                    each.get("engagement_rate_by_post"),
                    each["stats"].get("engagement_rate_by_reach"),
                    each["stats"].get("engagement_rate_by_views"),
                    each.get("share_of_voice"),
                    (each["stats"].get("sentiment") or {}).get("net"),
                    each["stats"].get("clicks", 0),
                    each["stats"].get("purchases", 0),
                ]
                for each in creators
            ],
            before=3,
        )
        names = (
            "orders",
            "revenue",
            "refunded",
            "net",
            "fees",
            "return_on_fees",
            "cost_by_engagement",
            "cost_by_order",
        )
        defaults = {"orders": 0, "revenue": "0", "refunded": "0", "net": "0"}
        rows_of = [[each.get(name, defaults.get(name)) for name in names] for each in self._figures["money"]]
        self._table("money.csv", rows_of, before=1)
        rows_of = [[each.get(name, defaults.get(name)) for name in names] for one in creators for each in one["money"]]
        self._table("money-by-creator.csv", rows_of, before=2)
        shown = ("engagements", "likes", "comments", "shares", "saves", "views")
        self._table("posts.csv", [[each.get(name) for name in shown] for each in self._figures["posts"]], before=3)

    def _table(self, name: str, figures: list[list[Any]], *, before: int) -> None:
        taken, shown = _table(self._page, name)
        self._same(f"{name}: rows", (len(taken), len(shown)), (len(figures), len(figures)))
        for place, (csv_row, shown_row, row) in enumerate(zip(taken, shown, figures, strict=False)):
            for column, value in enumerate(row, start=before):
                where = f"{name}[{place}][{column}]"
                text = csv_row[column]
                self._same(where, None if text == "" else float(text), None if value is None else float(value))
                self._rounded(f"{where} shown", shown_row[column], value)

    def _rounded(self, path: str, shown: str, value: float | str | None) -> None:
        self.compared += 1
        found = re.match(r"([-+]?[\d,]+(?:\.(\d+))?)(\s*%)?", shown)
        if value is None or found is None:
            if not (value is None and shown.startswith("–")):
                self.found.append(f"{path}: {shown!r}, figure {value}")
            return
        number, decimals = float(found[1].replace(",", "")), len(found[2] or "")
        exact = float(value) * (100 if found[3] else 1)
        if abs(number - exact) > 0.5 * 10**-decimals + 1e-9:
            self.found.append(f"{path}: {shown!r}, figure {value}")

    def _same(self, path: str, ours: object, theirs: object) -> None:
        self.compared += 1
        if isinstance(ours, dict) and isinstance(theirs, dict):
            for name in sorted({*ours, *theirs}):
                self._same(f"{path}.{name}", ours.get(name), theirs.get(name))
        elif isinstance(theirs, float) and isinstance(ours, int | float):
            if not isclose(ours, theirs, rel_tol=1e-12, abs_tol=FLOAT_TOLERANCE):
                self.found.append(f"{path}: {ours}, oracle {theirs}")
        elif ours != theirs:
            self.found.append(f"{path}: {ours}, oracle {theirs}")


def _minute_after(at_ms: int) -> int:
    """When a minute has been waited for: its end, and what stragglers are given."""
    return (at_ms // MINUTE_MS + 1) * MINUTE_MS + _GRACE_MS


def _table(page: str, name: str) -> tuple[list[list[str]], list[list[str]]]:
    """Return a table's rows as CSV has them and as they are shown, without the headings."""
    found = re.search(
        rf'<tbody>((?:(?!<tbody>).)*?)</tbody></table></div><a class="csv" download="{re.escape(name)}" '
        r'href="data:text/csv;charset=utf-8;base64,([^"]*)"',
        page,
        re.DOTALL,
    )
    assert found is not None, name
    text = base64.b64decode(found[2]).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))[1:], list(_cells(found[1]))


def _cells(body: str) -> Iterator[list[str]]:
    for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL):
        cells = re.findall(r"<td>(.*?)</td>", row, re.DOTALL)
        yield [html.unescape(re.sub(r"<[^>]*>", " ", cell)).strip() for cell in cells]


def main() -> int:
    """Simulate, report, compute, compare; return 1 when anything differs."""
    parser = argparse.ArgumentParser(description="Compare every number of a report with the oracle's.")
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        definition, file, now_ms = simulated(folder, given.events, given.seed)
        print(f"{given.events} events written", flush=True)
        page = page_of(definition, file, now_ms, folder / "report.html")
        print(f"{len(page)} characters of report", flush=True)
        comparison = Comparison(page, expected(definition, file, now_ms), definition)
        found = comparison.run()
    print("\n".join(found[:60]))
    print(f"{comparison.compared} numbers compared, {len(found)} differ")
    return 1 if found or not comparison.compared else 0


if __name__ == "__main__":
    sys.exit(main())
