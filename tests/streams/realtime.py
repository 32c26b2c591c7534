"""The model's numbers for the alerts of messaging, sockets, voice, queues, uploads and search: flows, levels, and the
conditions of design.md's table over them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.catalog import messaging, search, uploads, voice
from simulator.catalog.families import Flow
from simulator.catalog.jobs import CRYB_API
from simulator.catalog.queues import QUEUES
from simulator.model.flows import Disturbed, FlowCounts
from simulator.model.moment import Moment, World
from simulator.model.shapes import Undisturbed
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.units import DAY, MINUTE

AHEAD_MS = 30 * MINUTE
START = datetime(2026, 1, 5, 19, 0, tzinfo=UTC)


def profile(*faults: Mapping[str, object], days: int = 0, **platform: object) -> Profile:
    return Profile.model_validate(
        {
            "name": "x",
            "description": "x",
            "start": START,
            "duration": f"{days}d" if days else "2h",
            "platform": {"size": "tiny", **platform},
            "faults": list(faults),
        }
    )


def manifest(described: Profile, seed: int = 1) -> Manifest:
    return Manifest(
        run_id="r",
        mode="emit",
        profile=described,
        profile_path="x.yaml",
        seed=seed,
        started_ms=described.start_ms,
    )


class Platform:
    """One run as seen every `step_ms`, from half an hour before its start on: the longest window of a condition."""

    def __init__(self, described: Profile, *, step_ms: int = 30_000, seed: int = 1) -> None:
        self.world = World(described, seed)
        self.step_ms = step_ms
        self.elapsed = np.arange(-AHEAD_MS, described.duration + 1, step_ms, dtype=np.int64)
        self._grid = self.elapsed + self.world.start
        self._base = Undisturbed(self.world, "api-1")
        self._faulty = Disturbed(self.world, "api-1")
        self._seen = {name: Moment(self.world, self._grid, instance=name) for name in ("api-1", "livekit-1")}
        self._counts: dict[str, tuple[FlowCounts, np.ndarray]] = {}

    def level(self, name: str, instance: str = "api-1") -> np.ndarray:
        return self._seen[instance][name]

    def counted(self, flow: Flow, **where: str | tuple[str, ...]) -> np.ndarray:
        """Events so far, (buckets, T)."""
        if flow.name not in self._counts:
            found = FlowCounts(flow, CRYB_API, "api.share", self._base, self._faulty)
            day = max(1, DAY // self.step_ms)
            pieces = [found.at(self._grid[first : first + day]) for first in range(0, len(self._grid), day)]
            self._counts[flow.name] = (found, np.concatenate(pieces, axis=1))
        found, counts = self._counts[flow.name]
        shape = counts.reshape(len(found.labels), found.buckets, -1)
        kept = [
            row
            for row, labels in enumerate(found.labels)
            if all(labels[name] in ((one,) if isinstance(one, str) else one) for name, one in where.items())
        ]
        return shape[kept].sum(axis=0)

    def increase(self, flow: Flow, window_ms: int = 5 * MINUTE, **where: str | tuple[str, ...]) -> np.ndarray:
        """Events within the window before each instant; none where the window reaches before the first."""
        so_far = self.counted(flow, **where).sum(axis=0)
        return difference(so_far, window_ms // self.step_ms)

    def ratio(self, flow: Flow, window_ms: int = 5 * MINUTE, **where: str | tuple[str, ...]) -> np.ndarray:
        """Their share of all events of the flow."""
        part, whole = self.increase(flow, window_ms, **where), self.increase(flow, window_ms)
        return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)

    def quantile(self, flow: Flow, q: float, window_ms: int = 5 * MINUTE, **where: str | tuple[str, ...]) -> np.ndarray:
        """As `histogram_quantile` over rates of the window."""
        inside = difference(self.counted(flow, **where), window_ms // self.step_ms)
        below = np.cumsum(inside, axis=0)
        edges = np.array([0.0, *flow.bounds])
        out = np.zeros(below.shape[1])
        for at in range(len(out)):
            total = below[-1, at]
            if not total:
                continue
            bucket = int(np.searchsorted(below[:, at], q * total))
            if bucket == len(flow.bounds):
                out[at] = flow.bounds[-1]
                continue
            under = below[bucket - 1, at] if bucket else 0
            part = (q * total - under) / (below[bucket, at] - under)
            out[at] = edges[bucket] + part * (edges[bucket + 1] - edges[bucket])
        return out


def difference(so_far: np.ndarray, steps: int) -> np.ndarray:
    out = np.zeros_like(so_far)
    out[..., steps:] = so_far[..., steps:] - so_far[..., :-steps]
    return out


def held(condition: np.ndarray, steps: int) -> np.ndarray:
    """Where a condition has held at this instant and for so many steps before it: an alert's `for`."""
    running = np.cumsum(condition)
    out = np.zeros(len(condition), dtype=bool)
    out[steps:] = (running[steps:] - np.concatenate(([0], running))[: len(condition) - steps]) == steps + 1
    return out


def alerts(run: Platform) -> dict[str, np.ndarray]:
    """Where each alert of this domain fires, as design.md's table has them."""
    minute = MINUTE // run.step_ms
    clients = run.level("socket.connections_here")
    before = np.concatenate((clients[: 5 * minute], clients[: -5 * minute]))
    backlog = np.zeros(len(clients), dtype=bool)
    for queue in QUEUES:
        waiting = run.level(f"queue.{queue}.waiting")
        grew = np.zeros(len(waiting))
        grew[15 * minute :] = waiting[15 * minute :] - waiting[: -15 * minute]
        backlog |= held((grew > 0) & (run.level(f"queue.{queue}.lag_ms") > 30_000), 15 * minute)
    p95_message = run.quantile(messaging.MESSAGES, 0.95, _end="delivered")
    p95_search = run.quantile(search.QUERIES, 0.95)
    participants = run.level("livekit.participants", "livekit-1")
    return {
        "SocketDisconnectStorm": held(clients < 0.7 * before, 2 * minute),
        "MessageDeliveryFailures": held(run.ratio(messaging.MESSAGES, _end=tuple(messaging.FAILED)) > 0.02, 5 * minute),
        "MessageLatencyHigh": held(p95_message > 1.0, 5 * minute),
        "VoiceQualityPoor": held(run.ratio(voice.CALLS, _quality="poor") > 0.1, 10 * minute),
        "VoiceSFUSaturated": held(participants > 0.9 * voice.PARTICIPANTS_PER_SFU, 5 * minute),
        "QueueBacklog": backlog,
        "UploadFailures": held(run.ratio(uploads.UPLOADS, error_type=tuple(uploads.FAILED)) > 0.05, 5 * minute),
        "SearchDegraded": held(
            (p95_search > 2.0) | (run.ratio(search.QUERIES, _end=search.FALLBACK) > 0.05), 10 * minute
        ),
    }
