"""Giveaway comments by construction: subjects crossed with what happened to them, labelled by what happened.

They teach the model that "my parcel never came" and "the gift card never arrived" are one complaint, which a few
hundred written comments cannot. Drawn with a seed; written by us.
"""

import random

from training.sentiment_data import CLASSES, LabelledTexts

Recipe = tuple[str, tuple[str, ...], tuple[str, ...]]

_GOODS = (
    "my prize", "the prize", "my package", "my order", "my parcel", "the gift card", "my gift", "my reward", "the box",
    "my voucher", "the bundle", "my item", "prize", "package", "order", "the product", "my delivery", "the merch",
)  # fmt: skip
_CODES = (
    "the code", "your code", "the promo code", "the discount code", "this code", "code", "the coupon", "my coupon",
    "the discount", "the voucher", "the link", "discount code", "the checkout",
)  # fmt: skip
_DRAWS = (
    "this giveaway", "the giveaway", "this draw", "the draw", "the raffle", "this contest", "the winner", "this page",
    "this whole thing", "your giveaway", "the live draw", "this account", "this brand", "giveaway", "the competition",
)  # fmt: skip
_PEOPLE = ("they", "you guys", "you", "support", "customer service", "the brand", "this company", "the team", "y'all")
_THINGS = (
    "this", "it", "the prize", "this brand", "this giveaway", "the colors", "the packaging", "this product",
    "the design", "this collab", "the new drop", "this one", "the quality", "the video",
)  # fmt: skip
_FRIENDS = ("@anna", "@tom.k", "@mia_lee", "@jo and @sam", "@leo @nina @pat", "@carla98", "@the_real_max", "@luz.m")

