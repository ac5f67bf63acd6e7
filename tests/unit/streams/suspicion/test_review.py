"""The review of a giveaway: comments that are looked at, suspects under public names, and their numbers."""

import msgspec

from models.actions import Action, PersonTarget, record_key
from models.draws import Randomness
from models.events import CommentDeleted
from models.suspicion import Finding, Suspect, SuspicionPolicy
from streams.events.actions import ActionBook
from streams.giveaway.freeze import freeze_list
from streams.giveaway.loaded import GiveawayData
from streams.giveaway.verification import Published, differences
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import person_hash
from streams.ledger.marks import Forgotten
from streams.ledger.people import Person
from streams.suspicion.comment_columns import views_of
from streams.suspicion.person_answers import answer_of
from streams.suspicion.review import left_out_of, public_suspect, review_of, summary_of, suspects_of
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


def decided(data: GiveawayData, **decisions: str) -> GiveawayData:
    """The giveaway after these decisions at the desk, by author."""
    book = ActionBook()
    for number, (author, kind) in enumerate(decisions.items()):
        target = PersonTarget(platform="TikTok", author_id=f"id-{author}")
        made = Action(
            action_id=f"{number:032x}",
            campaign_id="c",
            kind=kind,  # type: ignore[arg-type]  # of the test
            at_ms=number,
            actor="ann",
            target=target,
        )
        book.take(record_key(made), made)
    return msgspec.structs.replace(data, decisions=book.decisions("c"))


def test_who_is_cleared_at_the_desk_is_suspected_no_more() -> None:
    """Neither listed nor counted, whatever the policy says; `cleared` in the definition only lifts what follows."""
    review = review_of(decided(loaded(crowd(), suspicion=POLICY), bot="clear"), 7)
    assert review.suspects == []
    assert (review.numbers[""].suspicious_entrants, review.numbers[""].left_out_chances) == (0, 0)


def test_who_is_held_at_the_desk_is_held_and_counted() -> None:
    """A suspect whom the policy only flags, and somebody whom nothing speaks against; not who takes no part."""
    policy = SuspicionPolicy(flag=0.5)
    data = loaded(crowd(), suspicion=policy, excluded=("@p9",))
    review = review_of(decided(data, bot="hold", p3="hold", p9="hold", nobody="hold"), 7)
    assert [(each.person, each.action, each.held_by, each.entries) for each in review.suspects] == [
        ("tiktok/id-bot", "hold", f"{0:032x}", 30),
        ("tiktok/id-p3", "hold", f"{1:032x}", 1),
    ]
    numbers = review.numbers[""]
    assert (numbers.suspicious_entrants, numbers.held_entrants, numbers.left_out_chances) == (2, 2, 2)


def test_a_hold_is_stronger_than_an_account_cleared_before_and_weaker_than_an_exclusion() -> None:
    """Whoever decided last has seen what the definition says; and nobody gets in again by being held."""
    cleared = msgspec.structs.replace(POLICY, cleared=("id-bot",))
    [held] = suspects_of(decided(loaded(crowd(), suspicion=cleared), bot="hold"), cleared).values()
    assert (held.action, held.cleared) == ("hold", False)
    [excluded] = suspects_of(decided(loaded(crowd(), suspicion=POLICY), bot="hold"), POLICY).values()
    assert excluded.action == "exclude"


def test_a_freeze_leaves_out_who_is_held_and_says_so() -> None:
    """By hand, in the list of those left out; how many were held and cleared stands with the rules."""
    data = decided(loaded(crowd(), suspicion=SuspicionPolicy(flag=0.5)), bot="hold", p3="hold", p4="clear", x="hold")
    found = freeze_list(
        data,
        left_out_of(data),
        bytes(32),
        frozen_at="2026-04-18T20:05:00Z",
        winners=1,
        substitutes=0,
        randomness=Randomness(source="dice"),
    )
    # Nothing is looked for where the policy leaves nobody out: the reason is the hand alone.
    assert sorted(line.split()[1:] for line in found.left_out.decode().splitlines()) == [
        ["hold", "0.0000", "by_hand"],
        ["hold", "0.0000", "by_hand"],
    ]
    assert found.record.entries.lines == 39
    assert msgspec.to_builtins(found.record)["rules"]["suspicion"]["by_hand"] == {"held": 2, "cleared": 1}
    published = Published(frozen=found.record, commitment="c", entries=found.entries, left_out=found.left_out)
    assert differences(published) == []


def test_who_asks_is_told_that_they_are_held() -> None:
    """As `giveaway why` says it, without who decided."""
    data = decided(loaded(crowd(), suspicion=SuspicionPolicy(flag=0.5)), p3="hold", p4="clear")
    said = {}
    for name in ("p3", "p4"):
        number = person_hash("tiktok", f"id-{name}")
        said[name] = answer_of(data, number, data.people[number], []).verdict
    assert said["p3"] == "is held back: somebody decided so at the desk"
    assert said["p4"] == "takes part with 1 chance"


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
