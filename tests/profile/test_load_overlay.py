"""Overlays are read with every mistake told, each at its place."""

from __future__ import annotations

import pytest

from simulator.catalog.catalogue import PLATFORM, Catalogue
from simulator.catalog.families import Count, Level, Written
from simulator.errors import InputError
from simulator.profile.load_overlay import parse_overlay
from simulator.profile.overlay import OverlayFile
from simulator.telemetry.samples import MetricType

SIGNALS = {"http.served": "1/s", "node.cpu": "ratio"}
SPREADS = ("http.read", "db.query")


def read(text: str) -> tuple[OverlayFile, Catalogue]:
    return parse_overlay(text, PLATFORM, file="o.yaml", signals=SIGNALS, spreads=SPREADS)


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def family(catalogue: Catalogue, name: str) -> object:
    (found,) = [family for family in catalogue.families if family.name == name]
    return found


def test_an_empty_overlay_changes_nothing() -> None:
    _, catalogue = read("")
    assert catalogue.families == PLATFORM.families
    assert catalogue.digest == PLATFORM.digest


def test_a_variant_of_the_contract() -> None:
    overlay, catalogue = read(
        "change:\n- family: http_requests_total\n  labels: {code: status_code}\n  with: {env: prod}\n"
    )
    (changed,) = [f for f in catalogue.families if f.name == "http_requests_total"]
    assert changed.label_names == ("env", "method", "route", "status_code")
    assert catalogue.digest != PLATFORM.digest
    assert len(overlay.sha256) == 64


def test_a_platform_without_the_catalogue() -> None:
    _, catalogue = read(
        "jobs: {shop: {port: 80, instances: 2}}\ndrop: ['*']\nadd:\n"
        "- {name: orders_total, job: shop, type: counter, signal: http.served, labels: {state: {ok: 3, bad: 1}}}\n"
        "- {name: busy, job: shop, type: gauge, signal: node.cpu}\n"
        "- {name: carts, job: shop, type: gauge, labels: {zone: [a, b]}, values: '5x3', during: {outage: '0x9'}}\n"
    )
    assert [job.name for job in catalogue.exposing_jobs] == ["shop"]
    assert catalogue.job("shop").targets == ("shop-1", "shop-2")
    kinds = [(f.name, f.type, type(f.view)) for f in catalogue.families]
    assert kinds == [
        ("orders_total", MetricType.COUNTER, Count),
        ("busy", MetricType.GAUGE, Level),
        ("carts", MetricType.GAUGE, Written),
        ("carts", MetricType.GAUGE, Written),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "change:\n- family: http_request_total",
            "o.yaml:2:11: change[0].family: the catalogue has no family 'http_request_total'; "
            "did you mean 'http_requests_total'?",
        ),
        (
            "change:\n- family: http_requests_total\n  labels: {cod: status}",
            "o.yaml:3:17: change[0].labels.cod: http_requests_total has no label 'cod'; did you mean 'code'? "
            "(its labels: code, method, route)",
        ),
        (
            "change:\n- {family: http_requests_total, labels: {code: route}}",
            "o.yaml:2:41: change[0].labels: http_requests_total cannot have the label 'route' (again)",
        ),
        (
            "change:\n- {family: http_requests_total, buckets: [1, 2]}",
            "o.yaml:2:42: change[0].buckets: http_requests_total is not a histogram",
        ),
        (
            "change:\n- {family: http_request_duration_seconds, buckets: [2, 1]}",
            "o.yaml:2:52: change[0].buckets: upper bounds have to rise, from above 0, and +Inf is not written",
        ),
        (
            "change:\n- {family: cryb_user_engagement_score, without: [user_tier]}",
            "o.yaml:2:50: change[0].without[0]: cryb_user_engagement_score is a gauge with several values of "
            "'user_tier', which cannot be added up",
        ),
        ("drop: [nothing_*]", "o.yaml:1:8: drop[0]: no family is called 'nothing_*'"),
        ("chang: []", "o.yaml:1:1: chang: 'chang' is not a key here; did you mean 'change'? (allowed: description, "),
        (
            "add:\n- {name: x, job: shop, type: gauge, signal: node.cpu}",
            "o.yaml:2:18: add[0].job: there is no job 'shop'",
        ),
        (
            "add:\n- {name: redis_up, job: redis, type: gauge, signal: node.cpu}",
            "o.yaml:2:10: add[0].name: redis exposes redis_up already; use `change`, or `drop` it first",
        ),
        (
            "add:\n- {name: x_total, job: redis, type: counter, signal: node.cpu}",
            "o.yaml:2:54: add[0].signal: node.cpu is a level (ratio); a counter follows a rate, such as http.served",
        ),
        (
            "add:\n- {name: x, job: redis, type: gauge, signal: node.cpuu}",
            "o.yaml:2:46: add[0].signal: the model has no signal 'node.cpuu'; did you mean 'node.cpu'?",
        ),
        ("add:\n- {name: x, job: redis, type: gauge}", "o.yaml:2:3: add[0]: needs either `signal` or `values`"),
        (
            "add:\n- {name: x, job: redis, type: gauge, values: 0+1}",
            "o.yaml:2:46: add[0].values: '0+1' is not promtool's notation; write items like 5, 0+10x20, ",
        ),
        (
            "add:\n- {name: x_total, job: redis, type: counter, values: '0+1x9', during: {outage: '5-1x3'}}",
            "o.yaml:2:80: add[0].during.outage: is added to a counter, so it may neither fall nor have gaps; ",
        ),
        (
            "add:\n- {name: x, job: redis, type: gauge, values: '1', during: {databse_slow: '5'}}",
            "o.yaml:2:74: add[0].during.databse_slow: 'databse_slow' is neither a fault kind nor an id; "
            "did you mean 'database_slow'?",
        ),
        (
            "add:\n- {name: x, job: redis, type: histogram, signal: http.served, buckets: [1]}",
            "o.yaml:2:3: add[0]: a histogram needs either `spread` (of times) or `median` (of amounts)",
        ),
        (
            "add:\n- {name: x, job: redis, type: histogram, signal: http.served, buckets: [1], spread: http.reed}",
            "o.yaml:2:85: add[0].spread: the model has no spread 'http.reed'; did you mean 'http.read'? (it has ",
        ),
        (
            "add:\n- {name: x, job: redis, type: gauge, labels: {code: [200]}, signal: node.cpu}",
            "o.yaml:2:53: add[0].labels.code: a list is not a label's value, a list of values, or values with their "
            "shares (numbers in quotes: '200')",
        ),
        (
            "add:\n- name: x\n  job: redis\n  type: gauge\n  series:\n  - {labels: {a: p}, values: '1'}\n"
            "  - {labels: {b: p}, values: '1'}",
            "o.yaml:6:3: add[0].series: all series of a family have the same label names",
        ),
        (
            "add:\n- name: x\n  job: redis\n  type: gauge\n  series:\n  - {labels: {a: p}, values: '1'}\n"
            "  - {labels: {a: [q, p]}, values: '1'}",
            "o.yaml:7:14: add[0].series[1].labels: these series are there already",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, expected: str) -> None:
    (problem,) = problems(text)
    assert problem[: len(expected)] == expected


def test_all_mistakes_are_told_in_the_order_of_the_file() -> None:
    found = problems("drop: [nope]\nchange:\n- {family: nope}\nadd:\n- {name: x, job: nope, type: gauge, values: '1'}")
    assert [line.split(" ")[1] for line in found] == ["drop[0]:", "change[0].family:", "add[0].job:"]
