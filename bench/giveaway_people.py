"""How the people and bots of the simulated giveaway are called and what they write. Shares no code with the product.

Words, names and sentences are drawn with heavy tails, as in real comment threads: a few texts are written by
thousands of people, most by one.
"""

from random import Random
from typing import Final

FIRST: Final = [
    "anna",
    "sophie",
    "lena",
    "marie",
    "julia",
    "laura",
    "sarah",
    "katja",
    "birgit",
    "heike",
    "sabine",
    "petra",
    "ines",
    "rita",
    "teresa",
    "catarina",
    "mariana",
    "joana",
    "sara",
    "bia",
    "leticia",
    "aline",
    "renata",
    "vanessa",
    "bianca",
    "tatiana",
    "claire",
    "lucie",
    "oceane",
    "justine",
    "elodie",
    "amandine",
    "lea",
    "emilie",
    "giorgia",
    "serena",
    "ilaria",
    "elena",
    "noemi",
    "chiara",
    "sofia",
    "carmen",
    "pilar",
    "nuria",
    "irene",
    "rocio",
    "marina",
    "lorena",
    "esther",
    "emily",
    "jess",
    "becky",
    "holly",
    "molly",
    "ellie",
    "megan",
    "chloe",
    "zoe",
    "grace",
    "ruby",
    "daisy",
    "hazel",
    "nora",
    "ivy",
    "june",
    "kate",
    "steph",
    "nicole",
    "ashley",
    "brittany",
    "kayla",
    "hailey",
    "madison",
    "aiko",
    "haruka",
    "sakura",
    "mai",
    "linh",
    "thao",
    "hye",
    "eun",
    "soo",
    "priya",
    "neha",
    "pooja",
    "kavya",
    "fatma",
    "esra",
    "merve",
    "busra",
    "layla",
    "huda",
    "salma",
    "nina",
    "tom",
    "ben",
    "max",
    "paul",
    "jan",
    "nils",
    "tim",
    "felix",
    "oskar",
    "emil",
    "karl",
    "hugo",
    "louis",
    "theo",
    "jules",
    "nathan",
    "enzo",
    "marco",
    "fabio",
    "dario",
    "pablo",
    "hector",
    "ruben",
    "ivan",
    "joel",
    "bruno",
    "tiago",
    "rui",
    "nuno",
    "caio",
    "igor",
    "vitor",
    "jake",
    "luke",
    "ryan",
    "kyle",
    "sean",
    "connor",
    "ethan",
    "mason",
    "logan",
    "owen",
    "noah",
    "liam",
    "kofi",
    "kwame",
    "tunde",
    "chidi",
    "raj",
    "amir",
    "yusuf",
    "emre",
]
_ONSETS: Final = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "fr",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "sch",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
]
_VOWELS: Final = ["a", "a", "e", "e", "i", "o", "u", "ei", "ia", "au", "oe"]
_CODAS: Final = [
    "n",
    "r",
    "l",
    "s",
    "t",
    "nn",
    "rt",
    "ck",
    "mann",
    "ner",
    "ski",
    "son",
    "ez",
    "es",
    "ini",
    "etti",
    "ov",
    "berg",
    "feld",
    "ard",
    "in",
]
_HANDLE_WORDS: Final = [
    "happy",
    "little",
    "sunny",
    "wild",
    "crafty",
    "cosy",
    "golden",
    "moon",
    "star",
    "ocean",
    "forest",
    "paper",
    "tea",
    "coffee",
    "plant",
    "book",
    "dog",
    "cat",
    "yoga",
    "run",
    "bake",
    "cook",
    "knit",
    "paint",
    "travel",
    "home",
    "mama",
    "papa",
    "daily",
    "real",
    "just",
    "its",
    "the",
    "mrs",
    "miss",
    "by",
    "loves",
    "life",
    "corner",
    "diary",
    "world",
    "days",
    "notes",
    "studio",
    "kitchen",
    "garden",
    "closet",
    "nook",
    "vibes",
    "club",
]

