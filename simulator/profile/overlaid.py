"""Overlays applied: the catalogue that a run really has.

Applying checks as it goes and tells every mistake with its place in the file; what was applied once without one can be
applied again from a manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from simulator.catalog.catalogue import PLATFORM, Catalogue
from simulator.catalog.families import Family, Flow, Histogram, Level, Scores, Sizes, View, Written
from simulator.catalog.jobs import Job
from simulator.errors import InputError, did_you_mean
from simulator.profile.document import Steps, render_steps
from simulator.profile.overlay import ChangedFamily, Overlay, OverlayFile
from simulator.profile.overlay_families import new_families
from simulator.telemetry.samples import labels_of

Report = Callable[[Steps, str], None]
"""Notes a mistake in the overlay, at a place of its document."""


def catalogue_of(overlays: Iterable[OverlayFile]) -> Catalogue:
    """The platform's catalogue with these overlays. Raises InputError where they do not fit it."""
    catalogue = PLATFORM
    for overlay in overlays:
        problems: list[str] = []

        def report(steps: Steps, message: str, *, path: str = overlay.path, into: list[str] = problems) -> None:
            into.append(f"{path}: {render_steps(steps)}: {message}")

        catalogue = apply(catalogue, overlay.content, report)
        if problems:
            raise InputError(*problems)
    return catalogue


def apply(base: Catalogue, overlay: Overlay, report: Report) -> Catalogue:
    """One overlay on top of a catalogue. What is wrong with it is reported, and left out."""
    jobs = [*base.jobs]
    for name, job in overlay.jobs.items():
        if any(known.name == name for known in base.jobs):
            report(("jobs", name), f"the catalogue has a job {name!r} already; add families to it, without this entry")
            continue
        targets = tuple(f"{name}-{number}" for number in range(1, job.instances + 1))
        jobs.append(Job(name, name, job.port, targets=targets, down_during=job.down_during))
    families = _dropped(base.families, overlay, report)
    for index, change in enumerate(overlay.change):
        families = _changed(families, change, ("change", index), report)
    catalogue = Catalogue(families, tuple(jobs))
    seen = {(family.job, family.name) for family in families}
    added: list[Family] = []
    for index, addition in enumerate(overlay.add):
        steps: Steps = ("add", index)
        key = (addition.job, addition.name)
        if addition.job not in {job.name for job in jobs}:
            hint = did_you_mean(addition.job, [job.name for job in jobs])
            report((*steps, "job"), f"there is no job {addition.job!r}{hint}; jobs of your own stand under `jobs`")
            continue
        if key in seen:
            message = f"{addition.job} exposes {addition.name} already; use `change`, or `drop` it first"
            report((*steps, "name"), message)
            continue
        seen.add(key)
        added.extend(new_families(addition, catalogue.job(addition.job), steps, report))
    return Catalogue((*families, *added), tuple(jobs))


def _dropped(families: tuple[Family, ...], overlay: Overlay, report: Report) -> tuple[Family, ...]:
    gone: set[tuple[str, str]] = set()
    for index, pattern in enumerate(overlay.drop):
        job, slash, name = pattern.rpartition("/")
        found = {
            (family.job, family.name)
            for family in families
            if fnmatchcase(family.name, name) and (not slash or family.job == job)
        }
        if not found:
            hint = did_you_mean(name, {family.name for family in families})
            report(("drop", index), f"no family is called {pattern!r}{hint}")
        gone |= found
    return tuple(family for family in families if (family.job, family.name) not in gone)


def _changed(families: tuple[Family, ...], change: ChangedFamily, steps: Steps, report: Report) -> tuple[Family, ...]:
    named = [family for family in families if family.name == change.family]
    if not named:
        hint = did_you_mean(change.family, {family.name for family in families})
        report((*steps, "family"), f"the catalogue has no family {change.family!r}{hint}")
        return families
    jobs = list(dict.fromkeys(family.job for family in named))
    if change.job is None and len(jobs) > 1:
        report((*steps, "family"), f"{change.family} is exposed by {', '.join(jobs)}; say which with `job`")
        return families
    if change.job is not None and change.job not in jobs:
        report((*steps, "job"), f"{change.family} is exposed by {', '.join(jobs)}, not by {change.job!r}")
        return families
    job = change.job or jobs[0]
    if change.name is not None and any((family.job, family.name) == (job, change.name) for family in families):
        report((*steps, "name"), f"{job} exposes {change.name} already")
        return families
    if not _labels_fit(named[0], change, steps, report):
        return families
    hit = {id(family) for family in named if family.job == job}
    families = tuple(_reshaped(family, change) if id(family) in hit else family for family in families)
    if change.buckets is None:
        return families
    return _with_bounds(families, job, change.name or change.family, change.buckets, steps, report)


