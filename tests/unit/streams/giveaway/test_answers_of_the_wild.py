"""Answers and keywords as people give them: numbers, emoji that stand for letters, apostrophes, other spellings."""

from typing import Any

import pytest

from tests.unit.streams.giveaway.test_real_comments import book, comment, tried, verdicts


@pytest.mark.parametrize(
    ("rules", "kept", "broken"),
    [
        # How many lemons? One thousand, in the notation of each country.
        (
            {"answers": ("1000",)},
            ("1000", "1,000", "1.000", "1 000", "1\u202f000", "1'000", "1’000", "1000!", "١٠٠٠", "@mia 1,000 🍋"),
            ("100", "10000", "10,000", "1,00", "1 2 000", "1,000 lemons"),
        ),
        ({"answers": ("1,000,000",)}, ("1000000", "1.000.000", "1 000 000"), ("1000", "1,000,00")),
        ({"answers": ("3",)}, ("3", "٣", "３", "3️⃣", "(3)", "3 🎉", "#win 3️⃣"), ("33", "3.5", "1 3", "3️⃣3️⃣")),
        ({"answers": ("10",)}, ("1️⃣0️⃣", "🔟", "10."), ("1", "0️⃣1️⃣")),
        ({"answers": ("A",)}, ("a", "A)", "Ⓐ", "🅰️", "ａ"), ("b", "🅱️", "ab", "🆎")),
        ({"answers": ("-5",)}, ("-5", "−5", "- 5"), ("5", "2-5")),
        ({"answers": ("ice cream",)}, ("ICE  cream!", "ice-cream", "ice‑cream"), ("icecream", "ice")),
        ({"keywords": ("1000",)}, ("win 1,000 euros", "1.000€", "over 1 000"), ("win 10,000 euros", "win 100,000")),
        ({"keywords": ("3",)}, ("my guess: 3️⃣", "it is 3."), ("33", "3️⃣3️⃣", "2️⃣")),
        # An emoji that is asked for is that emoji.
        ({"keywords": ("1️⃣",)}, ("1️⃣", "a1⃣b"), ("1", "2️⃣")),
        ({"keywords": ("👩🏽‍🍳",)}, ("👩‍🍳", "hi👩🏿‍🍳yo"), ("👩", "🍳", "👩🍳", "👩‍🚀")),
        ({"keywords": ("🇩🇪",)}, ("go🇩🇪go", "🇫🇷🇩🇪"), ("🇦🇹", "🇪🇩", "DE")),
        ({"keywords": ("🏳️‍🌈",)}, ("🏳‍🌈",), ("🏳️", "🌈", "🏳️🌈")),
        # Marks that are part of a letter stay; others may go where the definition says so.
        ({"answers": ("мой",), "ignore_accents": True}, ("Мой!",), ("мои",)),
        ({"answers": ("її",), "ignore_accents": True}, ("її", "Її"), ("іі",)),
        ({"answers": ("ёлка",), "ignore_accents": True}, ("елка", "ЁЛКА"), ("галка",)),
        ({"keywords": ("straße",)}, ("STRASSE", "Straße", "STRAẞE"), ("strase",)),
        ({"keywords": ("ΟΔΟΣ",)}, ("οδος", "οδός", "Οδός!"), ("οδο",)),
        ({"keywords": ("पान",)}, ("पान दो",), ("पानी",)),
        ({"hashtags": ("#தமிழ்",)}, ("#தமிழ்!",), ("#தமிழகம்",)),
        # An apostrophe parts no word.
        (
            {"min_words": 3},
            ("don't you dare", "I love it", "l’amour est beau"),
            ("don't you", "rock'n'roll ok", "@a @b"),
        ),
    ],
)
def test_answers_of_the_wild(rules: dict[str, Any], kept: tuple[str, ...], broken: tuple[str, ...]) -> None:
    """Each text has the verdict that a person would give."""
    assert dict(zip(kept, verdicts(book(**rules), *kept), strict=True)) == dict.fromkeys(kept, "valid")
    assert [
        text for text, verdict in zip(broken, verdicts(book(**rules), *broken), strict=True) if verdict == "valid"
    ] == []


@pytest.mark.parametrize("spelt", ["x", "twitter", "Twitter"])
def test_other_names_of_a_platform(spelt: str) -> None:
    """Twitter is X: its handles, its exclusions, whichever name events and definition use; ids are refused as well."""
    rules = book(friends=2, excluded=("twitter/@lena", "x/@staff", "id-7"))
    found = tried(
        rules,
        comment(1, "@mia-love @mia-please", platform=spelt),
        comment(2, "@mia @tom", platform=spelt, author_handle="lena"),
        comment(3, "@mia @tom", platform=spelt, author_handle="Staff"),
        comment(4, "@mia @tom", platform=spelt, author_id="id-7"),
        comment(5, "@mia @tom", platform=spelt),
    ).comments
    assert [each.reasons[:1] for each in found] == [
        ("too_few_friends",),
        ("excluded_account",),
        ("excluded_account",),
        ("excluded_account",),
        (),
    ]


def test_accounts_of_servers() -> None:
    """On Mastodon a friend and their server are one person; the same name on another server is another."""
    rules = book(friends=2)
    texts = ("@mia@example.social", "@mia@example.social @mia@other.example")
    found = tried(rules, *(comment(n, text, platform="mastodon") for n, text in enumerate(texts))).comments
    assert [(str(each.verdict), each.friends) for each in found] == [("invalid", 1), ("valid", 2)]
