"""Giveaway rules: what of a comment counts, in any script, and with which reasons it does not."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.giveaway import GiveawayRules, PastWinner
from models.times import HOUR_MS
from streams.events.definitions import DefinitionError, parse_definitions
from streams.giveaway.rules import EntryAttempt, EntryCheck, RuleBook
from streams.ledger.comment_texts import handle_key, read_text

OPENS = datetime(2026, 4, 18, 14, tzinfo=UTC)
CLOSES = datetime(2026, 4, 18, 20, tzinfo=UTC)
OPENS_MS = int(OPENS.timestamp()) * 1000


def book(**rules: Any) -> RuleBook:
    """Rules of a campaign with two influencers."""
    return RuleBook(
        CampaignDefinition(
            campaign_id="spring",
            name="Spring",
            starts_at=OPENS,
            ends_at=CLOSES,
            influencers=tuple(
                InfluencerDefinition(influencer_id=name, handle=f"@{name.title()}.AT.home", platform="instagram")
                for name in ("ana", "bruno")
            ),
            giveaway=GiveawayRules(**{"opens_at": OPENS, "closes_at": CLOSES, **rules}),
        )
    )


def check(rules: RuleBook, text: str = "in", **fields: Any) -> EntryCheck:
    """What the rules say of a comment an hour after the opening."""
    attempt = {
        "post_id": "p1",
        "platform": "instagram",
        "at_ms": OPENS_MS + HOUR_MS,
        "author_id": "17",
        "author_handle": "Mia_99",
        **fields,
    }
    return rules.check(EntryAttempt(text=text, **attempt))


@pytest.mark.parametrize(
    ("text", "hashtags", "mentions"),
    [
        ("#Spring #GIVEAWAY!", {"spring", "giveaway"}, ()),
        ("＃ＳＰＲＩＮＧ @Ｌｅｏ", {"spring"}, ("leo",)),
        ("#धन्यवाद #café #cafe\u0301 #懸賞", {"धन्यवाद", "café", "懸賞"}, ()),
        ("a#b &#39; x_#y", frozenset(), ()),
        ("@leo. @Leo,@leo! @mia.k_", frozenset(), ("leo", "mia.k_")),
        ("@a@b and me@mail.com, x@no", frozenset(), ("a", "b")),
        ("@ @. @@ @-", frozenset(), ()),
        ("@straße @STRASSE", frozenset(), ("strasse",)),
    ],
)
def test_hashtags_and_mentions_of_every_script(text: str, hashtags: set[str], mentions: tuple[str, ...]) -> None:
    """Case, width and composition do not matter; punctuation ends a handle; an e-mail address mentions nobody."""
    reading = read_text(text)
    assert (reading.hashtags, reading.mentions) == (hashtags, mentions)


@pytest.mark.parametrize(
    ("keyword", "text", "found"),
    [
        ("green", "The GREEN one!", True),
        ("green", "evergreen", False),
        ("green", "#green", True),
        ("green", "@green", False),
        ("count me in", "please Count  me, in", True),
        ("参加", "参加希望です", True),
        ("ร่วม", "ขอร่วมสนุก", True),
        ("🍀", "good luck 🍀🍀", True),
        ("straße", "STRASSE", True),
    ],
)
def test_a_keyword_is_found_as_whole_words(keyword: str, text: str, found: bool) -> None:
    """Words must be whole, except in scripts without spaces; emoji may stand anywhere."""
    assert check(book(keywords=(keyword,)), text).passes is found


@pytest.mark.parametrize(
    ("text", "passes"),
    [("42", True), ("  42!! @leo #quiz 🍀", True), ("it is 42", False), ("4 2", False), ("forty-two", True)],
)
def test_an_answer_is_the_whole_comment(text: str, passes: bool) -> None:
    """Mentions, hashtags, punctuation and emoji around an answer do not matter; other words do."""
    assert check(book(answers=("42", "Forty two")), text).passes is passes


def test_friends_are_distinct_others() -> None:
    """Oneself, the influencers and the same friend again are no friends."""
    rules = book(friends=2)
    assert check(rules, "@leo @LEO @mia_99 @ana.at.home").friends == ("leo",)
    assert check(rules, "@leo @LEO").reasons == ("too_few_friends",)
    assert check(rules, "@leo @kim").passes


def test_the_opening_is_in_and_the_closing_is_out() -> None:
    """The time is the event's, to the millisecond, half-open."""
    rules = book()
    assert check(rules, at_ms=OPENS_MS - 1).reasons == ("before_opening",)
    assert check(rules, at_ms=OPENS_MS).passes
    assert check(rules, at_ms=OPENS_MS + 6 * HOUR_MS - 1).passes
    assert check(rules, at_ms=OPENS_MS + 6 * HOUR_MS).reasons == ("after_closing",)


