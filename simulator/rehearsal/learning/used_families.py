"""The metric families that a set of expressions speaks of, put together from every place that uses one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from simulator.catalog.exposed import SUFFIXES
from simulator.catalog.families import Family
from simulator.catalog.looked_at import sample_names
from simulator.engine.expressions import Expression
from simulator.engine.uses import Guess, Use
from simulator.telemetry.rules import Matcher
from simulator.telemetry.samples import MetricType

OF_TARGETS: Final = frozenset({"job", "instance", "__name__"})
_OF_SERVERS: Final = frozenset(
    {"cluster", "env", "environment", "dc", "datacenter", "monitor", "prometheus", "replica"}
)
"""Labels that tell whole installations apart: grouping by one does not say that series carry it."""
_NOT_EXPOSED: Final = re.compile(r"up|ALERTS(_FOR_STATE)?|scrape_.*|.*:.*")
"""What Prometheus makes itself; a colon marks recorded names."""
_TYPES: Final = {
    Guess.COUNTER: MetricType.COUNTER,
    Guess.HISTOGRAM: MetricType.HISTOGRAM,
    Guess.GAUGE: MetricType.GAUGE,
}
_PLAIN: Final = re.compile(r"[\w./:@ -]+")
_CLASS: Final = re.compile(r"([1-5])(?:\.\.|\.\+|\.\*|\\d\\d|\\d\{2\}|\[0-9\]\[0-9\]|\[0-9\]\{2\}|xx)")
_TYPICAL: Final = {"1": "101", "2": "200", "3": "302", "4": "404", "5": "500"}


@dataclass
class UsedLabel:
    """What uses say about one label: values that are named, and patterns."""

    literals: list[str] = field(default_factory=list)
    patterns: list[Matcher] = field(default_factory=list)
    seen: int = 0

    def see(self, matcher: Matcher) -> None:
        """One matcher on it."""
        self.seen += 1
        if matcher.op == "=" and matcher.value:
            self.literals.append(matcher.value)
        if matcher.op in ("=", "=~") and matcher.value:
            self.patterns.append(matcher)

    def accepts_one_of(self, values: Collection[str]) -> bool:
        """Whether each matcher accepts one of these values at least."""
        return bool(values) and all(any(map(matcher.accepts, values)) for matcher in self.patterns)

    def examples(self) -> tuple[str, ...]:
        """Values that the matchers accept: those named, plain alternatives, and a typical code of `5..`."""
        found = dict.fromkeys(self.literals)
        for matcher in self.patterns:
            for part in matcher.value.split("|") if matcher.op == "=~" else ():
                part = part.strip("()^$")
                if match := _CLASS.fullmatch(part):
                    found[_TYPICAL[match[1]]] = None
                elif _PLAIN.fullmatch(part) and "." not in part:
                    found[part] = None
        return tuple(found)


@dataclass
class UsedFamily:
    """A family as its uses show it. `where` is the first place that speaks of it."""

    name: str
    type: MetricType
    where: str
    jobs: dict[str, None] = field(default_factory=dict)
    """The jobs that selectors name, in the order met."""
    labels: dict[str, UsedLabel] = field(default_factory=dict)
    bounds: set[float] = field(default_factory=set)
    of_targets: frozenset[str] = OF_TARGETS
    uses: int = 0
    is_instant: bool = False
    """It is a moment of the past: `time() - backup_finished`."""

    def always(self, label: str) -> str:
        """The one value of a label that every use asks for, or empty."""
        of = self.labels[label]
        return of.literals[0] if of.seen == self.uses == len(of.literals) and len(set(of.literals)) == 1 else ""

    @property
    def job(self) -> str:
        """The first job that a selector names, or empty."""
        return next(iter(self.jobs), "")

    def see(self, use: Use) -> None:
        """One use of it."""
        self.uses += 1
        self.is_instant = self.is_instant or use.is_instant
        for matcher in use.selector.matchers:
            if matcher.label == "job" and matcher.op == "=":
                self.jobs[matcher.value] = None
            elif matcher.label == "le":
                self._see_bound(matcher)
            elif matcher.label not in OF_TARGETS and (matcher.op, matcher.value) != ("=", ""):
                self.labels.setdefault(matcher.label, UsedLabel()).see(matcher)
        for name in use.grouped_by - OF_TARGETS - _OF_SERVERS - {"le"}:
            self.labels.setdefault(name, UsedLabel())

    def _see_bound(self, matcher: Matcher) -> None:
        for part in matcher.value.split("|"):
            try:
                bound = float(part)
            except ValueError:
                continue
            if 0 < bound < float("inf"):
                self.bounds.add(bound)


class BySampleName:
    """The families of a catalogue, found by what their samples are called."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._found: dict[str, dict[int, Family]] = {}
        for number, family in enumerate(families):
            for name in sample_names(family):
                self._found.setdefault(name, {})[number] = family

    def meant(self, used: UsedFamily, named_job: str) -> list[Family]:
        """Those that may be what is used, where selectors name that job (or none), in the catalogue's order."""
        found: dict[int, Family] = {}
        for name in (used.name, *(used.name + suffix for suffix in SUFFIXES)):
            found |= self._found.get(name, {})
        return [found[number] for number in sorted(found) if named_job in ("", found[number].job)]


def used_families(expressions: Iterable[Expression]) -> tuple[UsedFamily, ...]:
    """Every family that these expressions use and that a target has to expose: recorded names are none."""
    expressions = tuple(expressions)
    recorded = {expression.records for expression in expressions}
    uses = [
        (use, f"{expression.file} ({expression.place})")
        for expression in expressions
        for use in expression.uses or ()
        if use.selector.metric not in recorded and not _NOT_EXPOSED.fullmatch(use.selector.metric or "up")
    ]
    histograms = {use.selector.metric.removesuffix("_bucket") for use, _ in uses if use.guess is Guess.HISTOGRAM}
    found: dict[str, UsedFamily] = {}
    for use, where in uses:
        name = use.selector.metric
        base = next((name.removesuffix(s) for s in SUFFIXES if name.removesuffix(s) in histograms), name)
        kind = MetricType.HISTOGRAM if base in histograms else _TYPES[use.guess]
        family = found.setdefault(base, UsedFamily(base, kind, where))
        if kind is MetricType.COUNTER:  # one use inside rate() outweighs others
            family.type = kind
        family.see(use)
    return tuple(found.values())
