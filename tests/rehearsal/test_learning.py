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
from simulator.rehearsal.learning import learn_overlay
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


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (note,) = learn_overlay(PLATFORM, (), expressions(tmp_path, "sum(")).notes
    assert "rules.yml: g/A0: not readable" in note
