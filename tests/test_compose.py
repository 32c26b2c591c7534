"""docker-compose.sim.yml without Docker: pinned, healthy, nothing clashes, every command line is one that exists."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML
from typer.exceptions import TyperException

from simulator.cli.apps import app_of
from simulator.cli.commands import ENTRIES
from simulator.stack.binaries import find_binaries

ROOT = Path(__file__).parents[1]
COMPOSE = YAML(typ="safe").load(ROOT / "docker-compose.sim.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CONDITIONS = {"service_healthy", "service_completed_successfully"}
GUIDE_PORTS = {3001, 3005, 3100, 9090, 9093}

LOKI = YAML(typ="safe").load(ROOT / "monitoring/loki/loki.yml")
PROMTAIL = YAML(typ="safe").load(ROOT / "monitoring/promtail/promtail.yml")

each_service = pytest.mark.parametrize("name", SERVICES)


def filled(text: str) -> str:
    """With every `${NAME:-default}` replaced by its default, as where the environment says nothing."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def command(name: str) -> list[str]:
    return [filled(str(word)) for word in SERVICES[name].get("command", [])]


def parse(words: list[str]) -> typer.Context:
    """The command line as crybsim would read it; nothing is run. Raises TyperException."""
    program, name, *rest = words
    assert program == "crybsim"
    found = typer.main.get_command(app_of(ENTRIES[name]))
    if ENTRIES[name].parts:
        part, *rest = rest
        found = found.get_command(typer.Context(found), part)
        assert found is not None, f"crybsim {name} has no {part}"
    return found.make_context(name, rest)


def option(words: list[str], flag: str) -> str:
    return next(word.removeprefix(f"{flag}=") for word in words if word.startswith(f"{flag}="))


def crybsim_services() -> list[str]:
    return [name for name in SERVICES if command(name)[:1] == ["crybsim"]]


def bind_mounts() -> Iterator[tuple[str, str, str]]:
    """Service, path here, path in the container."""
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source, inside, *_ = volume.split(":")
            if source.startswith("."):
                yield name, source, inside
            else:
                assert source in COMPOSE["volumes"], volume


def started(profile: str) -> set[str]:
    """The services that `--profile` starts."""
    return {name for name, service in SERVICES.items() if profile in service["profiles"]}


def test_each_profile_starts_what_it_is_for() -> None:
    load = {"net", "files", "api", "locust-master", "locust-worker"}
    assert started("load") == load
    assert started("demo") == load | {
        *("emitter", "receivers", "prometheus", "alertmanager", "grafana", "loki", "promtail", "bugsink"),
    }
    assert started("rehearsal") == {"rehearsal"}
    assert SERVICES.keys() == started("demo") | started("rehearsal")


@pytest.mark.parametrize("profile", ["demo", "load", "rehearsal"])
def test_what_is_waited_for_is_started_too(profile: str) -> None:
    for name in started(profile):
        service = SERVICES[name]
        needed = set(service.get("depends_on", {})) | {service.get("network_mode", "").partition("service:")[2]} - {""}
        assert needed <= started(profile), name


# The keys that the Compose Specification has and this file uses; a key that is misspelt is none of them.
# https://github.com/compose-spec/compose-spec/blob/main/spec.md
SERVICE_KEYS = {
    *("image", "build", "command", "environment", "ports", "volumes", "profiles", "deploy", "depends_on"),
    *("healthcheck", "init", "network_mode", "restart", "working_dir"),
}


def test_keys_are_those_of_the_specification() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes"}
    for name, service in SERVICES.items():
        assert service.keys() <= SERVICE_KEYS, name
        assert service.get("build", {}).keys() <= {"context", "dockerfile"}, name
        assert service["healthcheck"].keys() <= {"test", "interval", "timeout", "retries", "start_period"}, name
        assert all(isinstance(word, str) for word in [*service.get("command", []), *service["healthcheck"]["test"]])
        assert all(isinstance(value, str) for value in service.get("environment", {}).values()), name


@each_service
def test_it_is_limited(name: str) -> None:
    limits = SERVICES[name]["deploy"]["resources"]["limits"]
    assert limits.keys() == {"cpus", "memory"}
    assert 0 < float(limits["cpus"]) <= 2
    assert re.fullmatch(r"\d+[MG]", limits["memory"])


def test_named_volumes_are_all_used() -> None:
    named = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {name for name in named if not name.startswith(".")} == COMPOSE["volumes"].keys()


def test_environment_is_never_needed_and_no_secret_of_production_is_written() -> None:
    written = (ROOT / "docker-compose.sim.yml").read_text()
    references = re.findall(r"\$\{(\w+)(:-[^}]*)?\}", written)
    assert all(default for _, default in references), references
    assert {name for name, _ in references} == {
        *("PROFILE", "LOCUST_USERS", "GRAFANA_ADMIN_PASSWORD", "SENTRY_DSN", "SENTRY_ENVIRONMENT"),
        *("BUGSINK_SECRET_KEY", "BUGSINK_SUPERUSER"),
    }


