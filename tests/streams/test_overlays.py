"""What overlays do to the samples: other names for the same values, other cuts of the same events, written series."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from simulator.catalog.catalogue import PLATFORM
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.rehearsal.catalogue import declared_labels
from simulator.streams.overlays import load_overlays, overlays_of
from simulator.streams.samples import ModelSamples
from simulator.telemetry.samples import FamilyBlock, labels_of
from simulator.units import MINUTE, SECOND

FAULTS = [
    {"id": "slow", "kind": "database_slow", "at": "10m", "for": "10m"},
    {"id": "bad", "kind": "http_errors", "at": "15m", "for": "5m", "intensity": 0.4},
]


def manifest(tmp_path: Path, *overlays: str, faults: list[dict[str, object]] = FAULTS) -> Manifest:  # type: ignore[assignment]
    paths = []
    for number, text in enumerate(overlays):
        paths.append(tmp_path / f"{number}.yaml")
        paths[-1].write_text(text)
    profile = Profile.model_validate(
        {
            "name": "x",
            "description": "x",
            "start": "2026-01-05T19:30:00",
            "duration": "1h",
            "platform": {"size": "tiny"},
            "faults": faults,
        }
    )
    return Manifest(
        run_id="r",
        mode="emit",
        profile=profile,
        profile_path="x.yaml",
        seed=1,
        started_ms=profile.start_ms,
        overlays=load_overlays(paths),
    )


def at(run: Manifest, *elapsed_ms: int) -> np.ndarray:
    return run.started_ms + np.array(elapsed_ms, dtype=np.int64)


def blocks(run: Manifest, job: str, times: np.ndarray, instance: str = "") -> dict[str, FamilyBlock]:
    source = ModelSamples(run)
    return {block.name: block for block in source.blocks(job, instance or source.instances(job)[0], times)}


def half_an_hour(run: Manifest) -> np.ndarray:
    return at(run, *range(0, 30 * MINUTE, MINUTE))


RENAMED = """
change:
- {family: http_requests_total, name: app_requests_total, labels: {code: status_code}, with: {env: prod}}
- {family: http_response_size_bytes, labels: {code: status}}
- {family: cryb_user_engagement_score, name: engagement, labels: {user_tier: tier}}
- {family: redis_connected_clients, name: clients}
"""


def test_another_name_does_not_change_a_value(tmp_path: Path) -> None:
    plain, other = manifest(tmp_path), manifest(tmp_path, RENAMED)
    times = half_an_hour(plain)
    before, after = blocks(plain, "cryb-api", times), blocks(other, "cryb-api", times)
    for old, new in (
        ("http_requests_total", "app_requests_total"),
        ("http_response_size_bytes", "http_response_size_bytes"),
        ("cryb_user_engagement_score", "engagement"),
    ):
        assert np.array_equal(before[old].values, after[new].values), new
    assert set(before) - set(after) == {"http_requests_total", "cryb_user_engagement_score"}
    assert dict(after["app_requests_total"].series[0].labels).keys() == {"method", "route", "status_code", "env"}
    assert {name for series in after["engagement"].series for name, _ in series.labels} == {"tier"}
    redis = blocks(other, "redis", times)
    assert np.array_equal(redis["clients"].values, blocks(plain, "redis", times)["redis_connected_clients"].values)


def test_a_counter_without_a_label_is_the_sum_over_it(tmp_path: Path) -> None:
    plain = manifest(tmp_path)
    summed = manifest(tmp_path, "change:\n- {family: http_requests_total, without: [code, method]}")
    times = half_an_hour(plain)
    whole = blocks(plain, "cryb-api", times)["http_requests_total"]
    parts = blocks(summed, "cryb-api", times)["http_requests_total"]
    for column, series in enumerate(parts.series):
        route = dict(series.labels)["route"]
        members = [n for n, one in enumerate(whole.series) if dict(one.labels)["route"] == route]
        assert np.array_equal(parts.values[:, column], whole.values[:, members].sum(axis=1))


def test_fewer_buckets_hold_what_they_held(tmp_path: Path) -> None:
    plain = manifest(tmp_path)
    coarse = manifest(tmp_path, "change:\n- {family: http_request_duration_seconds, buckets: [0.1, 1]}")
    times = half_an_hour(plain)
    before = blocks(plain, "cryb-api", times)["http_request_duration_seconds"]
    after = blocks(coarse, "cryb-api", times)["http_request_duration_seconds"]
    column = {series: number for number, series in enumerate(before.series)}
    assert {dict(series.labels).get("le") for series in after.series} == {"0.1", "1", "+Inf", None}
    for number, series in enumerate(after.series):
        assert np.array_equal(after.values[:, number], before.values[:, column[series]])


def test_buckets_that_the_catalogue_does_not_have_agree_with_the_counter(tmp_path: Path) -> None:
    run = manifest(tmp_path, "change:\n- {family: http_request_duration_seconds, buckets: [0.02, 0.2, 2, 30]}")
    found = blocks(run, "cryb-api", half_an_hour(run))
    duration, requests = found["http_request_duration_seconds"], found["http_requests_total"]
    columns = {(series.name, series.labels): number for number, series in enumerate(duration.series)}
    assert {dict(s.labels).get("le") for s in duration.series} == {"0.02", "0.2", "2", "30", "+Inf", None}
    for number, series in enumerate(requests.series):
        ladder = [
            duration.values[:, columns[f"{duration.name}_bucket", labels_of({**dict(series.labels), "le": edge})]]
            for edge in ("0.02", "0.2", "2", "30", "+Inf")
        ]
        assert all((low <= high).all() for low, high in pairwise(ladder))
        assert np.array_equal(ladder[-1], requests.values[:, number])


SHOP = """
description: A shop that has nothing to do with CRYB.
jobs:
  shop: {port: 8000, instances: 2, down_during: [power-cut]}
