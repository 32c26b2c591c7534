"""From counters to figures: what a report says, R and MOS included."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.media.streams import Heard
from simulator.model.voice_quality import OPUS, measured
from simulator.wire.rtp import FRAME_MS

Floats = NDArray[np.float64]


def heard_figures(counted: Floats, last_trip_ms: float | None) -> dict[str, int | float | None]:
    """The fields of a report that tell what was heard. The round trip is the last one known where none was measured
    meanwhile; without any, nothing is said about R and MOS, which need the delay."""
    count = [int(value) for value in counted.tolist()]
    expected = count[Heard.EXPECTED]
    gone = count[Heard.LOST] + count[Heard.LATE]
    in_gaps = expected - count[Heard.BURST_PACKETS]
    gone_in_gaps = gone - count[Heard.BURST_GONE]
    bursts = count[Heard.BURSTS]
    trip = _mean(counted[Heard.TRIP], counted[Heard.TRIPS])
    trip = last_trip_ms if trip is None else trip
    wait = _mean(counted[Heard.WAIT], counted[Heard.WAITS])
    burst_ratio = _burst_ratio(expected, gone, count[Heard.RUNS])
    delay = None if trip is None or wait is None else trip / 2 + wait + OPUS.delay_ms
    r = mos = None
    if expected and delay is not None:
        r, mos = measured(OPUS, gone=gone / expected, burst_ratio=burst_ratio or 1.0, delay_ms=delay)
    return {
        "packets_expected": expected,
        "packets_received": count[Heard.RECEIVED],
        "packets_lost": count[Heard.LOST],
        "packets_late": count[Heard.LATE],
        "packets_duplicate": count[Heard.DUPLICATE],
        "packets_reordered": count[Heard.REORDERED],
        "bytes_received": count[Heard.BYTES],
        "jitter_ms": _mean(counted[Heard.JITTER], counted[Heard.JITTERS]),
        "jitter_max_ms": float(counted[Heard.JITTER_MOST]) if counted[Heard.JITTERS] else None,
        "round_trip_ms": trip,
        "round_trip_max_ms": float(counted[Heard.TRIP_MOST]) if counted[Heard.TRIPS] else trip,
        "burst_density": _mean(count[Heard.BURST_GONE], count[Heard.BURST_PACKETS]),
        "gap_density": _mean(max(gone_in_gaps, 0), in_gaps),
        "burst_ms": _mean(count[Heard.BURST_PACKETS] * FRAME_MS, bursts),
        "gap_ms": _mean(in_gaps * FRAME_MS, bursts + 1) if expected else None,
        "burst_ratio": burst_ratio,
        "buffer_ms": wait,
        "delay_ms": delay,
        "r": r,
        "mos": mos,
    }


def _burst_ratio(expected: int, gone: int, runs: int) -> float | None:
    """BurstR (G.107, clause 7.5): the mean number gone in a row, over what it would be at random; at least 1, since
    the E-model has no better than random."""
    if not gone or not runs:
        return None
    return max(gone / runs * (1 - gone / expected), 1.0)


def _mean(total: float, count: float) -> float | None:
    return float(total / count) if count > 0 else None
