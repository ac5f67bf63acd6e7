"""The demo's picture, its rates, and its comparison with the ground truth: functions of data, no terminal, no clock."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace as replace_alert
from rich.cells import cell_len
from rich.console import Console

from agents.demo.frame import Frame
from agents.demo.history import RateHistory, sparkline
from agents.demo.opening import opened_now
from agents.demo.panels import sentiment_bar
from agents.demo.summary import difference_lines, print_snapshot
from agents.demo.totals import compare
from agents.demo.view import picture, plain_line
from agents.demo.words import compact, duration, money
from agents.simulator.truth import GroundTruth, TrueCampaign, TrueInfluencer, TrueMoney, TrueTotals
from agents.stages.definitions import read_definitions
from models.alerts import Alert
from models.read_model import WorkerHealth
from models.rollups import (
    WINDOW_NAMES,
    CampaignRollup,
    GiveawayRollup,
    InfluencerRollup,
    RevenueStats,
    SentimentStats,
    Snapshot,
    WindowStats,
)
from models.suspicion import SuspicionNumbers

SIZES = [(100, 30), (80, 24), (140, 40), (101, 28), (200, 60)]


def stats(**values: Any) -> WindowStats:
    """Statistics of a window with a mood and money."""
    sentiment = SentimentStats(
        sample_size=100, mean=0.2, positive_share=0.57, neutral_share=0.33, negative_share=0.1, net=0.47
    )
    revenue = {
        "EUR": RevenueStats(orders=9, revenue="523.1", refunds=0, refunded="0", average_order_value="58.1222"),
        "USD": RevenueStats(orders=20, revenue="1234567.5", refunds=1, refunded="10", average_order_value="61728.375"),
    }
    return WindowStats(sentiment=sentiment, revenue=revenue, **values)


def influencer(number: int, handle: str | None = None, **values: Any) -> InfluencerRollup:
    """One influencer, the smaller the number the larger its numbers."""
    window = stats(engagements=1_000_000 // (number + 1), comments=1000, unique_commenters=500, **values)
    return InfluencerRollup(
        campaign_id="spring",
        influencer_id=f"i{number}",
        platform="tiktok",
        handle=f"@creator{number}" if handle is None else handle,
        followers=10_000,
        as_of_ms=1,
        windows=dict.fromkeys(WINDOW_NAMES, window),
    )


def campaign(**values: Any) -> CampaignRollup:
    """The campaign of those influencers."""
    window = stats(engagements=12_345_678, comments=1_234_567, purchases=29, clicks=100, **values)
    return CampaignRollup(
        campaign_id="spring",
        name="Spring [giveaway]",
        influencers=40,
        followers=3_214_000,
        as_of_ms=1,
        windows=dict.fromkeys(WINDOW_NAMES, window),
        leaderboards={},
    )


FULL = Frame(
    elapsed_seconds=61.9,
    total_seconds=90.0,
    campaign=campaign(),
    influencers=[influencer(0, "🌿plant.lady"), *(influencer(number) for number in range(1, 50))],
    workers=[
        WorkerHealth(
            worker="w1", events_total=1000, lag=7, rejected_total=5, rejected={"invalid_json": 3, "wrong_type": 2}
        ),
        WorkerHealth(worker="w2", events_total=2000, lag=5, rejected_total=1, rejected={"wrong_type": 1}),
    ],
    per_second={"events": 2000.0, "orders": 3.25},
    history={"events": [1000.0, 2000.0]},
    moved={"i1": 2, "i2": -1},
)
EMPTY = Frame(elapsed_seconds=0.0, total_seconds=None, campaign=None, influencers=[], workers=[])


def drawn(frame: Frame, width: int, height: int) -> list[str]:
    """The picture as lines of text."""
    console = Console(width=width, height=height, force_terminal=True, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(picture(frame, width, height), height=height)
    return capture.get().splitlines()


class TestPicture:
    @pytest.mark.parametrize(("width", "height"), SIZES)
    @pytest.mark.parametrize(
        "frame", [FULL, EMPTY, replace(FULL, influencers=[])], ids=["full", "empty", "no influencer"]
    )
    def test_it_fills_the_terminal_and_no_more(self, frame: Frame, width: int, height: int) -> None:
        """Every line has the terminal's width in cells (emoji included) and there are as many as it has rows."""
        lines = drawn(frame, width, height)
        assert len(lines) == height
        assert {cell_len(line) for line in lines[1:]} == {width}
        assert cell_len(lines[0]) <= width

    def test_an_open_alert_says_its_sentence_and_how_many_more_there_are(self) -> None:
        """The newest alert has a line of its own, and the picture still fills the terminal."""
        alert = Alert(
            alert_id="a",
            rule="negative_wave",
            campaign_id="spring",
            influencer_id="i1",
            severity="critical",
            phase="firing",
            opened_at_ms=1,
            at_ms=1,
            strength=2.0,
            unit="negative share",
            observed=0.6,
            expected=0.1,
            ratio=6.0,
            sample_size=100,
            explanation="Ana's comments turned negative",
        )
        lines = drawn(replace(FULL, alerts=[alert, replace_alert(alert, alert_id="b")]), 100, 30)
        assert len(lines) == 30
        assert any("Ana's comments turned negative  (and 1 more)" in line for line in lines)

    @pytest.mark.parametrize(("width", "height"), SIZES)
    def test_what_matters_is_there_at_every_size(self, width: int, height: int) -> None:
        """Name, clock, headline, mood, money, the leader and the pipeline are on the smallest screen too."""
        text = "\n".join(drawn(FULL, width, height))
        for part in ("Spring [giveaway]", "01:01 / 01:30", "12,345,678", "net +0.47", "29 orders", "1,234,567.50"):
            assert part in text
        for part in (
            "🌿plant.lady",
            "1,000,000",
            "2,000 events/s",
            "lag 12",
            "rejected 6",
            "invalid_json 3",
            "2 workers",
        ):
            assert part in text

    def test_the_screen_is_full_of_influencers(self) -> None:
        """The leaderboard shows as many as there is room for: 16 rows less two borders and the header."""
        assert sum("@creator" in line or "plant.lady" in line for line in drawn(FULL, 100, 30)) == 14

    def test_movement_is_shown(self) -> None:
        """Who gained places is marked, and who lost some."""
        lines = drawn(FULL, 100, 30)
        assert "▲2" in next(line for line in lines if "@creator1 " in line)
        assert "▼1" in next(line for line in lines if "@creator2 " in line)

    def test_no_worker_is_said(self) -> None:
        """A pipeline without a worker is not shown as one without lag."""
        assert any("no worker" in line for line in drawn(replace(FULL, workers=[]), 100, 30))

    def test_the_plain_line_is_one_line_with_lifetime_totals(self) -> None:
        """Logs get one line a look."""
        assert plain_line(FULL) == (
            "[01:01] 2,000 events/s | engagements 12,345,678 | comments 1,234,567 | net sentiment +0.47 | orders 29 | "
            "revenue 1,234,567.50 USD, 523.10 EUR | lag 12 | duplicates 0 | rejected 6 | leader 🌿plant.lady"
        )
        assert plain_line(EMPTY) == "[00:00] no numbers yet"


