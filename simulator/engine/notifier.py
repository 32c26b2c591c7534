"""What reaches Alertmanager: alerts with external labels, after alert relabelling, in the batches of one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import quote_plus

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
    generator_url: str = ""

    @property
    def is_resolved(self) -> bool:
        """Whether it says that the alert is over."""
        return self.ends_at_ms <= self.at_ms


def arrivals(
    sent: Iterable[SentAlert],
    external_labels: Mapping[str, str],
    relabel: Relabel | None = None,
    external_url: str = "",
) -> tuple[Arrival, ...]:
    """What the notifier sends, in the order of time. An alert's own label beats an external one of the same name.

    `external_url` is the Prometheus's own: alerts link to the graph of their expression there.
    """
    labelled = _labelled(sent, external_labels, relabel, external_url)
    return tuple(sorted(labelled, key=lambda arrival: arrival.at_ms))


def without_refreshes(all_arrivals: Iterable[Arrival]) -> tuple[Arrival, ...]:
    """The same without what only says that an alert goes on: its first arrival holds as long as they made it.

    Who is told what stays the same; a repeated notification has the annotations of the beginning.
    """
    kept: list[Arrival] = []
    newest: dict[Labels, int] = {}  # where the arrival that an alert lives on is
    for arrival in all_arrivals:
        at = newest.get(arrival.labels)
        if at is not None and not arrival.is_resolved and not kept[at].is_resolved:
            known = kept[at]
            if known.starts_at_ms == arrival.starts_at_ms and arrival.at_ms <= known.ends_at_ms:
                kept[at] = replace(known, ends_at_ms=max(known.ends_at_ms, arrival.ends_at_ms))
                continue
        newest[arrival.labels] = len(kept)
        kept.append(arrival)
    return tuple(kept)


def batches(all_arrivals: Iterable[Arrival]) -> Iterator[tuple[int, tuple[Arrival, ...]]]:
    """The arrivals of each instant together."""
    for at_ms, group in groupby(all_arrivals, key=lambda arrival: arrival.at_ms):
        yield at_ms, tuple(group)


def _labelled(
    sent: Iterable[SentAlert], external_labels: Mapping[str, str], relabel: Relabel | None, external_url: str
) -> Iterator[Arrival]:
    for alert in sent:
        labels: Labels | None = labels_of({**external_labels, **dict(alert.labels)})
        if relabel is not None and labels is not None:
            labels = relabel(labels)
        if labels:
            link = f"{external_url}/graph?g0.expr={quote_plus(alert.expr)}&g0.tab=1" if external_url else ""
            yield Arrival(alert.at_ms, labels, alert.annotations, alert.starts_at_ms, alert.ends_at_ms, link)
