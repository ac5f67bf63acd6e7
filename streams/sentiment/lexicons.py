"""Feeling words of the languages that are read by lists, and what they say of a text.

One file a language in ``data/languages``: words, beginnings of words (``schön*``) and phrases with a weight from -3 to
3, negators, and the words by which the language is told (``streams.sentiment.languages``). All ours, written by hand.
A phrase may have up to two other words between its own; what stands in a phrase counts there only. Languages without
blanks between words are read by the longest entries that stand in the text.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from typing import Final

from streams.sentiment.tokens import MAX_CHARACTERS, fold

MAX_WORDS: Final = 400
"""Words read of a text: several times the longest of comments, and a bound on the time of a score."""
MAX_LIST_CHARACTERS: Final = 2_000
"""Characters read of a text without blanks between words."""
AMOUNTS: Final = {1: 0.6, 2: 1.5, 3: 2.4}
"""What the weights of the files mean: one of 1 is not enough alone."""
NEGATION: Final = -0.7
"""What a negation makes of a weight."""
QUESTION: Final = 0.25
"""What is left of blame by a single word in a text that asks: "is it fake?"."""

_GAP: Final = 2
_REACH: Final = 3
"""Words over which a negator turns praise; blame only when it is the next word: "don't trust them, frauds"."""
_REACH_BACK: Final = 2
_LETTERS: Final = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "ى": "ي", "ة": "ه", "ـ": ""}
)
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_RUN: Final = re.compile(r"(.)\1{2,}", re.DOTALL)
_PIECE: Final = re.compile(
    r"https?://\S{1,300}|www\.\S{1,300}|@[\w.]{1,40}"
    r"|[\w\u0900-\u0963\u0970-\u097f]{1,60}(?:['’][\w]{1,40})?"
    r"|[.,!?;:…।؟،\n]{1,20}"
)
_PREFIXES: Final = ("وال", "بال", "فال", "كال", "ال", "لل", "و", "ف", "ب", "ل")
_TURKISH_NOT: Final = re.compile(r"[a-z]{3}m[aeiu](?:di|mis|z|yor|yecek|yacak|m)")
"""A verb in the negative, in plain letters: "yakışmamış", "sevmiyorum"; not "yakışmış"."""
_KOREAN_NOT: Final = re.compile(r"(?:^|\s)안 ?$")
_KOREAN_NOT_AFTER: Final = re.compile(r"^[가-힣]{0,2}지 ?(?:않|못)")
_LONGEST: Final = 20
"""Letters of the longest beginning of a word that is looked for; a list with a longer one is refused."""


def plain(text: str) -> str:
    """Lower case without accents, with the letters that have no accent to lose made plain too."""
    return text.lower() if text.isascii() else fold(text).translate(_LETTERS)


def words_of(text: str, code: str = "") -> list[str]:
    """Plain words of a text, with ``""`` for what ends a clause; mentions and addresses are left out.

    In German an umlaut stays one: "schon" is "already".
    """
    found: list[str] = []
    if code == "de":
        text = unicodedata.normalize("NFC", text[:MAX_CHARACTERS]).lower()
        text = _RUN.sub(r"\1", text).translate(_UMLAUTS)  # "süüüß" is "süß", and "ueueue" no run any more
    for piece in _PIECE.findall(_RUN.sub(r"\1", plain(text[:MAX_CHARACTERS]))):
        if piece[0] in ".,!?;:…।؟،\n":
            found.append("")
        elif piece[0] != "@" and not piece.startswith(("http", "www.")):
            found += [word for word in piece.replace("’", "'").split("_") if word]
        if len(found) >= MAX_WORDS:
            break
    return found


def characters_of(text: str) -> str:
    """A text without blanks between words as its lists know it."""
    return unicodedata.normalize("NFKC", text[:MAX_LIST_CHARACTERS]).lower()


@dataclass(frozen=True, slots=True)
class Hit:
    """What one entry says of a text: a weight, above 0 for praise."""

    text: str
    weight: float


@dataclass(slots=True)
class Table:
    """Entries that are whole words, and entries that are beginnings of words."""

    whole: dict[str, float] = field(default_factory=dict)
    begins: dict[str, float] = field(default_factory=dict)

    def add(self, entry: str, weight: float) -> None:
        """Take an entry; a star at its end makes it a beginning.

        Raises:
            ValueError: A beginning is too long to be found.
        """
        target = self.begins if entry.endswith("*") else self.whole
        if target is self.begins and len(entry) > _LONGEST + 1:
            raise ValueError(f"the beginning {entry!r} is longer than {_LONGEST} letters")
        target.setdefault(entry.rstrip("*"), weight)

    def find(self, word: str) -> float | None:
        """The weight of a word: its own, or that of the longest entry that it begins with."""
        weight = self.whole.get(word)
        if weight is None and self.begins:
            for end in range(min(len(word), _LONGEST), 1, -1):
                weight = self.begins.get(word[:end])
                if weight is not None:
                    return weight
        return weight


@dataclass(slots=True)
class Phrases:
    """Phrases by how they begin."""

    by_first: dict[str, list[tuple[tuple[str, ...], float]]] = field(default_factory=dict)

    def add(self, elements: tuple[str, ...], weight: float) -> None:
        """Take a phrase."""
        self.by_first.setdefault(elements[0], []).append((elements, weight))

    def starting(self, word: str) -> Iterator[tuple[tuple[str, ...], float]]:
        """The phrases that a word may begin."""
        yield from self.by_first.get(word, ())
        for end in range(min(len(word), _LONGEST), 1, -1):
            yield from self.by_first.get(word[:end] + "*", ())


class Lexicon:
    """The entries of one language.

    Args:
        code: the language.
        entries: entries by weight.
        negators: words that turn what follows.
        after: those that turn what stands before them, too.
        characters: whether entries are looked for in the characters instead of in words.
    """

    def __init__(
        self,
        code: str,
        entries: list[tuple[str, float]],
        negators: list[str],
        after: list[str],
        *,
        characters: bool = False,
    ) -> None:
        self.code = code
        self.by_characters = characters
        self.words, self.phrases = Table(), Phrases()
        self.negators, self.after = Table(), Table()
        self.strings: dict[str, float] = {}
        if characters:
            self.strings = {characters_of(entry): weight for entry, weight in entries}
        else:
            for entry, weight in entries:
                elements = tuple(elements_of(entry, code))
                if len(elements) == 1:
                    self.words.add(elements[0], weight)
                else:
                    self.phrases.add(elements, weight)
            for table, words in ((self.negators, negators), (self.after, after)):
                for word in words:
                    table.add(elements_of(word, code)[0], 0.0)
        self._longest = max(map(len, self.strings), default=0)

    def hits(self, text: str) -> list[Hit]:
        """What the entries say of a text, in the order in which they stand."""
        if self.by_characters:
            return list(self._string_hits(characters_of(text)))
        words = words_of(text, self.code)
        used = [False] * len(words)
        found = [(place, hit) for place, hit in self._phrase_hits(words, used)]
        asks = text.rstrip().endswith(("?", "؟")) and not found
        for place, word in enumerate(words):
            if not used[place] and word and (weight := self.weight_of(word)):
                if self._is_negated(words, used, place, _REACH if weight > 0 else 1):
                    weight *= NEGATION
                elif asks and weight < 0:
                    weight *= QUESTION
                found.append((place, Hit(word, weight)))
        return [hit for _, hit in sorted(found, key=lambda each: each[0])]

    def weight_of(self, word: str) -> float | None:
        """The weight of a plain word; None when it is not listed."""
        weight = self.words.find(word)
        if weight is not None and self.code == "tr" and word not in self.words.whole and _TURKISH_NOT.search(word):
            return weight * NEGATION if weight > 0 else weight
        if weight is None and self.code == "ar":
            for prefix in _PREFIXES:
                if word.startswith(prefix) and len(word) - len(prefix) >= 3:
                    weight = self.words.find(word[len(prefix) :])
                    if weight is not None:
                        return weight
        return weight

    def _phrase_hits(self, words: list[str], used: list[bool]) -> Iterator[tuple[int, Hit]]:
        for place, word in enumerate(words):
            if used[place] or not word:
                continue
            best: tuple[int, float, list[int]] = (0, 0.0, [])
            for elements, weight in self.phrases.starting(word):
                if (
                    len(elements) > best[0]
                    and (places := _places(elements, words, used, place))
                    and (weight <= 0 or not self._denies(words, places))
                ):
                    best = (len(elements), weight, places)
            if best[0]:
                for each in best[2]:
                    used[each] = True
                weight = best[1]
                if weight > 0 and self._is_negated(words, used, place, 1):
                    weight *= NEGATION
                if weight:
                    yield place, Hit(" ".join(words[each] for each in best[2]), weight)

    def _denies(self, words: list[str], places: list[int]) -> bool:
        """Whether a negator stands between the words of a phrase: "pasand nahi aaya" is no "pasand aaya"."""
        between = set(range(places[0], places[-1])).difference(places)
        return any(self.negators.find(words[place]) is not None for place in between)

    def _is_negated(self, words: list[str], used: list[bool], place: int, reach: int) -> bool:
        for before in range(place - 1, max(-1, place - 1 - reach), -1):
            if not words[before]:
                break
            if not used[before] and self.negators.find(words[before]) is not None:
                return True
        for behind in range(place + 1, min(len(words), place + 1 + min(reach, _REACH_BACK))):
            if not words[behind]:
                break
            if not used[behind] and self.after.find(words[behind]) is not None:
                return True
        return False

    def _string_hits(self, text: str) -> Iterator[Hit]:
        place, strings = 0, self.strings
        while place < len(text):
            for end in range(min(len(text), place + self._longest), place, -1):
                weight = strings.get(text[place:end])
                if weight is not None:
                    if weight > 0 and self.code == "ko" and _is_denied(text, place, end):
                        weight *= NEGATION
                    if weight:
                        yield Hit(text[place:end], weight)
                    place = end
                    break
            else:
                place += 1


def _is_denied(text: str, place: int, end: int) -> bool:
    """Whether a Korean entry is denied: "안 예뻐", "예쁘지 않"."""
    before, after = text[max(0, place - 3) : place], text[end : end + 5]
    return bool(_KOREAN_NOT.search(before) or _KOREAN_NOT_AFTER.match(after))


def _places(elements: tuple[str, ...], words: list[str], used: list[bool], first: int) -> list[int]:
    """Where the elements of a phrase stand that begins at a place; empty when they do not."""
    places = [first]
    for element in elements[1:]:
        start = places[-1] + 1
        for place in range(start, min(len(words), start + 1 + _GAP)):
            word = words[place]
            if not word or used[place]:
                return []
            if word == element or (element.endswith("*") and word.startswith(element[:-1])):
                places.append(place)
                break
        else:
            return []
    return places


def elements_of(entry: str, code: str = "") -> list[str]:
    """The plain words of an entry, each with its star."""
    elements: list[str] = []
    for word in entry.split():
        if word.isascii() and word.rstrip("*").isalpha():  # most are, and loading must not take long
            elements.append(word.lower())
            continue
        pieces = [piece for piece in words_of(word.rstrip("*"), code) if piece]
        if not pieces:
            raise ValueError(f"the entry {entry!r} has {word!r}, which is no word")
        if word.endswith("*"):
            pieces[-1] += "*"
        elements += pieces
    return elements


class LanguageFile:
    """One file: the language, the words by which it is told, and its entries.

    Args:
        fields: the lines of the file, by what stands before their colons.
        shared: entries of every language.
    """

    def __init__(self, fields: dict[str, list[str]], shared: list[tuple[str, float]]) -> None:
        [self.code] = fields["language"]
        self.by_script = "script" in fields
        self.marks: tuple[str, ...] = tuple(fields.get("marks", ()))
        self._fields = fields
        self._shared = shared

    @cached_property
    def lexicon(self) -> Lexicon:
        """Its entries and the shared ones; made when a text of the language is first read."""
        return Lexicon(
            self.code,
            [*_entries(self._fields), *self._shared],
            self._fields.get("not", []),
            self._fields.get("after", []),
            characters=self._fields.get("mode") == ["characters"],
        )

    @cached_property
    def own(self) -> Table:
        """Its own entries of one word, by which it is told as well."""
        table = Table()
        for entry, weight in _entries(self._fields):
            if " " not in entry and len(elements := elements_of(entry)) == 1:
                table.add(elements[0], weight)
        return table


@cache
def load_files() -> dict[str, LanguageFile]:
    """The languages that are read by lists, with ``everywhere``: what people of every language write."""
    folder = resources.files("streams.sentiment").joinpath("data", "languages")
    texts = [each.read_text("utf-8") for each in folder.iterdir() if each.name.endswith(".txt")]
    fields = [_fields(text) for text in texts]
    shared = next(_entries(each) for each in fields if each.get("language") == ["everywhere"])
    files = [LanguageFile(each, shared) for each in fields if each.get("language", ["everywhere"]) != ["everywhere"]]
    return {each.code: each for each in sorted(files, key=lambda file: file.code)}


@cache
def load_marks() -> dict[str, tuple[str, ...]]:
    """The words by which languages are told that have no list: those of the model, and those that are not read."""
    text = resources.files("streams.sentiment").joinpath("data", "languages", "others.txt").read_text("utf-8")
    return {code: tuple(words) for code, words in _fields(text).items()}


def _fields(text: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, values = line.partition(":")
            fields.setdefault(name, []).extend(value.strip() for value in values.split(",") if value.strip())
    return fields


def _entries(fields: dict[str, list[str]]) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for name, values in fields.items():
        if name.lstrip("+-").isdigit():
            size = int(name)
            weight = 0.0 if not size else AMOUNTS[abs(size)] * (1 if size > 0 else -1)
            found += [(value, weight) for value in values]
    return found
