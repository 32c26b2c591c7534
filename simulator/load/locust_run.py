"""A run's load: Locust as child processes, their report read as it grows.

Locust patches sockets and threads on import, so it never runs inside crybsim. With one worker it is one process; with
more, a master and that many workers, each a child of ours, so that none outlives us.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import httpx
from prometheus_client.metrics_core import Metric

from simulator.clock import Clock, WallClock
from simulator.errors import InputError
from simulator.load.dead_man import DeadMan
from simulator.load.live_metrics import metrics_of
from simulator.load.report_file import ReportFile
from simulator.load.totals import Totals
from simulator.profile.load_plan import LoadPlan
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Scenario
from simulator.resources import shipped
from simulator.telemetry.observations import LoadEnded, LoadMeasured
from simulator.transport import check_host
from simulator.wire.load_report import Ended, Measured, Started

LOCUSTFILES: Mapping[Scenario, str] = {
    Scenario.HTTP: "http_users.py",
    Scenario.SOCKETIO: "socketio_users.py",
    Scenario.VOICE: "voice_users.py",
}
"""The scenarios' files in scenarios/. (A `http.py` there would stand in for the standard library's own `http`.)"""

ADOPTING = "_adopted.py"
"""Takes the users of other locustfiles into a run."""

STOP_TIMEOUT_SECONDS = 11
"""How long Locust lets a user finish its request; a little longer than the users' own time-out."""

_DRAIN_SECONDS = 25.0  # until Locust has let its users finish, heard from every worker and ended
_POLL_SECONDS = 0.1


