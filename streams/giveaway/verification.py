"""A draw recomputed from everything that was published of it: what differs, and who has which place."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from models.draws import Drawn, DrawRecord, Exclusion, FrozenEntries, ListedFile, LogEntry
from streams.giveaway.draw import DrawError, EntryList, derivation_of, draw, read_list, unfilled_places
from streams.giveaway.draw_log import DrawLog, described, entry_of, log_differences, log_of, record_differences
from streams.giveaway.exclusions import Outcome, exclusion_differences, outcome_of
from streams.giveaway.provenance import announcement_differences, origin_differences


class ExclusionFile(Struct, frozen=True):
    """The record of an exclusion, with name and SHA-256 of its file."""

    name: str
    record: Exclusion
    sha256: str


class Published(Struct, frozen=True, kw_only=True):
    """The files of a draw: the frozen record and its lists, and as far as there are any, draw, exclusions and log."""

    frozen: FrozenEntries
    commitment: str
    entries: bytes
    left_out: bytes
    draw: DrawRecord | None = None
    draw_sha256: str = ""
    exclusions: tuple[ExclusionFile, ...] = ()
    log: tuple[LogEntry, ...] | None = None

    @property
    def places(self) -> int:
        """How many are drawn, where there are enough."""
        return self.frozen.winners + self.frozen.substitutes

    @property
    def before(self) -> list[ExclusionFile]:
        """Exclusions made before the draw."""
        return [each for each in self.exclusions if each.record.draw is None]

    @property
    def after(self) -> list[ExclusionFile]:
        """Exclusions made after the draw."""
        return [each for each in self.exclusions if each.record.draw is not None]

    def steps(self) -> list[LogEntry]:
        """Return the steps that these records are, as far as they have places in the log."""
        campaign_id = self.frozen.campaign_id
        found = [entry_of(self.frozen, campaign_id, self.commitment)]
        found += [entry_of(each.record, campaign_id, each.sha256) for each in self.exclusions]
        if self.draw is not None:
            found.append(entry_of(self.draw, campaign_id, self.draw_sha256))
        return sorted((each for each in found if each is not None), key=lambda each: each.place.number)

    def other_steps(self) -> list[LogEntry]:
        """Return the steps of the log, forks among them, that are none of these records."""
        if self.log is None:
            return []
        own = {each.sha256 for each in self.steps()}
        log = log_of(self.log)
        return [each for each in log.steps + log.forks if each.sha256 not in own]


def order_of(published: Published, entries: EntryList, count: int) -> list[Drawn]:
    """Return the order of a draw, those excluded before it passed over.

    Raises:
        DrawError: there is no draw, or nobody to draw.
    """
    if published.draw is None:
        raise DrawError("nothing is drawn yet")
    derivation = derivation_of(published.frozen, published.commitment, published.draw.randomness)
    return draw(entries, derivation, count, {each.record.entrant for each in published.before})


def outcome(published: Published) -> Outcome:
    """Return who has which place now.

    Raises:
        DrawError: there is no draw, or the list is none.
    """
    after = [each.record.entrant for each in published.after]
    order = order_of(published, read_list(published.entries), published.places + len(after))
    return outcome_of(order, published.frozen.winners, published.frozen.substitutes, after)


def differences(published: Published) -> list[str]:
    """Recompute a draw and return what differs; nothing when all is as published."""
    frozen = published.frozen
    found = [
        *_file_differences("entry list", frozen.entries, published.entries),
        *_file_differences("left out", frozen.left_out, published.left_out),
        *announcement_differences(frozen),
        *_log_differences(published),
    ]
    try:
        entries = read_list(published.entries)
    except DrawError as error:
        return [*found, f"entry list: {error}"]
    if len(entries.entrants) != frozen.entries.lines:
        found.append(f"entry list: {len(entries.entrants)} entrants, frozen were {frozen.entries.lines}")
    if entries.total != frozen.chances:
        found.append(f"entry list: {entries.total} chances, frozen were {frozen.chances}")
    found += _exclusions_of_others(published, entries)
    if published.draw is not None:
        found += _draw_differences(published, published.draw, entries)
    return found


def _draw_differences(published: Published, record: DrawRecord, entries: EntryList) -> list[str]:
    frozen, found = published.frozen, list[str]()
    if record.frozen != published.commitment:
        found.append(f"frozen record: SHA-256 is {published.commitment}, the draw names {record.frozen}")
    if frozen.place is not None and record.place is None:
        found.append("draw: it has no place in the log of draws, and its list has one")
    found += origin_differences(frozen, record)
    named = {each.file: each.sha256 for each in record.exclusions}
    there = {each.name: each.sha256 for each in published.before}
    for name in sorted(named.keys() | there.keys()):
        if name not in there:
            found.append(f"{name}: named by the draw, and not there")
        elif name not in named:
            found.append(f"{name}: an exclusion before the draw that the draw does not name")
        elif named[name] != there[name]:
            found.append(f"{name}: SHA-256 is {there[name]}, the draw names {named[name]}")
    unfilled = unfilled_places(frozen, len(published.before))
    if record.origin is not None and record.unfilled != unfilled:
        found.append(f"unfilled places: {record.unfilled} published, {unfilled} recomputed")
    after = [(each.name, each.record) for each in published.after]
    try:
        order = order_of(published, entries, published.places + len(after))
    except DrawError as error:
        return [*found, f"draw: {error}"]
    for role, recomputed, shown in (
        ("winner", order[: frozen.winners], record.winners),
        ("substitute", order[frozen.winners : published.places], record.substitutes),
    ):
        found += _role_differences(role, recomputed, shown)
    return found + exclusion_differences(order, frozen.winners, frozen.substitutes, after)


def _exclusions_of_others(published: Published, entries: EntryList) -> list[str]:
    """Return which exclusions are of another list or draw, of nobody, or of somebody twice."""
    found, seen = [], set[str]()
    listed = set(entries.entrants) if published.exclusions else set()
    for each in published.exclusions:
        record = each.record
        if (record.frozen, record.campaign_id) != (published.commitment, published.frozen.campaign_id):
            found.append(f"{each.name}: it is about the list {record.frozen} of campaign {record.campaign_id!r}")
        if record.draw is not None and record.draw != published.draw_sha256:
            found.append(f"{each.name}: it is about a draw with SHA-256 {record.draw}")
        if record.entrant not in listed:
            found.append(f"{each.name}: {record.entrant} is not in the entry list")
        if record.entrant in seen:
            found.append(f"{each.name}: {record.entrant} was excluded before")
        if record.draw is None and (record.winner, record.replaced_by) != (None, None):
            found.append(f"{each.name}: it replaces a winner before there is one")
        seen.add(record.entrant)
    return found


def _log_differences(published: Published) -> list[str]:
    """Return where the records do not follow from each other, or a log has other steps than they say."""
    steps, frozen = published.steps(), published.frozen
    found = [
        f"{entry.step}: step {entry.place.number} of the log follows from {entry.place.previous}, step "
        f"{before.place.number} is {before.sha256}"
        for before, entry in pairwise(steps)
        if entry.place.number == before.place.number + 1 and entry.place.previous != before.sha256
    ]
    found += [
        f"{entry.step}: step {entry.place.number} of the log is two records"
        for before, entry in pairwise(steps)
        if entry.place.number == before.place.number
    ]
    if published.log is None:
        return found
    if not steps:
        return [*found, "log: the frozen record has no place in a log of draws"]
    log = log_of(published.log)
    found += log_differences(log, frozen.campaign_id)
    for entry in steps:
        found += record_differences(log, entry)
    return found + _missing(published, log)


def _missing(published: Published, log: DrawLog) -> list[str]:
    """Return which exclusions the log has of this list and draw, without their records."""
    own = {each.sha256 for each in published.steps()}
    # Who is excluded from the list concerns every draw of it that comes later.
    end = next((entry.place.number for entry in log.steps if entry.sha256 == published.draw_sha256), len(log.steps) + 1)
    return [
        f"log: step {entry.place.number}, {described(entry)}, is about this list, and its record is not here"
        for entry in log.steps
        if entry.step == "exclusion"
        and entry.frozen == published.commitment
        and entry.sha256 not in own
        and (entry.place.number < end if entry.draw is None else entry.draw == published.draw_sha256)
    ]


def _file_differences(name: str, listed: ListedFile, data: bytes) -> list[str]:
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != listed.sha256:
        return [f"{name}: SHA-256 is {sha256}, frozen was {listed.sha256}"]
    lines = data.count(b"\n")
    return [] if lines == listed.lines else [f"{name}: {lines} lines, frozen were {listed.lines}"]


def _role_differences(role: str, recomputed: Sequence[Drawn], published: Sequence[Drawn]) -> list[str]:
    found = []
    if len(recomputed) != len(published):
        found.append(f"{role}s: {len(published)} published, {len(recomputed)} recomputed")
    for place, (right, shown) in enumerate(zip(recomputed, published, strict=False), start=1):
        if right != shown:
            found.append(
                f"{role} {place}: published {shown.entrant} (counter {shown.counter}, lot {shown.lot}), "
                f"recomputed {right.entrant} (counter {right.counter}, lot {right.lot})"
            )
    return found
