"""Variables that begin like ours and are none: whose they are, and which of ours was probably meant.

The prefix is shared with Kubernetes and Docker, which make variables of every Service and link called ``pulse...``
(kubelet's ``envvars.FromServices``, Docker's legacy links), and with PulseAudio and WSLg.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_LINK: Final = re.compile(
    r"PULSE(?:_\w+)?_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR|START|END))*)"
)
_LINK_VALUE: Final = re.compile(
    r"(?:tcp|udp|sctp)://(?:\[[0-9A-Fa-f:.%\w]+\]|[\w.-]+):\d{1,5}(?:-\d{1,5})?", re.IGNORECASE
)
_DOCKER_ENV: Final = re.compile(r"PULSE(?:_\w+)?_ENV_\w+")
_PULSEAUDIO: Final = re.compile(
    r"PULSE_(?:SERVER|SINK|SOURCE|CLIENTCONFIG|CONFIG|CONFIG_PATH|STATE_PATH|RUNTIME_PATH|COOKIE|BINARY|SCRIPT|DLPATH"
    r"|LATENCY_MSEC|PROP(?:_.*)?|LOG|LOG_(?:SYSLOG|COLORS|TIME|FILE|META|BACKTRACE|BACKTRACE_SKIP|NO_RATE_?LIMIT|JOURNAL)"
    r"|ALSA_HOOK_CONF|NO_SIMD|INTERNAL|AUDIO_\w+)"
)
_MEANT: Final[Mapping[str, str]] = {
    "BOOTSTRAP": "BROKER",
    "BOOTSTRAP_SERVERS": "BROKER",
    "KAFKA": "BROKER",
    "KAFKA_BOOTSTRAP_SERVERS": "BROKER",
    "KAFKA_URL": "BROKER",
    "GROUP_ID": "GROUP",
    "CONSUMER_GROUP": "GROUP",
    "VERBOSITY": "LOG_LEVEL",
    "LOGGING": "LOG_LEVEL",
    "KAFKA_USER": "KAFKA_SASL_USERNAME",
    "KAFKA_SASL_USER": "KAFKA_SASL_USERNAME",
    "SASL_USER": "KAFKA_SASL_USERNAME",
    "KAFKA_PASS": "KAFKA_SASL_PASSWORD",
    "KAFKA_SASL_PASS": "KAFKA_SASL_PASSWORD",
    "SASL_PASS": "KAFKA_SASL_PASSWORD",
    "KAFKA_SSL_CA_LOCATION": "KAFKA_SSL_CA_FILE",
    "KAFKA_SSL_CERTIFICATE_LOCATION": "KAFKA_SSL_CERT_FILE",
    "KAFKA_SSL_KEY_LOCATION": "KAFKA_SSL_KEY_FILE",
    "REDIS_HOST": "REDIS_URL",
    "REDIS_USER": "REDIS_URL",
    "REDIS_USERNAME": "REDIS_URL",
    "REDIS_PASSWORD": "REDIS_URL",
}
"""Other names under which a setting is looked for."""


def is_service_link(variable: str, environ: Mapping[str, str]) -> bool:
    """Return whether kubelet or Docker made a variable, one that has a setting's name as well.

    A Service ``pulse-metrics`` makes ``PULSE_METRICS_PORT=tcp://10.0.0.1:9464``. It counts as a link only beside others
    of the same Service: alone it is a setting with a bad value.
    """
    base, separator, last = variable.rpartition("_")
    if not separator or last != "PORT" or _LINK_VALUE.fullmatch(environ[variable]) is None:
        return False
    siblings = re.compile(
        rf"{re.escape(base)}_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?|NAME|ENV_\w+)"
    )
    return any(siblings.fullmatch(each) for each in environ)


def is_foreign(variable: str, environ: Mapping[str, str]) -> bool:
    """Return whether a variable that is no setting is known to be of Kubernetes, Docker, PulseAudio or WSLg."""
    if _LINK.fullmatch(variable) or _DOCKER_ENV.fullmatch(variable) or _PULSEAUDIO.fullmatch(variable):
        return True
    value = environ[variable]
    if variable.endswith("_PORT"):
        return _LINK_VALUE.fullmatch(value) is not None or f"{variable.removesuffix('_PORT')}_SERVICE_HOST" in environ
    return variable.endswith("_NAME") and value.startswith("/")


def probably_meant(variable: str, known: Iterable[str]) -> str | None:
    """Return the setting that a variable's name resembles, or None when it resembles none."""
    name = _bare(variable)
    names = {_bare(each): each for each in known}
    if name in _MEANT:
        return names.get(_MEANT[name])
    ranked = sorted((_difference(name, each), _edits(name, each), each) for each in names)
    if not ranked:
        return None
    difference, _, nearest = ranked[0]
    return names[nearest] if difference <= _tolerance(nearest) else None


def _bare(variable: str) -> str:
    return variable.upper().removeprefix("PULSE_").strip("_")


def _tolerance(name: str) -> int:
    return 1 if len(name) < 6 else 2 if len(name) < 12 else 3


def _difference(name: str, setting: str) -> int:
    """Edits between two names; words in another order, and one word too many or too few, count as one."""
    words, wanted = name.split("_"), setting.split("_")
    apart = min(
        _edits(name, setting),
        _edits("".join(words), "".join(wanted)),
        _edits("_".join(sorted(words)), "_".join(sorted(wanted))),
    )
    extra, missing = set(words) - set(wanted), set(wanted) - set(words)
    if set(words) & set(wanted) and (len(extra), len(missing)) in ((1, 0), (0, 1)):
        apart = min(apart, 1)
    return apart


def _edits(left: str, right: str) -> int:
    """Optimal string alignment distance: insert, delete, replace, and swap of neighbours."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, char in enumerate(left, start=1):
        older, before = before, row
        row = [i]
        for j, other in enumerate(right, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != other))
            if i > 1 and j > 1 and char == right[j - 2] and left[i - 2] == other:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]
