"""monitoring/loki: the limits that history needs, the two alerts, and what a real Loki makes of it all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from simulator.clock import WallClock
from simulator.engine.panels import read_dashboard
from simulator.engine.variables import Language
from simulator.profile.manifest import Manifest
from simulator.resources import shipped
from simulator.streams.logs import ModelLogs
from simulator.telemetry.interval import Interval
from simulator.telemetry.logs import LogEntry
from simulator.units import DAY, MINUTE
from tests.monitoring.loki_server import loki, push, running
from tests.streams.runs import fault, run_of

FOLDER = shipped("monitoring") / "loki"
CONFIG: dict[str, Any] = YAML(typ="safe").load(FOLDER / "loki.yml")
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for path in sorted((FOLDER / "rules" / "fake").glob("*.yml"))
    for group in YAML(typ="safe").load(path)["groups"]
    for rule in group["rules"]
}
GUIDE = (
    '{level="error"} |= "" | json',
    '{service="api"} | json | status >= 400',
    '{service="postgresql"} |= "slow query" | json',
    '{service="auth"} |= "failed" | json',
)
needs_loki = pytest.mark.skipif(loki() is None, reason="there is no loki on PATH: LogQL was not evaluated")


def test_a_month_is_kept_and_may_be_written() -> None:
    limits = CONFIG["limits_config"]
    assert limits["retention_period"] == "744h"
    assert CONFIG["compactor"]["retention_enabled"]
    assert not limits["reject_old_samples"]
    assert limits["unordered_writes"]
    assert CONFIG["schema_config"]["configs"][0]["from"] < "2021"


def test_the_alerts_are_those_of_the_table() -> None:
    assert {
        name: (rule["labels"]["severity"], rule["labels"]["category"], rule["for"]) for name, rule in RULES.items()
    } == {
        "ErrorLogBurst": ("warning", "security", "5m"),
        "AuthFailureLogs": ("critical", "security", "2m"),
    }
    for rule in RULES.values():
        assert {"summary", "description", "runbook_url", "dashboard_url"} <= rule["annotations"].keys()
        assert "$value" in rule["annotations"]["description"]


def lines_in_five_minutes(run: Manifest, minute: int, of: str) -> int:
    """How many lines that an alert counts there are, by one minute of a run."""
    begin_ms = run.started_ms + minute * MINUTE
    counted = 0
    for entry in ModelLogs(run).entries(Interval(begin_ms, begin_ms + MINUTE)):
        labels = dict(entry.labels)
        failed_login = labels["service"] == "auth" and b"failed" in entry.line
        counted += failed_login if of == "auth" else labels.get("level") == "error"
    return 5 * counted


@pytest.mark.slow
def test_limits_lie_between_ordinary_hours_and_attacks() -> None:
    (limit,) = map(int, re.findall(r"> (\d+)$", RULES["AuthFailureLogs"]["expr"]))
    attacked = run_of(fault("brute_force_login", at="15m", length="10m"))
    assert lines_in_five_minutes(attacked, 9, "auth") < limit < lines_in_five_minutes(attacked, 20, "auth")
    (floor,) = map(int, re.findall(r"> (\d+)\n", RULES["ErrorLogBurst"]["expr"]))
    broken = run_of(fault("http_errors", at="15m", length="10m", intensity=0.3))
    before, after = (lines_in_five_minutes(broken, minute, "error") for minute in (9, 20))
    assert before < floor < after
    assert after > 10 * before


def entries_of_a_run() -> list[LogEntry]:
    """Ten minutes in which every question of the guide has an answer."""
    run = run_of(fault("http_errors", intensity=0.2), fault("database_slow", intensity=0.5))
    return list(ModelLogs(run).entries(Interval(run.started_ms + 9 * MINUTE, run.started_ms + 14 * MINUTE)))


@needs_loki
@pytest.mark.slow
def test_a_real_loki_takes_history_and_answers_every_query(tmp_path: Path) -> None:
    entries = entries_of_a_run()
    newest_ms = WallClock().now_ms() - MINUTE
    old_ms = newest_ms - 29 * DAY
    program = loki()
    assert program
    with running(tmp_path, program) as client:
        for end_ms in (old_ms, newest_ms):  # the older first, as history is written
            for start in range(0, len(entries), 5000):
                push(client, entries[start : start + 5000], end_ms - entries[-1].at_ms)
        dashboard = read_dashboard(shipped("monitoring") / "grafana" / "dashboards" / "logs.json")
        targets = [target for panel in dashboard.panels for target in panel.targets]
        assert {target.language for target in targets} == {Language.LOGQL}
        for end_ms in (old_ms, newest_ms):
            span = {"start": (end_ms - 6 * MINUTE) * 1_000_000, "end": (end_ms + 1000) * 1_000_000}
            for query in (*GUIDE, *(dashboard.filled(t.expr, step_ms=MINUTE, range_ms=6 * MINUTE) for t in targets)):
                answer = client.get("/loki/api/v1/query_range", params={"query": query, "step": "60s", **span})
                assert answer.status_code == 200, (query, answer.text)
                assert answer.json()["data"]["result"], query
        labels = client.get("/loki/api/v1/labels", params={"start": (old_ms - DAY) * 1_000_000}).json()["data"]
        assert {"service", "level", "method", "status", "environment", "cluster", "instance"} <= set(labels)
        assert "duration" not in labels
        rules = client.get("/prometheus/api/v1/rules").json()["data"]["groups"]
        assert {rule["name"] for group in rules for rule in group["rules"]} == RULES.keys()
        for name, rule in RULES.items():
            answer = client.get("/loki/api/v1/query", params={"query": rule["expr"], "time": newest_ms * 1_000_000})
            assert answer.status_code == 200, (name, answer.text)
        burst = client.get(
            "/loki/api/v1/query", params={"query": RULES["ErrorLogBurst"]["expr"], "time": newest_ms * 1_000_000}
        ).json()["data"]["result"]
        assert float(burst[0]["value"][1]) > 100, "many errors, and none in the hour before"
