"""The oracle's giveaways: rules and texts into tables for giveaway.sql, and its result as rollups."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import xxhash

from models.campaigns import CampaignDefinition
from models.giveaway import GiveawayRules

from .giveaway_texts import account, answers, fold, length, said, says

Table = tuple[str, list[tuple[object, ...]]]


def _epoch_ms(time: datetime, zone: str | None) -> int:
    aware = time if time.tzinfo else time.replace(tzinfo=ZoneInfo(zone or "UTC"))
    return round(aware.astimezone(UTC).timestamp() * 1000)


def _recent_winners(rules: GiveawayRules) -> list[str]:
    """Winners since the same day so many months ago; a day that month lacks is its last."""
    year, month = divmod(rules.opens_at.year * 12 + rules.opens_at.month - 1 - rules.winners_excluded_months, 12)
    for day in range(rules.opens_at.day, 0, -1):
        try:
            since = datetime(year, month + 1, day, tzinfo=UTC).date()
        except ValueError:
            continue
        return [winner.account for winner in rules.past_winners if winner.won_on >= since]
    return []


def rule_tables(definitions: Iterable[CampaignDefinition]) -> dict[str, Table]:
    """Columns and rows of each table that the rules fill."""
    tables: dict[str, Table] = {
        "giveaway_rule": (
            "campaign_id VARCHAR, opens_ms BIGINT, closes_ms BIGINT, replies_count BOOLEAN, friends BIGINT, "
            "per_what VARCHAR, most_chances BIGINT, refuses_unknown BOOLEAN, bonus_chances BIGINT, bonus_most BIGINT",
            [],
        ),
        "giveaway_post": ("campaign_id VARCHAR, post_id VARCHAR", []),
        "giveaway_country": ("campaign_id VARCHAR, country VARCHAR", []),
        "refused_account": ("campaign_id VARCHAR, key VARCHAR, reason VARCHAR", []),
        "refused_id": ("campaign_id VARCHAR, author_id VARCHAR, reason VARCHAR", []),
        "no_friend": ("campaign_id VARCHAR, key VARCHAR", []),
        "required_account": ("campaign_id VARCHAR, key VARCHAR", []),
    }
    for definition in definitions:
        rules, key = definition.giveaway, definition.campaign_id
        if rules is None:
            continue
        opens_ms, closes_ms = (_epoch_ms(time, rules.time_zone) for time in (rules.opens_at, rules.closes_at))
        refuses = bool(rules.countries) and rules.unknown_country == "refuse"
        bonus = (0, 0) if rules.bonus is None else (rules.bonus.chances, rules.bonus.most)
        replies = rules.replies_count is None or rules.replies_count
        rule = (key, opens_ms, closes_ms, replies, rules.friends, rules.chances, rules.most_chances or 100)
        tables["giveaway_rule"][1].append((*rule, refuses, *bonus))
        tables["giveaway_post"][1].extend((key, post) for post in rules.posts)
        tables["giveaway_country"][1].extend((key, country) for country in rules.countries)
        own = [account(each.handle) for each in definition.influencers]
        required = [account(name) for name in rules.mentions]
        strangers = {*own, *required, *map(account, rules.excluded)}
        tables["no_friend"][1].extend((key, handle) for handle in strangers)
        tables["required_account"][1].extend((key, handle) for handle in required)
        staff = [(name, "excluded_account") for name in rules.excluded]
        refused = staff + [(name, "past_winner") for name in _recent_winners(rules)]
        tables["refused_id"][1].extend((key, name, reason) for name, reason in refused)
        tables["refused_account"][1].extend((key, account(name), reason) for name, reason in refused)
        tables["refused_account"][1].extend((key, handle, "excluded_account") for handle in own)
    return tables


def text_tables(database: duckdb.DuckDBPyConnection, definitions: Iterable[CampaignDefinition]) -> dict[str, Table]:
    """Columns and rows of each table that follows from the texts, handles and ids that occur."""
    rules = {each.campaign_id: each.giveaway for each in definitions if each.giveaway is not None}
    query = "SELECT DISTINCT campaign_id, text, platform FROM accepted WHERE type = 'comment.created'"
    texts = [row for row in database.sql(query).fetchall() if row[0] in rules]
    readings = {(text, platform): said(text, platform) for _, text, platform in texts}
    checked: list[tuple[object, ...]] = []
    for key, text, platform in texts:
        rule, reading = rules[key], readings[text, platform]
        wanted = {fold(each).lstrip("#") for each in rule.hashtags}
        keyword = not rule.keywords or any(says(reading, each) for each in rule.keywords)
        answer = not rule.answers or any(answers(reading, each) for each in rule.answers)
        forbidden = any(says(reading, each) for each in rule.forbidden_words)
        enough = length(reading) >= rule.min_words
        checked.append((key, text, platform, wanted <= reading.hashtags, keyword, answer, forbidden, enough))
    mentions: list[tuple[object, ...]] = [
        (*said_on, place, handle)
        for said_on, reading in readings.items()
        for place, handle in enumerate(reading.mentions)
    ]
    query = "SELECT DISTINCT campaign_id, at_ms FROM accepted WHERE type = 'comment.created'"
    days: list[tuple[object, ...]] = [
        (key, at_ms, str(datetime.fromtimestamp(at_ms / 1000, ZoneInfo(rules[key].time_zone or "UTC")).date()))
        for key, at_ms in database.sql(query).fetchall()
        if key in rules
    ]
    shown = "coalesce(nullif(author_handle, ''), author_id)"
    names = database.sql(f"SELECT DISTINCT {shown} FROM accepted WHERE type = 'comment.created'").fetchall()
    query = "SELECT DISTINCT platform, comment_id FROM accepted WHERE type = 'comment.created'"
    ids = database.sql(query).fetchall()
    hashed: list[tuple[object, ...]] = [
        (platform, name, xxhash.xxh3_64_intdigest(name.encode(), xxhash.xxh3_64_intdigest(platform.encode())))
        for platform, name in ids
    ]
    return {
        "comment_text": (
            "campaign_id VARCHAR, text VARCHAR, platform VARCHAR, has_hashtags BOOLEAN, has_keyword BOOLEAN, "
            "has_answer BOOLEAN, has_forbidden BOOLEAN, has_length BOOLEAN",
            checked,
        ),
        "mention": ("text VARCHAR, platform VARCHAR, position BIGINT, handle VARCHAR", mentions),
        "local_day": ("campaign_id VARCHAR, at_ms BIGINT, day VARCHAR", days),
        "account": ("name VARCHAR, key VARCHAR", [(name, account(name)) for (name,) in names]),
        "comment_hash": ("platform VARCHAR, comment_id VARCHAR, hash UBIGINT", hashed),
    }


def rollups(records: list[dict[str, Any]], invalid: list[dict[str, Any]], rules: list[dict[str, Any]],
            as_of_ms: int) -> list[dict[str, Any]]:  # fmt: skip
    """The giveaway rollups, from the rows of shown_giveaway, shown_invalid and giveaway_rule."""
    times = {rule["campaign_id"]: (rule["opens_ms"], rule["closes_ms"]) for rule in rules}
    found = []
    for row in records:
        opens_ms, closes_ms = times[row["campaign_id"]]
        status = "upcoming" if as_of_ms < opens_ms else "open" if as_of_ms < closes_ms else "closed"
        owner = (row["campaign_id"], row["influencer_id"])
        reasons = {
            each["reason"]: each["entries"] for each in invalid if (each["campaign_id"], each["influencer_id"]) == owner
        }
        found.append(
            {
                "kind": "giveaway",
                **{name: int(value) if isinstance(value, int) else value for name, value in row.items()},
                "chances": int(row["chances"]),
                "bonus_chances": int(row["bonus_chances"]),
                "as_of_ms": as_of_ms,
                "opens_ms": opens_ms,
                "closes_ms": closes_ms,
                "status": status,
                "time_left_ms": max(0, closes_ms - as_of_ms),
                "invalid_entries": reasons,
            }
        )
    return found
