"""The model's reports to Sentry: which events are reported, at which rates, by which release."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import numpy as np

from simulator.catalog.business import REGISTRATIONS
from simulator.catalog.exceptions import pool_of
from simulator.catalog.families import Flow
from simulator.catalog.http import REQUESTS
from simulator.catalog.jobs import CRYB_API
from simulator.catalog.security import FAILED_LOGINS, PASSWORD_LOGINS
from simulator.catalog.sentry import PRODUCTION, REFUSED, REGISTERED, TRACES_RATE
from simulator.model.aspects import draw_aspect
from simulator.model.events import Events
from simulator.model.flows import FlowCounts
from simulator.profile.manifest import Manifest
from simulator.profile.presence import release_name, releases
from simulator.streams.errors import reports
from simulator.streams.errors.facts import FactReader, Happened
from simulator.streams.ledger import Ledger
from simulator.streams.logs.api_lines import url
from simulator.streams.logs.line import Row
from simulator.streams.logs.texts import Pools
from simulator.telemetry.errors import ErrorEvent, Origin, Transaction
from simulator.telemetry.interval import Interval
from simulator.units import HOUR

_SLICE_MS: Final = HOUR // 4


@dataclass(frozen=True)
class Message:
    """Events of a flow that are reported as a message: its text, level, and tags by the event's row."""

    flow: Flow
    text: str
    level: str
    tags: Callable[[Row], Mapping[str, str]]
    reported: Callable[[Row], bool]


MESSAGES: Final = (
    Message(
        REGISTRATIONS,
        *REGISTERED[:2],
        tags=lambda row: {"event_type": REGISTERED[2], "source": row["source"]},
        reported=lambda row: True,
    ),
    Message(
        PASSWORD_LOGINS,
        *REFUSED[:2],
        tags=lambda row: {"event_type": REFUSED[2], "reason": row["_outcome"]},
        reported=lambda row: row["_outcome"] in FAILED_LOGINS,
    ),
)


@dataclass(frozen=True)
class _Instance:
    """One API instance, its books open."""

    name: str
    requests: FlowCounts
    facts: FactReader
    messages: tuple[tuple[Message, FlowCounts, FactReader], ...]


class ModelErrors:
    """The reports of a manifest's platform: the same interval gives the same ones.

    Every request that ended with 5xx is one exception: as many as its counters and error lines. In a live run the
    reference API reports what it truly does, so nothing is left for the model.
    """

    def __init__(self, manifest: Manifest, *, environment: str = PRODUCTION) -> None:
        self._manifest = manifest
        self._ledger = Ledger(manifest)
        self._environment = environment
        self._traces_rate = TRACES_RATE if environment == PRODUCTION else 1.0
        pools = Pools(manifest.seed, manifest.profile.platform.registered_users)
        names = () if manifest.mode == "live" else self._ledger.instances(CRYB_API)
        self._instances = tuple(self._open(name, pools) for name in names)

    def events(self, interval: Interval) -> Iterator[ErrorEvent]:
        """Every error event of the interval (wall time), in the order of time."""
        for part in _slices(interval):
            streams = [self._exceptions(instance, part) for instance in self._instances]
            streams += [self._messages(instance, number, part) for instance in self._instances for number in (0, 1)]
            yield from heapq.merge(*streams, key=attrgetter("at_ms"))

    def transactions(self, interval: Interval) -> Iterator[Transaction]:
        """Every sampled transaction that ends in the interval, in the order of its end."""
        for part in _slices(interval):
            yield from heapq.merge(*(self._traced(one, part) for one in self._instances), key=attrgetter("end_us"))

    def _exceptions(self, instance: _Instance, part: Interval) -> Iterator[ErrorEvent]:
        failed = np.array([row["code"] >= "500" for row in instance.requests.labels])
        for happened in self._happened(instance.requests, instance.facts, part, failed):
            yield reports.exception(happened, self._origin(instance.name, happened.at_ms))

    def _messages(self, instance: _Instance, number: int, part: Interval) -> Iterator[ErrorEvent]:
        message, counts, facts = instance.messages[number]
        reported = np.array([message.reported(row) for row in counts.labels])
        for happened in self._happened(counts, facts, part, reported):
            origin = self._origin(instance.name, happened.at_ms)
            yield reports.message(happened, origin, message.text, message.level, message.tags(happened.row))

    def _traced(self, instance: _Instance, part: Interval) -> Iterator[Transaction]:
        traced = np.array([row["route"] not in ("/health", "/metrics") for row in instance.requests.labels])
        found = self._happened(instance.requests, instance.facts, part, traced, self._traces_rate)
        for happened in found:
            yield reports.transaction(happened, self._origin(instance.name, happened.at_ms))

    def _happened(
        self,
        counts: FlowCounts,
        facts: FactReader,
        part: Interval,
        rows: np.ndarray[tuple[int], np.dtype[np.bool_]],
        rate: float = 1.0,
    ) -> Iterator[Happened]:
        """Events of the given rows, thinned to a share that an event's trace decides by itself."""
        grid = self._ledger.grid
        shift = grid.start - grid.wall_start
        events = counts.events(part.start_ms + shift, part.end_ms + shift)
        kept = rows[events.leaf // counts.buckets]
        if rate < 1.0:
            kept &= (draw_aspect(events.random, "sampled") >> np.uint64(11)) < np.uint64(rate * 2.0**53)
        yield from facts.read(Events(events.at[kept], events.leaf[kept], events.random[kept]), shift)

    def _origin(self, instance: str, at_ms: int) -> Origin:
        number = sum(at <= self._manifest.elapsed_ms(at_ms) for at in releases(self._manifest.profile, instance))
        return Origin(f"cryb-api@{release_name(number)}", self._environment, f"cryb-{instance}")

    def _open(self, instance: str, pools: Pools) -> _Instance:
        requests = self._ledger.flow(REQUESTS, CRYB_API, instance)
        messages = []
        for message in MESSAGES:
            counts = self._ledger.flow(message.flow, CRYB_API, instance)
            messages.append((message, counts, FactReader(counts, pools, lambda row: {})))
        return _Instance(instance, requests, FactReader(requests, pools, _facts_of_request), tuple(messages))


def _facts_of_request(row: Row) -> Mapping[str, str]:
    pool = pool_of(row["code"])
    return {"url": url(row), "group": f"${{{pool}.number}}", "code": f"${{{pool}.code}}"}


def _slices(interval: Interval) -> Iterator[Interval]:
    """The interval in quarters of an hour, so that memory stays bounded."""
    for start in range(interval.start_ms, interval.end_ms, _SLICE_MS):
        yield Interval(start, min(start + _SLICE_MS, interval.end_ms))
