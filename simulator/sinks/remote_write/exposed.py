"""The sender's own metrics, as families that the emitter exposes beside those of the platform."""

from __future__ import annotations

from typing import Final

import numpy as np

from simulator.clock import Clock
from simulator.sinks.remote_write.sender import lag_seconds
from simulator.sinks.remote_write.spool import Spool
from simulator.sinks.remote_write.tally import Tally
from simulator.telemetry.samples import FamilyBlock, Labels, MetricType, Series

PREFIX: Final = "crybsim_remote_write_"


def own_families(tally: Tally, spool: Spool, clock: Clock) -> tuple[FamilyBlock, ...]:
    """As of now."""
    counts = tally.counts()
    reasons: tuple[tuple[Labels, float], ...] = tuple(
        ((("reason", reason),), float(count)) for reason, count in counts.dropped
    )
    now_ms = clock.now_ms()

    def family(name: str, kind: MetricType, text: str, *samples: tuple[Labels, float]) -> FamilyBlock:
        series = tuple(Series(PREFIX + name, labels) for labels, _ in samples)
        values = np.array([[value for _, value in samples]], dtype=np.float64).reshape(1, len(samples))
        return FamilyBlock(PREFIX + name, kind, text, series, np.array([now_ms], dtype=np.int64), values)

    counter, gauge = MetricType.COUNTER, MetricType.GAUGE
    return (
        family("bytes_total", counter, "Compressed bytes that were taken.", ((), counts.bytes)),
        family("lag_seconds", gauge, "Age of the oldest sample that waits.", ((), lag_seconds(spool, clock))),
        family("requests_total", counter, "Requests that were taken.", ((), counts.requests)),
        family("samples_dropped_total", counter, "Samples that were refused for good, by what was said.", *reasons),
        family("samples_retried_total", counter, "Samples of requests that were tried again.", ((), counts.retried)),
        family("samples_sent_total", counter, "Samples that were taken.", ((), counts.sent)),
        family("samples_stale_total", counter, "Staleness markers among them.", ((), counts.stale)),
        family("samples_total", counter, "Samples that the model gave.", ((), counts.generated)),
        family("spool_bytes", gauge, "Size of the spool on disk.", ((), spool.size_bytes)),
        family("spool_samples", gauge, "Samples that wait in the spool.", ((), spool.samples)),
    )
