"""Handles and hashtags by platform: each line of a file that was written by hand."""

import pytest

from streams.columns.strings import encoded
from streams.ledger.comment_texts import mentions_of, read_text, readable
from streams.ledger.handle_hashes import handle_hashes
from streams.ledger.mentions import mentions_in
from streams.ledger.platform_rules import PLATFORMS, WIDE, rules_of
from tools.docs_giveaway import Reading, readings


@pytest.mark.parametrize("reading", readings(), ids=lambda each: f"{each[1]}: {each[0]}")
def test_a_text_is_read_as_a_person_reads_it(reading: Reading) -> None:
    """No handle is lost, doubled or made up, whatever script stands around it."""
    _, platform, text, handles, hashtags = reading
    found = read_text(text, rules_of(platform))
    assert (found.mentions, found.hashtags) == (handles, hashtags)


@pytest.mark.parametrize("rules", [*PLATFORMS.values(), WIDE], ids=lambda rules: rules.platform or "other")
def test_many_texts_are_read_as_each(rules: object) -> None:
    """All texts of the file together, as bytes: the handles of each."""
    platform = rules_of(getattr(rules, "platform", ""))
    texts = [text for _, where, text, *_ in readings() if rules_of(where) == platform]
    found = mentions_in(encoded(texts), platform)
    for number, text in enumerate(texts):
        mentions = handle_hashes(mentions_of(readable(text), platform)).tolist()
        if number not in found.unsure:
            assert found.hashes[found.owners == number].tolist() == mentions


def test_the_file_is_as_large_as_promised() -> None:
    """300 lines, 14 scripts, every platform."""
    lines = readings()
    assert len(lines) >= 300
    assert len({script for script, *_ in lines}) >= 14
    assert {platform for _, platform, *_ in lines} == {*PLATFORMS, "other"}
