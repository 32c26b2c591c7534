"""What the report's lines add up to. Pure."""

from __future__ import annotations

from collections import deque

from simulator.load.thresholds import judge_thresholds
from simulator.profile.load_plan import LoadPlan
from simulator.profile.schema import Load
from simulator.profile.thresholds import parse_threshold
from simulator.telemetry.observations import LoadMeasured, RequestTotals, ThresholdResult
from simulator.wire.load_report import Measured, Tally, add_tallies, sum_tallies

OVERALL = "all requests"
_CPU_LINES = 5  # one busy second is no reason to distrust the latencies


class Totals:
    """Adds up a run's lines and holds them against its plan and the profile's thresholds.

    `started_ms` is the run's start (epoch ms).
    """

    def __init__(self, plan: LoadPlan, load: Load, started_ms: int) -> None:
        self._plan = plan
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
        self.missed = 0
        self.iterations = 0

    def begin(self, at_ms: int) -> None:
        """The generator's users began at this wall instant."""
        self._last_ms = at_ms

    def add(self, line: Measured) -> LoadMeasured:
        """Count one line, and tell it as an observation."""
        add_tallies(self._tallies, line.tallies)
        self.missed += line.missed
        self.iterations += line.iterations
        if line.at_ms > self._warm_from_ms:
            self._dropped += line.missed
            if self._judged is not self._tallies:
                add_tallies(self._judged, line.tallies)
        self._cpu.append(line.cpu_ratio)
        if len(self._cpu) == _CPU_LINES:
            self._busiest = max(self._busiest or 0.0, sum(self._cpu) / _CPU_LINES)
        seconds = max(line.at_ms - self._last_ms, 1) / 1000
        planned = self._planned_by(line.at_ms) - self._planned_by(self._last_ms)
        self._last_ms = line.at_ms
        tally = sum_tallies(line.tallies)
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
        """Requests of all lines."""
        return sum(tally.requests for tally in self._tallies.values())

    @property
    def cpu_ratio(self) -> float | None:
        """The busiest generator process's highest share of one core over five seconds; None with less to go by."""
        return self._busiest

    def achieved_ratio(self, at_ms: int, *, by_iterations: bool = False) -> float | None:
        """Requests sent (or iterations done) over those planned until `at_ms`; None where none were planned."""
        planned = self._planned_by(at_ms)
        done = self.iterations if by_iterations else self.requests
        return done / planned if planned else None

    def by_name(self) -> tuple[RequestTotals, ...]:
        """Each request name's figures, by name."""
        return tuple(_figures(name, tally) for name, tally in sorted(self._tallies.items()))

    def overall(self) -> RequestTotals:
        """All names together."""
        return _figures(OVERALL, sum_tallies(self._tallies))

    def _planned_by(self, at_ms: int) -> float:
        return self._plan.requests_by(at_ms - self._started_ms)


def _figures(name: str, tally: Tally) -> RequestTotals:
    p50, p95, p99, longest = tally.latency.quantiles_seconds((0.5, 0.95, 0.99, 1.0))
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
    )
