"""An overlay drafted from what a real platform exposes, or from the names that rules and dashboards use.

What is exposed says its type and its buckets itself. A use only suggests them (`rate` → counter, `histogram_quantile` →
histogram, else gauge), so families that are known from uses alone are marked `confirm: true`. What drives a new family
is a guess either way: the signal of the catalogue's nearest family, or the value that was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from simulator.catalog.catalogue import Catalogue
from simulator.catalog.exposed import ExposedFamily, claimed, nearest_label
from simulator.catalog.families import Family, Histogram, Level, Written, rows
from simulator.catalog.jobs import CRYB_API
from simulator.engine.expressions import Expression
from simulator.errors import nearest
from simulator.rehearsal.learned_text import Addition, Change, Draft, written
from simulator.rehearsal.used_families import UsedFamily, used_families
from simulator.telemetry.samples import MetricType
from simulator.units import SECOND

_DEFAULT_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MOST_VALUES = 20
_FALLBACK_RATE = "http.served"
_ALIKE = 0.7
"""How like a family's name a new one has to be to be driven by the same signal."""
_TROUBLE = re.compile(
    r"abort|cancel|conflict|crash|deadlock|denied|discard|drop|error|evict|exceed|exhaust|fail|invalid|kill|lost|miss"
    r"|oom|panic|refuse|reject|reset|restart|retr(?:y|ies)|shed|stall|throttl|timeout|unauth",
    re.IGNORECASE,
)
"""Counters of what does not happen on a good day."""
_RARE = 0.01
"""The share that a label value known only from a use gets: rules mostly name the exceptional ones."""


@dataclass(frozen=True)
class Learnt:
    """The overlay's text, what it holds in a few words, and what could not be learnt."""

    text: str
    summary: str
    notes: tuple[str, ...] = ()