SHORT: Final = (
    "done", "done!", "in", "me", "me please", "entered", "good luck everyone", "yes", "love it", "pick me", "so cute",
    "listo", "participo", "suerte", "quero", "feito", "boa sorte", "bin dabei", "erledigt", "je participe", "fait",
    "wow", "amazing", "fingers crossed", "i'm in", "count me in", "yes please", "need this", "want this", "omg",
    "good luck", "thank you", "thanks for the chance", "hope i win", "this is so nice", "viel glück", "j'adore",
    "love love love", "followed and liked", "liked and shared", "all done", "done and done", "obsessed", "gorgeous",
)  # fmt: skip
_OPENERS: Final = (
    "i would love to win", "i really need", "obsessed with", "i have been dreaming of", "please let me win", "i love",
    "oh my god", "cannot get over", "my whole feed is", "finally", "would be so happy about", "this is", "look at",
    "never seen anything like", "still thinking about", "crossing everything for", "manifesting", "just saw", "wow",
    "i never win anything but", "third time trying for", "saving up for", "my heart needs", "we need", "hoping for",
    "been following you for years and", "you always have", "honestly", "not me crying over", "screaming at", "ok but",
    "imagine", "adding to my list", "it is my birthday and i want", "how cute is", "day made by", "in love with",
)  # fmt: skip
_ADJECTIVES: Final = (
    "the", "this", "that", "the green", "the big", "this gorgeous", "that little", "the spring", "the whole", "your",
    "the second", "this beautiful", "the new", "that blue", "the linen", "the ceramic", "this dreamy", "the limited",
    "the floral", "this tiny", "the cream", "that vintage", "the handmade", "the organic", "this amazing", "the pink",
)  # fmt: skip
_NOUNS: Final = (
    "set", "box", "serum", "jacket", "bag", "colour", "tutorial", "dress", "lamp", "candle", "mug", "vase", "planner",
    "blanket", "necklace", "palette", "cream", "cushion", "teapot", "print", "notebook", "bundle", "bouquet", "basket",
    "perfume", "scarf", "backpack", "kit", "collection", "collab", "giveaway", "prize", "table", "chair", "rug",
    "skillet", "mixer", "bike", "tent", "voucher", "trip", "weekend", "sweater", "boots", "ring", "bracelet", "mask",
)  # fmt: skip
_REASONS: Final = (
    "for my sister", "for my mum", "for our new flat", "for my best friend", "for the garden", "for mother's day",
    "because mine just broke", "after this awful week", "before the baby comes", "for our anniversary", "for spring",
    "for my desk", "since my dog ate the old one", "to match my kitchen", "for our honeymoon", "for my daughter",
    "because i deserve it", "for the holidays", "to surprise my husband", "for my classroom", "for grandma", "for uni",
    "when we finally move", "for summer evenings", "as i start my new job", "for my roommate", "for our little cabin",
    "now that it is warm", "for my balcony", "because it is so me", "for the nursery", "for my yoga corner",
)  # fmt: skip
_ENDERS: Final = (
    "", "", "", "", "please", "omg", "thank you so much", "you are the best", "good luck all", "wish me luck",
    "so excited", "love from portugal", "greetings from vienna", "best page ever", "never change", "it is perfect",
    "cannot wait", "so generous of you", "what a dream", "fingers crossed", "would mean the world", "you rock",
)  # fmt: skip
EMOJI: Final = ("❤️", "😍", "🙏", "🍀", "✨", "🥺", "🔥", "💚", "🎉", "🤞", "😭", "👏", "🌸", "🙌", "💕")
SYNONYMS: Final = (
    ("hi", "hey", "hello"), ("amazing", "fantastic", "incredible", "awesome"), ("giveaway", "contest", "raffle"),
    ("love", "adore", "enjoy"), ("always", "really", "truly"), ("friends", "besties", "mates"),
    ("win", "get", "receive"), ("beautiful", "lovely", "gorgeous", "stunning"), ("thanks", "thank you", "cheers"),
    ("so much", "a lot", "a bunch"), ("great", "super", "brilliant"), ("check", "see", "view"),
)  # fmt: skip
_FILLER: Final = (
    "for the opportunity to take part in such a", "page with the best content about", "products i have seen this year",
    "shared it with everybody from work and", "hope this time the prize comes to", "my family would be thrilled about",
    "following since the very first video of", "your community deserves every bit of", "quality speaks for itself and",
    "delivery to my country would be", "the brand behind it has become my", "greetings to the entire team around",
    "looking forward to the announcement of", "participating with joy and sending", "everything on this channel is",
)  # fmt: skip


def surname(random: Random) -> str:
    """Return a family name: one or two syllables and an ending."""
    syllables = "".join(random.choice(_ONSETS) + random.choice(_VOWELS) for _ in range(random.choice((1, 1, 2))))
    return syllables + random.choice(_CODAS)


def _digits(random: Random, count: int) -> str:
    return "".join(str(random.randrange(10)) for _ in range(count))


def human_handle(random: Random, family: str | None = None) -> str:
    """Return a handle as people choose them; one in forty is initials and digits that look random."""
    first, last = random.choice(FIRST), family or surname(random)
    separator = random.choice(("", "", "_", ".", "__", "_"))
    if family is not None:
        return f"{first}{separator}{last}{random.choice(('', '', _digits(random, 2)))}"
    kind = random.random()
    if kind < 0.3:
        return f"{first}{separator}{last}"
    if kind < 0.5:
        return f"{first}{separator}{last}{_digits(random, random.choice((1, 2, 2, 2, 3, 4)))}"
    if kind < 0.68:
        return f"{first}{separator}{_digits(random, random.choice((2, 2, 3, 4, 4, 6)))}"
    if kind < 0.85:
        words = random.sample(_HANDLE_WORDS, 2)
        return f"{words[0]}{separator}{words[1]}{random.choice(('', '', _digits(random, 2)))}"
    if kind < 0.91:
        return f"{random.choice(_HANDLE_WORDS)}{separator}{first}{first[-1] * random.randrange(3)}"
    if kind < 0.975:
        return f"{last[0]}{separator}{first}{separator}{last}"
    return "".join(random.choice("bcdfghjklmnpqrstvwxyz") for _ in range(random.randrange(3, 8))) + _digits(random, 2)


