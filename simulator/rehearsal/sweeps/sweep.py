"""A fault at many intensities in virtual time: which alerts it sets off at which dose, and after how long.

A fault changes nothing before its onset, so all doses share one past, and each evaluates only from shortly before the
onset on. Beside every rule with a threshold run two twins, one with it half as high again, one with two thirds of it:
where both trip at the rule's own dose, the threshold decides nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from simulator import __version__
from simulator.catalog.faults import BY_NAME as KINDS
from simulator.clock import Clock
from simulator.engine.burn_rates import BurnRule, Recordings, burn_rule_of, ratios_in, recordings_of
from simulator.engine.evaluate import VirtualEvaluation
from simulator.engine.groups import AlertingRule, RuleGroup
from simulator.engine.selectors import selectors_of
from simulator.engine.thresholds import scaled
from simulator.errors import InputError, did_you_mean
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Fault
from simulator.rehearsal.figures.predictions import error_ratios, steady_times
from simulator.rehearsal.live.run import View
from simulator.rehearsal.local_servers import LocalServers
from simulator.rehearsal.request import RehearsalRequest
from simulator.rehearsal.run_folder import RunFolder
from simulator.rehearsal.sweeps.bisection import Bracket, bracket_of, next_doses, spread, with_own
from simulator.rehearsal.virtual.setup import Rules, Setup, read_rules, set_up
from simulator.report.sweep_document import Dose, Reaction, Sweep, TripPoint
from simulator.telemetry.observations import AlertObserved, AlertState
from simulator.verdict.facts import Mode

_FIRST: Final = 6
"""Doses that are spread over the range before any is halved, besides none and the profile's own."""

HIGHER: Final = 1.5
LOWER: Final = 1 / HIGHER


@dataclass(frozen=True)
class Range:
    """Which intensities: from `lowest` to `highest`, at most `count` doses besides the run without the fault."""

    lowest: float
    highest: float
    count: int


@dataclass(frozen=True)
class _Tried:
    """What came of one dose: from the onset to the first firing of each alert that fired, twins among them."""

    detect_ms: Mapping[str, int]
    error_ratio: float | None
    not_evaluated: tuple[str, ...]


def fault_of(request: RehearsalRequest, fault_id: str | None) -> Fault:
    """The profile's fault of that id, or its only one. Raises InputError."""
    faults = request.profile.faults
    known = [fault.id for fault in faults]
    if not faults:
        raise InputError(f"{request.profile_path}: there is no fault in it whose intensity could be swept")
    if fault_id is None:
        if len(faults) > 1:
            raise InputError(f"--fault: which one? The profile has {', '.join(known)}")
        return faults[0]
    found = next((fault for fault in faults if fault.id == fault_id), None)
    if found is None:
        hint = did_you_mean(fault_id, known) or f"; it has {', '.join(known)}"
        raise InputError(f"--fault {fault_id}: the profile has no such fault{hint}")
    return found


def sweep(request: RehearsalRequest, fault: Fault, doses: Range, *, clock: Clock, view: View) -> Sweep:
    """Try one dose after another, as many at a time as there are cores. Raises as `rehearse_virtual` does."""
    if request.local is None:
        raise ValueError("a running stack keeps its own time")
    servers = LocalServers(*request.local)
    run = RunFolder.create(f"sweep-{request.profile.name}", clock.now_ms(), request.out)
    return _Sweep(request, servers, run, fault, doses, view).run()


