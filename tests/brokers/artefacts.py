"""Apache Kafka's published artefacts: the jars of tests/kafka/pom.xml, fetched once by Maven into var/kafka/."""

import fcntl
import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from tests.brokers.kinds import BrokerError

_ROOT: Final = Path(__file__).parents[2]
_POM: Final = _ROOT / "tests" / "kafka" / "pom.xml"
_CACHE: Final = _ROOT / "var" / "kafka"
_LEAST_JAVA: Final = 17
_FETCH_SECONDS: Final = 300


def kafka_version() -> str:
    """The version of Apache Kafka that the pom names."""
    version = ElementTree.parse(_POM).findtext(".//{*}kafka.version")
    if not version:
        raise BrokerError(f"{_POM} has no property kafka.version")
    return version


def java_version() -> str:
    """The version of the Java that runs Kafka.

    Raises:
        BrokerError: There is none, or it is too old.
    """
    program = _program("java")
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=True, timeout=60).stderr
    found = re.search(r'version "((\d+)[^"]*)"', told)
    if found is None:
        raise BrokerError(f"`java -version` tells no version: {told!r}")
    if int(found[2]) < _LEAST_JAVA:
        raise BrokerError(f"Apache Kafka {kafka_version()} needs Java {_LEAST_JAVA}, this is {found[1]}")
    return found[1]


def kafka_class_path() -> str:
    """The class path of Kafka's server and tools; fetches the jars when they are not there yet.

    Raises:
        BrokerError: Java or Maven is missing, or Maven cannot fetch.
    """
    java_version()
    # A changed pom is another directory: what was fetched for the old one is never mixed in.
    pom_id = hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    jars = _CACHE / f"{kafka_version()}-{pom_id}"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may start at once
        if not jars.exists():
            _fetch(jars)
    return f"{jars}/*"


def java() -> str:
    """The program that runs Kafka."""
    return _program("java")


def _fetch(jars: Path) -> None:
    partial = jars.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [
        _program("mvn"),
        *("--quiet", "--batch-mode", "--no-transfer-progress"),
        *("--file", str(_POM)),
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={partial}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_FETCH_SECONDS)
    if done.returncode != 0 or not list(partial.glob("kafka_2.13-*.jar")):
        raise BrokerError(f"Maven cannot fetch Apache Kafka {kafka_version()}:\n{(done.stdout + done.stderr)[-3000:]}")
    partial.rename(jars)


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise BrokerError(f"`{name}` is not installed: Apache Kafka for tests needs Java {_LEAST_JAVA} and Maven")
    return path
