"""Which dead letters are meant: the options that the commands share."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import click
from msgspec import Struct

from agents.broker.dead_letter_log import PlacedLetter, campaign_of
from agents.cli.common import filled_in
from agents.cli.replay import Moment
from agents.clock import wall_clock
from models.deadletters import REASONS, DeadLetter
from models.times import DAY_MS, HOUR_MS, MINUTE_MS
from models.topics import INPUT_TOPICS

_DURATION: Final = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
_UNITS_MS: Final = (DAY_MS, HOUR_MS, MINUTE_MS, 1000)
STATES: Final = ("open", "redriven", "all")


class MomentOrAgo(Moment):
    """A time as ``replay`` takes it, or how long ago: ``90s``, ``15m``, ``1h30m``, ``2d``."""

    name = "time|duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return epoch milliseconds."""
        text = str(value)
        parts = _DURATION.fullmatch(text)
        if isinstance(value, int) or not text or parts is None:
            try:
                return super().convert(value, param, ctx)
            except click.BadParameter as error:
                self.fail(f"{error.message}, nor a duration like 90s, 15m, 1h30m or 2d", param, ctx)
        return wall_clock() - sum(
            int(count or 0) * unit_ms for count, unit_ms in zip(parts.groups(), _UNITS_MS, strict=True)
        )


class Filters(Struct, frozen=True, kw_only=True):
    """What the options say; every one that is given must hold."""

    reasons: tuple[str, ...]
    topics: tuple[str, ...]
    partitions: tuple[int, ...]
    since_ms: int | None
    until_ms: int | None
    contains: str | None
    campaign_id: str | None

    def match(self, placed: PlacedLetter) -> bool:
        """Return whether a dead letter is meant."""
        letter = placed.letter
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.topics or letter.topic in self.topics)
            and (not self.partitions or letter.partition in self.partitions)
            and (self.since_ms is None or placed.at_ms >= self.since_ms)
            and (self.until_ms is None or placed.at_ms < self.until_ms)
            and (self.contains is None or _contains(letter, self.contains.encode()))
            and (self.campaign_id is None or campaign_of(letter.value) == self.campaign_id)
        )


def _contains(letter: DeadLetter, wanted: bytes) -> bool:
    return wanted in (letter.value or b"") or wanted in (letter.key or b"") or wanted in letter.detail.encode()


def filter_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options; it is called with ``filters``."""

    @wraps(command)
    def called(**options: Any) -> None:
        filters = Filters(
            reasons=options.pop("reasons"),
            topics=options.pop("topics"),
            partitions=options.pop("partitions"),
            since_ms=options.pop("since_ms"),
            until_ms=options.pop("until_ms"),
            contains=options.pop("contains"),
            campaign_id=options.pop("campaign_id"),
        )
        command(filters=filters, **options)

    for option in reversed(
        (
            click.option("--reason", "reasons", multiple=True, type=click.Choice(REASONS), help="Reason; repeatable."),
            click.option(
                "--topic", "topics", multiple=True, type=click.Choice(INPUT_TOPICS), help="Where they came; repeatable."
            ),
            click.option(
                "--partition",
                "partitions",
                multiple=True,
                type=click.IntRange(min=0),
                help="Partition in which they came; repeatable.",
            ),
            click.option(
                "--since", "since_ms", type=MomentOrAgo(), help="Refused at or after this time, or so long ago: 2h, 3d."
            ),
            click.option("--until", "until_ms", type=MomentOrAgo(), help="Refused before this time, or so long ago."),
            click.option(
                "--contains", metavar="TEXT", callback=filled_in, help="Value, key or detail contain this text."
            ),
            click.option(
                "--campaign",
                "campaign_id",
                callback=filled_in,
                help="Events of this campaign, where the value can be read.",
            ),
        )
    ):
        called = option(called)
    return called
