"""A rehearsal in virtual time: history in blocks, the incident beside it, the real Prometheus asked at the instants at
which the team's server would evaluate its rules, the outcome played through the real Alertmanager, and control runs.

Instants are the platform's own: simulated epoch milliseconds, from the profile's start on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from simulator.clock import Clock
from simulator.engine.dispatcher import Dispatcher
from simulator.engine.groups import groups_from_api
from simulator.engine.notifier import Arrival, arrivals
from simulator.engine.relabel import Relabelling, read_rules
from simulator.engine.routing_tree import read_routing
from simulator.engine.rules import rules_from_api
from simulator.profile.manifest import Manifest, profile_hash
from simulator.profile.schema import Profile
from simulator.receivers import Receivers, notification_failures
from simulator.rehearsal.catalogue import declared_labels, service_of
from simulator.rehearsal.live import Rehearsed, View
from simulator.rehearsal.local_servers import LocalServers
from simulator.rehearsal.past import length_ms, names_read
from simulator.rehearsal.predictions import Evaluations, predict
from simulator.rehearsal.recorder import Recorder
from simulator.rehearsal.replay import chosen_factor, replay
from simulator.rehearsal.report_series import keep_series
from simulator.rehearsal.request import RehearsalRequest
from simulator.rehearsal.run_folder import RunFolder
from simulator.rehearsal.virtual_data import cached_history, history_of, targets_observed, unscraped
from simulator.rehearsal.virtual_rules import Evaluated, RuleRun, VirtualPrometheus
from simulator.rehearsal.watch import FaultEdges
from simulator.stack.local import LocalStack
from simulator.stack.timescale import compress, timers_of
from simulator.stack.virtual import rule_groups_as_loaded
from simulator.streams.samples import ModelSamples
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import AlertObserved, AlertState, Note, NotificationReceived, Observation
from simulator.transport import http_client
from simulator.units import HOUR, MINUTE, format_duration
from simulator.verdict import ControlRun, Mode, judge
from simulator.verdict.facts import EngineFacts

_WARM_UP_MS: Final = 10 * MINUTE
"""Evaluations before the run's start, besides the longest `for`: what should be firing by then is."""

_LONGEST_FOR_MS: Final = 3 * HOUR


