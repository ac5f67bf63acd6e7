"""Redis as erasing needs it: every key of a campaign, and texts of people taken out of the alerts."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import msgspec
from redis.exceptions import WatchError

from agents.erasure.logs import ErasureError
from agents.read_model.connection import REDIS_ERRORS, BlockingRedis, blocking_client
from agents.read_model.refusals import described
from agents.secrets import masked
from agents.settings import Settings
from models.alerts import Alert, AlertTransition, SampleComment
from models.personal_data import PLACES
from models.read_model import AlertKeys, Keys, quoted

_AT_A_TIME: Final = 500
_ATTEMPTS: Final = 20
_GLOB: Final = re.compile(r"([\\*?\[\]])")
_PATTERNS: Final = {
    place.name: re.compile(re.sub(r"\\{\w+\\}", "[^:]*", re.escape(place.name)))
    for place in sorted(PLACES, key=lambda place: place.name.count("{"))
    if place.kind == "redis"
}
"""What the keys of each place look like, those with fewest parts that vary first."""
_decode_alert: Final = msgspec.json.Decoder(Alert).decode
_decode_transition: Final = msgspec.json.Decoder(AlertTransition).decode
_encode: Final = msgspec.json.Encoder().encode
Redacted = Callable[[SampleComment], SampleComment | None]
"""What becomes of a comment that is shown with an alert: itself, another one, or None when it goes."""


@contextmanager
def connected(settings: Settings) -> Iterator[BlockingRedis]:
    """Yield a client.

    Raises:
        ErasureError: Redis is away or refuses.
    """
    try:
        with closing(blocking_client(settings.redis_url)) as client:
            yield client
    except REDIS_ERRORS as error:
        raise ErasureError(
            f"PULSE_REDIS_URL={masked(settings.redis_url)}: Redis {described(error, settings.redis_url)}"
        ) from None


def patterns_of(prefix: str, campaign_id: str) -> list[str]:
    """Return glob patterns that match every key of a campaign, and none of another one's.

    ``quoted`` ids hold neither ``:`` nor a sign of a pattern.
    """
    start, campaign = _GLOB.sub(r"\\\1", prefix), quoted(campaign_id)
    one = [f"{start}:{kind}:{campaign}" for kind in ("campaign", "review", "frozen")]
    below = [f"{start}:{kind}:{campaign}:*" for kind in ("campaign", "influencer", "leaderboard", "review", "alerts")]
    return one + below


def keys_of_campaign(client: BlockingRedis, prefix: str, campaign_id: str) -> list[bytes]:
    """Return every key of a campaign, sorted."""
    found: set[bytes] = set()
    for pattern in patterns_of(prefix, campaign_id):
        found.update(client.scan_iter(match=pattern, count=1000))
    return sorted(found)


def remove_campaign(client: BlockingRedis, prefix: str, campaign_id: str) -> Counter[str]:
    """Remove every key of a campaign, and its entries of the keys that campaigns share; count by place."""
    keys, alerts = Keys(prefix), AlertKeys(prefix)
    removed: Counter[str] = Counter()
    for key in keys_of_campaign(client, prefix, campaign_id):
        removed[place_of(key.decode(), prefix)] += int(client.delete(key))
    removed["pulse:campaigns"] += int(client.srem(keys.campaigns, campaign_id))
    removed["pulse:alerts:campaigns"] += int(client.srem(alerts.campaigns, campaign_id))
    wanted = campaign_id.encode()
    old = [name for name, fields in _entries(client, keys.updates) if fields.get(b"campaign_id") == wanted]
    for start in range(0, len(old), _AT_A_TIME):
        removed["pulse:updates"] += int(client.xdel(keys.updates, *old[start : start + _AT_A_TIME]))
    return removed


def place_of(key: str, prefix: str) -> str:
    """Return which of the places a key is one of; itself when it is none."""
    own = "pulse" + key.removeprefix(prefix)
    return next((name for name, pattern in _PATTERNS.items() if pattern.fullmatch(own)), own)


def _entries(client: BlockingRedis, key: str) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    """Yield the entries of a stream, a part at a time."""
    begin = "-"
    while True:
        part: Any = client.xrange(key, min=begin, count=_AT_A_TIME)
        if not part:
            return
        yield from part
        begin = f"({part[-1][0].decode()}"


def alert_keys(client: BlockingRedis, prefix: str) -> list[str]:
    """Return the keys of alert histories and open alerts there are, as they are."""
    start = _GLOB.sub(r"\\\1", prefix)
    found: set[bytes] = set()
    for kind in ("active", "history"):
        found.update(client.scan_iter(match=f"{start}:alerts:*:{kind}", count=1000))
    return sorted(key.decode() for key in found)


def alerts_in(client: BlockingRedis, key: str) -> Iterator[Alert]:
    """Yield the alerts of a key of ``alert_keys``."""
    if key.endswith(":active"):
        for value in client.hgetall(key).values():
            yield _decode_alert(value)
    else:
        for _, fields in _entries(client, key):
            yield _decode_transition(fields[b"transition"]).alert


def redact_alerts(client: BlockingRedis, key: str, redacted: Redacted) -> int:
    """Change the comments shown with the alerts of a key; return of how many alerts.

    An entry of a stream cannot be changed, and ids in it only grow: the stream is written anew, with the same ids,
    unless somebody has written to it meanwhile; then again.

    Raises:
        ErasureError: others write to it without end.
    """
    for _ in range(_ATTEMPTS):
        with client.pipeline(transaction=True) as pipe:
            try:
                pipe.watch(key)
                changed = _redact_open(pipe, key, redacted) if key.endswith(":active") else _redact(pipe, key, redacted)
                if changed:
                    pipe.execute()
                return changed
            except WatchError:
                continue
    raise ErasureError(f"Redis key {key} is written to all the time; try again")


def _redact_open(pipe: Any, key: str, redacted: Redacted) -> int:
    changes = {}
    for name, value in pipe.hgetall(key).items():
        alert = _without(_decode_alert(value), redacted)
        if alert is not None:
            changes[name] = _encode(alert)
    pipe.multi()
    if changes:
        pipe.hset(key, mapping=changes)
    return len(changes)


def _redact(pipe: Any, key: str, redacted: Redacted) -> int:
    entries, changed = pipe.xrange(key), 0
    written = []
    for name, fields in entries:
        transition = _decode_transition(fields[b"transition"])
        alert = _without(transition.alert, redacted)
        if alert is not None:
            fields = {**fields, b"transition": _encode(msgspec.structs.replace(transition, alert=alert))}
            changed += 1
        written.append((name, fields))
    pipe.multi()
    if changed:
        pipe.delete(key)
        for name, fields in written:
            pipe.xadd(key, fields, id=name)
    return changed


def _without(alert: Alert, redacted: Redacted) -> Alert | None:
    """Return an alert with other comments; None when they are the same."""
    comments = tuple(kept for each in alert.sample_comments if (kept := redacted(each)) is not None)
    return None if comments == alert.sample_comments else msgspec.structs.replace(alert, sample_comments=comments)
