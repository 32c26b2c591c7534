"""Which families an expression's selectors can mean."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from simulator.catalog.exposed import SUFFIXES
from simulator.catalog.families import Family
from simulator.telemetry.rules import Matcher, Selector
from simulator.telemetry.samples import MetricType


def sample_names(family: Family) -> tuple[str, ...]:
    """What its samples are called."""
    if family.type is MetricType.HISTOGRAM:
        return tuple(family.name + suffix for suffix in SUFFIXES)
    if family.type is MetricType.SUMMARY:
        return (family.name, *(family.name + suffix for suffix in SUFFIXES[1:]))
    return (family.name,)


def is_meant(family: Family, selector: Selector) -> bool:
    """Whether a selector can match series of a family, by name and job."""
    named = [Matcher("__name__", "=", selector.metric)] if selector.metric else []
    on_names = [*named, *(matcher for matcher in selector.matchers if matcher.label == "__name__")]
    if not any(all(matcher.accepts(name) for matcher in on_names) for name in sample_names(family)):
        return False
    return all(matcher.accepts(family.job) for matcher in selector.matchers if matcher.label == "job")


def unused(families: Iterable[Family], selectors: Collection[Selector]) -> tuple[Family, ...]:
    """The families that no selector means."""
    return tuple(family for family in families if not any(is_meant(family, selector) for selector in selectors))
