"""`crybsim demo`: a past up to now, then live, in one database."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from simulator.cli.main import main
from simulator.transport import http_client
from tests.cli.test_stack import eventually

FILES = {
    "prometheus.yml": """\
global: {scrape_interval: 5s, evaluation_interval: 5s}
rule_files: [rules.yml]
scrape_configs: [{job_name: cryb-api, static_configs: [{targets: ["api:3001"]}]}]
""",
    "rules.yml": "groups: [{name: g, rules: [{record: 'job:up:sum', expr: 'sum by (job) (up)'}]}]\n",
    "tiny.yaml": """\
name: tiny
description: An hour of a tiny platform.
start: 2026-01-07T20:00:00
duration: 1h
platform: {size: tiny}
traffic: {peak: 20/s, shape: flat}
""",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.stack
def test_a_dry_run_says_what_it_would_make(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "tiny.yaml", "--prometheus-config", "prometheus.yml", "--days", "3", "--dry-run"]) == 0
    assert capsys.readouterr().err == (
        "would make 3 days of tiny up to now, then live, in a local Prometheus on prometheus.yml\n"
    )
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--loki", "http://127.0.0.1:1"], "--loki goes with --remote-write"),
        (["--label", "a=b"], "--label goes with --remote-write"),
        (["--remote-write", "http://127.0.0.1:1", "--guide-ports"], "leave those flags out"),
        (["--days", "0"], "--days"),
    ],
)
def test_flags_that_do_not_go_together(
    flags: list[str], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "tiny.yaml", *flags]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.accept
@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_past_is_there_and_goes_on_live(folder: Path) -> None:
    command = [sys.executable, "-m", "simulator", "demo", "tiny.yaml", "--prometheus-config", "prometheus.yml"]
    with subprocess.Popen(
        [*command, "--days", "0.1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as demo:
        try:
            assert demo.stdout is not None
            urls = dict(demo.stdout.readline().split() for _ in range(4))
            began = time.time()

            def value(query: str) -> float:
                with http_client(urls["prometheus"]) as client:
                    answer = client.get("/api/v1/query", params={"query": query})
                result: Any = answer.json()["data"]["result"]
                return float(result[0]["value"][1]) if result else 0.0

            eventually(lambda: value("max(timestamp(up))") > began, 300)
            assert began - value("min_over_time(timestamp(up)[3h:5s])") > 2 * 3600
            assert value("count_over_time(job:up:sum[1h])") > 300  # what the rule recorded in the past, too
            assert value("sum(increase(http_requests_total[10m]))") > 1000
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(120)
