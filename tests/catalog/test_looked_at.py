"""Which families selectors mean."""

from __future__ import annotations

import pytest

from simulator.catalog.families import Family, Level
from simulator.catalog.looked_at import is_meant, unused
from simulator.telemetry.rules import Matcher, Selector
from simulator.telemetry.samples import MetricType


def family(name: str, kind: MetricType = MetricType.GAUGE, job: str = "api") -> Family:
    return Family(job, name, kind, "text", Level("one"))


@pytest.mark.parametrize(
    ("kind", "selector", "meant"),
    [
        (MetricType.GAUGE, Selector("x", ()), True),
        (MetricType.GAUGE, Selector("x_count", ()), False),
        (MetricType.HISTOGRAM, Selector("x_bucket", ()), True),
        (MetricType.HISTOGRAM, Selector("x_count", ()), True),
        (MetricType.HISTOGRAM, Selector("x", ()), False),
        (MetricType.GAUGE, Selector("", (Matcher("__name__", "=~", "x|y"),)), True),
        (MetricType.GAUGE, Selector("", (Matcher("__name__", "=~", "xy.*"),)), False),
        (MetricType.GAUGE, Selector("x", (Matcher("job", "=", "api"),)), True),
        (MetricType.GAUGE, Selector("x", (Matcher("job", "=", "web"),)), False),
        (MetricType.GAUGE, Selector("x", (Matcher("job", "!~", "a.*"),)), False),
    ],
)
def test_a_selector_means_a_family_by_name_and_job(kind: MetricType, selector: Selector, meant: bool) -> None:
    assert is_meant(family("x", kind), selector) is meant


def test_what_nothing_looks_at() -> None:
    left = unused([family("a"), family("b")], [Selector("a", ())])
    assert [one.name for one in left] == ["b"]