def test_local_times_are_those_of_the_zone() -> None:
    """16:00 in Vienna in April is 14:00 UTC."""
    rules = GiveawayRules(
        opens_at=datetime.fromisoformat("2026-04-18T16:00"), closes_at=CLOSES, time_zone="Europe/Vienna"
    )
    assert rules.opens_ms == OPENS_MS


def test_staff_influencers_and_recent_winners_are_excluded() -> None:
    """By handle or id; who won longer ago than the months given may enter again."""
    winners = (
        PastWinner(account="@recent", won_on=date(2026, 1, 18)),
        PastWinner(account="old", won_on=date(2026, 1, 17)),
    )
    rules = book(excluded=("@Staff", "id-1"), past_winners=winners, winners_excluded_months=3)
    assert check(rules, author_handle="STAFF").reasons == ("excluded_account",)
    assert check(rules, author_id="id-1").reasons == ("excluded_account",)
    assert check(rules, author_handle="@ana.at.home").reasons == ("excluded_account",)
    assert check(rules, author_handle="Recent").reasons == ("past_winner",)
    assert check(rules, author_handle="old").passes


def test_countries_where_they_are_known() -> None:
    """An unknown country is accepted unless the rules refuse it."""
    assert check(book(countries=("AT", "DE")), country="at").passes
    assert check(book(countries=("AT",)), country="CH").reasons == ("country_not_allowed",)
    assert check(book(countries=("AT",))).passes
    assert check(book(countries=("AT",), unknown_country="refuse"), country="").reasons == ("country_unknown",)


def test_every_reason_is_given_the_first_counts() -> None:
    """Reasons come in the order in which they are counted."""
    rules = book(hashtags=("#spring", "win"), keywords=("in",), replies_count=False, posts=("p1",))
    found = check(rules, "#win", at_ms=0, is_reply=True)
    assert found.reasons == ("before_opening", "reply", "missing_hashtag", "missing_keyword")
    assert check(rules, "in #Spring #WIN").passes
    assert not check(rules, "in #spring #win", post_id="p2").on_post


def test_handles_compare_without_at_and_dots() -> None:
    """Accounts of lists may be written as people write them."""
    assert handle_key(" @Mia.K. ") == "mia.k"


DEFINITION = """\
campaign_id: spring
name: Spring
starts_at: 2026-04-18T16:00:00+02:00
ends_at: 2026-04-18T22:00:00+02:00
giveaway:
  opens_at: 2026-04-18T16:00:00
  closes_at: 2026-04-18T22:00:00
  time_zone: Europe/Vienna
  hashtags: [spring]
  friends: 1
influencers: []
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "value"),
    [
        ("Europe/Vienna", "Europe/Wien", 8, "giveaway.time_zone", "Europe/Wien"),
        ("  time_zone: Europe/Vienna\n", "", 6, "giveaway.opens_at", "2026-04-18T16:00:00"),
        ("2026-04-18T22:00:00\n", "2026-03-29T02:30:00\n", 7, "giveaway.closes_at", "2026-03-29T02:30:00"),
        ("2026-04-18T22:00:00\n", "2026-04-18T10:00:00\n", 7, "giveaway.closes_at", "2026-04-18T10:00:00"),
        ("friends: 1", "friends: -1", 10, "giveaway.friends", "-1"),
        ("friends: 1", "freinds: 1", 10, "giveaway.freinds", "freinds"),
        ("friends: 1", "most_chances: 3", 10, "giveaway.most_chances", "3"),
        ("[spring]", "[two words]", 9, "giveaway.hashtags", ""),
        ("friends: 1", "bonus: {chances: 5, most: 2}", 10, "giveaway.bonus.most", "2"),
        ("friends: 1", "countries: [Austria]", 10, "giveaway.countries[0]", "Austria"),
    ],
)
def test_bad_rules_are_named_with_their_place(old: str, new: str, line: int, field: str, value: str) -> None:
    """`campaigns apply` says line, field and value."""
    assert parse_definitions(DEFINITION)[0].giveaway is not None
    with pytest.raises(DefinitionError) as caught:
        parse_definitions(DEFINITION.replace(old, new))
    assert (caught.value.line, caught.value.field, caught.value.value) == (line, field, value)
