"""Suspicion: what each kind of evidence finds, whom it spares, and what the policy makes of it."""

from random import Random

import msgspec
import numpy as np
import pytest

from bench.giveaway_simulation import BOTS, simulate
from models.suspicion import Suspect, SuspicionPolicy
from streams.suspicion.comment_columns import EntryView, columns_of, typing_style, view_of
from streams.suspicion.handles import handle_shape, random_handles
from streams.suspicion.rings import components, core
from streams.suspicion.score import suspects

START = 1_750_000_000_000
FLAG = SuspicionPolicy(flag=0.5)
WORDS = (
    "lamp", "river", "candle", "orange", "window", "garden", "paper", "silver", "morning", "table", "bread", "music",
    "island", "cloud", "forest",
)  # fmt: skip


def crowd(people: int = 400, seed: int = 5) -> list[EntryView]:
    """Ordinary people: one or two comments in their own words, over six hours."""
    random = Random(seed)
    entries = []
    for person in range(people):
        for _ in range(random.choice((1, 1, 2))):
            text = " ".join(random.sample(WORDS, random.randint(1, 8))) + random.choice(("", "!", " ✨", "..."))
            at_ms = START + random.randrange(6 * 3_600_000)
            entries.append(view_of(f"p{person}", f"maria_lopez{person}", at_ms, f"{text} @friend{random.random()}"))
    return entries


def found(entries: list[EntryView], policy: SuspicionPolicy = FLAG) -> dict[str, Suspect]:
    """Return suspects by person."""
    return {suspect.person: suspect for suspect in suspects(columns_of(entries), policy)}


def test_nobody_of_an_ordinary_crowd_is_suspected() -> None:
    """People who write in their own words, at their own time, are left alone."""
    assert found(crowd()) == {}


def test_no_entries_no_suspects() -> None:
    """An empty giveaway and one comment without words or tags can be asked about."""
    assert suspects(columns_of([]), FLAG) == []
    assert suspects(columns_of([view_of("a", "", START, "")]), FLAG) == []


def test_a_burst_is_found_and_eager_writing_is_not() -> None:
    """Thirty comments at two a second are a burst; thirty at one in ten seconds, uneven, are enthusiasm."""
    random = Random(1)
    fast = [view_of("fast", "fast", START + 500 * n, f"me {n} @x{n}") for n in range(30)]
    at_ms, eager = START, []
    for n in range(30):
        at_ms += random.randrange(6_500, 16_000)
        eager.append(view_of("eager", "eager", at_ms, f"me {n} @y{n}"))
    suspected = found(crowd() + fast + eager)
    assert set(suspected) == {"fast"}
    assert suspected["fast"].findings[0].reason == "burst"
    assert "30 comments within a minute" in suspected["fast"].findings[0].detail


def test_a_timer_is_found() -> None:
    """Comments at a fixed interval are a machine's, however slow."""
    timer = [view_of("timer", "timer", START + 50_000 * n + n % 3 * 40, f"in {n} @x{n}") for n in range(25)]
    assert found(crowd() + timer)["timer"].findings[0].reason == "burst"


COPY = "incredible quality shared with everybody from the office hoping the parcel reaches our village this time"


def test_copied_texts_are_found_and_common_ones_are_not() -> None:
    """Thirty people with one long text are suspected; a hundred who write "done" or the same long saying are not."""
    random = Random(2)
    copies = [view_of(f"c{n}", f"paul_{n}", START + 400_000 * n, f"{COPY} @z{n}") for n in range(30)]
    done = [view_of(f"d{n}", f"lena_{n}", START + 100_000 * n, f"done ✅ @a{n} @b{n}") for n in range(100)]
    suspected = found(crowd() + copies + done)
    assert set(suspected) == {f"c{n}" for n in range(30)}
    assert suspected["c3"].findings[0].detail == "an unusual text shared by 30 people"
    typed = [
        view_of(
            f"s{n}", f"anna_{n}", START + 350_000 * n, random.choice(("%s", "%s!", "%s!!", "%s 🙏", "%s ...")) % each
        )
        for n, each in enumerate([COPY, COPY.upper(), COPY.capitalize()] * 12)
    ]
    assert found(crowd() + typed) == {}


def test_copies_with_replaced_words_are_found() -> None:
    """Texts of a farm that replaces one word of fifteen are near copies."""
    swaps = ("village", "town", "house", "island", "street")
    spun = [
        view_of(f"c{n}", f"paul_{n}", START + 400_000 * n, COPY.replace("village", swaps[n % 5])) for n in range(40)
    ]
    assert len(found(crowd() + spun)) >= 35


def test_a_ring_is_found_and_a_household_is_not() -> None:
    """Thirty accounts that tag only one another are a ring; five of one family are not."""
    random = Random(3)
    ring = [
        view_of(
            f"r{n}",
            f"ring_{n}x",
            START + random.randrange(20_000_000),
            " ".join([random.choice(WORDS), *(f"@ring_{m}x" for m in random.sample(range(30), 3))]),
        )
        for n in range(30)
        for _ in range(2)
    ]
    names = [f"{name}.meyer" for name in ("eva", "jan", "ute", "max", "pia")]
    family = [
        view_of(name, name, START + 60_000 * n, "for us " + " ".join(f"@{other}" for other in names if other != name))
        for n, name in enumerate(names)
    ]
    suspected = found(crowd() + ring + family)
    assert {each.findings[0].reason for each in suspected.values()} == {"ring"}
    assert len(suspected) >= 28
    assert not set(suspected) & set(names)


