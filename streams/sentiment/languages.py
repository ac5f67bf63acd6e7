"""In which language a comment is written: by its letters, and by the words that one language has and others have not.

Libraries for this want sentences: on comments of three words they guess. Our table knows the commonest words of the
languages that are read, of what people write under giveaways, and of the languages around them that are not read, so
that those are not taken for their neighbours. A look-up a word, once for each distinct text.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Container
from functools import cache
from typing import Final

from streams.sentiment.lexicons import LanguageFile, characters_of, elements_of, load_files, load_marks, plain, words_of

UNREAD: Final = 1e-300
"""The polarity of a text in a language that is not read. A number of its own, which no scorer gives otherwise: whoever
does not ask takes it for neutral, and counting tells it apart. Not a denormal: some libraries switch those off."""

MODEL: Final = frozenset(("en", "es", "pt", "fr"))
"""Languages that the ``social`` model learned."""
UNKNOWN: Final = "und"
"""Words, but of no language that is known here."""
NOTHING: Final = ""
"""Nothing that tells a language: emoji, names, numbers."""

_LIKELY: Final = 0.4
"""What a word counts for the model's languages that their model knows, and no list."""
_LEAST_UNKNOWN: Final = 3
_LEAST_BEGIN: Final = 3
_LONGEST_BEGIN: Final = 20
_LATIN_END: Final = "\u0370"

_LETTERS: Final = {
    letter: tuple((language, weight) for language in languages.split())
    for letters, languages, weight in (
        ("ß", "de", 1.0),
        ("þð", "is", 1.0),
        ("ä", "de sv fi et sk", 0.25),
        ("ö", "de sv fi hu tr", 0.2),
        ("å", "sv da no", 0.4),
        ("øæ", "da no", 0.6),
        ("ąęłńśźż", "pl", 0.6),
        ("ěřů", "cs", 1.0),
        ("ľĺŕ", "sk", 1.0),
        ("čšž", "cs sk hr lt lv", 0.2),
        ("đ", "hr vi", 0.4),
        ("ğı", "tr", 0.6),
        ("ş", "tr az", 0.4),
        ("ə", "az", 1.0),
        ("ățș", "ro", 0.6),
        ("őű", "hu", 1.0),
        ("āēīūģķļņ", "lv", 0.6),
        ("ėįųū", "lt", 0.6),
        ("ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹươ", "vi", 0.7),
    )
    for letter in letters
}
"""Letters that few languages have, with what each counts once."""

_SCRIPTS: Final = (
    ("japanese", "\u3040", "\u30ff"),
    ("han", "\u3400", "\u9fff"),
    ("hangul", "\u1100", "\u11ff"),
    ("hangul", "\u3130", "\u318f"),
    ("hangul", "\uac00", "\ud7af"),
    ("cyrillic", "\u0400", "\u052f"),
    ("arabic", "\u0600", "\u06ff"),
    ("arabic", "\u0750", "\u077f"),
    ("devanagari", "\u0900", "\u097f"),
)
_NEIGHBOURS: Final = {
    "cyrillic": (frozenset("іїєґўђћјљњџѓќәғқңөұүһ"), ("bg", "uk", "sr", "mk", "kk")),
    "arabic": (frozenset("پچژگکیےںٹڈ"), ()),
    "devanagari": (frozenset(), ("mr", "ne")),
    "han": (frozenset("的了吗呢吧這们們你妳他她嗎么麼谢謝欢歡"), ()),
}
"""By script: letters of other languages than the one that is read, and languages that are told by their words."""
_CLOSE: Final = frozenset(("ca", "gl", "ms", "sl", "no", "da"))
"""Languages of which most words are their neighbour's, too: a word that they alone have counts twice."""
_HARD_SIGN: Final = re.compile(r"ъ(?![еёюя])")
"""The hard sign where no Russian word has it, but every other Bulgarian one."""
_OF_SCRIPT: Final = {"cyrillic": "ru", "arabic": "ar", "devanagari": "hi", "japanese": "ja", "hangul": "ko"}
_DIGITS: Final = frozenset("0123456789")


