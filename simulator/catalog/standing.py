"""How families are declared that say little of an incident, and that rules and dashboards of every team still ask for:
levels that stay where they are, events that come at an even pace or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from simulator.catalog.families import Count, Dimension, Family, Flow, Level, same
from simulator.telemetry.samples import MetricType

Events = tuple[str, float]
"""A signal, and what each of its events adds."""

NEVER: Final[Events] = ("zero", 1.0)
RARELY: Final[Events] = ("standing.rarely", 1.0)  # every ten minutes
SLOWLY: Final[Events] = ("standing.slowly", 1.0)  # every half minute
EVENLY: Final[Events] = ("standing.evenly", 1.0)  # every second


@dataclass(frozen=True)
class Declaring:
    """Families of one job, left out of a tiny platform. Of each text `{}` stands for the family's name without the
    prefix that it goes by."""

    job: str
    present: str = ""

    def levels(
        self, prefix: str, text: str, values: Mapping[str, float], *dimensions: Dimension, noise: float = 0.0
    ) -> tuple[Family, ...]:
        """Gauges that stay, or move by a relative noise."""
        return tuple(
            self._family(prefix, name, text, MetricType.GAUGE, Level("one", dimensions, scale=value, noise=noise))
            for name, value in values.items()
        )

    def level(self, name: str, text: str, value: float, *dimensions: Dimension, noise: float = 0.0) -> Family:
        """One gauge."""
        return self.levels(name, text, {"": value}, *dimensions, noise=noise)[0]

    def shown(self, name: str, text: str, signal: str, *dimensions: Dimension, scale: float = 1.0) -> Family:
        """A gauge that shows a signal."""
        return self._family(name, "", text, MetricType.GAUGE, Level(signal, dimensions, scale=scale))

    def counters(
        self,
        prefix: str,
        text: str,
        events: Mapping[str, Events],
        *dimensions: Dimension,
        kind: MetricType = MetricType.COUNTER,
        suffix: str = "",
    ) -> tuple[Family, ...]:
        """Counters (or what counts although its exporter does not say so). `suffix` ends names, and is in no text."""
        labels = same(*(label for dimension in dimensions for label in dimension.names))
        return tuple(
            self._family(
                prefix,
                name,
                text,
                kind,
                Count(Flow(f"{self.job}.{prefix}{name}", signal, dimensions), labels, unit=unit),
                suffix,
            )
            for name, (signal, unit) in events.items()
        )

    def counter(self, name: str, text: str, events: Events, *dimensions: Dimension) -> Family:
        """One counter."""
        return self.counters(name, text, {"": events}, *dimensions)[0]

    def _family(
        self, prefix: str, name: str, text: str, kind: MetricType, view: Count | Level, suffix: str = ""
    ) -> Family:
        return Family(
            self.job, f"{prefix}{name}{suffix}", kind, text.format(name), view, present=self.present, not_tiny=True
        )


def summary(
    job: str,
    name: str,
    text: str,
    level: Level,
    events: Flow,
    means: Mapping[str, float],
    by: str = "",
    *,
    not_tiny: bool = False,
) -> tuple[Family, ...]:
    """A summary: `level` with its quantiles, and of its events their sum and number. `means` says what one event adds
    to the sum, by the value of the label `by`; without that label there is one mean, under an empty name."""

    def entry(view: Count | Level) -> Family:
        return Family(job, name, MetricType.SUMMARY, text, view, not_tiny=not_tiny)

    labels = same(*(label for dimension in events.dimensions for label in dimension.names))
    sums = (
        Count(events, labels, where={by: (value,)} if by else {}, unit=mean, suffix="_sum")
        for value, mean in means.items()
    )
    return (entry(level), *map(entry, sums), entry(Count(events, labels, suffix="_count")))
