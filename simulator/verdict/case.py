"""Everything a judge looks at, sorted once: the run, its rules, and the journal by kind of observation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from simulator.profile.manifest import Manifest
from simulator.profile.schema import Expect, Fault
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
        return tuple(observation for observation in self.journal if isinstance(observation, kind))

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
