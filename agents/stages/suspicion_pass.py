"""One look for the suspicious entrants of some giveaways, in a process of its own, for the worker that owns them.

``python -m agents.stages.suspicion_pass`` reads a request from its standard input (one line of JSON), reads the ledgers
from Kafka by itself, replaces the review lists in Redis, and writes one line of JSON for each campaign: numbers, no
names. It is the first that the kernel kills when memory is short, and ends as soon as its standard input is closed: no
pass outlives its worker, however the worker ends.
"""

import logging
import sys
from typing import Any, Final

import msgspec
from msgspec import Struct

from agents.clock import make_clock
from agents.settings import Settings
from agents.stages.actions import ActionsError
from agents.stages.child_pass import end_with_parent, offer_oneself
from agents.stages.review import ReviewError, publish_review, read_giveaway
from models.campaigns import CampaignDefinition
from models.suspicion import SuspicionNumbers
from streams.ledger.compaction import LedgerError
from streams.suspicion.review import review_of

log: Final = logging.getLogger("campaign_pulse")


class PassRequest(Struct, frozen=True):
    """What the worker asks for: its settings, and the definitions of the campaigns to look at."""

    settings: dict[str, Any]
    definitions: list[CampaignDefinition]


class PassResult(Struct, frozen=True):
    """The numbers of one campaign, by influencer, the campaign's own under ""; whether the review list was written."""

    campaign_id: str
    numbers: dict[str, SuspicionNumbers]
    written: bool


def main() -> int:
    """Serve the request; return 0, or 1 when something of it could not be done."""
    offer_oneself()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)-7s %(name)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=PassRequest)
    end_with_parent()
    settings = Settings(**request.settings)
    results = [look_at(settings, definition) for definition in request.definitions]
    return 0 if all(results) else 1


def look_at(settings: Settings, definition: CampaignDefinition) -> bool:
    """Look at one campaign, write its review list and print its numbers; return whether all of it was done."""
    campaign_id, rules = definition.campaign_id, definition.giveaway
    if rules is None:
        return True
    now_ms = make_clock(settings.clock)()
    try:
        data = read_giveaway(settings, definition, rules)
        review = review_of(data, now_ms)
    except (LedgerError, ActionsError) as error:
        log.warning("suspicious entrants of %s not looked for: %s", campaign_id, error)
        return False
    written = True
    if settings.redis_url:
        try:
            publish_review(settings, data, review, now_ms)
        except (ReviewError, LedgerError) as error:
            log.warning("review list of %s not written: %s", campaign_id, error)
            written = False
    sys.stdout.buffer.write(msgspec.json.encode(PassResult(campaign_id, review.numbers, written)) + b"\n")
    sys.stdout.buffer.flush()
    return written


if __name__ == "__main__":
    sys.exit(main())
