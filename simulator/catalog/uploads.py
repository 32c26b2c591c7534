"""Uploads and storage (contract 5.5)."""

from __future__ import annotations

from typing import Final

from simulator.catalog.families import (
    CausedBy,
    Count,
    Dimension,
    Family,
    Flow,
    Histogram,
    Level,
    Sizes,
    factors,
    same,
    shares,
)
from simulator.catalog.jobs import CRYB_API
from simulator.telemetry.samples import MetricType
from simulator.units import MINUTE

SIZE_BOUNDS: Final = (1e3, 1e4, 1e5, 1e6, 1e7, 1e8)
DURATION_BOUNDS: Final = (0.1, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)
FAILED: Final = {"too_large": 4e-4, "invalid_type": 3e-4, "storage": 1e-4, "timeout": 1e-4, "server": 1e-4}
"""Reasons for which uploads fail on a good day, as shares of all of them."""

_KINDS: Final = (
    (("image", "thumbnail"), 46.0),
    (("image", "compression"), 18.0),
    (("document", "scan"), 16.0),
    (("video", "transcoding"), 9.0),
    (("audio", "none"), 6.0),
    (("other", "scan"), 5.0),
)
KINDS = Dimension(
    ("file_type", "processing_type"), tuple((values, weight / 100.0) for values, weight in _KINDS), tiny=2
)

UPLOADS = Flow(
    "uploads",
    "uploads.started",
    (KINDS, shares("error_type", {"": 1.0 - sum(FAILED.values()), **FAILED})),
    outcome="error_type",
    healthy=("",),
    failures={"storage": "uploads.fails_storage", "server": "uploads.fails_server"},
    spread="uploads.{file_type}",
    bounds=DURATION_BOUNDS,
)
_SIZES: Final = {
    "image": (420e3, 1.1),
    "document": (310e3, 1.4),
    "video": (14e6, 1.0),
    "audio": (3.2e6, 0.8),
    "other": (900e3, 1.8),
}
"""Median and sigma of each type's size in bytes."""

_C, _G, _H = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM
_STORED = {"error_type": ("",)}
UPLOADS_LOAD: Final = "uploader"
"""The journey of the load that uploads; without it the model counts uploads."""


def _uploaded(name: str, kind: MetricType, text: str, view: Count | Histogram | Sizes, unit: str = "") -> Family:
    return Family(CRYB_API, name, kind, text, view, unit, caused_by=CausedBy.API, with_load=UPLOADS_LOAD)


FAMILIES: tuple[Family, ...] = (
    _uploaded("cryb_uploads_total", _C, "Uploads", Count(UPLOADS, same("file_type"))),
    _uploaded(
        "cryb_upload_errors_total",
        _C,
        "Uploads that failed",
        Count(UPLOADS, same("file_type", "error_type"), where={"error_type": tuple(FAILED)}),
    ),
    *(
        _uploaded(
            "cryb_upload_size_bytes",
            _H,
            "Size of uploads",
            Sizes(
                UPLOADS,
                same("file_type"),
                SIZE_BOUNDS,
                median=median,
                sigma=sigma,
                where={**_STORED, "file_type": (file_type,)},
            ),
            unit="bytes",
        )
        for file_type, (median, sigma) in _SIZES.items()
    ),
    _uploaded(
        "cryb_upload_duration_seconds",
        _H,
        "Time to take and process an upload",
        Histogram(UPLOADS, same("file_type", "processing_type"), where=_STORED),
        unit="seconds",
    ),
    Family(
        CRYB_API,
        "cryb_storage_utilization_bytes",
        _G,
        "Bytes in the object store",
        Level(
            "uploads.stored_bytes",
            (
                Dimension(("storage_type",), ((("minio",), 1.0),)),
                factors("location", {"media": 0.71, "attachments": 0.25, "avatars": 0.04}),
            ),
            whole=True,
            refresh_ms=5 * MINUTE,
        ),
        unit="bytes",
    ),
)
