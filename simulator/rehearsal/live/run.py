"""A live rehearsal: platform, load, faults and the real servers, watched from outside, then judged.

Everything runs in real time, after weeks of history (`live_history`) that are there when the servers start. The
manifest's start lies a little in the future, so that every process is up and the servers have seen the healthy platform
before the run's clock begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from simulator.clock import Clock
from simulator.errors import UnobservedError
from simulator.load.locust_run import LocustRun
from simulator.profile.load_plan import check_everybody_connects
from simulator.profile.manifest import Manifest, profile_hash
from simulator.receivers import Receivers, notification_failures
from simulator.rehearsal.catalogue import declared, declared_labels, scraped_jobs, service_of
from simulator.rehearsal.figures.series import active_alerts, keep_series, read_report_series
from simulator.rehearsal.live.history import NO_MERGING, LiveHistory, prepare_history, remove_blocks
from simulator.rehearsal.live.lead import lead_ms
from simulator.rehearsal.live.platform import LivePlatform
from simulator.rehearsal.live.real_receivers import may_ring
from simulator.rehearsal.live.watch import FaultEdges, Watch
from simulator.rehearsal.loaded_rules import LoadedRules
from simulator.rehearsal.local_servers import LocalAddresses, LocalServers, Redirection
from simulator.rehearsal.recorder import Recorder
from simulator.rehearsal.request import RehearsalRequest
from simulator.rehearsal.run_folder import RunFolder
from simulator.rehearsal.silences import set_silences, silences_of
from simulator.stack.local import LocalStack
from simulator.stack.processes import Children
from simulator.streams.samples import ModelSamples
from simulator.telemetry.interval import Interval
from simulator.telemetry.observations import Gap, Note, Observation
from simulator.transport import http_client
from simulator.units import SECOND
from simulator.verdict import Mode, Verdict, judge
from simulator.verdict.facts import EngineFacts

_LEAD_MS: Final = 20 * SECOND  # from the manifest to the run's start, on a machine that has nothing else to do
_LEAD_PER_INSTANCE_MS: Final = SECOND
_POLL_SECONDS: Final = 0.5
_BASELINE_MS: Final = 5 * SECOND  # so long before the first fault the healthy platform is looked at once


class View(Protocol):
    """Who looks on while it runs."""

    def begin(self, started_ms: int, duration_ms: int) -> None:
        """The run's clock is known."""
        ...

    def tick(self) -> None:
        """Time has passed."""
        ...

    def work(self, what: str, done: int, expected: int) -> None:
        """Long work is so far."""
        ...

    def show(self, observation: Observation) -> None:
        """Something was observed."""
        ...


@dataclass(frozen=True)
class Rehearsed:
    """A finished rehearsal."""

    verdict: Verdict
    folder: RunFolder


def rehearse_live(request: RehearsalRequest, *, clock: Clock, view: View) -> Rehearsed:
    """Run it and judge it. Leaves manifest, timeline, configuration and logs in the run's folder.

    Raises InputError for files that the servers refuse, and for load that would not be the traffic's, before anything
    is judged; SimulatorError when a process of ours does not start. Whatever happens, no process is left.
    """
    check_everybody_connects(request.profile, request.profile_path)
    servers = LocalServers(*request.local) if request.local else None
    run = RunFolder.create(request.profile.name, clock.now_ms(), request.out)
    with Children() as children, Recorder(run.timeline, view.show) as recorder:
        live = _LiveRun(request, run, children, recorder, clock)
        if servers is not None and request.history:
            live.make_history(servers, view)
        live.set_start()
        live.start(servers)
        view.begin(live.manifest.started_ms, request.profile.duration)
        with live.watch() as watch:
            live.follow(watch, view.tick)
            live.keep_series(watch)
        children.close()  # what the servers still had to say is in the journal now
        live.look_for_failed_notifications()
        verdict = judge(live.manifest, watch.rules.alerts, recorder.journal, live.facts(watch))
    return Rehearsed(verdict, run)


