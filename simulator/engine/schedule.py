"""When a Prometheus server evaluates a rule group: every interval, shifted by a hash of the group's file and name.

The shift spreads groups over time and is the same after every restart, so the instants of a production server are
known in advance, provided that the path under which it loads the file is known.
Source: `Group.EvalTimestamp` and `Labels.Hash` in Prometheus 2.42 to 3.9 (rules/group.go, model/labels).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import xxhash
from numpy.typing import NDArray

from simulator.telemetry.interval import Interval

NS_PER_MS: Final = 1_000_000

_STRING_LABELS_SINCE: Final = (2, 44)
_LONG_SIZES_SINCE: Final = (3, 5)
_NEWEST_MINOR: Final = 999


@dataclass(frozen=True)
class Grid:
    """The evaluations of one group: all instants `t` with `t % interval_ms == offset_ms`, in epoch milliseconds."""

    interval_ms: int
    offset_ms: int

    def instants(self, span: Interval) -> NDArray[np.int64]:
        """Those within a half-open span, rising."""
        first = span.start_ms + (self.offset_ms - span.start_ms) % self.interval_ms
        return np.arange(first, span.end_ms, self.interval_ms, dtype=np.int64)


def production_grid(file: str, group: str, interval_ms: int, prometheus_version: str) -> Grid:
    """The grid on which a server of this version evaluates the group.

    `file` is the path as that server loads it: its `rule_files` pattern, made absolute from its configuration's folder
    and filled in. Raises ValueError for what is no version.
    """
    interval_ns = interval_ms * NS_PER_MS
    offset_ns = xxhash.xxh64_intdigest(_hashed(file, group, major_minor(prometheus_version))) % interval_ns
    return Grid(interval_ms, offset_ns // NS_PER_MS)


def _hashed(file: str, group: str, version: tuple[int, int]) -> bytes:
    """The bytes that `Labels.Hash` sees of `{file="…", name="…"}`, which depend on how a version stores labels."""
    texts = [text.encode() for text in ("file", file, "name", group)]
    if version < _STRING_LABELS_SINCE:
        return b"".join(text + b"\xff" for text in texts)
    return b"".join(_size(len(text), version) + text for text in texts)


def _size(length: int, version: tuple[int, int]) -> bytes:
    if version >= _LONG_SIZES_SINCE:
        return bytes([length]) if length < 255 else b"\xff" + length.to_bytes(3, "little")
    encoded = bytearray()
    while length >= 0x80:
        encoded.append(length & 0x7F | 0x80)
        length >>= 7
    encoded.append(length)
    return bytes(encoded)


def major_minor(version: str) -> tuple[int, int]:
    """The two numbers that a version begins with; without the second it is the newest of its major."""
    match = re.match(r"v?(\d+)(?:\.(\d+))?(?![\w-])", version)
    if match is None:
        raise ValueError(f"{version!r} is not a version of Prometheus; write one like 2.42 or 3.5.0")
    return int(match[1]), int(match[2] or _NEWEST_MINOR)
