"""Which language a comment is in, what the lists make of it, and the silence about what is not read."""

import pytest

from streams.sentiment.languages import NOTHING, UNREAD, the_languages
from streams.sentiment.lexicons import Lexicon, load_files
from streams.sentiment.scorers import CachedScorer, TextBlobScorer, classify, default_scorer
from streams.sentiment.social import load_social_scorer
from training.sentiment_data import CLASSES, LabelledTexts, load_language_comments


def recalls(texts: LabelledTexts) -> list[float]:
    """Recall of each class by the default scorer."""
    predicted = [CLASSES.index(classify(polarity)) for polarity in default_scorer().score_many(texts.texts)]
    pairs = list(zip(texts.labels, predicted, strict=True))
    return [sum(p == c for y, p in pairs if y == c) / sum(y == c for y, _ in pairs) for c in range(3)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("der code funktioniert nicht", "de"),
        ("wanneer is de trekking", "nl"),
        ("il codice non funziona", "it"),
        ("kod nie działa", "pl"),
        ("kod çalışmıyor", "tr"),
        ("yang menang itu-itu aja", "id"),
        ("kisi ko prize nahi milta", "hi-latn"),
        ("обман", "ru"),
        ("詐欺だと思う", "ja"),
        ("사기 같아요", "ko"),
        ("यह धोखा है", "hi"),
        ("نصب واحتيال", "ar"),
        ("the code does not work", "en"),
        ("me llegó roto y nadie contesta", "es"),
        ("le code ne marche pas", "fr"),
        ("@jule.m #weilschön ❤️ 1️⃣", NOTHING),
    ],
)
def test_languages_are_recognised(text: str, language: str) -> None:
    """A few words are enough; names, hashtags, emoji and numbers tell nothing."""
    assert the_languages().language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "så fin väska, hoppas jag vinner ❤️",
        "hvor er den smuk, håber jeg vinder",
        "ihana laukku, toivottavasti voitan",
        "krásná kabelka, chtěla bych vyhrát",
        "gyönyörű táska, szeretném megnyerni",
        "ce geantă frumoasă, sper să câștig",
        "prekrasna torba, želim osvojiti",
        "túi đẹp quá, mong trúng thưởng",
        "ang ganda naman, sana manalo ako",
        "яка гарна сумка, хочу виграти",
        "каква красива чанта, искам да спечеля",
        "چقدر قشنگه، کاش من برنده بشم",
        "好漂亮的包包,希望能中奖",
        "สวยมาก อยากได้",
        "איזה תיק יפה",
        "τι ωραία τσάντα",
        "খুব সুন্দর",
        "zvrk plonk brimfel",
        "awak lawa sangat, nak jugak",
        "quina passada, m'encanta molt",
        "grazas polo consello, gústame moito",
        "це обман",
        "де купити таку куртку",
        "кодът не работи",
        "zelo drago, koda ne dela",
    ],
)
def test_what_is_not_read_is_silent(text: str) -> None:
    """No polarity is made of a language that is not read: not by its letters, nor by the emoji beside them."""
    scorer = load_social_scorer()
    assert scorer.score(text) == UNREAD
    assert scorer.explain(text).parts == ()
    assert CachedScorer(scorer).score_many([text, text]) == [UNREAD, UNREAD]
    assert TextBlobScorer().score(text) == UNREAD


def test_unread_is_neutral_to_whoever_does_not_ask() -> None:
    """A tool that knows nothing of it sees a neutral polarity in range."""
    assert classify(UNREAD) == "neutral"
    assert 0.0 < UNREAD < 1e-9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("das ist nicht schlecht", "positive"),
        ("das ist nicht schön", "negative"),
        ("bin schon lange dabei", "neutral"),
        ("fena değil", "positive"),
        ("не верьте, развод", "negative"),
        ("悪くない", "positive"),
        ("bin dabei, done @jule.m", "neutral"),
        ("das ist so cute, love it", "positive"),
        ("worst service ever, molto deluso", "negative"),
        ("पसंद नहीं आया", "negative"),
        ("sana hiç yakışmamış bence", "negative"),
        ("çok yakışmış", "positive"),
        ("안 예뻐요", "negative"),
        ("예뻐요", "positive"),
        ("曲名教えてください", "neutral"),
        ("omg wie süüüß", "positive"),
        ("total überbewertet das zeug", "negative"),
        ("nunca había estado tan feliz", "positive"),
        ("j'ai jamais été aussi contente", "positive"),
        ("j'ai hâte de tester", "positive"),
        ("siempre ganan los mismos", "negative"),
        ("gracias por el premio que nunca llegó 👏", "negative"),
        ("wow thanks for the prize that never showed up", "negative"),
    ],
)
def test_negations_and_mixes(text: str, expected: str) -> None:
    """A list reads negations of its language; of two languages in one comment the stronger one reads it."""
    assert classify(load_social_scorer().score(text)) == expected


@pytest.mark.parametrize("code", sorted(load_files()))
def test_every_language_with_a_list_is_understood(code: str) -> None:
    """What the lists were written with stays understood: 0.80, no class below 0.60."""
    found = recalls(load_language_comments("used")[code])
    assert sum(found) / 3 >= 0.80
    assert min(found) >= 0.60


def test_comments_that_were_kept_from_the_lists() -> None:
    """On comments written after the lists: 0.75 over all languages, none below what saying nothing would give."""
    by_language = load_language_comments("last")
    texts = [text for each in by_language.values() for text in each.texts]
    labels = [label for each in by_language.values() for label in each.labels]
    assert sum(recalls(LabelledTexts("all", texts, labels, []))) / 3 >= 0.75
    assert all(sum(recalls(each)) / 3 > 1 / 3 for each in by_language.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("estas unhas ficaram lindas", "positive"), ("вам не идет", "negative"), ("estás radiante", "positive")],
)
def test_words_that_a_neighbour_has_too_are_read(text: str, expected: str) -> None:
    """What Galician or Bulgarian has as well does not silence Portuguese, Spanish or Russian."""
    assert classify(load_social_scorer().score(text)) == expected


@pytest.mark.parametrize("split", ["first", "second", "third"])
def test_fresh_comments_stay_understood(split: str) -> None:
    """What the lists were taught by three sets of comments is not lost: 0.80 in each language."""
    by_language = load_language_comments(split)
    assert len(by_language) == 16
    assert {code: found for code, texts in by_language.items() if (found := sum(recalls(texts)) / 3) < 0.80} == {}


def test_a_beginning_that_would_never_match_is_refused() -> None:
    """A beginning longer than what is looked for is an error, not an entry without effect."""
    with pytest.raises(ValueError, match="longer than"):
        Lexicon("xx", [("a" * 21 + "*", 1.0)], [], [])


def test_an_entry_without_a_word_is_refused() -> None:
    """A list with a mistake is an error that names the entry."""
    with pytest.raises(ValueError, match="♥"):
        Lexicon("xx", [("♥", 1.0)], [], [])
