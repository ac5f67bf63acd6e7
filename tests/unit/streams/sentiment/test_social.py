"""The social scorer: what it must understand, how it explains itself, and the artefact it ships with."""

from importlib import resources

import pytest

from streams.sentiment.parts import link
from streams.sentiment.scorers import classify
from streams.sentiment.social import SocialScorer, load_packaged_weights, load_social_scorer
from streams.sentiment.weights import dump_weights, load_weights, pack, unpack


@pytest.fixture(scope="module")
def scorer() -> SocialScorer:
    """The scorer that ships."""
    return load_social_scorer()


# Expectations by hand: what a person who runs giveaways would answer.
NEGATIVE = [
    "This is a total scam, I never received my prize and nobody answers 😡",
    "the draw was rigged",
    "my code doesn't work",
    "THE CODE IS NOT WORKING",
    "still waiting for my package, 2 months now...",
    "L giveaway",
    "this prize is mid",
    "🤡🤡🤡",
    "👎🏿",
    "not good",
    "#scam",
    "es una estafa",
    "isso é golpe",
    "c'est une arnaque",
    "nunca me llegó el premio",
]
NEUTRAL = [
    "",
    "done",
    "done ✅",
    "@anna @tom @julia",
    "when does it end?",
    "is this open to Canada?",
    "size M",
    "listo",
    "feito",
    "fait",
]
POSITIVE = [
    "I WON 😭😭😭",
    "my prize arrived today, thank you so much!",
    "the code worked, thank you",
    "🔥🔥🔥",
    "❤️‍🔥",
    "❤",
    "👍🏽",
    "slay",
    "no cap this is the best giveaway",
    "W giveaway",
    "good luck everyone",
    "loooove thisss",
    "#bestgiveawayever",
    "@anna we need this 😍",
    "not a scam, it's legit, got my prize today",
    "me encanta",
    "boa sorte a todos",
    "merci beaucoup",
]


@pytest.mark.parametrize("text", NEGATIVE)
def test_complaints_are_negative(scorer: SocialScorer, text: str) -> None:
    """Alerting on negative sentiment depends on these."""
    assert classify(scorer.score(text)) == "negative"


@pytest.mark.parametrize("text", NEUTRAL)
def test_entries_and_questions_are_neutral(scorer: SocialScorer, text: str) -> None:
    """Entering a giveaway is neither praise nor complaint, and neutral is exactly 0."""
    assert scorer.score(text) == 0.0


@pytest.mark.parametrize("text", POSITIVE)
def test_praise_is_positive(scorer: SocialScorer, text: str) -> None:
    """Slang, emoji by meaning and three more languages."""
    assert classify(scorer.score(text)) == "positive"


def test_skin_tone_and_variation_selector_do_not_change_the_score(scorer: SocialScorer) -> None:
    """An emoji means the same in every skin tone and presentation."""
    assert len({scorer.score(text) for text in ("👍", "👍🏻", "👍🏿")}) == 1
    assert scorer.score("❤") == scorer.score("❤️")


def test_tears_take_the_side_of_their_words(scorer: SocialScorer) -> None:
    """😭 after a win is joy, after a loss it is not."""
    assert scorer.score("I won 😭") > 0.05
    assert scorer.score("my order got cancelled 😭") < -0.05


def test_accents_case_and_fancy_letters_do_not_matter_to_the_word(scorer: SocialScorer) -> None:
    """People leave accents out and write in mathematical letters."""
    assert scorer.score("GANÉ un premio") * scorer.score("gane un premio") > 0
    assert scorer.score("𝓁𝑜𝓋𝑒 this") == scorer.score("love this")


@pytest.mark.parametrize("text", [*NEGATIVE, *NEUTRAL, *POSITIVE, "nice but slow", "a" * 5000, "\ud800 hm"])
def test_explanation_sums_to_the_score(scorer: SocialScorer, text: str) -> None:
    """The parts are not a story about the score; they are the score."""
    explanation = scorer.explain(text)
    assert explanation.polarity == scorer.score(text)
    assert sum(part.negative for part in explanation.parts) == explanation.negative
    assert sum(part.positive for part in explanation.parts) == explanation.positive
    if explanation.parts:
        assert link(explanation.negative, explanation.positive) == explanation.polarity


