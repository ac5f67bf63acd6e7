"""The simulation: a campaign as a stream of records, and the truth about what was handed out."""

import heapq
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from random import Random

from agents.simulator.conversions import ConversionMaker
from agents.simulator.faults import CORRUPT_KINDS, Fields, corruptible_event, delay_ms, encode, late_ms, rfc3339
from agents.simulator.incidents import Incident, IncidentCalendar
from agents.simulator.ledger import TruthLedger
from agents.simulator.people import Creator, Population, Post, creators_of
from agents.simulator.plan import SimulatedRecord, SimulationPlan
from agents.simulator.posts import publication_times, reaction, snapshot
from agents.simulator.shapes import due_times
from agents.simulator.texts import complaint_text, entry_text, handle_of
from agents.simulator.truth import GroundTruth
from models.campaigns import CampaignDefinition
from models.times import HOUR_MS
from models.topics import COMMENTS, CONVERSIONS, POSTS

_KIND_NAMES = tuple(CORRUPT_KINDS)
_UNLISTED_FOLLOWERS = 9_000


class Simulation:
    """One run of a plan. ``records`` may be taken once; ``truth`` speaks of the records taken so far."""

    def __init__(self, definitions: Sequence[CampaignDefinition], plan: SimulationPlan) -> None:
        """Prepare a simulation of one or more campaigns.

        Raises:
            ValueError: there is no campaign with an influencer.
        """
        creators = [creator for definition in definitions for creator in creators_of(definition, Random(plan.seed))]  # noqa: S311  # reproducible test data
        if not creators:
            raise ValueError("a simulation needs a definition with at least one influencer")
        self._plan = plan
        self._random = random = Random(plan.seed)  # noqa: S311  # reproducible test data, nothing secret
        self._run = f"s{plan.seed:x}-{plan.start_ms:x}"
        self._population = Population(creators, random)
        self._by_id = {(creator.campaign_id, creator.influencer_id): creator for creator in creators}
        self._guests = [
            Creator(definition.campaign_id, f"guest-{number}", "instagram", _UNLISTED_FOLLOWERS, "en")
            for definition in definitions
            for number in (1, 2)
        ]
        for creator in creators + self._guests:
            creator.posts.append(self._old_post(creator))
        self._incidents = IncidentCalendar(plan, self._population, random)
        self._publications = deque(publication_times(plan, creators, random))
        # About one new post in ten is taken down again.
        post_events = max(1.0, plan.events * plan.post_ratio)
        self._deletion_ratio = min(0.01, 0.1 * len(self._publications) / post_events)
        self._conversions = ConversionMaker(random, plan.shop_platform)
        self._recent_comments: deque[tuple[Creator, Fields, int]] = deque(maxlen=512)
        self._ids: Counter[tuple[str, str]] = Counter()
        # Records to come: (due, order of creation, record, fields or None for a copy, event time).
        self._pending: list[tuple[int, int, SimulatedRecord, Fields | None, int]] = []
        self._pushed = self._comments = self._spoiled_events = 0
        self._taken = False
        self._ledger = TruthLedger(definitions)

    def records(self) -> Iterator[SimulatedRecord]:
        """Yield the records in the order in which they are due.

        Raises:
            RuntimeError: they were taken before.
        """
        if self._taken:
            raise RuntimeError("the records of a simulation can be taken once; create another Simulation")
        self._taken = True
        return self._generate()

    def truth(self) -> GroundTruth:
        """Return the ground truth of the records yielded so far."""
        return self._ledger.truth(self._plan, self._incidents.incidents)

    # -- one slot after the other ------------------------------------------------------------------------------

    def _generate(self) -> Iterator[SimulatedRecord]:
        plan, faults, draw = self._plan, self._plan.faults, self._random.random
        comments_below, posts_below = plan.comment_ratio, plan.comment_ratio + plan.post_ratio
        pending = self._pending
        for due_ms in due_times(plan, self._random):
            while pending and pending[0][0] <= due_ms:
                yield self._release()
            if draw() < faults.corrupt_ratio:
                yield self._spoiled(due_ms)
                continue
            delay = late_ms(self._random, faults) if draw() < faults.late_ratio else delay_ms(self._random, faults)
            at_ms = max(0, due_ms - delay)
            chance = draw()
            if chance < comments_below:
                topic, (creator, fields, at_ms) = COMMENTS, self._comment(at_ms)
            elif chance < posts_below:
                topic = POSTS
                publication = self._publication(due_ms, delay)
                if publication is not None:
                    creator, fields, at_ms = publication
                    if at_ms + delay > due_ms:
                        # The post is online, and snapshots of it may overtake the news of it.
                        later_ms = min(at_ms + delay, plan.end_ms)
                        self._push(self._record(topic, creator, fields, at_ms, later_ms), fields, at_ms)
                        continue
                else:
                    creator, fields, at_ms = self._post_event(at_ms, due_ms)
            else:
                topic, (creator, fields, at_ms) = CONVERSIONS, self._conversion(at_ms)
            record = self._record(topic, creator, fields, at_ms, due_ms)
            self._hand_out(record, fields, at_ms)
            yield record
        while pending:
            yield self._release()

    def _record(self, topic: str, creator: Creator, fields: Fields, at_ms: int, due_ms: int) -> SimulatedRecord:
        """Give the event its id and time, and encode it."""
        plan, draw = self._plan, self._random.random
        # Ids are counted per topic and platform, so that equal ids of different sources occur: they are no duplicates.
        source = (topic, fields["platform"])
        self._ids[source] += 1
        fields["event_id"] = f"{self._run}-{self._ids[source]}"
        fields["occurred_at"] = rfc3339(at_ms, self._random) if draw() < plan.rfc3339_ratio else at_ms
        key = creator.key if "influencer_id" in fields else creator.campaign_id.encode()
        return SimulatedRecord(topic, key, encode(fields), draw() < plan.faults.misplaced_ratio, due_ms)

    def _push(self, record: SimulatedRecord, fields: Fields | None, at_ms: int) -> None:
        self._pushed += 1
        heapq.heappush(self._pending, (record.due_ms, self._pushed, record, fields, at_ms))

    def _release(self) -> SimulatedRecord:
        _, _, record, fields, at_ms = heapq.heappop(self._pending)
        if fields is None:
            self._ledger.enter_duplicate(record)
        else:
            self._hand_out(record, fields, at_ms)
        return record

    def _hand_out(self, record: SimulatedRecord, fields: Fields, at_ms: int) -> None:
        """Enter a valid event into the truth and plan its duplicates."""
        self._ledger.enter_event(record, fields, at_ms)
        draw, faults = self._random.random, self._plan.faults
        copies = 0
        while copies < 3 and draw() < faults.duplicate_ratio:
            copies += 1
            due_ms = min(self._plan.end_ms, record.due_ms + 1000 + int(draw() ** 2 * 300_000))
            copy = record._replace(due_ms=due_ms, misplaced=draw() < faults.misplaced_ratio)
            self._push(copy, None, at_ms)

    def _spoiled(self, due_ms: int) -> SimulatedRecord:
        """Send something no decoder may accept in place of an event."""
        name = _KIND_NAMES[int(self._random.random() * len(_KIND_NAMES))]
        kind = CORRUPT_KINDS[name]
        topic = kind.topics[int(self._random.random() * len(kind.topics))]
        creator = self._population.pick(self._random)
        self._spoiled_events += 1
        event_id = f"{self._run}-x{self._spoiled_events}"
        fields = corruptible_event(topic, event_id, creator.campaign_id, creator.influencer_id, due_ms, self._random)
        record = SimulatedRecord(topic, creator.key, kind.make(fields, self._random), False, due_ms, is_spoiled=True)
        self._ledger.enter_corrupt(record, name)
        return record

    # -- the events --------------------------------------------------------------------------------------------

    def _pick_creator(self, at_ms: int) -> tuple[Creator, Incident | None]:
        """Draw who gets a post or comment event at an event time, and the incident if it is about them."""
        incident = self._incidents.at(at_ms)
        draw = self._random.random
        if incident is not None and incident.kind in ("viral_post", "complaint_wave") and draw() < 0.45:
            return self._by_id[incident.campaign_id, incident.influencer_id], incident
        if draw() < self._plan.unlisted_ratio:
            return self._guests[int(draw() * len(self._guests))], None
        creator = self._population.pick(self._random)
        while self._is_silent(creator, incident):
            creator = self._population.pick(self._random)
        return creator, None

    @staticmethod
    def _is_silent(creator: Creator, incident: Incident | None) -> bool:
        return (
            incident is not None
            and incident.kind == "silent_feed"
            and incident.influencer_id == creator.influencer_id
            and incident.campaign_id == creator.campaign_id
        )

    def _pick_post(self, creator: Creator, incident: Incident | None, at_ms: int) -> Post:
        if incident is None or incident.kind != "viral_post":
            return creator.pick_post(at_ms, self._random)
        if incident.post is None:
            incident.post = next(p for p in reversed(creator.posts) if p.published_ms <= incident.start_ms)
            incident.post.boost = 6.0
            incident.post.boost_start_ms, incident.post.boost_end_ms = incident.start_ms, incident.end_ms
        return incident.post

    def _fields(self, kind: str, creator: Creator) -> Fields:
        return {
            "type": kind,
            "event_id": "",
            "campaign_id": creator.campaign_id,
            "influencer_id": creator.influencer_id,
            "platform": creator.platform,
            "occurred_at": 0,
        }

    def _comment(self, at_ms: int) -> tuple[Creator, Fields, int]:
        random, draw = self._random, self._random.random
        if draw() < 0.015 and self._recent_comments:
            creator, comment, commented_ms = self._recent_comments[int(draw() * len(self._recent_comments))]
            deleted_ms = max(at_ms, commented_ms)
            if not self._is_silent(creator, self._incidents.at(deleted_ms)):
                fields = self._fields("comment.deleted", creator)
                fields["comment_id"] = comment["comment_id"]
                if draw() < 0.7:
                    fields["post_id"] = comment["post_id"]
                    fields["author_id"] = comment["author_id"]
                return creator, fields, deleted_ms
        creator, incident = self._pick_creator(at_ms)
        post = self._pick_post(creator, incident, at_ms)
        author = creator.pick_author(random)
        fields = self._fields("comment.created", creator)
        fields["post_id"] = post.post_id
        self._comments += 1
        fields["comment_id"] = f"{self._run}c{self._comments}"
        fields["author_id"] = f"u{author}"
        language = creator.language if draw() < 0.8 else "en"
        if incident is not None and incident.kind == "complaint_wave" and draw() < 0.85:
            fields["text"] = complaint_text(random, language)
        else:
            fields["text"] = entry_text(random, language)
        extra = draw()
        if extra < 0.4:
            fields["author_handle"] = handle_of(author)
        elif extra < 0.45:
            fields["time_source"] = "send_time"
        elif extra < 0.47:
            fields["schema_version"] = 3  # unknown to us: producers may be newer
        if draw() < 0.05:
            self._recent_comments.append((creator, fields, at_ms))
        return creator, fields, at_ms

    def _publication(self, due_ms: int, delay: int) -> tuple[Creator, Fields, int] | None:
        """Put the next planned post online when its time has come."""
        while self._publications and self._publications[0][0] <= due_ms:
            published_ms, index = self._publications.popleft()
            creator = self._population.creators[index]
            if self._is_silent(creator, self._incidents.at(published_ms)):
                continue
            tau_ms = max(20_000.0, 150 * self._plan.duration_seconds)
            post_id = f"{self._run}p{len(self._publications)}"
            creator.posts.append(Post(post_id, published_ms, creator.new_base(self._random), tau_ms))
            fields = self._fields("post.published", creator)
            fields["post_id"] = post_id
            return creator, fields, published_ms
        return None

    def _post_event(self, at_ms: int, due_ms: int) -> tuple[Creator, Fields, int]:
        random, draw = self._random, self._random.random
        creator, incident = self._pick_creator(at_ms)
        post = self._pick_post(creator, incident, at_ms)
        chance = draw()
        fields = self._fields("", creator)
        if (
            chance < self._deletion_ratio
            and incident is None
            and len(creator.posts) > 1
            and post is not creator.posts[0]
        ):
            viral = [planned.post for planned in self._incidents.incidents]
            if post not in viral:
                creator.posts.remove(post)
                fields["type"] = "post.deleted"
                fields["post_id"] = post.post_id
                return creator, fields, at_ms
        if chance < (0.75 if creator.reacts else 0.02):
            reaction(fields, creator, post, random)
            return creator, fields, at_ms
        if draw() < 0.02 and 0 <= due_ms - post.last_ms <= self._plan.faults.disorder_seconds * 1000:
            at_ms = post.last_ms  # two readings in one millisecond
        snapshot(fields, creator, post, at_ms, self._plan, random)
        post.last_ms = at_ms
        return creator, fields, at_ms

    def _conversion(self, at_ms: int) -> tuple[Creator, Fields, int]:
        incident = self._incidents.at(at_ms)
        dead = incident.campaign_id if incident is not None and incident.kind == "dead_checkout" else ""
        return self._conversions.draw(self._population.pick(self._random), at_ms, dead, self._run)

    def _old_post(self, creator: Creator) -> Post:
        """Return a post from before the campaign: the first snapshot of it has no predecessor."""
        age_ms = int((48 + 72 * self._random.random()) * HOUR_MS)
        post_id = f"{creator.influencer_id}-{self._run}-old"
        return Post(post_id, self._plan.start_ms - age_ms, creator.new_base(self._random), 12.0 * HOUR_MS)
