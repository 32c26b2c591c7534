"""Uploads and what they leave in the object store."""

from __future__ import annotations

import numpy as np

from simulator.model.moment import Floats, Moment, signal
from simulator.model.spreads import Spread, register

PER_REQUEST = 0.03
BYTES_PER_USER = 2.4e6
BYTES_PER_DAY = 0.0006

register(
    {
        "uploads.image": Spread(0.7, 0.8, "api.stretch"),
        "uploads.video": Spread(24.0, 0.9, "api.stretch"),
        "uploads.audio": Spread(3.0, 0.8, "api.stretch"),
        "uploads.document": Spread(1.3, 0.8, "api.stretch"),
        "uploads.other": Spread(1.0, 0.9, "api.stretch"),
    }
)


@signal("uploads.started", "1/s", "uploads that users begin", shared=True)
def started(m: Moment) -> Floats:
    return PER_REQUEST * m["http.served"]


@signal("uploads.fails_storage", "ratio", "share of uploads that the object store refuses", shared=True)
def fails_storage(m: Moment) -> Floats:
    return 1.0 - (1.0 - m.fault("upload_failures")) * m.of("minio-1")["instance.serves"]


@signal("uploads.fails_server", "ratio", "share of uploads whose request fails", shared=True)
def fails_server(m: Moment) -> Floats:
    return 1.0 - (1.0 - m["http.fails_500"]) * (1.0 - m["http.fails_503"])


@signal("uploads.stored", "1/s", "uploads that are kept", shared=True)
def stored(m: Moment) -> Floats:
    return m["uploads.started"] * (1.0 - m["uploads.fails_storage"]) * (1.0 - m["uploads.fails_server"])


@signal(
    "uploads.stored_bytes", "bytes", "bytes in the object store: what the past left, growing by the day", shared=True
)
def stored_bytes(m: Moment) -> Floats:
    held = m.profile.platform.registered_users * BYTES_PER_USER
    return held * np.maximum(1.0 + BYTES_PER_DAY * m.elapsed_days, 0.1)
