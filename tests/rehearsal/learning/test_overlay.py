"""Overlays are drafted from platforms and from uses; what is drafted passes our own check and closes the gap."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.catalog.catalogue import PLATFORM, Catalogue
from simulator.catalog.comparison import compare
from simulator.catalog.exposed import ExposedFamily, claimed
from simulator.catalog.families import Family
from simulator.engine.expressions import Expression, expressions_in
from simulator.model.moment import SIGNALS
from simulator.model.spreads import SPREADS
from simulator.profile.load_overlay import parse_overlay
from simulator.profile.overlay import Overlay
from simulator.rehearsal.learning.overlay import learn_overlay
from simulator.telemetry.samples import MetricType

JOB = "redis"


def applied(text: str) -> tuple[Overlay, Catalogue]:
    units = {name: signal.unit for name, signal in SIGNALS.items()}
    overlay, catalogue = parse_overlay(text, PLATFORM, file="learnt.yaml", signals=units, spreads=SPREADS)
    return overlay.content, catalogue


def expressions(tmp_path: Path, *exprs: str) -> tuple[Expression, ...]:
    rules = [{"alert": f"A{number}", "expr": expr} for number, expr in enumerate(exprs)]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    return expressions_in(path)


def family(catalogue: Catalogue, name: str) -> Family:
    return next(family for family in catalogue.families if family.name == name)


def test_a_platform_like_the_catalogue_teaches_nothing() -> None:
    overlay, _ = applied(learn_overlay(PLATFORM, [claimed(PLATFORM, [JOB])], ()).text)
    assert overlay == Overlay(description="nothing differs from the catalogue")


def test_what_was_learnt_from_a_platform_leaves_no_difference() -> None:
    theirs = {found.name: found for found in claimed(PLATFORM, ["cryb-api", JOB])}
    requests = theirs["http_requests_total"]
    values = {"status_code": ("200", "500"), "env": ("prod",)}
    theirs["http_requests_total"] = replace(requests, labels=("env", "method", "route", "status_code"), values=values)
    duration = theirs["http_request_duration_seconds"]
    theirs["http_request_duration_seconds"] = replace(duration, bounds=(0.1, 0.3, 30.0))
    del theirs["redis_db_keys"]
    theirs["redis_up"] = replace(theirs["redis_up"], type=MetricType.COUNTER)
    theirs["new_total"] = ExposedFamily(
        "cryb-api", "new_total", MetricType.COUNTER, "New", ("a",), (), {"a": ("x", "y")}
    )
    theirs["new_seconds"] = ExposedFamily("cryb-api", "new_seconds", MetricType.HISTOGRAM, "", (), (0.5, 2.0))
    theirs["level"] = ExposedFamily("cryb-api", "level", MetricType.GAUGE, "", (), (), {}, 12.5)
    found = tuple(theirs.values())
    overlay, catalogue = applied(learn_overlay(PLATFORM, [found], ()).text)
    comparison = compare(claimed(catalogue, ["cryb-api", JOB]), found)
    assert comparison.differences == ()
    assert comparison.unknown == ()
    assert not any(added.confirm for added in overlay.add)
    assert next(added.values for added in overlay.add if added.name == "level") == "12.5x1"


@pytest.mark.parametrize(
    ("expr", "kind"),
    [
        ("rate(new_thing[5m]) > 1", MetricType.COUNTER),
        ("histogram_quantile(0.9, sum by (le) (rate(new_thing_bucket[5m])))", MetricType.HISTOGRAM),
        ("rate(new_thing_sum[5m]) / rate(new_thing_count[5m]) + new_thing_bucket", MetricType.HISTOGRAM),
        ("new_thing > 1", MetricType.GAUGE),
        ("new_thing > 1 or rate(new_thing[5m])", MetricType.COUNTER),
    ],
)
def test_types_are_guessed_from_use_and_marked(tmp_path: Path, expr: str, kind: MetricType) -> None:
    learnt = learn_overlay(PLATFORM, (), expressions(tmp_path, expr))
    overlay, _ = applied(learnt.text)
    (added,) = overlay.add
    assert (added.name, added.type, added.confirm) == ("new_thing", kind, True)
    assert learnt.summary == "1 families added (1 to be confirmed), 0 changed, 0 dropped"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("orders_refused_total", 'values: "0x1"'),  # nothing here is like it: it must not fire for nothing
        ("orders_placed_total", 'signal: "http.served"'),
        ("cryb_cache_missed_total", 'signal: "'),  # as cryb_cache_misses_total
    ],
)
def test_counters_of_trouble_that_nothing_causes_stand_still(tmp_path: Path, name: str, line: str) -> None:
    text = learn_overlay(PLATFORM, [], expressions(tmp_path, f"rate({name}[5m]) > 0")).text
    assert line in text
    applied(text)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("nginx_connections_dropped_total", True),  # nearest: connections that are handled, which is another thing
        ("prometheus_tsdb_wal_corruption_total", True),  # nearest: what never happens in the model
        ("container_cpu_kernel_seconds_total", False),  # nearest: of times, which count in another unit
    ],
)
def test_what_is_spelt_alike_is_not_always_alike(tmp_path: Path, name: str, values: bool) -> None:
    overlay, _ = applied(learn_overlay(PLATFORM, [], expressions(tmp_path, f"rate({name}[5m]) > 0")).text)
    (added,) = overlay.add
    assert (added.values == "0x1") == values
    assert added.signal in (None, "http.served")


@pytest.mark.parametrize(
    ("name", "signal"),
    [("restic_last_run", "standing.lately"), ("shop_boot_seconds", "instance.started_seconds")],
)
def test_what_is_taken_from_the_time_is_an_instant_of_the_past(tmp_path: Path, name: str, signal: str) -> None:
    text = learn_overlay(PLATFORM, [], expressions(tmp_path, f"time() - max by (job) ({name}) > 7200")).text
    (added,) = applied(text)[0].add
    assert (added.signal, added.values) == (signal, None)


def test_labels_that_an_info_metric_brings_do_not_hide_a_limit(tmp_path: Path) -> None:
    rule = "(shop_reboot_required > 0) * on (instance) group_left (nodename) node_uname_info"
    (added,) = applied(learn_overlay(PLATFORM, [], expressions(tmp_path, rule)).text)[0].add
    assert (added.values, dict(added.during)) == ("0x1", {"a0": "1x1"})


def test_labels_and_jobs_are_those_that_are_used(tmp_path: Path) -> None:
    rule = 'sum by (zone) (rate(new_total{job="shop",status=~"5..|broken",shop="a"}[5m]))'
    overlay, catalogue = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, rule)).text)
    assert set(overlay.jobs) == {"shop"}
    assert family(catalogue, "new_total").label_names == ("shop", "status", "zone")
    assert overlay.add[0].labels["status"] == {"500": 0.01, "broken": 0.01, "other": 0.98}


def test_another_name_of_a_label_is_found_by_the_values_it_is_compared_with(tmp_path: Path) -> None:
    rule = 'rate(http_requests_total{http_status=~"5.."}[1m]) > 0'
    _, catalogue = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, rule)).text)
    assert family(catalogue, "http_requests_total").label_names == ("http_status", "method", "route")


def test_a_bucket_that_a_rule_reads_is_added(tmp_path: Path) -> None:
    rule = 'rate(http_request_duration_seconds_bucket{le="0.3"}[1m]) > 0'
    _, catalogue = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, rule)).text)
    assert 0.3 in family(catalogue, "http_request_duration_seconds").bounds


def test_recorded_names_and_prometheus_s_own_are_not_exposed(tmp_path: Path) -> None:
    path = tmp_path / "r.yml"
    rules = [{"record": "mine", "expr": "redis_up"}, {"alert": "A", "expr": "mine == 0 or up == 0 or ALERTS"}]
    path.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    overlay, _ = applied(learn_overlay(PLATFORM, (), expressions_in(path)).text)
    assert not overlay.add


def test_runtime_metrics_without_the_prefix_react_as_those_with_it(tmp_path: Path) -> None:
    overlay, _ = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, "nodejs_heap_size_used_bytes > 9")).text)
    (changed,) = overlay.change
    assert (changed.family, changed.name) == ("cryb_nodejs_nodejs_heap_size_used_bytes", "nodejs_heap_size_used_bytes")


def test_a_kubelet_s_containers_are_cadvisor_s(tmp_path: Path) -> None:
    rule = 'sum by (container, pod, namespace) (rate(container_cpu_usage_seconds_total{container!=""}[5m])) > 9'
    (changed,) = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, rule)).text)[0].change
    assert changed.labels == {"name": "container"}


def test_names_that_only_prometheus_3_knows_are_told_and_left_out(tmp_path: Path) -> None:
    rules = ('{"http.requests"} > 1', 'plain_thing{"service.name"="api"} > 1')
    learnt = learn_overlay(PLATFORM, (), expressions(tmp_path, *rules))
    assert not applied(learnt.text)[0].add
    assert [note.partition(": ")[2] for note in learnt.notes] == [
        "http.requests: names beyond letters, digits and _ are not simulated",
        "service.name: names beyond letters, digits and _ are not simulated",
    ]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (note,) = learn_overlay(PLATFORM, (), expressions(tmp_path, "sum(")).notes
    assert "rules.yml: g/A0: not readable" in note


def test_requests_that_are_counted_and_timed_under_another_name_react_as_the_platform_s(tmp_path: Path) -> None:
    rules = (
        'sum(rate(app_http_requests_total{status=~"5.."}[5m])) > 1',
        "histogram_quantile(0.9, sum by (le) (rate(app_request_latency_seconds_bucket[5m]))) > 1",
    )
    overlay, catalogue = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, *rules)).text)
    assert not overlay.add
    assert family(catalogue, "app_http_requests_total").label_names == ("method", "route", "status")
    assert family(catalogue, "app_request_latency_seconds").bounds
    rules = (*rules, "rate(http_requests_total[5m]) > 0", "rate(http_request_duration_seconds_sum[5m]) > 0")
    overlay, _ = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, *rules)).text)
    assert [added.name for added in overlay.add] == ["app_http_requests_total", "app_request_latency_seconds"]


@pytest.mark.parametrize(
    ("rule", "values", "during"),
    [
        ("queue_len > 1000", "1x1", "2000x1"),
        ("queue_len < 3", "6x1", "1.5x1"),
        ("thing_up == 0", "1x1", "0x1"),
        ("backup_timestamp < 100", "4102444800x1", "50x1"),
        ("queue_len > 10 and delta(queue_len[10m]) > 0", "1x1", "20+15x2000"),
        ("increase(oom_kills_total[10m]) > 3", "0x1", "0+1x2000"),
    ],
)
def test_no_alert_fires_at_rest_and_a_fault_named_after_it_sets_it_off(
    rule: str, values: str, during: str, tmp_path: Path
) -> None:
    overlay, _ = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, rule)).text)
    (added,) = overlay.add
    assert (added.values, dict(added.during)) == (values, {"a0": during})


def test_a_part_of_a_whole_is_at_rest_where_no_alert_fires(tmp_path: Path) -> None:
    overlay, _ = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, "heap_used / heap_max * 100 > 90")).text)
    assert {added.name: (added.values, dict(added.during)) for added in overlay.add} == {
        "heap_used": ("1x1", {"a0": "180x1"}),
        "heap_max": ("100x1", {}),
    }


def test_a_total_that_is_nowhere_a_rate_is_taken_for_a_level_and_said_to_be_a_guess(tmp_path: Path) -> None:
    level = "fs_inodes_free / fs_inodes_total * 100 < 10"
    overlay, _ = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, level)).text)
    added = {one.name: one for one in overlay.add}["fs_inodes_total"]
    assert (added.type, added.confirm) == (MetricType.GAUGE, True)
    assert "nowhere as a rate, so it is taken for a level" in added.help
    overlay, _ = applied(
        learn_overlay(PLATFORM, (), expressions(tmp_path, level, "rate(fs_inodes_total[5m]) > 3")).text
    )
    assert {one.name: one.type for one in overlay.add}["fs_inodes_total"] is MetricType.COUNTER


def test_states_that_are_named_do_not_hold_at_rest(tmp_path: Path) -> None:
    rule = 'sum by (pod) (max by (pod) (pod_status_phase{phase=~"Pending|Failed"}) * on (pod) group_left pod_owner) > 0'
    overlay, _ = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, rule)).text)
    assert {added.name: added.values for added in overlay.add} == {"pod_status_phase": "0x1", "pod_owner": "1x1"}


def test_a_label_that_every_use_asks_for_has_that_value_alone(tmp_path: Path) -> None:
    rules = ('rate(odd_total{path="/m",of="a"}[5m]) > 0', 'rate(odd_total{path="/m",of=~"b|c",gone=""}[5m]) > 0')
    overlay, _ = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, *rules)).text)
    assert overlay.add[0].labels["path"] == ("/m",)
    assert set(overlay.add[0].labels["of"]) == {"a", "b", "c", "other"}
    assert "gone" not in overlay.add[0].labels


def test_a_family_without_the_label_that_says_what_it_counts_is_another_one(tmp_path: Path) -> None:
    rule = 'rate(nginx_http_requests_total{status=~"^5..", env="live"}[1m]) > 0'
    overlay, catalogue = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, rule)).text)
    assert overlay.drop == ("nginx/nginx_http_requests_total",)
    assert family(catalogue, "nginx_http_requests_total").label_names == ("env", "status")


def test_a_job_whose_targets_an_alert_watches_goes_down_in_a_fault_named_after_it(tmp_path: Path) -> None:
    rules = ('absent(up{job="dns"} == 1)', 'rate(dns_lookups_total{job="dns"}[5m]) > 0')
    overlay, _ = applied(learn_overlay(PLATFORM, (), expressions(tmp_path, *rules)).text)
    assert overlay.jobs["dns"].down_during == ("a0",)