class _Sweep:
    def __init__(
        self,
        request: RehearsalRequest,
        servers: LocalServers,
        run: RunFolder,
        fault: Fault,
        doses: Range,
        view: View,
    ) -> None:
        assert request.local is not None
        self._request = request
        self._servers = servers
        self._run = run
        self._fault = fault
        self._doses = doses
        self._view = view
        self._version = request.local[1].prometheus_version
        rules = read_rules(request, servers)
        self._alerts = {
            rule.name: rule for group in rules.groups for rule in group.rules if isinstance(rule, AlertingRule)
        }
        self._recordings: Recordings = recordings_of(rules.groups)
        self._twins = {} if _reads_alerts(rules.groups) else dict(_twins(self._alerts))
        self._rules = Rules(tuple(_with_twins(group, self._twins) for group in rules.groups), rules.loaded)
        self._ratios = [ratio for rule in self._alerts.values() for ratio, _ in ratios_in(rule.expr, self._recordings)]
        self._tried: dict[float, _Tried] = {}

    def run(self) -> Sweep:
        manifest = self._manifest(self._fault.intensity)
        onset_ms = manifest.started_ms + self._fault.at
        setup = set_up(
            self._request,
            self._servers,
            self._rules,
            self._run,
            manifest,
            begins_ms=onset_ms,
            on_progress=lambda done: self._view.work("history", done.samples, done.expected_samples),
        )
        asked = self._doses
        first = with_own(
            spread(asked.lowest, asked.highest, min(_FIRST, asked.count)), self._fault.intensity, asked.count
        )
        self._try(setup, [0.0, *sorted(first, reverse=True)])
        while (left := asked.count + 1 - len(self._tried)) > 0:
            following = next_doses(self._brackets(), self._tried, asked.lowest, min(left, _at_once()))
            if not following:
                break
            self._try(setup, following)
        return self._document(manifest)

    def _try(self, setup: Setup, doses: Sequence[float]) -> None:
        for some in batched(doses, _at_once()):
            manifests = {f"at-{dose:g}": self._manifest(dose) for dose in some}
            evaluated = setup.prometheus.evaluate_together(manifests)
            for dose in some:
                name = f"at-{dose:g}"
                self._tried[dose] = self._what_came(evaluated[name].evaluation, manifests[name])
                self._view.work(f"{self._fault.id} at {dose:g}", len(self._tried), self._doses.count + 1)

    def _what_came(self, evaluation: VirtualEvaluation, manifest: Manifest) -> _Tried:
        onset_ms = manifest.started_ms + self._fault.at
        fired: dict[str, int] = {}
        for one in evaluation.observations:
            if isinstance(one, AlertObserved) and one.state is AlertState.FIRING:
                fired[one.alert] = min(fired.get(one.alert, one.since_ms - onset_ms), one.since_ms - onset_ms)
        failed = {f"{gap.rule}: {gap.reason}" for gap in evaluation.not_evaluated}
        failed |= {f"{failure.rule}: {failure.error}" for failure in evaluation.failures}
        _, ratio = self._error_ratios(manifest)
        return _Tried(fired, ratio, tuple(sorted(failed)))

    def _error_ratios(self, manifest: Manifest) -> tuple[float, float | None]:
        """Before the onset, and while the fault acts."""
        if not self._ratios:
            return 0.0, None
        onset_ms = manifest.started_ms + self._fault.at
        end_ms = min(manifest.started_ms + self._fault.end, manifest.ends_ms)
        longest_ms = max(1, min(self._fault.for_, end_ms - onset_ms))
        found = error_ratios(manifest, self._ratios, onset_ms - longest_ms, onset_ms, max(end_ms, onset_ms + 1))
        return (0.0, None) if found is None else found

    def _manifest(self, dose: float) -> Manifest:
        profile = self._request.profile
        faults = tuple(
            fault if fault.id != self._fault.id else fault.model_copy(update={"intensity": dose})
            for fault in profile.faults
            if fault.id != self._fault.id or dose > 0
        )
        changed = profile.model_copy(update={"faults": faults})
        return Manifest(
            run_id=self._run.run_id,
            mode=Mode.VIRTUAL.value,
            profile=changed,
            profile_path=self._request.profile_path,
            seed=profile.seed,
            started_ms=profile.start_ms,
            overlays=self._request.overlays,
        )

    def _brackets(self) -> list[Bracket]:
        found = (self._bracket(name) for name in self._alerts)
        return [bracket for bracket in found if bracket is not None]

    def _bracket(self, alert: str) -> Bracket | None:
        return bracket_of({dose: alert in tried.detect_ms for dose, tried in self._tried.items()})

    def _document(self, manifest: Manifest) -> Sweep:
        before, _ = self._error_ratios(manifest)
        doses = tuple(self._dose(dose, self._tried[dose], before) for dose in sorted(self._tried))
        trips = [self._trip(name, bracket, doses) for name in self._alerts if (bracket := self._bracket(name))]
        profile = self._request.profile
        return Sweep(
            profile=profile.name,
            profile_path=self._request.profile_path,
            fault=self._fault.id,
            kind=self._fault.kind,
            meaning=KINDS[self._fault.kind].intensity,
            profile_intensity=self._fault.intensity,
            lasts_ms=self._fault.for_,
            seed=profile.seed,
            prometheus_version=self._version,
            crybsim_version=__version__,
            doses=doses,
            trips=tuple(sorted(trips, key=lambda trip: (trip.fires_at or 0.0, trip.alert))),
            silent=tuple(sorted(name for name in self._alerts if self._bracket(name) is None)),
            not_evaluated=(
                *self._servers.rules.told,
                *sorted({reason for tried in self._tried.values() for reason in tried.not_evaluated}),
            ),
            rerun=self._request.rerun,
        )

    def _dose(self, intensity: float, tried: _Tried, before: float) -> Dose:
        reactions = []
        for name, rule in self._alerts.items():
            told = burn_rule_of(rule.expr, self._recordings)
            steady = None
            if isinstance(told, BurnRule) and tried.error_ratio is not None and intensity > 0:
                steady, _ = steady_times(told, rule.for_ms, before, tried.error_ratio, self._fault.for_)
            if name in tried.detect_ms or steady is not None:
                reactions.append(Reaction(alert=name, detect_ms=tried.detect_ms.get(name), workbook_ms=steady))
        return Dose(intensity=intensity, error_ratio=tried.error_ratio, reactions=tuple(reactions))

    def _trip(self, name: str, bracket: Bracket, doses: Sequence[Dose]) -> TripPoint:
        thresholds = [window.threshold for _, window in ratios_in(self._alerts[name].expr, self._recordings)]
        threshold = max(thresholds, default=None)
        return TripPoint(
            alert=name,
            fires_at=bracket.fires,
            silent_at=bracket.silent if bracket.fires else None,
            threshold=threshold,
            threshold_intensity=None if threshold is None else _where(doses, threshold),
            insensitive=self._is_insensitive(name),
        )

    def _is_insensitive(self, name: str) -> bool | None:
        if name not in self._twins:
            return None
        own = self._bracket(name)
        return all(self._bracket(twin.name) == own for twin in self._twins[name])


