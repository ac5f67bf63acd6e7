"""Signatures over raw bytes: HMACs in headers, with several secrets at once while they are being changed.

The schemes are those of docs/sources.md. Nothing is parsed before it is verified.
"""

import base64
import binascii
import hmac
import html
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from models.sources import SignatureRules
from streams.sources.times import NoTime, from_epoch, instant, instant_ms

Refusal = Literal["no_secret", "no_signature", "malformed_signature", "wrong_signature", "too_old"]
_MOST_SIGNATURES: Final = 32
_LONGEST_HEADER: Final = 8_192
_STANDARD_PREFIX: Final = "whsec_"


class SignatureError(Exception):
    """A request that is not shown to come from its sender: ``reason`` for machines, the text for people."""

    def __init__(self, reason: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.reason: Refusal = reason


class Verified(Struct, frozen=True):
    """Which secret matched (its place in the list), when it was signed where that is signed, and what its age is."""

    secret: int
    signed_ms: int | None = None
    age_note: str = ""


def verify(
    schemes: Sequence[SignatureRules],
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    now_ms: int | None,
) -> Verified:
    """Verify a request by the first scheme whose header it has.

    Args:
        schemes: how the source signs; more than one where the header's prefix says which hash it is.
        secrets: all that hold, the newest first.
        headers: names in lower case.
        body: as it was received.
        now_ms: the clock; None when the age is not to be judged.

    Raises:
        SignatureError: no secret is known, or the signature is missing, malformed, wrong or too old.
    """
    if not secrets:
        raise SignatureError("no_secret", "no secret is known for this source")
    present = [each for each in schemes if _key_of(each.header) in headers]
    if not present:
        raise SignatureError("no_signature", f"the header {schemes[0].header} is missing")
    fitting = [each for each in present if _begins(headers[_key_of(each.header)].strip(), each.prefix)]
    if not fitting:
        raise SignatureError("malformed_signature", f"{present[0].header} does not begin with {present[0].prefix!r}")
    return _verify(fitting[0], secrets, headers, body, now_ms)


def _begins(value: str, prefix: str) -> bool:
    """Return whether a header has a prefix; it names the hash, and is no part of what is compared: in any case."""
    return value[: len(prefix)].lower() == prefix.lower()


@lru_cache(maxsize=1_024)
def _key_of(header: str) -> str:
    """Return a header's name as requests have it. Names are those of the catalogue and of definitions."""
    return header.lower()


def _verify(
    scheme: SignatureRules, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now_ms: int | None
) -> Verified:
    given, timestamp = _read(scheme, headers)
    content = _content(scheme, headers, timestamp, body)
    matched: int | None = None
    unusable: SignatureError | None = None
    for place, secret in enumerate(secrets):
        try:
            keys = _keys(scheme, secret)
        except SignatureError as error:
            # One that was mistyped while they are changed is no reason to refuse what the other one signs.
            unusable = unusable or error
            continue
        for key in keys:
            expected = hmac.digest(key, content, scheme.digest)
            # Every secret and signature is compared: how long it takes tells nobody which.
            for signature in given:
                if hmac.compare_digest(expected, signature) and matched is None:
                    matched = place
    if matched is None and unusable is not None:
        raise unusable
    if matched is None:
        raise SignatureError("wrong_signature", f"{scheme.header} is not the signature of these bytes")
    signed_ms = None if timestamp is None else _moment(scheme, timestamp)
    note = ""
    if signed_ms is not None and now_ms is not None and scheme.tolerance_seconds is not None:
        away = abs(now_ms - signed_ms) // 1_000
        if away > scheme.tolerance_seconds:
            note = f"signed {away} s from now, at most {scheme.tolerance_seconds} s are allowed"
            if scheme.late == "refused":
                raise SignatureError("too_old", note)
    return Verified(matched, signed_ms, note)


def sign(scheme: SignatureRules, secret: str, body: bytes, timestamp: str = "", message_id: str = "") -> dict[str, str]:
    """Return the headers that a sender would add: for samples, and for what we send ourselves."""
    signed = scheme.signed.split("{body}", 1)
    before, after = (_filled(part, timestamp, message_id) for part in signed)
    digest = hmac.new(_keys(scheme, secret)[0], before + body + after, scheme.digest).digest()
    text = digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()
    headers = {scheme.header: scheme.prefix + text}
    if scheme.layout == "pairs":
        headers[scheme.header] = f"{scheme.timestamp_key}={timestamp},{scheme.key}={text}"
    elif scheme.layout == "versions":
        headers[scheme.header] = f"{scheme.key},{text}"
    if scheme.timestamp_header:
        headers[scheme.timestamp_header] = timestamp
    if scheme.id_header:
        headers[scheme.id_header] = message_id
    return headers


def _read(scheme: SignatureRules, headers: Mapping[str, str]) -> tuple[list[bytes], str | None]:
    """Return the signatures that a request gives, and its timestamp."""
    value = headers[_key_of(scheme.header)].strip()
    if len(value) > _LONGEST_HEADER:
        raise SignatureError("malformed_signature", f"{scheme.header} has {len(value)} characters")
    timestamp = headers.get(_key_of(scheme.timestamp_header)) if scheme.timestamp_header else None
    if scheme.layout == "one":
        texts = [value[len(scheme.prefix) :].strip()]
    elif scheme.layout == "pairs":
        pairs = [part.strip().partition("=") for part in value.split(",")]
        texts = [text for name, _, text in pairs if name == scheme.key]
        times = [text for name, _, text in pairs if name == scheme.timestamp_key]
        timestamp = times[0] if times else timestamp
    else:
        texts = [part.partition(",")[2] for part in value.split() if part.partition(",")[0] == scheme.key]
    if not texts:
        raise SignatureError("malformed_signature", f"{scheme.header} holds no signature {scheme.key!r}")
    given = [signature for text in texts[:_MOST_SIGNATURES] if (signature := _decoded(scheme, text)) is not None]
    if not given:
        raise SignatureError("malformed_signature", f"{scheme.header} is not {scheme.encoding}")
    if "{timestamp}" in scheme.signed and not timestamp:
        where = scheme.timestamp_header or f"{scheme.timestamp_key} in {scheme.header}"
        raise SignatureError("no_signature", f"the time {where} is missing")
    return given, timestamp


def _decoded(scheme: SignatureRules, text: str) -> bytes | None:
    try:
        if scheme.encoding == "hex":
            return bytes.fromhex(text) if text.isascii() and " " not in text else None
        # Some libraries write base64 for addresses by themselves: with - and _, and without = at its end.
        plain = text.replace("-", "+").replace("_", "/").rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None


def _content(scheme: SignatureRules, headers: Mapping[str, str], timestamp: str | None, body: bytes) -> bytes:
    """Return what was signed; a template in which the body stands once."""
    if scheme.signed == "{body}":
        return body
    message_id = headers.get(_key_of(scheme.id_header), "") if scheme.id_header else ""
    if "{id}" in scheme.signed and not message_id:
        raise SignatureError("no_signature", f"the header {scheme.id_header} is missing")
    before, after = (_filled(part, timestamp or "", message_id) for part in scheme.signed.split("{body}", 1))
    return before + body + after


def _filled(part: str, timestamp: str, message_id: str) -> bytes:
    # In one pass: an id that contains {timestamp} stays as it is.
    pieces = part.split("{timestamp}")
    return timestamp.join(piece.replace("{id}", message_id) for piece in pieces).encode("utf-8", "surrogateescape")


def _keys(scheme: SignatureRules, secret: str) -> list[bytes]:
    """Return the keys that a secret stands for."""
    if scheme.key_form == "base64":
        text = secret.removeprefix(_STANDARD_PREFIX)
        try:
            return [base64.b64decode(text + "=" * (-len(text) % 4), validate=True)]
        except (ValueError, binascii.Error):
            raise SignatureError("no_secret", f"the secret of {scheme.header} is no base64 behind whsec_") from None
    if scheme.key_form == "html":
        # WooCommerce keeps its secrets with entities, and signs with what they stand for.
        return [html.unescape(secret).encode()]
    return [secret.encode()]


def _moment(scheme: SignatureRules, timestamp: str) -> int | None:
    """Return the signed time.

    Raises:
        SignatureError: it is none, and the source has a tolerance.
    """
    try:
        if timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 20:
            return from_epoch(int(timestamp))
        return instant_ms(instant(timestamp))
    except (NoTime, OverflowError):
        if scheme.tolerance_seconds is None:
            return None
        raise SignatureError("malformed_signature", f"the signed time {timestamp[:40]!r} is none") from None
