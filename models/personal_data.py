"""Where data of people lies: every place, how long, why, who may read it, and what becomes of it.

The one list that ``campaigns purge``, ``giveaway forget`` and ``people export`` walk, and that ``docs/privacy.md``
shows. A test compares it with the topics and keys that the code knows, so that a new place cannot be forgotten.
"""

from typing import Final, Literal

from msgspec import Struct

from models.topics import (
    ACTIONS,
    ALERTS,
    CLOSED_WINDOWS,
    COMMENTS,
    CONVERSIONS,
    CURSORS,
    DEAD_LETTERS,
    DEFINITIONS,
    DRAWS,
    ENTRIES,
    INBOX,
    INFLUENCER_SNAPSHOTS,
    MINUTES,
    POSTS,
    ROLLUPS,
    WEBHOOKS,
)

PlaceKind = Literal["topic", "redis", "file"]
Fate = Literal["removed", "workers", "ends", "stays", "nothing"]
"""What becomes of what lies in a place: ``removed`` by the command; ``workers`` remove it once they have read the mark
that the command writes; it ``ends`` by itself, when ``kept`` is over; it ``stays``, for the operator to deal with;
``nothing`` of that kind is there."""

CHANGELOG: Final = "{group}-state-changelog"
"""The changelog among the places: its name begins with the group's."""
STORES: Final = "PULSE_STORE_DIRECTORY"
SPOOL: Final = "PULSE_GATEWAY_SPOOL_DIRECTORY"
LOGS: Final = "logs of workers and commands"
METRICS: Final = "metrics in Prometheus"
DRAW_FILES: Final = "directories of draws"
TEMPORARY_FILES: Final = "temporary files of commands"
OTHER_FILES: Final = "other files of commands"


class PersonalPlace(Struct, frozen=True, kw_only=True):
    """One place. Names of Redis keys have the prefix ``pulse`` and parts in braces.

    Attributes:
        name: topic, key pattern, or which files.
        kind: which of these.
        datum: what of people lies there.
        kept: how long, when no command removes it.
        why: what it is for.
        readers: who may and has to read it.
        purge: what ``campaigns purge`` does about a campaign's data there.
        forget: what ``giveaway forget`` does about one person's.
    """

    name: str
    kind: PlaceKind
    datum: str
    kept: str
    why: str
    readers: str
    purge: Fate
    forget: Fate


_UNTIL_PURGED: Final = "until `campaigns purge`"
_READERS_OF_REDIS: Final = "whoever may read Redis: dashboards, services"
_NUMBERS: Final = "numbers of influencers, by their ids; of commenters nothing but estimates of how many"


def _topic(
    name: str, datum: str, kept: str, why: str, readers: str, *, purge: Fate, forget: Fate = "nothing"
) -> PersonalPlace:
    return PersonalPlace(
        name=name, kind="topic", datum=datum, kept=kept, why=why, readers=readers, purge=purge, forget=forget
    )


def _key(
    name: str, datum: str, why: str, *, kept: str = _UNTIL_PURGED, purge: Fate = "removed", forget: Fate = "nothing"
) -> PersonalPlace:
    return PersonalPlace(
        name=name, kind="redis", datum=datum, kept=kept, why=why, readers=_READERS_OF_REDIS, purge=purge, forget=forget
    )


def _file(
    name: str, datum: str, kept: str, why: str, readers: str, *, purge: Fate, forget: Fate = "nothing"
) -> PersonalPlace:
    return PersonalPlace(
        name=name, kind="file", datum=datum, kept=kept, why=why, readers=readers, purge=purge, forget=forget
    )