def _where(doses: Sequence[Dose], threshold: float) -> float | None:
    """The intensity at which the true error ratio reaches a threshold, between the doses around it."""
    known = [(dose.error_ratio, dose.intensity) for dose in doses if dose.error_ratio is not None]
    ratios, intensities = [ratio for ratio, _ in known], [intensity for _, intensity in known]
    if not known or not min(ratios) <= threshold <= max(ratios):
        return None
    return float(np.interp(threshold, np.maximum.accumulate(ratios), intensities))


def _twins(alerts: Mapping[str, AlertingRule]) -> Iterator[tuple[str, tuple[AlertingRule, ...]]]:
    """For each alert with a threshold the same with it higher, and lower, under names that no alert has."""
    for name, rule in alerts.items():
        try:
            texts = [scaled(rule.expr, factor) for factor in (HIGHER, LOWER)]
        except ValueError:
            continue
        made = tuple(
            replace(rule, name=f"{name} × {factor:.3g}", expr=text, annotations=())
            for factor, text in zip((HIGHER, LOWER), texts, strict=True)
            if text is not None
        )
        if made:
            yield name, made


def _with_twins(group: RuleGroup, twins: Mapping[str, tuple[AlertingRule, ...]]) -> RuleGroup:
    more = [twin for rule in group.rules if isinstance(rule, AlertingRule) for twin in twins.get(rule.name, ())]
    return replace(group, rules=(*group.rules, *more))


def _reads_alerts(groups: Sequence[RuleGroup]) -> bool:
    """Whether any rule counts alerts: then twins would be among them."""
    for group in groups:
        for rule in group.rules:
            try:
                if any(s.metric.startswith("ALERTS") or not s.metric for s in selectors_of(rule.expr)):
                    return True
            except ValueError:
                return True
    return False


def batched(doses: Sequence[float], size: int) -> Iterator[Sequence[float]]:
    """So many at a time, in their order."""
    for start in range(0, len(doses), size):
        yield doses[start : start + size]


def _at_once() -> int:
    return os.cpu_count() or 1
