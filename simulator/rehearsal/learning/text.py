"""A drafted overlay, and how it is written down: for a person to read, with the reason beside what was guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from simulator.catalog.families import Family
from simulator.telemetry.samples import MetricType


@dataclass
class Change:
    """A family of the catalogue in another shape."""

    job: str
    family: str
    labels: dict[str, str] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)
    constants: dict[str, str] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()
    where: str = ""
    name: str = ""

    @property
    def is_one(self) -> bool:
        """Whether it changes anything."""
        return bool(self.labels or self.without or self.constants or self.buckets or self.name)


@dataclass
class Addition:
    """A family that the catalogue does not have. `like` is the family whose signal it was given."""

    job: str
    name: str
    type: MetricType
    help: str = ""
    labels: dict[str, tuple[str, ...] | dict[str, float]] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()
    spread: str = ""
    median: float = 0.0
    signal: str = ""
    values: str = ""
    confirm: bool = False
    where: str = ""
    like: str = ""
    during: dict[str, str] = field(default_factory=dict)


@dataclass
class Draft:
    """An overlay while it is being learnt."""

    jobs: dict[str, int] = field(default_factory=dict)
    """Each with the number of its targets."""
    down_during: dict[str, list[str]] = field(default_factory=dict)
    """By job: the faults that let its targets refuse the scrape."""
    drop: list[str] = field(default_factory=list)
    changes: dict[tuple[str, str], Change] = field(default_factory=dict)
    add: list[Addition] = field(default_factory=list)

    def note_change(self, change: Change) -> None:
        """Keep a change, together with what was learnt about the same family before."""
        if not change.is_one:
            return
        known = self.changes.setdefault((change.job, change.family), change)
        if known is not change:
            known.labels.update(change.labels)
            known.constants.update(change.constants)
            known.name = known.name or change.name
            known.buckets = tuple(sorted({*known.buckets, *change.buckets}))

    def explains(self, family: Family, label: str) -> bool:
        """Whether a change that was learnt already gives the family this label."""
        known = self.changes.get((family.job, family.name))
        return known is not None and (label in known.labels.values() or label in known.constants)


def written(draft: Draft) -> str:
    """The overlay as YAML."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield "# Drafted by crybsim catalog learn. Read it: what drives a family is a guess; so is the type, at confirm."
    if draft.jobs:
        yield "jobs:"
        for job, instances in sorted(draft.jobs.items()):
            more = f", instances: {instances}" if instances > 1 else ""
            if down := draft.down_during.get(job):
                more += f", down_during: [{', '.join(map(_text, down))}]"
            yield f"  {_text(job)}: {{port: 80{more}}}  # write the port of its targets"
    if draft.drop:
        yield "drop:  # not there"
        yield from (f"  - {_text(name)}" for name in draft.drop)
    if draft.changes:
        yield "change:"
    for change in draft.changes.values():
        yield from _change(change)
    if draft.add:
        yield "add:"
    for addition in draft.add:
        yield from _addition(addition)
    if not (draft.jobs or draft.drop or draft.changes or draft.add):
        yield "description: nothing differs from the catalogue"


def _change(change: Change) -> Iterator[str]:
    yield f"  - family: {_text(change.family)}" + (f"  # {_comment(change.where)}" if change.where else "")
    yield f"    job: {_text(change.job)}"
    if change.name:
        yield f"    name: {_text(change.name)}"
    if change.labels:
        yield f"    labels: {_mapping(change.labels)}"
    if change.without:
        yield f"    without: [{', '.join(map(_text, change.without))}]"
    if change.constants:
        yield f"    with: {_mapping(change.constants)}"
    if change.buckets:
        yield f"    buckets: {_bounds(change.buckets)}"


def _addition(addition: Addition) -> Iterator[str]:
    yield f"  - name: {_text(addition.name)}"
    yield f"    job: {_text(addition.job)}"
    yield f"    type: {addition.type}"
    if addition.help:
        yield f"    help: {_text(addition.help)}"
    if addition.labels:
        yield "    labels:"
        for name, values in addition.labels.items():
            shown = _mapping(values) if isinstance(values, dict) else f"[{', '.join(map(_text, values))}]"
            yield f"      {_text(name)}: {shown}"
    if addition.type is MetricType.HISTOGRAM:
        yield f"    buckets: {_bounds(addition.buckets)}"
        yield f"    spread: {_text(addition.spread)}" if addition.spread else f"    median: {addition.median!r}"
    if addition.signal:
        yield f"    signal: {_text(addition.signal)}" + (f"  # as {addition.like}" if addition.like else "")
    else:
        yield f"    values: {_text(addition.values)}"
    if addition.during:
        yield "    during:  # a fault of this id sets the alert off"
        yield from (f"      {_text(fault)}: {_text(values)}" for fault, values in addition.during.items())
    if addition.confirm:
        yield "    confirm: true"


def _text(text: str) -> str:
    """A scalar in double quotes: JSON's strings are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _mapping(values: Mapping[str, str] | Mapping[str, float]) -> str:
    inside = (f"{_text(name)}: {_text(value) if isinstance(value, str) else value}" for name, value in values.items())
    return "{" + ", ".join(inside) + "}"


def _bounds(bounds: tuple[float, ...]) -> str:
    return "[" + ", ".join(repr(bound) for bound in bounds) + "]"


def _comment(text: str) -> str:
    return " ".join(text.split())
