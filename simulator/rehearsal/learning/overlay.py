"""An overlay drafted from what a real platform exposes, or from the names that rules and dashboards use.

What is exposed says its type and its buckets itself. A use only suggests them (`rate` → counter, `histogram_quantile` →
histogram, else gauge), so families that are known from uses alone are marked `confirm: true`. What drives a new family
is a guess either way: the signal of the catalogue's nearest family, or the value that was seen.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulator.catalog.catalogue import Catalogue
from simulator.catalog.exposed import ExposedFamily, claimed, nearest_label
from simulator.catalog.families import Family, Histogram, Level, Written, rows
from simulator.engine.expressions import Expression
from simulator.errors import nearest
from simulator.model.moment import SIGNALS
from simulator.rehearsal.learning.alert_limits import Limits, fault_id, limits_by_metric
from simulator.rehearsal.learning.homes import Homes, with_kinds
from simulator.rehearsal.learning.text import Addition, Change, Draft, written
from simulator.rehearsal.learning.used_families import BySampleName, UsedFamily, used_families
from simulator.telemetry.samples import MetricType
from simulator.units import SECOND

_DEFAULT_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MOST_VALUES = 20
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_FALLBACK_RATE = "http.served"
_NEVER = "zero"
"""The signal of what does not happen in the model."""
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
    is_needed: bool = True
    """Whether anything differs from the catalogue."""


_OF_PLACES: Final = re.compile(
    r"env|environment|stage|cluster|region|zone|dc|datacenter|site|namespace|tenant|team|service|app|application"
    r"|component|product|tier|role|host|hostname|node|pod|replica|monitor|prometheus"
)
"""Labels that say where something runs: any value that rules ask for is as good as another."""
_SAME_LABEL: Final = {"container": "name"}
"""What cAdvisor calls a container by itself, and what inside of a kubelet."""
_STATES: Final = re.compile(r"_(?:status|state|phase|reason|condition|health)")
_INSTANTS: Final = re.compile(r"not_after|expir|_timestamp|_time_seconds$")
_STARTS: Final = re.compile(r"start|boot|creat")
_STARTED: Final = "instance.started_seconds"
_LATELY: Final = "standing.lately"
_AT_REST: Final = 1.0
_LONG_FROM_NOW: Final = 4_102_444_800.0  # 2100-01-01, in seconds
_ANY: Final = re.compile("")
_NOTHING: Final = re.compile("(?!)")
_RENAMED: Final = {
    MetricType.HISTOGRAM: (re.compile(r"^(?!.*(?:milli|_ms\b)).*(?:http|request).*(?:second|duration|latency)"),
                           "http_request_duration_seconds"),
    MetricType.COUNTER: (re.compile(r"http.*(?:request|response)|request.*_(?:total|count)$"), "http_requests_total"),
}  # fmt: skip
"""Names under which other platforms export what the catalogue calls so: then it reacts as the platform does."""


@dataclass
class _Learner:
    catalogue: Catalogue
    homes: Homes
    draft: Draft = field(default_factory=Draft)
    notes: list[str] = field(default_factory=list)
    renamed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.by_key: dict[tuple[str, str], Family] = {}
        for family in self.catalogue.families:
            self.by_key.setdefault((family.job, family.name), family)
        self.by_name = BySampleName(self.catalogue.families)

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
        limits = limits_by_metric(readable)
        families = used_families(readable)
        asked = {family.name for used in families for family in self._meant(used)}
        self.homes = with_kinds(self.homes, families)
        for used in families:
            if odd := [name for name in (used.name, *used.labels) if not _PLAIN_NAME.fullmatch(name)]:
                names = ", ".join(odd)
                self.notes.append(f"{used.where}: {names}: names beyond letters, digits and _ are not simulated")
                continue
            entries = self._meant(used)
            if entries:
                for job in dict.fromkeys(family.job for family in entries):
                    if not self._fit_use(used, self.by_key[job, entries[0].name]):
                        self.draft.drop.append(f"{job}/{entries[0].name}")
                        self._add_used(used, limits, job)
            elif used.name not in added and not self._rename(used, asked):
                self._add_used(used, limits, self.homes.of(used.name, used.job, self.catalogue))
        for expression in readable:
            self._may_be_down(expression)

    def _may_be_down(self, expression: Expression) -> None:
        """A job of the team's that an alert watches the targets of: a fault named after the alert takes them down."""
        for use in (expression.uses or ()) if expression.alert else ():
            of_jobs = (m.value for m in use.selector.matchers if use.selector.metric == "up" and m.label == "job")
            for job in of_jobs:
                if job in self.draft.jobs or (job in self.homes.own and job not in self.homes.mapping):
                    self.draft.jobs.setdefault(job, max(self.homes.own.get(job, 1), 1))
                    down = self.draft.down_during.setdefault(job, [])
                    down += {fault_id(expression.alert)} - set(down)

    def _meant(self, used: UsedFamily) -> list[Family]:
        """The families of the catalogue that it can be: of the job that is asked for, and scraped."""
        job = self.homes.mapping.get(used.job, used.job)
        return [family for family in self.by_name.meant(used, job) if self.homes.is_scraped(family.job)]

    def _rename(self, used: UsedFamily, asked: Collection[str]) -> bool:
        """Take what counts or times requests under another name for the catalogue's, where nobody asks for that."""
        job = self.homes.of(used.name, used.job, self.catalogue)
        prefixed = [one for of, one in self.by_key if of == job and one.endswith(f"_{used.name}")]
        pattern, name = _RENAMED.get(used.type, (_NOTHING, ""))
        if len(prefixed) == 1:  # `nodejs_…` without the prefix that the catalogue's has
            pattern, name = _ANY, prefixed[0]
        family = self.by_key.get((job, name))
        if not pattern.search(used.name) or family is None or name in {*asked, *self.renamed}:
            return False
        self.renamed.add(name)
        self._fit_use(used, family, used.name)
        return True

    def _fit_use(self, used: UsedFamily, family: Family, name_there: str = "") -> bool:
        """Labels that are used and that the family does not have: another name of one it has, or a further one.

        False where values are asked for of a label that says what is counted, and that it has not: it is another one.
        """
        change = Change(family.job, family.name, name=name_there)
        free = [name for name in family.label_names if name not in used.labels]
        values = _values(family)
        for name, label in used.labels.items():
            if name in family.label_names or name in used.of_targets or self.draft.explains(family, name):
                continue
            same = [old for old in free if label.accepts_one_of(values.get(old, ()))]
            guess = nearest_label(name, same) or (same[0] if len(same) == 1 and label.patterns else None)
            guess = guess or (_SAME_LABEL[name] if _SAME_LABEL.get(name) in free else None)
            guess = guess or (None if _OF_PLACES.fullmatch(name) else nearest_label(name, free))
            if guess is not None:
                change.labels[guess] = name
                free.remove(guess)
            elif label.examples() and not name_there and not _OF_PLACES.fullmatch(name):
                return False
            elif label.literals:
                change.constants[name] = label.literals[0]
            else:
                self.notes.append(f"{family.job}: {family.name} has no label {name}, by which {used.where} groups it")
        bounds = sorted({*family.bounds, *used.bounds})
        if family.bounds and tuple(bounds) != family.bounds:
            change.buckets = tuple(bounds)
        change.where = used.where
        self.draft.note_change(change)
        return True

    def _add_used(self, used: UsedFamily, limits: Mapping[str, Limits], job: str) -> None:
        told = f"used by {used.where}"
        if used.type is MetricType.GAUGE and used.name.endswith("_total"):
            told += ", nowhere as a rate, so it is taken for a level; a counter is `type: counter`"
        addition = Addition(job, used.name, used.type, told, confirm=True, where=used.where)
        for name, label in used.labels.items():
            if name in used.of_targets:
                continue
            seen = (used.always(name),) if used.always(name) else label.examples()
            shared = used.type is not MetricType.GAUGE and not used.always(name) and not _OF_PLACES.fullmatch(name)
            if shared and seen:
                rest = 1 - _RARE * len(seen)
                addition.labels[name] = {**dict.fromkeys(seen, _RARE), "other": round(max(rest, _RARE), 4)}
            else:
                addition.labels[name] = seen or ("some",)
        if used.type is MetricType.HISTOGRAM:
            addition.buckets = tuple(sorted({*_DEFAULT_BOUNDS, *used.bounds}))
        self._bind(addition, None)
        self._react(addition, used, limits.get(used.name))
        self.draft.add.append(addition)

    def _react(self, addition: Addition, used: UsedFamily, limits: Limits | None) -> None:
        """Values at which no alert on it fires, and, for a fault named after each alert, values at which it does."""
        if used.is_instant and addition.type is MetricType.GAUGE:
            addition.signal, addition.values = _STARTED if _STARTS.search(used.name) else _LATELY, ""
            return
        named = any(label.literals or label.examples() for label in used.labels.values())
        at_rest = 0.0 if named and _STATES.search(used.name) else _AT_REST
        at_rest = _LONG_FROM_NOW if _INSTANTS.search(used.name) else at_rest
        if addition.type is MetricType.GAUGE and (not addition.signal or limits):
            addition.signal = ""
            addition.values = f"{limits.quiet(at_rest) if limits else at_rest:.15g}x1"
        if limits and addition.values:
            addition.during = limits.loud(is_counter=addition.type is MetricType.COUNTER)

    # -- what drives it -------------------------------------------------------------------------------------------

    def _bind(self, addition: Addition, seen: float | None) -> None:
        if addition.job not in {job.name for job in self.catalogue.jobs}:
            self.draft.jobs[addition.job] = max(self.homes.own.get(addition.job, 1), 1)
        alike = {family.name: family for family in self.catalogue.families if family.type is addition.type}
        close = nearest(addition.name, alike, likeness=_ALIKE)
        is_still = close is None and bool(_TROUBLE.search(addition.name))
        if close is not None and addition.type is not MetricType.GAUGE:
            never = alike[close].signal == _NEVER
            other = bool(_TROUBLE.search(addition.name)) and not _TROUBLE.search(close)  # only spelt alike
            is_still = never or other
            close = close if not other and _is_rate(alike[close].signal) else None
        if is_still and addition.type is MetricType.COUNTER:
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
    homes: Homes | None = None,
) -> Learnt:
    """Draft an overlay. `homes` tell which job exposes what only expressions tell of."""
    learner = _Learner(catalogue, homes or Homes())
    for families in platforms:
        learner.platform(families)
    learner.uses(expressions)
    draft = learner.draft
    to_confirm = sum(addition.confirm for addition in draft.add)
    summary = (
        f"{len(draft.add)} families added ({to_confirm} to be confirmed), {len(draft.changes)} changed, "
        f"{len(draft.drop)} dropped"
    )
    is_needed = bool(draft.jobs or draft.add or draft.changes or draft.drop)
    return Learnt(written(draft), summary, tuple(learner.notes), is_needed)


def _is_rate(signal: str) -> bool:
    """Whether a signal says how many a second, so that any other thing can be counted by it."""
    return signal in SIGNALS and SIGNALS[signal].unit in ("1/s", "bytes/s")


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
