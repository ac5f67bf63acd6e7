"""Mentions of many texts: the same as of one after the other."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.events import CommentCreated
from models.giveaway import GiveawayRules
from models.topics import COMMENTS
from streams.columns.strings import encoded, encoded_together, taken_apart
from streams.giveaway.entry_columns import name_hashes
from streams.giveaway.rules import RuleBook
from streams.ledger.collector import blocks_of
from streams.ledger.comment_texts import handle_key, mentions_of, readable
from streams.ledger.handle_hashes import handle_hashes
from streams.ledger.mentions import mentions_in
from streams.ledger.platform_rules import PLATFORMS, WIDE, PlatformRules

TEXTS = st.text(alphabet="@@@@abA1_..-·/!t #\n\0\1é＠﹫ß🍀\u0301\u200d\ufe0fʰ日", max_size=14)
RULES = st.sampled_from([*PLATFORMS.values(), WIDE])


@given(st.lists(TEXTS, max_size=8), RULES)
@example(["x@a@b", "@a@b", "@@a", "x@a-@b", "@a.-", "@..", "é@a", "@aé", "🍀@a 🍀", "@", "a@", "@a @A @a"], WIDE)
@example(["\0@a", "\1@a", "@a\0@b", "@a\1", "\1＠a"], WIDE)
@example([" ".join(f"@a{number}" for number in range(101)), " ".join(["@a"] * 101), "@b"], PLATFORMS["instagram"])
@example(["@ab..cd", "@ab...", "..@ab", "@.ab", "@ab.@cd", "www.x.com/@ab", "www.x.com.@ab"], PLATFORMS["instagram"])
@example(["RT@ab", "@ab@cd", "!@ab", "@ab://x", "@abcdefghijklmnop", "@a.b"], PLATFORMS["x"])
@example(["@ann.smith @annsmith", "@anna", "_@annas"], PLATFORMS["facebook"])
@example(["@_ab_c", "@ab", "@abc_", "@-abc-"], PLATFORMS["youtube"])
def test_mentions_of_many_texts_are_those_of_each(texts: list[str], rules: PlatformRules) -> None:
    """Joined and looked at as bytes: whatever stands around the marks, and only unusual texts are left to others."""
    found = mentions_in(encoded(texts), rules)
    for number, text in enumerate(texts):
        if number in found.unsure:
            assert number not in found.owners
            assert found.unsure[number] == text
            plain = text.isascii() and "\0" not in text and text.count("@") <= 100
            assert not plain or "/" in text or ".." in text or rules.platform in ("x", "facebook")
        else:
            expected = handle_hashes(mentions_of(readable(text), rules))
            assert found.hashes[found.owners == number].tolist() == expected.tolist()


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
    book = RuleBook(campaign).on("instagram")
    friends, each = book.friends_in(encoded(texts), len(texts)), [book.read(text) for text in texts]
    for _ in range(2):
        assert book.reasons_of_texts(texts).tolist() == [check.reasons for check in each]
    counts = np.bincount(friends.owners, minlength=len(texts))
    assert counts.tolist() == [len(check.mentions) for check in each]
    assert friends.hashes.tolist() == handle_hashes([handle for check in each for handle in check.mentions]).tolist()


NAMES = st.text(alphabet="abAZ09_.-·@` \n\t\0\x01\x7fé＠ßʰ日", max_size=20)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1))
@example([("u1", ""), ("U2", "Mia"), ("", ""), ("a" * 8, "b" * 17), ("x.", "@mia.-"), ("u", "é"), ("é", "")])
def test_names_of_a_block_compare_as_handles_do(names: list[tuple[str, str]]) -> None:
    """A handle, or the author's id without one, hashed where it stands: the hash of what ``handle_key`` makes of it."""
    fields: dict[str, Any] = {"event_id": "e", "campaign_id": "c", "platform": "p", "occurred_at": 1, "text": ""}
    events = [
        CommentCreated(
            comment_id="c", post_id="p", influencer_id="ana", author_id=author_id, author_handle=handle, **fields
        )
        for author_id, handle in names
    ]
    (block,) = blocks_of("c", COMMENTS, events)
    assert name_hashes(block).tolist() == handle_hashes([handle_key(handle or who) for who, handle in names]).tolist()


@given(st.lists(TEXTS, min_size=1))
@example(["@", "", "a@", "\0@", "\1", "\1a\0b"])
def test_texts_come_out_of_a_joined_run_as_they_went_in(texts: list[str]) -> None:
    """Whatever stands in them, the separator and its escape included; of several columns each by itself."""
    assert taken_apart(encoded(texts)) == texts
    columns = [texts, texts[::-1], [str(place) for place in range(len(texts))]]
    assert encoded_together(columns) == [encoded(column) for column in columns]
