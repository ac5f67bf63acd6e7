"""A person is forgotten: out of the ledger, the review lists, the alerts; and what cannot be changed is named."""

from typing import Any

import msgspec

from agents.erasure.campaign_purge import Outcome, counted, cut_consumed, kept_until
from agents.erasure.logs import Key, write_records
from agents.erasure.person_records import is_tagged_anywhere, roles_in, window_samples
from agents.erasure.person_search import ACTIVE, HISTORY, REASONS, REVIEW, PersonData
from agents.erasure.redis_keys import alert_keys, connected, redact_alerts
from agents.settings import Settings
from agents.stages.review import remove_from_review
from models.alerts import SampleComment
from models.personal_data import CHANGELOG, PLACES, PersonalPlace
from models.topics import ACTIONS, CLOSED_WINDOWS, ENTRIES
from streams.events.partitioning import partition_of
from streams.ledger.forgetting import replacements
from streams.ledger.people import Person
from streams.ledger.sealing import key_of
from streams.ledger.subjects import renamed, worded


class PersonForgetter:
    """Forgets one person.

    Args:
        settings: where Kafka and Redis are.
        data: what was found of them.
        until_ms: up to when what they wrote must not be used.
        stand_in: another name, where others tag them.
        words: put it also where a handle stands as a word.
        now_ms: now by the wall clock: from it on records are kept.
    """

    def __init__(
        self, settings: Settings, data: PersonData, until_ms: int, stand_in: str, now_ms: int, *, words: bool
    ) -> None:
        self._settings = settings
        self._data = data
        self._until_ms = until_ms
        self._stand_in = stand_in
        self._now_ms = now_ms
        self._words = words
        self.removers = {
            ENTRIES: self._ledger,
            ACTIONS: self._actions,
            CLOSED_WINDOWS: self._windows,
            REVIEW: self._reviews,
            REASONS: self._reviews,
            ACTIVE: self._alerts,
            HISTORY: self._alerts,
        }
        """Who removes a person from each place of which ``PLACES`` say that they are removed."""

    def outcomes(self) -> list[Outcome]:
        """Forget the person; return what became of each place. The ledger first: its mark keeps others from returning.

        Raises:
            ErasureError: Kafka or Redis is away or refuses; what was removed stays removed.
            ReviewError: Redis is away.
        """
        ordered = sorted(PLACES, key=lambda place: place.name != ENTRIES)
        done = {place.name: self._outcome(place) for place in ordered}
        return [done[place.name] for place in PLACES]

    def _outcome(self, place: PersonalPlace) -> Outcome:
        if place.forget == "removed":
            if place.kind == "redis" and not self._settings.redis_url:
                return Outcome(place.name, "nothing", "no Redis is set")
            return self.removers[place.name](place)
        if place.forget == "ends":
            return self._ending(place)
        if place.forget == "stays" and place.kind == "topic":
            found = self._data.of(place.name)
            fields = ", ".join(sorted({f"{each.campaign_id}: {each.data['field']}" for each in found}))
            return Outcome(place.name, "stays", f"{place.kept}; named in {fields}") if found else _nothing(place)
        return Outcome(place.name, place.forget, place.kept)

    def _ending(self, place: PersonalPlace) -> Outcome:
        if place.kind == "file" or place.name == CHANGELOG:
            return Outcome(place.name, "ends", place.kept)
        newest_ms = self._data.newest_ms(place.name)
        if newest_ms is None:
            return _nothing(place)
        until = kept_until(self._settings, place.name, newest_ms)
        return Outcome(place.name, "ends", f"{counted(len(self._data.of(place.name)), 'record')}, {until}")

    def _ledger(self, place: PersonalPlace) -> Outcome:
        data = self._data
        marks = blocks = 0
        campaigns = sorted({fact.campaign_id for fact in data.ledger.facts})
        read = sorted(data.ledger.offsets)  # all partitions, or that of the one campaign
        for campaign_id in campaigns:
            records = replacements(
                data.ledger,
                campaign_id,
                data.subject,
                self._until_ms,
                self._stand_in,
                key_of(self._settings.id_key),
                words=self._words,
            )
            partition = read[partition_of(campaign_id, len(read))]
            write_records(self._settings, ENTRIES, [(Key(partition, key), value) for key, value in records])
            new = sum(key.startswith(b'["sealed"') for key, _ in records)
            old = sum(value is None for _, value in records)
            marks, blocks = marks + new, blocks + len(records) - new - old
        if not marks and not blocks:
            return _nothing(place)
        return Outcome(
            place.name,
            "removed",
            f"{counted(blocks, 'block')} written again without them; {counted(marks, 'mark')} left",
        )

    def _actions(self, place: PersonalPlace) -> Outcome:
        """Take out what was decided about them; of notes that name them the whole action goes."""
        keys = sorted({str(each.data["key"]) for each in self._data.of(place.name)})
        if not keys:
            return _nothing(place)
        write_records(self._settings, ACTIONS, [(Key(0, key.encode()), None) for key in keys])
        return Outcome(place.name, "removed", f"{counted(len(keys), 'action')} of the desk")

    def _windows(self, place: PersonalPlace) -> Outcome:
        if not self._data.of(place.name):
            return _nothing(place)
        subject, texts = self._data.subject, self._data.texts

        def is_theirs(record: Any) -> bool:
            return bool(roles_in(window_samples(record), subject, texts))

        return cut_consumed(self._settings, place.name, self._now_ms, is_theirs)

    def _reviews(self, place: PersonalPlace) -> Outcome:
        listed = self._data.of(REASONS)
        for campaign_id in sorted({each.campaign_id for each in self._data.found} - {""}):
            for platform, author_id in self._accounts_as_written():
                remove_from_review(self._settings, campaign_id, Person(platform, author_id, ""))
        return Outcome(place.name, "removed", counted(len(listed), "entry", "entries")) if listed else _nothing(place)

    def _accounts_as_written(self) -> set[tuple[str, str]]:
        """Return the person's accounts with the platform in every spelling that their comments have."""
        written = {
            (str(each.data.get("platform", "")), str(each.data["author_id"]))
            for each in self._data.found
            if each.role == "author" and "author_id" in each.data
        }
        return written | set(self._data.subject.accounts)

    def _alerts(self, place: PersonalPlace) -> Outcome:
        kind = place.name.rpartition(":")[2]
        with connected(self._settings) as client:
            keys = [key for key in alert_keys(client, self._settings.redis_prefix) if key.endswith(f":{kind}")]
            changed = sum(redact_alerts(client, key, self._redacted) for key in keys)
        if not changed:
            return _nothing(place)
        return Outcome(place.name, "removed", f"words of theirs from {counted(changed, 'alert')}")

    def _redacted(self, comment: SampleComment) -> SampleComment | None:
        data = self._data
        if comment.text in data.texts:
            return None
        text, subject = comment.text, data.subject
        if is_tagged_anywhere(subject, text):
            for platform in sorted({platform for platform, _ in subject.accounts} | {subject.asked.platform or ""}):
                text = renamed(text, platform, subject.handles, self._stand_in) or text
        if self._words:
            text = worded(text, subject.handles, self._stand_in) or text
        return msgspec.structs.replace(comment, text=text)


def _nothing(place: PersonalPlace) -> Outcome:
    return Outcome(place.name, "nothing", "")
