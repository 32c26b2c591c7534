"""A selector that matched nothing is blind, unless what it waits for simply did not happen."""

from __future__ import annotations

import re
from typing import Any

import pytest

from simulator.clock import ManualClock
from simulator.observers import PrometheusApi, SelectorObserver
from simulator.observers.selectors import Declared
from simulator.telemetry.observations import SelectorObserved
from simulator.telemetry.rules import AlertRule, Matcher, Selector
from simulator.transport import http_client

LIVE = [{"__name__": "requests", "job": "api", "code": "200"}, {"__name__": "requests", "job": "web", "code": "404"}]
LIVE += [{"__name__": "up", "job": "api"}, {"__name__": "up", "job": "web"}]


def _count(query: str) -> dict[str, Any]:
    """Answers `count(last_over_time(name{matchers}[span]))` over LIVE as Prometheus would."""
    if values := re.fullmatch(r"group by \((\w+)\) \(last_over_time\((\w+)\[\d+ms\]\)\)", query):
        found = {series[values[1]] for series in LIVE if series["__name__"] == values[2] and values[1] in series}
        result = [{"metric": {values[1]: value}, "value": [0, "1"]} for value in sorted(found)]
        return {"status": "success", "data": {"resultType": "vector", "result": result}}
    parsed = re.fullmatch(r"count\(last_over_time\((\w*)\{(.*)\}\[\d+ms\]\)\)", query)
    assert parsed, query
    tests = {"=": str.__eq__, "!=": str.__ne__, "=~": lambda a, b: bool(re.fullmatch(b, a))}
    matchers = re.findall(r'(\w+)(=~|!=|=)"([^"]*)"', parsed[2])
    count = sum(
        series["__name__"] == parsed[1]
        and all(tests[op](series.get(label, ""), value) for label, op, value in matchers)
        for series in LIVE
    )
    result = [{"metric": {}, "value": [0, str(count)]}] if count else []
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def _rule(*matchers: Matcher, metric: str = "requests") -> AlertRule:
    return AlertRule("A", "g", "f", "", 0, 0, (), (), (Selector(metric, matchers),), 0)


TIMEOUT, TIEMOUT = Matcher("reason", "=", "timeout"), Matcher("reason", "=", "tiemout")
APART = "each of its matchers matches some series, and none matches all of them"
CATALOGUE: dict[str, dict[str, set[str]]] = {
    "requests": {"code": {"200", "404", "500"}},
    "not_yet_counted": {"reason": {"timeout"}},
}


@pytest.mark.parametrize(
    ("rule", "series", "possible", "hint"),
    [
        (_rule(Matcher("job", "=", "api")), 1, False, ""),
        (_rule(Matcher("job", "=", "api"), Matcher("code", "=~", "5..")), 0, True, ""),
        (_rule(Matcher("job", "=", "api"), Matcher("code", "=~", "6..")), 0, False, "code is one of 200, 404, 500"),
        (_rule(Matcher("job", "=", "api"), Matcher("status", "=~", "5..")), 0, False, "requests has no label status"),
        (_rule(Matcher("job", "=", "aip"), Matcher("code", "=~", "5..")), 0, False, "job is one of api, web"),
        (_rule(Matcher("job", "=", "web"), Matcher("code", "=", "200")), 0, False, APART),
        (_rule(Matcher("job", "=", "api"), TIMEOUT, metric="not_yet_counted"), 0, True, ""),
        (_rule(Matcher("job", "=", "aip"), TIMEOUT, metric="not_yet_counted"), 0, False, "job is one of api, web"),
        (_rule(Matcher("job", "=", "api"), TIEMOUT, metric="not_yet_counted"), 0, False, "reason is one of timeout"),
        (_rule(metric="nobody_exports_this"), 0, False, "no nobody_exports_this is exported"),
        (_rule(metric="of_nobody"), 0, False, "no target of redis, which exposes it, is scraped"),
    ],
    ids=[
        "matched", "no error yet", "value the catalogue lacks", "label name that no series has", "no such job",
        "each matcher matches but never together", "declared and not yet exposed", "not yet exposed, and no such job",
        "not yet exposed, and no such value", "unknown name", "its job is not scraped",
    ],
)  # fmt: skip
def test_blind_or_only_quiet(server: Any, rule: AlertRule, series: int, possible: bool, hint: str) -> None:
    server.answers["/api/v1/query"] = _count
    with http_client(server.url) as client:
        observer = SelectorObserver(
            PrometheusApi(client), ManualClock(60_000), Declared(CATALOGUE, {"of_nobody": "redis"})
        )
        (observed,) = observer.observe([rule], 0)
    assert isinstance(observed, SelectorObserved)
    assert (observed.series, observed.possible, observed.hint) == (series, possible, hint)


def test_series_of_others_are_counted_where_the_run_has_a_label(server: Any) -> None:
    server.answers["/api/v1/query"] = _count
    with http_client(server.url) as client:
        observer = SelectorObserver(
            PrometheusApi(client), ManualClock(60_000), Declared(CATALOGUE, {}), own=("job", "api")
        )
        (observed,) = observer.observe([_rule()], 0)
        alone = SelectorObserver(PrometheusApi(client), ManualClock(60_000), Declared(CATALOGUE, {}))
        (unlabelled,) = alone.observe([_rule()], 0)
    assert isinstance(observed, SelectorObserved)
    assert (observed.series, observed.foreign) == (2, 1)
    assert isinstance(unlabelled, SelectorObserved)
    assert unlabelled.foreign == 0


@pytest.mark.parametrize(
    ("rule", "own_jobs", "unknown"),
    [
        (_rule(metric="nobody_exports_this"), True, "nobody_exports_this"),
        (_rule(metric="of_nobody"), True, "of_nobody"),
        (_rule(), True, ""),
        (_rule(Matcher("code", "=~", "6..")), True, ""),  # the catalogue says which codes there are
        (_rule(Matcher("job", "=", "aip")), True, ""),  # the team's own prometheus.yml says which jobs there are
        (_rule(Matcher("job", "=", "aip")), False, 'requests{job="aip"}'),
        (_rule(Matcher("job", "=", "aip"), metric="up"), False, 'up{job="aip"}'),
        (_rule(Matcher("job", "=", "api")), False, ""),
    ],
)
def test_what_this_run_has_no_metric_for(server: Any, rule: AlertRule, own_jobs: bool, unknown: str) -> None:
    server.answers["/api/v1/query"] = _count
    declared = Declared(CATALOGUE, {"of_nobody": "redis"}, own_jobs)
    with http_client(server.url) as client:
        (observed,) = SelectorObserver(PrometheusApi(client), ManualClock(60_000), declared).observe([rule], 0)
    assert isinstance(observed, SelectorObserved)
    assert observed.unknown == unknown
