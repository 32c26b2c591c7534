"""The SRE Workbook's table of burn-rate alerts (chapter 5, "Alerting on SLOs"), on the real Prometheus in virtual time.

Each error ratio fires the rules that it should and no other, each after the Workbook's detection time
`(1 - SLO) / error ratio × window × burn rate`: to two evaluations over the traffic as it was, and within what traffic
wanders by even under a flat curve for the formula's steady one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import ExitCode
from simulator.slo import WORKBOOK_ALERTS, Objective
from simulator.units import HOUR, MINUTE, format_duration
from tests.rehearsals.running import Finished, Rehearsal

OBJECTIVE = Objective(0.999)
EVALUATION_MS = MINUTE
WANDERS = 0.06
"""How much the traffic of some hours and that of the days before differ."""
WITHIN_SECONDS = 900
QUIET_MS = 10 * MINUTE
"""From the run's start to the onset."""

PROMETHEUS = """
global: {scrape_interval: 30s, evaluation_interval: 1m}
scrape_configs:
  - job_name: cryb-api
    static_configs: [{targets: ["cryb-api:3001"]}]
"""

PROFILE = """
name: workbook
description: A share of requests fails, {burn} times what the budget allows.
start: 2026-01-07T20:00:00
duration: {duration}
platform: {{size: tiny}}
traffic: {{peak: 100000/s, shape: flat, weekend: 1.0}}  # so many that chance moves no detection by an evaluation
faults:
  - {{id: burn, kind: http_errors, at: 10m, for: {lasts}, intensity: {ratio}}}
expect:
  alerts: [{expected}]
  silent: [{silent}]
"""

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(1000)]


def _name(burn_rate: float) -> str:
    return f"Burns{burn_rate:g}".replace(".", "_")


def _rules() -> str:
    def ratio(window_ms: int) -> str:
        window = format_duration(window_ms)
        failed = f'sum(rate(http_requests_total{{job="cryb-api",code=~"5.."}}[{window}]))'
        return f'{failed} / sum(rate(http_requests_total{{job="cryb-api"}}[{window}]))'

    lines = ["groups:", "  - name: workbook", "    rules:"]
    for alert in WORKBOOK_ALERTS:
        limit = f"{alert.burn_rate:g} * 0.001"
        lines.append(f"      - alert: {_name(alert.burn_rate)}")
        lines.append(f"        expr: ({ratio(alert.long_ms)}) > {limit} and ({ratio(alert.short_ms)}) > {limit}")
    return "\n".join(lines) + "\n"


def _rehearsed(folder: Path, burn: float) -> tuple[Finished, set[str]]:
    """A run at so many times the budget's rate, long enough for every rule that should fire; and which should."""
    ratio = min(OBJECTIVE.error_ratio(burn), 1.0)
    times = {_name(a.burn_rate): a.detection_ms(OBJECTIVE, ratio) for a in WORKBOOK_ALERTS}
    due = {name for name, after in times.items() if after is not None}
    lasts_ms = int(max((after for after in times.values() if after is not None), default=12 * HOUR)) + HOUR
    lasts_ms -= lasts_ms % MINUTE
    (folder / "prometheus.yml").write_text(PROMETHEUS)
    (folder / "rules.yml").write_text(_rules())
    (folder / "workbook.yaml").write_text(
        PROFILE.format(
            burn=burn,
            duration=format_duration(lasts_ms + QUIET_MS),
            lasts=format_duration(lasts_ms),
            ratio=ratio,
            expected=", ".join(f"{{name: {name}, caused_by: burn}}" for name in sorted(due)),
            silent=", ".join(sorted(times.keys() - due)),
        )
    )
    arguments = ["workbook.yaml", "--prometheus-config", "prometheus.yml", "--rules", "rules.yml"]
    return Rehearsal(folder, *arguments).finish(WITHIN_SECONDS), due


def _holds(folder: Path, burn: float) -> None:
    run, due = _rehearsed(folder, burn)
    assert run.exit_code == ExitCode.PASS, run.output
    predictions = {one["alert"]: one for one in run.verdict["predictions"]}
    assert predictions.keys() == {_name(alert.burn_rate) for alert in WORKBOOK_ALERTS}
    fired = {name for name, one in predictions.items() if one["detect_ms"] is not None}
    assert fired == due
    for name, one in predictions.items():
        assert one["agrees"], one
        assert (one["steady_detect_ms"] is None) == (name not in due), one
        if name in due:
            assert abs(one["detect_ms"] - one["predicted_detect_ms"]) <= 2 * EVALUATION_MS, one
            wanders_ms = WANDERS * one["steady_detect_ms"]
            assert abs(one["detect_ms"] - one["steady_detect_ms"]) <= wanders_ms + 2 * EVALUATION_MS, one


def test_what_burns_faster_than_the_fastest_rule_fires_all_of_them_in_their_time(tmp_path: Path) -> None:
    _holds(tmp_path, 1.3 * WORKBOOK_ALERTS[0].burn_rate)


@pytest.mark.accept
@pytest.mark.parametrize("burn", [0.7, *(1.3 * alert.burn_rate for alert in WORKBOOK_ALERTS[1:]), 100.0, 1000.0])
def test_each_error_ratio_of_the_table_fires_what_it_should(tmp_path: Path, burn: float) -> None:
    _holds(tmp_path, burn)
