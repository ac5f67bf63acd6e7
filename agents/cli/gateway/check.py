"""``campaign-pulse gateway check``: verify and map one delivery, without a gateway and without Kafka."""

import sys
from pathlib import Path
from typing import Final, NoReturn

import click

from agents.cli.campaigns import definitions_or_exit
from agents.cli.common import UsageFailure, for_people, settings_or_exit
from agents.cli.gateway.requests import HeaderFileError, Kept, asked, query_of, read_headers
from agents.cli.replay import Moment
from agents.clock import wall_clock
from agents.terminal import visible_json
from models.sources import KINDS, SignatureRules, SourceKind
from models.times import SECOND_MS
from streams.connectors.bodies import MOST_BYTES
from streams.connectors.catalogue import CATALOGUE, kind_named
from streams.connectors.drafts import NO_RULES, Delivery
from streams.connectors.handshakes import (
    Answer,
    HandshakeError,
    answer_before_signature,
    answer_question,
    answer_to,
    keys_among,
)
from streams.connectors.packing import verify_either
from streams.connectors.placing import Placer
from streams.connectors.signatures import SignatureError
from streams.connectors.translation import translate

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
PERSON_KEY: Final = "PULSE_GATEWAY_PERSON_KEY"
_SAID: Final = {
    "ignored": "not counted",
    "incomplete": "missing",
    "unmapped": "unmapped",
    "unmatched": "parked",
}


@click.command()
@click.argument("source")
@click.argument("body", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--headers", "headers_file", type=FILE, help="The request's headers, one `Name: value` a line.")
@click.option("--secret", "secrets", multiple=True, help="A secret of the source; several while they are changed.")
@click.option("--definition", "definition_file", type=FILE, help="Campaign definitions: who and what belongs to whom.")
@click.option("--at", "at_ms", type=Moment(), help="When it was received. Without it: now, and its age is not judged.")
@click.option("--post", "post_id", help="The post that a poll asked for, where its answer does not say it.")
def check(
    source: str,
    body: Path,
    headers_file: Path | None,
    secrets: tuple[str, ...],
    definition_file: Path | None,
    at_ms: int | None,
    post_id: str | None,
) -> None:
    """Verify and map one delivery offline: what would the gateway make of it?

    SOURCE is the name of a source (shopify-main, woo-at) or its kind (shopify); BODY the file with the exact bytes, or
    - for stdin: a webhook's body, the answer to a poll, or a line `GET /...` for a handshake. Events go to stdout, one
    JSON object a line; everything else to stderr.

    Exit codes: 0 when it is authentic and everything in it is mapped, or left out on purpose; 1 when the signature is
    not right, or something cannot be mapped or fits no campaign; 2 for a usage error.
    """
    placer = None if definition_file is None else Placer(definitions_or_exit(definition_file))
    rules = NO_RULES if placer is None else placer.rules(source)
    kind = rules.kind or kind_named(source)
    if kind is None:
        known = ", ".join(KINDS)
        raise UsageFailure(f"SOURCE {source!r} is of no known kind ({known}), and no definition says its kind")
    content = sys.stdin.buffer.read(MOST_BYTES + 1) if str(body) == "-" else body.read_bytes()
    if len(content) > MOST_BYTES:
        _end(f"the body has more than {MOST_BYTES} bytes: it would be refused (413)")
    try:
        kept = Kept({}, {}) if headers_file is None else read_headers(headers_file)
    except HeaderFileError as error:
        raise UsageFailure(str(error)) from None
    if (address := asked(content)) is not None:
        _handshake(kind, source, query_of(address), secrets)
        return
    key = settings_or_exit().gateway_person_key
    delivery = Delivery(
        source=source,
        body=content,
        headers=kept.headers,
        query=kept.query,
        received_ms=wall_clock() if at_ms is None else at_ms,
        rules=rules,
        is_replayed=at_ms is None,
        post_id=post_id,
        person_key=key.encode(),
    )
    if (answer := answer_before_signature(kind, delivery)) is not None:
        _say_answer(answer, "unsigned, and not counted")
        return
    _verify(kind, rules.signature, delivery, secrets, at_ms)
    if (answer := answer_to(kind, delivery)) is not None:
        _say_answer(answer, "a challenge")
        return
    _map(kind, delivery, placer, has_key=bool(key))


def _handshake(kind: SourceKind, source: str, query: dict[str, str], secrets: tuple[str, ...]) -> None:
    try:
        answer = answer_question(kind, source, query, secrets)
    except HandshakeError as error:
        _end(f"handshake: refused (403): {error}")
    _say_answer(answer, "a handshake")


def _say_answer(answer: Answer, what: str) -> None:
    _say(f"{what}; the answer is {answer.status} {answer.media_type}: {answer.body.decode('utf-8', 'replace')}")


def _verify(
    kind: SourceKind, described: SignatureRules | None, delivery: Delivery, secrets: tuple[str, ...], at_ms: int | None
) -> None:
    """Say what the signature is worth, and end where it is not right."""
    schemes = CATALOGUE[kind].schemes if described is None else (described,)
    keys = keys_among(secrets)
    if not schemes:
        _say("signature: this source does not sign; its address holds a secret, or a key is asked for")
        return
    if not keys:
        _say("signature: not checked, no --secret was given")
        return
    try:
        verified = verify_either(schemes, keys, delivery, at_ms)
    except SignatureError as error:
        _end(f"signature: {error.reason}: {error}; it would be refused (401)")
    which = f"by secret {verified.secret + 1} of {len(keys)}" if len(keys) > 1 else "by the secret"
    _say(f"signature: right, {which}" + (f"; {verified.age_note}" if verified.age_note else ""))
    tolerance = next((each.tolerance_seconds for each in schemes if each.late == "refused"), None)
    if at_ms is None and verified.signed_ms is not None and tolerance is not None:
        away = abs(wall_clock() - verified.signed_ms) // SECOND_MS
        if away > tolerance:
            _say(f"signature: {away} s old; a gateway takes it for {tolerance} s (--at TIME judges the age)")


def _map(kind: SourceKind, delivery: Delivery, placer: Placer | None, has_key: bool) -> None:
    done = translate(delivery, placer, CATALOGUE[kind].read)
    for event in done.events:
        click.echo(visible_json(event.value.decode()))
    for note in done.notes:
        _say(f"{_SAID[note.kind]}: {note.detail}")
    if placer is None and not all(b'"campaign_id":' in event.value for event in done.events):
        _say("missing: campaign_id, influencer_id: no --definition was given, so nothing says whose it is")
    if not has_key and any(b'"author_id":"e:' in event.value for event in done.events):
        _say(f"missing: {PERSON_KEY} is not set: pseudonyms of e-mail addresses are made without a key here")
    failed = len(done.of_kind("unmapped")), len(done.of_kind("unmatched"))
    _say(f"{len(done.events)} events; {failed[0]} unmapped, {failed[1]} parked; answer {CATALOGUE[kind].success}")
    if any(failed):
        sys.exit(1)


def _say(text: str) -> None:
    click.echo(for_people(text).replace("\n", " "), err=True)


def _end(reason: str) -> NoReturn:
    _say(reason)
    sys.exit(1)
