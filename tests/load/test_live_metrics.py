"""What Prometheus reads of a load run is what the run's totals say."""

from __future__ import annotations

import socket
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from simulator.errors import InputError
from simulator.load.live_metrics import LiveMetrics, metrics_of
from tests.load.test_values import line, totals

VALUES = {
    "GET /api/v1/posts": [0.02] * 90 + [0.3] * 10,
    "VOICE mos": [3.9] * 40 + [2.0] * 10,
    "VOICE loss": [0.0] * 30 + [0.03] * 20,
}


def scraped(url: str) -> dict[tuple[str, str, str], float]:
    """Samples by name, by the name that was counted, and by bucket or outcome."""
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own port
        text = answer.read().decode()
    return {
        (
            sample.name,
            sample.labels.get("name", sample.labels.get("scenario", "")),
            label_of(sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def label_of(labels: dict[str, str]) -> str:
    return labels.get("le", labels.get("outcome", ""))


def test_a_scrape_has_the_totals_so_far() -> None:
    everything = totals(line(VALUES, begun={"http": 100, "voice": 3}))
    with LiveMetrics(0) as live:
        assert scraped(live.url) == {}
        live.show(metrics_of(everything, workers=3, lost=1))
        found = scraped(live.url)
    assert found["crybsim_load_requests_total", "GET /api/v1/posts", "ok"] == 100
    assert found["crybsim_load_requests_total", "GET /api/v1/posts", "failed"] == 0
    assert found["crybsim_load_latency_seconds_bucket", "GET /api/v1/posts", "0.25"] == 90
    assert found["crybsim_load_latency_seconds_bucket", "GET /api/v1/posts", "+Inf"] == 100
    assert found["crybsim_load_latency_seconds_sum", "GET /api/v1/posts", ""] == pytest.approx(4.8, rel=2e-3)
    assert found["crybsim_load_mos_bucket", "VOICE mos", "2.0"] == 10
    assert found["crybsim_load_mos_count", "VOICE mos", ""] == 50
    assert found["crybsim_load_loss_ratio_bucket", "VOICE loss", "0.0"] == 30
    assert ("crybsim_load_latency_seconds_count", "VOICE mos", "") not in found
    assert found["crybsim_load_turns_total", "voice", ""] == 3
    assert found["crybsim_load_planned_per_second", "http", ""] == pytest.approx(10)
    assert (found["crybsim_load_workers", "", ""], found["crybsim_load_workers_lost", "", ""]) == (2, 1)


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="--metrics-port"):
            LiveMetrics(taken.getsockname()[1])
