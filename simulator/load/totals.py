"""What the report's lines add up to. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import fields

from simulator.load.thresholds import judge_thresholds
from simulator.profile.load_names import kind_of, requests_of, scenario_of
from simulator.profile.load_plan import LoadPlan
from simulator.profile.schema import Load, Scenario
from simulator.profile.thresholds import parse_threshold
from simulator.telemetry.observations import Deliveries, LoadMeasured, PlanKept, RequestTotals, ThresholdResult
from simulator.wire.load_report import (
    Delivered,
    Measured,
    Paced,
    Tally,
    Unanswered,
    add_paced,
    add_tallies,
    sum_tallies,
)

OVERALL = "all requests"
UNITS = {Scenario.HTTP: "requests", Scenario.SOCKETIO: "messages", Scenario.VOICE: "calls"}
_CPU_LINES = 5  # one busy second is no reason to distrust the latencies


class Totals:
    """Adds up a run's lines and holds them against its plans and the profile's thresholds.

    `started_ms` is the run's start (epoch ms).
    """

    def __init__(self, plans: Mapping[Scenario, LoadPlan], load: Load, started_ms: int) -> None:
        self._plans = plans
        self._thresholds = tuple(map(parse_threshold, load.thresholds))
        self._warm_from_ms = started_ms + load.warm_up
        self._abort_from_ms = None if load.abort_after is None else started_ms + load.abort_after
        self._started_ms = started_ms
        self._last_ms = started_ms
        self._tallies: dict[str, Tally] = {}
        self._judged: dict[str, Tally] = {} if load.warm_up else self._tallies
        self._dropped = 0  # of what is judged
        self._cpu: deque[float] = deque(maxlen=_CPU_LINES)
        self._busiest: float | None = None
        self._paced: dict[str, Paced] = {}
        self.users = 0  # as of the last line, as is the next
        self.cpu_now = 0.0
        self._delivered: Delivered | None = None
        self.given_up: dict[str, str] = {}
        """Names of requests that were on their way and got no answer, by their ids."""

    def begin(self, at_ms: int) -> None:
        """The generator's users began at this wall instant."""
        self._last_ms = at_ms

    def add(self, line: Measured) -> LoadMeasured:
        """Count one line, and tell it as an observation."""
        add_tallies(self._tallies, line.tallies)
        add_paced(self._paced, line.paced)
        self.given_up |= line.given_up
        if line.deliveries is not None:
            self._delivered = self._delivered or Delivered()
            self._delivered.add(line.deliveries)
        if line.at_ms > self._warm_from_ms:
            self._dropped += line.missed
            if self._judged is not self._tallies:
                add_tallies(self._judged, line.tallies)
        self.users, self.cpu_now = line.users, line.cpu_ratio
        self._cpu.append(line.cpu_ratio)
        if len(self._cpu) == _CPU_LINES:
            self._busiest = max(self._busiest or 0.0, sum(self._cpu) / _CPU_LINES)
        seconds = max(line.at_ms - self._last_ms, 1) / 1000
        # requests against their own plan: with other scenarios beside HTTP, a turn of those is no request
        shown = (Scenario.HTTP,) if Scenario.HTTP in self._plans else tuple(self._plans)
        planned = sum(self._planned_by(one, line.at_ms) - self._planned_by(one, self._last_ms) for one in shown)
        self._last_ms = line.at_ms
        tally = sum_tallies(
            {name: one for name, one in requests_of(line.tallies).items() if scenario_of(name) in shown}
        )
        p50, p95, p99 = tally.latency.quantiles_seconds((0.5, 0.95, 0.99))
        return LoadMeasured(
            at_ms=line.at_ms,
            users=line.users,
            requests=tally.requests,
            failures=tally.failures,
            requests_per_second=tally.requests / seconds,
            target_per_second=planned / seconds,
            p50_seconds=p50,
            p95_seconds=p95,
            p99_seconds=p99,
        )

    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """The profile's thresholds against everything since the warm-up."""
        return judge_thresholds(self._thresholds, self._judged, self._dropped)

    def reason_to_abort(self) -> str:
        """The first threshold that is broken when the profile wants the load to end over it, or nothing."""
        if self._abort_from_ms is None or self._last_ms < self._abort_from_ms:
            return ""
        return next((result.text for result in self.thresholds() if result.met is False), "")

    @property
    def requests(self) -> int:
        """Everything that was counted in all lines, by whatever name."""
        return sum(tally.requests for tally in self._tallies.values())

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """Everything that was counted, by name."""
        return self._tallies

    @property
    def last_ms(self) -> int:
        """The wall instant of the last line."""
        return self._last_ms

    def now(self) -> Iterator[tuple[Scenario, Paced, float]]:
        """Each scenario's turns so far, and the plan's rate at the last line."""
        for scenario, plan in self._plans.items():
            yield scenario, self._paced.get(scenario, Paced()), plan.at(self._last_ms - self._started_ms).rate

    @property
    def missed(self) -> int:
        """Turns of the plans that no user was free to take."""
        return sum(paced.missed for paced in self._paced.values())

    @property
    def cpu_ratio(self) -> float | None:
        """The busiest generator process's highest share of one core over five seconds; None with less to go by."""
        return self._busiest

    def kept(self, at_ms: int, *, by_iterations: bool = False) -> tuple[PlanKept, ...]:
        """What was done of each scenario's plan until `at_ms`: requests sent, messages, calls; or iterations done."""
        found = []
        for scenario in self._plans:
            paced = self._paced.get(scenario, Paced())
            if by_iterations:
                unit, done = "iterations", paced.finished
            elif self._plans.keys() == {Scenario.HTTP}:
                unit, done = UNITS[scenario], self._requests_of(scenario)
            else:  # users of sockets and voice send requests, too, which are no part of HTTP's own plan
                unit, done = UNITS[scenario], paced.begun
            found.append(PlanKept(scenario, unit, self._planned_by(scenario, at_ms), done, paced.missed, paced.late))
        return tuple(found)

    def achieved_ratio(self, at_ms: int, *, by_iterations: bool = False) -> float | None:
        """Done over planned until `at_ms`; None where nothing was planned.

        Of several scenarios, that of the one farthest from its plan; where chance explains all of them, the busiest's.
        """
        planned = [(one, one.ratio) for one in self.kept(at_ms, by_iterations=by_iterations) if one.ratio is not None]
        off = [(abs(ratio - 1), ratio) for one, ratio in planned if abs(ratio - 1) > one.by_chance]
        if off:
            return max(off)[1]
        return max(planned, key=lambda one: one[0].planned)[1] if planned else None

    def by_name(self) -> tuple[RequestTotals, ...]:
        """Each request name's figures, by name."""
        return tuple(_figures(name, tally) for name, tally in sorted(self._tallies.items()))

    def overall(self) -> RequestTotals:
        """All requests together."""
        return _figures(OVERALL, sum_tallies(requests_of(self._tallies)))

    def deliveries(self) -> Deliveries | None:
        """What became of messages to rooms; None where nobody followed them."""
        if self._delivered is None:
            return None
        counts = {field.name: getattr(self._delivered, field.name) for field in fields(Deliveries)}
        return Deliveries(**counts)

    def _requests_of(self, scenario: Scenario) -> int:
        return sum(tally.requests for name, tally in self._tallies.items() if scenario_of(name) == scenario)

    def _planned_by(self, scenario: Scenario, at_ms: int) -> float:
        return self._plans[scenario].turns_by(at_ms - self._started_ms)


def _figures(name: str, tally: Tally) -> RequestTotals:
    p50, p95, p99, longest = tally.latency.quantiles_seconds((0.5, 0.95, 0.99, 1.0))
    ends = tally.ends
    return RequestTotals(
        name=name,
        requests=tally.requests,
        failures=tally.failures,
        rate_limited=tally.rate_limited,
        p50_seconds=p50,
        p95_seconds=p95,
        p99_seconds=p99,
        max_seconds=longest,
        declined=tally.declined,
        kind=kind_of(name),
        refused=ends.get(Unanswered.REFUSED, 0),
        timed_out=ends.get(Unanswered.TIMED_OUT, 0),
        aborted=ends.get(Unanswered.ABORTED, 0),
        no_connection=ends.get(Unanswered.NO_CONNECTION, 0),
        codes=tuple(sorted((end, count) for end, count in ends.items() if end not in set(Unanswered))),
    )