@dataclass
class _Learner:
    catalogue: Catalogue
    default_job: str | None
    draft: Draft = field(default_factory=Draft)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.by_key: dict[tuple[str, str], Family] = {}
        for family in self.catalogue.families:
            self.by_key.setdefault((family.job, family.name), family)

    # -- from a platform ------------------------------------------------------------------------------------------

    def platform(self, families: Sequence[ExposedFamily]) -> None:
        """Everything that differs between the catalogue and a source that shows all there is of its jobs."""
        jobs = {family.job for family in families}
        there = {(family.job, family.name): family for family in families}
        for claim in claimed(self.catalogue, jobs):
            found = there.pop((claim.job, claim.name), None)
            if found is None:
                self.draft.drop.append(f"{claim.job}/{claim.name}")
            else:
                self._reshape(claim, found)
        for found in there.values():
            self._add_exposed(found)

    def _reshape(self, claim: ExposedFamily, found: ExposedFamily) -> None:
        if found.type is not None and claim.type is not None and found.type is not claim.type:
            self.draft.drop.append(f"{claim.job}/{claim.name}")
            self._add_exposed(found)
            return
        change = Change(claim.job, claim.name)
        if found.labels is not None and claim.labels is not None:
            missing = sorted(set(claim.labels) - set(found.labels))
            more = sorted(set(found.labels) - set(claim.labels))
            for name in missing:
                guess = nearest_label(name, more)
                if guess is not None:
                    change.labels[name] = guess
                    more.remove(guess)
                elif found.type is MetricType.GAUGE:
                    self.notes.append(f"{claim.job}: {claim.name} has no label {name} there; drop and add it by hand")
                else:
                    change.without.append(name)
            change.constants.update({name: next(iter(found.values.get(name, ("?",)))) for name in more})
        if found.bounds and found.bounds != claim.bounds and claim.type is MetricType.HISTOGRAM:
            change.buckets = found.bounds
        self.draft.note_change(change)

    def _add_exposed(self, found: ExposedFamily) -> None:
        if found.type is MetricType.SUMMARY:
            self.notes.append(f"{found.job}: {found.name}: is a summary, which an overlay cannot add")
            return
        addition = Addition(found.job, found.name, found.type or MetricType.GAUGE, found.help)
        addition.labels = {name: tuple(values[:_MOST_VALUES]) for name, values in found.values.items()}
        addition.buckets = tuple(bound for bound in found.bounds if bound > 0)
        addition.confirm = found.type is None
        self._bind(addition, found.sample)
        self.draft.add.append(addition)

    # -- from uses ------------------------------------------------------------------------------------------------

    def uses(self, expressions: Iterable[Expression]) -> None:
        """Names and labels that expressions use and the catalogue, with what was learnt so far, does not have."""
        readable = []
        for expression in expressions:
            if expression.uses is None:
                self.notes.append(f"{expression.file}: {expression.place}: not readable: {expression.text}")
            else:
                readable.append(expression)
        added = {addition.name for addition in self.draft.add}
        for used in used_families(readable):
            entries = [family for family in self.catalogue.families if used.may_be(family)]
            if entries:
                for job in dict.fromkeys(family.job for family in entries):
                    self._fit_use(used, self.by_key[job, entries[0].name])
            elif used.name not in added:
                self._add_used(used)

    def _fit_use(self, used: UsedFamily, family: Family) -> None:
        """Labels that are used and that the family does not have: another name of one it has, or a further one."""
        change = Change(family.job, family.name)
        free = [name for name in family.label_names if name not in used.labels]
        values = _values(family)
        for name, label in used.labels.items():
            if name in family.label_names or name in used.of_targets or self.draft.explains(family, name):
                continue
            same = [old for old in free if label.accepts_one_of(values.get(old, ()))]
            guess = nearest_label(name, same) or (same[0] if len(same) == 1 and label.patterns else None)
            guess = guess or nearest_label(name, free)
            if guess is not None:
                change.labels[guess] = name
                free.remove(guess)
            elif label.literals:
                change.constants[name] = label.literals[0]
            else:
                self.notes.append(f"{family.job}: {family.name} has no label {name}, by which {used.where} groups it")
        bounds = sorted({*family.bounds, *used.bounds})
        if family.bounds and tuple(bounds) != family.bounds:
            change.buckets = tuple(bounds)
        change.where = used.where
        self.draft.note_change(change)

    def _add_used(self, used: UsedFamily) -> None:
        job = used.job or self.default_job or CRYB_API
        addition = Addition(job, used.name, used.type, f"used by {used.where}", confirm=True, where=used.where)
        for name, label in used.labels.items():
            if name in used.of_targets:
                continue
            seen = label.examples()
            if used.type is MetricType.COUNTER and seen:
                rest = 1 - _RARE * len(seen)
                addition.labels[name] = {**dict.fromkeys(seen, _RARE), "other": round(max(rest, _RARE), 4)}
            else:
                addition.labels[name] = seen or ("some",)
        if used.type is MetricType.HISTOGRAM:
            addition.buckets = tuple(sorted({*_DEFAULT_BOUNDS, *used.bounds}))
        self._bind(addition, None)
        self.draft.add.append(addition)

    # -- what drives it -------------------------------------------------------------------------------------------

    def _bind(self, addition: Addition, seen: float | None) -> None:
        if addition.job not in {job.name for job in self.catalogue.jobs}:
            self.draft.jobs.add(addition.job)
        alike = {family.name: family for family in self.catalogue.families if family.type is addition.type}
        close = nearest(addition.name, alike, likeness=_ALIKE)
        if close is None and addition.type is MetricType.COUNTER and _TROUBLE.search(addition.name):
            addition.values = (
                "0x1"  # nothing here is known to cause it, so it stands still until somebody says what does
            )
            return
        if addition.type is MetricType.GAUGE:
            if seen is None and close is not None and alike[close].signal:
                addition.signal = alike[close].signal
            else:
                addition.values = f"{1.0 if seen is None else seen:g}x1"
            addition.like = close or ""
            return
        addition.signal = alike[close].signal if close and alike[close].signal else _FALLBACK_RATE
        addition.like = close or ""
        if addition.type is MetricType.HISTOGRAM:
            view = alike[close].view if close else None
            bounds = addition.buckets = addition.buckets or _DEFAULT_BOUNDS
            if isinstance(view, Histogram) and "{" not in view.flow.spread:
                addition.spread = view.flow.spread
            elif addition.name.endswith(("_seconds", "_duration")) or bounds[-1] <= 5 * 60 * SECOND / 1000:
                addition.spread = "http.read"
            else:
                addition.median = bounds[len(bounds) // 2]


def learn_overlay(
    catalogue: Catalogue,
    platforms: Iterable[Sequence[ExposedFamily]],
    expressions: Iterable[Expression],
    *,
    default_job: str | None = None,
) -> Learnt:
    """Draft an overlay. `default_job` exposes what only expressions tell of, where they name no job."""
    learner = _Learner(catalogue, default_job)
    for families in platforms:
        learner.platform(families)
    learner.uses(expressions)
    draft = learner.draft
    to_confirm = sum(addition.confirm for addition in draft.add)
    summary = (
        f"{len(draft.add)} families added ({to_confirm} to be confirmed), {len(draft.changes)} changed, "
        f"{len(draft.drop)} dropped"
    )
    return Learnt(written(draft), summary, tuple(learner.notes))


def _values(family: Family) -> Mapping[str, tuple[str, ...]]:
    """Values of a family's labels, as the catalogue lists them."""
    found: dict[str, dict[str, None]] = {}
    if isinstance(family.view, Written):
        return {name: (value,) for name, value in family.view.labels}
    dimensions = family.view.dimensions if isinstance(family.view, Level) else family.view.flow.dimensions
    for labels, _ in rows(dimensions):
        for name, value in labels.items():
            found.setdefault(name, {})[value] = None
    if isinstance(family.view, Level):
        return {family.view.shown.get(name, name): tuple(values) for name, values in found.items()}
    return {shown: tuple(found[of]) for shown, of in family.view.by.items()}
