"""The catalogue is a claim about the platform; here it is held against what one really exposes.

A difference is something that the catalogue claims and the source does not bear out. What only the source has is no
difference, since a rehearsal cannot pass because of it; it is listed beside them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from simulator.catalog.exposed import ExposedFamily, nearest_label
from simulator.errors import nearest


class Aspect(StrEnum):
    """In what something differs."""

    JOB = "job"
    FAMILY = "family"
    TYPE = "type"
    LABELS = "labels"
    BUCKETS = "buckets"


@dataclass(frozen=True)
class Difference:
    """One claim that is not borne out. `nearest` is the name that the source has instead, where one is close."""

    aspect: Aspect
    job: str
    family: str
    claimed: str
    found: str
    nearest: str = ""

    def __str__(self) -> str:
        hint = f"; nearest there: {self.nearest}" if self.nearest else ""
        if self.aspect is Aspect.JOB:
            return f"{self.job}: no series of this job there ({self.claimed} families of the catalogue){hint}"
        if self.aspect is Aspect.FAMILY:
            return f"{self.job}: {self.family} is not there{hint}"
        return f"{self.job}: {self.family} has the {self.aspect} {self.found} there, not {self.claimed}{hint}"


@dataclass(frozen=True)
class Comparison:
    """The outcome: what differs, and the families that only the source has."""

    jobs: tuple[str, ...]
    compared: int
    differences: tuple[Difference, ...]
    unknown: tuple[ExposedFamily, ...]


def compare(claims: Iterable[ExposedFamily], found: Iterable[ExposedFamily]) -> Comparison:
    """Hold claims against a source that shows all there is of the jobs it speaks of."""
    theirs: dict[str, dict[str, ExposedFamily]] = defaultdict(dict)
    for family in found:
        theirs[family.job][family.name] = family
    ours: dict[str, dict[str, ExposedFamily]] = defaultdict(dict)
    for family in claims:
        ours[family.job][family.name] = family
    differences: list[Difference] = []
    compared = 0
    for job, families in ours.items():
        there = theirs.get(job)
        if there is None:
            hint = nearest(job, theirs) or ""
            differences.append(Difference(Aspect.JOB, job, "", str(len(families)), "none", hint))
            continue
        compared += len(families)
        unclaimed = there.keys() - families.keys()
        for name, family in families.items():
            if name in there:
                differences.extend(_differences(family, there[name]))
            else:
                hint = nearest(name, unclaimed) or ""
                differences.append(Difference(Aspect.FAMILY, job, name, "there", "missing", hint))
    unknown = [family for job, there in theirs.items() for name, family in there.items() if name not in ours[job]]
    return Comparison(tuple(ours), compared, tuple(differences), tuple(unknown))


def _differences(ours: ExposedFamily, theirs: ExposedFamily) -> Iterable[Difference]:
    def differ(aspect: Aspect, claimed: str, found: str, hint: str = "") -> Difference:
        return Difference(aspect, ours.job, ours.name, claimed, found, hint)

    if theirs.type is not None and ours.type is not None and theirs.type is not ours.type:
        yield differ(Aspect.TYPE, ours.type.value, theirs.type.value)
    if theirs.labels is not None and ours.labels is not None and set(theirs.labels) != set(ours.labels):
        missing = sorted(set(ours.labels) - set(theirs.labels))
        more = sorted(set(theirs.labels) - set(ours.labels))
        hints = [f"{name} → {guess}" for name in missing if (guess := nearest_label(name, more))]
        yield differ(Aspect.LABELS, _names(ours.labels), _names(theirs.labels), ", ".join(hints))
    if theirs.bounds and ours.bounds and theirs.bounds != ours.bounds:
        yield differ(Aspect.BUCKETS, _bounds(ours.bounds), _bounds(theirs.bounds))


def _names(labels: Iterable[str]) -> str:
    return "{" + ", ".join(labels) + "}"


def _bounds(bounds: Iterable[float]) -> str:
    return " ".join(f"{bound:g}" for bound in bounds)
