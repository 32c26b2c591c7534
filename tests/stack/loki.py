"""A real Loki for tests, where `loki` is on PATH; there is no way to install one here that touches nothing else."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

_CONFIG = """\
auth_enabled: false
server:
  http_listen_address: 127.0.0.1
  http_listen_port: {http}
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: {grpc}
  log_level: error
common:
  path_prefix: {folder}
  replication_factor: 1
  instance_addr: 127.0.0.1
  ring: {{instance_addr: 127.0.0.1, kvstore: {{store: inmemory}}}}
  storage: {{filesystem: {{chunks_directory: {folder}/chunks, rules_directory: {folder}/rules}}}}
memberlist: {{bind_addr: [127.0.0.1]}}
ingester: {{lifecycler: {{min_ready_duration: 0s}}}}
querier: {{query_ingesters_within: 0}}
schema_config:
  configs:
    - {{from: 2020-01-01, store: tsdb, object_store: filesystem, schema: v12, index: {{prefix: i_, period: 24h}}}}
analytics: {{reporting_enabled: false}}
limits_config: {limits}
"""


@contextmanager
def running_loki(folder: Path, **limits: object) -> Iterator[str]:
    """Its URL, once it takes pushes. Skips the test where there is none."""
    program = shutil.which("loki")
    if program is None:
        pytest.skip("there is no loki on PATH; put one there to have pushes checked by it")
    http, grpc = _free_ports()
    config = folder / "loki.yaml"
    config.write_text(_CONFIG.format(http=http, grpc=grpc, folder=folder / "data", limits=json.dumps(limits)))
    url = f"http://127.0.0.1:{http}"
    with (folder / "loki.log").open("wb") as log:
        process = subprocess.Popen([program, f"-config.file={config}"], stdout=log, stderr=log)
        try:
            _wait(process, url, folder / "loki.log")
            yield url
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def query(url: str, expression: str, at_ms: int) -> dict[tuple[tuple[str, str], ...], int]:
    """An instant query of counts: by labels."""
    response = httpx.get(
        f"{url}/loki/api/v1/query?{urlencode({'query': expression, 'time': at_ms * 1_000_000})}", timeout=60
    )
    assert response.status_code == 200, response.text
    found = response.json()["data"]["result"]
    return {tuple(sorted(one["metric"].items())): int(one["value"][1]) for one in found}


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if httpx.get(f"{url}/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
