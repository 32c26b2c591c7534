"""Changes of alert states put together: each time one alert instance was active is an episode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from simulator.telemetry.observations import AlertObserved, AlertState
from simulator.telemetry.samples import Labels


@dataclass(frozen=True)
class Episode:
    """One alert instance from pending over firing to inactive.

    `pending_ms` is when the condition began to hold. Where nobody saw the alert pending it is the latest instant that
    the rule's `for` allows. `firing_ms` None: it never fired. `resolved_ms` None: still active at the last look.
    """

    alert: str
    labels: Labels
    pending_ms: int
    firing_ms: int | None
    resolved_ms: int | None

    @property
    def fired(self) -> bool:
        return self.firing_ms is not None

    def carries(self, labels: Mapping[str, str]) -> bool:
        """Whether the alert's labels include these."""
        own = dict(self.labels)
        return all(own.get(name) == value for name, value in labels.items())


def episodes_of(observed: Iterable[AlertObserved], for_ms: Mapping[str, int]) -> tuple[Episode, ...]:
    """The episodes of a journal, by their beginning.

    `for_ms` gives the shortest `for` of each alert name, for episodes that were first seen when they already fired.
    States are put in the order in which they came about, since a firing may be learnt of after the fact.
    """
    by_instance: dict[tuple[str, Labels], list[AlertObserved]] = {}
    for observation in observed:
        by_instance.setdefault((observation.alert, observation.labels), []).append(observation)
    episodes: list[Episode] = []
    for (alert, labels), changes in by_instance.items():
        current: Episode | None = None
        for change in sorted(changes, key=lambda change: change.since_ms):
            since = change.since_ms
            if change.state is AlertState.INACTIVE:
                if current is not None:
                    episodes.append(replace(current, resolved_ms=since))
                    current = None
            elif change.state is AlertState.PENDING:
                if current is not None and current.fired:  # between two looks it was inactive and began again
                    episodes.append(replace(current, resolved_ms=since))
                    current = None
                current = current or Episode(alert, labels, since, None, None)
            elif current is None:
                current = Episode(alert, labels, since - for_ms.get(alert, 0), since, None)
            elif not current.fired:
                current = replace(current, firing_ms=since)
        if current is not None:
            episodes.append(current)
    return tuple(sorted(episodes, key=lambda e: (e.pending_ms, e.alert, e.labels)))