def _labels_fit(family: Family, change: ChangedFamily, steps: Steps, report: Report) -> bool:
    """Whether every label that the change speaks of is there, and none is there twice afterwards."""
    there = family.label_names
    fits = True
    for name in change.labels:
        if name not in there:
            report((*steps, "labels", name), _no_label(family, name))
            fits = False
    for index, name in enumerate(change.without):
        if name not in there:
            report((*steps, "without", index), _no_label(family, name))
            fits = False
        elif isinstance(family.view, Level) and not _is_constant(family.view, name):
            message = f"{family.name} is a gauge with several values of {name!r}, which cannot be added up"
            report((*steps, "without", index), message)
            fits = False
    after = [change.labels.get(name, name) for name in there if name not in change.without]
    for name in [*change.labels.values(), *change.with_]:
        if [*after, *change.with_].count(name) > 1 or name == "le" or name.startswith("__"):
            where = (*steps, "with", name) if name in change.with_ else (*steps, "labels")
            report(where, f"{family.name} cannot have the label {name!r} (again)")
            fits = False
    return fits


def _no_label(family: Family, name: str) -> str:
    labels = ", ".join(family.label_names) or "none"
    return f"{family.name} has no label {name!r}{did_you_mean(name, family.label_names)} (its labels: {labels})"


def _is_constant(level: Level, name: str) -> bool:
    shown = {level.shown.get(inner, inner): inner for dim in level.dimensions for inner in dim.names}
    dimension = next(dim for dim in level.dimensions if shown[name] in dim.names)
    return len(dimension.rows) == 1


def _reshaped(family: Family, change: ChangedFamily) -> Family:
    """The family under other names, its values as they were."""
    view = family.view
    if isinstance(view, Level):
        outer = {view.shown.get(inner, inner): inner for dim in view.dimensions for inner in dim.names}
        hidden = {outer[name]: "" for name in change.without}
        renamed = {outer[old]: new for old, new in change.labels.items()}
        view = replace(view, shown={**view.shown, **renamed, **hidden})
    elif isinstance(view, Written):
        kept = {name: value for name, value in view.labels if name not in change.without}
        view = replace(view, labels=labels_of(_renamed(kept, change)))
    else:
        view = replace(view, by=_renamed({n: of for n, of in view.by.items() if n not in change.without}, change))
    constants = {name: value for name, value in family.constants if name not in change.without}
    return replace(
        family,
        name=change.name or family.name,
        view=view,
        constants=labels_of({**_renamed(constants, change), **change.with_}),
        drawn_as=family.key_name if change.name else family.drawn_as,
    )


def _renamed(labels: Mapping[str, str], change: ChangedFamily) -> dict[str, str]:
    return {change.labels.get(name, name): value for name, value in labels.items()}


def _with_bounds(
    families: tuple[Family, ...], job: str, name: str, buckets: tuple[float, ...], steps: Steps, report: Report
) -> tuple[Family, ...]:
    """Other buckets for one histogram. A flow that is not cut there is cut further, for all who view it."""
    if list(buckets) != sorted(set(buckets)) or buckets[0] <= 0:
        report((*steps, "buckets"), "upper bounds have to rise, from above 0, and +Inf is not written")
        return families
    views = [family.view for family in families if (family.job, family.name) == (job, name)]
    flows = {view.flow.name for view in views if isinstance(view, Histogram)}
    if not flows and not any(isinstance(view, Sizes | Scores) for view in views):
        report((*steps, "buckets"), f"{name} is not a histogram")
        return families
    return tuple(
        replace(family, view=_rebucketed(family, (family.job, family.name) == (job, name), flows, buckets))
        for family in families
    )


def _rebucketed(family: Family, hit: bool, flows: set[str], buckets: tuple[float, ...]) -> View:
    view = family.view
    if isinstance(view, Level | Written):
        return view
    if isinstance(view, Sizes | Scores) and hit:
        view = replace(view, bounds=buckets)
    if view.flow.name not in flows:
        return view
    flow: Flow = view.flow
    finer = replace(flow, bounds=tuple(sorted({*flow.bounds, *buckets})))
    if isinstance(view, Histogram):
        return replace(view, flow=finer, shown=buckets if hit else view.shown or flow.bounds)
    return replace(view, flow=finer)
