"""``campaign-pulse campaigns init``: the draft of a definition, from a few answers and a roster of influencers."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec

from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.cli.event_files import FILE, Zone
from agents.clock import make_clock
from agents.offline.rosters import RosterError, read_roster_file
from models.campaigns import CampaignDefinition
from models.currencies import CURRENCIES
from models.giveaway import MAX_FRIENDS, MAX_MINUTES_AFTER_CLOSING, MAX_WINNERS
from streams.drafts.definition import Draft, GiveawayDraft, draft_text
from streams.drafts.roster import RosterInfluencer, read_roster
from streams.events.definitions import DefinitionError, parse_definitions
from streams.giveaway.rule_checks import faults_of
from streams.giveaway.rule_warnings import warnings_of
from streams.imports.rows import Refusal

_NO_ID: Final = re.compile(r"[^a-z0-9]+")
_OUT: Final = click.Path(dir_okay=False, path_type=Path, allow_dash=True)
_STDOUT: Final = Path("-")
T = TypeVar("T")


class LocalTime(click.ParamType):
    """A local time as people write it: 2026-11-29 23:59."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time, without a zone."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-11-29 23:59", param, ctx)
        if found.tzinfo is not None:
            self.fail(f"{value!r} has an offset; write the local time, and the zone with --zone", param, ctx)
        return found


class Currency(click.ParamType):
    """A currency of ISO 4217."""

    name = "currency"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return its code."""
        code = str(value).strip().upper()
        if code not in CURRENCIES:
            self.fail(f"{value!r} is no currency; codes are as EUR and USD", param, ctx)
        return code


@click.command()
@click.option("--out", type=_OUT, help="The file to write, - for stdout.  [default: the campaign's id, .yaml]")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given is taken as it would be proposed.")
@click.option("--name", help="The campaign's name, for people.")
@click.option("--id", "campaign_id", help="Its id, as events carry it.  [default: made of the name]")
@click.option("--zone", type=Zone(), help="The zone of all times: Europe/Berlin.  [default: UTC]")
@click.option("--starts", type=LocalTime(), help="When it starts, local time: 2026-11-29 16:00.")
@click.option("--ends", type=LocalTime(), help="When it ends.")
@click.option("--currency", type=Currency(), help="Of the rate card, and of fees that state none.  [default: EUR]")
@click.option(
    "--roster", type=FILE, help="Who takes part: CSV, XLSX or JSON of Upfluence, Aspire, Traackr or your own."
)
@click.option("--platform", default="", help="The platform of profiles in the roster that do not say theirs.")
@click.option("--influencer", "handles", multiple=True, metavar="PLATFORM/@HANDLE", help="Who takes part; repeatable.")
@click.option("--giveaway/--no-giveaway", "has_giveaway", default=None, help="Whether there is a giveaway.")
@click.option("--opens", type=LocalTime(), help="When the giveaway opens.  [default: when the campaign starts]")
@click.option("--closes", type=LocalTime(), help="When it closes, the end excluded.  [default: when the campaign ends]")
@click.option("--winners", type=click.IntRange(1, MAX_WINNERS), help="How many win.")
@click.option("--friends", type=click.IntRange(0, MAX_FRIENDS), help="How many others must be tagged.")
@click.option("--replies/--no-replies", default=None, help="Whether an answer to a comment is an entry.")
@click.option("--hashtag", "hashtags", multiple=True, help="A hashtag that must be there; repeatable.")
@click.option("--keyword", "keywords", multiple=True, help="Words of which one must be there; repeatable.")
@click.option("--post", "posts", multiple=True, help="Id of a post of the giveaway; repeatable.  [default: every post]")
@click.option("--exclude", "excluded", multiple=True, help="An account of staff or the brand; repeatable.")
@click.option(
    "--draw-after",
    "minutes",
    type=click.IntRange(0, MAX_MINUTES_AFTER_CLOSING),
    help="Minutes after the closing to the drand round that decides; 0: another value.",
)
def init(
    out: Path | None,
    force: bool,
    yes: bool,
    name: str | None,
    campaign_id: str | None,
    zone: ZoneInfo | None,
    starts: datetime | None,
    ends: datetime | None,
    currency: str | None,
    roster: Path | None,
    platform: str,
    handles: tuple[str, ...],
    has_giveaway: bool | None,
    opens: datetime | None,
    closes: datetime | None,
    winners: int | None,
    friends: int | None,
    replies: bool | None,
    hashtags: tuple[str, ...],
    keywords: tuple[str, ...],
    posts: tuple[str, ...],
    excluded: tuple[str, ...],
    minutes: int | None,
) -> None:
    """Write the draft of a definition: commented YAML that `campaigns check` accepts.

    Asks what is not said by options; --yes asks nothing. A roster is a table of influencers: an Upfluence list, an
    export of members from Aspire or Traackr, or any with handles and platforms, addresses of profiles, or a column for
    each platform; codes, followers and fees come with them. What of a row was not taken is told. A file that is there
    is not overwritten without --force. Exit codes: 0, or 1 when something of the roster was left out, 2 for what cannot
    be used.
    """
    asked = _Asked(yes)
    name = asked("name", "Name of the campaign", name, None, str)
    campaign_id = asked("id", "Its id in events", campaign_id, _NO_ID.sub("-", name.casefold()).strip("-") or None, str)
    path = out or Path(f"{campaign_id}.yaml")
    if path.name != f"{path}" and path != _STDOUT and not path.parent.is_dir():
        raise UsageFailure(f"{path.parent} is no directory")
    if path != _STDOUT and path.exists() and not force:
        raise UsageFailure(f"{path} is there already; --force writes over it")
    zone = asked("zone", "Time zone", zone, ZoneInfo("UTC"), Zone())
    starts = asked("starts", "Starts, local time", starts, None, LocalTime())
    ends = asked("ends", "Ends", ends, None, LocalTime())
    currency = asked("currency", "Currency", currency, "EUR", Currency())
    influencers, left_out = _influencers(roster, platform, currency, handles)
    giveaway = None
    if asked("giveaway", "Is there a giveaway", has_giveaway, True, bool):
        giveaway = GiveawayDraft(
            opens_at=asked("opens", "It opens", opens, starts, LocalTime()),
            closes_at=asked("closes", "It closes", closes, ends, LocalTime()),
            winners=asked("winners", "How many win", winners, 1, click.IntRange(1, MAX_WINNERS)),
            friends=asked("friends", "How many others must be tagged", friends, 0, click.IntRange(0, MAX_FRIENDS)),
            replies_count=asked("replies", "Do replies count", replies, False, bool),
            hashtags=asked.many("Hashtags that must be there", hashtags),
            keywords=asked.many("Words of which one must be there", keywords),
            posts=posts,
            excluded=asked.many("Accounts of staff and the brand", excluded),
            minutes_after_closing=asked(
                "draw-after",
                "Minutes after the closing to the drand round that decides (0: another value)",
                minutes,
                60,
                click.IntRange(0, MAX_MINUTES_AFTER_CLOSING),
            )
            or None,
        )
    now_ms = make_clock(settings_or_exit().clock)()
    draft = Draft(
        campaign_id=campaign_id,
        name=name,
        starts_at=starts,
        ends_at=ends,
        zone=zone,
        currency=currency,
        dated=datetime.fromtimestamp(now_ms / 1000, UTC).date(),
        influencers=influencers,
        giveaway=giveaway,
    )
    text = draft_text(draft)
    definition = _checked(text)
    _write(path, text, force=force)
    for warning in warnings_of(definition):
        click.echo(for_people(f"warning: {warning}"), err=True)
    if left_out:
        raise SystemExit(1)


class _Asked:
    """Answers: those given by options, and those that are asked for.

    Args:
        quiet: ask nothing.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(
        self,
        option: str,
        question: str,
        given: T | None,
        proposed: T | None,
        kind: click.ParamType | Callable[[str], T] | type[T],
    ) -> T:
        """Return what an option says, or the answer to a question."""
        if given is not None:
            return given
        if self._quiet:
            if proposed is None:
                raise UsageFailure(f"--{option} is missing, and nothing can be proposed for it")
            return proposed
        try:
            answer: Any
            if kind is bool:
                answer = click.confirm(question, default=proposed is True)
            else:
                shown = f"{proposed}".removesuffix(":00") if isinstance(proposed, datetime) else proposed
                answer = click.prompt(question, default=shown, type=kind)
        except click.Abort:
            raise UsageFailure(f"--{option} is missing") from None
        converted: T = answer
        return converted

    def many(self, question: str, given: tuple[str, ...]) -> tuple[str, ...]:
        """Return what an option says, or the answers of one line, with commas between them."""
        if given or self._quiet:
            return given
        try:
            line = click.prompt(f"{question}, with commas (nothing: none)", default="", show_default=False)
        except click.Abort:
            return ()
        return tuple(each.strip() for each in line.split(",") if each.strip())