def random_handle(random: Random) -> str:
    """Return a handle as a script makes them: letters at random, some digits."""
    letters = "".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(random.randrange(7, 13)))
    return letters + _digits(random, random.choice((0, 2, 4)))


def batch_format(random: Random) -> str:
    """Return the way in which one batch of accounts was registered."""
    return random.choice(("first_last9999", "firstlast99999", "word.first99", "random", "first.9999999"))


def batch_handle(random: Random, form: str) -> str:
    """Return one handle of such a batch."""
    first, last = random.choice(FIRST), surname(random)
    match form:
        case "first_last9999":
            return f"{first}_{last}{_digits(random, 4)}"
        case "firstlast99999":
            return f"{first}{last}{_digits(random, 5)}"
        case "word.first99":
            return f"{random.choice(_HANDLE_WORDS)}.{first}{_digits(random, 2)}"
        case "first.9999999":
            return f"{first}.{_digits(random, 7)}"
        case _:
            return random_handle(random)


def heavy(random: Random, count: int) -> int:
    """Return 0 to ``count`` - 1, small numbers far more often."""
    return int(count * random.random() ** 2.2)


def sentence(random: Random) -> str:
    """Return something composed by a person: three to eighteen words."""
    text = f"{_OPENERS[heavy(random, len(_OPENERS))]} {_ADJECTIVES[heavy(random, len(_ADJECTIVES))]} "
    text += _NOUNS[heavy(random, len(_NOUNS))]
    if random.random() < 0.6:
        text += " " + _REASONS[heavy(random, len(_REASONS))]
    if random.random() < 0.15:
        text += f" and {_ADJECTIVES[heavy(random, len(_ADJECTIVES))]} {_NOUNS[heavy(random, len(_NOUNS))]}"
    return f"{text} {_ENDERS[heavy(random, len(_ENDERS))]}".strip()


def typed(random: Random, text: str) -> str:
    """Return a text as one person types it: capitals, punctuation, emoji."""
    if random.random() < 0.6:
        text = text[0].upper() + text[1:]
    elif random.random() < 0.05:
        text = text.upper()
    text += random.choice(("", "", "", "!", "!!", ".", "...", " !"))
    if random.random() < 0.5:
        text += " " + random.choice(EMOJI) * random.choice((1, 1, 1, 2, 3))
    return text


class Sayings:
    """Longer texts that circulate in the campaign: everybody types them in their own way."""

    def __init__(self, random: Random, count: int = 300) -> None:
        self._texts = [f"{sentence(random)} {sentence(random)}" for _ in range(count)]

    def pick(self, random: Random) -> str:
        """Return one, popular ones more often."""
        return self._texts[heavy(random, len(self._texts))]


def human_text(random: Random, sayings: Sayings, hashtag: str) -> str:
    """Return one ordinary comment without tags."""
    kind = random.random()
    if kind < 0.42:
        text = typed(random, SHORT[heavy(random, len(SHORT))])
    elif kind < 0.5:
        text = random.choice(EMOJI) * random.choice((1, 2, 3))
    elif kind < 0.56:
        text = typed(random, sayings.pick(random))
    else:
        text = typed(random, sentence(random))
    return f"{text} {hashtag}" if random.random() < 0.8 else text


class Template:
    """What a farm was told to write: one text, or one whose words are replaced by synonyms (``spun``).

    ``disguised``: each account types it as a person would.
    """

    def __init__(self, random: Random, *, spun: bool, disguised: bool = False) -> None:
        self._disguised = disguised
        fillers = random.sample(_FILLER, random.choice((2, 2, 3)))
        slots = random.sample(SYNONYMS, len(fillers) + 1)
        self._parts: list[tuple[str, ...]] = [slots[0]]
        for slot, filler in zip(slots[1:], fillers, strict=True):
            self._parts += [(filler,), slot]
        if not spun:
            self._parts = [(random.choice(part),) for part in self._parts]
        self._parts.append((random.choice(_NOUNS),))

    def write(self, random: Random) -> str:
        """Return the text as one account posts it."""
        text = " ".join(random.choice(part) for part in self._parts)
        if self._disguised:
            return typed(random, text)
        return f"{text} {random.choice(EMOJI)}" if random.random() < 0.4 else text
