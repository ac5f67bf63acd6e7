"""The oracle: ``docs/statistics.md`` computed by DuckDB over files of events.

Imports nothing of ``streams`` or ``agents``. Python reads and checks lines and puts results into nested dicts;
the SQL beside this file removes duplicates, attributes, takes deltas, cuts windows, sums and derives.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

from models.campaigns import CampaignDefinition, TrackingLink

from .giveaway import rollups, rule_tables, text_tables
from .giveaway_texts import code_form, utm_form
from .lines import INTEGER_COLUMNS, TEXT_COLUMNS, RefusedError, Row, read_lines, row_of

HERE: Final = Path(__file__).parent
UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
INTEGERS: Final = (
    "posts", "posts_deleted", "comments", "comments_deleted", "likes", "shares", "saves", "views", "reach",
    "reported_comments", "other_reactions", "clicks", "signups", "add_to_carts", "purchases", "refunds",
    "test_orders", "entries", "corrections", "sentiment_unread", "engagements", "unique_commenters",
)  # fmt: skip
RATES: Final = (
    "engagement_rate_by_followers",
    "engagement_rate_by_reach",
    "engagement_rate_by_views",
    "conversion_rate_by_clicks",
)
NEWEST: Final = """
SELECT campaign_id, influencer_id, max(at_ms)
FROM (SELECT campaign_id, influencer_id, at_ms FROM counted
      UNION ALL SELECT campaign_id, o.influencer_id, at_ms FROM owner o JOIN counted USING (line))
