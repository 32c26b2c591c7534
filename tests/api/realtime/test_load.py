"""The load's own users on the reference API: both tell the same numbers, with and without a fault."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from simulator.stack.processes import Service, start_service
from tests.load.test_locust_run import driven_for, driving, write_manifest

pytestmark = [pytest.mark.slow, pytest.mark.accept]
TOKEN = "for-tests"


def total(service: Service, name: str) -> float:
    text = httpx.get(f"{service.urls['api']}/metrics", trust_env=False).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    )


@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_what_users_sent_and_missed_is_what_the_api_counted(tmp_path: Path, lost: float) -> None:
    write_manifest(tmp_path, peak="40/s", max_users=24, seconds=600, scenarios=["socketio"])
    service = start_service(
        [
            sys.executable,
            "-m",
            "simulator",
            "api",
            "--manifest",
            str(tmp_path / "manifest.json"),
            "--port",
            "0",
            "--no-rate-limits",
        ],
        name="api",
        log=tmp_path / "api.err",
        env={**os.environ, "CRYBSIM_ADMIN_TOKEN": TOKEN},
        ready_within_seconds=60,
    )
    try:
        if lost:
            fault = {"kind": "message_failures", "for": "10m", "intensity": lost}
            headers = {"authorization": f"Bearer {TOKEN}"}
            made = httpx.post(f"{service.urls['admin']}/overrides", json=fault, headers=headers, trust_env=False)
            assert made.status_code == 201
        with driving(tmp_path, [service.urls["api"]]) as run:
            driven_for(run, seconds=25)
            ended = run.finish()
        names = {totals.name: totals for totals in ended.totals}
        messages, echoes = names["SIO emit message:create"], names["SIO echo"]
        sent, failed, delivered = (
            total(service, f"cryb_message{what}") for what in ("s_total", "s_failed_total", "_latency_seconds_count")
        )
        assert sent == failed + delivered
        assert delivered == messages.requests - messages.failures == echoes.requests - echoes.failures > 20
        # what was lost shortly before the end, its sender still waited for
        assert 0 <= sent - messages.requests == failed - messages.failures <= 24 * lost
        assert (failed > 0) == (lost > 0)
        assert names["SIO connect"].failures == 0
        assert total(service, "socketio_connection_attempts_total") == names["SIO connect"].requests
        assert total(service, "socketio_connection_errors_total") == 0
        assert total(service, "socketio_connected_clients") == 0
    finally:
        service.stop()
    assert "Traceback" not in (tmp_path / "api.err").read_text()
