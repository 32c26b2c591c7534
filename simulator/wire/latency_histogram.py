"""Latencies as a mergeable histogram: HdrHistogram (http://hdrhistogram.org), from 1 µs to two minutes, 0.1 % wide.

Percentiles cannot be averaged over processes or seconds; histograms can be added. The encoding is HdrHistogram's own
(V2, compressed, base64), which its libraries in other languages read too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from hdrh.histogram import HdrHistogram

_MICROSECONDS = 1_000_000
_LONGEST = 120 * _MICROSECONDS
_DIGITS = 3
_PLACE_BITS = 11  # of a value decide its place: 2 · 10^_DIGITS, rounded up to a power of two
_PLACES = HdrHistogram(1, _LONGEST, _DIGITS)  # always empty: where which latency is counted


@cache
def _value(index: int) -> float:
    """The longest latency (seconds) that is counted at a place; all our histograms have the same places."""
    return float(_PLACES.get_highest_equivalent_value(_PLACES.get_value_from_index(index))) / _MICROSECONDS


class LatencyHistogram:
    """Counts of latencies. Seconds outside, whole microseconds inside; longer than two minutes counts as two."""

    def __init__(self) -> None:
        self._counts = HdrHistogram(1, _LONGEST, _DIGITS)

    def __len__(self) -> int:
        return int(self._counts.get_total_count())

    def record(self, seconds: float) -> None:
        """Count one latency."""
        self._counts.record_value(min(_LONGEST, max(1, round(seconds * _MICROSECONDS))))

    def record_many(self, seconds: Sequence[float]) -> None:
        """Count many latencies: the same as one by one, at a tenth of the cost."""
        values = np.clip(np.round(np.asarray(seconds, dtype=np.float64) * _MICROSECONDS), 1, _LONGEST).astype(np.int64)
        # below 2048 each value has its own place; above, those that agree in their first eleven bits share one
        coarse = np.maximum(0, np.frexp(values)[1] - _PLACE_BITS)
        for value, count in zip(*np.unique(values >> coarse << coarse, return_counts=True), strict=True):
            self._counts.record_value(int(value), int(count))

    def add(self, other: LatencyHistogram) -> None:
        """Count everything that `other` counted."""
        self._counts.add(other._counts)

    def quantiles_seconds(self, quantiles: Sequence[float]) -> tuple[float | None, ...]:
        """The latency at each quantile in [0, 1], in one pass; None throughout when nothing was counted."""
        if not len(self):
            return tuple(None for _ in quantiles)
        found = self._counts.get_percentile_to_value_dict([100 * quantile for quantile in sorted(quantiles)])
        return tuple(float(found[100 * quantile]) / _MICROSECONDS for quantile in quantiles)

    def recorded(self) -> Iterator[tuple[float, int]]:
        """Every latency that was counted (seconds, as exactly as the histogram knows it), and how often."""
        counts = np.ctypeslib.as_array(self._counts.counts)
        for index in np.flatnonzero(counts):
            yield _value(int(index)), int(counts[index])

    def encode(self) -> str:
        """The counts as text."""
        return bytes(self._counts.encode()).decode("ascii")

    @classmethod
    def decode(cls, text: str) -> LatencyHistogram:
        """Read `encode`'s text back. Raises ValueError."""
        histogram = cls()
        try:
            histogram._counts.decode_and_add(text.encode("ascii"))
        except Exception as error:  # the library raises its own, zlib's and binascii's errors, with no common base
            raise ValueError(f"not an HdrHistogram: {error}") from error
        return histogram
