"""The files that bring everything up: compose, image, and what they have to agree on. No engine is needed."""

import importlib.util
import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from agents.broker.topic_admin import changelog_topic
from agents.setting_names import described, described_files
from agents.settings import Settings
from models.read_keys import parse_read_keys
from streams.connectors.credentials import parse_secrets
from tests.observability.programs import ROOT, program, run

COMPOSE = ROOT / "docker-compose.yml"
LOGIN = ROOT / "docker-compose.login.yml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]

NO_PASSWORDS = {"redis_url", "gateway_redis_url", "gateway_sources", "gateway_read_keys"}
GATEWAY_FILES = {"REDIS_URL": "gateway_redis_url", "GATEWAY_READ_KEYS": "gateway_read_keys"}


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A copy of .env.example."""
    copied = tmp_path / "env"
    copied.write_text((ROOT / ".env.example").read_text())
    return copied


def test_the_compose_file_fits_the_specification() -> None:
    """The file is valid by the Compose specification's own JSON schema."""
    found = importlib.util.find_spec("check_jsonschema")
    assert found is not None
    assert found.submodule_search_locations
    (path,) = Path(found.submodule_search_locations[0]).glob("builtin_schemas/vendor/compose-spec.json")
    for file in (COMPOSE, LOGIN):
        jsonschema.validate(yaml.safe_load(file.read_text()), json.loads(path.read_text()))


def test_docker_compose_reads_the_file(environment: Path) -> None:
    """`docker-compose config` resolves every variable of a filled .env, with the demo and without."""
    compose = program("docker-compose")
    for profile in ((), ("--profile", "demo")):
        said = run([compose, "--env-file", str(environment), *profile, "config"])
        services = yaml.safe_load(said)["services"]
        assert {"kafka", "redis", "worker", "prometheus", "alertmanager", "grafana"} <= set(services)
        assert services["simulator"]["profiles"] == ["demo"]


def _secrets(service: dict[str, Any]) -> set[str]:
    return {each if isinstance(each, str) else each["source"] for each in service.get("secrets", ())}


def test_the_script_makes_every_secret_once(secrets: Path) -> None:
    """All that the compose files name: long, different, without a line end, behind a door; a second run keeps them."""
    named = {}
    for path in (COMPOSE, LOGIN):
        named |= yaml.safe_load(path.read_text())["secrets"]
    assert {name: each["file"] for name, each in named.items()} == {
        path.name: f"./secrets/{path.name}" for path in secrets.iterdir()
    }
    made = {path.name: path.read_text() for path in secrets.iterdir()}
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {0o444}
    passwords = {value for name, value in made.items() if name not in NO_PASSWORDS}
    assert len(passwords) == len(made) - len(NO_PASSWORDS)
    assert all(re.fullmatch("[0-9a-f]{48}", each) for each in passwords)
    url = Settings.from_environment({"PULSE_REDIS_URL_FILE": str(secrets / "redis_url")}).redis_url
    assert url == f"redis://pulse:{made['redis_password']}@redis:6379/0"
    gateway = {f"PULSE_{name}_FILE": str(secrets / file) for name, file in GATEWAY_FILES.items()}
    settings = Settings.from_environment(gateway)
    assert settings.redis_url == f"redis://gateway:{made['redis_gateway_password']}@redis:6379/0"
    assert settings.gateway_read_keys.startswith("# ")
    assert parse_read_keys(settings.gateway_read_keys) == ()
    sources = {"PULSE_GATEWAY_SECRETS_FILE": str(secrets / "gateway_sources")}
    (told,) = parse_secrets(Settings.from_environment(sources).gateway_secrets)["standard-main"]
    assert re.fullmatch("whsec_[0-9a-f]{48}", told)
    assert "is there already" in run(["sh", str(secrets.parent / "examples" / "make-secrets.sh")])
    assert {path.name: path.read_text() for path in secrets.iterdir()} == made


