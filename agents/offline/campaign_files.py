"""Everything of a campaign from files of events: numbers, minutes, alerts, orders, posts and the ledger.

Lines are sorted by event time first, so that minutes and alerts are those of a stream that came in order, in whatever
order the files are. They are held in memory for that.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from agents.offline.event_files import ExportOptions, lines_of
from agents.offline.ledger_files import FileEvents, Reading, RefusedLine, ledgers_of, limits_of
from agents.settings import Settings
from models.alerts import AlertTransition
from models.campaigns import CampaignDefinition
from models.minutes import Minute, minute_key
from models.rollups import Snapshot
from models.times import MINUTE_MS
from streams.alerts.closed_windows import GRACE_MS
from streams.columns.keyed_hashes import KEY_BYTES
from streams.events.decode import DECODE_ERRORS, read_event
from streams.exports.post_tally import PostTally
from streams.ledger.blocks import EntryBlock
from streams.orders.order import OrderEvent, OrderKey, decode_order
from streams.replay import Replay, time_of, topic_of
from streams.sentiment.scorers import CachedScorer, make_scorer, make_scorer_with_terms
from streams.statistics.campaign_minutes import summed


class CampaignData(Struct, frozen=True, kw_only=True):
    """What files say of campaigns; ``files`` is what became of their lines, and the ledgers."""

    files: FileEvents
    snapshot: Snapshot
    minutes: list[Minute]
    transitions: list[AlertTransition]
    orders: list[tuple[OrderKey, list[OrderEvent]]]
    posts: PostTally


def read_campaign_files(
    paths: Sequence[Path],
    definitions: Sequence[CampaignDefinition],
    settings: Settings,
    now_ms: int,
    exports: ExportOptions | None = None,
) -> CampaignData:
    """Read everything of files of events; arguments as ``read_event_files`` has them.

    Raises:
        EventFileError: a file cannot be read.
    """
    found = Reading()
    lines: list[tuple[int, Path, int, bytes]] = []
    rows = found.exports_of(exports, now_ms)
    for path in paths:
        before, rows_refused = len(lines), found.rows_refused
        for number, (_, line) in enumerate(lines_of(path, rows), start=1):
            if line.strip():
                lines.append((time_of(line), path, number, line))
        if found.rows_refused > rows_refused and len(lines) == before:
            found.unread.append(path)
    lines.sort(key=lambda each: each[0])
    blocks: list[EntryBlock] = []
    minutes: dict[bytes, Minute] = {}

    def take_minute(minute: Minute) -> None:
        minutes[minute_key(minute)] = minute  # absolute: the last one counts

    run = Replay(
        CachedScorer(make_scorer(settings.sentiment), settings.sentiment_cache),
        definitions,
        now_ms,
        limits_of(settings),
        make_scorer_with_terms(settings.sentiment, settings.sentiment_cache),
        with_alerts=True,
        on_facts=blocks.append,
        on_minute=take_minute,
        in_order=True,
        id_key=secrets.token_bytes(KEY_BYTES),
    )
    for _ in run.feed(line for *_, line in lines):
        for letter in run.take_refused():
            _, path, number, _ = lines[letter.offset]
            found.refuse(RefusedLine(path, number, letter.reason, letter.detail))
    newest_ms = run.state.time_ms
    # As far as the minute of the newest event is over, too.
    snapshot = run.finish((newest_ms // MINUTE_MS + 1) * MINUTE_MS + GRACE_MS if newest_ms else None)
    counts = run.counts()
    return CampaignData(
        files=FileEvents(
            ledger=ledgers_of(blocks),
            lines=counts.lines + found.rows_refused,
            events=counts.events,
            duplicates=counts.duplicates,
            rejected=counts.rejected,
            refused=found.refused,
            unread=found.unread,
            exports=found.exports,
        ),
        snapshot=snapshot,
        minutes=[*minutes.values(), *summed(minutes.values())],
        transitions=[] if run.alerts is None else run.alerts.transitions,
        orders=[(key, decode_order(data).events) for key, data in run.state.intake.desk.book.take_dirty()],
        posts=_posts_of([line for *_, line in lines], settings, now_ms),
    )


def _posts_of(lines: Sequence[bytes], settings: Settings, now_ms: int) -> PostTally:
    tally = PostTally()
    latest_ms = now_ms + settings.future_tolerance_seconds * 1000
    for line in lines:
        topic = topic_of(line)
        if topic is None:
            continue
        try:
            event, _ = read_event(line, topic, latest_ms, settings.max_event_bytes)
        except DECODE_ERRORS:
            continue  # the pipeline has refused it, with its reason
        tally.take(event)
    return tally
