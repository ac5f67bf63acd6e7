"""A campaign is purged: a mark for the workers first, then every place of ``models.personal_data``, one by one."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from agents.broker.topic_admin import TopicError, changelog_topic, delete_consumed, topic_settings, topic_specs
from agents.erasure.logs import Key, OnProgress, keys_in_force, read_logs, write_records
from agents.erasure.redis_keys import connected, remove_campaign
from agents.settings import Settings
from models.campaigns import CampaignPurge
from models.personal_data import CHANGELOG, PLACES, STORES, Fate, PersonalPlace
from models.topics import ACTIONS, CLOSED_WINDOWS, DEFINITIONS, ENTRIES, INFLUENCER_SNAPSHOTS, MINUTES, ROLLUPS
from streams.changelog.keys import campaign_of

_ASK_SECONDS: Final = 1.0
_decode_key: Final = msgspec.json.Decoder(list[str | int | None]).decode
_encode: Final = msgspec.json.Encoder().encode


class Outcome(Struct, frozen=True):
    """What was done about a place: in numbers, or until when something stays."""

    place: str
    fate: Fate
    detail: str
    is_done: bool = True
    """Whether the command has nothing left to do there."""


def kept_until(settings: Settings, topic: str, newest_ms: int) -> str:
    """Return until when records of a topic are kept that came at ``newest_ms`` at the latest, in words."""
    own = {spec.name: spec.config for spec in topic_specs(settings)}.get(topic, {})
    retention_ms = int(
        topic_settings(settings, [topic]).get(topic, own).get("retention.ms", own.get("retention.ms", -1))
    )
    if retention_ms < 0:
        return "for ever: the topic's retention.ms is -1"
    until = datetime.fromtimestamp(newest_ms / 1000, UTC) + timedelta(milliseconds=retention_ms)
    return f"until {until:%Y-%m-%d %H:%M} UTC at the latest, and as long as its segment of the log is written"


class CampaignPurger:
    """Purges one campaign.

    Args:
        settings: where Kafka and Redis are.
        campaign_id: the campaign.
        now_ms: now by the wall clock, epoch milliseconds.
        wait_seconds: how long the workers have to drop what they hold.
        on_progress: see ``OnProgress``.
        say: called with what is waited for.
    """

    def __init__(
        self,
        settings: Settings,
        campaign_id: str,
        now_ms: int,
        wait_seconds: float,
        on_progress: OnProgress,
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._campaign_id = campaign_id
        self._now_ms = now_ms
        self._wait_seconds = wait_seconds
        self._on_progress = on_progress
        self._say = say
        self.removers: Mapping[str, Callable[[PersonalPlace], Outcome]] = {
            DEFINITIONS: self._mark,
            ACTIONS: self._tombstones,
            ENTRIES: self._tombstones,
            INFLUENCER_SNAPSHOTS: self._tombstones,
            ROLLUPS: self._tombstones,
            MINUTES: self._tombstones,
            CLOSED_WINDOWS: self._cut,
        }
        """Who removes a campaign from each topic of which ``PLACES`` say that it is removed."""

    def outcomes(self) -> list[Outcome]:
        """Purge the campaign; return what became of each place, in the order of ``PLACES``. Again: removes the rest.

        Raises:
            ErasureError: Kafka or Redis is away or refuses; what was removed stays removed.
        """
        by_name = {place.name: place for place in PLACES}
        # The mark first: workers write to all the other places until they have read it.
        done = {DEFINITIONS: self._mark(by_name[DEFINITIONS])}
        done[CHANGELOG] = self._workers()
        redis = self._redis()
        for place in PLACES:
            if place.name not in done:
                done[place.name] = self._outcome(place, redis, done[CHANGELOG])
        return [done[place.name] for place in PLACES]

    def _outcome(self, place: PersonalPlace, redis: Mapping[str, int], workers: Outcome) -> Outcome:
        if place.name == STORES:
            return Outcome(STORES, "workers", workers.detail, workers.is_done)
        if place.kind == "redis" and place.purge == "removed":
            count = redis[place.name]
            return Outcome(place.name, "removed" if count else "nothing", counted(count, "entry", "entries"))
        if place.purge == "removed":
            return self.removers[place.name](place)
        if place.purge == "ends" and place.kind == "topic":
            return Outcome(place.name, "ends", kept_until(self._settings, place.name, self._now_ms))
        return Outcome(place.name, place.purge, place.kept)

    def _is_of_campaign(self, key: Key) -> bool:
        return self._campaign_id in _parts(key.key)[:1]

    def _is_in_ledger(self, key: Key) -> bool:
        return self._campaign_id in _parts(key.key)[1:2]

    def _is_in_state(self, key: Key) -> bool:
        return campaign_of(key.key) == self._campaign_id

    def _mark(self, place: PersonalPlace) -> Outcome:
        mark = CampaignPurge(
            purged_campaign_id=self._campaign_id, purged_at=datetime.fromtimestamp(self._now_ms / 1000, UTC)
        )
        write_records(self._settings, DEFINITIONS, [(Key(0, self._campaign_id.encode()), _encode(mark))])
        return Outcome(
            place.name, "removed", "its definition; a mark stands there now: its events do not count any more"
        )

    def _workers(self) -> Outcome:
        """Wait until the workers have deleted the campaign from the state, and say what is left of it."""
        topic, until = changelog_topic(self._settings), time.monotonic() + self._wait_seconds
        left = keys_in_force(self._settings, topic, self._is_in_state, self._on_progress)
        if left:
            self._say(f"waiting for the workers to delete {counted(len(left), 'record')} of their state")
        while left and time.monotonic() < until:
            time.sleep(_ASK_SECONDS)
            left = keys_in_force(self._settings, topic, self._is_in_state)
        if not left:
            return Outcome(CHANGELOG, "workers", "nothing of the campaign is left in the state")
        return Outcome(
            CHANGELOG,
            "workers",
            f"{counted(len(left), 'record')} left for a worker: the next one that takes the partition deletes "
            "them; run this again when it runs",
            is_done=False,
        )

    def _tombstones(self, place: PersonalPlace) -> Outcome:
        wanted = self._is_in_ledger if place.name == ENTRIES else self._is_of_campaign
        keys = sorted(keys_in_force(self._settings, place.name, wanted, self._on_progress))
        count = write_records(self._settings, place.name, ((key, None) for key in keys))
        if not count:
            return Outcome(place.name, "nothing", "")
        return Outcome(
            place.name, "removed", f"{counted(count, 'record')}; the bytes go when the broker compacts the topic"
        )

    def _cut(self, place: PersonalPlace) -> Outcome:
        own = self._campaign_id.encode()
        return cut_consumed(self._settings, place.name, self._now_ms, lambda record: record.key == own)

    def _redis(self) -> Counter[str]:
        if not self._settings.redis_url:
            return Counter()
        with connected(self._settings) as client:
            return remove_campaign(client, self._settings.redis_prefix, self._campaign_id)


def _parts(key: bytes) -> list[str | int | None]:
    """Return the parts of a key: ``[campaign, ...]``, in the ledger ``[kind, campaign, ...]``; none of a stranger's."""
    try:
        return _decode_key(key)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def cut_consumed(settings: Settings, topic: str, now_ms: int, is_theirs: Callable[[Any], bool]) -> Outcome:
    """Have the broker delete what the workers have consumed of a topic, and say whether anything is left.

    Nobody reads again what was consumed: confirmed is only what a checkpoint stands for, which may be minutes behind.
    """
    reason = "not consumed yet: run this again later"
    try:
        delete_consumed(settings, topic)
    except TopicError:
        reason = "the broker does not delete records, or not for us"
    left = 0

    def take(record: Any) -> None:
        nonlocal left
        left += is_theirs(record)

    read_logs(settings, {topic: take})
    if not left:
        return Outcome(topic, "removed", "what the workers have consumed, of all campaigns: nothing is left there")
    return Outcome(topic, "ends", f"{counted(left, 'record')}, {kept_until(settings, topic, now_ms)}; {reason}")