GROUP BY GROUPING SETS ((campaign_id, influencer_id), (campaign_id))
"""
SENTIMENT: Final = {
    "sample_size": "sample_size",
    "mean": "sentiment_mean",
    "positive_share": "positive_share",
    "neutral_share": "neutral_share",
    "negative_share": "negative_share",
    "net": "net",
}

Record = dict[str, Any]
"""A row of a result by column name, or a piece of the answer: values of every JSON type."""


def compute(
    files: list[Path],
    definitions: list[CampaignDefinition],
    as_of_ms: int | None,
    now_ms: int,
    polarity: Callable[[list[str]], Sequence[float | None]],
) -> Record:
    """Compute every statistic of ``models.rollups.Snapshot`` over files of events, one a line.

    Args:
        files: Read in this order.
        definitions: Of several with one ``campaign_id`` the last is in force.
        as_of_ms: The moment the numbers are for; None means the largest accepted event time (0 if none).
        now_ms: What the clock says: later events than this and five minutes are refused.
        polarity: The scorer; called at most once, with the distinct comment texts that count. None for a text in a
            language that it does not read.

    Returns:
        ``as_of_ms``, ``campaigns`` and ``influencers`` as in a snapshot's JSON, with zeros written out and
        values without a base absent; ``unique_commenters`` is the true count. ``counts`` holds ``lines``,
        ``accepted`` (distinct events), ``duplicates`` and ``rejected``; ``newest_ms`` the time of the newest event
        by (campaign, influencer), and by (campaign, None). ``minutes`` has the counts of each minute with any, by
        (campaign, influencer or None, beginning); those of codes are left out. ``posts`` has what is said of each post.

    Raises:
        ValueError: ``polarity`` did not answer with one float for each text.
    """
    rows, lines = _accepted_rows(files, now_ms)
    with duckdb.connect() as database:
        # Columns of text are text, without guessing from the first thousand values.
        database.execute("SET pandas_analyze_sample = 0")
        database.execute("SET TimeZone = 'UTC'")
        database.execute("CREATE TABLE parameter AS SELECT $1::BIGINT AS as_of_ms", [as_of_ms])
        _create(database, "accepted", _columns(rows))
        _create_definitions(database, definitions)
        for name, (columns, table) in rule_tables(_in_force(definitions)).items():
            _create_from_rows(database, name, columns, table)
        _run(database, "events.sql")
        _score(database, polarity)
        for name, (columns, table) in text_tables(database, _in_force(definitions)).items():
            _create_from_rows(database, name, columns, table)
        for script in (
            "orders.sql",
            "facts.sql",
            "windows.sql",
            "rollups.sql",
            "giveaway.sql",
            "minutes.sql",
            "posts.sql",
        ):
            _run(database, script)
        accepted = database.sql("SELECT count(*) FROM counted").fetchall()[0][0]
        return {
            **_snapshot(database),
            "minutes": _minutes(database),
            "posts": _records(database, "SELECT * FROM shown_post ORDER BY ALL"),
            "newest_ms": {(campaign, influencer): ms for campaign, influencer, ms in database.sql(NEWEST).fetchall()},
            "counts": {
                "lines": lines,
                "accepted": accepted,
                "duplicates": len(rows) - accepted,
                "rejected": lines - len(rows),
            },
        }


def _accepted_rows(files: list[Path], now_ms: int) -> tuple[list[Row], int]:
    rows: list[Row] = []
    number = 0
    for number, line in enumerate(read_lines(files), start=1):
        try:
            row = row_of(line, now_ms)
        except RefusedError:
            continue
        row["line"] = number
        rows.append(row)
    return rows, number


def _columns(rows: list[Row]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in TEXT_COLUMNS:
        columns[name] = np.array([row.get(name) for row in rows], dtype=object)
    for name in INTEGER_COLUMNS:
        values = [row.get(name) for row in rows]
        columns[name] = np.ma.array(
            [0 if value is None else value for value in values],
            mask=[value is None for value in values],
            dtype=np.int64,
        )
    return columns


def _create(database: duckdb.DuckDBPyConnection, table: str, columns: dict[str, Any]) -> None:
    """Create a table from columns; object arrays become text, the others keep their type."""
    types = {name: "VARCHAR" if values.dtype == object else "BIGINT" for name, values in columns.items()}
    types |= {name: "DOUBLE" for name, values in columns.items() if values.dtype == np.float64}
    wanted = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in types.items())
    database.register("incoming", columns)
    database.execute(f"CREATE TABLE {table} AS SELECT {wanted} FROM incoming")
    database.unregister("incoming")


def _create_from_rows(
    database: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Sequence[Sequence[object]]
) -> None:
    database.execute(f"CREATE TABLE {table} ({columns})")
    if rows:
        # A list a column: row by row, the texts of thirty thousand events would take ten seconds.
        lists = [list(column) for column in zip(*rows, strict=True)]
        values = ", ".join(f"unnest(${number})" for number in range(1, len(lists) + 1))
        database.execute(f"INSERT INTO {table} SELECT {values}", lists)


def _in_force(definitions: Iterable[CampaignDefinition]) -> list[CampaignDefinition]:
    return list({definition.campaign_id: definition for definition in definitions}.values())


def _create_definitions(database: duckdb.DuckDBPyConnection, definitions: Iterable[CampaignDefinition]) -> None:
    in_force = _in_force(definitions)
    members = [(campaign.campaign_id, member) for campaign in in_force for member in campaign.influencers]
    _create_from_rows(
        database,
        "campaign_definition",
        "campaign_id VARCHAR, name VARCHAR, several_codes VARCHAR",
        [(campaign.campaign_id, campaign.name, campaign.several_codes) for campaign in in_force],
    )
    _create_from_rows(
        database,
        "rate_card",
        "campaign_id VARCHAR, currency VARCHAR, dated VARCHAR, like_rate DECIMAL(38, 6), "
        "comment_rate DECIMAL(38, 6), share_rate DECIMAL(38, 6), save_rate DECIMAL(38, 6), "
        "thousand_views_rate DECIMAL(38, 6)",
        [
            (
                campaign.campaign_id,
                card.currency,
                card.dated.isoformat(),
                card.like,
                card.comment,
                card.share,
                card.save,
                card.thousand_views,
            )
            for campaign in in_force
            if (card := campaign.rate_card) is not None
        ],
    )
    _create_from_rows(
        database,
        "influencer_definition",
        "campaign_id VARCHAR, influencer_id VARCHAR, platform VARCHAR, handle VARCHAR, followers BIGINT",
        [(key, who.influencer_id, who.platform, who.handle, who.followers) for key, who in members],
    )
    _create_from_rows(
        database,
        "code_mark",
        "campaign_id VARCHAR, code VARCHAR, influencer_id VARCHAR",
        [(key, code_form(code), who.influencer_id) for key, who in members for code in who.discount_codes],
    )
    _create_from_rows(
        database,
        "click_mark",
        "campaign_id VARCHAR, is_prefix BOOLEAN, entry VARCHAR, influencer_id VARCHAR",
        [
            (key, entry.endswith("*"), entry.removesuffix("*"), who.influencer_id)
            for key, who in members
            for entry in who.click_ids
        ],
    )
    _create_from_rows(
        database,
        "link_mark",
        "campaign_id VARCHAR, position BIGINT, named BIGINT, utm_source VARCHAR, utm_medium VARCHAR, "
        "utm_campaign VARCHAR, utm_term VARCHAR, utm_content VARCHAR, influencer_id VARCHAR",
        [
            (key, position, *_link_mark(link), who.influencer_id)
            for position, (key, who, link) in enumerate((key, who, link) for key, who in members for link in who.links)
        ],
    )


def _link_mark(link: TrackingLink) -> tuple[int | str | None, ...]:
    values = [utm_form(getattr(link, name) or "") or None for name in UTM]
    return (sum(value is not None for value in values), *values)


def _run(database: duckdb.DuckDBPyConnection, script: str) -> None:
    database.execute((HERE / script).read_text(encoding="utf-8"))


def _score(database: duckdb.DuckDBPyConnection, polarity: Callable[[list[str]], Sequence[float | None]]) -> None:
    found = database.sql("SELECT DISTINCT text FROM counted WHERE type = 'comment.created' ORDER BY text")
    texts: list[str] = [text for (text,) in found.fetchall()]
    scores = polarity(texts) if texts else []
    if len(scores) != len(texts) or not all(score is None or -1.0 <= score <= 1.0 for score in scores):
        raise ValueError("polarity must give one float in -1..1, or None, for each text")
    _create_from_rows(database, "polarity", "text VARCHAR, polarity DOUBLE", list(zip(texts, scores, strict=True)))


def _records(database: duckdb.DuckDBPyConnection, query: str) -> list[Record]:
    result = database.sql(query)
    names = result.columns
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def _minutes(database: duckdb.DuckDBPyConnection) -> dict[tuple[str, str | None, int], dict[str, int]]:
    found: dict[tuple[str, str | None, int], dict[str, int]] = {}
    for campaign_id, influencer_id, starts_at_ms, name, count in database.sql("FROM minute_count").fetchall():
        found.setdefault((campaign_id, influencer_id, starts_at_ms), {})[name] = count
    return found


def _snapshot(database: duckdb.DuckDBPyConnection) -> Record:
    as_of_ms = database.sql("SELECT as_of_ms FROM moment").fetchall()[0][0]
    money: dict[tuple[str, str, str, str], Record] = {}
    for row in _records(database, "SELECT * FROM shown_money ORDER BY currency"):
        key = (row["level"], row["campaign_id"], row["influencer_id"], row["span"])
        kept = ("orders", "revenue", "refunds", "refunded", "average_order_value")
        amounts = {name: row[name] for name in kept if row[name] is not None}
        money.setdefault(key, {})[row["currency"]] = amounts
    windows: dict[tuple[str, str, str], Record] = {}
    for row in _records(database, "SELECT * FROM shown"):
        who = (row["level"], row["campaign_id"], row["influencer_id"])
        windows.setdefault(who, {})[row["span"]] = _window(row, money.get((*who, row["span"]), {}))
    boards: dict[str, Record] = {}
    for span, campaign_id in database.sql("SELECT span, campaign_id FROM place WHERE level = 'campaign'").fetchall():
        boards.setdefault(campaign_id, {})[span] = []
    for row in _records(database, "SELECT * FROM leaderboard ORDER BY campaign_id, span, place"):
        entry = {key: row[key] for key in ("influencer_id", "engagements", "comments", "share_of_voice")}
        boards[row["campaign_id"]][row["span"]].append(entry)
    campaigns = [
        {
            "kind": "campaign",
            **row,
            "as_of_ms": as_of_ms,
            "windows": windows["campaign", row["campaign_id"], ""],
            "leaderboards": boards[row["campaign_id"]],
        }
        for row in _records(database, "SELECT * FROM campaign_heading ORDER BY campaign_id")
    ]
    influencers = [
        {
            "kind": "influencer",
            **row,
            "as_of_ms": as_of_ms,
            "windows": windows["influencer", row["campaign_id"], row["influencer_id"]],
        }
        for row in _records(database, "SELECT * FROM influencer_heading ORDER BY campaign_id, influencer_id")
    ]
    giveaways = rollups(
        _records(database, "SELECT * FROM shown_giveaway ORDER BY ALL"),
        _records(database, "SELECT * FROM shown_invalid"),
        _records(database, "SELECT * FROM giveaway_rule"),
        as_of_ms,
    )
    return {"as_of_ms": as_of_ms, "campaigns": campaigns, "influencers": influencers, "giveaways": giveaways}


def _window(row: Record, revenue: Record) -> Record:
    window: Record = {name: int(row[name]) for name in INTEGERS}
    window |= {name: row[name] for name in RATES if row[name] is not None}
    if row["sample_size"]:
        window["sentiment"] = {name: row[column] for name, column in SENTIMENT.items()}
    if revenue:
        window["revenue"] = revenue
    if row["earned_media_value"] is not None:
        window["earned_media_value"] = {
            "amount": row["earned_media_value"],
            "currency": row["rate_currency"],
            "rate_card_dated": row["rate_card_dated"],
        }
    return window
