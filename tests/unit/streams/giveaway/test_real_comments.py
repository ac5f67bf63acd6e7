"""Comments as people write them, under rules as brands announce them: found in the wild, the right verdict by hand."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.events import CommentCreated
from models.giveaway import GiveawayRules
from models.topics import COMMENTS
from streams.giveaway.dry_run import DryRun, dry_run
from streams.giveaway.entries import settled
from streams.giveaway.rules import RuleBook
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import blocks_of, person_hash
from streams.ledger.fact_records import FORGOTTEN_VERSION
from streams.ledger.marks import Forgotten

OPENS = datetime(2026, 3, 20, 8, tzinfo=UTC)
CLOSES = datetime(2026, 3, 29, 22, tzinfo=UTC)
NOON_MS = int(datetime(2026, 3, 22, 12, tzinfo=UTC).timestamp()) * 1000
HOUR_MS = 3_600_000


def book(**rules: Any) -> RuleBook:
    """Rules of a campaign of two influencers."""
    return RuleBook(
        CampaignDefinition(
            campaign_id="spring",
            name="Spring",
            starts_at=OPENS,
            ends_at=CLOSES,
            influencers=(
                InfluencerDefinition(influencer_id="ana", handle="@ana.at.home", platform="instagram"),
                InfluencerDefinition(influencer_id="ben", handle="@ben_cooks", platform="instagram"),
            ),
            giveaway=GiveawayRules(**{"opens_at": OPENS, "closes_at": CLOSES, **rules}),
        )
    )


def comment(number: int, text: str, **fields: Any) -> CommentCreated:
    """A comment by a person of its own."""
    known = {
        "event_id": f"e{number}",
        "campaign_id": "spring",
        "platform": "instagram",
        "influencer_id": "ana",
        "occurred_at": NOON_MS + number,
        "post_id": "p1",
        "comment_id": f"c{number}",
        "author_id": f"a{number}",
        "author_handle": f"person{number}",
    }
    return CommentCreated(**known | fields, text=text)


def tried(rules: RuleBook, *comments: CommentCreated) -> DryRun:
    """What becomes of comments."""
    return dry_run(rules, [("", each) for each in comments])


def verdicts(rules: RuleBook, *texts: str) -> list[str]:
    """What becomes of texts: valid, or the first reason."""
    found = tried(rules, *(comment(number, text) for number, text in enumerate(texts))).comments
    return [each.reasons[0] if each.reasons else str(each.verdict) for each in found]


@pytest.mark.parametrize(
    ("rules", "cases"),
    [
        (
            {"friends": 2},
            {
                # scripts without spaces, particles
                "友達の@mia.kと@tom_sです": "valid",
                "和@mia.k一起@tom_s": "valid",
                "@mia.kと@mia.k": "too_few_friends",
                "@mia.k랑 @mia.k하고": "too_few_friends",
                "@ana.at.homeさん @mia": "too_few_friends",
                "ชวน@mia.kกับ@tom_s": "valid",
                # what stands before the sign
                "1.@mia 2.@tom": "valid",
                ".@mia .@tom": "valid",
                "love this...@mia @tom": "valid",
                "1)@mia 2)@tom": "valid",
                "@mia/@tom": "valid",
                ":@mia,@tom": "valid",
                "@mia&@tom": "valid",
                "1️⃣@mia 2️⃣@tom": "valid",
                "hey@mia @tom": "too_few_friends",
                # names
                "@litt.le and @first.two": "valid",
                "@mia. @tom,": "valid",
                "@mia_ @tom__": "valid",
                "@mia-love @mia-please": "too_few_friends",
                "@mia @MIA": "too_few_friends",
                "＠mia ＠tom": "valid",
                "a@posta.com b@posta.com": "too_few_friends",
                "https://example.com/@mia https://example.com/@tom": "too_few_friends",
            },
        ),
        (
            {"friends": 2, "excluded": ("@spring.brand", "@lena.staff")},
            {
                "@spring.brand @mia": "too_few_friends",
                "@spring.brand @lena.staff": "too_few_friends",
                "@spring.brand @mia @tom": "valid",
                "@SPRING.BRAND @mia": "too_few_friends",
            },
        ),
        (
            {"friends": 1, "mentions": ("@spring.brand",)},
            {
                "@spring.brand @mia": "valid",
                "@mia @tom": "missing_mention",
                "@spring.brand": "too_few_friends",
                "hello": "missing_mention",
            },
        ),
        ({"hashtags": ("#ÇEKİLİŞ",)}, {"#çekiliş": "valid", "#Çekiliş": "valid", "#cekilis": "missing_hashtag"}),
        (
            {"hashtags": ("#springglow", "#giveaway")},
            {
                "#springglow#giveaway": "valid",
                "#giveaway#springglow": "valid",
                "#springglow,#giveaway": "valid",
                "#springglow✨#giveaway": "valid",
                "#springglow": "missing_hashtag",
            },
        ),
        ({"hashtags": ("#スター・カフェ",)}, {"#スター・カフェ 行きたい": "valid", "＃スター・カフェ": "valid"}),
        (
            {"hashtags": ("#glow",)},
            {
                "#glow\u200d": "valid",
                "#glow\ufe0f": "valid",
                "#\ufeffglow": "valid",
                "#\u200fglow": "valid",
                "#gl\u00adow": "valid",
                "＃ｇｌｏｗ": "valid",
                "#glowing": "missing_hashtag",
                "https://example.com/#glow": "missing_hashtag",
            },
        ),
        (
            {"keywords": ("❤️",)},
            {
                "❤️": "valid",
                "❤": "valid",
                "love it❤❤": "valid",
                "☀️": "missing_keyword",
                "✈️ bye": "missing_keyword",
                "☎️": "missing_keyword",
            },
        ),
        ({"keywords": ("👨‍👩‍👧",)}, {"👨‍👩‍👧": "valid", "👨": "missing_keyword", "👨👩👧": "missing_keyword"}),
        ({"keywords": ("👍",)}, {"👍🏽": "valid", "👎": "missing_keyword"}),
        (
            {"answers": ("🍋",)},
            {
                "🍋": "valid",
                "🍋🍋 @mia #win": "valid",
                "😀": "wrong_answer",
                "@mia": "wrong_answer",
                "!!!": "wrong_answer",
                "🍎🍎": "wrong_answer",
                "lemon 🍋": "wrong_answer",
            },
        ),
        ({"answers": ("don't stop",)}, {"don't stop": "valid", "don´t stop": "valid", "Don’t stop!!": "valid"}),
        ({"answers": ("limón",)}, {"limón": "valid", "limo\u0301n": "valid", "limon": "wrong_answer"}),
        ({"answers": ("limón",), "ignore_accents": True}, {"limón": "valid", "Limon": "valid", "lima": "wrong_answer"}),
        (
            {"forbidden_words": ("spam", "🤮"), "min_words": 3},
            {
                "what a lovely spring": "valid",
                "this is SPAM, really": "forbidden_word",
                "this is antispam really": "valid",
                "so so bad 🤮": "forbidden_word",
                "two words @mia #tag": "too_few_words",
                "行きたい": "valid",
            },
        ),
    ],
)
def test_comments_of_the_wild(rules: dict[str, Any], cases: dict[str, str]) -> None:
    """Each text has the verdict that a person would give."""
    assert dict(zip(cases, verdicts(book(**rules), *cases), strict=True)) == cases


def test_oneself_with_a_particle_is_no_friend() -> None:
    """What follows a name in another script is no part of it."""
    rules = book(friends=2)
    (found,) = tried(rules, comment(1, "@selma랑 @mia 하고", author_handle="selma")).comments
    assert (found.verdict, found.friends) == ("invalid", 1)


def test_a_hyphen_is_part_of_a_name_where_the_platform_says_so() -> None:
    """One friend on Instagram, two on YouTube."""
    rules = book(friends=2)
    (found,) = tried(rules, comment(1, "@mia-love @mia-please", platform="youtube")).comments
    assert found.verdict == "valid"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_an_exclusion_sticks_to_the_account(order: tuple[int, ...]) -> None:
    """Whoever bore an excluded handle once is out under the next one, whichever is heard of first."""
    rules = book(excluded=("@lena.staff",))
    comments = (
        comment(1, "in", author_id="u9", author_handle="lena.staff", post_id="p7", occurred_at=NOON_MS - 999 * HOUR_MS),
        comment(2, "in", author_id="u9", author_handle="lena_private"),
        comment(3, "in", author_id="u8", author_handle="lena_other"),
    )
    blocks = [block for place in order for block in blocks_of("spring", COMMENTS, [comments[place]])]
    found = settled(rules, blocks)
    [rollup, *_] = found.rollups("spring", NOON_MS)
    assert rollup.invalid_entries == {"before_opening": 1, "excluded_account": 1}
    assert (rollup.valid_entries, rollup.unique_entrants) == (1, 1)


def test_a_forgotten_comment_excludes_nobody() -> None:
    """What somebody was called is forgotten with the rest of what they wrote."""
    rules = book(excluded=("@lena.staff",))
    old = comment(1, "in", author_id="u9", author_handle="lena.staff")
    new = comment(2, "in", author_id="u9", author_handle="lena", occurred_at=NOON_MS + HOUR_MS)
    mark = Forgotten(
        version=FORGOTTEN_VERSION, campaign_id="spring", person=person_hash("instagram", "u9"), until_ms=NOON_MS + 10
    )
    blocks = blocks_of("spring", COMMENTS, [old, new])
    for facts in ([*blocks, mark], [mark, *blocks]):
        [rollup, *_] = settled(rules, facts).rollups("spring", NOON_MS)
        assert (rollup.entries, rollup.valid_entries) == (1, 1)


def test_an_exclusion_may_name_a_platform() -> None:
    """``tiktok/@mia`` says nothing of mia on Instagram, and nothing of whom one may tag there."""
    rules = book(excluded=("tiktok/@mia",))
    found = tried(
        rules,
        comment(1, "in", author_handle="mia"),
        comment(2, "in", author_handle="mia", platform="tiktok"),
        comment(3, "in", author_handle="MIA", platform="TikTok"),
    )
    assert [each.verdict for each in found.comments] == ["valid", "invalid", "invalid"]


def test_the_address_of_a_profile_is_its_handle() -> None:
    """Lists are copied from browsers."""
    rules = book(excluded=("https://www.instagram.com/lena.staff/?hl=de",))
    found = tried(rules, comment(1, "in", author_handle="lena.staff"), comment(2, "in"))
    assert [each.verdict for each in found.comments] == ["invalid", "valid"]


def test_spellings_of_a_platform_are_one() -> None:
    """One person, one chance, with ``Instagram`` and ``instagram``."""
    found = tried(
        book(),
        comment(1, "in", author_id="u1", author_handle="mia.k"),
        comment(2, "in", author_id="u1", author_handle="mia.k", platform="Instagram"),
    )
    assert [each.verdict for each in found.comments] == ["valid", "duplicate"]
    assert found.entrants == 1


def test_platforms_that_nobody_named_are_read_alike() -> None:
    """However many are made up, ids and handles are refused on each, and the same name is somebody else on another."""
    rules = book(excluded=("id-7", "@lena.staff"), friends=1)
    comments = [comment(number, "@mia", platform=f"p{number}", author_id="u") for number in range(200)]
    comments.append(comment(900, "@mia", platform="p9", author_id="id-7"))
    comments.append(comment(901, "@mia", platform="p8", author_id="v", author_handle="Lena.Staff"))
    found = tried(rules, *comments)
    assert (found.entrants, found.chances) == (200, 200)
    assert [each.reasons for each in found.comments[-2:]] == [("excluded_account",)] * 2


def test_one_chance_a_day_of_the_zone() -> None:
    """Midnight is that of Tokyo; the cap holds, and a second comment of a day is a duplicate."""
    rules = book(chances="per_day", time_zone="Asia/Tokyo", most_chances=2)
    midnight_ms = int(datetime(2026, 3, 22, 15, tzinfo=UTC).timestamp()) * 1000
    at = (midnight_ms - 2, midnight_ms - 1, midnight_ms, midnight_ms + 30 * HOUR_MS)
    found = tried(rules, *(comment(n, "in", author_id="u", occurred_at=at_ms) for n, at_ms in enumerate(at)))
    assert [each.verdict for each in found.comments] == ["valid", "duplicate", "valid", "duplicate"]
    assert (found.entrants, found.chances) == (1, 2)


def test_a_day_may_have_23_hours() -> None:
    """The clocks of Berlin go forward on 29 March."""
    rules = book(chances="per_day", time_zone="Europe/Berlin")
    first_ms = int(datetime(2026, 3, 28, 22, 59, tzinfo=UTC).timestamp()) * 1000
    at = (first_ms, first_ms + HOUR_MS, first_ms + 22 * HOUR_MS)
    found = tried(rules, *(comment(n, "in", author_id="u", occurred_at=at_ms) for n, at_ms in enumerate(at)))
    assert [each.verdict for each in found.comments] == ["valid", "valid", "duplicate"]


def test_one_chance_a_comment_up_to_the_cap() -> None:
    """Each entry that keeps the rules; without a cap up to a hundred."""
    comments = [comment(number, "in", author_id="u") for number in range(4)]
    assert tried(book(chances="per_comment", most_chances=3), *comments).chances == 3
    assert tried(book(chances="per_comment"), *comments).chances == 4


def test_what_cannot_be_decided_is_counted_apart() -> None:
    """No handle under a friends rule; a send time after the closing, unless the true time is known too."""
    closes_ms = int(CLOSES.timestamp()) * 1000
    late = {"time_source": "send_time"}
    found = tried(
        book(friends=1),
        comment(1, "@selma", author_handle=None),
        comment(2, "@mia", occurred_at=closes_ms + 2_000, **late),
        comment(3, "@mia", occurred_at=closes_ms + 5 * HOUR_MS, **late),
        comment(4, "@mia", occurred_at=closes_ms + 99 * HOUR_MS, **late),
        comment(5, "@mia", occurred_at=closes_ms + 3_000, **late),
        comment(5, "@mia", occurred_at=closes_ms - 1_000),
        comment(6, "@mia", occurred_at=closes_ms + 1_000),
    )
    doubts = found.doubts
    assert (doubts.without_handle, doubts.sent_near, doubts.sent_later) == (1, 1, 1)
    assert len(doubts.lines()) == 3


def test_places_of_earlier_blocks_have_no_time_source() -> None:
    """A block without it is read as before."""
    (block,) = blocks_of("spring", COMMENTS, [comment(1, "in", time_source="send_time")])
    assert block.places[0].is_sent
    fields = msgspec.to_builtins(block)
    places = EntryBlock.__struct_fields__.index("places")
    fields[places] = [place[:5] for place in fields[places]]
    assert not msgspec.convert(fields, EntryBlock).places[0].is_sent
