from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from simulator.api.metrics import ApiMetrics, without
from simulator.catalog.families import CausedBy, Family
from simulator.catalog.inventory import FAMILIES
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType

MODEL = b"""# HELP cryb_daily_active_users Users
# TYPE cryb_daily_active_users gauge
cryb_daily_active_users 5
# HELP http_requests_total The model's
# TYPE http_requests_total counter
http_requests_total{method="GET",route="/",code="200"} 99
# HELP cryb_db_query_duration_seconds The model's
# TYPE cryb_db_query_duration_seconds histogram
cryb_db_query_duration_seconds_bucket{le="+Inf"} 3
cryb_db_query_duration_seconds_sum 1
cryb_db_query_duration_seconds_count 3
# TYPE cryb_untold gauge
cryb_untold 1
"""


def test_the_models_families_follow_and_ours_win():
    asked: list[int] = []

    def model(now_ms: int) -> bytes:
        asked.append(now_ms)
        return MODEL

    metrics = ApiMetrics(model)
    metrics.request("GET", "/api/v1/posts", 200, 0.01, 0, 100)
    text = metrics.exposition(123).decode()
    families = [family.name for family in text_string_to_metric_families(text)]
    assert len(families) == len(set(families))
    assert {"cryb_daily_active_users", "cryb_untold"} <= set(families)
    assert "99" not in text
    assert asked == [123]
    types = [line for line in text.splitlines() if line.startswith("# TYPE ")]
    assert len(types) == len(set(types))


def test_no_created_samples():
    metrics = ApiMetrics()
    metrics.request("GET", "/x", 200, 0.01, 0, 1)
    samples = [line for line in metrics.exposition(0).decode().splitlines() if not line.startswith("#")]
    assert samples
    assert not [line for line in samples if line.partition("{")[0].endswith("_created")]


def test_two_apis_in_one_process_do_not_share_counters():
    first, second = ApiMetrics(), ApiMetrics()
    first.request("GET", "/x", 200, 0.01, 0, 1)
    assert b'route="/x"' in first.exposition(0)
    assert b'route="/x"' not in second.exposition(0)


def test_slow_queries_are_those_over_a_second():
    metrics = ApiMetrics()
    for seconds in (0.5, 1.0, 1.001, 3.0):
        metrics.query("select", "posts", seconds)
    text = metrics.exposition(0).decode()
    assert 'cryb_db_slow_queries_total{operation="select",table="posts"} 2.0' in text
    assert 'cryb_db_queries_total{operation="select",table="posts"} 4.0' in text


SCENARIOS = frozenset(family.with_load for family in FAMILIES if family.with_load)
CAUSED = [family for family in FAMILIES if family.job == CRYB_API and family.caused_by is CausedBy.API]


@pytest.mark.parametrize("family", CAUSED, ids=lambda family: family.name)
def test_what_the_catalogue_says_the_api_causes_is_exposed_as_it_says(family: Family):
    """The model leaves these families out of a live run, so one that is missing here would be missing altogether."""
    metrics = ApiMetrics(drives=SCENARIOS)
    found = {metric.name: metric for metric in metrics.registry.collect()}
    name = family.name.removesuffix("_total") if family.type is MetricType.COUNTER else family.name
    assert name in found
    assert found[name].type == family.type.value
    # prometheus-client has no public way to a family's label names and buckets before its first sample
    declared = metrics.registry._names_to_collectors[family.name]
    assert tuple(sorted(declared._labelnames)) == family.label_names
    if family.bounds:
        assert tuple(bound for bound in declared._kwargs["buckets"]) == family.bounds


@pytest.mark.parametrize("scenarios", [frozenset(), SCENARIOS, *(frozenset({one}) for one in sorted(SCENARIOS))])
def test_each_family_is_exposed_by_the_api_or_by_the_model_whatever_the_load(scenarios: frozenset[str]):
    here = [family for family in FAMILIES if family.job == CRYB_API]
    owned = {family.name for family in here if family.owned_by_api(scenarios)}
    modelled = {family.name for family in here if not family.owned_by_api(scenarios)}
    exposed = ApiMetrics(drives=scenarios).families()
    assert owned <= exposed
    assert exposed & modelled == set()


NAMES = st.sampled_from(["a", "b_total", "c", "d"])


@given(st.lists(NAMES, unique=True), st.frozensets(NAMES))
def test_without_removes_whole_families_and_nothing_else(names: list[str], unwanted: frozenset[str]):
    def family(name: str) -> bytes:
        return f'# HELP {name} x\n# TYPE {name} gauge\n{name}{{x="# TYPE c gauge"}} 1\n'.encode()

    text = b"".join(family(name) for name in names)
    assert without(text, unwanted) == b"".join(family(name) for name in names if name not in unwanted)
