"""The review of a giveaway: comments that are looked at, suspects under public names, and their numbers."""

import msgspec

from models.events import CommentDeleted
from models.suspicion import Finding, Suspect, SuspicionPolicy
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import person_hash
from streams.ledger.marks import Forgotten
from streams.ledger.people import Person
from streams.suspicion.comment_columns import views_of
from streams.suspicion.review import public_suspect, review_of, summary_of, suspects_of
from tests.unit.ledgers import OPENS_MS, block, book, comment, loaded


def test_views_are_of_comments_that_matter() -> None:
    """In time, on the giveaway's posts, not deleted, not of somebody forgotten, each once although told twice."""
    deletion = CommentDeleted(
        event_id="d", campaign_id="c", platform="tiktok", influencer_id="ana", occurred_at=1, comment_id="c2"
    )
    events = [
        comment(1, "mia", "Hi! @Leo"),
        comment(2, "leo"),
        deletion,
        comment(3, "eva", at_ms=-1),
        comment(4, "jan", at_ms=6 * 3_600_000),
        comment(5, "noa", post_id="elsewhere"),
        comment(6, "gone"),
    ]
    gone = Forgotten(version=1, campaign_id="c", person=person_hash("tiktok", "id-gone"), until_ms=OPENS_MS + 10)
    [view] = views_of([block(*events), block(*events[:2]), gone], book(posts=("p",)))
    assert (view.person, view.platform) == (str(person_hash("tiktok", "id-mia")), "tiktok")
    assert (view.handle, view.plain, view.mentions, view.style) == ("mia", "hi", ("leo",), "T!")


def crowd() -> EntryBlock:
    """Forty people with a comment each, minutes apart, and one account with thirty within half a minute."""
    people = [comment(number, f"p{number}", f"me @friend{number}", at_ms=200_000 * number) for number in range(40)]
    bot = [comment(100 + number, "bot", f"win {number} @x{number}", at_ms=900 * number) for number in range(30)]
    return block(*people, *bot)


POLICY = SuspicionPolicy(flag=0.5, exclude=0.8)


def test_a_suspect_is_listed_under_public_names() -> None:
    """Platform and author id, the handle as written, the reason, and the policy's action."""
    review = review_of(loaded(crowd(), suspicion=POLICY), 7)
    [suspect] = review.suspects
    assert (suspect.person, suspect.handle, suspect.action) == ("tiktok/id-bot", "@bot", "exclude")
    assert suspect.findings[0].reason == "burst"
    assert review.numbers[""].excluded_entrants == 1
    assert (review.numbers[""].as_of_ms, review.numbers["ana"].suspicious_entrants) == (7, 1)


def test_only_entrants_are_reviewed() -> None:
    """An account that the rules refuse is suspected among those who commented, but is no entrant to review."""
    data = loaded(crowd(), suspicion=POLICY, excluded=("@bot",))
    assert list(suspects_of(data, POLICY)) == [person_hash("tiktok", "id-bot")]
    assert review_of(data, 7).suspects == []


def test_accounts_that_were_cleared_are_listed_as_such() -> None:
    """By author id or by handle in any spelling; they are never held or excluded."""
    for account in ("id-bot", "@BOT"):
        policy = msgspec.structs.replace(POLICY, cleared=(account,))
        [suspect] = suspects_of(loaded(crowd(), suspicion=policy), policy).values()
        assert (suspect.cleared, suspect.action) == (True, "flag")


def test_a_summary_counts_every_action_and_reason() -> None:
    """Also those that nobody has; a suspect counts under each of theirs."""
    findings = tuple(Finding(reason=reason, strength=1.0, detail="") for reason in ("burst", "ring"))  # type: ignore[arg-type]
    suspect = Suspect(person="1", handle="", score=0.9, action="hold", entries=1, findings=findings)
    found = summary_of([suspect], 7)
    assert (found["as_of_ms"], found["suspects"], found["action.hold"], found["action.flag"]) == (7, 1, 1, 0)
    assert (found["reason.burst"], found["reason.ring"], found["reason.flood"]) == (1, 1, 0)


def test_a_public_suspect_keeps_everything_but_the_names() -> None:
    """Score, action and findings are those that were found."""
    suspect = Suspect(person="123", handle="", score=0.9, action="hold", entries=3, findings=())
    shown = public_suspect(suspect, Person("tiktok", "id", "@Me"))
    assert shown == msgspec.structs.replace(suspect, person="tiktok/id", handle="@Me")
