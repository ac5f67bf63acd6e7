"""Secrets come from files, and never leave the process: one function masks them in every text that anybody sees."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

MASK: Final = "***"
_LARGEST_BYTES: Final = 65_536
# Up to the last @ of a run without blanks: a password that was not percent-encoded holds @, / and # itself. Another URL
# behind a separator begins a run of its own.
_USERINFO: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{0,30}://)"
    r"(?P<userinfo>(?:(?![,;|\"'()<>\[\]]{1,8}[a-z][a-z0-9+.-]{0,30}://)\S){0,8192})@",
    re.IGNORECASE,
)
"""All is bounded, because errors quote what strangers wrote; tokens for passwords may have 2,000 letters and more."""
_ARGUMENT: Final = re.compile(
    r"(?<![\w%.-])(?P<name>[\w%.-]{2,40})=(?P<quote>[\"']?)(?P<value>[^&\s]+?)(?=[\"'),.:;>\]]{0,20}(?:[&\s]|$))",
    re.ASCII,
)
_WITH_QUERY: Final = re.compile(
    r"[\w.-]*(?::\d+)?(?:/\d*)?\?(?:(?:username|password|db|client_name|ssl_\w+)=[^&]*(?:&|$))+", re.DOTALL
)
_SECRET_NAME: Final = re.compile(
    r"passw|passphrase|passwd|pwd|secret|token|credential|api_?key|access_?key|^pass$|^auth$|private_?key",
    re.IGNORECASE,
)


class SecretFileError(ValueError):
    """The file of a secret that cannot be used; the message names the variable, and its path if it is one."""


def read_secret(variable: str, path: str) -> str:
    """Return what stands in the file of a secret, without its last line end.

    Raises:
        SecretFileError: it cannot be read, is empty, too large or no UTF-8; the message names variable and path.
    """
    # What is no path may be the secret itself, put where the name of its file belongs.
    shown = path if path.startswith(("/", "./", "../")) else MASK
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise SecretFileError(f"{variable}={shown!r}: cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST_BYTES:
        raise SecretFileError(f"{variable}={shown!r}: larger than {_LARGEST_BYTES:,} bytes, this is no secret")
    try:
        text = data.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretFileError(f"{variable}={shown!r}: its contents are not UTF-8") from None
    if not text:
        raise SecretFileError(f"{variable}={shown!r}: the file is empty")
    return text


def masked(text: str) -> str:
    """Return a text with the passwords of all URLs in it replaced by ``***``, in userinfo and in query parameters.

    Hosts, users, ports and databases stay readable. A user without a password is masked as well: it is where a password
    without its colon lands.
    """
    return _ARGUMENT.sub(_without_value, _USERINFO.sub(_without_password, text))


def masked_value(text: str) -> str:
    """Return the value of a variable with its secrets masked, be it a URL or something that was meant to be one.

    Unlike ``masked`` this takes the whole text for one address: a broken password may hold blanks and ``://``.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "", text
    userinfo, at, place = rest.rpartition("@")
    if at and "@" in rest and not _only_in_query(userinfo):
        rest = f"{_user_of(userinfo)}{MASK}@{place}"
    return masked(f"{scheme}{separator}{rest}")


def _only_in_query(userinfo: str) -> bool:
    """Whether the @ stands in a query parameter of an address that is whole without it."""
    return _WITH_QUERY.fullmatch(userinfo) is not None


def _user_of(userinfo: str) -> str:
    user, colon, _ = userinfo.partition(":")
    return f"{user}:" if colon else ""


def _without_password(match: re.Match[str]) -> str:
    if _only_in_query(match["userinfo"]):
        return match[0]
    return f"{match['scheme']}{_user_of(match['userinfo'])}{MASK}@"


def _without_value(match: re.Match[str]) -> str:
    begin, value = f"{match['name']}={match['quote']}", match["value"]
    # A file's place is what its message is read for. What is no path may be the secret, put where its file belongs.
    is_place = match["name"].upper().endswith("_FILE") and value.startswith(("/", "./", "../"))
    if _SECRET_NAME.search(unquote(match["name"])) and not is_place:
        return begin + MASK
    return begin + _ARGUMENT.sub(_without_value, value)
