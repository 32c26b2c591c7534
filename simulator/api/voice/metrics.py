"""What the API counts of calls (contract 5.3), where calls are truly made.

A call is one user's part in a room. It is counted when it is over, with its length and whether it was poor, so that
poor calls are always a part of all calls, at any instant and over any window; `cryb_voice_calls_active` tells the
beginnings. Video streams have no families here: nothing sends any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from simulator.catalog.reshaped import Shape

TYPES: Final = ("voice", "video", "screen_share")
CODEC: Final = "opus"
_DURATION: Final = (10, 30, 60, 300, 600, 1800, 3600)
_SCORE: Final = (0, 2, 4, 6, 8, 10)
_LOSS: Final = (0, 0.1, 0.5, 1, 2, 5, 10)


class VoiceMetrics:
    """Counts calls, by type, and quality reports."""

    def __init__(self, registry: CollectorRegistry, shapes: Mapping[str, Shape | None]) -> None:
        """`shapes` are those that overlays give to families of these names."""

        def histogram(name: str, text: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> Histogram:
            shape = shapes.get(name)
            return Histogram(name, text, labels, buckets=shape.bounds if shape else buckets, registry=registry)

        kind = ("type",)
        self._calls = Counter("cryb_voice_calls_total", "Calls", kind, registry=registry)
        self._poor = Counter("cryb_voice_calls_poor_quality_total", "Calls of poor quality", kind, registry=registry)
        self._active = Gauge("cryb_voice_calls_active", "Calls that go on", kind, registry=registry)
        self._duration = histogram("cryb_voice_call_duration_seconds", "Length of a call", kind, _DURATION)
        self._score = histogram(
            "cryb_voice_call_quality_score", "Quality of a call out of ten", ("type", "codec"), _SCORE
        )
        self._audio_loss = histogram(
            "cryb_audio_packet_loss_percent",
            "Audio packets that a client missed within a report",
            ("codec", "connection_type"),
            _LOSS,
        )
        for one in TYPES:  # from 0 on: the first call after a start is an increase, too
            self._calls.labels(one)
            self._poor.labels(one)
            self._active.labels(one)

    def began(self, kind: str) -> None:
        """Somebody joined."""
        self._active.labels(kind).inc()

    def ended(self, kind: str, seconds: float, *, poor: bool, score: float | None) -> None:
        """Somebody's call is over. `score` is out of ten, None where nobody told one."""
        self._active.labels(kind).dec()
        self._calls.labels(kind).inc()
        if poor:
            self._poor.labels(kind).inc()
        self._duration.labels(kind).observe(seconds)
        if score is not None:
            self._score.labels(kind, CODEC).observe(score)

    def audio_loss(self, connection_type: str, percent: float) -> None:
        """A client told how many packets it missed."""
        self._audio_loss.labels(CODEC, connection_type).observe(percent)
