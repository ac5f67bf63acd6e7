"""A made-up giveaway with planted bots whose truth is known. ``docs/giveaway.md`` says how each kind is made.

Seeded: the same seed and size give the same comments on every machine. Shares no code with the detection.
"""

import math
from dataclasses import dataclass, field
from random import Random
from typing import Final

from bench.giveaway_people import (
    SHORT,
    Sayings,
    Template,
    batch_format,
    batch_handle,
    human_handle,
    human_text,
    random_handle,
    surname,
    typed,
)
from models.times import HOUR_MS

START_MS: Final = 1_750_000_000_000
HOURS: Final = 6
SPAN_MS: Final = HOURS * HOUR_MS
HASHTAG: Final = "#springbox"
BOT_SHARE: Final = 0.08
BOTS: Final = {"burst": 0.14, "copied text": 0.34, "ring": 0.2, "hoarder": 0.004, "flood": 0.316}
"""Kinds of bots and their shares of all bots."""
HUMANS: Final = {"household": 0.08, "enthusiastic friend": 0.008, "club": 0.012}
"""Kinds of people and their shares of all people; the rest is ordinary."""
SURGES: Final = 9


@dataclass
class Giveaway:
    """Comments as (time, person, text), unsorted; handles and kinds by person number."""

    comments: list[tuple[int, int, str]] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    manners: list[str] = field(default_factory=list)
    """What sets some bots of a kind apart: the harder ones."""

    def is_bot(self, person: int) -> bool:
        """Tell whether a person was planted."""
        return self.kinds[person] in BOTS


