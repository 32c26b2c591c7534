"""Families that an overlay adds: their bindings as views that the model can give life to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from simulator.catalog.families import Count, Dimension, Family, Flow, Histogram, Level, Sizes, View, Written
from simulator.catalog.faults import BY_NAME as KINDS
from simulator.catalog.jobs import Job
from simulator.errors import nearest
from simulator.profile.document import Steps
from simulator.profile.overlay import AddedFamily, Binding
from simulator.telemetry.notation import parse_notation
from simulator.telemetry.samples import MetricType, labels_of

Report = Callable[[Steps, str], None]
_TYPES = (MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM)


def new_families(added: AddedFamily, job: Job, steps: Steps, report: Report) -> Iterator[Family]:
    """The catalogue's entries for one added family. What is wrong with it is reported, and left out."""
    if added.type not in _TYPES:
        report((*steps, "type"), f"{added.type} cannot be added; counter, gauge and histogram can")
        return
    if not _fits_its_type(added, steps, report):
        return
    bindings: list[tuple[Binding, Steps]] = [(added, steps)]
    if added.series:
        if added.signal is not None or added.values is not None or added.labels:
            report((*steps, "series"), "has bindings of its own; leave out the family's labels, signal and values")
            return
        bindings = [(one, (*steps, "series", index)) for index, one in enumerate(added.series)]
    names = {tuple(sorted(binding.labels)) for binding, _ in bindings}
    if len(names) > 1:
        report((*steps, "series"), "all series of a family have the same label names")
        return
    seen: set[tuple[tuple[str, str], ...]] = set()
    for number, (binding, place) in enumerate(bindings):
        shown = {labels_of(labels) for labels, _ in _rows(binding)}
        if seen & shown:
            report((*place, "labels"), "these series are there already")
            continue
        seen |= shown
        for view in _views(added, binding, number, job, place, report):
            yield Family(added.job, added.name, added.type, added.help or added.name, view)


def _fits_its_type(added: AddedFamily, steps: Steps, report: Report) -> bool:
    if added.type is not MetricType.HISTOGRAM:
        for name in ("buckets", "spread", "median"):
            if getattr(added, name) is not None:
                report((*steps, name), f"a {added.type} has no {name}")
                return False
        return True
    if added.buckets is None:
        report(steps, "a histogram needs its buckets")
    elif list(added.buckets) != sorted(set(added.buckets)) or added.buckets[0] <= 0:
        report((*steps, "buckets"), "upper bounds have to rise, from above 0, and +Inf is not written")
    elif (added.spread is None) == (added.median is None):
        report(steps, "a histogram needs either `spread` (of times) or `median` (of amounts)")
    else:
        return True
    return False


def _views(added: AddedFamily, binding: Binding, number: int, job: Job, steps: Steps, report: Report) -> Iterator[View]:
    if any(name == "le" or name.startswith("__") for name in binding.labels):
        report((*steps, "labels"), "le and names that begin with __ are Prometheus's own")
        return
    if (binding.signal is None) == (binding.values is None):
        report(steps, "needs either `signal` or `values`")
        return
    if binding.values is not None:
        yield from _written(added, binding, steps, report)
        return
    if binding.during:
        report((*steps, "during"), "belongs to `values`; a signal knows the faults by itself")
        return
    yield _following(added, binding, number, job)


def _following(added: AddedFamily, binding: Binding, number: int, job: Job) -> View:
    """A view of a signal. An overlay's own job divides counts among its instances; see `Job.share` for the others."""
    assert binding.signal is not None
    counting = added.type is not MetricType.GAUGE
    dimensions = tuple(_dimension(name, values, counting) for name, values in binding.labels.items())
    if not counting:
        return Level(binding.signal, dimensions, scale=binding.scale)
    part = binding.scale / (len(job.targets) if job.targets and not job.share else 1)
    scale = Dimension((), (((), part),))
    by = {name: name for name in binding.labels}
    flow_name = f"overlay.{added.job}.{added.name}.{number}"
    if added.type is MetricType.COUNTER:
        return Count(Flow(flow_name, binding.signal, (*dimensions, scale)), by)
    assert added.buckets is not None
    if added.median is not None:
        flow = Flow(flow_name, binding.signal, (*dimensions, scale))
        return Sizes(flow, by, added.buckets, added.median, added.sigma)
    assert added.spread is not None
    flow = Flow(flow_name, binding.signal, (*dimensions, scale), spread=added.spread, bounds=added.buckets)
    return Histogram(flow, by)


def _dimension(name: str, values: str | tuple[str, ...] | dict[str, float], counting: bool) -> Dimension:
    if isinstance(values, str):
        return Dimension((name,), (((values,), 1.0),))
    if isinstance(values, dict):
        total = sum(values.values()) if counting else 1.0
        return Dimension((name,), tuple(((value,), weight / total) for value, weight in values.items()))
    return Dimension((name,), tuple(((value,), 1 / len(values) if counting else 1.0) for value in values))


def _rows(binding: Binding) -> Iterator[tuple[dict[str, str], float]]:
    """Every combination of its labels."""
    values = [(given,) if isinstance(given, str) else tuple(given) for given in binding.labels.values()]
    for combination in product(*values):
        yield dict(zip(binding.labels, combination, strict=True)), 1.0


def _written(added: AddedFamily, binding: Binding, steps: Steps, report: Report) -> Iterator[View]:
    if added.type is MetricType.HISTOGRAM:
        report((*steps, "values"), "a histogram cannot be written down; let it follow a signal")
        return
    assert binding.values is not None
    if binding.scale != 1.0:
        report((*steps, "scale"), "belongs to `signal`; write the values as they are")
        return
    during = {name: parse_notation(text) for name, text in binding.during.items()}
    for name, notation in during.items():
        if added.type is MetricType.COUNTER and not (notation.rises and notation.runs[0].first >= 0):
            message = "is added to a counter, so it may neither fall nor have gaps; write one like 0+5x20"
            report((*steps, "during", name), message)
            return
        if name not in KINDS and "_" in name:
            guess = nearest(name, KINDS)
            hint = f"; did you mean {guess!r}?" if guess else ""
            report((*steps, "during", name), f"{name!r} is neither a fault kind nor an id{hint}")
            return
    for labels, _ in _rows(binding):
        yield Written(labels_of(labels), parse_notation(binding.values), binding.every, during)
