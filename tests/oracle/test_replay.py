"""The product against the oracle: ``streams.replay`` over random logs and over the orders that are hardest for it."""

import json
import random
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from models.campaigns import CampaignDefinition
from models.minutes import Minute
from streams.replay import Replay
from streams.sentiment.languages import UNREAD

from .compare import differences, minute_differences
from .event_log import BASE, HOUR, MINUTE, NOW, EventLog
from .oracle import compute
from .polarities import polarities
from .random_log import definitions, random_log, variants


class ArbitraryScorer:
    """Any polarity will do here, as long as it depends on the text alone; some texts are not read."""

    def score(self, text: str) -> float:
        """Polarity of one text."""
        if zlib.crc32(text.encode()) % 5 == 0:
            return UNREAD
        return (zlib.crc32(text.encode()) % 2001 - 1000) / 1000

    def score_many(self, texts: list[str]) -> list[float]:
        """Polarities of many texts."""
        return [self.score(text) for text in texts]


def compared(lines: list[bytes], path: Path, known: list[CampaignDefinition]) -> list[str]:
    """What the product and the oracle disagree about, in numbers and in what became of the lines."""
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    minutes: list[Minute] = []
    replay = Replay(ArbitraryScorer(), known, NOW, on_minute=minutes.append)
    for _ in replay.feed(lines):
        pass
    snapshot: dict[str, Any] = json.loads(msgspec.json.encode(replay.finish()))
    oracle = compute([path], known, None, NOW, polarities(ArbitraryScorer()))
    counts = replay.counts()
    whole = sum(count for reason, count in counts.rejected.items() if reason != "unusable_field")
    # Duplicates are not compared: an edit that comes before what it edits leaves that one nothing to say.
    ours = (counts.lines, whole, counts.events + counts.duplicates)
    theirs = tuple(oracle["counts"][name] for name in ("lines", "rejected"))
    theirs += (counts.lines - whole,)
    found = [f"lines, rejected, accepted: {ours}, oracle {theirs}"] if ours != theirs else []
    replay.finish(replay.state.time_ms + MINUTE)
    return found + of_minutes(minutes, oracle) + below_zero(snapshot) + differences(snapshot, oracle)


def of_minutes(minutes: list[Minute], oracle: dict[str, Any]) -> list[str]:
    """What both disagree about in minutes, where no event can have come later than 24 hours behind stream time."""
    theirs = {key: counts for key, counts in oracle["minutes"].items() if key[1] is not None}
    begins = [at_ms for *_, at_ms in theirs]
    if not begins or max(oracle["newest_ms"].values()) - min(begins) >= 24 * HOUR:
        return []
    return minute_differences(minutes, {"minutes": theirs})


def below_zero(snapshot: dict[str, Any]) -> list[str]:
    """The numbers of windows and leaderboards that are negative: people must see none."""
    return [
        f"{rollup['campaign_id']}/{rollup.get('influencer_id')} {window}: {name} {number}"
        for rollup in [*snapshot["campaigns"], *snapshot["influencers"]]
        for window, statistics in rollup["windows"].items()
        for shown in (statistics, *rollup.get("leaderboards", {}).get(window, ()))
        for name, number in shown.items()
        if isinstance(number, int | float) and number < 0
    ]


@pytest.mark.parametrize("seed", range(12))
def test_random_logs_give_the_same_numbers(tmp_path: Path, seed: int) -> None:
    """Disorder, lateness, duplicates, refusals and corrections: every statistic agrees."""
    assert compared(random_log(seed, 800), tmp_path / "log.ndjson", definitions()) == []


@pytest.mark.parametrize("seed", range(200, 204))
@pytest.mark.parametrize("known", variants(), ids=["days and comments", "tags and emoji"])
def test_other_rules_give_the_same_numbers(tmp_path: Path, seed: int, known: list[CampaignDefinition]) -> None:
    """Chances a day and a comment, forbidden and few words, accounts that must be tagged, people who are renamed."""
    assert compared(random_log(seed, 800), tmp_path / "log.ndjson", known) == []


@pytest.mark.parametrize("seed", range(100, 106))
def test_the_order_of_a_log_does_not_matter(tmp_path: Path, seed: int) -> None:
    """Thoroughly shuffled, so that most events are late, and the newest come early: every statistic agrees."""
    lines = random_log(seed, 800)
    random.Random(seed).shuffle(lines)
    assert compared(lines, tmp_path / "log.ndjson", definitions()) == []


def test_a_first_snapshot_that_arrives_a_day_late_moves_the_windows(log: EventLog) -> None:
    """A snapshot older than a day becomes the first of its post when no other that old is known."""
    log.add("post.metrics", BASE, reach=1016)
    log.add("post.metrics", BASE - 26 * HOUR, reach=1024)
    assert compared(log.lines, log.path, []) == []


def test_a_first_snapshot_is_not_forgotten_while_windows_need_it(log: EventLog) -> None:
    """A late snapshot between a post's first two of one old quarter of an hour takes nothing from the first."""
    log.add("post.metrics", BASE - 3 * HOUR, likes=1_000)
    log.add("post.metrics", BASE - 3 * HOUR + 10 * MINUTE, likes=1_010)
    for number in range(100):
        log.add("post.metrics", BASE + number, likes=1_020)
    log.add("post.metrics", BASE - 3 * HOUR + 5 * MINUTE, likes=1_004)
    assert compared(log.lines, log.path, []) == []


@pytest.mark.parametrize(
    "line",
    [
        b'{"type": "click", "event_id": "2", "campaign_id": "spring", "platform": "t", '
        b'"influencer_id": "ana", "occurred_at": "2023-11-14T22:15:00.0009999999Z"}',
        b'{"type": "click", "event_id": "2", "campaign_id": "spring", "platform": "t", '
        b'"influencer_id": "ana", "occurred_at": 1700000100000, "more": "\xff"}',
        b'{"type": "click", "event_id": "2", "campaign_id": "spring", "platform": "t", '
        b'"influencer_id": "ana", "occurred_at": 1700000100000, "more": {"\xc3": 1}}',
        b'{"type": "refund", "event_id": "2", "campaign_id": "spring", "platform": "t", "currency": "EUR", '
        b'"influencer_id": "ana", "occurred_at": 1700000100000, "order_id": "o", "amount": "12\\n"}',
    ],
    ids=["ten fraction digits", "not UTF-8 in a value", "not UTF-8 in a name", "amount with a line end"],
)
def test_odd_lines_are_read_alike(log: EventLog, line: bytes) -> None:
    """Times are read to the microsecond and cut; bad UTF-8 is refused wherever it stands; an amount is digits alone."""
    log.add("click", BASE)
    log.raw(line)
    assert compared(log.lines, log.path, []) == []
