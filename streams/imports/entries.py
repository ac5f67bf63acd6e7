"""Entries of giveaway forms: one sign-up an entry; people are pseudonyms of their addresses, never the addresses."""

import re
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from streams.imports.campaign import Campaign
from streams.imports.headers import Cells, Columns, aliases
from streams.imports.ids import RuinedId, id_of
from streams.imports.moments import MomentReader, iso_of
from streams.imports.rows import RowRefused, RowSkipped
from streams.sources import ids

ALIASES: Final = aliases(
    """
    entry_id: entry id | id | entry | action id
    email: email | user email | email address | e mail | e mail address | entrant email | mail | e mail adresse
        | email adresse | adresse e mail | adresse email | correo electrónico | correo | dirección de correo electrónico
        | endereço de e mail | endereço de email | indirizzo email | indirizzo e mail | e postadres | eposta
    name: name | user name | full name | who | first name | entrant
    time: timestamp | time stamp | entry date | date | when | created at | entered at | entry time | date entered
        | signed up | signup date | created | time | date time | completed at | submitted at | submit date
        | submit date utc | submission date | date submitted | zeitstempel | datum | erstellt am | horodateur
        | date de participation | marca temporal | fecha | fecha de participación | carimbo de data hora | data
        | informazioni cronologiche | tijdstempel | data di partecipazione
    clock: time | uhrzeit | heure | hora | ora | tijd
    user_id: user id
    action_type: entry type
    action: action | entry type | entry method | entry | entry name | action type | entry source
    details: details | value | extra info | extra information | answer | detail | custom field
    status: status | entry status | state | valid
    landing: landing url | referral url | landing page | referrer | referer | source url | url | where | utm url
    country: country
    amount: worth | entry amount | entries | entry count | total entries
    utm_source: utm source
    utm_medium: utm medium
    utm_campaign: utm campaign
    utm_term: utm term
    utm_content: utm content
    test: test
    """
)
_INVALID: Final = frozenset(
    {"invalid", "rejected", "disqualified", "deleted", "fraud", "blocked", "no", "false", "removed", "banned"}
)
_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+")
_UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


class EntryRows:
    """Reads the rows of one table of entries.

    Args:
        platform: the tool's name, which is the events' platform: ``gleam``, ``rafflecopter``, ...
    """

    def __init__(self, columns: Columns, campaign: Campaign, times: MomentReader, platform: str) -> None:
        self._campaign = campaign
        self._times = times
        self._platform = platform
        self.cells = Cells(columns)
        # A column headed "Entry" says what was done, unless it holds numbers only: then it is the id.
        self._has_id = columns.has("entry_id") and columns.name("entry_id").strip().casefold() != "entry"
        self._has_clock = columns.fields.get("clock") != columns.fields.get("time")
        self.derived = 0
        self.has_key = bool(campaign.options.person_key)

    def events(self) -> list[dict[str, Any]]:
        """Return the sign-up of the row that ``cells`` stands on.

        Raises:
            RowRefused: the row lacks what an entry needs.
            RowSkipped: the tool itself did not accept the entry.
        """
        cell = self.cells
        status = cell("status").strip().casefold()
        if status in _INVALID:
            raise RowSkipped(f"entries that {self._platform} itself calls {status}")
        email = cell("email").strip()
        if email and not _ADDRESS.fullmatch(email):
            raise RowRefused("email", email, "no mail address")
        if not email and not cell("name").strip():
            raise RowRefused("email", "", "nobody is named: neither address nor name")
        text = cell("time")
        try:
            at_ms = self._times.of_row(text, cell("clock") if self._has_clock else "")
        except ValueError as error:
            raise RowRefused("time", text, str(error)) from None
        person = ids.of_person(email or cell("name"), self._campaign.options.person_key)
        entry = self._entry_id()
        if self._platform == "sweepwidget":
            # As its API's entries are told by polls.
            who = cell("user_id").strip() or email.lower()
            event_id = ids.of_content("sweepwidget", "row", who, cell("action_type"), cell("action"), text)
        elif entry:
            event_id = f"{self._platform}:{entry}"
        else:
            self.derived += 1
            event_id = f"{self._platform}:" + ids.of_content(
                person, cell("action"), cell("details"), cell("amount"), str(at_ms)
            )
        event: dict[str, Any] = {
            "type": "signup",
            "event_id": event_id,
            "campaign_id": self._campaign.campaign_id,
            "platform": self._platform,
            "occurred_at": iso_of(at_ms),
            "time_source": "payload",
            **self._utm(),
            "author_id": person,
            "author_platform": "email",
        }
        if cell("test").strip().casefold() in ("true", "yes", "1"):
            event["test"] = True
        return [self._campaign.attributed(event)]

    def _entry_id(self) -> str:
        if not self._has_id:
            return ""
        text = self.cells("entry_id")
        try:
            return id_of(text)
        except RuinedId as error:
            raise RowRefused("entry_id", text, str(error)) from None

    def _utm(self) -> dict[str, str]:
        query: dict[str, str] = {}
        landing = self.cells("landing")
        if "?" in landing:
            try:
                query = {name: values[0] for name, values in parse_qs(urlsplit(landing.strip()).query).items()}
            except ValueError:
                query = {}
        found = {field: self.cells(field).strip() or query.get(field, "") for field in _UTM}
        return {field: value for field, value in found.items() if value}
