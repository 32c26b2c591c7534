"""What a running Prometheus holds, from its metadata and series."""

from __future__ import annotations

import pytest

from simulator.clock import ManualClock
from simulator.errors import UnobservedError
from simulator.observers.exposed import exposed_by
from simulator.observers.prometheus import PrometheusApi
from simulator.telemetry.samples import MetricType
from simulator.transport import http_client
from tests.observers.conftest import ScriptedServer

TARGET = {"job": "api", "instance": "a:1", "env": "prod"}


def test_families_by_job_without_the_labels_of_targets(server: ScriptedServer) -> None:
    server.answers = {
        "/api/v1/metadata": {
            "status": "success",
            "data": {
                "x_total": [{"type": "counter", "help": "X", "unit": ""}],
                "mixed": [{"type": "gauge", "help": "", "unit": ""}, {"type": "counter", "help": "", "unit": ""}],
            },
        },
        "/api/v1/label/job/values": {"status": "success", "data": ["api"]},
        "/api/v1/series": {
            "status": "success",
            "data": [
                {"__name__": "up", **TARGET},
                {"__name__": "scrape_duration_seconds", **TARGET},
                {"__name__": "x_total", "code": "200", **TARGET},
                {"__name__": "x_total", "code": "500", **TARGET},
                {"__name__": "mixed", **TARGET},
                {"__name__": "d_seconds_bucket", "le": "0.5", "route": "/a", **TARGET},
                {"__name__": "d_seconds_bucket", "le": "+Inf", "route": "/a", **TARGET},
                {"__name__": "d_seconds_count", "route": "/a", **TARGET},
            ],
        },
    }
    with http_client(server.url) as client:
        found = {family.name: family for family in exposed_by(PrometheusApi(client), ManualClock(10**12))}
    assert set(found) == {"x_total", "mixed", "d_seconds"}
    assert {family.job for family in found.values()} == {"api"}
    assert (found["x_total"].type, found["x_total"].help) == (MetricType.COUNTER, "X")
    assert found["x_total"].values == {"code": ("200", "500")}
    assert found["mixed"].type is None
    assert found["d_seconds"].type is MetricType.HISTOGRAM
    assert (found["d_seconds"].labels, found["d_seconds"].bounds) == (("route",), (0.5,))


def test_a_server_that_does_not_answer_is_unobserved(server: ScriptedServer) -> None:
    with http_client(server.url) as client, pytest.raises(UnobservedError):
        exposed_by(PrometheusApi(client), ManualClock(10**12))