def test_no_secret_is_in_an_environment_or_a_command() -> None:
    """`docker inspect` and `ps` show those: every password comes from a file, and none has a default."""
    for path in (COMPOSE, LOGIN):
        for name, service in yaml.safe_load(path.read_text())["services"].items():
            for variable, value in service.get("environment", {}).items():
                if re.search("PASSWORD|SECRET|AUTH$|REDIS_URL", variable):
                    assert variable.endswith("_FILE"), (name, variable)
                    assert str(value).startswith("/run/secrets/"), (name, variable)
        assert "PASSWORD}" not in path.read_text()
    assert "PASSWORD" not in re.sub("^#.*$", "", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    assert "secrets" not in "".join((ROOT / ".dockerignore").read_text().splitlines()[1:])


def test_redis_does_not_start_with_an_empty_password(secrets: Path, tmp_path: Path) -> None:
    """The hash of nothing is a hash too: a user with it would let everybody in."""
    (secrets / "redis_reader_password").chmod(0o600)
    (secrets / "redis_reader_password").write_text("")
    script = SERVICES["redis"]["command"][2].replace("$$", "$").replace("/run/secrets", str(secrets))
    script = script.replace("/tmp/redis.conf", str(tmp_path / "redis.conf"))
    done = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "the secret redis_reader_password is empty\n"
    assert not (tmp_path / "redis.conf").exists()


def test_nobody_reaches_whom_he_does_not_speak_to() -> None:
    """Each pair that shares a network has something to say; stores of state and numbers are in internal ones only."""
    networks = yaml.safe_load(COMPOSE.read_text())["networks"]
    meet = {
        frozenset((one, other))
        for one in SERVICES
        for other in SERVICES
        if one != other and set(SERVICES[one]["networks"]) & set(SERVICES[other]["networks"])
    }
    clients = ("worker", "gateway", "definitions", "simulator")
    assert meet == {
        *(frozenset(("kafka", client)) for client in clients),
        *(frozenset((one, other)) for one in clients for other in clients if one != other),
        frozenset(("worker", "redis")),
        frozenset(("gateway", "redis")),
        frozenset(("worker", "prometheus")),
        frozenset(("gateway", "prometheus")),
        frozenset(("prometheus", "alertmanager")),
        frozenset(("prometheus", "grafana")),
        frozenset(("alertmanager", "grafana")),
    }
    for name, service in SERVICES.items():
        outside = [each for each in service["networks"] if not networks[each].get("internal")]
        assert bool(outside) == ("ports" in service), name


def test_no_service_can_gain_rights() -> None:
    """No capability, no new privileges, and for each program of others the user of its image, which is not root."""
    login = yaml.safe_load(LOGIN.read_text())["services"]["kafka-rights"]
    for name, service in [*SERVICES.items(), ("kafka-rights", login)]:
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    assert SERVICES["redis"]["user"] == "999:1000"
    assert {name for name, service in SERVICES.items() if not service.get("read_only")} == {"kafka", "grafana"}


def test_docker_compose_reads_the_file_of_the_login_on_top(environment: Path, secrets: Path) -> None:
    """What a service is told to log in with is a user that the broker has, with the rights of the documents."""
    compose = program("docker-compose")
    files = ("--file", str(COMPOSE), "--file", str(LOGIN))
    said = run([compose, "--env-file", str(environment), *files, "--profile", "demo", "config"])
    services = yaml.safe_load(said)["services"]
    kafka = services["kafka"]["environment"]
    # docker-compose writes each $ twice. That Kafka reads it so: tests/integration/test_secured_kafka.py.
    users = kafka["KAFKA_LISTENER_NAME_INTERNAL_PLAIN_SASL_JAAS_CONFIG"].replace("$$", "$")
    assert re.findall(r'user_(\w+)="\$\{dir:/run/secrets:(\w+)\}"', users) == [
        ("worker", "kafka_worker_password"),
        ("gateway", "kafka_gateway_password"),
        ("producer", "kafka_producer_password"),
    ]
    assert {f"kafka_{each}_password" for each in ("worker", "gateway", "producer")} <= _secrets(services["kafka"])
    protocols = dict(each.split(":") for each in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    for name, user in (
        ("worker", "worker"),
        ("gateway", "gateway"),
        ("definitions", "worker"),
        ("simulator", "worker"),
    ):
        variables = {
            key: str(value) for key, value in services[name]["environment"].items() if key.startswith("PULSE_")
        }
        assert {Path(path).name for key, path in variables.items() if key.endswith("_FILE")} == _secrets(services[name])
        for key in [key for key in variables if key.endswith("_FILE")]:
            secret = secrets / Path(variables[key]).name
            assert variables[key] == f"/run/secrets/{secret.name}"
            variables[key] = str(secret)
        settings = Settings.from_environment(variables)
        assert settings.kafka_sasl_password == (secrets / f"kafka_{user}_password").read_text()
        assert (settings.broker, settings.kafka_sasl_username) == ("kafka:19092", user)
        assert settings.kafka_security_protocol == protocols["INTERNAL"]
    given = " ".join(services["kafka-rights"]["command"])
    assert f"--group {Settings().group}" in given
    of_gateway = [line for line in given.splitlines() if "User:gateway" in line]
    assert [line.split("--operation ")[1].split()[0] for line in of_gateway] == ["Write", "Read"]
    assert "posts comments conversions inbox dead-letters;" in of_gateway[0]
    assert of_gateway[1].endswith(" campaign.definitions.v1")
    assert f"--topic {changelog_topic(Settings())}" in given


def test_the_example_names_every_variable() -> None:
    """.env.example has each variable of the compose file, and no other but Compose's own."""
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE.read_text() + LOGIN.read_text()))
    named = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named - {"COMPOSE_PROJECT_NAME"} == used


