"""Panels over a real Prometheus: which have data, and for each empty one why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.engine.panels import read_dashboard
from simulator.engine.server import RuleServer, WrittenSeries
from simulator.errors import UnobservedError
from simulator.observers import PrometheusApi
from simulator.rehearsal.dashboards.asking import PrometheusServer
from simulator.rehearsal.dashboards.checking import look_at, summary
from simulator.rehearsal.dashboards.looking import Look, PanelSeen
from simulator.rehearsal.dashboards.reasons import Rules
from simulator.rehearsal.dashboards.resolving import resolved
from simulator.stack.binaries import find_binaries
from simulator.stack.local import LocalStack
from simulator.stack.virtual import start_virtual_prometheus
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import labels_of
from simulator.transport import http_client
from simulator.units import HOUR, MINUTE, SECOND

NOW = 1_767_800_000_000 // (15 * SECOND) * (15 * SECOND)
TIMES = np.arange(NOW - HOUR, NOW + 1, 15 * SECOND, dtype=np.int64)
CATALOGUED = {"http_requests_total": "", "redis_up": "", "node_load1": "is what a platform of size tiny does without"}


def panel(expr: str, title: str = "p", **more: Any) -> dict[str, Any]:
    target = {"refId": "A", "expr": expr, **more.pop("target", {})}
    return {"type": "timeseries", "title": title, "targets": [target], **more}


def query(name: str, text: str, chosen: Any = "$__all", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "query", "query": text, "current": {"value": chosen}, **more}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of a server with an hour of requests on two instances, one of which fails now and then."""
    folder = tmp_path_factory.mktemp("panels")
    programs = find_binaries()
    rising = np.arange(len(TIMES), dtype=np.float64)
    series = [
        ({"__name__": "up", "job": "api", "instance": "api-1"}, np.ones(len(TIMES))),
        ({"__name__": "up", "job": "api", "instance": "api-2"}, np.ones(len(TIMES))),
        ({"__name__": "http_requests_total", "instance": "api-1", "route": "/a.b", "code": "200"}, 60 * rising),
        ({"__name__": "http_requests_total", "instance": "api-2", "route": "/c", "code": "200"}, 30 * rising),
        ({"__name__": "queue_depth", "queue": "mail"}, rising),
        ({"__name__": "nothing_ratio"}, np.full(len(TIMES), np.nan)),
        ({"__name__": "ALERTS", "alertname": "Watchdog"}, np.ones(len(TIMES))),
        ({"__name__": "errors_total", "code": "500"}, 0 * rising),
    ]
    with LocalStack(folder, prometheus=programs.prometheus.path, alertmanager=programs.alertmanager.path) as stack:
        (folder / "data" / "prometheus").mkdir(parents=True)
        url = start_virtual_prometheus(stack, "scrape_configs: []\n", data=folder / "data" / "prometheus")
        with http_client(url, timeout=60) as client:
            RuleServer(client).write([WrittenSeries(labels_of(labels), TIMES, values) for labels, values in series])
            yield client


def seen(
    prometheus: Any, tmp_path: Path, panels: list[dict[str, Any]], *variables: dict[str, Any], **more: Any
) -> list[PanelSeen]:
    content = {"title": "D", "time": {"from": "now-1h"}, "panels": panels, "templating": {"list": list(variables)}}
    (tmp_path / "d.json").write_text(json.dumps(content | more))
    dashboard = read_dashboard(tmp_path / "d.json")
    return list(look_at([dashboard], NOW, prometheus=prometheus, catalogued=CATALOGUED))


@pytest.mark.stack
@pytest.mark.parametrize(
    ("expr", "why"),
    [
        ("http_request_total", "http_request_total is not in the catalogue; did you mean 'http_requests_total'?"),
        ("redis_up == 0", "redis_up is in the catalogue, and had no samples in the time shown"),
        ("node_load1", "node_load1 is what a platform of size tiny does without"),
        ("job:up:sum", "job:up:sum is recorded by none of the rules that are loaded"),
        ('ALERTS{alertname="X"}', "no alert was pending or firing in the time shown that is ALERTS{"),
        (
            'sum(rate(http_requests_total{code=~"5.."}[5m]))',
            'nothing of http_requests_total has code=~"5.." (there is 200)',
        ),
        (
            'http_requests_total{route="/a-b"}',
            "nothing of http_requests_total has route=\"/a-b\"; did you mean '/a.b'? (there is /a.b, /c)",
        ),
        ('http_requests_total{rout="/c"}', "http_requests_total has no label rout; did you mean 'route'?"),
        (
            'http_requests_total{route="/c",instance="api-1"}',
            "no series has all of http_requests_total{",
        ),
        ("up == 0", "nothing is == 0 in the time shown"),
        ("up offset 1w", "it looks back 1w, and up has no samples of then"),
        ("nothing_ratio", "only NaN, which is not drawn: a share or a quantile of nothing"),
        ("sum by (code) (http_requests_total) / errors_total", "no labels on both sides of `/` are the same: sum by"),
        ("up unless on (job) up", "`unless` leaves nothing of up"),
        ("rate(queue_depth[10s])", "rate finds fewer than two samples in any 10s of queue_depth[10s]"),
        ("sum(", "prometheus refused /api/v1/query_range: 1:5: parse error"),
        ('up{instance=~"$node"}', "the dashboard has no variable $node"),
    ],
)
def test_an_empty_panel_has_its_reason(prometheus: Any, tmp_path: Path, expr: str, why: str) -> None:
    (found,) = seen(prometheus, tmp_path, [panel(expr)])
    assert (found.look, found.place) == (Look.EMPTY, "D / p")
    assert found.why.startswith(why)


