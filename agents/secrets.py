"""Secrets come from files, and never leave the process: one function masks them in every text that anybody sees."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

MASK: Final = "***"
_LARGEST_BYTES: Final = 65_536
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,30}://", re.IGNORECASE)
_END: Final = re.compile(r"\s|[,;|\"'()<>\[\]]{1,8}(?=[a-z][a-z0-9+.-]{0,30}://)", re.IGNORECASE)
"""Of a run without blanks; another URL behind a separator begins a run of its own."""
_LONGEST_SCHEME: Final = 34
_LONGEST_USERINFO: Final = 8_192
"""All is bounded, because errors quote what strangers wrote; tokens for passwords may have 2,000 letters and more."""
_ARGUMENT: Final = re.compile(
    r"(?<![\w%.-])(?P<name>[\w%.-]{2,40})=(?P<quote>[\"']?)(?P<value>[^&\s]+?)(?=[\"'),.:;>\]]{0,20}(?:[&\s]|$))",
    re.ASCII,
)
_ARGUMENT_NAME: Final = re.compile(r"(?<![\w%.-])(?P<name>[\w%.-]{2,40})=[\"']?", re.ASCII)
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
        SecretFileError: it cannot be read, is empty, too large, no UTF-8 or has NUL in it, which no secret of ours can;
            the message names variable and path.
    """
    path = path.strip()
    if path[:1] in ("'", '"') and path[-1:] == path[:1]:
        raise SecretFileError(f"{variable}: the quotes are a part of the value; leave them out")
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
    if "\0" in text:
        raise SecretFileError(f"{variable}={shown!r}: it has NUL in it: UTF-16 without its mark, or no text at all")
    return text


def masked(text: str) -> str:
    """Return a text with the passwords of all URLs in it replaced by ``***``, in userinfo and in query parameters.

    Hosts, users, ports and databases stay readable. A user without a password is masked as well: it is where a password
    without its colon lands.
    """
    return _ARGUMENT.sub(_without_value, _without_passwords(text) if "@" in text else text)


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


def _without_passwords(text: str) -> str:
    """Return a text with every userinfo of an address masked, in time linear in its length.

    A userinfo goes up to the last @ of a run: a password that was not percent-encoded holds @, / and # itself.
    """
    pieces, copied, end, next_at = [], 0, -1, -1
    scheme = _SCHEME.search(text)
    while scheme is not None:
        begin = scheme.end()
        if next_at < begin and (next_at := text.find("@", begin)) < 0:
            break
        if next_at - begin > _LONGEST_USERINFO:
            scheme = _SCHEME.search(text, max(begin, next_at - _LONGEST_USERINFO - _LONGEST_SCHEME))
            continue
        if end < begin:
            found = _END.search(text, begin)
            end = len(text) if found is None else found.start()
        at = text.rfind("@", begin, min(end, begin + _LONGEST_USERINFO + 1))
        if at >= 0:
            if not _only_in_query(text[begin:at]):
                pieces += [text[copied:begin], _user_of(text[begin:at]), MASK]
                copied = at
            begin = at
        scheme = _SCHEME.search(text, begin)
    return "".join([*pieces, text[copied:]])


def _without_value(match: re.Match[str]) -> str:
    """Return an argument, or a chain of them (``a=b=c``), without what stands behind the first name of a secret."""
    chain = match[0]
    for each in _ARGUMENT_NAME.finditer(chain):
        # A file's place is what its message is read for. What is no path may be the secret, put where its file belongs.
        is_place = each["name"].upper().endswith("_FILE") and chain.startswith(("/", "./", "../"), each.end())
        if _SECRET_NAME.search(unquote(each["name"])) and not is_place and each.end() < len(chain):
            return chain[: each.end()] + MASK
    return chain
