"""Definitions that cannot mean what they say are refused, and what is likely a mistake is told."""

import pytest

from streams.events.definitions import DefinitionError, parse_definitions
from streams.giveaway.rule_checks import faults_of
from streams.giveaway.rule_warnings import warnings_of
from streams.ledger.accounts import Account, account_of

DEFINITION = """\
campaign_id: spring
name: Spring
starts_at: 2026-03-20T08:00:00+01:00
ends_at: 2026-04-05T08:00:00+02:00
influencers:
  - {influencer_id: ana, handle: "@ana.at.home", platform: PLATFORM, discount_codes: [ANA-10]}
  - {influencer_id: ben, handle: "@ben_cooks", platform: instagram, discount_codes: [BEN10]}
giveaway:
  opens_at: 2026-03-20 08:00
  closes_at: 2026-03-30 00:00
  time_zone: Europe/Berlin
"""


def refusal(rules: str, platform: str = "instagram") -> str:
    """Line, field and problem, or nothing."""
    text = DEFINITION.replace("PLATFORM", platform) + "".join(f"  {line}\n" for line in rules.splitlines())
    try:
        parse_definitions(text, faults_of)
    except DefinitionError as error:
        return f"{error.line}: {error.field}: {error.problem}"
    return ""


@pytest.mark.parametrize(
    ("rules", "where", "why"),
    [
        ('hashtags: ["#spring-glow"]', "12: giveaway.hashtags[0]", "'#spring-glow' is read as #spring"),
        ('hashtags: ["#ok", "#win!"]', "12: giveaway.hashtags[1]", "'#win!' is read as #win"),
        ('hashtags: ["#"]', "12: giveaway.hashtags", "'#' is not one hashtag"),
        ('hashtags: ["\\u200b"]', "12: giveaway.hashtags[0]", "is read as no hashtag"),
        ('keywords: ["@spring.brand"]', "12: giveaway.keywords[0]", "there is mentions"),
        ('keywords: ["win", "https://example.com/glow"]', "12: giveaway.keywords[1]", "itself is read as 'nothing'"),
        ('keywords: ["\\u200b"]', "12: giveaway.keywords[0]", "in every comment, an empty one too"),
        ('answers: ["!!!"]', "12: giveaway.answers[0]", "can be in no comment"),
        ('answers: ["I love @spring.brand"]', "12: giveaway.answers[0]", "itself is read as 'i love'"),
        ('answers: ["#win"]', "12: giveaway.answers[0]", "can be in no comment"),
        ('forbidden_words: ["\\ufe0f"]', "12: giveaway.forbidden_words[0]", "in every comment"),
        ('keywords: ["spam"]\nforbidden_words: ["spam"]', "13: giveaway.forbidden_words", "is forbidden_word"),
        ('hashtags: ["#spam"]\nforbidden_words: ["spam"]', "13: giveaway.forbidden_words", "is forbidden_word"),
        ('answers: ["42"]\nmin_words: 3', "13: giveaway.min_words", "'42' is too_few_words"),
        ('excluded: ["lisa.staff;marc.staff"]', "12: giveaway.excluded[0]", "more than one account"),
        ('excluded: ["lisa.staff, marc.staff"]', "12: giveaway.excluded[0]", "more than one account"),
        ('excluded: ["lisa@posta.com"]', "12: giveaway.excluded[0]", "mail addresses"),
        ('excluded: ["https://www.instagram.com/p/DXyz/"]', "12: giveaway.excluded[0]", "no profile"),
        ('excluded: ["https://example.com/mia"]', "12: giveaway.excluded[0]", "example.com"),
        ('excluded: ["@mia-love"]', "12: giveaway.excluded[0]", "no handle of instagram"),
        ('excluded: ["instagram/@mia-love"]', "12: giveaway.excluded[0]", "no handle of instagram"),
        ('excluded: ["instagam/@mia"]', "12: giveaway.excluded[0]", "names the platform 'instagam'"),
        ('mentions: ["spring brand"]', "12: giveaway.mentions[0]", "more than one account"),
        ('mentions: ["@spring-brand"]', "12: giveaway.mentions[0]", "no handle of instagram"),
        ('past_winners: [{account: "a;b", won_on: 2026-01-01}]', "12: giveaway.past_winners[0].account", "more than"),
        ('suspicion: {cleared: ["@mia;@tom"]}', "12: giveaway.suspicion.cleared[0]", "more than one account"),
        ("countries: [DE, UK]", "12: giveaway.countries[1]", "ISO 3166-1; write GB"),
        ("countries: [XX]", "12: giveaway.countries[0]", "ISO 3166-1"),
        ('posts: ["p1", "https://www.instagram.com/p/DXyz/"]', "12: giveaway.posts[1]", "is an address"),
        ('posts: ["www.tiktok.com"]', "12: giveaway.posts[0]", "is an address"),
    ],
)
def test_what_no_comment_can_keep_is_refused(rules: str, where: str, why: str) -> None:
    """Line and field are named, and a comment that shows why."""
    found = refusal(rules)
    assert found.startswith(f"{where}: "), found
    assert why in found


