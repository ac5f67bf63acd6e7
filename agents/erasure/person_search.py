"""Everything of one person: looked for in every place of ``models.personal_data`` that holds data of people.

Who is meant is found first, over all accounts that comments and ledger have; then everything of these accounts, and
every text that tags them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from agents.erasure.logs import OnProgress, read_logs
from agents.erasure.person_records import (
    UNREADABLE,
    author_of,
    decode_fields,
    fields_of,
    named_in,
    names_somebody,
    of_others,
    roles_in,
    said_of,
    window_samples,
)
from agents.erasure.redis_keys import alert_keys, alerts_in, connected
from agents.settings import Settings
from agents.stages.ledger_reader import read_ledger
from models.actions import UNREADABLE as NO_ACTION
from models.actions import Action, decode_record
from models.alerts import AlertTransition, SampleComment
from models.campaigns import CampaignDefinition
from models.personal_data import PLACES
from models.read_model import Keys
from models.topics import (
    ACTIONS,
    ALERTS,
    CLOSED_WINDOWS,
    COMMENTS,
    CONVERSIONS,
    DEAD_LETTERS,
    DEFINITIONS,
    ENTRIES,
    INBOX,
)
from streams.alerts.evidence import LONGEST_TEXT
from streams.comparison import platform_key
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import person_hash
from streams.ledger.comment_texts import handle_key
from streams.ledger.compaction import Ledger
from streams.ledger.subjects import Account, Asked, Subject, accounts_of, subject_of

_decode_transition: Final = msgspec.json.Decoder(AlertTransition).decode
_MOST_HELD: Final = 2_000_000
"""Accounts whose earlier handles are remembered while the comments are read."""
REVIEW: Final = "pulse:review:{campaign}"
REASONS: Final = "pulse:review:{campaign}:reasons"
ACTIVE: Final = "pulse:alerts:{campaign}:active"
HISTORY: Final = "pulse:alerts:{campaign}:history"


class Found(Struct, frozen=True):
    """One piece: where, of which campaign, when it was written there, in which role, and what it is."""

    place: str
    campaign_id: str
    role: str
    """``author``, ``buyer`` or ``named``: by others, whose own data is left out."""
    data: dict[str, Any]
    at_ms: int | None = None


class PersonData(Struct, frozen=True):
    """What was found of somebody, the ledger it was found in, and which places were looked at."""

    subject: Subject
    ledger: Ledger
    found: list[Found]
    searched: set[str]

    def of(self, place: str) -> list[Found]:
        """Return the pieces of one place."""
        return [each for each in self.found if each.place == place]

    def newest_ms(self, place: str) -> int | None:
        """Return when the newest piece of a place was written there; None where there is none."""
        return max((each.at_ms for each in self.of(place) if each.at_ms is not None), default=None)

    @property
    def texts(self) -> set[str]:
        """What they wrote, cut as comments are that are shown with alerts, without their authors."""
        return {str(each.data.get("text", ""))[:LONGEST_TEXT] for each in self.found if each.role == "author"} - {""}


class PersonSearch:
    """Looks for one person.

    Args:
        settings: where Kafka and Redis are.
        asked: whom a command means.
        campaign_id: only in this campaign; None: in all.
        definitions: those in force.
        on_progress: see ``OnProgress``.
    """

    def __init__(
        self,
        settings: Settings,
        asked: Asked,
        campaign_id: str | None,
        definitions: Iterable[CampaignDefinition],
        on_progress: OnProgress,
    ) -> None:
        self._settings = settings
        self._asked = asked
        self._campaign_id = campaign_id
        self._definitions = list(definitions)
        self._on_progress = on_progress
        self._found: list[Found] = []
        self._searched: set[str] = set()

    def run(self) -> PersonData:
        """Look everywhere.

        Raises:
            ErasureError: Kafka or Redis is away or refuses.
            LedgerError: the ledger cannot be read.
        """
        ledger = read_ledger(self._settings, self._campaign_id)
        subject = subject_of(self._asked, accounts_of(ledger.facts) | self._accounts())
        data = PersonData(subject, ledger, self._found, self._searched)
        self._search_ledger(data)
        self._read(
            {
                COMMENTS: lambda record: self._take_event(COMMENTS, subject, record),
                CONVERSIONS: lambda record: self._take_event(CONVERSIONS, subject, record),
                DEAD_LETTERS: lambda record: self._take_letter(DEAD_LETTERS, subject, record),
                INBOX: lambda record: self._take_letter(INBOX, subject, record),
                ACTIONS: lambda record: self._take_action(subject, record),
            }
        )
        texts = data.texts
        self._read(
            {
                CLOSED_WINDOWS: lambda record: self._take_window(subject, texts, record),
                ALERTS: lambda record: self._take_alert(subject, texts, record),
            }
        )
        self._search_definitions(subject)
        if self._settings.redis_url:
            self._search_redis(subject, texts)
        return data

    def _accounts(self) -> set[Account]:
        """Return who of the comments that are still kept may be meant, with every handle."""
        wanted: set[Account] = set()
        ids: set[tuple[str, str]] = set()
        others: dict[tuple[str, str], set[Account]] = {}

        def take(record: Any) -> None:
            author = author_of(record.value)
            if author is None or not author.author_id or not self._is_of_campaign(author.campaign_id):
                return
            account = (author.platform, author.author_id, author.author_handle or "")
            key = (platform_key(author.platform), author.author_id)
            if key in ids:
                wanted.add(account)
            elif self._asked.is_called(*account):
                ids.add(key)
                wanted.add(account)
            elif len(others) < _MOST_HELD:
                others.setdefault(key, set()).add(account)

        read_logs(self._settings, {COMMENTS: take}, self._on_progress)
        return wanted.union(*(others.get(key, set()) for key in ids))

    def _is_of_campaign(self, campaign_id: str) -> bool:
        return self._campaign_id is None or campaign_id == self._campaign_id

    def _add(self, place: str, campaign_id: str, role: str, data: dict[str, Any], at_ms: int | None = None) -> None:
        if self._is_of_campaign(campaign_id):
            self._found.append(Found(place, campaign_id, role, data, at_ms))

    def _read(self, takers: Mapping[str, Callable[[Any], None]]) -> None:
        read_logs(self._settings, takers, self._on_progress)
        self._searched.update(takers)

    # ------------------------------------------------------------------ topics

    def _search_ledger(self, data: PersonData) -> None:
        self._searched.add(ENTRIES)
        subject = data.subject
        people = {person_hash(platform, author_id) for platform, author_id in subject.accounts}
        for fact in data.ledger.facts:
            if not isinstance(fact, EntryBlock):
                continue
            rows = zip(
                fact.place_numbers.tolist(),
                fact.event_times_ms.tolist(),
                fact.comment_ids,
                fact.author_ids,
                fact.handles,
                fact.texts,
                strict=True,
            )
            for number, at_ms, comment_id, author_id, handle, text in rows:
                place = fact.places[number]
                said = {"comment_id": comment_id, "post_id": place.post_id, "platform": place.platform, "text": text}
                if subject.wrote(place.platform, author_id):
                    own = {"author_id": author_id, "author_handle": handle, "country": place.country, "at_ms": at_ms}
                    self._add(ENTRIES, fact.campaign_id, "author", {**said, **own})
                elif subject.is_tagged(text, place.platform):
                    self._add(ENTRIES, fact.campaign_id, "named", said)
            for order in fact.orders:
                if order.person in people:
                    bought = {"influencer_id": order.influencer_id, "codes": order.code, "at_ms": order.at_ms}
                    self._add(ENTRIES, fact.campaign_id, "buyer", bought)

    def _take_event(self, topic: str, subject: Subject, record: Any) -> None:
        author = author_of(record.value)
        if author is None:
            return
        platform = author.platform if topic == COMMENTS else author.author_platform or author.platform
        if author.author_id and subject.wrote(platform, author.author_id):
            role = "author" if topic == COMMENTS else "buyer"
            self._add(topic, author.campaign_id, role, fields_of(record.value), record.timestamp)
        elif author.text and subject.is_tagged(author.text, author.platform):
            self._add(topic, author.campaign_id, "named", of_others(fields_of(record.value)), record.timestamp)

    def _take_letter(self, topic: str, subject: Subject, record: Any) -> None:
        """A refused event, or a delivery as it came: an event where it can be read as one, or else its bytes."""
        value = record.value or b""
        author, where = author_of(value), {"partition": record.partition, "offset": record.offset}
        if author is None or not (author.author_id or author.author_handle or author.text):
            if names_somebody(value, subject):
                self._add(topic, "" if author is None else author.campaign_id, "named", where, record.timestamp)
            return
        platform = author.author_platform or author.platform
        is_own = author.author_id is not None and subject.wrote(platform, author.author_id)
        called = self._asked.is_called(platform, author.author_id or "", author.author_handle or "")
        if is_own or called:
            self._add(topic, author.campaign_id, "author", {**where, **fields_of(value)}, record.timestamp)
        elif author.text and subject.is_tagged(author.text, author.platform):
            others = {**where, **of_others(fields_of(value))}
            self._add(topic, author.campaign_id, "named", others, record.timestamp)

    def _take_action(self, subject: Subject, record: Any) -> None:
        """What was decided about them at a desk; what was erased since is taken back."""
        key = (record.key or b"").decode("utf-8", "replace")
        if not record.value:
            self._found = [each for each in self._found if each.place != ACTIONS or each.data["key"] != key]
            return
        try:
            action = decode_record(record.value)
        except NO_ACTION:
            return
        if isinstance(action, Action) and (words := said_of(action, subject)):
            self._add(ACTIONS, action.campaign_id, words, {"key": key, **decode_fields(record.value)}, record.timestamp)

    def _take_window(self, subject: Subject, texts: set[str], record: Any) -> None:
        campaign_id = (record.key or b"").decode("utf-8", "replace")
        self._add_samples(CLOSED_WINDOWS, campaign_id, window_samples(record), subject, texts, record.timestamp)

    def _take_alert(self, subject: Subject, texts: set[str], record: Any) -> None:
        try:
            alert = _decode_transition(record.value or b"").alert
        except UNREADABLE:
            return
        self._add_samples(ALERTS, alert.campaign_id, alert.sample_comments, subject, texts, record.timestamp)

    def _add_samples(
        self,
        place: str,
        campaign_id: str,
        samples: Iterable[SampleComment],
        subject: Subject,
        texts: set[str],
        at_ms: int | None = None,
    ) -> None:
        for role, text in roles_in(samples, subject, texts):
            self._add(place, campaign_id, role, {"text": text}, at_ms)

    # ------------------------------------------------------- definitions, Redis

    def _search_definitions(self, subject: Subject) -> None:
        self._searched.add(DEFINITIONS)
        ids = {author_id for _, author_id in subject.accounts}
        for definition in self._definitions:
            for field, account in named_in(definition):
                last = account.rstrip("/").rpartition("/")[2]
                if last in ids or handle_key(last) in subject.handles:
                    self._add(DEFINITIONS, definition.campaign_id, "named", {"field": field, "value": account})

    def _search_redis(self, subject: Subject, texts: set[str]) -> None:
        with connected(self._settings) as client:
            campaigns = {each.campaign_id for each in self._found} | {each.campaign_id for each in self._definitions}
            keys = Keys(self._settings.redis_prefix)
            for campaign_id in sorted(campaigns - {""}):
                members: Any = client.hgetall(keys.review_reasons(campaign_id))
                for member, reasons in members.items():
                    platform, _, author_id = member.decode().partition("/")
                    if subject.wrote(platform, author_id):
                        self._add(REASONS, campaign_id, "author", decode_fields(reasons))
            for key in alert_keys(client, self._settings.redis_prefix):
                place = ACTIVE if key.endswith(":active") else HISTORY
                for alert in alerts_in(client, key):
                    self._add_samples(place, alert.campaign_id, alert.sample_comments, subject, texts)
        self._searched.update(place.name for place in PLACES if place.kind == "redis" and place.forget == "removed")
