"""The vocabulary of the catalogue: what a metric family is, and what of the model it shows.

The catalogue has flows and families. A **flow** is a kind of event that happens on the platform, cut up by labels:
requests by route and code, queries by operation and table. A **family** is a view of a flow (how many, how long, how
big) or of a level (a signal of the model at an instant). Families that view one flow agree with each other by
construction: `_count` of its histogram is its counter.

Every table of this package is plain data; `simulator.model` gives it life. Signals and spreads are named here as
strings, and a test finds each of them in the model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product

from simulator.catalog.sizes import WHOLE, Extent, Size
from simulator.telemetry.notation import Notation
from simulator.telemetry.samples import Labels, MetricType


class CausedBy(StrEnum):
    """Who exposes a family in a live run: the reference API, which truly does these things, or the model."""

    API = "api"
    MODEL = "model"


@dataclass(frozen=True)
class Dimension:
    """Labels that vary together. Each row is their values, and the row's share of the whole, or its factor.

    The largest rows come first. `tiny` says how many of them a tiny platform has, and `usual` how many one of default
    size has; a large one has all. What is left out falls to the first `absorbing` of those that are kept, or to all.
    `level` is set where rows are factors: these do not divide a whole. Names that begin with `_` are known to the model
    only and never exposed.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], float], ...]
    tiny: int | None = None
    usual: int | None = None
    absorbing: int | None = None
    level: bool = False

    def kept(self, extent: Extent) -> tuple[tuple[tuple[str, ...], float], ...]:
        """The rows that a platform of this extent has."""
        chosen = self.chosen(extent)
        few = tuple(self.rows[number] for number in chosen)
        if len(few) == len(self.rows) or self.level:
            return few
        absorbing = len(self.rows) if self.absorbing is None else self.absorbing
        left = sum(share for number, (_, share) in enumerate(self.rows) if number not in chosen)
        scale = 1.0 + left / sum(self.rows[number][1] for number in chosen if number < absorbing)
        return tuple(
            (values, share * scale if number < absorbing else share)
            for number, (values, share) in zip(chosen, few, strict=True)
        )

    def chosen(self, extent: Extent) -> Sequence[int]:
        """The numbers of these rows, rising."""
        count = {Size.TINY: self.tiny, Size.DEFAULT: self.usual, Size.LARGE: None}[extent.size]
        return range(len(self.rows))[:count]


def shares(name: str, table: Mapping[str, float], tiny: int | None = None) -> Dimension:
    """One label whose values divide the whole in these proportions; weights need not add up to 1."""
    total = sum(table.values())
    rows = sorted((((value,), weight / total) for value, weight in table.items()), key=lambda row: -row[1])
    return Dimension((name,), tuple(rows), tiny)


def factors(name: str, table: Mapping[str, float], tiny: int | None = None) -> Dimension:
    """One label of a level: each value shows the signal times its factor."""
    return Dimension((name,), tuple(((value,), factor) for value, factor in table.items()), tiny, level=True)


def zipf(name: str, values: tuple[str, ...], exponent: float = 1.0, tiny: int | None = None) -> Dimension:
    """One label whose values divide the whole by Zipf's law, in the given order of rank."""
    return shares(name, {value: (rank + 1) ** -exponent for rank, value in enumerate(values)}, tiny)


def constant(name: str, value: str) -> Dimension:
    """A label that is always the same."""
    return Dimension((name,), (((value,), 1.0),))


