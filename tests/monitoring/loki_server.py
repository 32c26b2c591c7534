"""A real Loki on monitoring/loki/loki.yml, where there is one on PATH; only its ports and folders are changed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from simulator.resources import shipped
from simulator.stack import leash
from simulator.telemetry.logs import LogEntry

PATIENCE_SECONDS = 120.0


def loki() -> str | None:
    """The program on PATH, if there is one."""
    return shutil.which("loki")


def adapted(folder: Path, http_port: int, grpc_port: int) -> Path:
    """A copy of the configuration for this folder and these ports, with the reference rules."""
    shutil.copytree(shipped("monitoring") / "loki" / "rules", folder / "rules")
    text = (shipped("monitoring") / "loki" / "loki.yml").read_text()
    content: dict[str, Any] = YAML(typ="safe").load(text)
    content["server"] |= {
        "http_listen_address": "127.0.0.1",
        "http_listen_port": http_port,
        "grpc_listen_port": grpc_port,
    }
    content["common"]["path_prefix"] = str(folder)
    content["common"]["storage"]["filesystem"] = {
        "chunks_directory": str(folder / "chunks"),
        "rules_directory": str(folder / "rules"),
    }
    content["compactor"]["working_directory"] = str(folder / "compactor")
    content["ruler"]["storage"]["local"]["directory"] = str(folder / "rules")
    content["ruler"]["rule_path"] = str(folder / "rules-temp")
    content["ruler"]["alertmanager_url"] = "http://127.0.0.1:9"
    path = folder / "loki.yml"
    with path.open("w") as file:
        YAML(typ="safe").dump(content, file)
    return path


@contextmanager
def running(folder: Path, program: str) -> Iterator[httpx.Client]:
    """A client of a Loki that is ready. Raises TimeoutError with its log when it does not become so."""
    config = adapted(folder, http_port := _free_port(), _free_port())
    with (folder / "loki.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), program, f"-config.file={config}"],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{http_port}", timeout=60) as client:
            _wait_until_ready(client, process, folder / "loki.log")
            yield client
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def push(client: httpx.Client, entries: Sequence[LogEntry], moved_ms: int = 0) -> None:
    """Write entries, each moved in time. Raises httpx.HTTPStatusError where Loki refuses some."""
    streams: dict[tuple[tuple[str, str], ...], list[list[str]]] = {}
    for entry in entries:
        line = [str((entry.at_ms + moved_ms) * 1_000_000), entry.line.decode()]
        streams.setdefault(tuple(entry.labels), []).append(line)
    body = {"streams": [{"stream": dict(labels), "values": values} for labels, values in streams.items()]}
    response = client.post("/loki/api/v1/push", json=body)
    assert response.status_code == 204, response.text


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise TimeoutError(log.read_text()[-2000:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
