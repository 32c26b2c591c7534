"""The values behind the alerts: asked for at the instants of evaluation, and never a reason for a run to fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from simulator.clock import ManualClock
from simulator.engine.rules import RuleSet
from simulator.engine.schedule import production_grid
from simulator.observers import PrometheusApi
from simulator.rehearsal.figures.series import LONGEST_SECONDS, MOST_POINTS, MOST_SERIES, read_report_series
from simulator.telemetry.interval import Interval
from simulator.units import DAY, HOUR, MINUTE, SECOND
from tests.verdict.scene import START, rule

SPAN = Interval(START, START + 12 * MINUTE)
HIGH = replace(rule("High"), expr="job:errors:ratio5m > 14.4 * 0.001 and rate(errors[1h]) > 14.4 * 0.001")
RULES = RuleSet((HIGH,), {"job:errors:ratio5m": ("rate(errors[5m]) / rate(requests[5m])",)})

Answer = Callable[[dict[str, str]], list[dict[str, Any]]]


def api(answer: Answer) -> PrometheusApi:
    """Prometheus, answering range queries with what a test says."""

    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/query_range"
        asked = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        return httpx.Response(200, json={"status": "success", "data": {"result": answer(asked)}})

    return PrometheusApi(httpx.Client(transport=httpx.MockTransport(handle), base_url="http://prometheus.test"))


def series(labels: dict[str, str], *values: float, start: int = START) -> dict[str, Any]:
    return {"metric": labels, "values": [[(start + n * 15 * SECOND) / 1000, repr(v)] for n, v in enumerate(values)]}


def clock() -> ManualClock:
    return ManualClock(SPAN.end_ms)


def test_each_comparison_is_asked_for_at_the_instants_of_its_evaluation() -> None:
    asked: list[dict[str, str]] = []

    def answer(query: dict[str, str]) -> list[dict[str, Any]]:
        asked.append(query)
        return [series({"__name__": "x", "service": "cryb-api"}, 0.01, 0.2)]

    read = read_report_series(api(answer), RULES, SPAN, "2.42.0", clock())
    assert read.problem == ""
    assert [query["query"] for query in asked] == ["job:errors:ratio5m", "rate(errors[1h])"]
    grid = production_grid(HIGH.file, HIGH.group, HIGH.interval_ms, "2.42.0").instants(SPAN)
    assert {round(float(query["start"]) * 1000) for query in asked} == {int(grid[0])}
    assert {round(float(query["end"]) * 1000) for query in asked} == {int(grid[-1])}
    assert {query["step"] for query in asked} == {"15.000"}
    assert {query["timeout"] for query in asked} == {f"{LONGEST_SECONDS * 1000:.0f}ms"}
    first, second = read.series
    assert (first.alert, first.op, first.threshold, first.part) == ("High", ">", pytest.approx(0.0144), "")
    assert first.labels == (("service", "cryb-api"),)
    assert list(zip(first.times_ms, first.values, strict=True)) == [(START, 0.01), (START + 15 * SECOND, 0.2)]
    assert (first.window_ms, second.window_ms) == (5 * MINUTE, HOUR)
    assert first.budget == pytest.approx(0.001)
    assert second.part == "and"


def test_a_rule_that_was_left_out_is_not_asked_for_and_takes_no_room_however_long_the_run() -> None:
    left_out = RuleSet((replace(HIGH, interval_ms=0), HIGH), RULES.recordings)
    month = Interval(START, START + 30 * DAY)
    read = read_report_series(api(lambda _: []), left_out, month, "2.42.0", clock())
    assert read.problem == "High: is not evaluated"
    assert {one.alert for one in read.series} == {"High"}


def test_a_long_run_is_seen_at_every_nth_evaluation() -> None:
    asked: list[dict[str, str]] = []
    long = Interval(START, START + 100 * HOUR)
    read_report_series(api(lambda query: asked.append(query) or []), RULES, long, "2.42.0", clock())
    points = (float(asked[0]["end"]) - float(asked[0]["start"])) / float(asked[0]["step"])
    assert float(asked[0]["step"]) % 15 == 0
    assert MOST_POINTS / 2 < points <= MOST_POINTS


@pytest.mark.parametrize(("op", "kept"), [(">", "99"), ("<", "0"), ("==", "50")])
def test_of_many_series_those_nearest_to_firing_are_kept(op: str, kept: str) -> None:
    rules = RuleSet((replace(HIGH, expr=f"x {op} 50"),), {})
    many = [series({"n": str(n)}, float(n)) for n in range(100)]
    read = read_report_series(api(lambda _: many), rules, SPAN, "2.42.0", clock())
    assert len(read.series) == MOST_SERIES
    assert {one.series_count for one in read.series} == {100}
    assert (("n", kept),) in {one.labels for one in read.series}


def test_what_matched_nothing_is_kept_as_such() -> None:
    read = read_report_series(api(lambda _: []), RULES, SPAN, "2.42.0", clock())
    assert [(one.times_ms, one.series_count) for one in read.series] == [((), 0), ((), 0)]


def test_what_is_refused_is_said_and_the_rest_is_read() -> None:
    def answer(query: dict[str, str]) -> list[dict[str, Any]]:
        if "bad" in query["query"]:
            raise httpx.ConnectError("connection refused")
        return [series({}, 1.0)]

    unreadable = replace(rule("Odd"), expr="sum(")
    bad = replace(rule("Bad"), expr="bad > 1")
    good = replace(rule("Good"), expr="good > 1")
    read = read_report_series(api(answer), RuleSet((unreadable, bad, good), {}), SPAN, "2.42.0", clock())
    assert {one.alert for one in read.series} == {"Good"}
    assert read.problem.startswith("Odd: ")
    assert read.problem.endswith("1 more refused")
    assert "\n" not in read.problem


def test_it_stops_when_its_time_is_over_and_those_that_were_active_come_first() -> None:
    watch = clock()

    def answer(_: dict[str, str]) -> list[dict[str, Any]]:
        watch.advance(round(LONGEST_SECONDS * 600))
        return [series({}, 1.0)]

    rules = RuleSet(tuple(replace(rule(name), expr="x > 1") for name in "ABC"), {})
    read = read_report_series(api(answer), rules, SPAN, "2.42.0", watch, first={"C"})
    assert [one.alert for one in read.series] == ["C", "A"]
    assert read.problem == "no time left for 1 of 3 alerts"