def test_a_hoard_is_found() -> None:
    """One person with a tenth of all entries at a human pace holds too large a share."""
    random = Random(4)
    hoard = [
        view_of("h", "hilde", START + 15_000 * n + random.randrange(9_000), f"{random.random()} @q{n}")
        for n in range(300)
    ]
    suspected = found(crowd() + hoard)
    assert set(suspected) == {"h"}
    assert suspected["h"].entries == 300
    assert suspected["h"].findings[0].reason == "hoarding"


def test_a_flood_is_found_and_a_rush_of_people_is_not() -> None:
    """Twenty look-alikes within seconds are a flood; two hundred ordinary people in the same seconds are a go-live."""
    random = Random(6)
    flood = [view_of(f"f{n}", f"joe.{n:07d}", START + 100 * n, f"{random.choice(WORDS)} @q{n}") for n in range(20)]
    rush = [view_of(f"g{n}", f"maria_lopez{400 + n}", START + 10 * n, "lemon") for n in range(200)]
    suspected = found(crowd() + flood + rush)
    assert set(suspected) == {f"f{n}" for n in range(20)}
    assert suspected["f0"].findings[0].reason == "flood"


def test_a_random_handle_alone_is_never_enough() -> None:
    """A handle of random letters is weak evidence: seen, and not flagged."""
    handles = ["maria_lopez", "anna.schmidt", "happy_garden", "lucas.silva22"] * 20 + ["xqzvkwjpt"]
    strength = random_handles(handles)
    assert strength[-1] > 0.5 > strength[:-1].max()
    assert found([*crowd(), view_of("x", "xqzvkwjpt", START, "done @a")]) == {}


@pytest.mark.parametrize(
    ("handle", "shape"), [("anna_smith82", "a_a99"), ("x", "a"), ("4you.2", "9a.9"), ("", ""), ("日本", "a")]
)
def test_shapes(handle: str, shape: str) -> None:
    """A shape keeps separators and the number of digits, and no letters."""
    assert handle_shape(handle) == shape


@pytest.mark.parametrize(
    ("text", "style"),
    [("Done!! 🙏🙏", "T!!EE"), ("DONE @Ana #Win", "A"), ("done, me.", "a,."), ("❤️", "-E"), ("", "-")],
)
def test_styles(text: str, style: str) -> None:
    """A style keeps capitals, punctuation and emoji, and no words or names."""
    assert typing_style(text) == style


def test_the_core_of_a_graph() -> None:
    """A clique of five stays; a chain that hangs on it falls off; parts that do not touch are told apart."""
    clique = [(a, b) for a in range(5) for b in range(a)] + [(a, b) for a in range(10, 15) for b in range(10, a)]
    edges = [*clique, (4, 5), (5, 6), (6, 7)]
    lefts, rights = core(np.array([a for a, _ in edges]), np.array([b for _, b in edges]), 15)
    assert sorted(zip(lefts.tolist(), rights.tolist(), strict=True)) == sorted(clique)
    labels = components(lefts, rights, 15).tolist()
    assert labels[:5] == [0] * 5
    assert labels[10:] == [10] * 5
    assert labels[5:10] == [5, 6, 7, 8, 9]


def test_the_policy_decides_and_clearing_takes_it_back() -> None:
    """The severest threshold reached decides; a cleared account is shown and neither held nor excluded."""
    policy = SuspicionPolicy(flag=0.5, hold=0.7, exclude=0.9)
    assert [policy.action(score) for score in (0.49, 0.5, 0.7, 0.9)] == [None, "flag", "hold", "exclude"]
    assert policy.action(0.95, cleared=True) == "flag"
    fast = [view_of("fast", "fast", START + 500 * n, f"me {n} @x{n}") for n in range(30)]
    columns = columns_of(crowd() + fast)
    [suspect] = suspects(columns, SuspicionPolicy(hold=0.8), frozenset({"fast"}))
    assert (suspect.action, suspect.cleared) == ("flag", True)
    assert suspects(columns, SuspicionPolicy(ignored=("burst",))) == []


@pytest.mark.parametrize("thresholds", [{"flag": 0.6, "hold": 0.5}, {"hold": 0.9, "exclude": 0.8}, {"exclude": 0.4}])
def test_thresholds_out_of_order_are_refused(thresholds: dict[str, float]) -> None:
    """A policy that would exclude whom it does not even flag is a mistake."""
    with pytest.raises(msgspec.ValidationError, match="is below"):
        msgspec.convert(thresholds, SuspicionPolicy)


def test_the_order_of_entries_does_not_matter() -> None:
    """Suspicion is a function of the set of comments, as every number here is."""
    fast = [view_of("fast", "fast", START + 500 * n, f"me {n} @x{n}") for n in range(30)]
    copies = [view_of(f"c{n}", f"paul_{n}", START + 400_000 * n, f"{COPY} @z{n}") for n in range(30)]
    entries = crowd() + fast + copies
    shuffled = entries.copy()
    Random(9).shuffle(shuffled)
    assert suspects(columns_of(entries), FLAG) == suspects(columns_of(shuffled), FLAG)


def test_planted_bots_are_found_and_people_are_not() -> None:
    """On a made-up giveaway of 60,000 comments precision and recall hold; households and friends are left alone."""
    made = simulate(21, 60_000)
    views = (view_of(str(person), made.handles[person], at, text) for at, person, text in made.comments)
    flagged = {int(suspect.person) for suspect in suspects(columns_of(views), SuspicionPolicy())}
    bots = {person for person, kind in enumerate(made.kinds) if kind in BOTS}
    assert len(flagged & bots) / len(flagged) > 0.93
    assert len(flagged & bots) / len(bots) > 0.8
    for kind in ("household", "enthusiastic friend"):
        innocent = {person for person, each in enumerate(made.kinds) if each == kind}
        assert len(flagged & innocent) <= 0.02 * len(innocent), kind
