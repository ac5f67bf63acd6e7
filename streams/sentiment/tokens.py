"""From a text to normalised tokens: the part of sentiment scoring that training and scoring share.

A text is cut by one regular expression without nested repetition, so the time is linear in its length. A raw token is
then analysed once and remembered by the caller: case, accents, elongation, fancy letters, hashtag words and emoji
sequences are resolved here and never again for the same token.
"""

import html
import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass

MAX_CHARACTERS = 10_000
"""What is read of a text: several times the longest comment of any platform, and a bound on the time of a score."""

MAX_TOKENS = 2_000
"""Tokens counted at most: keeps the packed sums of ``streams.sentiment.social`` inside their fields."""

_EMOJI = (
    "\U0001f000-\U0001faff"  # pictographs, faces, flags, skin tones
    "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"  # arrows, technical, shapes, dingbats
    "\u203c\u2049\u2122\u2139\u3030\u303d\u3297\u3299"
)
_JOINERS = "\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f"  # ZWJ, variation selectors, keycap, flag tags

TOKEN = re.compile(
    r"(?:https?://|www\.)\S{1,300}"
    # A word, hashtag or mention. Combining accents belong to it, so that decomposed text stays in one piece.
    "|[@#]?\\w[\\w'’\u0300-\u036f]{0,39}"
    r"|[!?]{1,20}"
    r"|[,.;…]{1,20}"
    f"|[{_EMOJI}][{_EMOJI}{_JOINERS}]{{0,63}}"
    r"|\*{2,20}"
    r"|[<>]?[:;=]['’]?[-^o]?[)(\[\]DdPp/\\|*oO@$}{]{1,9}"
    r"|</?3{1,9}|[(\[]['’]?[-^]?[:;=]|\^[_.-]{0,3}\^|-[_.]{1,3}-"
)
"""Every repetition is over one character class and bounded: no input makes it backtrack."""

URL, MENTION, NUMBER, HASHTAG, CLAUSE = "URL", "@", "0", "#", ","
CENSORED = "**"
BEGIN, END = "^", "$"
"""Norms that are no words; ``BEGIN`` and ``END`` frame a text in word pairs."""

_EMOTICONS = {
    "smile": ":) :-) =) (: (-: ;) ;-) :D :-D =D :d ;D :)) :P :p :-P ;P :* :-* ;* =P :] =] ^_^ ^^ ^.^ ^-^ (; [: =]",
    "frown": ":( :-( =( ): :'( :’( :[ =[ :(( :c :-[ >:( ;(",
    "skeptic": ":/ :-/ :\\ :-\\ =/ =\\ :| :-| =| -_- -.- -__- :S >:/ :@ :$",
    "astonished": ":o :O :-o :-O =o =O",
    "love": "<3",
    "heartbreak": "</3",
}
_EMOTICON_NORMS = {face: f":{meaning}:" for meaning, faces in _EMOTICONS.items() for face in faces.split()}

_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_RUN = re.compile(r"(.)\1{2,}", re.DOTALL)
_STRETCH = re.compile(r"([aeiouy])\1+|(.)\2+$", re.DOTALL)
_DIGITS = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_LAUGHS = {
    frozenset(letters): norm
    for letters, norm in (
        ("ha", "haha"),
        ("he", "haha"),
        ("hi", "haha"),
        ("ja", "haha"),
        ("k", "kk"),
        ("rs", "haha"),
        ("lo", "lol"),
    )
}
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W0-9_A-Za-z]+")
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_IGNORED_IN_EMOJI = {0xFE0E, 0xFE0F, 0x20E3, *_SKIN_TONES, *range(0xE0020, 0xE0080)}
_ZWJ = 0x200D
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_SHORT_WORDS = frozenset(
    [
        "a",
        "i",
        "so",
        "is",
        "it",
        "in",
        "my",
        "me",
        "of",
        "on",
        "to",
        "we",
        "no",
        "be",
        "up",
        "go",
        "do",
        "us",
        "at",
        "by",
        "or",
        "he",
        "am",
        "an",
    ]
)