class TestSentimentBar:
    @pytest.mark.parametrize(
        ("positive", "neutral", "negative"), [(1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.5, 0.0, 0.5), (0.334, 0.333, 0.333)]
    )
    @pytest.mark.parametrize("width", [1, 7, 40])
    def test_it_is_as_wide_as_asked(self, positive: float, neutral: float, negative: float, width: int) -> None:
        """Rounded shares never make the bar longer or shorter."""
        sentiment = SentimentStats(
            sample_size=9,
            mean=0,
            positive_share=positive,
            neutral_share=neutral,
            negative_share=negative,
            net=positive - negative,
        )
        assert sentiment_bar(sentiment, width).cell_len == width

    def test_without_comments_it_claims_nothing(self) -> None:
        """Nothing scored is a line, not a neutral bar."""
        assert sentiment_bar(None, 4).plain == "────"


class TestRateHistory:
    def test_steps_are_smoothed(self) -> None:
        """A total that moves by 1000 once a second is a rate of 1000, whenever one looks."""
        history = RateHistory(smoothing_seconds=2.0)
        for half_seconds in range(20):
            history.look(half_seconds / 2, half_seconds // 2 * 1000)
        # Looks at 7.5 s (7000) and 9.5 s (9000).
        assert history.per_second == 1000.0

    def test_it_knows_nothing_before_the_second_look(self) -> None:
        """One look is no rate."""
        history = RateHistory()
        assert history.per_second == 0.0
        history.look(0.0, 5_000.0)
        assert history.per_second == 0.0
        assert history.rates == []

    def test_a_falling_total_is_no_negative_rate(self) -> None:
        """Corrections take numbers back; an audience does not leave at minus ten a second."""
        history = RateHistory()
        history.look(0.0, 100.0)
        history.look(1.0, 90.0)
        assert history.per_second == 0.0

    def test_one_rate_a_step_is_kept_and_old_ones_go(self) -> None:
        """However often one looks, the sparkline moves by one cell a second."""
        history = RateHistory(length=3)
        for tenths in range(61):
            history.look(tenths / 10, tenths)
        assert len(history.rates) == 3

    def test_sparkline_scales_to_its_largest_value(self) -> None:
        """Zero is the lowest bar, the largest the full one; the newest is at the right end."""
        assert sparkline([0.0, 7.0], 4) == "  ▁█"
        assert sparkline([9.0, 0.0, 7.0], 2) == "▁█"
        assert sparkline([0.0], 1) == "▁"
        assert sparkline([], 3) == "   "


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999.4, "999"),
        (9_999, "9,999"),
        (12_345, "12.3k"),
        (3_214_000, "3.21M"),
        (45_600_000, "45.6M"),
        (2e9, "2.00G"),
    ],
)
def test_compact_numbers(value: float, text: str) -> None:
    """Large numbers keep three digits."""
    assert compact(value) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "00:00"), (61.9, "01:01"), (3_661, "1:01:01")])