def _influencers(
    roster: Path | None, platform: str, currency: str, handles: tuple[str, ...]
) -> tuple[list[RosterInfluencer], int]:
    """Return who takes part, and how many things of the roster were not taken."""
    found: list[RosterInfluencer] = []
    refused: list[Refusal] = []
    try:
        if roster is not None:
            found, refused = read_roster_file(roster, platform, currency)
            click.echo(for_people(f"{roster}: {len(found)} influencers"), err=True)
        for row in refused:
            click.echo(for_people(f"left out: {roster}:{row.line}: {row.reason}: {row.value}"), err=True)
        named, wrong = read_roster(("handle",), enumerate([(each,) for each in handles]), platform)
    except (RosterError, ValueError) as error:
        raise UsageFailure(str(error)) from None
    for row in wrong:
        raise UsageFailure(f"--influencer {row.value!r}: {row.reason}")
    ids = {each.influencer_id for each in found}
    for each in named:
        own = each.influencer_id if each.influencer_id not in ids else f"{each.influencer_id}-{each.platform}"
        found.append(msgspec.structs.replace(each, influencer_id=own))
    return found, len(refused)


def _checked(text: str) -> CampaignDefinition:
    """Return the definition that a draft is, or end with what is wrong with the answers."""
    try:
        [definition] = parse_definitions(text, faults_of)
    except DefinitionError as error:
        raise UsageFailure(
            f"{error.field}: {error.problem}" + (f" (value: {error.value})" if error.value else "")
        ) from None
    return definition


def _write(path: Path, text: str, *, force: bool) -> None:
    if path == _STDOUT:
        click.echo(for_people(text), nl=False)
        return
    try:
        with path.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageFailure(f"{path} is there already; --force writes over it") from None
    except OSError as error:
        raise UsageFailure(f"{path}: {error.strerror}") from None
    click.echo(for_people(f"written: {path}; next: campaign-pulse campaigns check {path}"), err=True)
