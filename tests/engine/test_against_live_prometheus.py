"""A live Prometheus evaluates rules every second; afterwards ours does, on the same samples in another server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from simulator.engine.evaluate import Surroundings, VirtualEvaluation, evaluate_rules
from simulator.engine.groups import RuleGroup, groups_from_api
from simulator.engine.schedule import production_grid
from simulator.engine.server import RuleServer, WrittenSeries
from simulator.stack.binaries import Binaries
from simulator.stack.local import LocalStack
from simulator.stack.virtual import start_virtual_prometheus
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import RuleEvaluated
from simulator.telemetry.samples import Labels, labels_of
from simulator.transport import http_client
from simulator.wire.remote_write import STALE_NAN

pytestmark = [pytest.mark.accept, pytest.mark.stack, pytest.mark.slow]

SECONDS = 17
"""So long the live server evaluates; what it missed on a busy machine shortens the comparison."""

AT_LEAST = 8
"""Evaluations that have to be compared for the test to mean anything."""

_SAMPLE_MS = 500
_RESEND_MS = 3137  # no multiple of the interval, so that `endsAt` tells an alert that is held from a resolved one
_EXTERNAL = {"cluster": "eu"}

FIRST = [
    {"record": "beat:first", "expr": "vector(1)"},
    {"record": "r:sum", "expr": "sum by (job) (load)"},
    {"record": "r:double", "expr": "2 * r:sum", "labels": {"kind": "chained"}},
    {"record": "r:later", "expr": "r:last + 1 or vector(0)"},
    {"record": "r:own", "expr": "r:own + 1 or vector(0)"},
    {"record": "r:sometimes", "expr": "load > 4"},
    {"record": "r:last", "expr": "max(load)"},
    {"record": "r:broken", "expr": "load * on (job) load"},
    {"record": "r:rate", "expr": "rate(requests_total[3s])"},
    {"record": "r:past", "expr": "avg_over_time(r:sum[4s])"},
]

SECOND = [
    {"record": "beat:second", "expr": "vector(1)"},
    {
        "alert": "AtOnce",
        "expr": "load > 4",
        "labels": {"severity": "page", "at": "{{ $value }}"},
        "annotations": {"text": "{{ $labels.instance }} has {{ $value | humanize }}"},
    },
    {
        "alert": "Held",
        "expr": "load > 2",
        "for": "2s",
        "annotations": {"text": "{{ $value }} in {{ $externalLabels.cluster }}, {{ externalURL }}{{ pathPrefix }}"},
    },
    {"alert": "Kept", "expr": "load > 4", "for": "1s", "keep_firing_for": "3s"},
    {"alert": "Gone", "expr": 'absent(load{instance="c"})', "for": "3s"},
    {
        "alert": "Recorded",
        "expr": "r:double > 12",
        "labels": {"job": "other"},
        "annotations": {"sum": '{{ with query "sum(load)" }}{{ . | first | value }}{{ end }}'},
    },
    {"alert": "Twice", "expr": "load > 0", "labels": {"instance": ""}},
    {
        "alert": "Meta",
        "expr": 'count(ALERTS{alertstate="firing",alertname!="Meta"}) > 1',
        "labels": {"none": "{{ $labels.missing }}"},
    },
    {"alert": "Empty", "expr": "vector(1) == 1", "annotations": {"at": "{{ $value }}"}},
]

LIMITED = [
    {"record": "beat:limited", "expr": "vector(1)"},
    {"record": "r:few", "expr": "load > 2"},
    {"alert": "Few", "expr": "load > 2", "for": "1s"},
]


def _load(start_ms: int) -> list[WrittenSeries]:
    """Instances that come and go, end in staleness, and a counter that is reset: all of it before its time has come."""
    count = (SECONDS + 6) * 1000 // _SAMPLE_MS
    step = np.arange(count)
    shapes: dict[Labels, np.ndarray[Any, np.dtype[np.float64]]] = {
        labels_of({"__name__": "load", "job": "a", "instance": "a"}): 3 + 4 * np.sin(step / 5),
        labels_of({"__name__": "load", "job": "a", "instance": "b"}): 3 + 4 * np.cos(step / 7),
        labels_of({"__name__": "load", "job": "b", "instance": "c"}): np.where(step % 17 < 9, 5.0, np.nan),
        labels_of({"__name__": "requests_total", "job": "a"}): (step * 7.0) % 90,
    }
    series = []
    for labels, values in shapes.items():
        there = ~np.isnan(values)
        ends = np.append(False, there[:-1] & ~there[1:])
        bits = np.where(ends, STALE_NAN.view(np.uint64), values.view(np.uint64))
        kept = there | ends
        series.append(WrittenSeries(labels, (start_ms + step * _SAMPLE_MS)[kept], bits[kept].view(np.float64)))
    return series


class _Alertmanager:
    """Takes alerts, and keeps what it was sent."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class _Comparison:
    live: RuleServer
    virtual: RuleServer
    ours: VirtualEvaluation
    groups: tuple[RuleGroup, ...]
    span: Interval
    received: list[dict[str, Any]]