class Child(Protocol):
    """A child process, as `simulator.stack.processes.spawn` gives one."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def stop(self, grace_seconds: float = ...) -> int: ...

    def how_it_ended(self) -> str: ...


class Spawn(Protocol):
    """Starts a child that dies with us."""

    def __call__(
        self,
        argv: Sequence[str | Path],
        *,
        name: str,
        log: Path,
        env: Mapping[str, str] | None = ...,
        cwd: Path | None = ...,
    ) -> Child: ...


class LocustRun:
    """The load of one run: `start`, `poll` now and then, `finish` for the totals, `stop` whatever happens.

    `hosts` are the API's base URLs; users are spread over them. `run_dir` gets `load.jsonl` and `logs/locust*.log`.
    `locustfiles` are a team's own, whose users then run instead of the profile's scenarios: the plan's rate is that of
    their iterations. With `web_port`, Locust's web UI is served there meanwhile (loopback only). `target` is a target
    file, where the API is not quite the contract's. With `bind` (host, port) the workers come from elsewhere
    (`LocustWorkers`), and only their master runs here.
    """

    def __init__(
        self,
        manifest_path: Path,
        hosts: Sequence[str],
        run_dir: Path,
        spawn: Spawn,
        *,
        workers: int = 1,
        bind: tuple[str, int] | None = None,
        web_port: int | None = None,
        allowed_hosts: Collection[str] = (),
        locustfiles: Sequence[Path] = (),
        target: Path | None = None,
        dead_man: DeadMan | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Raises InputError for a host that was not allowed, and for a profile that drives no load."""
        self._manifest_path = manifest_path.resolve()
        self._manifest = Manifest.read(manifest_path)
        for host in hosts:
            check_host(httpx.URL(host).host, allowed_hosts)
        self._locustfiles = [path.resolve() for path in locustfiles]
        load = self._manifest.profile.load
        weights = load.journeys
        if not locustfiles and Scenario.HTTP in load.scenarios and not any(weights.model_dump().values()):
            raise InputError(f"{self._manifest.profile_path}: load.journeys: every weight is 0; raise one of them")
        self._target = target
        self._dead_man = dead_man
        self._hosts = [host.rstrip("/") for host in hosts]
        self._run_dir = run_dir.resolve()
        self._spawn = spawn
        self._workers = workers
        self._bind = bind
        self._web_port = web_port
        self._clock = clock or WallClock()
        self._scenarios = (Scenario.HTTP,) if locustfiles else self._manifest.profile.load.scenarios
        self._duration_ms = self._manifest.profile.duration
        plans = {scenario: LoadPlan(self._manifest.profile, scenario) for scenario in self._scenarios}
        self._totals = Totals(plans, self._manifest.profile.load, self._manifest.started_ms)
        self._report = ReportFile(self._run_dir / "load.jsonl")
        self._children: list[Child] = []  # Locust itself (the master), then its workers
        self._began = False
        self._ended: Ended | None = None
        self._draining = False
        self._lost: dict[int, str] = {}
        self._there = 0  # workers on other machines
        self.problem = ""
        """Why the figures cannot be trusted, as soon as it is known."""
        self.aborted_by = ""
        """The threshold that ended the load before its time."""
        self.stopped_by = ""
        """Why the load was stopped to spare its target."""

    def start(self) -> None:
        """Start Locust. It is ready within a few seconds and sends nothing before the manifest's start."""
        if self._workers == 1 and self._bind is None:
            self._children = [self._locust("locust", self._leading())]
            return
        host, number = self._bind or ("127.0.0.1", free_port())
        port = str(number)
        bind = ["--master", "--master-bind-host", host, "--master-bind-port", port]
        expect = ["--expect-workers", str(self._workers), "--expect-workers-max-wait", "30", "--enable-rebalancing"]
        self._children = [self._locust("locust", [*self._leading(), *bind, *expect])]
        for number in range(1, 1 + (0 if self._bind else self._workers)):
            worker = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
            self._children.append(self._locust(f"locust-worker-{number}", worker))

    @property
    def running(self) -> bool:
        """Whether Locust (with workers: its master) still runs."""
        return bool(self._children) and self._children[0].poll() is None

    @property
    def lost_workers(self) -> tuple[str, ...]:
        """Which workers ended before the load did, and how; the others have taken over their shares."""
        return tuple(self._lost.values())

    def metrics(self) -> Iterator[Metric]:
        """The figures so far, for Prometheus."""
        return metrics_of(self._totals, workers=self._workers, lost=len(self._lost))

    @property
    def missed(self) -> int:
        """Requests of the plan that no user was free to send."""
        return self._totals.missed

    def poll(self) -> list[LoadMeasured]:
        """What was measured since the last call."""
        measured = []
        for record in self._report.read():
            match record:
                case Started():
                    self._began = True
                    self._totals.begin(record.at_ms)
                case Measured():
                    measured.append(self._totals.add(record))
                    self._count_workers(record.workers)
                case Ended():
                    self._ended = record
        self._look_after_children()
        if measured and not self._draining and (broken := self._totals.reason_to_abort()):
            self.aborted_by = broken
            self._drain()
        if self._dead_man is not None and not self._draining:
            self.stopped_by = next(filter(None, map(self._dead_man.watch, measured)), "")
            if self.stopped_by:
                self._drain()
        return measured

    def finish(self) -> LoadEnded:
        """Let the last requests finish and give the totals. Before the plan's end, it ends early and is judged so far.

        Takes up to 25 s where requests hang; whatever runs then is stopped.
        """
        asked_ms = self._clock.now_ms()
        self.poll()
        if self._manifest.elapsed_ms(asked_ms) < self._duration_ms and not self._draining:
            self._drain()
        deadline = self._clock.monotonic() + _DRAIN_SECONDS
        while self.running and self._ended is None and self._clock.monotonic() < deadline:
            self.poll()
            time.sleep(_POLL_SECONDS)
        self.stop()
        self.poll()
        self._check_end()
        until_ms, by_iterations = self._ended.until_ms if self._ended else asked_ms, bool(self._locustfiles)
        return LoadEnded(
            at_ms=self._clock.now_ms(),
            totals=self._totals.by_name(),
            overall=self._totals.overall(),
            achieved_ratio=self._totals.achieved_ratio(until_ms, by_iterations=by_iterations),
            kept=self._totals.kept(until_ms, by_iterations=by_iterations),
            deliveries=self._totals.deliveries(),
            lost_workers=self.lost_workers,
            stopped_by=self.stopped_by,
            worker_cpu_ratio=self._totals.cpu_ratio,
            problem=self.problem,
            thresholds=self._totals.thresholds(),
            aborted_by=self.aborted_by,
            planned_unit="iterations" if self._locustfiles else "requests",
        )

    @property
    def given_up(self) -> Mapping[str, str]:
        """Names of requests that were on their way and got no answer, by the ids that they carried."""
        return self._totals.given_up

    def stop(self) -> None:
        """End every process of the run now. Safe to call at any time, and again."""
        self._draining = True
        for child in self._children:
            child.stop()

    def _drain(self) -> None:
        self._draining = True
        if self.running and self._began:  # before that Locust does not know the signal yet
            os.kill(self._children[0].pid, signal.SIGUSR1)
        elif self.running:
            self._children[0].stop()

    def _look_after_children(self) -> None:
        if self.problem or self._draining or not self._children:
            return
        over = self._manifest.elapsed_ms(self._clock.now_ms()) >= self._duration_ms
        if self._ended is not None:
            return
        leader, *workers = self._children
        if leader.poll() is not None:
            self.problem = f"the load generator {leader.how_it_ended()}"
            return
        for number, child in enumerate(workers, start=1):
            if child.poll() is not None and number not in self._lost and not over:
                self._lost[number] = f"worker {number} of the load generator {child.how_it_ended()}"
        if workers and len(self._lost) == len(workers):
            self.problem = "; ".join(self._lost.values())

    def _count_workers(self, there: int) -> None:
        """Workers on other machines are no children of ours; their master misses them."""
        if self._bind is None or self._draining:
            return
        over = self._manifest.elapsed_ms(self._clock.now_ms()) >= self._duration_ms
        if there < self._there and not over:
            gone = self._there - there
            were = "was" if gone == 1 else "were"
            if there:
                self._lost[len(self._lost) + 1] = f"{gone} of {self._there} workers {were} lost"
            elif not self.problem:
                self.problem = f"no worker is left: the last {gone} {were} lost"
        self._there = there

    def _check_end(self) -> None:
        if self.problem:
            return
        if not self._began:
            self.problem = "the load generator never started"
        elif self._ended is None:
            self.problem = "the load generator was stopped before it had written its totals"
        elif self._ended.requests != self._totals.requests:
            self.problem = (
                f"the load report is incomplete: {self._totals.requests} requests read of {self._ended.requests} sent"
            )
        else:
            self.problem = self._report.problem

    def _leading(self) -> list[str]:
        """The flags of the process that follows the plan."""
        if self._web_port is None:
            shown = ["--headless", "--only-summary"]
        else:
            web = ["--web-host", "127.0.0.1", "--web-port", str(self._web_port)]
            shown = ["--autostart", "--autoquit", "0", *web]
        return [*shown, "--stop-timeout", str(STOP_TIMEOUT_SECONDS)]

    def _files(self, scenarios: Path) -> list[Path]:
        if self._locustfiles:
            return [*self._locustfiles, scenarios / ADOPTING]
        return [scenarios / LOCUSTFILES[one] for one in self._scenarios]

    def _locust(self, name: str, arguments: Sequence[str]) -> Child:
        scenarios = shipped("scenarios")
        files = ",".join(map(str, self._files(scenarios)))
        # the user's own LOCUST_… settings (users, run time, host) are for other tests than this
        env = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
        env |= {
            "CRYBSIM_MANIFEST": str(self._manifest_path),
            "CRYBSIM_HOSTS": ",".join(self._hosts),
            "CRYBSIM_SCENARIOS": ",".join(self._scenarios),
            "CRYBSIM_LOAD_REPORT": str(self._run_dir / "load.jsonl"),
            "CRYBSIM_TARGET": str(self._target.resolve()) if self._target else "",
        }
        argv = [sys.executable, "-m", "locust", "-f", files, *arguments]
        log = self._run_dir / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        return self._spawn(argv, name=name, log=log, env=env, cwd=self._run_dir)


def free_port() -> int:
    """A loopback port that is free now; Locust's master cannot be asked to choose one and tell it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
