"""What people write under a giveaway: repeated entries, praise, questions and complaints, in five languages."""

from random import Random

ENTRY_PHRASES: dict[str, tuple[str, ...]] = {
    "en": (
        "Done!", "Done ✅", "Entered!", "Me please 🙏", "Pick me!", "Good luck everyone 🍀", "I'm in!",
        "Fingers crossed 🤞",
        "Done and shared", "Liked, followed, tagged", "Count me in", "Love this giveaway ❤️", "So excited!!",
        "I never win anything but here goes", "Hope I win 😍", "Thank you for the chance", "All done",
        "Want want want",
    ),
    "es": (
        "Participo!", "Participando 🍀", "Listo ✅", "Yo quiero 🙏", "Suerte a todos", "Me encanta ❤️",
        "Ojalá gane 🤞",
        "Hecho!", "Gracias por la oportunidad", "Qué ilusión!", "Sorteo genial 😍",
    ),
    "pt": (
        "Participando!", "Eu quero 😍", "Feito ✅", "Boa sorte a todos 🍀", "Amei ❤️", "Quero muito 🙏",
        "Já sigo e curti",
        "Obrigada pela oportunidade", "Que sonho!",
    ),
    "fr": (
        "Je participe !", "Je participe 🍀", "C'est fait ✅", "Bonne chance à tous", "J'adore ❤️",
        "Je tente ma chance 🤞",
        "Merci pour ce concours", "Trop beau 😍",
    ),
    "de": (
        "Bin dabei!", "Ich bin dabei 🍀", "Erledigt ✅", "Viel Glück allen", "So schön ❤️",
        "Daumen sind gedrückt 🤞",
        "Danke für die Chance", "Würde mich sehr freuen 😍", "Mega Gewinnspiel",
    ),
}  # fmt: skip

OPENINGS: dict[str, tuple[str, ...]] = {
    "en": (
        "I love", "I really want", "Obsessed with", "Been dreaming of", "Finally", "This is", "Just bought",
        "Not sure about",
    ),
    "es": (
        "Me encanta", "Necesito", "Qué bonito", "Llevo meses esperando", "Acabo de comprar",
        "No sé qué pensar de",
    ),
    "pt": (
        "Eu amo", "Preciso de", "Que lindo", "Acabei de comprar", "Estou apaixonada por",
        "Não sei o que achar de",
    ),
    "fr": (
        "J'adore", "Il me faut", "Quelle merveille,", "Je viens d'acheter", "Je rêve de",
        "Je ne sais pas quoi penser de",
    ),
    "de": (
        "Ich liebe", "Ich brauche", "Wie schön,", "Gerade bestellt:", "Ich träume von",
        "Ich weiß nicht so recht:",
    ),
}  # fmt: skip

THINGS: dict[str, tuple[str, ...]] = {
    "en": (
        "the green one", "this serum", "the spring box", "that jacket", "the whole set", "the second colour",
        "your tutorial",
    ),
    "es": ("el verde", "este sérum", "la caja de primavera", "esa chaqueta", "todo el set", "tu tutorial"),
    "pt": ("o verde", "esse sérum", "a caixa de primavera", "essa jaqueta", "o kit inteiro", "seu tutorial"),
    "fr": ("le vert", "ce sérum", "la box de printemps", "cette veste", "tout le coffret", "ton tuto"),
    "de": ("das grüne", "dieses Serum", "die Frühlingsbox", "diese Jacke", "das ganze Set", "dein Tutorial"),
}  # fmt: skip

ENDINGS: dict[str, tuple[str, ...]] = {
    "en": (
        "so much", "for my sister", "for spring", "!!", "please", "honestly the best", "when does it end?",
        "amazing work",
    ),
    "es": ("muchísimo", "para mi hermana", "para la primavera", "!!", "por favor", "¿cuándo termina?", "de verdad"),
    "pt": ("demais", "para minha irmã", "para a primavera", "!!", "por favor", "quando acaba?", "de verdade"),
    "fr": ("tellement", "pour ma sœur", "pour le printemps", "!!", "s'il te plaît", "ça finit quand ?", "vraiment"),
    "de": ("so sehr", "für meine Schwester", "für den Frühling", "!!", "bitte", "wann ist Schluss?", "wirklich"),
}  # fmt: skip

