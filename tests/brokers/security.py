"""What a secured broker needs, made for a test: certificates by openssl, and a server of tokens with its keys."""

import base64
import json
import subprocess
import time
import urllib.parse
from pathlib import Path
from typing import Any, Final

from tests.serving import QuietHandler, Serving

_SECONDS: Final = 60.0
_NEW_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
ISSUER: Final = "https://login.test"
AUDIENCE: Final = "kafka"
STRANGER: Final = "stranger"
"""A client whose tokens are for another audience."""


def openssl(place: Path, *arguments: str, data: bytes | None = None) -> bytes:
    """Run openssl in a directory and return what it prints."""
    done = subprocess.run(
        ["openssl", *arguments], cwd=place, check=False, capture_output=True, timeout=_SECONDS, input=data
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


class Authority:
    """A certificate authority in a directory.

    Args:
        directory: Where its files go; it exists.
        name: What its files begin with.
    """

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self._directory, self._name = directory, name
        self.file = directory / f"{name}.pem"
        openssl(directory, "req", "-x509", *_NEW_KEY, "-keyout", f"{name}.key",
                "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign")  # fmt: skip

    def issue(self, name: str, alternative_name: str = "") -> tuple[Path, Path]:
        """Issue a certificate to a common name; return the files of the certificate and of its key (PKCS #8)."""
        place = self._directory
        openssl(place, "req", *_NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")  # fmt: skip
        extensions = place / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative_name}\n" if alternative_name else "")
        openssl(place, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{self._name}.pem", "-CAkey", f"{self._name}.key",
                "-CAcreateserial", "-days", "2", "-out", f"{name}.pem", "-extfile", extensions.name)  # fmt: skip
        return place / f"{name}.pem", place / f"{name}.key"


class TokenServer(Serving):
    """An OAuth token endpoint: client credentials in, a signed JWT out; its keys stand in a file for the broker.

    Args:
        directory: Where its keys go; it exists.
        clients: The secret of each client.
        life_seconds: How long a token is good.
    """

    def __init__(self, directory: Path, clients: dict[str, str], life_seconds: int) -> None:
        self._directory = directory
        self.clients = clients
        self.life_seconds = life_seconds
        self.issued = 0
        """Tokens issued so far."""
        openssl(directory, "genrsa", "-out", "tokens.key", "2048")
        modulus = openssl(directory, "rsa", "-in", "tokens.key", "-noout", "-modulus").decode().strip()
        number = bytes.fromhex(modulus.removeprefix("Modulus="))
        key = {"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": _encoded(number), "e": "AQAB"}
        self.jwks_file = directory / "jwks.json"
        self.jwks_file.write_text(json.dumps({"keys": [key]}))
        super().__init__(_handler(self))

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"{super().url}/token"

    def answer(self, authorization: str, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """Return status and JSON for a request, as RFC 6749 has it."""
        user, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        client = urllib.parse.unquote_plus(user)
        if self.clients.get(client) != urllib.parse.unquote_plus(secret):
            return 401, {"error": "invalid_client", "error_description": "no such client"}
        if form.get("grant_type") != ["client_credentials"]:
            return 400, {"error": "unsupported_grant_type"}
        self.issued += 1
        return 200, {"access_token": self._token(client), "token_type": "Bearer", "expires_in": self.life_seconds}

    def _token(self, client: str) -> str:
        now = int(time.time())
        audience = "elsewhere" if client == STRANGER else AUDIENCE
        claims = {"iss": ISSUER, "aud": audience, "sub": client, "iat": now, "exp": now + self.life_seconds}
        body = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "1"}, claims))
        signature = openssl(self._directory, "dgst", "-sha256", "-sign", "tokens.key", data=body.encode())
        return f"{body}.{_encoded(signature)}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _handler(server: TokenServer) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:
            form = urllib.parse.parse_qs(self.body().decode())
            status, told = server.answer(self.headers["Authorization"], form)
            self.answer(status, json.dumps(told).encode())

    return Handler
