"""`crybsim demo`: a past up to now, then live, in one database."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from simulator.cli.main import main
from simulator.cli.panels_view import dashboard_files
from simulator.profile.settings import load_settings
from simulator.stack.binaries import find_binaries
from simulator.transport import http_client
from tests.cli.test_stack import eventually
from tests.stack.remote_prometheus import RemotePrometheus

FILES = {
    "prometheus.yml": """\
global: {scrape_interval: 5s, evaluation_interval: 5s}
rule_files: [rules.yml]
scrape_configs: [{job_name: cryb-api, static_configs: [{targets: ["api:3001"]}]}]
""",
    "rules.yml": "groups: [{name: g, rules: [{record: 'job:up:sum', expr: 'sum by (job) (up)'}]}]\n",
    "own.json": """\
{"title": "Own", "panels": [
  {"title": "Requests", "targets": [{"refId": "A", "expr": "sum(rate(http_requests_total[$__rate_interval]))"}]},
  {"title": "Misspelt", "targets": [{"refId": "A", "expr": "sum(rate(http_request_total[$__rate_interval]))"}]}
]}
""",
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


def test_whose_dashboards_are_looked_at(folder: Path) -> None:
    assert len(dashboard_files(None, load_settings())) == 5
    (folder / "crybsim.yaml").write_text("dashboards: [o*.json]\n")
    assert [path.name for path in dashboard_files(None, load_settings())] == ["own.json"]
    (folder / "other.json").write_text("{}")
    assert [path.name for path in dashboard_files(["other.json"], load_settings())] == ["other.json"]


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
        (["--remote-write", "http://127.0.0.1:1", "--listen", "127.0.0.2"], "leave those flags out"),
        (["--days", "0"], "--days"),
        (["--incident", "http_errrs@-3h"], "did you mean 'http_errors'?"),
        (["--dashboards", "none/*.json"], "none/*.json: no such file"),
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
        [*command, "--days", "0.1", "--incident", "http_errors@-1h/20m", "--dashboards", "own.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
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
            failed = 'sum(increase(http_requests_total{code=~"5.."}[10m] offset 45m))'
            assert 0.2 < value(f"{failed} / sum(increase(http_requests_total[10m] offset 45m))") < 0.3
            assert [demo.stdout.readline().rstrip() for _ in range(2)] == [
                "panels with data: 1 of 2",
                "  empty          Own / Misspelt: http_request_total is not in the catalogue; "
                "did you mean 'http_requests_total'?",
            ]
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(120)


@pytest.mark.accept
@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL])
def test_started_again_it_fills_the_gap_in_a_prometheus_that_runs(
    ended_by: signal.Signals, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    with RemotePrometheus(folder / "remote", find_binaries()) as remote:
        remote.start()
        command = [sys.executable, "-m", "simulator", "demo", "tiny.yaml", "--days", "0.05", "--dashboards", "own.json"]
        began = time.time()
        for number in range(2):
            with subprocess.Popen(
                [*command, "--remote-write", remote.url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ) as demo:
                try:
                    assert demo.stdout is not None
                    assert demo.stdout.readline() == "panels with data: 1 of 2\n"
                    since = time.time()
                    eventually(lambda since=since: newest(remote) > since + 20, 300)
                finally:
                    demo.send_signal(ended_by if number == 0 else signal.SIGINT)
                    demo.wait(120)
            if number == 0:
                time.sleep(45)  # the gap itself: three scrapes
        up = {labels: times for labels, times in scraped(remote).items() if ("job", "cryb-api") in labels}
        for times in up.values():
            assert times[0] < began - 3900
            assert max(b - a for a, b in pairwise(times)) < 40
        assert up


def scraped(remote: RemotePrometheus) -> dict[Any, list[float]]:
    """When each target was scraped, in seconds."""
    with http_client(remote.url) as client:
        answer = client.get("/api/v1/query", params={"query": "up[2h]", "time": time.time()})
    return {
        tuple(sorted(one["metric"].items())): [float(at) for at, _ in one["values"]]
        for one in answer.json()["data"]["result"]
    }


def newest(remote: RemotePrometheus) -> float:
    """The newest scrape, in seconds."""
    return max((times[-1] for times in scraped(remote).values()), default=0.0)