@dataclass(frozen=True, slots=True)
class Token:
    """What one raw token means.

    Attributes:
        norm: How pairs and scopes know it; one word, or one of the constants above.
        parts: Known or unknown words whose weights it carries, with how much of each: a hashtag has several, a run of
            emoji one for each distinct emoji.
        shouted: Written in capitals, two letters or more.
        stretched: Letters were repeated ("soooo").
    """

    norm: str
    parts: tuple[tuple[str, float], ...]
    shouted: bool = False
    stretched: bool = False


def tokenize(text: str) -> list[str]:
    r"""Raw tokens of the first ``MAX_CHARACTERS`` characters, ``MAX_TOKENS`` at most, in their order.

    Escapes of HTML (YouTube delivers ``don&#39;t``) and of doubly encoded JSON (``\u2019``) are undone first.
    """
    text = text[:MAX_CHARACTERS]
    if "&" in text:
        text = html.unescape(text)
    if "\\u" in text:
        text = _JSON_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
        # Two escapes may be the halves of one emoji.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    tokens = TOKEN.findall(text)
    del tokens[MAX_TOKENS:]
    return tokens


def is_plain(text: str) -> bool:
    """Whether ``TOKEN.findall`` alone gives what ``tokenize`` gives: short and free of escapes."""
    return len(text) <= MAX_TOKENS and "&" not in text and "\\" not in text


def fold(word: str) -> str:
    """Lower case without accents and typographic variants: ``GANÉ`` and ``𝓰𝓪𝓷𝓮`` become ``gane``."""
    word = word.lower()
    if not word.isascii():
        decomposed = unicodedata.normalize("NFKD", word.replace("’", "'"))
        word = "".join(c for c in decomposed if not unicodedata.combining(c)).lower()
    return word


def analyse(raw: str, known: Container[str]) -> Token:
    """The meaning of a raw token, given the words that the model knows."""
    first = raw[0]
    if first == "@" or (first == "_" and len(raw) > 1):  # Some archives keep only the rest of "@name_rest".
        return Token(MENTION, ((MENTION, 1.0),))
    if first == "#" and len(raw) > 1:
        return _hashtag(raw[1:], known)
    if first.isalnum() or first in "_#":
        return _word(raw, known)
    if first in "!?":
        norm = "!" if "?" not in raw else "?" if "!" not in raw else "?!"
        return Token(norm, ((norm if len(raw) == 1 else norm + norm, 1.0),))
    if first in ",.;…":
        norm = CLAUSE if len(raw) == 1 and first != "…" else "..."
        return Token(norm, ((norm, 1.0),))
    if first == "*":
        return Token(CENSORED, ((CENSORED, 1.0),))
    emoticon = _EMOTICON_NORMS.get(raw) or _EMOTICON_NORMS.get(raw[:2]) or _EMOTICON_NORMS.get(raw[:3])
    if emoticon is not None:
        return Token(emoticon, ((emoticon, 1.0),))
    if ord(first) > 0x2000:
        return _emoji_run(raw, known)
    return Token(CLAUSE, ())


def normalise(word: str, known: Container[str]) -> tuple[str, bool]:
    """The known spelling of a word and whether letters had to be taken out of it."""
    word = fold(word).strip("'_")
    if word in known:
        return word, False
    if len(word) > 3 and (laugh := _LAUGHS.get(frozenset(word))) is not None:
        return laugh, False
    if any("0" <= c <= "9" for c in word):
        return _DIGITS.sub(NUMBER, word), False
    stretched = False
    if _RUN.search(word):
        twice = _RUN.sub(r"\1\1", word)
        once = _RUN.sub(r"\1", word)
        stretched = True
        word = twice if twice in known or once not in known else once
    if word not in known:
        unstretched = unstretch(word)
        if unstretched in known:
            return unstretched, True
        if word.endswith("'s"):
            word = word[:-2]
    return word, stretched


