"""The catalogue holds together: names are legal, every signal exists, families agree with their flows."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.catalog.families import Count, Family, Histogram, Level, Scores, Sizes, factors, rows, shares
from simulator.catalog.inventory import FAMILIES, families_of
from simulator.catalog.jobs import BY_NAME
from simulator.catalog.sizes import WHOLE, Extent, Size
from simulator.model.flows import _filled
from simulator.model.moment import SIGNALS
from simulator.model.spreads import SPREADS
from simulator.telemetry.samples import MetricType

METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def identify(family: Family) -> str:
    return f"{family.job}/{family.name}"


@pytest.mark.parametrize("family", FAMILIES, ids=identify)
def test_an_entry_is_sound(family: Family) -> None:
    assert METRIC.fullmatch(family.name)
    assert family.help
    assert family.job in BY_NAME
    assert family.signal in SIGNALS
    assert all(LABEL.fullmatch(name) and not name.startswith("__") for name in family.label_names)
    assert list(family.bounds) == sorted(set(family.bounds))
    kinds = {
        # some exporters do not say that they count; of a summary's samples two are counts
        Count: {MetricType.COUNTER, MetricType.GAUGE, MetricType.UNTYPED, MetricType.SUMMARY},
        Histogram: {MetricType.HISTOGRAM},
        Sizes: {MetricType.HISTOGRAM},
        Scores: {MetricType.HISTOGRAM},
        Level: {MetricType.GAUGE, MetricType.UNTYPED, MetricType.SUMMARY},
    }
    assert family.type in kinds[type(family.view)]


@pytest.mark.parametrize("family", [f for f in FAMILIES if not isinstance(f.view, Level)], ids=identify)
def test_a_view_asks_its_flow_for_what_it_has(family: Family) -> None:
    assert not isinstance(family.view, Level)
    flow = family.view.flow
    found = list(rows(flow.dimensions))
    assert found
    for labels, _ in found:
        assert set(family.view.by.values()) <= set(labels)
        assert set(family.view.where) <= set(labels)
        if flow.spread:
            assert _filled(flow.spread, labels) in SPREADS
    assert sum(share for _, share in found) == pytest.approx(1.0)
    for labels, _ in found:
        assert {_filled(name, labels) for name in flow.failures.values()} <= set(SIGNALS)
    if isinstance(family.view, Count) and family.view.beyond:
        assert family.view.beyond in flow.bounds


def test_entries_of_one_family_agree_on_its_kind_and_share_no_series() -> None:
    entries: dict[tuple[str, str], list[Family]] = defaultdict(list)
    for family in FAMILIES:
        entries[family.job, family.name].append(family)
    for key, together in entries.items():
        labels = {tuple(name for name in entry.label_names if name != "quantile") for entry in together}
        assert len({(entry.type, entry.help) for entry in together}) == len(labels) == 1, key


def test_families_of_a_job_come_by_name() -> None:
    names = [family.name for family in families_of("postgresql")]
    assert names == sorted(names)
    assert names


def test_a_tiny_platform_has_the_same_whole_in_fewer_parts() -> None:
    dimension = shares("x", {"a": 5, "b": 3, "c": 2}, tiny=2)
    assert [values for values, _ in dimension.kept(Extent(Size.TINY))] == [("a",), ("b",)]
    assert sum(share for _, share in dimension.kept(Extent(Size.TINY))) == pytest.approx(1.0)
    assert len(dimension.kept(Extent(Size.DEFAULT))) == len(dimension.kept(WHOLE)) == 3


def test_a_tiny_platform_shows_each_factor_as_it_is() -> None:
    dimension = factors("x", {"a": 5.0, "b": 3.0, "c": 2.0}, tiny=2)
    assert dimension.kept(Extent(Size.TINY)) == ((("a",), 5.0), (("b",), 3.0))