def test_every_service_is_bounded_and_watched() -> None:
    """Each service has limits, a health check unless it serves nothing, and waits for whom it needs."""
    for name, service in SERVICES.items():
        assert {"cpus", "memory"} == set(service["deploy"]["resources"]["limits"]), name
        own_check = service["image"].startswith("campaign-pulse:")  # the Dockerfile's
        assert "healthcheck" in service or own_check, name
        for needed, condition in service.get("depends_on", {}).items():
            assert needed in SERVICES
            assert condition["condition"] in {"service_healthy", "service_completed_successfully"}, name


def test_workers_scale() -> None:
    """Neither a fixed name nor a port of the host keeps a second worker from starting."""
    assert not {"container_name", "ports", "hostname"} & set(SERVICES["worker"])
    assert int(SERVICES["worker"]["stop_grace_period"].removesuffix("s")) > Settings().drain_seconds


def test_mounted_files_exist() -> None:
    """Whatever a service mounts from the repository is there: an engine would make an empty directory of it."""
    mounted = [volume for service in SERVICES.values() for volume in service.get("volumes", ())]
    own = [ROOT / volume.split(":")[0] for volume in mounted if volume.startswith("./")]
    assert len(own) >= 5
    assert all(path.exists() for path in own)


def test_the_dockerfile_passes_its_linter() -> None:
    """Hadolint finds nothing."""
    said = run([str(Path(sys.executable).parent / "hadolint"), "--failure-threshold", "info", "Dockerfile"])
    assert said == ""


def test_the_image_is_made_of_the_hashed_lock() -> None:
    """What the image installs has hashes and the versions that are tested, and leaves development tools out."""
    lock = _versions(ROOT / "requirements.lock")
    runtime = _versions(ROOT / "requirements-runtime.lock")
    assert runtime.items() <= lock.items()
    assert {"faust-streaming", "numpy", "redis"} <= set(runtime)
    assert not {"pytest", "mypy", "matplotlib", "scikit-learn"} & set(runtime)
    assert "--require-hashes" in (ROOT / "Dockerfile").read_text()
    text = (ROOT / "requirements-runtime.lock").read_text()
    assert text.count("--hash=sha256:") >= len(runtime)


def test_the_image_gets_what_it_copies() -> None:
    """.dockerignore lets through what the Dockerfile copies, and the user has no rights."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = [line.split()[1] for line in dockerfile.splitlines() if line.startswith("COPY ") and "--from" not in line]
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert all(f"!{path}" in allowed and (ROOT / path).exists() for path in copied)
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)[-1] not in {"root", "0"}
    assert "HEALTHCHECK" in dockerfile
    # Faust makes a directory where it starts, and every container of ours may write to /tmp only.
    assert re.search(r"FAUST_DATADIR=/tmp/\w+", dockerfile)
    assert "/tmp" in SERVICES["worker"]["tmpfs"]


def _versions(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", path.read_text(), re.MULTILINE))


def test_settings_of_the_deployments_exist() -> None:
    """Every PULSE_ variable that a deployment sets is a setting: an unknown one would end the worker."""
    known = {variable for variable, _, _ in [*described(), *described_files()]}
    texts = [COMPOSE.read_text(), LOGIN.read_text(), (ROOT / "Dockerfile").read_text()]
    texts += [path.read_text() for path in (ROOT / "k8s").glob("*.yaml")]
    used = set(re.findall(r"\b(PULSE_[A-Z_]+)\b(?:=|:| *\n)", "\n".join(texts)))
    assert len(used) >= 6
    assert used <= known
