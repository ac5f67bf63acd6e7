"""The oracle's giveaways against numbers worked out by hand; random logs compare them with the product's."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from models.giveaway import BonusEntries, GiveawayRules, PastWinner

from .event_log import BASE, HOUR, MINUTE, EventLog, definition, member


def answer(log: EventLog, **rules: Any) -> dict[str, dict[str, Any]]:
    """The giveaway rollups by influencer, of a giveaway that is open from ``BASE`` for an hour."""
    opens, closes = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (BASE, BASE + HOUR))
    known = definition(member("ana", discount_codes=("ANA",)), member("ben"))
    known = msgspec.structs.replace(known, giveaway=GiveawayRules(opens_at=opens, closes_at=closes, **rules))
    return {each["influencer_id"]: each for each in log.compute(known)["giveaways"]}


def test_one_person_with_two_influencers_is_one_entrant(log: EventLog) -> None:
    """The first entry is valid, the other a duplicate; both influencers have the entrant."""
    log.add("comment.created", BASE + 2, "ana")
    log.add("comment.created", BASE + 1, "ben")
    found = answer(log)
    assert (found[""]["entries"], found[""]["valid_entries"], found[""]["unique_entrants"]) == (2, 1, 1)
    assert (found["ben"]["valid_entries"], found["ana"]["duplicate_entries"]) == (1, 1)
    assert (found["ben"]["unique_entrants"], found["ana"]["unique_entrants"]) == (1, 1)


def test_a_deletion_that_comes_first_withdraws(log: EventLog) -> None:
    """Order of arrival does not matter; the next entry of the person is valid."""
    log.add("comment.deleted", BASE + 9, comment_id="c1")
    log.add("comment.created", BASE + 5, comment_id="c1")
    log.add("comment.created", BASE + 6, comment_id="c2")
    found = answer(log)[""]
    assert (found["withdrawn_entries"], found["valid_entries"], found["duplicate_entries"]) == (1, 1, 0)


def test_reasons_are_counted_by_the_first(log: EventLog) -> None:
    """Time before account, account before words."""
    log.add("comment.created", BASE - 1, author_id="early")
    log.add("comment.created", BASE + HOUR, author_id="late")
    log.add("comment.created", BASE, author_id="1", author_handle="@Staff.")
    log.add("comment.created", BASE, author_id="winner")
    log.add("comment.created", BASE, author_id="2")
    log.add("comment.created", BASE, author_id="3")
    winner = PastWinner(account="winner", won_on=datetime(2023, 10, 14, tzinfo=UTC).date())
    rules = {"hashtags": ("WIN",), "excluded": ("staff",), "past_winners": (winner,)}
    found = answer(log, **rules, winners_excluded_months=1)[""]
    assert found["invalid_entries"] == {
        "before_opening": 1,
        "after_closing": 1,
        "excluded_account": 1,
        "missing_hashtag": 2,
        "past_winner": 1,
    }


def test_bonus_chances_are_capped_and_need_an_entrant(log: EventLog) -> None:
    """Two orders of the entrant's three count; a stranger's does not."""
    log.add("comment.created", BASE, author_id="fan")
    for number, author in enumerate(("fan", "fan", "fan", "stranger")):
        log.add("purchase", BASE + MINUTE + number, None, discount_code="ana", author_id=author)
    found = answer(log, bonus=BonusEntries(chances=1, most=2))
    assert (found[""]["chances"], found[""]["bonus_chances"], found["ana"]["bonus_chances"]) == (3, 2, 2)