class Languages:
    """The table. One is enough: ``the_languages`` gives it.

    Args:
        files: the languages that are read by lists.
        marks: words of the others.
    """

    def __init__(self, files: dict[str, LanguageFile], marks: dict[str, tuple[str, ...]]) -> None:
        self._files = files
        self._latin = [file for file in files.values() if not file.by_script]
        told: dict[str, set[str]] = {}
        for code, words in [*marks.items(), *((file.code, file.marks) for file in files.values())]:
            for word in words:
                pieces = elements_of(word)
                if len(pieces) == 1 and len(pieces[0]) > 1:
                    told.setdefault(pieces[0], set()).add(code)
        self._marks = {word for word, codes in told.items() if MODEL.isdisjoint(codes)}
        for file in self._latin:
            for word in file.own.whole:
                if not told.get(word, set()) & MODEL:
                    told.setdefault(word, set()).add(file.code)
        begins: dict[str, set[str]] = {}
        for file in self._latin:
            for begin in file.own.begins:
                if len(begin) >= _LEAST_BEGIN:
                    begins.setdefault(begin, set()).add(file.code)
        for word, codes in told.items():
            if codes <= _CLOSE:  # a beginning in a list makes it a word of that language as well
                codes.update(*(begins.get(word[:end], ()) for end in range(_LEAST_BEGIN, len(word) + 1)))
        self._told = {word: tuple(sorted(codes)) for word, codes in told.items()}
        self._begins = {begin: tuple(sorted(codes)) for begin, codes in begins.items()}

    def known(self) -> set[str]:
        """Words by which a language is told that the model did not learn."""
        return self._marks

    def is_told(self, word: str) -> bool:
        """Whether a plain word tells of some language, those of the model among them."""
        return word in self._told

    def is_foreign(self, raw: str, *, is_known: bool) -> bool:
        """Whether a token tells of another language than those of the model, which knows it or not."""
        if not raw.isascii():
            letters = unicodedata.normalize("NFKC", raw).lower()  # typographic letters (𝓁𝑜𝓋𝑒) are plain ones
            if any(char in _LETTERS or (char >= _LATIN_END and char.isalpha()) for char in letters):
                return True
        word = plain(raw)
        if is_known:
            return word in self._marks
        codes = self._codes(word)
        return bool(codes) and MODEL.isdisjoint(codes)

    def language_of(self, text: str, known: Container[str] = ()) -> str:
        """The language of a text: a code, ``UNKNOWN`` or ``NOTHING``.

        Args:
            text: The text; mentions, hashtags and addresses tell nothing.
            known: Words that the model knows.
        """
        pieces = [word for word in text.split() if word[0] not in "@#＠＃" and not word.startswith(("http", "www."))]
        bare = " ".join(pieces)
        if not bare.isascii():
            language = self._by_script(unicodedata.normalize("NFKC", bare).lower())
            if language is not None:
                return language
        return self._by_words(bare, known)

    def _by_script(self, text: str) -> str | None:
        """The language of a text that has as many letters of another script as Latin ones; None when it has not."""
        counts: dict[str, int] = {}
        latin = others = 0
        # Each letter once: the longest text of one script kept the event loop for long, letter by letter.
        for char, times in Counter(text).items():
            if char < _LATIN_END:
                latin += times * char.isalpha()
            elif char.isalpha():
                script = next((name for name, first, last in _SCRIPTS if first <= char <= last), "other")
                counts[script] = counts.get(script, 0) + times
                others += 2 * times
        if not others or others < latin:
            return None
        script = max(counts, key=lambda name: counts[name])
        if script == "han" and "japanese" in counts:
            script = "japanese"
        letters, languages = _NEIGHBOURS.get(script, (frozenset(), ()))
        if not letters.isdisjoint(text) or (script == "cyrillic" and _HARD_SIGN.search(text)):
            return UNKNOWN
        if script == "han":
            japanese = any(part in characters_of(text) for part in self._files["ja"].lexicon.strings if len(part) > 1)
            return "ja" if japanese else UNKNOWN
        words = set(words_of(text)) if languages else set()
        own = _OF_SCRIPT.get(script, UNKNOWN)
        for word in words:
            codes = self._told.get(word, ())
            if codes and own not in codes and any(code in languages for code in codes):
                return UNKNOWN
        return own

    def _by_words(self, text: str, known: Container[str]) -> str:
        evidence: dict[str, float] = {}
        for letter in set(text.lower()) if not text.isascii() else ():
            for code, weight in _LETTERS.get(letter, ()):
                evidence[code] = evidence.get(code, 0.0) + weight
        of_model = 0.0
        words = [word for word in words_of(text) if word and not _DIGITS.intersection(word)]
        unknown = 0
        is_told = False
        for word in words:
            codes = self._told.get(word, ())
            if not codes or (word in known and word not in self._marks and MODEL.isdisjoint(codes)):
                # What a list has of a word that the model knows, too, tells nothing: "unfair" is German as well.
                codes = () if word in known else self._codes(word)
            if not codes:
                if word in known:
                    of_model += _LIKELY
                else:
                    unknown += len(word) > 2
                continue
            foreign = [code for code in codes if code not in MODEL]
            if len(foreign) == len(codes):
                # Of a word that two neighbours have it is sure at least that it is none of the model's.
                is_told, share = True, min(1.0, 2.0 / len(foreign))
            else:
                share = 1.0 / (len(foreign) + 1)
                of_model += share
            if len(codes) == 1 and codes[0] in _CLOSE:
                share = 2.0
            for code in codes:
                evidence[code] = evidence.get(code, 0.0) + share
        others = [(weight, code in self._files, code) for code, weight in evidence.items() if code not in MODEL]
        most = max(others, default=(0.0, False, UNKNOWN))
        if most[0] > of_model or (most[0] == of_model > 0 and most[1] and is_told):
            return most[2]
        if of_model > 0:
            return max(MODEL, key=lambda code: (evidence.get(code, 0.0), code == "en"))
        return UNKNOWN if unknown >= _LEAST_UNKNOWN and unknown == len(words) else NOTHING

    def _codes(self, word: str) -> tuple[str, ...]:
        codes = self._told.get(word)
        if codes is None:
            begins = self._begins
            for end in range(min(len(word), _LONGEST_BEGIN), _LEAST_BEGIN - 1, -1):
                codes = begins.get(word[:end])
                if codes is not None:
                    return codes
        return codes or ()


@cache
def the_languages() -> Languages:
    """The table of the lists that ship with the package."""
    return Languages(load_files(), load_marks())
