"""Everything a judge looks at, sorted once: the run, its rules, and the journal by kind of observation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, cast

from simulator.profile.manifest import Manifest
from simulator.profile.schema import Expect, ExpectedAlert, Fault
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import (
    AlertmanagerObserved,
    AlertObserved,
    FaultEdge,
    Note,
    NotificationReceived,
    NotifiedAlert,
    Observation,
)
from simulator.telemetry.rules import AlertRule
from simulator.verdict.document import Evidence, Moment
from simulator.verdict.episodes import Episode, episodes_of
from simulator.verdict.facts import EngineFacts, Mode
from simulator.verdict.wording import labelled, offset

Kind = TypeVar("Kind", bound=Observation)

ALWAYS_FIRING = "Watchdog"
"""The one alert whose firing is the sign of health, by its name in the reference rules."""


@dataclass(frozen=True)
class Case:
    """One run to be judged."""

    manifest: Manifest
    rules: tuple[AlertRule, ...]
    journal: tuple[Observation, ...]
    facts: EngineFacts

    @property
    def expect(self) -> Expect:
        return self.manifest.profile.expect

    @property
    def started_ms(self) -> int:
        return self.manifest.started_ms

    @property
    def ends_ms(self) -> int:
        return self.manifest.ends_ms

    def seen(self, kind: type[Kind]) -> tuple[Kind, ...]:
        """The observations of one kind, in the journal's order."""
        if kind not in self._sorted:
            self._sorted[kind] = tuple(observation for observation in self.journal if isinstance(observation, kind))
        return cast("tuple[Kind, ...]", self._sorted[kind])

    @cached_property
    def _sorted(self) -> dict[object, tuple[Observation, ...]]:
        """By kind, as far as anybody asked: hundreds of rules ask for the same ones."""
        return {}

    @cached_property
    def alerts(self) -> tuple[AlertObserved, ...]:
        """Changes of alert states that belong to this run (against staging: those that carry its label)."""
        return tuple(alert for alert in self.seen(AlertObserved) if self._own(alert))

    @cached_property
    def held(self) -> tuple[AlertmanagerObserved, ...]:
        """Alerts that Alertmanager held during the run."""
        return tuple(a for a in self.seen(AlertmanagerObserved) if self._own(a) and a.at_ms >= self.started_ms)

    @cached_property
    def notifications(self) -> tuple[NotificationReceived, ...]:
        """Notifications by the time they were heard."""
        return tuple(sorted(self.seen(NotificationReceived), key=lambda n: n.at_ms))

    def _own(self, alert: AlertObserved | AlertmanagerObserved | NotifiedAlert) -> bool:
        label = self.facts.run_label
        return self.facts.mode is not Mode.STAGING or label is None or label in alert.labels

    def notified(self, notification: NotificationReceived) -> tuple[NotifiedAlert, ...]:
        """The alerts of a notification that belong to this run."""
        return tuple(alert for alert in notification.alerts if self._own(alert))

    @cached_property
    def episodes(self) -> tuple[Episode, ...]:
        """Every episode that reaches into the run: what was over before its start is not its business."""
        for_ms: dict[str, int] = {}
        for rule in self.rules:
            for_ms[rule.name] = min(rule.for_ms, for_ms.get(rule.name, rule.for_ms))
        return tuple(
            episode
            for episode in episodes_of(self.alerts, for_ms)
            if episode.resolved_ms is None or episode.resolved_ms > self.started_ms
        )

    def firings_of(self, expected: ExpectedAlert) -> list[Episode]:
        """The episodes that an entry of `expect.alerts` is judged by, by their firing.

        Where several entries expect the same alert of different faults, each has the episodes of its own fault: those
        of a later fault, and those of an earlier one that were over at its onset, are the other entry's.
        """
        fitting = [e for e in self.episodes if e.alert == expected.name and e.fired and e.carries(expected.labels)]
        onset_ms = self._onset_ms(expected)
        if onset_ms is not None:
            for rival in self.expect.alerts:
                other_ms = self._onset_ms(rival)
                if rival.name == expected.name and other_ms is not None and other_ms != onset_ms:
                    fitting = [
                        e for e in fitting if not e.carries(rival.labels) or not _is_of_other(e, onset_ms, other_ms)
                    ]
        return sorted(fitting, key=lambda e: e.firing_ms or 0)

    def _onset_ms(self, expected: ExpectedAlert) -> int | None:
        fault = self.fault(expected.caused_by) if expected.caused_by else None
        return self.span_of(fault).start_ms if fault else None

    def named(self, alert: str) -> tuple[AlertRule, ...]:
        """Every rule of that name (Prometheus allows several)."""
        return tuple(rule for rule in self.rules if rule.name == alert)

    @cached_property
    def watched_until_ms(self) -> int:
        """The last instant at which anybody saw anything."""
        return max((o.at_ms for o in self.journal if not isinstance(o, Note | FaultEdge)), default=self.started_ms - 1)

    def fault(self, fault_id: str) -> Fault | None:
        """The profile's fault of that id."""
        return next((fault for fault in self.manifest.profile.faults if fault.id == fault_id), None)

    def span_of(self, fault: Fault) -> Interval:
        """When a fault acts, on the wall: its true onset and end."""
        return Interval(self.started_ms + fault.at, self.started_ms + fault.end)

    @property
    def first_onset_ms(self) -> int | None:
        """The true onset of the first fault, or None where nothing breaks."""
        return min((self.span_of(fault).start_ms for fault in self.manifest.profile.faults), default=None)

    def window_is_full(self, rule: AlertRule, at_ms: int) -> bool:
        """Whether everything that a rule looks back on at an instant had been recorded."""
        return at_ms - rule.reach_ms >= self.facts.history_start_ms

    def moment(self, at_ms: int) -> Moment:
        return Moment.of(at_ms, self.started_ms)

    def offset(self, at_ms: int) -> str:
        """An instant for people: `+3m15s`."""
        return offset(at_ms, self.started_ms)

    def firing_evidence(self, episode: Episode) -> tuple[Evidence, ...]:
        """What Prometheus would show of an episode's firing."""
        if episode.firing_ms is None:
            return ()
        selector = (("alertstate", "firing"), *episode.labels)
        query = labelled("ALERTS", (("alertname", episode.alert), *selector))
        return (Evidence(when=self.moment(episode.firing_ms), source="prometheus", what=query),)


def _is_of_other(episode: Episode, onset_ms: int, other_ms: int) -> bool:
    """Whether an episode belongs to the fault that began at `other_ms` rather than to the one at `onset_ms`."""
    if other_ms > onset_ms:
        return episode.pending_ms >= other_ms
    over = episode.resolved_ms is not None and episode.resolved_ms <= onset_ms
    return over and episode.pending_ms >= other_ms
