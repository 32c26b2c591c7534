"""Standard exporters' families have the names, types, help and labels of the real ones.

exporters/*.json holds what Debian's exporters showed of them, against real servers (PostgreSQL 15 with a replica, Redis
7; nginx and Elasticsearch stood in for by their status documents). Where the exporters themselves are found, in
.tools/exporters (setup/exporters.sh) or on PATH, they are asked again.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.catalog.exposed import ExposedFamily
from simulator.catalog.families import Family
from simulator.catalog.inventory import families_of
from simulator.clock import WallClock
from simulator.observers.exposed import exposed_by
from simulator.observers.prometheus import PrometheusApi
from simulator.stack.binaries import find_binaries
from simulator.stack.local import LocalStack
from simulator.transport import http_client

HERE = Path(__file__).parent / "exporters"
TABLES: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text("utf-8")) for path in HERE.glob("*.json")}

# The contract pins newer versions than Debian has. What the table cannot know:
NEWER = {
    "pg_replication_lag_seconds": "a collector of its own since 0.12",
    "pg_replication_is_replica": "a collector of its own since 0.12",
    "node_systemd_unit_state": "needs systemd, which a container has not",
}
WITHOUT_SERVER = re.compile(r"pg_(stat_database|stat_bgwriter|database)_.*")
"""Collectors since 0.12, and without the label `server` since then."""


RUNTIME = ("go_", "process_")
"""What the client library tells of the exporter itself."""


def ours(job: str) -> dict[str, Family]:
    """The job's families, without the platform's own queries."""
    return {family.name: family for family in families_of(job) if not family.name.startswith("cryb_")}


@pytest.mark.parametrize(
    ("job", "name"),
    [(job, name) for job in TABLES for name in ours(job) if name not in NEWER and not name.startswith(RUNTIME)],
    ids=lambda part: part,
)
def test_a_family_is_as_the_real_exporter_has_it(job: str, name: str) -> None:
    seen, family = TABLES[job]["families"][name], ours(job)[name]
    labels = set(seen["labels"])
    if WITHOUT_SERVER.fullmatch(name):
        labels.discard("server")
    assert (family.type.value, family.help, set(family.label_names)) == (seen["type"], seen["help"], labels)


def test_the_tables_are_of_this_catalogue() -> None:
    assert {"node-exporter", "postgresql", "redis", "nginx", "elasticsearch", "blackbox-http", "blackbox-ssl"} == set(
        TABLES
    )
    for job, table in TABLES.items():
        assert table["families"].keys() <= ours(job).keys()


class StubStatus(BaseHTTPRequestHandler):
    """What nginx says at `stub_status`."""

    def do_GET(self) -> None:
        body = b"Active connections: 3 \nserver accepts handled requests\n 7 7 9 \nReading: 0 Writing: 1 Waiting: 2 \n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def status() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), StubStatus) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/stub_status"
        server.shutdown()


@contextmanager
def exporter(name: str, *flags: str) -> Iterator[str]:
    """A real exporter on a free port, for as long as it is looked at; skips where it is not there."""
    found = shutil.which(name, path=".tools/exporters/usr/bin") or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is neither in .tools/exporters/usr/bin nor on PATH")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [found, *(flag.format(address=address) for flag in flags)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://{address}/metrics", timeout=5)
                break
            except httpx.TransportError:
                assert process.poll() is None, f"{name} ended"
                time.sleep(0.05)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(10)


def described(exposition: str) -> dict[str, tuple[str, str]]:
    """Family to type and help."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", exposition, re.MULTILINE))
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", exposition, re.MULTILINE))
    return {name: (kind, helps.get(name, "").replace("\\\\", "\\")) for name, kind in types.items()}


def compare(job: str, exposition: str) -> None:
    real = described(exposition)
    shared = ours(job).keys() & real.keys()
    assert {name: real[name] for name in shared} == {
        name: (ours(job)[name].type.value, ours(job)[name].help) for name in shared
    }
    assert len(shared) > 5


def test_a_real_node_exporter_says_the_same() -> None:
    with exporter("prometheus-node-exporter", "--web.listen-address={address}") as url:
        compare("node-exporter", httpx.get(f"{url}/metrics").text)


def test_a_real_nginx_exporter_says_the_same(status: str) -> None:
    with exporter("prometheus-nginx-exporter", "-web.listen-address={address}", f"-nginx.scrape-uri={status}") as url:
        compare("nginx", httpx.get(f"{url}/metrics").text)


def test_a_real_blackbox_exporter_says_the_same(status: str, tmp_path: Path) -> None:
    modules = tmp_path / "blackbox.yml"
    modules.write_text("modules: {http_2xx: {prober: http}}", "utf-8")
    with exporter("prometheus-blackbox-exporter", "--web.listen-address={address}", f"--config.file={modules}") as url:
        probe = httpx.get(f"{url}/probe", params={"module": "http_2xx", "target": status}, timeout=20)
        compare("blackbox-http", probe.text)


@pytest.mark.stack
def test_the_real_prometheus_and_alertmanager_say_the_same(tmp_path: Path) -> None:
    binaries = find_binaries()
    with LocalStack(tmp_path, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path) as stack:
        receiver = "route: {receiver: none}\nreceivers: [{name: none}]\n"
        alertmanager = stack.start_alertmanager(receiver)
        address = alertmanager.removeprefix("http://")
        targets = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{address}']}}]}}]}}"
        (tmp_path / "rules.yml").write_text("groups: [{name: g, rules: [{record: a, expr: vector(1)}]}]")
        rules = f"rule_files: [{tmp_path}/rules.yml]"
        prometheus = stack.start_prometheus(lambda url: f"{targets}\n{rules}\n{scraping(url)}")
        deadline = time.monotonic() + 60
        while "prometheus_target_interval_length" not in (text := httpx.get(f"{prometheus}/metrics").text):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        compare("prometheus", text)
        held = held_by(prometheus, deadline)
        for name, (kind, words) in described(text).items():
            if name in held:  # what began since the last scrape is not there yet
                assert (str(held[name].type), held[name].help) == (kind, words)
        assert len(held) > 100
        compare("alertmanager", httpx.get(f"{alertmanager}/metrics").text)


def held_by(prometheus: str, deadline: float) -> dict[str, ExposedFamily]:
    """What `crybsim catalog diff` and `learn` read of a running Prometheus that scrapes itself, by name."""
    with http_client(prometheus) as client:
        while True:
            held = {family.name: family for family in exposed_by(PrometheusApi(client), WallClock())}
            if "prometheus_build_info" in held:
                return held
            assert time.monotonic() < deadline
            time.sleep(0.1)


def scraping(url: str) -> str:
    """A configuration's job for one server."""
    target = f"static_configs: [{{targets: ['{url.removeprefix('http://')}']}}]"
    return f"scrape_configs: [{{job_name: self, scrape_interval: 1s, {target}}}]"
