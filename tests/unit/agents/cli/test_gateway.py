"""`campaign-pulse gateway check`, `send`, `urls`: what a delivery would become, without a gateway."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli
from tests.serving import QuietHandler, Serving
from tests.unit.streams.connectors.deliveries import FOLDER, SECRETS, hex_hmac

DEFINITION = str(FOLDER / "definition.yaml")
ORDER = str(FOLDER / "shopify_orders_create.json")
SECRET = SECRETS["shopify"]


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    """Run a command of the group."""
    return CliRunner().invoke(cli, ["gateway", *arguments], input=stdin)


def test_a_delivery_is_verified_and_mapped() -> None:
    """Events on stdout, one a line, and everything else on stderr."""
    told = ("--headers", ORDER + ".headers", "--secret", "new", "--secret", SECRET, "--definition", DEFINITION)
    done = run("check", "shopify-main", ORDER, *told)
    assert done.exit_code == 0
    (event,) = map(json.loads, done.stdout.splitlines())
    assert (event["event_id"], event["campaign_id"]) == ("shopify-main:order:5900000000001", "spring")
    assert "signature: right, by secret 2 of 2" in done.stderr


@pytest.mark.parametrize("form", ["bytes of a recording", "curl", "json", "json of lists"])
def test_headers_come_as_tools_write_them(form: str, tmp_path: Path) -> None:
    """A recorded request with its first line, a byte order mark and CRLF; curl's arguments; JSON of a request bin."""
    lines = Path(ORDER + ".headers").read_text("utf-8").splitlines()
    pairs = [line.partition(": ")[::2] for line in lines]
    written = {
        "bytes of a recording": "\ufeff" + "\r\n".join(["POST /v1/hooks/shopify/main HTTP/1.1", *lines]),
        "curl": "\n".join(f"-H '{line}' \\" for line in lines),
        "json": json.dumps(dict(pairs)),
        "json of lists": json.dumps({name: [value, "another"] for name, value in pairs}),
    }
    file = tmp_path / "headers"
    file.write_text(written[form], "utf-8")
    done = run("check", "shopify-main", ORDER, "--headers", str(file), "--secret", SECRET, "--definition", DEFINITION)
    assert (done.exit_code, "signature: right" in done.stderr) == (0, True), done.stderr
    assert json.loads(done.stdout)["event_id"] == "shopify-main:order:5900000000001"


def test_headers_that_are_none_are_a_usage_error(tmp_path: Path) -> None:
    """JSON of something else than texts names the file."""
    file = tmp_path / "headers"
    file.write_text('{"a": {"b": 1}}', "utf-8")
    done = run("check", "shopify-main", ORDER, "--headers", str(file))
    assert done.exit_code == 2
    assert "no object of headers" in done.stderr


def test_a_wrong_signature_ends_with_its_reason_and_no_event() -> None:
    """Exit code 1: a gateway would refuse it."""
    done = run("check", "shopify", ORDER, "--headers", ORDER + ".headers", "--secret", "other")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "wrong_signature" in done.stderr
    done = run("check", "shopify", ORDER, "--secret", SECRET)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "X-Shopify-Hmac-Sha256 is missing" in done.stderr


def test_without_a_definition_the_mapping_alone_is_shown() -> None:
    """And said what nothing says: whose it is."""
    done = run("check", "shopify-main", ORDER)
    assert done.exit_code == 0
    assert "campaign_id" not in json.loads(done.stdout)
    assert "not checked" in done.stderr
    assert "missing: campaign_id, influencer_id" in done.stderr


def test_what_names_its_campaign_itself_needs_no_definition() -> None:
    """A CloudEvent whose subject says campaign and influencer."""
    body = str(FOLDER / "cloudevents_binary.json")
    done = run("check", "cloudevents", body, "--headers", body + ".headers")
    event = json.loads(done.stdout)
    assert (done.exit_code, event["campaign_id"], event["influencer_id"]) == (0, "spring", "ana")
    assert "missing" not in done.stderr


def test_what_fits_no_campaign_and_what_cannot_be_mapped_is_a_failure(tmp_path: Path) -> None:
    """Exit code 1, with what would have to stand in a definition, or what is wrong with the body."""
    other = tmp_path / "other.yaml"
    text = (FOLDER / "definition.yaml").read_text("utf-8")
    other.write_text(text.replace("2026-04-18", "2026-06-18"), encoding="utf-8")
    done = run("check", "shopify-main", ORDER, "--definition", str(other))
    assert done.exit_code == 1
    assert "parked: purchase shopify-main:order:5900000000001 fits no campaign" in done.stderr
    done = run("check", "shopify-main", "-", stdin=b'{"id": 5}')
    assert done.exit_code == 1
    assert "unmapped: order 0: created_at is missing" in done.stderr


