"""`crybsim sweep`: mistakes are one line, and (slowly) the whole of it on the real Prometheus."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest

from simulator.cli.main import main
from simulator.errors import ExitCode
from simulator.report.sweep_document import sweep_schema
from tests.rehearsals.running import MARK, survivors

RULES = """
groups:
  - name: sweep
    interval: 15s
    rules:
      - record: api:errors:ratio_rate1m
        expr: >-
          sum(rate(http_requests_total{job="cryb-api",code=~"5.."}[1m]))
          / sum(rate(http_requests_total{job="cryb-api"}[1m]))
      - {alert: Errors, expr: "api:errors:ratio_rate1m > 0.05", for: 30s}
      # the guide's: every series by itself, so that it is 1 wherever there is an error
      - alert: GuideErrors
        expr: >-
          rate(http_requests_total{job="cryb-api",code=~"5.."}[1m]) / rate(http_requests_total{job="cryb-api"}[1m])
          > 0.05
      - {alert: Gone, expr: 'absent(up{job="cryb-api"})'}
  - {name: graphite, type: graphite, rules: [{alert: OfAnother, expr: sumSeries(x)}]}
"""
PROMETHEUS = """
global: {scrape_interval: 15s, evaluation_interval: 15s}
scrape_configs:
  - job_name: cryb-api
    static_configs: [{targets: ["cryb-api:3001"]}]
"""
PROFILE = """
name: sweep
description: A share of requests fails.
start: 2026-01-07T20:00:00
duration: 6m
platform: {size: tiny}
traffic: {peak: 200/s, shape: flat}
faults:
  - {id: bad-release, kind: http_errors, at: 1m, for: 4m, intensity: 0.2}
  - {id: slow, kind: latency, at: 1m, for: 4m, parameters: {delay: 300ms}}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "prometheus.yml").write_text(PROMETHEUS)
    (tmp_path / "sweep.yaml").write_text(PROFILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fault", "bad-relase"], "--fault bad-relase: the profile has no such fault; did you mean 'bad-release'?"),
        (["--fault", "zzz"], "--fault zzz: the profile has no such fault; it has bad-release, slow"),
        ([], "--fault: which one? The profile has bad-release, slow"),
        (["--lowest", "0.5", "--highest", "0.1"], "intensities lie above 0 and up to 1, lowest first"),
        (["--highest", "2"], "intensities lie above 0 and up to 1, lowest first"),
        (["--html", "nowhere/x.html"], "--html nowhere/x.html: there is no folder nowhere"),
    ],
)
def test_a_mistake_is_one_line(here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    assert main(["sweep", "sweep.yaml", *arguments]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert says in told
    assert len(told.splitlines()) == 1


def test_a_profile_without_faults_has_nothing_to_sweep(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "sweep.yaml").write_text(PROFILE.partition("faults:")[0])
    assert main(["sweep", "sweep.yaml"]) == ExitCode.USAGE
    assert "no fault" in capsys.readouterr().err


def _swept(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    files = ["--prometheus-config", "prometheus.yml", "--rules", "rules.yml"]
    command = [sys.executable, "-m", "simulator", "sweep", "sweep.yaml", *files, "--fault", "bad-release", *arguments]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, check=False, timeout=900)


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(1000)
def test_each_alert_trips_at_its_threshold_and_the_guides_rule_is_insensitive(here: Path) -> None:
    done = _swept(here, "--points", "8", "--lowest", "0.01", "--html", "s.html", "--csv", "s.csv", "--json")
    assert done.returncode == ExitCode.INCONCLUSIVE, done.stderr  # of one alert nobody can say anything
    sweep: dict[str, Any] = json.loads(done.stdout)
    (left_out,) = sweep["not_evaluated"]
    assert "OfAnother is not evaluated: type is vmalert's, and Prometheus has nothing like it" in left_out
    jsonschema.validate(sweep, json.loads(sweep_schema()))
    trips = {trip["alert"]: trip for trip in sweep["trips"]}
    errors, guide = trips["Errors"], trips["GuideErrors"]
    assert errors["silent_at"] < 0.055
    assert 0.045 < errors["fires_at"] <= 0.2
    assert errors["threshold"] == 0.05
    assert errors["threshold_intensity"] == pytest.approx(0.05, rel=0.1)
    assert errors["insensitive"] is False
    assert guide["insensitive"] is True
    assert guide["fires_at"] < 0.02
    assert sweep["silent"] == ["Gone"]
    detected = [
        reaction["detect_ms"]
        for dose in sweep["doses"]
        for reaction in dose["reactions"]
        if reaction["alert"] == "Errors"
    ]
    assert detected == sorted(detected, reverse=True)  # the stronger, the faster
    assert "insensitive" in done.stderr
    assert (here / "s.html").read_text().count("<svg") >= 1
    rows = list(csv.DictReader((here / "s.csv").read_text().splitlines()))
    assert {row["alert"] for row in rows} == {"Errors", "GuideErrors"}
    assert len(rows) == 2 * len(sweep["doses"])


def _evaluates(process: psutil.Process) -> bool:
    """Whether it is a Prometheus with one intensity's samples."""
    try:
        return process.name() == "prometheus" and "at-" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


@pytest.mark.accept
@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ctrl_c_ends_it_and_leaves_no_process(here: Path) -> None:
    mark = f"sweep-{os.getpid()}-{time.monotonic_ns()}"
    command = [sys.executable, "-m", "simulator", "sweep", "sweep.yaml", "--fault", "slow", "--rules", "rules.yml"]
    process = subprocess.Popen(
        [*command, "--prometheus-config", "prometheus.yml"],
        cwd=here,
        env={**os.environ, MARK: mark},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not any(_evaluates(child) for child in survivors(mark)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 130
    assert survivors(mark) == []