@dataclass(frozen=True)
class Flow:
    """A kind of event. `signal` is its rate per second, over the platform or over one instance (see `Job.share`).

    `outcome` names the label that says how an event ended. An event whose outcome is in `healthy` can become, by a
    fault, one of `failures`: outcome -> signal with the chance of it. Faults touch the flow for each combination of the
    other labels alone. With `bounds`, events are cut by how long they took as well: `spread` names the distribution,
    and may hold label names in braces (`http.{_pace}`).
    """

    name: str
    signal: str
    dimensions: tuple[Dimension, ...] = ()
    outcome: str = ""
    healthy: tuple[str, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    spread: str = ""
    bounds: tuple[float, ...] = ()
    dispersion: float = 1.0


@dataclass(frozen=True)
class Count:
    """How many events of a flow there were: a counter. `unit` is the value of one event, or `value` names the flow's
    label that says it; `suffix` ends the sample names of a summary's `_sum` and `_count`."""

    flow: Flow
    by: Mapping[str, str]  # exposed label -> label of the flow
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beyond: float = 0.0  # only those that took longer than this bound of the flow
    unit: float = 1.0
    value: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class Histogram:
    """How long the events of a flow took. `shown` are the bounds exposed, where they are not all of the flow's."""

    flow: Flow
    by: Mapping[str, str]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shown: tuple[float, ...] = ()


@dataclass(frozen=True)
class Sizes:
    """How big the events of a flow were: lognormal, the same at all times, spread evenly over them."""

    flow: Flow
    by: Mapping[str, str]
    bounds: tuple[float, ...]
    median: float
    sigma: float
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scores:
    """What number each event of a flow carried (a ratio, a score): `value` names the flow's label that says it.

    A fault moves events from one number to another, up or down, as it turns successes into failures.
    """

    flow: Flow
    by: Mapping[str, str]
    bounds: tuple[float, ...]
    value: str = "_value"
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Level:
    """A signal at the instant of the scrape: a gauge. Rows of the dimensions multiply it.

    `noise` is the standard deviation of each series' own jitter, as a share of its value. `refresh_ms` is how often the
    platform computes it anew (0: at each scrape). `shown` has the exposed name of a label where it is not the
    dimension's; an empty one hides the label.
    """

    signal: str
    dimensions: tuple[Dimension, ...] = ()
    noise: float = 0.0
    low: float = 0.0
    high: float = float("inf")
    whole: bool = False
    refresh_ms: int = 0
    scale: float = 1.0
    shown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """One series whose values somebody wrote down, from the run's start on; `during` has those of a fault, by its kind
    or id, from its onset to its end.

    What a counter does during a fault is added to it; any other series shows the fault's values instead of its own.
    """

    labels: Labels
    values: Notation
    step_ms: int
    during: Mapping[str, Notation] = field(default_factory=dict)


View = Count | Histogram | Sizes | Scores | Level | Written


@dataclass(frozen=True)
class Family:
    """One metric family of one job; (job, name) is its key: two exporters may expose one name in two shapes."""

    job: str
    name: str
    type: MetricType
    help: str
    view: View
    unit: str = ""
    caused_by: CausedBy = CausedBy.MODEL
    with_load: str = ""  # caused by the API only where the load drives this scenario or journey, and else by nobody
    constants: Labels = ()  # further labels that every series carries
    drawn_as: str = ""  # the name that its random draws go by, where an overlay gave it another
    present: str = ""  # a signal; where it is 0 the family has no samples
    not_tiny: bool = False  # a tiny platform does without it
    each: tuple[str, ...] = ()  # one set of series for each container of the host, told apart by these labels

    def owned_by_api(self, drives: Collection[str]) -> bool:
        """Whether the API exposes it in a live run whose load does this (`Load.drives`); otherwise the model does."""
        return self.caused_by is CausedBy.API and (not self.with_load or self.with_load in drives)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The exposed label names, sorted, without `le`."""
        view = self.view
        if isinstance(view, Level):
            inner = [view.shown.get(n, n) for dim in view.dimensions for n in dim.names if not n.startswith("_")]
        else:
            inner = [name for name, _ in view.labels] if isinstance(view, Written) else list(view.by)
        return tuple(sorted([*filter(None, inner), *(name for name, _ in self.constants), *self.each]))

    @property
    def bounds(self) -> tuple[float, ...]:
        """Upper bounds of the buckets, without +Inf; empty for anything but a histogram."""
        if isinstance(self.view, Histogram):
            return self.view.shown or self.view.flow.bounds
        return self.view.bounds if isinstance(self.view, Sizes | Scores) else ()

    @property
    def signal(self) -> str:
        """The signal of the model that drives it; empty where its values are written down."""
        if isinstance(self.view, Written):
            return ""
        return self.view.signal if isinstance(self.view, Level) else self.view.flow.signal

    @property
    def key_name(self) -> str:
        """The name that its random draws go by: an overlay's new name does not change a value."""
        return self.drawn_as or self.name


def rows(dimensions: tuple[Dimension, ...], extent: Extent = WHOLE) -> Iterator[tuple[dict[str, str], float]]:
    """Every combination of labels on a platform of this extent, and the product of its shares."""
    for combination in product(*(dimension.kept(extent) for dimension in dimensions)):
        labels: dict[str, str] = {}
        share = 1.0
        for dimension, (values, part) in zip(dimensions, combination, strict=True):
            labels.update(zip(dimension.names, values, strict=True))
            share *= part
        yield labels, share


def same(*names: str) -> dict[str, str]:
    """Labels exposed under the names that the flow gives them."""
    return {name: name for name in names}