drop: ["*"]
add:
- {name: shop_orders_total, job: shop, type: counter, labels: {state: {paid: 9, refused: 1}}, signal: http.served,
   scale: 0.1}
- {name: shop_checkout_seconds, job: shop, type: histogram, buckets: [0.1, 1, 10], spread: http.write,
   signal: http.served}
- {name: shop_basket_items, job: shop, type: histogram, buckets: [1, 10, 100], median: 6, signal: http.served}
- {name: shop_load, job: shop, type: gauge, signal: node.cpu, scale: 100}
- {name: shop_queue, job: shop, type: gauge, values: "5 6x3", every: 1m, during: {bad: "100+10x50 _"}}
- {name: shop_failures_total, job: shop, type: counter, values: "0+1x1000", every: 1m, during: {bad: "0+60x1000"}}
"""


def test_a_team_rehearses_without_the_catalogue(tmp_path: Path) -> None:
    run = manifest(tmp_path, SHOP)
    source = ModelSamples(run)
    assert source.jobs() == ("shop",)
    assert source.instances("shop") == ("shop-1", "shop-2")
    declared = declared_labels(run)["shop"]
    assert declared["shop_orders_total"]["state"] == {"paid", "refused"}
    assert declared["shop_checkout_seconds_bucket"]["le"] == {"0.1", "1", "10", "+Inf"}
    assert "http_requests_total" not in declared


def test_counts_follow_the_signal_divided_by_shares_and_instances(tmp_path: Path) -> None:
    run = manifest(tmp_path, SHOP)
    times = at(run, 0, 60 * MINUTE)
    orders = blocks(run, "shop", times, "shop-1")["shop_orders_total"]
    grown = dict(
        zip((dict(s.labels)["state"] for s in orders.series), orders.values[1] - orders.values[0], strict=True)
    )
    requests = 20 * 3600 / 2 * 0.1  # the profile's peak, half of it here, a tenth of it orders
    assert sum(grown.values()) == pytest.approx(requests, rel=0.25)
    assert grown["paid"] / sum(grown.values()) == pytest.approx(0.9, abs=0.03)
    seconds = blocks(run, "shop", times, "shop-2")["shop_checkout_seconds"].values
    assert seconds[1, -1] - seconds[0, -1] == pytest.approx(requests * 10, rel=0.25)


def test_a_written_gauge_shows_what_is_written_for_it_and_for_its_fault(tmp_path: Path) -> None:
    run = manifest(tmp_path, SHOP)
    onset, end = 15 * MINUTE, 20 * MINUTE
    times = at(run, -MINUTE, 0, 59 * SECOND, MINUTE, 9 * MINUTE, onset - 1, onset, onset + MINUTE, end - 1, end)
    values = blocks(run, "shop", times)["shop_queue"].values[:, 0]
    assert values.tolist() == [5, 5, 5, 6, 6, 6, 100, 110, 140, 6]


def test_a_written_counter_keeps_what_a_fault_added(tmp_path: Path) -> None:
    run = manifest(tmp_path, SHOP)
    onset, end = 15 * MINUTE, 20 * MINUTE
    times = at(run, -MINUTE, 0, onset - 1, onset + MINUTE, end - 1, end, end + 10 * MINUTE)
    values = blocks(run, "shop", times)["shop_failures_total"].values[:, 0]
    assert values.tolist() == [0, 0, 14, 16 + 60, 19 + 240, 20 + 240, 30 + 240]


def test_a_gap_that_is_written_is_no_sample(tmp_path: Path) -> None:
    text = "add:\n- {name: x, job: redis, type: gauge, values: '1 _ 3 stale', every: 1m}"
    run = manifest(tmp_path, text)
    values = blocks(run, "redis", at(run, 0, MINUTE, 2 * MINUTE, 3 * MINUTE, 50 * MINUTE))["x"].values[:, 0]
    assert [None if math.isnan(value) else value for value in values] == [1, None, 3, None, None]


def test_targets_of_its_own_refuse_the_scrape_during_the_faults_it_names(tmp_path: Path) -> None:
    cut: dict[str, object] = {"id": "power-cut", "kind": "latency", "at": "5m", "for": "1m"}
    run = manifest(tmp_path, SHOP, faults=[cut])
    source = ModelSamples(run)
    up = [source.is_up("shop", "shop-1", run.started_ms + at_ms) for at_ms in (0, 5 * MINUTE, 6 * MINUTE)]
    assert up == [True, False, True]


def test_families_that_an_overlay_does_not_name_stay_bit_by_bit(tmp_path: Path) -> None:
    plain, other = manifest(tmp_path), manifest(tmp_path, RENAMED, "drop: [cryb_daily_active_users]")
    times = half_an_hour(plain)
    before, after = blocks(plain, "cryb-api", times), blocks(other, "cryb-api", times)
    common = set(before) & set(after)
    assert len(common) >= len(before) - 3
    assert all(np.array_equal(before[name].values, after[name].values) for name in common)


def test_a_run_s_manifest_carries_its_overlays(tmp_path: Path) -> None:
    run = manifest(tmp_path, SHOP)
    run.write(tmp_path / "manifest.json")
    (tmp_path / "0.yaml").unlink()
    again = Manifest.read(tmp_path / "manifest.json")
    assert again == run
    times = half_an_hour(run)
    for name, block in blocks(run, "shop", times).items():
        assert np.array_equal(block.values, blocks(again, "shop", times)[name].values, equal_nan=True)


def test_a_profile_names_its_overlays_from_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("drop: [redis_up]")
    profile = manifest(tmp_path).profile.model_copy(update={"overlays": ("ours.yaml",)})
    team = tmp_path / "team.yaml"
    team.write_text("drop: [redis_db_keys]")
    found = overlays_of(profile, tmp_path / "x.yaml", [team, team])
    assert [Path(overlay.path).name for overlay in found] == ["team.yaml", "ours.yaml"]


@pytest.mark.accept
def test_all_families_of_all_jobs_can_be_called_otherwise(tmp_path: Path) -> None:
    names = dict.fromkeys((family.job, family.name) for family in PLATFORM.families)
    lines = [f"- {{family: {name}, job: {job}, name: ours_{name}, with: {{env: prod}}}}" for job, name in names]
    plain, other = manifest(tmp_path), manifest(tmp_path, "change:\n" + "\n".join(lines))
    times = at(plain, 0, 17 * MINUTE)
    for job in ModelSamples(plain).jobs():
        before, after = blocks(plain, job, times), blocks(other, job, times)
        assert {f"ours_{name}" for name in before} == set(after)
        for name, block in before.items():
            renamed = after[f"ours_{name}"]
            assert np.array_equal(block.values, renamed.values, equal_nan=True), name
            assert all(("env", "prod") in series.labels for series in renamed.series)
