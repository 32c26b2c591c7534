"""What a real Prometheus says it would take of a past is what it takes."""

from __future__ import annotations

from pathlib import Path

import httpx
import numpy as np
import pytest

from simulator.clock import WallClock
from simulator.engine.server import RuleServer, WrittenSeries
from simulator.errors import InputError, SimulatorError, UnobservedError
from simulator.observers import PrometheusApi
from simulator.rehearsal.remote.preflight import check_receiver
from simulator.stack.binaries import find_binaries
from simulator.stack.local import LocalStack
from simulator.telemetry.samples import labels_of
from simulator.transport import http_client
from simulator.units import DAY, HOUR

WINDOW = "storage: {tsdb: {out_of_order_time_window: 3d}}\n"
RECEIVES = ("--web.enable-remote-write-receiver",)


def refusal(client: httpx.Client, from_ms: int, now_ms: int) -> str:
    try:
        check_receiver(PrometheusApi(client), from_ms, now_ms)
    except InputError as error:
        return str(error)
    return ""


def takes(client: httpx.Client, at_ms: int) -> bool:
    one = WrittenSeries(labels_of({"__name__": f"x_{at_ms}"}), np.array([at_ms], np.int64), np.ones(1))
    try:
        RuleServer(client).write([one])
    except (SimulatorError, UnobservedError):  # 400, or 500 for a window that is too short
        return False
    return True


@pytest.mark.stack
@pytest.mark.parametrize(("config", "days_taken"), [("{}\n", 0), (WINDOW, 3)])
def test_the_age_of_samples_is_judged_as_the_server_does(config: str, days_taken: int, tmp_path: Path) -> None:
    programs = find_binaries()
    now_ms = WallClock().now_ms()
    with (
        LocalStack(tmp_path, prometheus=programs.prometheus.path, alertmanager=programs.alertmanager.path) as stack,
        http_client(stack.start_prometheus(lambda _: config, flags=RECEIVES), timeout=60) as client,
    ):
        assert refusal(client, now_ms - 30 * DAY, now_ms) == "", "an empty one takes any age"
        assert takes(client, now_ms)
        for age_ms in (HOUR // 2, 2 * DAY, 5 * DAY):
            words = refusal(client, now_ms - age_ms, now_ms)
            assert takes(client, now_ms - age_ms) == (words == ""), age_ms
            assert (words == "") == (age_ms < HOUR or age_ms < days_taken * DAY)
        assert "storage.tsdb.out_of_order_time_window: 6d in its prometheus.yml" in words


@pytest.mark.stack
def test_a_server_without_the_receiver_and_what_keeps_too_little_are_told(tmp_path: Path) -> None:
    programs = find_binaries()
    now_ms = WallClock().now_ms()
    with LocalStack(tmp_path, prometheus=programs.prometheus.path, alertmanager=programs.alertmanager.path) as stack:
        url = stack.start_prometheus(lambda _: "{}\n", retention="10d")
        with http_client(url) as client:
            first, second = refusal(client, now_ms - 30 * DAY, now_ms).splitlines()
    assert "start it with --web.enable-remote-write-receiver" in first
    assert second.startswith("Prometheus keeps samples for 10d; start it with --storage.tsdb.retention.time=31d")


def test_what_tells_nothing_is_not_judged() -> None:
    with http_client("http://127.0.0.1:1") as client:
        assert refusal(client, 0, DAY) == ""
