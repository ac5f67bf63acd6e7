"""A mail server that keeps what Alertmanager sends: as much of SMTP as it takes, with a login."""

import base64
import email
import email.policy
import socketserver
from email.message import EmailMessage
from typing import Final

from tests.serving import Serving

PASSWORD: Final = "rehearsal-password"


class Mailbox(Serving):
    """Listens on a free port; ``mails`` has every message of somebody who logged in with ``PASSWORD``, as it came."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        mailbox = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                """Hold one conversation, to QUIT or the end of the connection."""
                is_known = False
                self._say("220 mailbox")
                while line := self.rfile.readline():
                    command, _, rest = line.decode().rstrip("\r\n").partition(" ")
                    match command.upper():
                        case "EHLO":
                            self._say("250-mailbox", "250 AUTH PLAIN")
                        case "AUTH":
                            login = base64.b64decode(rest.removeprefix("PLAIN ")).decode()
                            is_known = login.endswith(f"\0{PASSWORD}")
                            self._say("235 welcome" if is_known else "535 who are you")
                        case "MAIL" | "RCPT" | "RSET" | "NOOP":
                            self._say("250 ok" if is_known else "530 log in first")
                        case "DATA":
                            self._say("354 go on")
                            mailbox.mails.append(self._message())
                            self._say("250 kept")
                        case "QUIT":
                            self._say("221 bye")
                            return
                        case _:
                            self._say("502 not here")

            def _message(self) -> EmailMessage:
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line.removeprefix(b"."))
                return email.message_from_bytes(b"".join(lines), policy=email.policy.default)

            def _say(self, *lines: str) -> None:
                self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

        super().__init__(Session, socketserver.ThreadingTCPServer)
        self.address = f"127.0.0.1:{self.port}"

    def texts(self) -> list[str]:
        """Return the subject and the text of each mail, decoded."""
        return [f"{mail['Subject']}\n{_text(mail)}" for mail in self.mails]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None, "a mail without plain text"
    return "\n".join(str(body.get_content()).splitlines())  # lines of mails end with two characters