def _group_names(file: str) -> tuple[str, str, str]:
    """Names whose evaluations are far enough apart for the second to find what the first has written."""

    def offset(name: str) -> int:
        return production_grid(file, name, 1000, "2.42.0").offset_ms

    first = next(name for name in (f"first-{n}" for n in range(1000)) if 100 < offset(name) < 250)
    second = next(name for name in (f"second-{n}" for n in range(1000)) if 650 < offset(name) < 800)
    return first, second, "limited"


def _rule_file(names: tuple[str, str, str]) -> str:
    sections = zip(names, (0, 0, 2), (FIRST, SECOND, LIMITED), strict=True)
    groups = [{"name": name, "interval": "1s", "limit": limit, "rules": rules} for name, limit, rules in sections]
    return json.dumps({"groups": groups})  # JSON is YAML


@pytest.fixture(scope="module")
def compared(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Comparison]:
    folder = tmp_path_factory.mktemp("live")
    rule_file = folder / "rules.yml"
    rule_file.write_text("groups: []\n")
    alertmanager = _Alertmanager()
    programs = {"prometheus": binaries.prometheus.path, "alertmanager": binaries.alertmanager.path}
    with LocalStack(folder / "live", **programs) as live, LocalStack(folder / "virtual", **programs) as virtual:
        config = (
            f"global: {{evaluation_interval: 1s, external_labels: {json.dumps(_EXTERNAL)}}}\n"
            f"rule_files: [{json.dumps(str(rule_file))}]\n"
            f'alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{alertmanager.address}"]}}]}}]}}\n'
        )
        flags = [
            "--web.enable-remote-write-receiver",
            "--web.enable-lifecycle",
            f"--rules.alert.resend-delay={_RESEND_MS}ms",
        ]
        live_url = live.start_prometheus(lambda _: config, flags=flags)
        virtual_url = start_virtual_prometheus(virtual, "global: {evaluation_interval: 1s}\n")
        with http_client(live_url, timeout=30) as live_client, http_client(virtual_url, timeout=30) as virtual_client:
            servers = RuleServer(live_client), RuleServer(virtual_client)
            load = _load(int(time.time() * 1000))
            for server in servers:
                server.write(load)
            rule_file.write_text(_rule_file(_group_names(str(rule_file))))
            live_client.post("/-/reload").raise_for_status()  # rules that come with a reload start afresh
            time.sleep(SECONDS)
            groups = groups_from_api(live_client.get("/api/v1/rules").json()["data"]["groups"])
            span = _span(servers[0], groups)
            ours = evaluate_rules(
                servers[1],
                groups,
                span,
                [production_grid(group.file, group.name, group.interval_ms, "2.42.0") for group in groups],
                Surroundings(_EXTERNAL, live_url, resend_delay_ms=_RESEND_MS),
            )
            yield _Comparison(*servers, ours, groups, span, alertmanager.received)
    alertmanager.close()


def _span(live: RuleServer, groups: tuple[RuleGroup, ...]) -> Interval:
    """From the first evaluation of any group to the last one before which none was missed by any."""
    starts, ends = [], []
    for group in groups:
        beats = _raw(live, group.rules[0].name)[0][1]
        times = [at for at, _ in beats]
        unbroken = next((n for n in range(1, len(times)) if times[n] - times[n - 1] != 1000), len(times))
        starts.append(times[0])
        ends.append(times[unbroken - 1])
        grid = production_grid(group.file, group.name, group.interval_ms, "2.42.0")
        assert grid.instants(Interval(times[0], times[unbroken - 1] + 1)).tolist() == times[:unbroken]
    span = Interval(min(starts), min(ends) + 1)
    assert max(starts) - min(starts) < 1000, "the groups did not start together"
    assert span.length_ms >= AT_LEAST * 1000, "the machine was too busy to evaluate rules every second"
    return span


