"""Mentions of many texts: the same as of one after the other."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.giveaway import GiveawayRules
from streams.giveaway_mentions import mentions_in
from streams.giveaway_rules import RuleBook
from streams.giveaway_texts import folded, mentions_of
from streams.hashing import digest, hashes_of

TEXTS = st.text(alphabet="@@@@abA1_.-· #\n\0é＠ß🍀\u0301\u200d\ufe0fʰ日", max_size=14)


@given(st.lists(TEXTS, max_size=8))
@example(["x@a@b", "@a@b", "@@a", "x@a-@b", "@a.-", "@..", "é@a", "@aé", "🍀@a 🍀", "@", "a@", "@a @A @a"])
@example([" ".join(f"@a{number}" for number in range(101)), " ".join(["@a"] * 101), "@b"])
def test_mentions_of_many_texts_are_those_of_each(texts: list[str]) -> None:
    """Joined and looked at as bytes: whatever stands around the marks, and only unusual texts are left to others."""
    found = mentions_in(texts)
    for number, text in enumerate(texts):
        if found.sure[number]:
            expected = hashes_of([digest(handle.encode(), 0) for handle in mentions_of(folded(text))])
            assert found.hashes[found.owners == number].tolist() == expected.tolist()
        else:
            assert number not in found.owners
            assert not text.isascii() or "\0" in "".join(texts) or text.count("@") > 100


@given(
    st.lists(st.lists(st.sampled_from(["#win", "@ana", "@A.na", "@bo", "in", "é@bo", "＃ＷＩＮ"])).map(" ".join)),
    st.sampled_from([{}, {"hashtags": ("win",)}, {"keywords": ("in",)}]),
)
def test_rules_say_the_same_of_many_texts_as_of_each(texts: list[str], rules: dict[str, Any]) -> None:
    """Reasons and counted mentions do not depend on how many texts are read together."""
    moments = {"opens_at": datetime(2026, 4, 18, tzinfo=UTC), "closes_at": datetime(2026, 4, 19, tzinfo=UTC)}
    campaign = CampaignDefinition(
        campaign_id="spring",
        name="s",
        starts_at=moments["opens_at"],
        ends_at=moments["closes_at"],
        influencers=(InfluencerDefinition(influencer_id="ana", handle="@ana", platform="instagram"),),
        giveaway=GiveawayRules(**moments, **rules),
    )
    book = RuleBook(campaign)
    many, each = book.read_many(texts), [book.read(text) for text in texts]
    assert many.reasons.tolist() == [check.reasons for check in each]
    assert many.counts.tolist() == [len(check.mentions) for check in each]
    assert many.mention_hashes.tolist() == hashes_of([check.mention_hashes for check in each]).tolist()