def test_durations(seconds: float, text: str) -> None:
    """Seconds are cut, hours appear when there are some."""
    assert duration(seconds) == text


def test_money_puts_the_currency_with_most_orders_first() -> None:
    """Amounts of different currencies do not compare: 42,000 yen are less than 13,000 euros."""
    revenue = {
        "EUR": RevenueStats(orders=200, revenue="13800.914", refunds=0, refunded="0"),
        "JPY": RevenueStats(orders=6, revenue="42245", refunds=0, refunded="0"),
        "CHF": RevenueStats(orders=200, revenue="5", refunds=0, refunded="0"),
    }
    assert money(revenue) == "5.00 CHF, 13,800.91 EUR, 42,245.00 JPY"
    assert money(revenue, only_first=True) == "5.00 CHF+"
    assert money({}) == ""


TRUE_TOTALS = TrueTotals(
    comments=1000,
    likes=5,
    engagements=1005,
    unique_commenters=500,
    revenue={"EUR": TrueMoney(orders=2, revenue="99.8", refunds=0, refunded="0")},
)
TOTALS = WindowStats(
    comments=1000,
    likes=5,
    engagements=1005,
    unique_commenters=510,
    revenue={"EUR": RevenueStats(orders=2, revenue="99.8", refunds=0, refunded="0", average_order_value="49.9")},
)