@pytest.mark.parametrize(
    "rules",
    [
        'hashtags: ["#ÇEKİLİŞ", "スター・カフェ", "#glow✨", "#2026"]',
        'keywords: ["❤️", "count me in", "参加", "don´t", "!!!"]',
        'answers: ["🍋", "Forty two", "it\'s mine"]\nhashtags: ["#quiz"]\nfriends: 3',
        'excluded: ["@lena.staff", "17841400000000000", "instagram/@lena", "https://www.instagram.com/x", "UCabc-_1"]',
        'mentions: ["@spring.brand", "lena"]\nfriends: 20\nmin_words: 100\nkeywords: [in]',
        'posts: ["17900000000000000", "p1"]\ncountries: [DE, GB, XK]',
        "chances: per_day\nmost_chances: 7\nwinners: 3",
    ],
)
def test_what_a_comment_can_keep_is_taken(rules: str) -> None:
    """Emoji, scripts, long lists: none of them is a mistake."""
    assert refusal(rules) == ""


def test_a_rule_must_hold_on_every_platform_of_the_campaign() -> None:
    """X has no hashtags without letters."""
    assert refusal('hashtags: ["#2026"]') == ""
    assert "can be in no comment on x" in refusal('hashtags: ["#2026"]', platform="x")
    assert refusal('excluded: ["@mia-love"]', platform="youtube") == ""


def test_codes_that_compare_equal_are_refused() -> None:
    """An order would belong to the one or the other."""
    text = DEFINITION.replace("PLATFORM", "instagram").replace("[BEN10]", '["ana–10 "]')
    with pytest.raises(DefinitionError) as caught:
        parse_definitions(text, faults_of)
    assert (caught.value.line, caught.value.field) == (7, "influencers[1].discount_codes[0]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Mia", Account("", "@Mia", is_handle=True)),
        ("17", Account("", "17", is_handle=False)),
        ("TikTok/@mia", Account("tiktok", "@mia", is_handle=True)),
        ("youtube/UC123", Account("youtube", "UC123", is_handle=False)),
        ("https://www.tiktok.com/@mia.k", Account("tiktok", "mia.k", is_handle=True)),
        ("twitter.com/mia", Account("x", "mia", is_handle=True)),
        ("https://m.youtube.com/channel/UC123/videos", Account("youtube", "UC123", is_handle=False)),
        ("https://facebook.com/profile.php?id=100", Account("facebook", "100", is_handle=False)),
        ("https://www.twitch.tv/mia_plays/", Account("twitch", "mia_plays", is_handle=True)),
    ],
)
def test_accounts_are_read_as_people_write_them(text: str, expected: Account) -> None:
    """Handles, ids, platforms and addresses of profiles."""
    assert account_of(text) == expected


def warned(rules: str) -> str:
    """The warnings of a definition."""
    text = DEFINITION.replace("PLATFORM", "instagram") + "".join(f"  {line}\n" for line in rules.splitlines())
    return "\n".join(warnings_of(parse_definitions(text, faults_of)[0]))


def test_a_careful_definition_has_no_warning() -> None:
    """Said is said."""
    assert warned('replies_count: true\nexcluded: ["@spring.brand"]') == ""


def test_likely_mistakes_are_told() -> None:
    """The last minute, replies, nobody excluded, a brand that could win, moments outside of the campaign."""
    text = DEFINITION.replace("PLATFORM", "instagram").replace("2026-03-30 00:00", "2026-04-05 23:59")
    text = text.replace("opens_at: 2026-03-20 08:00", "opens_at: 2026-03-19 08:00").replace("@ben_cooks", "Ben Cooks")
    found = warnings_of(parse_definitions(text + '  mentions: ["@spring.brand"]\n', faults_of)[0])
    fields = [each.partition(":")[0] for each in found]
    assert fields == [
        "influencers[1].handle",
        "giveaway.closes_at",
        "giveaway.closes_at",
        "giveaway.opens_at",
        "giveaway.replies_count",
        "giveaway.excluded",
        "giveaway.excluded",
    ]
    assert "entries from 23:59:00 to 23:59:59 are too late" in found[1]
    assert "2026-04-06T00:00:00" in found[1]
    assert "after the campaign's end" in found[2]


@pytest.mark.parametrize("time", ["2026-03-29 23:59:59", "2026-03-29T23:59"])
def test_the_last_minute_and_the_last_second_are_told(time: str) -> None:
    """Who announces "until 23:59" means midnight."""
    text = DEFINITION.replace("PLATFORM", "instagram").replace("2026-03-30 00:00", time)
    assert "giveaway.closes_at" in warnings_of(parse_definitions(text)[0])[0]


@pytest.mark.parametrize(
    "time",
    ["2026-03-30 00:00", "2026-03-30T00:00", '"2026-03-30 00:00:00"', "2026-03-29T22:00Z", "2026-03-30 00:00 +0200"],
)
def test_times_are_read_as_people_write_them(time: str) -> None:
    """Without seconds, with a blank, with an offset in any form: all of these are one moment."""
    text = DEFINITION.replace("PLATFORM", "instagram").replace("2026-03-30 00:00", time)
    rules = parse_definitions(text)[0].giveaway
    assert rules is not None
    assert rules.closes_ms == 1_774_821_600_000


@pytest.mark.parametrize("time", ["29.11.2026 23:59", "11/29/2026", "2026-11-29", "tomorrow", "2026-02-30 10:00"])
def test_other_times_are_refused_with_an_example(time: str) -> None:
    """Whether 03.04. is in March or April is not for us to guess."""
    text = DEFINITION.replace("PLATFORM", "instagram").replace("2026-03-30 00:00", time)
    with pytest.raises(DefinitionError, match="write 2026-11-29 23:59") as caught:
        parse_definitions(text)
    assert (caught.value.line, caught.value.field) == (10, "giveaway.closes_at")
