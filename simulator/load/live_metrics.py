"""A load run's own figures for Prometheus, while it goes on: what was sent, how long it took, whether the plan is kept.

    job `crybsim-load`, one target: the process that follows the plan. All counters begin with the run.

So a dashboard has cause beside effect: the rate that was driven beside the rate that the API counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Self

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from simulator.errors import InputError
from simulator.load.totals import Totals
from simulator.profile.load_names import Kind, kind_of, scenario_of
from simulator.wire.latency_histogram import LatencyHistogram

JOB: Final = "crybsim-load"
PORT: Final = 9646

LATENCY_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SCORE_BOUNDS: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 3.2, 3.4, 3.6, 3.8, 4.0, 4.2, 4.4, 4.5)
SHARE_BOUNDS: Final = (0.0, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

_LEAST: Final = 1e-6  # seconds, and what the histogram counts a 0 as
_HISTOGRAMS: Final = {
    Kind.LATENCY: (
        "crybsim_load_latency_seconds",
        "Latency, from the instant at which it was to begin",
        LATENCY_BOUNDS,
    ),
    Kind.SCORE: ("crybsim_load_mos", "Mean opinion score of calls, 1 to 5", SCORE_BOUNDS),
    Kind.SHARE: ("crybsim_load_loss_ratio", "Share of a call's packets that were lost", SHARE_BOUNDS),
}


def metrics_of(totals: Totals, *, workers: int, lost: int) -> Iterator[Metric]:
    """Everything that is known by now. `workers` are the generator's processes, `lost` those of them that are gone."""
    requests = CounterMetricFamily(
        "crybsim_load_requests", "Requests, deliveries, reports of calls", labels=("scenario", "name", "outcome")
    )
    families = {
        kind: HistogramMetricFamily(name, text, labels=("scenario", "name"))
        for kind, (name, text, _) in _HISTOGRAMS.items()
    }
    for name, tally in sorted(totals.tallies.items()):
        failed, limited, declined = tally.failures, tally.rate_limited, tally.declined
        outcomes = {
            "ok": tally.requests - failed - limited - declined,
            "failed": failed,
            "rate_limited": limited,
            "declined": declined,
        }
        for outcome, count in outcomes.items():
            requests.add_metric((scenario_of(name), name, outcome), count)
        kind = kind_of(name)
        buckets, total = buckets_of(tally.latency, _HISTOGRAMS[kind][2])
        families[kind].add_metric((scenario_of(name), name), buckets, sum_value=total)
    yield requests
    yield from (family for family in families.values() if family.samples)
    begun = CounterMetricFamily("crybsim_load_turns", "What was begun of the plan", labels=("scenario",))
    missed = CounterMetricFamily("crybsim_load_turns_missed", "What no user was free to begin", labels=("scenario",))
    late = CounterMetricFamily("crybsim_load_turns_late", "What began over 100 ms late", labels=("scenario",))
    planned = GaugeMetricFamily("crybsim_load_planned_per_second", "The plan's rate now", labels=("scenario",))
    for scenario, paced, rate in totals.now():
        begun.add_metric((scenario,), paced.begun)
        missed.add_metric((scenario,), paced.missed)
        late.add_metric((scenario,), paced.late)
        planned.add_metric((scenario,), rate)
    yield from (begun, missed, late, planned)
    for name, text, value in (
        ("users", "Virtual users that run", totals.users),
        ("workers", "Generator processes that run", workers - lost),
        ("workers_lost", "Generator processes that ended before the load did", lost),
        ("generator_cpu_ratio", "The busiest generator process's share of one core", totals.cpu_now),
        ("last_report_timestamp_seconds", "When the generator last reported", totals.last_ms / 1000),
    ):
        yield GaugeMetricFamily(f"crybsim_load_{name}", text, value=value)


def buckets_of(histogram: LatencyHistogram, bounds: Iterable[float]) -> tuple[list[tuple[str, float]], float]:
    """Cumulative counts up to each bound, +Inf last, and the sum; as exact as the histogram (0.1 %)."""
    recorded = [(0.0 if value <= _LEAST else value, count) for value, count in histogram.recorded()]
    counts = [
        (str(bound), float(sum(count for value, count in recorded if value <= bound * 1.001))) for bound in bounds
    ]
    return [*counts, ("+Inf", float(len(histogram)))], sum(value * count for value, count in recorded)


class LiveMetrics:
    """Serves the latest figures on a loopback port until its block ends. Raises InputError where the port is taken."""

    def __init__(self, port: int) -> None:
        self._latest: tuple[Metric, ...] = ()
        registry = CollectorRegistry()
        registry.register(self)
        try:
            self._server, self._thread = start_http_server(port, addr="127.0.0.1", registry=registry)
        except OSError as error:
            raise InputError(f"--metrics-port {port}: {error.strerror}; choose another one") from error

    @property
    def url(self) -> str:
        """Where to scrape."""
        return f"http://127.0.0.1:{self._server.server_port}/metrics"

    def show(self, metrics: Iterable[Metric]) -> None:
        """Answer with these from now on."""
        self._latest = tuple(metrics)

    def collect(self) -> Iterator[Metric]:
        """prometheus-client asks this at each scrape, on a thread of its own."""
        yield from self._latest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
