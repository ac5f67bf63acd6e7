"""Phrases that mean something else than their words add up to, and praise that is none.

The ``social`` model adds words and pairs. What is read here needs more of the text: "never been so happy", "nada mal",
"this colour is sick", and thanks for a code that had expired. Nothing of it is learned; each rule says what it wants.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from streams.sentiment.everyday import PHRASES, phrase_turns

_NEVER: Final = frozenset(("never", "nunca", "jamais"))
_BEEN: Final = frozenset(("been", "felt", "seen", "had", "loved", "wanted", "found", "owned", "tried", "got"))
_AS_MUCH: Final = frozenset(("so", "this", "such", "more", "a", "anything", "something"))
_AS_MUCH_ELSEWHERE: Final = frozenset(("tan", "tao", "aussi", "tanto", "tanta", "tant"))
"""What says as much in Spanish, Portuguese and French: "nunca había estado tan feliz"."""
_SAME: Final = frozenset(("same", "mismos", "mismas", "mesmos", "mesmas", "memes"))
_AGAIN: Final = frozenset(("always", "every", "again", "siempre", "sempre", "toujours", "encore"))
_WINNERS: Final = frozenset(
    ("win", "wins", "won", "winner", "winners", "winning", "picked", "ganan", "gana", "ganhar", "ganham", "gagnent")
)
_FEELING_WITHIN: Final = 3
_PAIRS: Final = {
    ("nada", "mal"): 2_500,
    ("pas", "mal"): 2_500,
    ("not", "bad"): 1_500,
    ("esta", "brutal"): 3_500,
    ("es", "brutal"): 2_500,
    ("que", "brutal"): 3_000,
    ("you", "ate"): 3_500,
    ("she", "ate"): 2_500,
    ("fell", "apart"): -3_500,
    ("falls", "apart"): -3_500,
    ("falling", "apart"): -3_500,
    ("bad", "ass"): 3_500,
    ("kill", "for"): 3_500,
    ("worth", "every"): 3_000,
    ("me", "flipa"): 3_000,
    ("me", "flipan"): 3_000,
    ("que", "vontade"): 2_500,
    ("esperaba", "mas"): -3_000,
    ("esperava", "mais"): -3_000,
    ("j'aime", "pas"): -3_500,
    ("j'aimais", "pas"): -2_500,
}
"""Pairs that are praise as a whole, or below 0 blame, with what they add to it and take from the other."""
_MEALS: Final = frozenset(
    ("breakfast", "lunch", "dinner", "food", "cake", "pizza", "it", "all", "my", "too", "something")
)
"""Words beside which "ate" is about a meal."""
_LONG: Final = frozenset(("mes", "meses", "semana", "semanas", "mois", "semaine", "semaines"))
_WAITED: Final = frozenset(("esperando", "esperar", "aguardando", "attends", "attend", "attendre", "j'attends"))
_ASKED: Final = frozenset(("is", "isnt", "isn't", "are", "es", "sera", "e"))
"""Words with which a text begins that asks whether it is a fraud."""
_OUTDONE: Final = {
    "better": 3_500, "happier": 3_500, "softer": 3_000, "mejor": 3_500, "melhor": 3_500, "worse": -3_500,
    "peor": -3_500, "pior": -3_500,
}  # fmt: skip
"""Of what never was more so: "my skin has never looked better"."""
_SUPERLATIVE: Final = frozenset(("puede", "pueden", "podria", "pode", "podem", "poderia", "peut"))
"""What cannot be more so is so as far as it goes: "no puede ser más bonito"."""
_DEAR: Final = frozenset(("caro", "cara", "feo", "fea", "feio", "feia", "lento", "malo", "mala", "ruim", "cutre"))
_SUSPECTED: Final = frozenset(("scam", "fake", "estafa", "arnaque", "golpe"))
_SUSPECTING: Final = frozenset(("or", "o", "ou", "real", "legit", "verdad", "vrai", "verdade"))
_AILING: Final = frozenset(
    """
    i im i'm me my am he she he's she's we they been of feel feeling felt getting got get makes make made home bed
    doctor flu throat stomach mom mum dad kid kids baby dog cat cousin sister brother people day leave worry tired cough
    hospital
    """.split()  # noqa: SIM905  # a word list reads best as words
)
_THINGS: Final = frozenset(
    """
    color colour colors colours shade design drop fit outfit look jacket hoodie dress shirt shoes sneakers boots bag
    palette prize giveaway collab merch video edit song beat track pic photo set board bike car phone setup print
    pattern collection version colorway colourway combo deal price packaging logo art artwork tattoo nails hair makeup
    """.split()  # noqa: SIM905  # likewise
)
_THRILLED: Final = frozenset(("omg", "🔥", "😍", "🤩", "bro", "dude", "wow", "!", "lol", "haha", "❤", "💯", "🤯", "🙌"))
_PRAISE: Final = frozenset(
    """
    great nice good lovely wonderful brilliant amazing awesome fantastic generous congrats congratulations bravo thanks
    thank wow love perfect impressive classy kind cool genial gracias enhorabuena obrigado obrigada parabens merci super
    """.split()  # noqa: SIM905  # likewise
)
_FAILED: Final = frozenset(
    """
    stealing stole stolen robbing lying scamming ignoring
    expired invalid ghosted cancelled canceled refused rigged fake scam million millions unanswered nobody caducado
    vencido expirou vencio expire perime
    """.split()  # noqa: SIM905  # likewise
)
_FAILED_PAIRS: Final = frozenset(
    (
        ("still", "waiting"),
        ("never", "arrived"),
        ("never", "came"),
        ("never", "received"),
        ("never", "showed"),
        ("never", "shipped"),
        ("never", "sent"),
        ("never", "arrives"),
        ("nunca", "llego"),
        ("nunca", "chegou"),
        ("jamais", "recu"),
        ("jamais", "arrive"),
        ("never", "works"),
        ("never", "worked"),
        ("code", "doesn't"),
        ("code", "doesnt"),
        ("code", "didn't"),
        ("code", "never"),
        ("code", "isn't"),
        ("sold", "out"),
        ("for", "nothing"),
        ("no", "reply"),
        ("no", "answer"),
        ("no", "response"),
        ("codigo", "no"),
        ("cupom", "nao"),
        ("code", "marche"),
        ("code", "fonctionne"),
    )
)
_NEVER_CAME: Final = frozenset(pair for pair in _FAILED_PAIRS if pair[0] in _NEVER and not pair[1].startswith("work"))
_OF_A_PAIR: Final = ("waiting", "code", "sold", "nothing", "reply", "answer", "response", "codigo", "cupom")
"""Of each pair a word that is rare enough to be looked for; "never" is one as well."""
_OF_AN_IDIOM: Final = (
    "kill", "worth", "flipa", "flipan", "vontade", "described", "esperaba", "esperava", "j'aime", "j'aimais", "vejo",
    *_SUPERLATIVE,
)  # fmt: skip
"""Likewise of each idiom."""

TRIGGERS: Final = (
    _NEVER
    | _FAILED
    | PHRASES.keys()
    | _SAME
    | frozenset(("mal", "bad", "brutal", "ate", "apart", "sick", *_LONG, *_SUSPECTED, *_OF_A_PAIR, *_OF_AN_IDIOM))
)
"""Words without which nothing here applies: only texts that have one are looked into."""


class Turn(NamedTuple):
    """What an idiom adds to the logits of a text, in thousandths."""

    text: str
    negative: int
    positive: int


def turns(norms: Sequence[str], valences: Mapping[str, float], positive: int) -> list[Turn]:
    """The idioms of a text.

    Args:
        norms: what its tokens are.
        valences: feeling of known words, in -1..1.
        positive: logit for praise of the text as the model sees it.
    """
    found: list[Turn] = []
    pairs = set(pairwise(norms))
    for place, norm in enumerate(norms):
        if norm in _NEVER and (turn := _never_so(norms, place, valences)):
            found.append(turn)
    words = set(norms)
    found += [
        Turn(" ".join(pair), -_PAIRS[pair], _PAIRS[pair])
        for pair in sorted(pairs & _PAIRS.keys())
        if (pair[1] != "ate" or words.isdisjoint(_MEALS)) and (pair[1] != "pas" or ("pas", "mal") not in pairs)
    ]
    for phrase, weight in phrase_turns(norms).items():
        size = round(weight * 1_000)
        found.append(Turn(phrase, *((-size // 2, size) if weight > 0 else (-size, size // 2))))
    if words & _SAME and words & _AGAIN and words & _WINNERS:
        found.append(Turn("the same again", 3_000, -1_500))
    if words & _LONG and (words & _WAITED or ("e", "nada") in pairs or ("y", "nada") in pairs):
        found.append(Turn("waited for long", 3_000, -1_000))
    if ("as", "described") in pairs:
        size = -3_000 if ("not", "as") in pairs or ("nothing", "as") in pairs else 2_000
        found.append(Turn("as described", -size, size))
    if ("nao", "vejo") in pairs and "hora" in words:
        found.append(Turn("não vejo a hora", -2_500, 3_000))
    if words & _SUPERLATIVE and words & {"no", "nao", "pas"} and pairs & {("ser", "mas"), ("ser", "mais")}:
        size = -2_500 if words & _DEAR else 3_500
        found.append(Turn("could not be more so", -size, size))
    if "?" in words and words & _SUSPECTED and (words & _SUSPECTING or norms[0] in _ASKED):
        found.append(Turn("asked, not said", -2_500, 0))
        return found
    if "sick" in words and words.isdisjoint(_AILING) and (words & _THINGS or words & _THRILLED):
        found.append(Turn("sick, of a thing", -3_500, 3_000))
    positive += sum(turn.positive for turn in found)
    if words & _PRAISE and (words & _FAILED or pairs & _FAILED_PAIRS):
        failed = sorted(words & _FAILED) or [" ".join(pair) for pair in sorted(pairs & _FAILED_PAIRS)]
        # Thanks for what never came are blame; of other failures it is not sure whose they are.
        blame = 2_500 if pairs & _NEVER_CAME else 800
        found.append(Turn(f"praise for what failed: {failed[0]}", blame, min(0, -500 - positive)))
    return found


def _never_so(norms: Sequence[str], place: int, valences: Mapping[str, float]) -> Turn | None:
    """Having never been so happy, or looked better, says more than being happy, not the opposite."""
    outdone = next((word for word in norms[place + 1 : place + 2 + _FEELING_WITHIN] if word in _OUTDONE), None)
    if outdone is not None:
        return Turn(f"{norms[place]} {outdone}", -_OUTDONE[outdone], _OUTDONE[outdone])
    after = norms[place + 2 : place + 3 + _FEELING_WITHIN]
    much = next((each for each in range(place + 1, min(len(norms), place + 5)) if norms[each] in _AS_MUCH_ELSEWHERE), 0)
    if much:
        after = norms[much : much + 1 + _FEELING_WITHIN]
    elif not after or norms[place + 1] not in _BEEN or after[0] not in _AS_MUCH:
        return None
    valence = next((valences[word] for word in after[1:] if abs(valences.get(word, 0.0)) > 0.1), 0.0)
    if not valence:
        return None
    size = 3_500 if valence > 0 else -3_500
    return Turn(" ".join((*norms[place : place + 2], after[0])), -size, size)