COMPLAINTS: dict[str, tuple[str, ...]] = {
    "en": (
        "This is rigged", "This is so rigged, same people win every time", "Scam!!", "Worst giveaway ever",
        "My code does not work",
        "The discount code is broken, terrible", "Still no answer from support, awful service", "Fake. Unfollowed.",
        "I was charged twice, horrible", "Disappointed, the checkout is broken",
        "Disgusting, you only want our data",
    ),
    "es": (
        "Esto es una estafa", "Está amañado", "El código no funciona, fatal", "Qué vergüenza",
        "Muy decepcionada", "Mentira todo",
        "Me cobraron dos veces, horrible",
    ),
    "pt": (
        "Isso é golpe", "Tudo armado", "O código não funciona, péssimo", "Que vergonha", "Muito decepcionada",
        "Horrível",
    ),
    "fr": (
        "C'est truqué", "Arnaque !", "Le code ne marche pas, nul", "Quelle honte", "Très déçue",
        "Service horrible",
    ),
    "de": (
        "Das ist Betrug", "Alles Fake", "Der Code geht nicht, furchtbar", "Eine Schande", "Sehr enttäuscht",
        "Schrecklicher Service",
    ),
}  # fmt: skip

EMOJI = ("😍", "🔥", "❤️", "🙏", "🍀", "✨", "😭", "👏", "💚", "🎉", "😂", "🤞", "🥺", "💯", "👩‍🎤", "🇧🇷")
NAMES = (
    "anna", "leo", "marie", "joao", "lucia", "max", "emma", "noah", "sofia", "paul", "clara", "hugo", "mia",
    "tom", "ines", "ben",
    "lara", "david", "julia", "rafa", "nina", "oscar", "zoe", "felix", "carla", "jan", "elena", "luis", "amy",
    "marc",
)  # fmt: skip
LANGUAGES = tuple(ENTRY_PHRASES)


def handle_of(author: int) -> str:
    """Return the handle of the person with this number: always the same one."""
    return f"{NAMES[author % len(NAMES)]}_{author * 7919 % 9973}"


def entry_text(random: Random, language: str, repeated_ratio: float = 0.6) -> str:
    """Return one ordinary comment; ``repeated_ratio`` of them come word for word from a small stock."""
    chance = random.random()
    if chance < repeated_ratio:
        phrases = ENTRY_PHRASES[language]
        # A squared draw: a few phrases are far more common than the rest.
        return phrases[int(len(phrases) * random.random() ** 2)]
    kind = (chance - repeated_ratio) / (1 - repeated_ratio)
    if kind < 0.03:
        return complaint_text(random, language)
    if kind < 0.08:
        return EMOJI[int(random.random() * len(EMOJI))] * (1 + int(random.random() * 4))
    draw = random.random
    friends = " ".join(f"@{handle_of(int(draw() * 200_000))}" for _ in range(1 + int(draw() ** 2 * 4)))
    if kind < 0.45:
        return friends
    openings, things, endings = OPENINGS[language], THINGS[language], ENDINGS[language]
    opening = openings[int(draw() * len(openings))]
    thing = things[int(draw() * len(things))]
    text = f"{opening} {thing} {endings[int(draw() * len(endings))]}"
    if kind < 0.7:
        return f"{text} {EMOJI[int(draw() * len(EMOJI))]}"
    if kind < 0.9:
        return f"{text} {friends}"
    return f"{text}\n{friends} #{things[0].split()[-1]}giveaway"


def complaint_text(random: Random, language: str) -> str:
    """Return one unhappy comment."""
    complaints = COMPLAINTS[language]
    text = complaints[int(random.random() * len(complaints))]
    return f"{text} 😡" if random.random() < 0.3 else text
