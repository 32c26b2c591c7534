"""In a live run the API's own families follow the overlays, too."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from simulator.api.app import create_app
from simulator.streams.overlays import load_overlays
from tests.api.conftest import build_manifest

OVERLAY = """
drop: [cryb_cache_*]
change:
- {family: http_requests_total, name: app_requests_total, labels: {code: status_code}, with: {env: prod}}
- {family: http_request_duration_seconds, without: [code], buckets: [0.02, 0.2, 2]}
"""


def exposed(overlay: str, tmp_path: Path) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    path = tmp_path / "o.yaml"
    path.write_text(overlay)
    manifest = build_manifest().model_copy(update={"overlays": load_overlays([path])})
    metrics = create_app(manifest).platform.metrics
    for code, seconds in ((200, 0.01), (200, 0.1), (404, 0.1), (500, 3.0)):
        metrics.request("GET", "/x", code, seconds, 10, 20)
    metrics.cache(hit=True)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.exposition(0).decode())
        for sample in family.samples
    }


def test_its_own_counters_carry_the_team_s_names(tmp_path: Path) -> None:
    found = exposed(OVERLAY, tmp_path)
    labels = {"method": "GET", "route": "/x", "env": "prod", "status_code": "200"}
    assert found["app_requests_total", frozenset(labels.items())] == 2
    names = {name for name, _ in found}
    assert "http_requests_total" not in names
    assert "cryb_cache_hits_total" not in names
    assert "http_response_size_bytes_count" in names


def test_its_histograms_measure_the_team_s_buckets_added_up_over_labels(tmp_path: Path) -> None:
    found = exposed(OVERLAY, tmp_path)
    ladder = [
        found["http_request_duration_seconds_bucket", frozenset({("method", "GET"), ("route", "/x"), ("le", le)})]
        for le in ("0.02", "0.2", "2.0", "+Inf")
    ]
    assert ladder == [1, 3, 3, 4]
    assert found["http_request_duration_seconds_count", frozenset({("method", "GET"), ("route", "/x")})] == 4


def test_without_overlays_nothing_changes(tmp_path: Path) -> None:
    found = exposed("", tmp_path)
    labels = {"method": "GET", "route": "/x", "code": "200"}
    assert found["http_requests_total", frozenset(labels.items())] == 2
    assert "cryb_cache_hits_total" in {name for name, _ in found}