def test_handshakes_are_answered(tmp_path: Path) -> None:
    """A kept GET is answered as the gateway would; a wrong one is refused."""
    kept = tmp_path / "crc.txt"
    kept.write_text("GET /v1/hooks/x/main?crc_token=challenge_string\n", encoding="utf-8")
    done = run("check", "x-main", str(kept), "--secret", "x-consumer-secret")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "Mh91teySBWI4Mi/M5j5jgDFjp2IIQhy8AWNxU0NSqQc=" in done.stderr
    done = run("check", "shopify", str(kept))
    assert done.exit_code == 1
    assert "refused (403)" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "myspace", ORDER),
        ("check", "shopify", "missing.json"),
        ("check", "shopify", ORDER, "--at", "noon"),
        ("check", "shopify", ORDER, "--headers", ORDER),
        ("send", ORDER, "ftp://shop"),
        ("send", ORDER, "http://127.0.0.1:1/other", "--secret", "s"),
        ("urls", "--base", "gateway"),
    ],
)
def test_usage_errors_have_their_own_exit_code(arguments: tuple[str, ...]) -> None:
    """2, as everywhere, with one line that names the value."""
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr


def test_the_age_of_a_signature_is_said_and_judged_on_demand() -> None:
    """A kept delivery is always old: only with --at is that a failure."""
    body = str(FOLDER / "stripe_checkout_session_completed.json")
    told = ("check", "stripe-main", body, "--headers", body + ".headers", "--secret", SECRETS["stripe"])
    assert run(*told).exit_code == 0
    assert "s old" in run(*told).stderr
    assert run(*told, "--at", "2026-04-18T16:12:00Z").exit_code == 0
    late = run(*told, "--at", "2026-04-18T16:20:00Z")
    assert late.exit_code == 1
    assert "too_old" in late.stderr


class Sink(QuietHandler):
    """Keeps what was posted, and answers what its path asks for."""

    posted: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012  # emptied by the fixture

    def do_POST(self) -> None:
        """Keep the request."""
        self.posted.append(({name.lower(): value for name, value in self.headers.items()}, self.body()))
        self.answer(503 if "down" in self.path else 200, b"counted")


@pytest.fixture
def sink() -> Iterator[str]:
    """The address of a server that keeps what is posted."""
    Sink.posted.clear()
    with Serving(Sink) as server:
        yield server.url


def test_a_sample_is_signed_and_posted(sink: str) -> None:
    """Its kept headers go along, the signature is made anew, and the answer is the exit code."""
    sample = str(FOLDER / "instagram_comments.json")
    done = run("send", sample, f"{sink}/v1/hooks/instagram/main", "--secret", "mine")
    assert (done.exit_code, done.stdout) == (0, "200 counted\n")
    headers, body = Sink.posted[0]
    assert body == Path(sample).read_bytes()
    assert headers["x-hub-signature-256"] == "sha256=" + hex_hmac("mine", body)
    assert headers["user-agent"] == "facebookexternalua"
    assert run("send", sample, f"{sink}/v1/hooks/instagram/down").exit_code == 1


def test_a_key_is_shown_once_and_its_hash_is_what_is_kept() -> None:
    """The key on stdout, for a pipe into a secret store; the line for the settings on stderr."""
    done = run("key", "shop")
    made = done.stdout.strip()
    assert done.exit_code == 0
    assert made.startswith("pulse_w_")
    assert f"shop={hashlib.sha256(made.encode()).hexdigest()}" in done.stderr
    assert run("key", "my shop").exit_code == 2


def test_the_token_for_meta_is_made_of_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not give the secret away, and is another one for another source."""
    monkeypatch.setenv("PULSE_GATEWAY_SECRETS", "instagram-main=s\ninstagram-other=s")
    main, other = run("token", "instagram-main"), run("token", "instagram-other")
    assert main.exit_code == 0
    assert len(main.stdout.strip()) == 32
    assert main.stdout != other.stdout
    assert run("token", "shopify-main").exit_code == 2


def test_a_gateway_that_nobody_could_send_to_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without secrets and keys it would refuse everything: said at the start."""
    monkeypatch.delenv("PULSE_GATEWAY_SECRETS", raising=False)
    done = run()
    assert done.exit_code == 2
    assert "PULSE_GATEWAY_SECRETS" in done.stderr


def test_every_source_of_a_definition_has_its_address() -> None:
    """What somebody pastes into a platform, under the address that is reached from outside."""
    done = run("urls", "--base", "https://in.example/", "--definition", DEFINITION)
    assert done.exit_code == 0
    assert "https://in.example/v1/hooks/sweepwidget/main" in done.stdout
    assert "ga4" not in done.stdout  # it has an address of its own
    assert "/v1/hooks/shopify/main" in run("urls").stdout
