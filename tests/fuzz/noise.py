"""Records that were never ours, made of good ones: what a bug, a mirror, a disk or somebody hostile leaves."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

Headers = tuple[tuple[str, bytes], ...]


class Sent(NamedTuple):
    """A record as it is produced."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Noise(NamedTuple):
    """A record that was never ours, and how it was made."""

    kind: str
    sent: Sent


Samples = Mapping[str, Sequence[Sent]]
"""Good records, by topic."""


def _garbage(chance: random.Random, good: Sent, other: Sent) -> Sent:
    return Sent(chance.choice((good.key, chance.randbytes(8))), chance.randbytes(chance.choice((1, 3, 40, 2000))))


def _truncated(chance: random.Random, good: Sent, other: Sent) -> Sent:
    value = good.value or b"?"
    return good._replace(value=value[: chance.randrange(1, max(2, len(value)))])


def _flipped(chance: random.Random, good: Sent, other: Sent) -> Sent:
    value = bytearray(good.value or b"?")
    for _ in range(chance.choice((1, 1, 3, 20))):
        value[chance.randrange(len(value))] ^= 1 << chance.randrange(8)
    return good._replace(value=bytes(value))


def _longer(chance: random.Random, good: Sent, other: Sent) -> Sent:
    return good._replace(value=(good.value or b"") + chance.randbytes(5))


def _other_format(chance: random.Random, good: Sent, other: Sent) -> Sent:
    return other


def _other_value(chance: random.Random, good: Sent, other: Sent) -> Sent:
    return good._replace(value=other.value)


def _other_key(chance: random.Random, good: Sent, other: Sent) -> Sent:
    return good._replace(key=other.key)


def _no_key(chance: random.Random, good: Sent, other: Sent) -> Sent:
    return good._replace(key=None)


def _shape(chance: random.Random, good: Sent, other: Sent) -> Sent:
    value = chance.choice(
        (
            b"\x91" * 5_000 + b"\xc0",  # nested
            b'{"a":' * 3_000,
            b"\xdd\xff\xff\xff\xff",  # an array of four thousand million, which ends here
            b"\xc6\xff\xff\xff\xff\x00",
            b"\x90",
            b"\xc0",
            b"null",
            b"[]",
            b"\xef\xbb\xbf{}",
            b"\x93\x01\xc0\xc0",
            b"\x92\xd3\x80\x00\x00\x00\x00\x00\x00\x00\xa1c",
        )
    )
    return Sent(chance.choice((good.key, b"\xff\x00", b"[]", b'["block"]', b"[0]", b'[0,"row"]')), value)


KINDS: Mapping[str, Callable[[random.Random, Sent, Sent], Sent]] = {
    "garbage": _garbage,
    "truncated": _truncated,
    "bit_flipped": _flipped,
    "longer": _longer,
    "other_format": _other_format,
    "other_value": _other_value,
    "other_key": _other_key,
    "no_key": _no_key,
    "shape": _shape,
}


def noise_of(chance: random.Random, samples: Samples, topic: str) -> Noise:
    """Return a record for a topic that is none of its good ones; a few are good all the same, by chance."""
    good = chance.choice(samples[topic])
    other = chance.choice(samples[chance.choice([name for name in samples if name != topic])])
    kind = chance.choice(list(KINDS))
    sent = KINDS[kind](chance, good, other)
    if kind in ("garbage", "shape", "other_format") and chance.random() < 0.2:
        sent = sent._replace(headers=(("pulse.epoch", chance.choice((b"noise", b"999.", b"", b"0.1"))),))
    return Noise(kind, sent)
