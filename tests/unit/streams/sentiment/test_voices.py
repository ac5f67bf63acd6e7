"""Copies are known whatever was changed about them, and what people may write by chance is no copy."""

import pytest

from streams.sentiment.voices import own_words

PASTED = "this giveaway is a total fraud, do not trust them"


@pytest.mark.parametrize(
    "copy",
    [
        "THIS GIVEAWAY IS A TOTAL FRAUD, DO NOT TRUST THEM",
        "this giveaway is a total fraud!!! do not trust them 😡😡",
        "@ana @ben.b this giveaway is a total fraud, do not trust them 8841",
        "this  giveaway\nis a total fraud - do not trust them https://example.org/x?y=1",
        "ｔｈｉｓ giveaway is a tótal fraud, do not trust them",
        "this giveaway\u200b is a total fraud, do not\u00a0trust them",
        "this giveaway is a total fraud, do not trust them www.example.org/abc",
    ],
)
def test_a_copy_that_was_touched_up_is_still_the_same_text(copy: str) -> None:
    """Case, accents, width, blanks, punctuation, emoji, digits, handles and links do not make words of one's own."""
    assert own_words(PASTED)
    assert own_words(copy) == own_words(PASTED)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("this giveaway is a total fraud, do not trust them", "this giveaway is a total fraud, never trust them"),
        ("это розыгрыш обман, не верьте им", "это розыгрыш обман, не пишите им"),
        ("プレゼントが全然届きません", "プレゼントがまだ届きません"),
        ("يا جماعة هذه المسابقة كذب ونصب", "يا جماعة هذه المسابقة كذب وخداع"),
    ],
)
def test_other_words_are_another_text_in_any_script(one: str, other: str) -> None:
    """Texts of which a word differs are apart."""
    assert own_words(one)
    assert own_words(other)
    assert own_words(one) != own_words(other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "scam",
        "so disappointed",
        "😡😡😡😡😡😡😡😡😡😡😡😡",
        "@a_very_long_handle_of_somebody @another_long_one no",
        "ひどい",
        "1234567890" * 9,
    ],
)
def test_what_many_write_by_themselves_is_nobodys(text: str) -> None:
    """Short texts, however much stands around their words, are their author's."""
    assert own_words(text) == b""


def test_a_text_is_the_same_beyond_what_is_remembered() -> None:
    """Long texts are folded as short ones are."""
    assert own_words(PASTED.upper() + " x" * 300) == own_words(PASTED + "! x" * 300)
