"""A rehearsal in virtual time: history in blocks, the incident beside it, the real Prometheus asked at the instants at
which the team's server would evaluate its rules, the outcome played through the real Alertmanager, and control runs.

Instants are the platform's own: simulated epoch milliseconds, from the profile's start on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from simulator.clock import Clock
from simulator.engine.evaluate import VirtualEvaluation
from simulator.engine.groups import RecordingRule, RuleGroup
from simulator.engine.routes import group_waits_ms, longest_group_wait_ms
from simulator.profile.manifest import Manifest, profile_hash
from simulator.profile.schema import Profile
from simulator.rehearsal.catalogue import declared, declared_labels, scraped_jobs, service_of
from simulator.rehearsal.figures.predictions import predict
from simulator.rehearsal.figures.series import keep_series
from simulator.rehearsal.history.doubts import doubtful
from simulator.rehearsal.history.platform_data import targets_observed, unscraped
from simulator.rehearsal.live.run import Rehearsed, View
from simulator.rehearsal.live.watch import FaultEdges
from simulator.rehearsal.local_servers import LocalServers
from simulator.rehearsal.recorder import Recorder
from simulator.rehearsal.request import RehearsalRequest
from simulator.rehearsal.run_folder import RunFolder
from simulator.rehearsal.virtual.control_runs import ControlRuns
from simulator.rehearsal.virtual.notifications import notify_virtually
from simulator.rehearsal.virtual.setup import read_rules, set_up
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import AlertObserved, Note, Observation, RecordingEvaluated
from simulator.telemetry.rules import AlertRule
from simulator.units import format_duration
from simulator.verdict import Mode, judge
from simulator.verdict.facts import EngineFacts


def rehearse_virtual(request: RehearsalRequest, *, clock: Clock, view: View) -> Rehearsed:
    """Run it and judge it. Raises as `rehearse_live` does; whatever happens, no process is left."""
    observed = observe_virtual(request, clock=clock, view=view)
    return Rehearsed(judge(observed.manifest, observed.rules, observed.journal, observed.facts), observed.folder)


@dataclass(frozen=True)
class Observed:
    """Everything that a judge is given of one run, and where the run is."""

    manifest: Manifest
    rules: tuple[AlertRule, ...]
    journal: tuple[Observation, ...]
    facts: EngineFacts
    folder: RunFolder


def observe_virtual(request: RehearsalRequest, *, clock: Clock, view: View) -> Observed:
    """Run it. Raises as `rehearse_live` does; whatever happens, no process is left."""
    if request.local is None:
        raise ValueError("a running stack keeps its own time")
    servers = LocalServers(*request.local)
    run = RunFolder.create(request.profile.name, clock.now_ms(), request.out)
    with Recorder(run.timeline, view.show) as recorder:
        virtual = _VirtualRun(request, servers, run, recorder, clock)
        facts = virtual.rehearse(view)
        return Observed(virtual.manifest, virtual.rules.alerts, recorder.journal, facts, run)


class _VirtualRun:
    """The parts of one rehearsal, in the order in which they come to be."""

    def __init__(
        self, request: RehearsalRequest, servers: LocalServers, run: RunFolder, recorder: Recorder, clock: Clock
    ) -> None:
        assert request.local is not None
        self._request = request
        self._programs = request.local[1]
        self._servers = servers
        self._run = run
        self._recorder = recorder
        self._clock = clock
        self.manifest = self._manifest_of(request.profile)
        self.manifest.write(run.manifest)
        self._rules = read_rules(request, servers)
        self._groups = self._rules.groups
        self.rules = self._rules.loaded

    def rehearse(self, view: View) -> EngineFacts:
        """Everything up to the judge: the journal is filled, in the order of simulated time."""
        began = self._clock.monotonic()
        setup = set_up(
            self._request,
            self._servers,
            self._rules,
            self._run,
            self.manifest,
            begins_ms=self.manifest.started_ms,
            on_progress=lambda done: view.work("history", done.samples, done.expected_samples),
            tell=lambda length_ms: self._note(f"{format_duration(length_ms)} of history, up to the incident"),
        )
        platform, prometheus = setup.platform, setup.prometheus
        self._note(f"history is there ({self._clock.monotonic() - began:.1f} s)")
        if past := setup.recorded_past:
            since = format_duration(past.span.length_ms)
            self._note(f"{', '.join(sorted(past.names))}: looked back on, so evaluated over the {since} before, too")
        scraped = scraped_jobs(platform.jobs, platform.routes)
        names = declared(declared_labels(self.manifest), scraped, own_jobs=self._servers.own_jobs)
        evaluated = prometheus.evaluate(self.manifest, "incident", names, view.work)
        self._note(f"rules evaluated ({self._clock.monotonic() - began:.1f} s)")
        self._note(keep_series(evaluated.values, self._run.series))
        for gap in (*evaluated.evaluation.not_evaluated, *evaluated.evaluation.unexpanded):
            self._note(f"rule {gap.rule} of group {gap.group}: {gap.reason}")
        for told in self._servers.rules.told:
            self._note(told)
        request = self._request
        with ControlRuns(self._run, prometheus, self._without_each_cause(), view.work) as control_runs:
            whole = Interval(self.manifest.started_ms, self.manifest.ends_ms)
            targets = targets_observed(self.manifest, platform, whole)
            predictions = predict(self.manifest, setup.evaluations(unscraped(targets)))
            notified = notify_virtually(
                request,
                self._servers,
                self._run,
                self.manifest,
                evaluated.evaluation.sent,
                self._clock,
                control_runs.check,
            )
            self._note(f"notifications heard ({self._clock.monotonic() - began:.1f} s)")
            controls = control_runs.result()
        view.begin(self.manifest.started_ms, self._request.profile.duration)
        self._tell_in_order(
            FaultEdges(self.manifest).due(self.manifest.ends_ms),
            targets,
            evaluated.evaluation.observations,
            self._servers.rules.never_evaluated(self.manifest.started_ms),
            _failed_recordings(self._groups, evaluated.evaluation),
            evaluated.selectors,
            notified.observed,
        )
        return EngineFacts(
            mode=Mode.VIRTUAL,
            prometheus_version=self._programs.prometheus_version,
            alertmanager_version=self._programs.alertmanager_version,
            history_start_ms=setup.history.span.start_ms,
            scrape_interval_ms=setup.scrape_interval_ms,
            evaluation_interval_ms=max((group.interval_ms for group in self._groups), default=0),
            production_prometheus_version=request.production.prometheus,
            production_alertmanager_version=request.production.alertmanager,
            accept_engine_difference=request.accept_engine_difference,
            catalogue=request.catalogue,
            strict=request.strict,
            job_services={
                route.job: service_of(route.catalogue_job)
                for route in platform.routes
                if service_of(route.catalogue_job)
            },
            removed_receivers=notified.removed_receivers,
            unmapped_jobs=setup.unmapped_jobs,
            missing_templates=self._servers.missing_templates,
            load_planned=False,
            group_wait_ms=longest_group_wait_ms(self._servers.alertmanager_text),
            group_waits_ms=group_waits_ms(self._servers.alertmanager_text),
            controls=controls,
            predictions=predictions,
            doubtful=doubtful(self._groups, setup.density, setup.warm_up_ms, setup.recorded_past),
            lacking=self._servers.lacking,
            rerun=request.rerun,
            compression=notified.compression,
            rule_paths=tuple(dict.fromkeys(group.file for group in self._groups)),
            rule_paths_given=request.production.rules_path is not None,
            unexpanded=tuple((gap.rule, gap.reason) for gap in evaluated.evaluation.unexpanded),
        )

    def _without_each_cause(self) -> dict[str, Manifest]:
        """The same run without each fault that an expectation names."""
        profile = self._request.profile
        causes = dict.fromkeys(alert.caused_by for alert in profile.expect.alerts if alert.caused_by)
        return {
            cause: self._manifest_of(
                profile.model_copy(update={"faults": tuple(fault for fault in profile.faults if fault.id != cause)})
            )
            for cause in causes
        }

    def _manifest_of(self, profile: Profile) -> Manifest:
        return Manifest(
            run_id=self._run.run_id,
            mode=Mode.VIRTUAL.value,
            profile=profile,
            profile_sha256=profile_hash(self._request.profile),  # a control run shares the past of its incident
            profile_path=self._request.profile_path,
            seed=profile.seed,
            started_ms=profile.start_ms,
            overlays=self._request.overlays,
        )

    def _tell_in_order(self, *observed: Iterable[Observation]) -> None:
        everything = [one for some in observed for one in some]
        everything.sort(key=lambda one: one.since_ms if isinstance(one, AlertObserved) else one.at_ms)
        self._recorder.extend(everything)

    def _note(self, text: str) -> None:
        self._recorder.add(Note(self.manifest.started_ms, text))


def _failed_recordings(groups: Sequence[RuleGroup], evaluation: VirtualEvaluation) -> Iterator[RecordingEvaluated]:
    """Recording rules that failed, at each such instant."""
    recorded = {(group.name, rule.name) for group in groups for rule in group.rules if isinstance(rule, RecordingRule)}
    for failure in evaluation.failures:
        if (failure.group, failure.rule) in recorded:
            yield RecordingEvaluated(failure.at_ms, failure.group, failure.rule, "err", failure.error)
