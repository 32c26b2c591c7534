"""What the API counts of uploads, moderation and payments (contract 5.5, 5.6), where a journey of the load does them.

Each group is exposed only where the load drives the journey that moves it (`Family.with_load`); without it the API
would show what stands still, and the model shows it instead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from simulator.catalog.reshaped import Shape
from simulator.catalog.uploads import DURATION_BOUNDS, SIZE_BOUNDS
from simulator.units import MINUTE

PROCESSING: Final = {"image": "thumbnail", "document": "scan", "video": "transcoding", "audio": "none", "other": "scan"}
"""What an upload of each `file_type` is processed by."""
REASONS: Final = frozenset({"spam", "policy_violation", "harassment"})
"""Reasons that are label values; what people write is `other`."""
METHODS: Final = ("stripe", "crypto")
PAYMENTS_OVER_MS: Final = 15 * MINUTE
"""How far back the success rate of payments looks."""


class UploadMetrics:
    """Counts uploads, by type of file."""

    def __init__(self, registry: CollectorRegistry, shapes: Mapping[str, Shape | None]) -> None:
        """`shapes` are those that overlays give to families of these names."""

        def histogram(name: str, text: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> Histogram:
            shape = shapes.get(name)
            return Histogram(name, text, labels, buckets=shape.bounds if shape else buckets, registry=registry)

        self._begun = Counter("cryb_uploads_total", "Uploads", ("file_type",), registry=registry)
        self._failed = Counter(
            "cryb_upload_errors_total", "Uploads that failed", ("file_type", "error_type"), registry=registry
        )
        self._size = histogram("cryb_upload_size_bytes", "Size of uploads", ("file_type",), SIZE_BOUNDS)
        self._duration = histogram(
            "cryb_upload_duration_seconds",
            "Time to take and process an upload",
            ("file_type", "processing_type"),
            DURATION_BOUNDS,
        )
        for file_type in PROCESSING:  # from 0 on: the first upload after a start is an increase, too
            self._begun.labels(file_type)

    def stored(self, file_type: str, size: int, seconds: float) -> None:
        """An upload was kept: its bytes, and how long it took."""
        self._begun.labels(file_type).inc()
        self._size.labels(file_type).observe(size)
        self._duration.labels(file_type, PROCESSING[file_type]).observe(seconds)

    def failed(self, file_type: str, error_type: str) -> None:
        """An upload was refused; it counts as one, too."""
        self._begun.labels(file_type).inc()
        self._failed.labels(file_type, error_type).inc()


class ModerationMetrics:
    """Counts what moderators do."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._actions = Counter(
            "cryb_moderation_actions_total", "Actions of moderators", ("action_type", "reason"), registry=registry
        )
        self._contents = Counter(
            "cryb_content_moderations_total",
            "Contents that moderators acted on",
            ("action", "content_type", "reason"),
            registry=registry,
        )

    def acted(self, action: str, reason: str | None, content_type: str | None = None) -> None:
        """A moderator acted, on a content where its type is given."""
        known = reason if reason in REASONS else "other"
        self._actions.labels(action, known).inc()
        if content_type is not None:
            self._contents.labels(action, content_type, known).inc()


class PaymentMetrics:
    """The share of payments that succeeded, by method. A method that nobody paid by yet has no sample."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._rate = Gauge(
            "cryb_payment_success_rate", "Payments that succeed, percent", ("payment_method",), registry=registry
        )
        self._ended: dict[str, deque[tuple[int, bool]]] = {method: deque() for method in METHODS}

    def ended(self, method: str, now_ms: int, *, succeeded: bool) -> None:
        """A payment was decided."""
        self._ended[method].append((now_ms, succeeded))
        self.refresh(now_ms)

    def refresh(self, now_ms: int) -> None:
        """Forget what is too old to count."""
        for method, ended in self._ended.items():
            while len(ended) > 1 and ended[0][0] <= now_ms - PAYMENTS_OVER_MS:
                ended.popleft()
            if ended:
                self._rate.labels(method).set(100.0 * sum(good for _, good in ended) / len(ended))