@pytest.mark.parametrize(
    ("negative", "positive", "low", "high"),
    [(0, 0, 0.0, 0.0), (-1, -1, 0.0, 0.0), (-5000, 1, 0.05, 1.0), (1, -5000, -1.0, -0.05), (9**9, 0, -1.0, -0.99)],
)
def test_neutral_wins_at_zero_and_the_others_lie_beyond_the_band(
    negative: int, positive: int, low: float, high: float
) -> None:
    """Three classes: 0 when neutral has the largest logit, else strictly outside ±0.05."""
    polarity = link(negative, positive)
    assert low <= polarity <= high
    assert (polarity == 0.0) == (low == high)
    assert polarity == 0.0 or abs(polarity) > 0.05


@pytest.mark.parametrize(("negative", "positive"), [(0, 0), (-1, 0), (1, -1), (-100_000, 100_000), (99_999, -5)])
def test_packed_fields_come_back(negative: int, positive: int) -> None:
    """Signed fields share one integer without touching each other."""
    assert unpack(pack(negative, positive)) == (negative, positive)
    assert unpack(pack(negative, positive) + pack(3, -7)) == (negative + 3, positive - 7)


class TestExtraTerms:
    """A campaign's own words."""

    @pytest.mark.parametrize("term", ["glowzilla", "Glowzilla", "moon dust", "#TeamGlow", "🪿"])
    def test_a_term_moves_the_score_its_way(self, term: str) -> None:
        """Unknown slang, a product name, a pair, a hashtag and an emoji each count as told."""
        text = f"ok {term} here"
        praised = load_social_scorer({term: 1.0})
        blamed = load_social_scorer({term: -1.0})
        assert praised.score(text) > 0.05
        assert blamed.score(text) < -0.05

    def test_a_term_changes_nothing_else(self, scorer: SocialScorer) -> None:
        """Texts without the term keep their score, and so does the shared scorer."""
        praised = load_social_scorer({"glowzilla": 1.0})
        for text in [*NEGATIVE, *NEUTRAL, *POSITIVE]:
            assert praised.score(text) == scorer.score(text)

    @pytest.mark.parametrize(
        ("terms", "message"),
        [({"three whole words": 1.0}, "three whole words"), ({"": 0.5}, "''"), ({"fine": 1.5}, "1.5")],
    )
    def test_bad_terms_are_named(self, terms: dict[str, float], message: str) -> None:
        """A campaign definition is told which term is wrong."""
        with pytest.raises(ValueError, match=message):
            load_social_scorer(terms)


class TestArtefact:
    """The file that ships."""

    def test_is_small_and_says_where_it_comes_from(self) -> None:
        """At most 1 MB, with attribution inside and a licence file beside it."""
        data = resources.files("streams.sentiment").joinpath("data")
        assert len(data.joinpath("sentiment_social.bin").read_bytes()) <= 1_000_000
        inside = " ".join(load_packaged_weights().sources)
        beside = data.joinpath("sentiment_social.LICENSES.md").read_text(encoding="utf-8")
        for source in ("GoEmotions", "Tweet Sentiment Extraction", "VADER", "TextBlob"):
            assert source in inside
            assert source in beside

    def test_round_trip(self) -> None:
        """What is written is read back, to the byte."""
        weights = load_packaged_weights()
        again = load_weights(dump_weights(weights))
        assert again.words == weights.words
        assert again.pairs == weights.pairs
        assert again.negated == weights.negated
        assert again.valences == weights.valences
        assert again.effects == weights.effects
        assert again.bias == weights.bias
        assert (again.ngrams == weights.ngrams).all()

    def test_foreign_bytes_are_refused(self) -> None:
        """A wrong file is an error at load time, not strange scores later."""
        with pytest.raises(ValueError, match="magic"):
            load_weights(b"PK\x03\x04")
