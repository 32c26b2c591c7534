"""`crybsim api` as a process: its port carries both HTTP and Socket.IO, closes on both, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from simulator.api.tokens import mint_access_token
from simulator.catalog.accounts import account, signing_key
from simulator.clock import WallClock
from simulator.stack.processes import start_service
from tests.api.conftest import build_manifest
from tests.api.realtime.conftest import Client, eventually

TOKEN = "for-tests"


@pytest.mark.slow
@pytest.mark.accept
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_storm_outage_and_end_with_sockets_open(tmp_path: Path, ending: signal.Signals) -> None:
    started = WallClock().now_ms()
    manifest = build_manifest(scenarios=("http", "socketio"), started_ms=started)
    manifest.write(tmp_path / "manifest.json")
    key = signing_key(seed=manifest.seed, run_id=manifest.run_id)
    log = tmp_path / "api.log"
    argv = [sys.executable, "-m", "simulator", "api", "--manifest", str(tmp_path / "manifest.json"), "--port", "0"]
    service = start_service(
        [*argv, "--log-file", str(log)],
        name="api",
        log=tmp_path / "api.err",
        env={**os.environ, "CRYBSIM_ADMIN_TOKEN": TOKEN},
        ready_within_seconds=60,
    )
    clients: list[Client] = []

    def connect(number: int, transport: str, token: str = "") -> Client:
        client = Client(f"user {number}")
        clients.append(client)
        token = token or mint_access_token(account(number), key, issued_s=started // 1000)
        client.connect(service.urls["api"], auth={"token": token}, transports=[transport], wait_timeout=30)
        client.wait("ready")
        return client

    try:
        admin = httpx.Client(
            base_url=service.urls["admin"], headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False
        )
        api = httpx.Client(base_url=service.urls["api"], trust_env=False)
        with admin, api:
            for kind in ("websocket_disconnects", "outage"):
                pair = [connect(3, "websocket"), connect(4, "polling")]
                server: Any = pair[0].wait("ready")["servers"][0]
                assert pair[0].call("server:join", {"serverId": server["id"]})["success"] is True
                fault = {"id": "by-hand", "kind": kind, "for": "5m", "intensity": 1}
                assert admin.post("/overrides", json=fault).status_code == 201
                for client in pair:
                    assert client.over.wait(30)
                assert admin.delete("/overrides/by-hand").status_code == 204
                eventually(lambda: _answers(api), "the port to open again")
            with pytest.raises(Exception, match="onnect"):
                connect(3, "websocket", token="a.b.c")
            text = api.get("/metrics").text
            assert "\nsocketio_connected_clients 0.0\n" in text
            assert 'socketio_connection_errors_total{error_type="auth"} 1.0' in text
            types = [line for line in text.splitlines() if line.startswith("# TYPE ")]
            assert len(types) == len(set(types))
        last = [connect(3, "websocket"), connect(4, "polling")]
        os.kill(service.pid, ending)
        eventually(lambda: service.poll() is not None, "the process to end")
        for client in last:
            assert client.over.wait(30)
        assert service.poll() in (0, 130)
    finally:
        for client in clients:
            client.close()
        service.stop()
    assert "Traceback" not in (tmp_path / "api.err").read_text()
    (line,) = [one for one in map(orjson.loads, log.read_bytes().splitlines()) if "event" in one]
    assert (line["event"], line["reason"], line["level"]) == ("socket_auth_failed", "Invalid JWT structure", "warn")


def _answers(api: httpx.Client) -> bool:
    try:
        return api.get("/health").status_code == 200
    except httpx.TransportError:
        return False