class _LiveRun:
    """The parts of one run, in the order in which they come to be."""

    def __init__(
        self, request: RehearsalRequest, run: RunFolder, children: Children, recorder: Recorder, clock: Clock
    ) -> None:
        self._request = request
        self._run = run
        self._children = children
        self._recorder = recorder
        self._clock = clock
        self._stack: LocalStack | None = None
        self._platform: LivePlatform | None = None
        self._load: LocustRun | None = None
        self._redirection = Redirection((), {}, ())
        self._lacking: tuple[str, ...] = ()
        self._rules: LoadedRules | None = None
        self._own_jobs = True
        self._missing_templates: tuple[str, ...] = ()
        self._may_ring: tuple[str, ...] = ()
        self._died: set[str] = set()
        self._note("warming up the model (on a new machine it is compiled first)")
        self._declared = declared_labels(self._manifest_from(clock.now_ms()))
        self._alone_ms = _LEAD_MS + _LEAD_PER_INSTANCE_MS * (request.profile.platform.instances.api - 1)
        self._history: LiveHistory | None = None
        self._receivers: Receivers | None = None

    def make_history(self, servers: LocalServers, view: View) -> None:
        """The time before the run, as blocks that earlier runs may have made. Raises as `backfill` does."""
        began = self._clock.monotonic()
        self._history = prepare_history(
            self._request,
            servers,
            self._run,
            self._manifest_from(self._request.profile.start_ms),
            lead_ms(self._alone_ms),
            lambda done: view.work("history", done.samples, done.expected_samples),
            self._note,
        )
        self._note(f"history is there ({self._clock.monotonic() - began:.1f} s)")

    def set_start(self) -> None:
        """Fix when the run's clock begins, and so the manifest, which every process of the run reads."""
        self.manifest = self._manifest_from(self._clock.now_ms() + lead_ms(self._alone_ms))
        self.manifest.write(self._run.manifest)

    def _manifest_from(self, started_ms: int) -> Manifest:
        profile = self._request.profile
        return Manifest(
            run_id=self._run.run_id,
            mode=Mode.LIVE.value if self._request.local else Mode.STAGING.value,
            profile=profile,
            profile_sha256=profile_hash(profile),
            profile_path=self._request.profile_path,
            seed=profile.seed,
            started_ms=started_ms,
            overlays=self._request.overlays,
        )

    def start(self, servers: LocalServers | None) -> None:
        """Bring everything up, and wait until the run's clock begins."""
        self._note(f"run folder {self._run.path}")
        platform = LivePlatform(self._run, self.manifest, self._children)
        platform.start(self._request.api_port, self._request.scrape_port, self._request.run_label)
        self._platform = platform
        self._load = platform.start_load(self._request.load_workers, self._request.allowed_hosts)
        self._note(f"platform up: {len(platform.api_urls)} API instance(s), emitter {platform.scrape_url}")
        if servers is not None:
            self._start_servers(servers, platform)
        late_ms = self._clock.now_ms() - self.manifest.started_ms
        if late_ms > 0:
            self._tell(Gap(self._clock.now_ms(), "rehearsal", f"not everything was up until {late_ms} ms into the run"))

    def _start_servers(self, servers: LocalServers, platform: LivePlatform) -> None:
        assert self._request.local is not None
        programs = self._request.local[1]
        flags = self._put_history()
        receivers = Receivers(self._recorder.add, self._run.configs, self._clock)
        receivers.start()
        self._receivers = receivers
        self._children.callback(receivers.stop)
        self._stack = LocalStack(self._run.path, prometheus=programs.prometheus, alertmanager=programs.alertmanager)
        self._children.callback(self._stack.stop)
        to = LocalAddresses(
            scrape_url=platform.scrape_url,
            api_urls=tuple(platform.api_urls),
            receivers_http_url=receivers.http_url,
            receivers_smtp=receivers.smtp_address,
            receivers_proxy_url=receivers.proxy_url,
            receivers_ca_file=receivers.ca_file,
        )
        source = ModelSamples(self.manifest)
        self._wait_for_history_to_end()
        later_ms = self.manifest.started_ms - self.manifest.profile.start_ms
        production = self._request.production
        self._own_jobs = servers.own_jobs
        self._missing_templates = servers.missing_templates
        self._redirection = servers.start(
            self._stack, self._run, to, source, platform.routes, flags, production, later_ms
        )
        self._lacking, self._rules = servers.lacking, servers.rules
        silences = silences_of(self.manifest.profile, self.manifest.started_ms)
        with http_client(self._stack.alertmanager_url) as client:
            set_silences(client, silences, lambda at_ms: at_ms, self._clock.now_ms())
        changes = len(self._redirection.changes)
        self._note(
            f"servers up: Prometheus {self._stack.prometheus_url}, Alertmanager {self._stack.alertmanager_url} "
            f"({changes} changes to your configuration, see configs/redirected.txt)"
        )
        for told in servers.rules.told:
            self._note(told)

    def _put_history(self) -> Sequence[str]:
        """Give Prometheus the blocks before it starts. Returns the flags that it needs with them."""
        if self._history is None:
            return ()
        data = self._run.data / "prometheus"
        self._children.callback(remove_blocks, data, self.manifest.started_ms)  # once the servers are gone
        self._history.put(data, self.manifest.started_ms)
        return NO_MERGING

    def _wait_for_history_to_end(self) -> None:
        """Before the end of its newest block, a server takes no samples."""
        if self._history is not None:
            left_ms = self._history.end_ms(self.manifest.started_ms) - self._clock.now_ms()
            self._clock.sleep(max(left_ms, 0) / 1000)

    def watch(self) -> Watch:
        """The observers, pointed at the servers of this run."""
        if self._stack is not None:
            urls = (self._stack.prometheus_url, self._stack.alertmanager_url)
        else:
            assert self._request.staging is not None
            urls = (self._request.staging.prometheus, self._request.staging.alertmanager)
        return Watch(
            *urls,
            clock=self._clock,
            declared=declared(self._declared, self._scraped(), own_jobs=self._own_jobs),
            allowed_hosts=self._request.allowed_hosts,
            own=self._request.run_label,
            left_out=self._rules.left_out if self._rules else (),
        )

    def _scraped(self) -> frozenset[str] | None:
        """The catalogue's jobs that this run's Prometheus scrapes; on a running stack nobody knows."""
        if self._stack is None:
            return None
        return scraped_jobs(self._redirection.jobs, self._redirection.routes)

    def follow(self, watch: Watch, tick: Callable[[], None]) -> None:
        """Watch until the profile's end, or until a server has died: then the rest could not be observed anyway."""
        try:
            watch.learn()
        except UnobservedError as error:
            self._tell(Gap(self._clock.now_ms(), "prometheus", str(error)))
            return
        if self._rules is not None:
            self._recorder.extend(self._rules.never_evaluated(self._clock.now_ms()))
        if self._request.staging is not None:
            self._may_ring = may_ring(watch.routes, watch.rules.alerts, self._request.run_label)
            self._note(f"real receivers that may ring: {', '.join(self._may_ring) or 'none'}")
        edges = FaultEdges(self.manifest)
        onset_ms = edges.first_onset_ms
        baseline_ms = None if onset_ms is None else max(onset_ms - _BASELINE_MS, self.manifest.started_ms)
        while self._clock.now_ms() < self.manifest.ends_ms:
            now = self._clock.now_ms()
            self._recorder.extend(edges.due(now))
            self._recorder.extend(watch.poll())
            if baseline_ms is not None and now >= baseline_ms:
                self._recorder.extend(watch.look_for_series())
                baseline_ms = None
            if self._load is not None:
                self._recorder.extend(self._load.poll())
            self._look_after_processes()
            tick()
            if self._stack is not None and self._stack.health():
                self._note("stopping early: without its servers this run cannot be judged")
                break
            self._clock.sleep(_POLL_SECONDS)
        self._recorder.extend(edges.due(self._clock.now_ms()))
        self._recorder.extend(watch.finish())
        if self._load is not None:
            assert self._platform is not None
            self._tell(self._platform.account(self._load, self._load.finish()))

    def keep_series(self, watch: Watch) -> None:
        """The values behind the alerts, for the report's charts, while Prometheus still answers."""
        now = self._clock.now_ms()
        span = Interval(min(self.manifest.started_ms, now), now)
        active = active_alerts(self._recorder.journal)
        read = read_report_series(watch.api, watch.rules, span, watch.prometheus_version, self._clock, active)
        self._note(keep_series(read, self._run.series))

    def look_for_failed_notifications(self) -> None:
        """Notifications that never left Alertmanager (a template that does not render), from its log."""
        if self._stack is not None:
            self._recorder.extend(notification_failures(self._stack.log("alertmanager")))

    def facts(self, watch: Watch) -> EngineFacts:
        """What the judge must know besides the journal."""
        request = self._request
        return EngineFacts(
            mode=Mode.LIVE if request.local else Mode.STAGING,
            prometheus_version=watch.prometheus_version,
            alertmanager_version=watch.alertmanager_version,
            history_start_ms=self._history.start_ms(self.manifest.started_ms) if self._history else watch.began_ms,
            scrape_interval_ms=watch.scrape_interval_ms,
            evaluation_interval_ms=watch.evaluation_interval_ms,
            production_prometheus_version=request.production.prometheus,
            production_alertmanager_version=request.production.alertmanager,
            accept_engine_difference=request.accept_engine_difference,
            catalogue=request.catalogue,
            strict=request.strict,
            job_services={
                route.job: service_of(route.catalogue_job)
                for route in self._redirection.routes
                if route.catalogue_job and service_of(route.catalogue_job)
            },
            removed_receivers=self._redirection.removed_receivers,
            unmapped_jobs=self._redirection.unmapped_jobs,
            missing_templates=self._missing_templates,
            group_wait_ms=watch.group_wait_ms,
            group_waits_ms=watch.group_waits_ms,
            lacking=self._lacking,
            run_label=request.run_label,
            may_ring=self._may_ring,
            doubtful=self._history.doubtful if self._history else (),
            rerun=request.rerun,
        )

    def _look_after_processes(self) -> None:
        ended = {child.name: child.how_it_ended() for child in self._children.ended()}
        if self._stack is not None:
            ended |= self._stack.health()
        if self._receivers is not None and self._receivers.problem:
            ended["receivers"] = self._receivers.problem
        for name, how in ended.items():
            if name not in self._died:
                self._died.add(name)
                self._tell(Gap(self._clock.now_ms(), name, f"{name} {how}"))

    def _note(self, text: str) -> None:
        self._tell(Note(self._clock.now_ms(), text))

    def _tell(self, observation: Observation) -> None:
        self._recorder.add(observation)
