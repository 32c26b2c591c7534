"""What a history is: whose, of when, how dense, cut into which blocks. Plain values, and a fingerprint of them all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np

from simulator import __version__
from simulator.model.grid import origin_days
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.rehearsal.history.scrapes import Target, Times
from simulator.streams.shards import WHOLE, Shard
from simulator.telemetry.interval import Interval
from simulator.units import HOUR, MINUTE
from simulator.wire.tsdb.meta import block_ulid
from simulator.wire.tsdb.ranges import block_ranges, split_into_blocks

FULL_RESOLUTION_MS: Final = 7 * HOUR
"""How far before the run every scrape is there: an hour more than the 6 h that ordinary rules look back."""

OLD_RESOLUTION_MS: Final = 2 * MINUTE
"""Spacing before that. Instant selectors find a sample in the 5 minutes before any instant, `rate(...[5m])` two."""

LONGEST_BLOCK_MS: Final = 54 * HOUR
"""The longest block that a server with a retention of 30 days makes."""

_WHAT_MAKES_SAMPLES: Final = ("catalog", "model", "profile", "rehearsal/history/scrapes.py", "streams", "wire/tsdb")
_NOT_OF_THE_PAST: Final = ("name", "description", "duration", "silences", "expect")
_PACKAGE: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class History:
    """The scrapes of `targets` within `span`: before `full_from_ms` at most one in `old_step_ms`, then all of them.

    Of their series those of `shard`. `relabelling` is the identity of what their labels go through. `longest_block_ms`
    limits the blocks' length; 0 makes one block of the whole.
    """

    manifest: Manifest
    span: Interval
    full_from_ms: int
    old_step_ms: int
    targets: tuple[Target, ...]
    relabelling: str
    longest_block_ms: int = LONGEST_BLOCK_MS
    shard: Shard = WHOLE

    @property
    def blocks(self) -> tuple[Interval, ...]:
        """The spans of its blocks, in the order of time."""
        if not self.longest_block_ms:
            return (self.span,)
        return split_into_blocks(self.span, block_ranges(self.longest_block_ms))

    def ulid(self, block: Interval) -> str:
        """The name of one of its blocks."""
        return block_ulid(self.fingerprint, block)

    @property
    def fingerprint(self) -> str:
        """Equal where every sample is, and every block: what the profile says of the time until the history ends,
        seed, time, targets, labels, versions, code."""
        what = {
            "samples": samples_version(),
            "past": past_of(self.manifest.profile, self.span.end_ms - self.manifest.started_ms),
            "overlays": [overlay.sha256 for overlay in self.manifest.overlays],
            "seed": self.manifest.seed,
            "started_ms": self.manifest.started_ms,
            "span": asdict(self.span),
            "full_from_ms": self.full_from_ms,
            "old_step_ms": self.old_step_ms,
            "targets": [asdict(target) for target in self.targets],
            "relabelling": self.relabelling,
            "longest_block_ms": self.longest_block_ms,
            "shard": str(self.shard),
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()

    def scrapes(self, target: Target, within: Interval) -> Times:
        """When a target is scraped in a part of the history."""
        return np.concatenate([*self._grids(target, within)])

    def has_scrapes(self, within: Interval) -> bool:
        """Whether any target is scraped in a part of the history."""
        return any(len(self.scrapes(target, within)) for target in self.targets)

    def scrapes_before(self, target: Target, at_ms: int) -> Times:
        """All scrapes of the history before an instant."""
        return self.scrapes(target, Interval(self.span.start_ms, max(self.span.start_ms, at_ms)))

    def _grids(self, target: Target, within: Interval) -> Iterator[Times]:
        edge = min(max(self.full_from_ms, within.start_ms), within.end_ms)
        old_step = -(-self.old_step_ms // target.interval_ms) * target.interval_ms
        for start, end, step in (
            (within.start_ms, edge, old_step),
            (edge, within.end_ms, target.interval_ms),
        ):
            first = start + (target.offset_ms - start) % step
            yield np.arange(first, end, step, dtype=np.int64)


def past_of(profile: Profile, until_ms: int) -> dict[str, Any]:
    """What of a profile has a part in samples before an instant (milliseconds after the run's start).

    A fault changes nothing before its onset, and names, expectations and the run's length change nothing at all: so
    profiles that begin alike share their past.
    """
    said: dict[str, Any] = profile.model_dump(mode="json", by_alias=True)
    for name in _NOT_OF_THE_PAST:
        said.pop(name, None)
    begun = [profile.faults[number].at < until_ms for number in range(len(profile.faults))]
    said["faults"] = [fault for fault, has_begun in zip(said["faults"], begun, strict=True) if has_begun]
    said["load"] = {"scale": profile.load.scale}
    said["history"] = {"origin_days": origin_days(profile)}
    return said


@cache
def samples_version() -> str:
    """Differs where the code or the libraries that make samples differ (between two versions of crybsim, too)."""
    digest = hashlib.sha256(f"{__version__} numpy {np.__version__} numba {numba.__version__}".encode())
    for name in _WHAT_MAKES_SAMPLES:
        place = _PACKAGE / name
        for source in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(source.read_bytes())
    return digest.hexdigest()