def truth_of(totals: TrueTotals) -> GroundTruth:
    """A truth of one campaign with one influencer."""
    return GroundTruth(
        seed=1,
        start_ms=0,
        end_ms=1,
        records=1,
        events=1,
        events_by_type={},
        duplicates=0,
        corrupt={},
        misplaced=0,
        late=0,
        attributed={},
        first_event_ms=None,
        last_event_ms=None,
        incidents=[],
        campaigns=[TrueCampaign(campaign_id="spring", influencers=1, totals=totals)],
        influencers=[TrueInfluencer(campaign_id="spring", influencer_id="i0", followers=None, totals=totals)],
    )


def snapshot_of(totals: WindowStats) -> Snapshot:
    """A snapshot of the same."""
    windows = dict.fromkeys(WINDOW_NAMES, totals)
    return Snapshot(
        as_of_ms=1,
        campaigns=[msgspec.structs.replace(campaign(), windows=windows)],
        influencers=[msgspec.structs.replace(influencer(0), windows=windows)],
    )


class TestCompare:
    def test_equal_totals_within_the_sketch_error_are_equal(self) -> None:
        """Counts and amounts are exact, the sketch may be off by its stated error."""
        # 17 counters, engagements, unique commenters and 4 numbers of EUR; campaign and influencer.
        comparison = compare(snapshot_of(TOTALS), truth_of(TRUE_TOTALS))
        assert comparison.differences == []
        assert comparison.compared == 2 * (17 + 1 + 1 + 4)

    @pytest.mark.parametrize(
        ("change", "line"),
        [
            ({"comments": 999}, "spring comments: expected 1000, found 999"),
            ({"clicks": 1}, "spring clicks: expected 0, found 1"),
            ({"unique_commenters": 551}, "spring unique_commenters: expected 500, found 551"),
            ({"revenue": {}}, "spring EUR.revenue: expected 99.8, found 0"),
        ],
    )
    def test_each_difference_is_named(self, change: dict[str, Any], line: str) -> None:
        """One wrong number is one line that says which, for the campaign and for the influencer."""
        wrong = msgspec.structs.replace(TOTALS, **change)
        lines = [str(each) for each in compare(snapshot_of(wrong), truth_of(TRUE_TOTALS)).differences]
        assert line in lines
        assert line.replace("spring", "spring/i0", 1) in lines

    def test_a_currency_only_the_stream_knows_is_a_difference(self) -> None:
        """Money out of nowhere is found."""
        money_out_of_nowhere = {"EUR": TOTALS.revenue["EUR"], "USD": TOTALS.revenue["EUR"]}
        wrong = msgspec.structs.replace(TOTALS, revenue=money_out_of_nowhere)
        differences = compare(snapshot_of(wrong), truth_of(TRUE_TOTALS)).differences
        assert {each.statistic for each in differences} == {"USD.orders", "USD.revenue"}

    def test_no_snapshot_differs_by_everything_that_happened(self) -> None:
        """An empty read model is not equal to a campaign with events."""
        differences = compare(None, truth_of(TRUE_TOTALS)).differences
        assert {each.statistic for each in differences} == {
            "comments",
            "likes",
            "engagements",
            "unique_commenters",
            "EUR.orders",
            "EUR.revenue",
        }

    def test_many_differences_are_cut_campaigns_first(self) -> None:
        """A broken run does not scroll its own summary away."""
        differences = compare(None, truth_of(TRUE_TOTALS)).differences
        lines = difference_lines(differences, limit=6)
        assert all(line.startswith("spring ") for line in lines[:6])
        assert lines[6:] == ["and 6 more"]


def test_the_final_table_fits_80_columns() -> None:
    """The summary reads well in the smallest terminal."""
    console = Console(width=80, force_terminal=True, color_system=None)
    influencers = [influencer(number) for number in range(12)]
    with console.capture() as capture:
        print_snapshot(console, Snapshot(as_of_ms=1, campaigns=[campaign()], influencers=influencers))
    text = capture.get()
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    for part in ("Spring [giveaway]: total", "12,345,678", "1,234,567.50 USD", "and 2 more"):
        assert part in text