def rehearse_virtual(request: RehearsalRequest, *, clock: Clock, view: View) -> Rehearsed:
    """Run it and judge it. Raises as `rehearse_live` does; whatever happens, no process is left."""
    if request.local is None:
        raise ValueError("a running stack keeps its own time")
    servers = LocalServers(*request.local)
    run = RunFolder.create(request.profile.name, clock.now_ms(), request.out)
    with Recorder(run.timeline, view.show) as recorder:
        virtual = _VirtualRun(request, servers, run, recorder, clock)
        facts = virtual.rehearse(view)
        verdict = judge(virtual.manifest, virtual.rules.alerts, recorder.journal, facts)
    return Rehearsed(verdict, run)


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
        self._removed_receivers: tuple[str, ...] = ()
        self.manifest = self._manifest_of(request.profile)
        self.manifest.write(run.manifest)
        groups = rule_groups_as_loaded(servers.prometheus_config.rules_only(), prometheus=self._programs.prometheus)
        self._groups = groups_from_api(groups)
        self.rules = rules_from_api(groups)

    def rehearse(self, view: View) -> EngineFacts:
        """Everything up to the judge: the journal is filled, in the order of simulated time."""
        began = self._clock.monotonic()
        config = self._servers.prometheus_config
        platform, unmapped = self._servers.team_platform(
            ModelSamples(self.manifest, everything=True), self._run, names_read(self._groups)
        )
        warm_ms = _WARM_UP_MS + min(max((rule.for_ms for rule in self.rules.alerts), default=0), _LONGEST_FOR_MS)
        warm = Interval(self.manifest.started_ms - warm_ms, self.manifest.ends_ms)
        history_ms = length_ms(self._request.profile, self.rules)
        history = history_of(self.manifest, platform, warm.start_ms, history_ms)
        self._note(f"{format_duration(history_ms)} of history, up to the incident")
        blocks = cached_history(
            history, platform, lambda done: view.work("history", done.samples, done.expected_samples)
        )
        self._note(f"history is there ({self._clock.monotonic() - began:.1f} s)")
        prometheus = VirtualPrometheus(
            self._programs,
            self._run.data,
            blocks,
            platform,
            RuleRun(self._groups, self.rules, warm, config.without_rules(), config.external_labels),
        )
        evaluated = prometheus.evaluate(self.manifest, "incident", declared_labels(self.manifest).get)
        self._note(f"rules evaluated ({self._clock.monotonic() - began:.1f} s)")
        self._note(keep_series(evaluated.values, self._run.series))
        for gap in (*evaluated.evaluation.not_evaluated, *evaluated.evaluation.unexpanded):
            self._note(f"rule {gap.rule} of group {gap.group}: {gap.reason}")
        controls = self._controls(prometheus)
        targets = targets_observed(self.manifest, platform, Interval(self.manifest.started_ms, self.manifest.ends_ms))
        scrape_ms = max((job.interval_ms for job in platform.jobs), default=0)
        predictions = predict(
            self.manifest,
            Evaluations(self._groups, prometheus.grids, warm, scrape_ms, history.old_step_ms, unscraped(targets)),
        )
        heard = self._notifications(evaluated)
        self._note(f"notifications heard ({self._clock.monotonic() - began:.1f} s)")
        view.begin(self.manifest.started_ms, self._request.profile.duration)
        self._tell_in_order(
            FaultEdges(self.manifest).due(self.manifest.ends_ms),
            targets,
            evaluated.evaluation.observations,
            evaluated.selectors,
            heard,
        )
        request = self._request
        return EngineFacts(
            mode=Mode.VIRTUAL,
            prometheus_version=self._programs.prometheus_version,
            alertmanager_version=self._programs.alertmanager_version,
            history_start_ms=history.span.start_ms,
            scrape_interval_ms=scrape_ms,
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
            removed_receivers=self._removed_receivers,
            unmapped_jobs=unmapped,
            load_planned=False,
            group_wait_ms=max(timers_of(self._servers.alertmanager_text, "alertmanager.yml").group_wait_ms),
            controls=controls,
            predictions=predictions,
            rerun=request.rerun,
        )

    def _controls(self, prometheus: VirtualPrometheus) -> tuple[ControlRun, ...]:
        """The same run without each fault that an expectation names."""
        profile = self._request.profile
        causes = dict.fromkeys(alert.caused_by for alert in profile.expect.alerts if alert.caused_by)
        controls = []
        for cause in causes:
            others = tuple(fault for fault in profile.faults if fault.id != cause)
            manifest = self._manifest_of(profile.model_copy(update={"faults": others}))
            evaluated = prometheus.evaluate(manifest, f"without-{cause}")
            fired = tuple(
                one
                for one in evaluated.evaluation.observations
                if isinstance(one, AlertObserved) and one.state is AlertState.FIRING
            )
            controls.append(ControlRun(without_fault=cause, fired=fired))
        return tuple(controls)

    def _notifications(self, evaluated: Evaluated) -> list[NotificationReceived]:
        """The alerts played into the real Alertmanager, in compressed time."""
        config = self._servers.prometheus_config
        relabel = Relabelling(read_rules(config.alert_relabel_configs))

        def relabelled(labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...] | None:
            kept = relabel.apply(dict(labels))
            return None if kept is None else tuple(sorted(kept.items()))

        sent = arrivals(evaluated.evaluation.sent, config.external_labels, relabelled)
        span = Interval(self.manifest.started_ms, self.manifest.ends_ms)
        sent = tuple(arrival for arrival in sent if arrival.at_ms < span.end_ms)
        if not sent or not config.sends_alerts:
            return []
        heard: list[NotificationReceived] = []
        stack = LocalStack(
            self._run.path, prometheus=self._programs.prometheus, alertmanager=self._programs.alertmanager
        )
        with Receivers(heard.append, self._run.configs, self._clock) as receivers, stack:
            redirected = self._servers.redirected_to(receivers)
            self._removed_receivers = redirected.removed_receivers
            timers = timers_of(redirected.text, "alertmanager.yml")
            factor = chosen_factor(span, timers.fastest())
            url = stack.start_alertmanager(compress(redirected.text, "alertmanager.yml", factor))
            with http_client(url) as client:
                times = replay(sent, span, factor, client, self._clock)
            log = stack.log("alertmanager")
        heard.extend(notification_failures(log))
        self._compare(sent, [times.restored(one) for one in heard], span)
        return [times.restored(one) for one in heard]

    def _compare(self, sent: tuple[Arrival, ...], heard: list[NotificationReceived], span: Interval) -> None:
        """A note on every receiver that was told less or more often than at full length it should have been."""
        tree = read_routing(self._servers.alertmanager_text)
        expected: dict[tuple[str, str], int] = {}
        for one in Dispatcher(tree).run(sent, span.end_ms):
            expected[one.receiver, one.integration] = expected.get((one.receiver, one.integration), 0) + 1
        real: dict[tuple[str, str], int] = {}
        for told in heard:
            real[told.receiver, told.kind.value] = real.get((told.receiver, told.kind.value), 0) + 1
        for key in sorted({*expected, *real}):
            if expected.get(key, 0) != real.get(key, 0):
                self._note(
                    f"compression may have changed what {key[1]} of receiver {key[0]} heard: {real.get(key, 0)} "
                    f"notifications, {expected.get(key, 0)} expected at full length"
                )

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
