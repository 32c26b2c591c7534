"""What was recorded before a run: which rules, since when, and that it is what one long evaluation would have made."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from simulator.engine.density import Density
from simulator.engine.evaluate import Surroundings, evaluate_rules
from simulator.engine.groups import AlertingRule, RecordingRule, RuleGroup
from simulator.engine.schedule import production_grid
from simulator.engine.server import RuleServer, WrittenSeries
from simulator.rehearsal.history.doubts import doubtful
from simulator.rehearsal.history.recorded_past import RecordedPast, RecordedResults, recorded_past
from simulator.stack.binaries import find_binaries
from simulator.stack.local import LocalStack
from simulator.stack.virtual import start_virtual_prometheus
from simulator.telemetry.interval import Interval
from simulator.transport import http_client
from simulator.units import DAY, HOUR, MINUTE, SECOND

VERSION = "2.42.0"
STEP = 30 * SECOND
START = 1_772_600_400_000  # a full hour
BEGINS, ENDS = START + 3 * HOUR, START + 4 * HOUR
WARM = Interval(BEGINS - 10 * MINUTE, ENDS)
LOOKS_BACK = 2 * HOUR


def _group(prefix: str, *, window: str = "2h") -> RuleGroup:
    """A share, what it was over two hours, and alerts on both; the names of what is recorded begin with the prefix."""
    rules = (
        RecordingRule(f"{prefix}:asked", "sum(rate(asked_total[5m]))"),
        RecordingRule(f"{prefix}:share", f"sum(rate(failed_total[5m])) / {prefix}:asked"),
        RecordingRule(
            f"{prefix}:long", f"sum_over_time({prefix}:share[{window}]) / count_over_time({prefix}:share[{window}])"
        ),
        RecordingRule(f"{prefix}:unread", "max(asked_total)"),
        AlertingRule(f"{prefix}Share", f"{prefix}:share > 0.3"),
        AlertingRule(f"{prefix}Fewer", f"{prefix}:asked < {prefix}:asked offset 1h"),
    )
    return RuleGroup("shares", "rules.yml", STEP, rules)


def _past(prefix: str) -> RecordedPast:
    found = recorded_past([_group(prefix)], WARM, BEGINS - WARM.start_ms, VERSION)
    assert found is not None
    return found


def test_only_what_is_looked_back_on_and_what_it_is_made_of_is_evaluated_before_the_run() -> None:
    past = _past("x")
    assert past.names == {"x:share", "x:asked"}
    assert past.span.end_ms == WARM.start_ms
    first_looked_at = BEGINS - LOOKS_BACK
    assert first_looked_at - 10 * MINUTE <= past.span.start_ms <= first_looked_at
    assert past.before_ms("x:share", 10 * MINUTE) >= LOOKS_BACK
    assert past.before_ms("x:unread", 10 * MINUTE) == 10 * MINUTE


def test_what_the_runs_own_evaluations_cover_or_the_server_cannot_take_is_not_evaluated_before() -> None:
    assert recorded_past([_group("x", window="10m")], WARM, 2 * HOUR, VERSION) is None
    assert recorded_past([_group("x")], WARM, 10 * MINUTE, "2.38.0") is None


def test_an_alert_on_a_recorded_month_is_no_longer_doubtful_unless_the_thinned_past_cannot_tell() -> None:
    density = Density(7 * HOUR, 2 * MINUTE)

    def reasons(inner: str) -> list[str]:
        recording = RecordingRule("job:share", inner)
        groups = [
            RuleGroup("g", "f.yml", STEP, (recording, AlertingRule("Month", "avg_over_time(job:share[30d]) > 0.1")))
        ]
        past = recorded_past(groups, Interval(START, START + HOUR), 10 * MINUTE, VERSION)
        assert past is not None
        assert past.span.length_ms >= 30 * DAY - 10 * MINUTE
        assert any("recorded only from" in reason for _, reason in doubtful(groups, density, 10 * MINUTE))
        return [reason for _, reason in doubtful(groups, density, 10 * MINUTE, past)]

    assert reasons("sum(rate(asked_total[5m]))") == []
    (reason,) = reasons("sum(rate(asked_total[1m]))")
    assert "less than two samples" in reason


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RuleServer, httpx.Client]]:
    """A Prometheus with three hours in a block, and the run after it in its head."""
    binaries = find_binaries()
    folder: Path = tmp_path_factory.mktemp("recorded")
    drawn = random.Random(4)
    step, asked, failed = 15 * SECOND, [0.0], [0.0]
    for number in range((ENDS - START) // step):
        asked.append(asked[-1] + drawn.randrange(30, 60))
        failed.append(failed[-1] + drawn.randrange(0, 20 if number % 200 < 150 else 50))
    times_ms = START + step * np.arange(len(asked), dtype=np.int64)
    old = times_ms < WARM.start_ms
    lines = []
    for name, values in (("asked_total", asked), ("failed_total", failed)):
        lines.append(f"# TYPE {name.removesuffix('_total')} counter")
        lines += [f"{name} {value} {at_ms / 1000}" for value, at_ms in zip(values, times_ms[old], strict=False)]
    text = folder / "old.txt"
    text.write_text("\n".join([*lines, "# EOF", ""]))
    data = folder / "data" / "prometheus"
    made = ["tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", text, data]
    subprocess.run([binaries.promtool.path, *made], check=True, capture_output=True)
    with LocalStack(folder, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path) as stack:
        config = _past("x").config("global: {evaluation_interval: 30s}\n", ENDS)
        with http_client(start_virtual_prometheus(stack, config, data=data), timeout=60) as client:
            rules = RuleServer(client)
            for name, values in (("asked_total", asked), ("failed_total", failed)):
                new = np.array(values)[~old]
                rules.write([WrittenSeries((("__name__", name),), times_ms[~old], new)])
            yield rules, client


@pytest.mark.stack
def test_the_past_is_what_one_long_evaluation_would_have_recorded(server: tuple[RuleServer, httpx.Client]) -> None:
    rules, client = server
    grid = production_grid("rules.yml", "shares", STEP, VERSION)
    past = _past("apart")
    results = RecordedResults(past, VERSION, Surroundings())
    results.write(rules)
    apart = evaluate_rules(rules, [_group("apart")], WARM, [grid])
    evaluate_rules(rules, [_group("whole")], Interval(past.span.start_ms, ENDS), [grid])

    def values(name: str) -> list[list[object]]:
        query = {"query": f"{name}[5h]", "time": ENDS / 1000}
        (found,) = client.get("/api/v1/query", params=query).raise_for_status().json()["data"]["result"]
        told: list[list[object]] = found["values"]
        return told

    assert len(values("apart:share")) > (ENDS - past.span.start_ms) // STEP - 20
    assert values("apart:share") == values("whole:share")
    assert values("apart:asked") == values("whole:asked")
    during = [value for value in values("whole:long") if float(str(value[0])) * 1000 >= BEGINS]
    assert during == [value for value in values("apart:long") if float(str(value[0])) * 1000 >= BEGINS]
    assert not apart.failures
    fired = [one for one in apart.observations if getattr(one, "alert", "") == "apartFewer"]
    assert fired, "a draw around a constant rate is now above, now below what it was an hour ago"
