"""How families that somebody else exposes (the reference API) have to look under a catalogue that overlays changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.catalog.catalogue import Catalogue
from simulator.catalog.families import Family, Level, Written
from simulator.telemetry.samples import Labels


@dataclass(frozen=True)
class Shape:
    """The name, the labels by their former names (None: added up over), further labels, and buckets (empty: none)."""

    name: str
    labels: Mapping[str, str | None]
    constants: Labels = ()
    bounds: tuple[float, ...] = ()


def reshapings(before: Catalogue, after: Catalogue, job: str) -> dict[str, Shape | None]:
    """By former name, the shape of each family of a job that is another one now; None where it is gone."""
    now = {family.key_name: family for family in reversed(after.families_of(job))}
    found: dict[str, Shape | None] = {}
    for family in before.families_of(job):
        changed = now.get(family.name)
        if changed is None:
            found[family.name] = None
        elif _seen(changed) != _seen(family):
            found[family.name] = Shape(changed.name, _labels(family, changed), changed.constants, changed.bounds)
    return found


def _seen(family: Family) -> tuple[str, tuple[str, ...], tuple[float, ...]]:
    return family.name, family.label_names, family.bounds


def _labels(before: Family, after: Family) -> dict[str, str | None]:
    old, new = _inner(before), {inner: outer for outer, inner in _inner(after).items()}
    return {outer: new.get(inner) for outer, inner in old.items()}


def _inner(family: Family) -> dict[str, str]:
    """Exposed label to what the model calls it."""
    view = family.view
    if isinstance(view, Level):
        names = [name for dimension in view.dimensions for name in dimension.names if not name.startswith("_")]
        return {shown: name for name in names if (shown := view.shown.get(name, name))}
    return {name: name for name, _ in view.labels} if isinstance(view, Written) else dict(view.by)