def unstretch(word: str) -> str:
    """A folded word without doubled vowels and doubled last letters: ``loove`` becomes ``love``, ``omgg`` ``omg``."""
    return _STRETCH.sub(lambda run: run[0][0], word)


def _word(raw: str, known: Container[str]) -> Token:
    if raw.startswith(("http://", "https://", "www.")):
        return Token(URL, ((URL, 1.0),))
    norm, stretched = normalise(raw, known)
    if norm in ("http", "https"):  # What a cut or masked address leaves.
        return Token(URL, ((URL, 1.0),))
    if not norm:
        return Token(CLAUSE, ())
    return Token(norm, ((norm, 1.0),), shouted=len(raw) > 1 and raw.isupper(), stretched=stretched)


def _hashtag(body: str, known: Container[str]) -> Token:
    """A hashtag carries the words inside: split at humps and underscores, else at the words that are known."""
    words: list[str] = []
    for hump in _HUMP.findall(body):
        norm, _ = normalise(hump, known)
        words.extend([norm] if norm in known or len(norm) < 5 else split_words(norm, known))
    return Token(HASHTAG, ((HASHTAG, 1.0), *((word, 1.0) for word in words if word)))


def split_words(text: str, known: Container[str]) -> list[str]:
    """Cuts ``worstgiveawayever`` into known words; long words are preferred, unknown stretches stay whole."""
    # best[i]: (score of the best cut of text[:i], start of its last piece). A known word earns its length squared.
    best: list[tuple[int, int]] = [(0, 0)]
    for end in range(1, len(text) + 1):
        choices = [(best[end - 1][0], end - 1)]
        for start in range(max(0, end - 16), end):
            piece = text[start:end]
            if (len(piece) > 2 and piece in known) or piece in _SHORT_WORDS:
                choices.append((best[start][0] + len(piece) ** 2, start))
        best.append(max(choices))
    pieces: list[str] = []
    end = len(text)
    unknown = ""
    while end > 0:
        start = best[end][1]
        piece = text[start:end]
        if len(piece) == 1 and piece not in _SHORT_WORDS:
            unknown = piece + unknown
        else:
            pieces.extend([unknown, piece] if unknown else [piece])
            unknown = ""
        end = start
    if unknown:
        pieces.append(unknown)
    pieces.reverse()
    return pieces


def emoji_sequences(run: str) -> list[str]:
    """The emoji of a run without skin tones and variation selectors; ZWJ sequences and flags stay whole."""
    sequences: list[str] = []
    joined = False
    for char in run:
        code = ord(char)
        if code in _IGNORED_IN_EMOJI:
            continue
        if code == _ZWJ:
            joined = bool(sequences)
        elif joined:
            sequences[-1] += "\u200d" + char
            joined = False
        elif code in _FLAG_LETTERS and sequences and len(sequences[-1]) == 1 and ord(sequences[-1]) in _FLAG_LETTERS:
            sequences[-1] += char
        else:
            sequences.append(char)
    return sequences


def _emoji_run(raw: str, known: Container[str]) -> Token:
    """Each distinct emoji once, a little more for repetition: ten hearts are one feeling, not ten."""
    counts: dict[str, int] = {}
    for sequence in emoji_sequences(raw):
        emoji = sequence
        if emoji not in known and "\u200d" in emoji:
            emoji = emoji.split("\u200d")[0]  # An unknown family or profession reads as its first member.
        counts[emoji] = counts.get(emoji, 0) + 1
    parts = tuple((emoji, min(1.0 + 0.25 * (n - 1), 2.0) / len(counts) ** 0.5) for emoji, n in counts.items())
    norm = next(iter(counts), CLAUSE)
    return Token(norm, parts)
