"""Reports a run's load to `crybsim` each second, from Locust's own events.

In one process the counts go straight to the file; with workers, each sends its counts with Locust's own report and the
master adds them up. Locust's table goes on as usual; it rounds response times, so nothing is judged by it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import gevent
import locust.runners
from _ending import ending
from _pacing import TURNS
from _results import BATCH
from _run import CLOCK, RUN, Run
from locust import events
from locust.env import Environment
from locust.rpc import Message
from locust.runners import MasterRunner, WorkerRunner

from simulator.wire.load_report import (
    GIVEN_UP,
    MASTER_GONE,
    Delivered,
    Ended,
    Measured,
    Outcome,
    Paced,
    Record,
    Started,
    Tally,
    add_paced,
    add_tallies,
    decode_record,
    encode_record,
)

_EVERY_SECONDS = 1.0
_KEY = "crybsim"
_SILENT_SECONDS = 8  # until a worker that is not heard of is lost; Locust's own 3 are less than a busy machine may take
_TOO_MANY_REQUESTS = 429


class Counts:
    """What one process (on a master: all workers) did since it was last asked."""

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}
        self._deliveries: Delivered | None = None
        self._given_up: dict[str, str] = {}
        self._paced: dict[str, Paced] = {}
        self._told = {scenario: Paced() for scenario in TURNS}  # of this process, as of the last report
        self._busiest = 0.0
        self._cpu = time.process_time()
        self._at = CLOCK.monotonic()

    def on_request(
        self,
        request_type: str,
        name: str,
        response_time: float,
        exception: Exception | None = None,
        context: dict[str, object] | None = None,
        response: object = None,
        **_: object,
    ) -> None:
        """Count one request. Its `context` may tell the outcome, how many seconds `late` it left, its route where
        Locust shows another name, its end where there is no HTTP, and the id that it carried."""
        told = context or {}
        limited = getattr(response, "status_code", None) == _TOO_MANY_REQUESTS
        plainly = Outcome.RATE_LIMITED if limited else Outcome.FAILED if exception else Outcome.OK
        outcome = told.get("outcome", plainly)
        route = str(told.get("route", f"{request_type} {name}"))
        late = float(str(told.get("late", 0.0)))
        end = str(told.get("end") or ending(response, exception))
        self._tallies.setdefault(route, Tally()).count(Outcome(str(outcome)), response_time / 1000 + late, end)
        if end in GIVEN_UP and "id" in told:
            self._given_up[str(told["id"])] = route

    def on_batch(
        self, route: str, seconds: Sequence[float], failures: int, deliveries: Delivered | None = None, **_: object
    ) -> None:
        """Count many results of one name at once (`_results.report`)."""
        if seconds or failures:
            self._tallies.setdefault(route, Tally()).count_many(seconds, failures)
        if deliveries is not None:
            self._add_deliveries(deliveries)

    def add(self, report: Measured) -> None:
        """Add what a worker reported."""
        add_tallies(self._tallies, report.tallies)
        if report.deliveries is not None:
            self._add_deliveries(report.deliveries)
        add_paced(self._paced, report.paced)
        self._given_up |= report.given_up
        self._busiest = max(self._busiest, report.cpu_ratio)

    def take(self, users: int, workers: int = 0) -> Measured:
        """Everything since the last call, which is then forgotten."""
        now, cpu = CLOCK.monotonic(), time.process_time()
        ratio = (cpu - self._cpu) / max(now - self._at, 1e-3)
        for scenario, turns in TURNS.items():
            told = self._told[scenario]
            self._told[scenario] = so_far = Paced(turns.begun, turns.missed, turns.finished, turns.late)
            news = Paced(
                so_far.begun - told.begun,
                so_far.missed - told.missed,
                so_far.finished - told.finished,
                so_far.late - told.late,
            )
            add_paced(self._paced, {scenario: news})
        report = Measured(
            at_ms=CLOCK.now_ms(),
            users=users,
            cpu_ratio=round(max(ratio, self._busiest), 4),
            paced=self._paced,
            tallies=self._tallies,
            workers=workers,
            deliveries=self._deliveries,
            given_up=self._given_up,
        )
        self._tallies, self._paced, self._deliveries, self._given_up, self._busiest = {}, {}, None, {}, 0.0
        self._cpu, self._at = cpu, now
        return report

    def _add_deliveries(self, more: Delivered) -> None:
        if self._deliveries is None:
            self._deliveries = Delivered()
        self._deliveries.add(more)


class Reporter:
    """Writes the report's lines, on the master or the only process."""

    def __init__(self, run: Run, environment: Environment, counts: Counts) -> None:
        self._environment = environment
        self._counts = counts
        self._requests = 0
        self._file = run.report.open("ab", buffering=0)
        self._workers: list[str] = []

    def on_start(self, **_: object) -> None:
        self._write(Started(at_ms=CLOCK.now_ms()))
        gevent.spawn(self._every_second)

    def on_worker_report(self, client_id: str, data: dict[str, bytes], **_: object) -> None:
        report = decode_record(data[_KEY])
        assert isinstance(report, Measured)
        self._counts.add(report)

    def on_quit(self, **_: object) -> None:
        self._workers = self._workers_there()
        self._measure()
        now = CLOCK.now_ms()
        until_ms = getattr(self._environment.shape_class, "until_ms", None) or now  # ended by a signal, or by hand
        self._write(Ended(at_ms=now, until_ms=until_ms, requests=self._requests))

    def _every_second(self) -> None:
        while True:
            gevent.sleep(_EVERY_SECONDS)
            self._measure()
            self._share_turns()

    def _measure(self) -> None:
        report = self._counts.take(self._environment.runner.user_count, len(self._workers))
        self._requests += sum(tally.requests for tally in report.tallies.values())
        self._write(report)

    def _share_turns(self) -> None:
        """Tell the workers their shares of the plan whenever one came or went."""
        here = self._workers_there()
        if self._workers and here != self._workers:
            for client_id in here:
                self._tell_share(client_id, here)
        self._workers = here

    def on_asked(self, msg: Message, **_: object) -> None:
        """A worker that came late did not hear what its share is."""
        if msg.node_id in self._workers:
            self._tell_share(msg.node_id, self._workers)

    def _tell_share(self, client_id: str, here: list[str]) -> None:
        share = {"index": here.index(client_id), "processes": len(here)}
        self._environment.runner.send_message("turns", share, client_id)

    def _workers_there(self) -> list[str]:
        runner = self._environment.runner
        if not isinstance(runner, MasterRunner):
            return []
        return sorted(
            client.id for client in (*runner.clients.ready, *runner.clients.spawning, *runner.clients.running)
        )

    def _write(self, record: Record) -> None:
        self._file.write(encode_record(record) + b"\n")


@events.init.add_listener
def _report(environment: Environment, **_: object) -> None:
    if RUN is None:
        return
    counts = Counts()
    environment.events.request.add_listener(counts.on_request)
    BATCH.add_listener(counts.on_batch)
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        locust.runners.WORKER_REPORT_INTERVAL = _EVERY_SECONDS

        def attach(client_id: str, data: dict[str, bytes], **_: object) -> None:
            data[_KEY] = encode_record(counts.take(runner.user_count))

        def end(**_: object) -> None:
            silent = time.time() - (runner.last_heartbeat_timestamp or time.time())
            if silent >= locust.runners.MASTER_HEARTBEAT_TIMEOUT:
                environment.process_exit_code = MASTER_GONE

        environment.events.report_to_master.add_listener(attach)
        environment.events.quitting.add_listener(end)
        return
    locust.runners.HEARTBEAT_LIVENESS = _SILENT_SECONDS
    reporter = Reporter(RUN, environment, counts)
    if isinstance(runner, MasterRunner):
        runner.register_message("turns", reporter.on_asked)
    environment.events.worker_report.add_listener(reporter.on_worker_report)
    environment.events.test_start.add_listener(reporter.on_start)
    environment.events.quit.add_listener(reporter.on_quit)