NEGATIVE: tuple[Recipe, ...] = (
    ("goods", _GOODS, (
        "never arrived", "never came", "hasn't arrived", "hasn't shipped yet", "still hasn't come", "didn't arrive",
        "arrived broken", "came damaged", "is missing parts", "got lost", "never shipped", "never showed up",
        "was the wrong size", "arrived late", "is stuck somewhere", "was stolen", "was empty", "is defective",
        "doesn't work", "stopped working", "was a fake", "was not what you promised", "looks cheap", "fell apart",
        "took forever", "is late again", "is nowhere to be found", "was cancelled", "still not here after 2 months",
    )),
    ("codes", _CODES, (
        "doesn't work", "does not work", "isn't working", "not working", "is invalid", "expired", "is expired already",
        "won't apply", "was rejected", "gives an error", "keeps failing", "never works", "didn't work for me",
        "is useless", "is broken", "was already used", "says not valid", "wont work", "is a lie",
    )),
    ("draws", _DRAWS, (
        "is rigged", "was rigged", "is fake", "is a scam", "is a fraud", "is a joke", "was staged", "is sketchy",
        "isn't real", "is not legit", "isn't fair", "is so unfair", "was fixed", "is suspicious", "is a lie",
        "is trash", "sucks", "is mid", "is so mid", "is a disgrace", "is a waste of time", "is shady", "was a disaster",
        "is the worst", "is disappointing", "was a letdown", "is embarrassing",
    )),
    ("people", _PEOPLE, (
        "never answered", "never reply", "ignore everyone", "don't answer", "ghosted me", "blocked me", "lied to us",
        "scammed me", "won't refund me", "don't care", "deleted my comment", "never sent anything", "keep lying",
        "only want followers", "took my money", "stole my data", "don't even respond", "never announce a winner",
    )),
    ("things", _THINGS, (
        "is ugly", "is so bad", "is terrible", "is boring", "is overpriced", "is not worth it", "is trash", "is mid",
        "sucks", "disappointed me", "isn't good", "is not good", "is cringe", "is awful", "flopped", "got worse",
    )),
)  # fmt: skip
POSITIVE: tuple[Recipe, ...] = (
    ("goods", _GOODS, (
        "arrived today", "came today and it's perfect", "arrived so fast", "arrived safely", "is here", "finally came",
        "is beautiful", "is amazing", "came early", "is even better in person", "arrived in perfect condition",
        "made my day", "looks so good", "was worth the wait", "is gorgeous", "came with a cute note", "is everything",
    )),
    ("codes", _CODES, (
        "works", "worked", "worked perfectly", "worked for me", "works great", "saved me so much", "still works",
        "worked first try", "is a lifesaver", "worked like a charm",
    )),
    ("draws", _DRAWS, (
        "is legit", "is real", "is amazing", "is so fair", "is the best", "is everything", "made my day",
        "is incredible", "is so generous", "is fire", "slaps", "is a dream", "is goated", "is not a scam",
        "isn't fake", "was so much fun", "deserves more followers", "is so exciting", "is insane in the best way",
    )),
    ("people", _PEOPLE, (
        "are the best", "are amazing", "answered right away", "are so kind", "are so generous", "never disappoint",
        "never miss", "always deliver", "sent it so fast", "helped me so quickly", "rock", "are legends", "ate",
        "treat us so well", "really care",
    )),
    ("things", _THINGS, (
        "is so pretty", "is gorgeous", "is perfect", "is amazing", "is so good", "is not bad at all",
        "is my favorite", "is stunning", "slaps", "is fire", "is everything", "is top tier", "is worth it",
        "never gets old", "is a dream", "hits different",
    )),
    ("friends", _FRIENDS, (
        "you need this", "we need this 😍", "good luck ❤️", "you would love this", "imagine if we won", "so cute right",
        "for your birthday 🎉", "this is perfect for you", "look how pretty", "let's win this 🤞",
    )),
)  # fmt: skip
NEUTRAL: tuple[Recipe, ...] = (
    ("goods", _GOODS, (
        "is on the way", "shipped yesterday", "arrives on Monday", "ships next week", "is in transit",
        "was sent on Tuesday", "comes in a box", "contains three items", "when does it ship?", "where is it from?",
    )),
    ("codes", _CODES, (
        "is in the bio", "is valid until Friday", "where do I enter it?", "ends tonight", "is for new customers",
        "where is it?", "how long is it valid?", "goes in at checkout", "is ANNA15", "what is it?",
    )),
    ("draws", _DRAWS, (
        "ends on Sunday", "is tomorrow", "starts at 8", "when is it?", "is open until Friday", "closes tonight",
        "is for US and Canada", "how does it work?", "will be announced tomorrow", "is it international?",
        "gets announced at noon", "has how many entries?",
    )),
    ("friends", _FRIENDS, (
        "", "", "done", "entered", "join", "did you see this", "check this out", "tagged", "giveaway", "look",
        "shared", "this one", "when does it end?",
    )),
)  # fmt: skip
_ENDINGS = {
    "negative": ("", "", "", "", "!!", "...", " 😡", " 🙄", " smh", " lol", " 🤡", " ??", " 😭", " tbh", " 👎", " 💀"),
    "neutral": ("", "", "", "", "", ".", " ✅"),
    "positive": (
        "",
        "",
        "",
        "",
        "!!",
        "!",
        " 😍",
        " ❤️",
        " 🔥",
        " 😭❤️",
        " 🙏",
        " thank you",
        " 🎉",
        " lol",
        " fr",
        " 😊",
    ),
}


def construct_comments(count: int, seed: int) -> LabelledTexts:
    """``count`` distinct constructed comments, a third of each class, the same for the same seed."""
    draw = random.Random(seed)
    texts: dict[str, int] = {}
    for label, recipes in zip(CLASSES, (NEGATIVE, NEUTRAL, POSITIVE), strict=True):
        made: set[str] = set()
        while len(made) < count // 3:
            _, subjects, outcomes = draw.choice(recipes)
            text = f"{draw.choice(subjects)} {draw.choice(outcomes)}".strip() + draw.choice(_ENDINGS[label])
            text = draw.choice((text, text, text.capitalize(), text.upper()))
            if text not in texts:
                made.add(text)
                texts[text] = CLASSES.index(label)
    return LabelledTexts("constructed", list(texts), list(texts.values()), [])