def _raw(server: RuleServer, selector: str) -> list[tuple[Labels, list[tuple[int, float]]]]:
    """All samples of the last minutes, series by labels; stale markers do not show."""
    data = server._query("/api/v1/query", {"query": f"{selector}[5m]", "time": f"{time.time() + 60:.3f}"})
    found = [
        (labels_of(item["metric"]), [(round(at * 1000), float(value)) for at, value in item["values"]])
        for item in data["result"]
    ]
    return sorted(found)


_RESULTS = '{__name__=~"r:.*|ALERTS.*|beat:.*"}'


def _within(compared: _Comparison, server: RuleServer) -> dict[Labels, list[tuple[int, float]]]:
    found = {
        labels: [sample for sample in samples if sample[0] in compared.span]
        for labels, samples in _raw(server, _RESULTS)
    }
    return {labels: samples for labels, samples in found.items() if samples}


def test_every_sample_is_the_same_to_the_millisecond_and_the_bit(compared: _Comparison) -> None:
    live, ours = _within(compared, compared.live), _within(compared, compared.virtual)
    assert ours == live
    names = {dict(labels)["__name__"] for labels in live}
    assert names >= {"ALERTS", "ALERTS_FOR_STATE", "r:sum", "r:double", "r:later", "r:own", "r:sometimes", "r:past"}
    assert "r:broken" not in names
    shown = {
        (dict(labels)["alertname"], dict(labels)["alertstate"]) for labels in live if ("__name__", "ALERTS") in labels
    }
    assert shown >= {
        ("AtOnce", "firing"),
        ("Held", "pending"),
        ("Held", "firing"),
        ("Kept", "firing"),
        ("Gone", "pending"),
        ("Recorded", "firing"),
        ("Meta", "firing"),
        ("Few", "pending"),
    }


def test_series_end_at_the_same_instants(compared: _Comparison) -> None:
    for at_ms in range(compared.span.start_ms, compared.span.end_ms, 250):
        live, ours = (sorted(server.vector(_RESULTS, at_ms)) for server in (compared.live, compared.virtual))
        assert ours == live, at_ms


def test_alertmanager_would_have_been_sent_the_same(compared: _Comparison) -> None:
    live = {
        (
            labels_of(alert["labels"]),
            labels_of(alert.get("annotations", {})),
            _ms(alert["startsAt"]),
            _ms(alert["endsAt"]),
        )
        for alert in compared.received
    }
    ours = {
        (labels_of(_EXTERNAL | dict(alert.labels)), alert.annotations, alert.starts_at_ms, alert.ends_at_ms)
        for alert in compared.ours.sent
    }
    offsets = {production_grid(g.file, g.name, g.interval_ms, "2.42.0").offset_ms for g in compared.groups}

    def is_resolved(alert: tuple[Labels, Labels, int, int]) -> bool:
        return alert[3] % 1000 in offsets

    def sent_ms(alert: tuple[Labels, Labels, int, int]) -> int:
        """When it was first sent like that."""
        return alert[3] if is_resolved(alert) else alert[3] - 4 * _RESEND_MS

    # After a reload the live server does not know its Alertmanagers for five seconds, to end amid an evaluation.
    heard_ms = min(sent_ms(alert) for alert in live if not is_resolved(alert))
    common = Interval(heard_ms + 1, compared.span.end_ms)
    live, ours = ({alert for alert in alerts if sent_ms(alert) in common} for alerts in (live, ours))
    assert ours == live
    assert {dict(labels)["alertname"] for labels, *_ in live} >= {"AtOnce", "Held", "Kept", "Meta", "Empty"}
    assert any(map(is_resolved, live))


def test_what_fails_there_fails_here_for_the_same_reason(compared: _Comparison) -> None:
    rules = compared.live._client.get("/api/v1/rules").json()["data"]["groups"]
    live = {
        rule["name"]: rule["lastError"].split("[")[0]
        for group in rules
        for rule in group["rules"]
        if rule.get("lastError")
    }
    ours = {failure.rule: failure.error.split("[")[0] for failure in compared.ours.failures}
    assert ours.keys() >= {"r:broken", "Twice"}
    for rule in ("r:broken", "Twice"):
        assert ours[rule] == live[rule]
    health = [seen for seen in compared.ours.observations if isinstance(seen, RuleEvaluated) and seen.alert == "Twice"]
    assert {seen.health for seen in health} >= {"err"}


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