@pytest.mark.stack
def test_panels_with_data_are_counted_and_what_cannot_be_looked_at_is_not(prometheus: Any, tmp_path: Path) -> None:
    loki = {"datasource": {"type": "loki", "uid": "x"}}
    two = panel("up") | {"targets": [{"refId": "A", "expr": "up"}, {"refId": "B", "expr": "up > 1"}]}
    found = seen(
        prometheus,
        tmp_path,
        [
            panel("sum(rate(http_requests_total[$__rate_interval]))", target={"datasource": {"uid": "${ds}"}}),
            two,
            panel("increase(queue_depth[$__range])", target={"instant": True}),
            panel('label_replace(up, "a", "$1", "instance", "(.*)")'),
            panel("up > 1", "empty"),
            panel('{service="api"}', **loki),
            {"type": "text", "title": "words"},
            {"type": "stat", "title": "lent", "libraryPanel": {"name": "Shared", "uid": "s"}},
            {"type": "row", "title": "r", "panels": [panel("up", "inside")], "collapsed": True},
        ],
        {"name": "ds", "type": "datasource", "query": "prometheus"},
    )
    assert summary(found) == "panels with data: 5 of 6; 2 not looked at"
    assert found[1].why == "query B: nothing is > 1 in the time shown"
    assert [panel.why for panel in found if panel.look is Look.NOT_LOOKED_AT] == [
        "it asks a Loki, and none is given",
        "its queries are in library panel 'Shared'",
    ]


@pytest.mark.stack
def test_variables_have_the_values_that_grafana_would_find(prometheus: Any, tmp_path: Path) -> None:
    variables = [
        query("all", "label_values(up, instance)", ["$__all"], multi=True, includeAll=True),
        query("kept", "label_values(up, instance)", "api-2"),
        query("gone", 'label_values(up{instance="$kept"}, instance)', "api-9"),
        query("route", "label_values(http_requests_total, route)", ["/a.b"], multi=True),
        query("part", "query_result(http_requests_total)", regex='/instance="(api-2)"/'),
        query("names", "metrics(^http_)", "x"),
        query("labels", "label_names(queue_depth)", "queue"),
        query("none", "label_values(absent_metric, x)", "y"),
        {"name": "size", "type": "custom", "query": "small : s, large : l", "current": {"value": "l"}},
        {"name": "each", "type": "interval", "query": "1m,5m", "current": {"value": "$__auto_interval_each"}},
        {"name": "word", "type": "textbox", "query": "hello"},
    ]
    (tmp_path / "d.json").write_text(json.dumps({"title": "D", "panels": [], "templating": {"list": variables}}))
    server = PrometheusServer(PrometheusApi(prometheus))
    known = resolved(read_dashboard(tmp_path / "d.json"), {"promql": server}, Interval(NOW - HOUR, NOW))  # type: ignore[dict-item]
    found = {variable.name: variable.value() for variable in known.dashboard.variables}
    assert found["all"] == "(api-1|api-2)"
    assert (found["kept"], found["gone"], found["route"]) == ("api-2", "api-2", "/a\\\\.b".replace("/", "\\\\/"))
    assert (found["part"], found["names"], found["labels"]) == ("api-2", "http_requests_total", "queue")
    assert (found["size"], found["word"]) == ("l", "hello")
    assert known.lacking.keys() == {"none"}
    filled = known.dashboard.filled(
        "$each ${all:pipe} ${all:csv} ${all:regex} [[kept]] $other", step_ms=MINUTE, range_ms=HOUR
    )
    assert filled == "60s api-1|api-2 api-1,api-2 (api-1|api-2) api-2 $other"


@pytest.mark.stack
def test_a_repeated_panel_is_one_for_each_value(prometheus: Any, tmp_path: Path) -> None:
    instances = query("node", "label_values(up, instance)", ["$__all"], multi=True, includeAll=True, allValue=".*")
    row = {"type": "row", "title": "r", "repeat": "node"}
    found = seen(
        prometheus,
        tmp_path,
        [
            panel('http_requests_total{instance="$node",code="200",route="/c"}', "own", repeat="node"),
            row,
            panel('up{instance=~"$node"}', "in row"),
            panel("up", "a saved copy", repeatPanelId=1),
        ],
        instances,
    )
    assert [(one.panel, one.look.value) for one in found] == [
        ("own (node=api-1)", "empty"),
        ("own (node=api-2)", "data"),
        ("in row (node=api-1)", "data"),
        ("in row (node=api-2)", "data"),
    ]


@pytest.mark.stack
def test_a_variable_without_values_is_the_reason(prometheus: Any, tmp_path: Path) -> None:
    nothing = query("pod", "label_values(kube_pod_info, pod)", ["$__all"], includeAll=True, multi=True)
    found = seen(prometheus, tmp_path, [panel('up{instance=~"$pod"}'), panel("up", "each", repeat="pod")], nothing)
    why = "variable $pod has no values: label_values(kube_pod_info, pod) finds nothing"
    assert [one.why for one in found] == [why, f"it is repeated for each value: {why}"]


def test_a_server_that_does_not_answer_makes_no_panel_an_empty_one(tmp_path: Path) -> None:
    with http_client("http://127.0.0.1:1") as client, pytest.raises(UnobservedError, match="did not answer"):
        seen(client, tmp_path, [panel("up")])


def test_a_rule_that_is_not_well_is_named() -> None:
    rules = [
        {"type": "recording", "name": "a:b", "health": "err", "lastError": "boom"},
        {"type": "recording", "name": "c:d", "health": "ok"},
        {"type": "alerting", "name": "X", "health": "err"},
    ]
    known = Rules.of([{"rules": rules}])
    assert (known.recorded, known.ill) == (frozenset({"a:b", "c:d"}), {"a:b": "boom"})
