"""The catalogue against what a platform exposes: what counts as a difference, and what does not."""

from __future__ import annotations

from dataclasses import replace

from simulator.catalog.catalogue import Catalogue
from simulator.catalog.comparison import Aspect, compare
from simulator.catalog.exposed import ExposedFamily, claimed
from simulator.catalog.families import Family, Level, constant, factors
from simulator.telemetry.samples import MetricType

REQUESTS = ExposedFamily("api", "http_requests_total", MetricType.COUNTER, labels=("code", "route"))
LATENCY = ExposedFamily("api", "latency_seconds", MetricType.HISTOGRAM, labels=("route",), bounds=(0.1, 1.0))


def lines(claims: list[ExposedFamily], found: list[ExposedFamily]) -> list[str]:
    return [str(difference) for difference in compare(claims, found).differences]


def test_the_same_is_no_difference() -> None:
    assert lines([REQUESTS, LATENCY], [LATENCY, REQUESTS]) == []


def test_a_missing_family_comes_with_the_nearest_name_that_nobody_claims() -> None:
    theirs = replace(REQUESTS, name="http_request_total")
    assert lines([REQUESTS, LATENCY], [LATENCY, theirs]) == [
        "api: http_requests_total is not there; nearest there: http_request_total"
    ]


def test_type_labels_and_buckets() -> None:
    found = [
        replace(REQUESTS, type=MetricType.GAUGE, labels=("route", "status_code")),
        replace(LATENCY, bounds=(0.1, 2.0)),
    ]
    assert lines([REQUESTS, LATENCY], found) == [
        "api: http_requests_total has the type gauge there, not counter",
        "api: http_requests_total has the labels {route, status_code} there, not {code, route}; "
        "nearest there: code → status_code",
        "api: latency_seconds has the buckets 0.1 2 there, not 0.1 1",
    ]


def test_what_the_source_does_not_say_is_no_difference() -> None:
    assert lines([REQUESTS], [replace(REQUESTS, type=None, labels=None)]) == []


def test_a_job_that_is_not_there_is_one_difference() -> None:
    (difference,) = compare([REQUESTS, LATENCY], [replace(REQUESTS, job="apis")]).differences
    assert difference.aspect is Aspect.JOB
    assert str(difference) == "api: no series of this job there (2 families of the catalogue); nearest there: apis"


def test_what_only_the_source_has_is_listed_beside_the_differences() -> None:
    more = replace(REQUESTS, name="go_goroutines")
    comparison = compare([REQUESTS], [REQUESTS, more])
    assert comparison.differences == ()
    assert comparison.unknown == (more,)
    assert (comparison.jobs, comparison.compared) == (("api",), 1)


def test_what_nobody_can_see_of_a_label_is_not_claimed() -> None:
    summary = Level("one", (factors("quantile", {"0.5": 1.0, "0.9": 2.0}), constant("slice", "inner")))
    empty = Level("one", (constant("err", ""), constant("db", "db0")))
    families = (
        Family("api", "s", MetricType.SUMMARY, "x", summary),
        Family("api", "g", MetricType.GAUGE, "x", empty),
    )
    assert [claim.labels for claim in claimed(Catalogue(families, ()))] == [("slice",), ("db",)]