PLACES: Final = (
    _topic(
        COMMENTS,
        "author id, handle, text, country, the post and its influencer, of every comment",
        "4 days (`retention.ms`)",
        "to count; to count again after a crash",
        "producers (write), workers; `people export`, `giveaway forget`",
        purge="ends",
        forget="ends",
    ),
    _topic(
        CONVERSIONS,
        "order ids and amounts, click ids, the buyer's account where the shop says it",
        "4 days (`retention.ms`)",
        "to count; to count again after a crash",
        "producers (write), workers; `people export`, `giveaway forget`",
        purge="ends",
        forget="ends",
    ),
    _topic(
        POSTS,
        "influencers' posts and their numbers",
        "4 days (`retention.ms`)",
        "to count; to count again after a crash",
        "producers (write), workers",
        purge="ends",
    ),
    _topic(
        DEAD_LETTERS,
        "whatever was refused, as it came: ids, handles and texts of people among it",
        "30 days (`retention.ms`)",
        "to mend it and send it again (`dead-letters redrive`)",
        "operators; `people export`",
        purge="ends",
        forget="ends",
    ),
    _topic(
        INBOX,
        "deliveries of platforms and shops as they came: whatever they send of people, addresses of buyers among it",
        "4 days (`retention.ms`)",
        "to see what a platform has sent, and to map it again (`gateway remap`)",
        "the gateway (writes); operators; `people export`",
        purge="ends",
        forget="ends",
    ),
    _topic(
        CURSORS,
        "ids of influencers' posts, accounts and live chats; of commenters nothing",
        "the newest of each, for ever",
        "to go on where the last poller ended",
        "`gateway poll`",
        purge="stays",
    ),
    _topic(
        WEBHOOKS,
        "numbers of influencers, by their ids; of commenters nothing",
        "until it is taken, 4 days at most; its id a week; the highest totals of a campaign for ever",
        "to send webhooks, each message once",
        "the gateway; `gateway webhooks`",
        purge="ends",
    ),
    _topic(
        ENTRIES,
        "author id, handle, text, country of every comment on a giveaway's posts; hashes of orders, buyers and "
        "deleted comments",
        _UNTIL_PURGED,
        "to decide entries, draw winners, and prove a draw",
        "workers; operators (`giveaway`)",
        purge="removed",
        forget="removed",
    ),
    _topic(
        DRAWS,
        "hashes of published files, reasons of operators; no names (`docs/giveaway.md`)",
        "for ever",
        "to prove that no draw was hidden or repeated",
        "everybody",
        purge="stays",
        forget="stays",
    ),
    _topic(
        ACTIONS,
        "platform and author id of people who were held or cleared; names of keys, and the notes of whoever decided",
        _UNTIL_PURGED,
        "to carry out what was decided at the desk, and to say who did",
        "the gateway (writes, reads), workers; operators (`giveaway actions`)",
        purge="removed",
        forget="removed",
    ),
    _topic(
        DEFINITIONS,
        "handles and ids of influencers; accounts that are excluded or won before",
        "until `campaigns apply`, `campaigns remove` or `campaigns purge`",
        "to attribute, and to judge entries",
        "workers; operators",
        purge="removed",
        forget="stays",
    ),
    _topic(
        CHANGELOG,
        "numbers of influencers; order ids; hashes of ids of events and comments, and "
        "the key of these hashes; comments shown with open alerts",
        "rows until `campaigns purge`, orders `PULSE_ORDER_DAYS` (60), hashes 72 h, alerts until resolved or 30 h",
        "to go on after a restart without losing or doubling a count",
        "workers",
        purge="workers",
        forget="ends",
    ),
    _topic(
        INFLUENCER_SNAPSHOTS,
        _NUMBERS,
        _UNTIL_PURGED,
        "to combine the numbers of a campaign",
        "workers",
        purge="removed",
    ),
    _topic(ROLLUPS, _NUMBERS, _UNTIL_PURGED, "the product: live numbers", "anybody", purge="removed"),
    _topic(
        MINUTES,
        "counts of influencers by minute, by their ids; of commenters nothing but how many comments",
        "30 days (`retention.ms`)",
        "to look back: curves, reports",
        "anybody",
        purge="removed",
    ),
    _topic(
        CLOSED_WINDOWS,
        "texts of some comments of each minute, without their authors",
        "1 day (`retention.ms`)",
        "to raise alerts, and say why",
        "workers",
        purge="removed",
        forget="removed",
    ),
    _topic(
        ALERTS,
        "texts of some comments, without their authors, with an alert",
        "30 days (`retention.ms`)",
        "to tell why somebody was alarmed",
        "whoever is alarmed",
        purge="ends",
        forget="ends",
    ),
    _key("pulse:campaigns", "campaign ids", "to find a campaign's numbers"),
    _key("pulse:campaign:{campaign}", _NUMBERS, "live numbers"),
    _key("pulse:campaign:{campaign}:influencers", "ids of influencers", "live numbers"),
    _key("pulse:campaign:{campaign}:giveaway", "numbers of the giveaway", "live numbers"),
    _key("pulse:influencer:{campaign}:{influencer}", _NUMBERS, "live numbers"),
    _key("pulse:campaign:{campaign}:minutes", "counts by minute", "to look back", kept="25 h after the last one"),
    _key(
        "pulse:influencer:{campaign}:{influencer}:minutes",
        "counts by minute, by id of the influencer",
        "to look back",
        kept="25 h after the last one",
    ),
    _key("pulse:influencer:{campaign}:{influencer}:giveaway", "numbers of the giveaway", "live numbers"),
    _key("pulse:leaderboard:{campaign}:{window}:{metric}", "ids of influencers, by a number", "live numbers"),
    _key(
        "pulse:updates",
        "ids of campaigns and influencers whose numbers changed",
        "to follow changes",
        kept="the newest 10,000 entries",
    ),
    _key(
        "pulse:updates:{campaign}",
        "the same, to subscribers; nothing is kept",
        "to follow changes",
        kept="not at all",
        purge="nothing",
    ),
    _key(
        "pulse:review:{campaign}",
        "platform and author id of suspicious entrants",
        "for a person to decide about them",
        forget="removed",
    ),
    _key(
        "pulse:review:{campaign}:reasons",
        "their handles, and why they are suspected",
        "for a person to decide about them",
        forget="removed",
    ),
    _key("pulse:review:{campaign}:summary", "how many there are", "live numbers"),
    _key("pulse:frozen:{campaign}", "numbers and hashes of the frozen entry list", "to announce a draw"),
    _key("pulse:alerts:campaigns", "ids of campaigns with open alerts", "to find alerts"),
    _key(
        "pulse:alerts:{campaign}:active",
        "texts of some comments, without their authors, with alerts that are open",
        "to tell why somebody is alarmed",
        kept="until the alert is resolved",
        forget="removed",
    ),
    _key(
        "pulse:alerts:{campaign}:history",
        "texts of some comments, without their authors, with alerts",
        "to tell why somebody was alarmed",
        kept="the newest 1,000 transitions of a campaign",
        forget="removed",
    ),
    _key(
        "pulse:alerts:{campaign}",
        "the same, to subscribers; nothing is kept",
        "to alarm somebody",
        kept="not at all",
        purge="nothing",
    ),
    _key("pulse:worker:{worker}", "no data of people", "the health of workers", kept="30 s", purge="nothing"),
    _file(
        STORES,
        f"a copy of {CHANGELOG} (`PULSE_STORE=rocksdb`)",
        "as long as that; what was copied of partitions that other workers have by now, until they come back",
        "to start again quickly",
        "the worker's user",
        purge="workers",
        forget="ends",
    ),
    _file(
        SPOOL,
        "deliveries that wait for Kafka, as they came, and damaged ones (`.damaged`)",
        "until Kafka has them; damaged ones until you delete them",
        "to lose none of those that are never sent again",
        "the gateway's user",
        purge="stays",
        forget="stays",
    ),
    _file(
        LOGS,
        "ids of campaigns and influencers in alerts; no texts, handles or author ids",
        "as long as you keep logs",
        "to operate",
        "operators",
        purge="stays",
    ),
    _file(
        METRICS,
        "numbers of campaigns and influencers, by their ids, and the handles of influencers (`docs/metrics.md`); of "
        "commenters nothing, unless `PULSE_ALERT_SAMPLES` asks for comments with open alerts: texts without handles, "
        "links and authors, which go to whoever is told of alerts",
        "as long as Prometheus keeps them (`--storage.tsdb.retention.time`)",
        "dashboards and alerts",
        "whoever may read Prometheus and Grafana",
        purge="stays",
    ),
    _file(
        DRAW_FILES,
        "pseudonyms; with `secret.key` (or `people.json` of `giveaway publish`) whoever has a list of accounts "
        "can tell who took part; after `giveaway run` also accounts and comments in CSV",
        "until you delete them; without `secret.key`, `people.json` and CSV they name nobody",
        "to prove a draw",
        "everybody, but `secret.key` and CSV: the operator, and `people.json`: the gateway's user",
        purge="stays",
        forget="stays",
    ),
    _file(
        TEMPORARY_FILES,
        "texts of a workbook that `import` reads, rows of a table that `export` or a draw on files writes",
        "until the command ends; after a kill until you empty the directory for temporary files",
        "to hold what is larger than memory",
        "the command's user",
        purge="ends",
        forget="ends",
    ),
    _file(
        OTHER_FILES,
        "what you have written to files: `people export`, `giveaway winners` and `entrants`, `import`, "
        "`export --personal-data`, `replay`, `simulate`, `dead-letters show`, plots of alerts",
        "until you delete them",
        "yours",
        "yours",
        purge="stays",
        forget="stays",
    ),
)
"""Every place, topics first."""
