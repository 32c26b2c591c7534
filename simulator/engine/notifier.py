"""What reaches Alertmanager: alerts with external labels, after alert relabelling, in the batches of one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from simulator.engine.evaluate import SentAlert
from simulator.telemetry.samples import Labels, labels_of

Relabel = Callable[[Labels], Labels | None]
"""The `alert_relabel_configs`; None drops the alert."""


@dataclass(frozen=True)
class Arrival:
    """One alert as Alertmanager gets it, in simulated epoch ms; an `ends_at_ms` that lies ahead: firing until then."""

    at_ms: int
    labels: Labels
    annotations: Labels
    starts_at_ms: int
    ends_at_ms: int

    @property
    def is_resolved(self) -> bool:
        """Whether it says that the alert is over."""
        return self.ends_at_ms <= self.at_ms


def arrivals(
    sent: Iterable[SentAlert], external_labels: Mapping[str, str], relabel: Relabel | None = None
) -> tuple[Arrival, ...]:
    """What the notifier sends, in the order of time. An alert's own label beats an external one of the same name."""
    return tuple(sorted(_labelled(sent, external_labels, relabel), key=lambda arrival: arrival.at_ms))


def batches(all_arrivals: Iterable[Arrival]) -> Iterator[tuple[int, tuple[Arrival, ...]]]:
    """The arrivals of each instant together."""
    for at_ms, group in groupby(all_arrivals, key=lambda arrival: arrival.at_ms):
        yield at_ms, tuple(group)


def _labelled(
    sent: Iterable[SentAlert], external_labels: Mapping[str, str], relabel: Relabel | None
) -> Iterator[Arrival]:
    for alert in sent:
        labels: Labels | None = labels_of({**external_labels, **dict(alert.labels)})
        if relabel is not None and labels is not None:
            labels = relabel(labels)
        if labels:
            yield Arrival(alert.at_ms, labels, alert.annotations, alert.starts_at_ms, alert.ends_at_ms)
