"""What some platform exposes, as one could find out from outside: the catalogue's claim, or a real exposition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simulator.catalog.catalogue import Catalogue
from simulator.catalog.families import Family, Level
from simulator.errors import nearest
from simulator.telemetry.samples import MetricType

SUFFIXES = ("_bucket", "_sum", "_count")
"""What the sample names of histograms and summaries add to the family's."""


@dataclass(frozen=True)
class ExposedFamily:
    """One family. `type` is None where nobody says; `labels` is None where it has no series yet.

    `values` has some of the values of each label; `sample` is the value of one of its series.
    """

    job: str
    name: str
    type: MetricType | None
    help: str = ""
    labels: tuple[str, ...] | None = None
    bounds: tuple[float, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sample: float | None = None


def nearest_label(name: str, labels: Iterable[str]) -> str | None:
    """The label that probably is another name of this one: `status_code` for `code`, else whatever is spelt alike."""
    labels = tuple(labels)
    words = [label for label in labels if set(name.split("_")) <= set(label.split("_"))]
    words += [label for label in labels if set(label.split("_")) <= set(name.split("_"))]
    return words[0] if words else nearest(name, labels)


def claimed(catalogue: Catalogue, jobs: Iterable[str] | None = None) -> tuple[ExposedFamily, ...]:
    """What a catalogue says, one family for each job and name, of these jobs or of all."""
    wanted = None if jobs is None else set(jobs)
    found: dict[tuple[str, str], ExposedFamily] = {}
    for family in catalogue.families:
        if wanted is None or family.job in wanted:
            shown = ExposedFamily(family.job, family.name, family.type, family.help, _labels(family), family.bounds)
            found.setdefault((family.job, family.name), shown)
    return tuple(found.values())


def _labels(family: Family) -> tuple[str, ...]:
    """Labels as they can be seen: an empty one is none, and `quantile` belongs to what a summary is."""
    hidden = {"quantile"} if family.type is MetricType.SUMMARY else set()
    if isinstance(family.view, Level):
        for dimension in family.view.dimensions:
            for place, name in enumerate(dimension.names):
                if not any(values[place] for values, _ in dimension.rows):
                    hidden.add(family.view.shown.get(name, name))
    return tuple(name for name in family.label_names if name not in hidden)