def test_a_window_that_a_rollup_does_not_have_is_unknown() -> None:
    """A version without that window has written it: "-" and the last place, no end of the command and no zero."""
    older = msgspec.structs.replace(influencer(0), windows={"total": stats()})
    whole = msgspec.structs.replace(campaign(), windows={"total": stats()})
    console = Console(width=80, force_terminal=False)
    with console.capture() as capture:
        print_snapshot(console, Snapshot(as_of_ms=1, campaigns=[whole], influencers=[older, influencer(1)]), "6h")
    rows = [line.split() for line in capture.get().splitlines()]
    assert [row[:2] for row in rows if row and row[0].startswith("@")] == [["@creator1", "500,000"], ["@creator0", "-"]]
    assert [row[1:] for row in rows if row[:1] == ["all"]] == [["-"] * 7]


GIVEAWAY = GiveawayRollup(
    campaign_id="spring",
    influencer_id="",
    as_of_ms=0,
    status="open",
    opens_ms=0,
    closes_ms=3_723_000,
    time_left_ms=3_723_000,
    entries=12_345,
    valid_entries=9_000,
    duplicate_entries=3_000,
    invalid_entries={"after_closing": 300},
    withdrawn_entries=45,
    unique_entrants=9_000,
    entries_per_minute=77,
)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_giveaway_has_a_line_of_its_own(width: int, height: int) -> None:
    """Entrants, entries and the time left fit into every terminal, and the picture keeps its height."""
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(picture(replace(FULL, giveaway=GIVEAWAY), width, height), height=height)
    lines = capture.get().splitlines()
    assert len(lines) == height
    assert "9,000 entrants · 12,345 entries · 1:02:03 left" in lines[1]


def test_suspicious_entrants_are_in_the_giveaways_line() -> None:
    """Once somebody is suspected, how many; nothing before."""
    console = Console(width=140, height=40, force_terminal=True, color_system=None)
    lines = []
    for number in (None, 0, 1_234):
        suspicion = None if number is None else SuspicionNumbers(as_of_ms=0, suspicious_entrants=number)
        giveaway = msgspec.structs.replace(GIVEAWAY, suspicion=suspicion)
        with console.capture() as capture:
            console.print(picture(replace(FULL, giveaway=giveaway), 140, 40), height=40)
        lines.append(capture.get().splitlines()[1])
    assert lines[0] == lines[1]
    assert "suspicious" not in lines[0]
    assert "77 a minute · 1,234 suspicious" in lines[2]


def test_the_demos_giveaway_is_open_now() -> None:
    """The example's giveaway of a past day is moved to begin now, as long as it was; an open one stays."""
    definitions = read_definitions(Path(__file__).parents[4] / "examples" / "giveaway.yaml")
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    moved = opened_now(definitions, now)
    assert moved is not None
    (rules,) = [each.giveaway for each in moved]
    assert rules is not None
    assert (rules.opens_ms, rules.closes_ms - rules.opens_ms) == (int(now.timestamp()) * 1000, 19_800_000)
    assert opened_now(moved, now) is None


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_what_comes_through_the_gateway_is_said(columns: int, rows: int) -> None:
    """In a line of the picture, and in the plain line; without a gateway nothing is said of it."""
    console = Console(width=columns, height=rows, force_terminal=False)
    delivered = replace(FULL, delivered={"instagram": 1_234, "shopify": 5})
    with console.capture() as capture:
        console.print(picture(delivered, columns, rows), height=rows)
    assert "gateway · instagram 1,234, shopify 5 as signed deliveries" in capture.get()
    assert "gateway instagram 1,234, shopify 5" in plain_line(delivered)
    assert "gateway" not in plain_line(FULL)