@each_service
def test_the_image_is_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].rpartition(":")
    assert image
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag)


@pytest.mark.parametrize(
    ("name", "release"),
    [
        ("prometheus", "v2.45."),
        ("alertmanager", "v0.25."),
        ("grafana", "10.0."),
        ("loki", "2.8."),
        ("promtail", "2.8."),
    ],
)
def test_the_version_is_the_platforms(name: str, release: str) -> None:
    assert SERVICES[name]["image"].rpartition(":")[2].startswith(release)


@each_service
def test_there_is_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= check.keys()
    if check["test"][1] == "python":
        compile(check["test"][3], name, "exec")


@each_service
def test_it_is_restarted_unless_it_is_to_end(name: str) -> None:
    ends = name == "rehearsal" or any(
        service.get("depends_on", {}).get(name, {}).get("condition") == "service_completed_successfully"
        for service in SERVICES.values()
    )
    assert SERVICES[name]["restart"] == ("no" if ends else "unless-stopped")


@each_service
def test_what_it_waits_for_exists(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        assert how["condition"] in CONDITIONS


def test_nobody_waits_in_a_circle() -> None:
    waiting = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    while waiting:
        free = {name for name, others in waiting.items() if not others}
        assert free, waiting
        waiting = {name: others - free for name, others in waiting.items() if name not in free}


def test_ports_are_the_guides_on_this_machine_only_and_do_not_clash() -> None:
    published = [port.rsplit(":", 2) for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(address == "127.0.0.1" for address, _, _ in published)
    assert all(outside == inside for _, outside, inside in published)
    outside = [int(port) for _, port, _ in published]
    assert len(set(outside)) == len(outside)
    assert set(outside) >= GUIDE_PORTS


@each_service
def test_all_share_one_loopback(name: str) -> None:
    service = SERVICES[name]
    if name == "net":
        assert "network_mode" not in service
    elif name == "rehearsal":
        assert service["network_mode"] == "none"
    else:
        assert service["network_mode"] == "service:net"
        assert "ports" not in service


def test_listeners_on_the_shared_loopback_do_not_clash() -> None:
    ports = [
        *(port for name in ("api", "emitter") for port in [parse(command(name)).params["port"]]),
        *(parse(command("receivers")).params[port] for port in ("http_port", "smtp_port")),
        int(option(command("locust-master"), "--web-port")),
        *(
            int(option(command(name), "--web.listen-address").rpartition(":")[2])
            for name in ("prometheus", "alertmanager")
        ),
        int(SERVICES["grafana"]["environment"]["GF_SERVER_HTTP_PORT"]),
        int(SERVICES["bugsink"]["environment"]["PORT"]),
        LOKI["server"]["http_listen_port"],
        LOKI["server"]["grpc_listen_port"],
        PROMTAIL["server"]["http_listen_port"],
        5557,  # Locust's master
    ]
    assert len(set(ports)) == len(ports) == 13
    published = {int(port.rsplit(":", 1)[1]) for port in SERVICES["net"]["ports"]}
    assert published <= set(ports)


def test_mounted_files_exist() -> None:
    mounts = list(bind_mounts())
    assert mounts
    for name, source, _ in mounts:
        assert (ROOT / source).exists(), f"{name} mounts {source}"


@each_service
def test_files_named_on_command_lines_exist(name: str) -> None:
    inside = {path: source for service, source, path in bind_mounts() if service == name} | {"/app": "."}
    for word in command(name):
        path = PurePosixPath(word.partition("=")[2] or word)
        for mounted, source in inside.items():
            if path.is_relative_to(mounted):
                assert (ROOT / source / path.relative_to(mounted)).exists(), word


@pytest.mark.parametrize("name", crybsim_services())
def test_crybsim_understands_its_command_line(name: str) -> None:
    assert parse(command(name)).params


def test_a_command_line_that_crybsim_does_not_know_would_be_noticed() -> None:
    with pytest.raises(TyperException):
        parse(["crybsim", "api", "--nosuch"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["locust-master", "locust-worker"])
def test_locust_understands_its_command_line(name: str) -> None:
    program, *arguments = command(name)
    assert program == "locust"
    parser = "import sys; from locust.argument_parser import get_parser; get_parser([]).parse_args(sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", parser, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.stack
@pytest.mark.parametrize(
    ("name", "more", "word"),
    [("prometheus", [], "err="), ("alertmanager", [], "err="), ("prometheus", ["--web.listen"], "unknown long flag")],
)
def test_the_servers_understand_their_command_lines(name: str, more: list[str], word: str, tmp_path: Path) -> None:
    found = find_binaries()
    program = {"prometheus": found.prometheus.path, "alertmanager": found.alertmanager.path}[name]
    folders = {"--storage.path": tmp_path, "--storage.tsdb.path": tmp_path, "--config.file": tmp_path / "none.yml"}
    flags = [flag.partition("=") for flag in command(name)]
    words = [f"{flag}={folders.get(flag, value)}" for flag, _, value in flags]
    done = subprocess.run([program, *words, *more], capture_output=True, text=True, check=False, timeout=60)
    assert word in done.stderr + done.stdout
    assert ("none.yml" in done.stderr) == (not more), (
        "without a mistake in the flags, it goes on to the file that is not there"
    )


def test_the_files_lead_to_where_the_others_listen() -> None:
    files = parse(command("files")).params
    assert files["emitter_url"].endswith(f":{parse(command('emitter')).params['port']}")
    assert files["api_url"].endswith(f":{parse(command('api')).params['port']}")
    receivers = parse(command("receivers")).params
    assert (files["http_port"], files["smtp_port"]) == (receivers["http_port"], receivers["smtp_port"])
    for server in ("prometheus", "alertmanager"):
        assert option(command(server), "--web.listen-address").endswith(files[f"{server}_url"].rpartition(":")[2])
        assert option(command(server), "--config.file") == f"{files['out']}/{server}.yml"


def test_grafana_asks_the_servers_of_this_file() -> None:
    (file,) = (ROOT / "monitoring/grafana/provisioning/datasources").glob("*.yml")
    sources = {source["type"]: source for source in YAML(typ="safe").load(file)["datasources"]}
    files = parse(command("files")).params
    assert {kind: source["url"] for kind, source in sources.items()} == {
        "prometheus": files["prometheus_url"],
        "alertmanager": files["alertmanager_url"],
        "loki": f"http://127.0.0.1:{LOKI['server']['http_listen_port']}",
    }
    uids = {source["uid"] for source in sources.values()}
    assert all(source["jsonData"].get("alertmanagerUid", "alertmanager") in uids for source in sources.values())
    assert [source["type"] for source in sources.values() if source.get("isDefault")] == ["prometheus"]


def test_grafana_finds_the_dashboards() -> None:
    (file,) = (ROOT / "monitoring/grafana/provisioning/dashboards").glob("*.yml")
    (provider,) = YAML(typ="safe").load(file)["providers"]
    assert provider["folder"]
    mounted = {inside: source for name, source, inside in bind_mounts() if name == "grafana"}
    assert len(list((ROOT / mounted[provider["options"]["path"]]).glob("*.json"))) == 5


def test_promtail_reads_what_emitter_and_api_write_and_sends_it_to_loki() -> None:
    mounted = {
        name: dict(volume.split(":")[:2] for volume in SERVICES[name]["volumes"]) for name in SERVICES if name != "net"
    }
    assert mounted["promtail"]["logs"] == "/var/log"
    root = mounted["emitter"]["logs"]
    assert parse(command("emitter")).params["logs"] == Path(root)
    assert mounted["api"]["logs"] == root
    written = parse(command("api")).params["log_file"].relative_to(root)
    jobs = [target["labels"] for job in PROMTAIL["scrape_configs"] for target in job["static_configs"]]
    read = [labels["service"] for labels in jobs if PurePosixPath("/var/log", written).match(labels["__path__"])]
    assert read == ["api"]
    (client,) = PROMTAIL["clients"]
    assert client["url"].startswith(f"http://127.0.0.1:{LOKI['server']['http_listen_port']}/")
    assert LOKI["ruler"]["alertmanager_url"] == parse(command("files")).params["alertmanager_url"]
    inside = [
        PurePosixPath(PROMTAIL["positions"]["filename"]),
        PurePosixPath(LOKI["ruler"]["storage"]["local"]["directory"]),
    ]
    for name, path in zip(("promtail", "loki"), inside, strict=True):
        volumes = [volume.split(":")[1] for volume in SERVICES[name]["volumes"]]
        assert any(path.is_relative_to(volume) for volume in volumes)


def test_the_image_is_built_from_what_is_there() -> None:
    built = {filled(str(service["build"]["dockerfile"])) for service in SERVICES.values() if "build" in service}
    assert built == {"docker/Dockerfile"}
    lines = (ROOT / "docker/Dockerfile").read_text().splitlines()
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copies = [shlex.split(line)[1:] for line in lines if line.startswith("COPY ")]
    copied = {source for words in copies if not words[0].startswith("--from=") for source in words[:-1]}
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)
    (base,) = [line.removeprefix("FROM ") for line in lines if line.startswith("FROM ")]
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)
    assert any(line.startswith("USER ") for line in lines)
    servers = {words[0].removeprefix("--from=") for words in copies if words[0].startswith("--from=")}
    assert servers == {SERVICES["prometheus"]["image"], SERVICES["alertmanager"]["image"]}
