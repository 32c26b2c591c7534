"""Receivers of ours that died while the real Alertmanager notifies: it is told as our fault, of every kind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from simulator.receivers import Receivers, notification_failures
from simulator.stack.alertmanager_config import redirect
from simulator.stack.binaries import Binaries
from simulator.stack.local import LocalStack
from simulator.transport import http_client
from simulator.wire.notifications import STAND_IN_SILENT

EVERY_KIND = (Path(__file__).parent / "testdata" / "every-kind-0.25.yml").read_text()
KINDS = 13  # of integrations in that file
DEADLINE_SECONDS = 200.0

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def test_no_integration_blames_the_team_for_it(tmp_path: Path, binaries: Binaries) -> None:
    receivers = Receivers(lambda _: None, tmp_path)
    receivers.start()
    text = redirect(
        EVERY_KIND,
        http_url=receivers.http_url,
        smtp=receivers.smtp_address,
        source="alertmanager.yml",
        base_dir=tmp_path,
        proxy_url=receivers.proxy_url,
        ca_file=receivers.ca_file,
        version=binaries.alertmanager.version,
    ).text
    stack = LocalStack(tmp_path, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path)
    with stack, http_client(stack.start_alertmanager(text)) as client:
        assert receivers._loop is not None
        receivers._loop.call_soon_threadsafe(receivers._loop.stop)
        receivers._thread.join(60)
        assert receivers.problem
        alert = {"labels": {"alertname": "Down", "severity": "critical"}, "annotations": {"summary": "it is"}}
        client.post("/api/v2/alerts", json=[alert]).raise_for_status()
        deadline = time.monotonic() + DEADLINE_SECONDS
        while len(failures := notification_failures(stack.log("alertmanager"))) < KINDS:
            assert time.monotonic() < deadline, sorted(failure.kind for failure in failures)
            time.sleep(0.05)
    receivers.stop()
    blamed = [
        (failure.kind, failure.problem) for failure in failures if not failure.problem.startswith(STAND_IN_SILENT)
    ]
    assert blamed == []