class _Maker:
    def __init__(self, seed: int, comments: int) -> None:
        self.random = Random(seed)
        self.size = comments
        self.made = Giveaway()
        self.taken: set[str] = set()
        self.sayings = Sayings(self.random)
        self.outside = [self.fresh(human_handle(self.random)) for _ in range(max(500, comments // 3))]
        """Handles of people who get tagged and do not take part."""
        self.surges = sorted(self.random.uniform(0.02, 0.97) * SPAN_MS for _ in range(SURGES))
        self.keyword_surges = set(self.random.sample(range(SURGES), 2))

    def fresh(self, handle: str) -> str:
        while handle in self.taken:
            handle += str(self.random.randrange(10))
        self.taken.add(handle)
        return handle

    def person(self, kind: str, handle: str, manner: str = "") -> int:
        self.made.handles.append(self.fresh(handle))
        self.made.kinds.append(kind)
        self.made.manners.append(manner)
        return len(self.made.handles) - 1

    def say(self, at_ms: float, person: int, text: str) -> None:
        """Record a comment; what would come after the end is never written, save a person's first."""
        if at_ms < SPAN_MS or not self.made.comments or self.made.comments[-1][1] != person:
            self.made.comments.append((START_MS + int(min(max(at_ms, 0), SPAN_MS - 1)), person, text))

    def moment(self) -> tuple[float, int | None]:
        """Return when somebody comments: any time, more in the evening, or right after a go-live."""
        random = self.random
        if random.random() < 0.3:
            surge = random.randrange(SURGES)
            return self.surges[surge] + random.expovariate(1 / 40_000), surge
        return SPAN_MS * (1 - abs(random.random() - random.random())) * random.uniform(0.6, 1), None

    def tags(self, count: int, friends: list[str]) -> str:
        """Return mentions: of own friends, or of anybody outside."""
        random = self.random
        chosen = {
            random.choice(friends) if friends and random.random() < 0.5 else random.choice(self.outside)
            for _ in range(count)
        }
        return " ".join("@" + handle for handle in sorted(chosen))

    def text(self, surge: int | None) -> str:
        if surge is not None and surge in self.keyword_surges and self.random.random() < 0.6:
            return typed(self.random, "lemon")  # the streamer said: comment "lemon" now
        return human_text(self.random, self.sayings, HASHTAG)

    # ------------------------------------------------------------------ people

    def ordinary(self, count: int, comments: int) -> None:
        """Circles of friends of whom some enter; most people comment once or twice."""
        random, first = self.random, len(self.made.handles)
        for _ in range(count):
            self.person("ordinary", human_handle(random))
        everyone = self.made.handles
        own: dict[int, list[str]] = {}
        for number in range(comments):
            # Everybody once, then some again.
            person = first + (number if number < count else int(count * random.random() ** 1.7))
            at_ms, surge = self.moment()
            if person not in own:
                circle = first + (person - first) // 7 * 7
                near = [everyone[each] for each in range(circle, min(circle + 7, first + count)) if each != person]
                own[person] = random.sample(near, min(len(near), random.choice((0, 0, 1, 1, 2)))) + [
                    random.choice(self.outside) for _ in range(3)
                ]
            tags = self.tags(random.choice((0, 1, 1, 2, 2, 3)), own[person])
            self.say(at_ms, person, f"{self.text(surge)} {tags}".strip())

    def households(self, count: int) -> None:
        """Two to six people of one name who tag each other, often within minutes, sometimes with the same words."""
        random, made = self.random, 0
        while made < count:
            family, size = surname(random), random.choice((2, 2, 3, 3, 4, 5, 6))
            members = [self.person("household", human_handle(random, family)) for _ in range(size)]
            made += size
            begin, surge = self.moment()
            shared = self.text(surge) if random.random() < 0.25 else None
            for member in members:
                others = [self.made.handles[each] for each in members if each != member]
                for _ in range(random.choice((1, 1, 2, 3))):
                    tags = " ".join("@" + name for name in random.sample(others, random.randint(1, len(others))))
                    text = shared or human_text(random, self.sayings, HASHTAG)
                    self.say(begin + random.expovariate(1 / 200_000), member, f"{text} {tags}")

    def enthusiasts(self, count: int) -> None:
        """Eager people: 12 to 110 comments in a few sittings, each with other friends, some with their own set text."""
        random = self.random
        for _ in range(count):
            person = self.person("enthusiastic friend", human_handle(random))
            friends = random.sample(self.outside, random.randint(10, 80))
            own_text = human_text(random, self.sayings, HASHTAG) if random.random() < 0.5 else None
            at_ms, left = self.moment()[0], int(12 + 98 * random.random() ** 3)
            while left:
                for _ in range(min(left, random.randint(3, 20))):
                    text = own_text or human_text(random, self.sayings, HASHTAG)
                    tags = " ".join("@" + name for name in random.sample(friends, random.choice((1, 1, 2, 3))))
                    self.say(at_ms, person, f"{text} {tags}")
                    at_ms += max(4_500, random.lognormvariate(math.log(14_000), 0.6))
                    left -= 1
                at_ms = (at_ms + random.expovariate(1 / 2_400_000)) % SPAN_MS

    def clubs(self, count: int) -> None:
        """Teams and classes of 8 to 20 who tag one another and others; a third enter together, handles alike."""
        random, made = self.random, 0
        while made < count:
            size, token = random.randint(8, 20), surname(random)
            alike = random.random() < 0.4
            members = [
                self.person("club", f"{token}_{human_handle(random)}" if alike else human_handle(random))
                for _ in range(size)
            ]
            made += size
            together = self.moment()[0] if random.random() < 0.33 else None
            for member in members:
                others = [self.made.handles[each] for each in members if each != member]
                for _ in range(random.choice((1, 1, 2, 3))):
                    at_ms = self.moment()[0] if together is None else together + random.expovariate(1 / 90_000)
                    inside = random.sample(others, random.choice((0, 1, 2, 2, 3)))
                    outside = [random.choice(self.outside) for _ in range(random.choice((0, 1, 1, 2)))]
                    tags = " ".join("@" + name for name in inside + outside)
                    self.say(at_ms, member, f"{human_text(random, self.sayings, HASHTAG)} {tags}".strip())

    # -------------------------------------------------------------------- bots

    def cover(self) -> str:
        """Return the text of a bot that wants to look ordinary."""
        return human_text(self.random, self.sayings, HASHTAG)

    def strangers(self, count: int) -> str:
        return self.tags(count, [])

    def bot_handle(self, random_share: float) -> str:
        if self.random.random() < random_share:
            return random_handle(self.random)
        return human_handle(self.random)

    def burst_bots(self, count: int) -> None:
        """One account, 18 to 60 comments: as fast as it goes, by a timer, or (a sixth) with human-like pauses."""
        random = self.random
        for _ in range(count):
            manner = random.random()
            name = "fast" if manner < 0.55 else "by a timer" if manner < 0.83 else "human-like pauses"
            person = self.person("burst", self.bot_handle(0.3), name)
            at_ms = min(self.moment()[0], SPAN_MS - 1_200_000)
            period = random.uniform(8_000, 45_000)
            for _ in range(random.randint(18, 60)):
                self.say(at_ms, person, f"{self.cover()} {self.strangers(random.choice((1, 2)))}")
                if manner < 0.55:
                    at_ms += random.uniform(900, 4_000)
                    if random.random() < 0.05:
                        at_ms += random.uniform(60_000, 900_000)  # the platform slowed it down
                elif manner < 0.83:
                    at_ms += period * random.gauss(1, 0.03)
                else:
                    at_ms += max(2_500, random.lognormvariate(math.log(7_000), 0.5))

    def copiers(self, count: int) -> None:
        """Farms of 12 to 400 accounts that drip one to three texts; half spin words.

        One farm in ten types as people do, one in twelve writes what people write ("done").
        """
        random, made = self.random, 0
        while made < count:
            size = min(count - made, int(12 * (400 / 12) ** random.random()))
            made += size
            spun, harmless, named_at_random = random.random() < 0.5, random.random() < 1 / 12, random.random() < 0.4
            disguised = random.random() < 1 / 10
            templates = [Template(random, spun=spun, disguised=disguised) for _ in range(random.randint(1, 3))]
            manner = (
                "what people write" if harmless else "typed as people do" if disguised else "spun" if spun else "equal"
            )
            for _ in range(size):
                person = self.person("copied text", self.bot_handle(0.9 if named_at_random else 0.05), manner)
                for _ in range(random.choice((1, 1, 1, 2, 2, 3))):
                    text = typed(random, random.choice(SHORT)) if harmless else random.choice(templates).write(random)
                    self.say(self.moment()[0], person, f"{text} {HASHTAG} {self.strangers(random.choice((1, 2, 2)))}")
                if random.random() < 0.2:
                    self.say(self.moment()[0], person, f"{self.cover()} {self.strangers(1)}")

    def ring_bots(self, count: int) -> None:
        """Rings of 10 to 60 that fill the required tags with each other; one ring in eight tags many strangers too."""
        random, made = self.random, 0
        while made < count:
            size = max(10, min(count - made, random.randint(10, 60)))
            made += size
            stranger_share = 0.45 if random.random() < 1 / 8 else 0.1
            named_at_random = random.random() < 0.25
            manner = "closed" if stranger_share < 0.4 else "tags strangers too"
            members = [
                self.person("ring", self.bot_handle(0.8 if named_at_random else 0.05), manner) for _ in range(size)
            ]
            for member in members:
                for _ in range(random.choice((1, 2, 2, 3, 4, 5))):
                    others = random.sample(members, min(size, random.choice((2, 3, 3, 4))))
                    tags = [
                        random.choice(self.outside) if random.random() < stranger_share else self.made.handles[each]
                        for each in others
                        if each != member
                    ]
                    text = " ".join("@" + name for name in tags)
                    self.say(self.moment()[0], member, f"{self.cover()} {text}".strip())

    def hoarders(self, count: int) -> None:
        """One account with 250 to 1,500 comments at a speed that a person could type, hour after hour."""
        random = self.random
        for _ in range(count):
            person = self.person("hoarder", self.bot_handle(0.1))
            at_ms = random.uniform(0, 0.25) * SPAN_MS
            for _ in range(random.randint(250, 1_500)):
                self.say(at_ms % SPAN_MS, person, f"{self.cover()} {self.strangers(random.choice((1, 2, 3)))}")
                at_ms += max(5_000, random.lognormvariate(math.log(13_000), 0.5))

    def flood_bots(self, count: int) -> None:
        """Batches of 15 to 120 accounts registered in one way that enter within 3 to 40 s, a fifth within 3 minutes."""
        random, made = self.random, 0
        while made < count:
            size = min(count - made, random.randint(15, 120))
            made += size
            form, begin = batch_format(random), self.moment()[0]
            slow = random.random() < 0.2
            within = random.uniform(120_000, 180_000) if slow else random.uniform(3_000, 40_000)
            template = Template(random, spun=True) if random.random() < 0.5 else None
            for _ in range(size):
                person = self.person("flood", batch_handle(random, form), "slow" if slow else "fast")
                text = template.write(random) if template else self.cover()
                self.say(begin + random.uniform(0, within), person, f"{text} {self.strangers(random.choice((1, 2)))}")
                if random.random() < 0.15:
                    self.say(self.moment()[0], person, f"{self.cover()} {self.strangers(1)}")


def simulate(seed: int, comments: int) -> Giveaway:
    """Return a giveaway of about ``comments`` comments, a third as many entrants, 8 % of them bots."""
    maker = _Maker(seed, comments)
    entrants = comments // 3
    bots = round(entrants * BOT_SHARE)
    people = entrants - bots
    maker.burst_bots(round(bots * BOTS["burst"]))
    maker.copiers(round(bots * BOTS["copied text"]))
    maker.ring_bots(round(bots * BOTS["ring"]))
    maker.hoarders(max(1, round(bots * BOTS["hoarder"])))
    maker.flood_bots(round(bots * BOTS["flood"]))
    maker.households(round(people * HUMANS["household"]))
    maker.enthusiasts(round(people * HUMANS["enthusiastic friend"]))
    maker.clubs(round(people * HUMANS["club"]))
    ordinary = people - round(people * sum(HUMANS.values()))
    maker.ordinary(ordinary, max(ordinary, comments - len(maker.made.comments)))
    maker.made.comments.sort()
    return maker.made
