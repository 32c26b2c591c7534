"""What is known about single events besides their row: who, which request, which trace; read as log lines tell it.

The facts of an event are written by the very renderer that writes its log lines, from the same placeholders, so that a
report names the person, request, trace and exception that the line names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.model.durations import bucket_quantiles, draw_durations
from simulator.model.events import Events
from simulator.model.flows import FlowCounts
from simulator.streams.logs.line import Row
from simulator.streams.logs.render import Lines, Renderer
from simulator.streams.logs.template import Compiler, Program
from simulator.streams.logs.texts import Pools

_SEPARATOR: Final = "\t"

COMMON: Final[Mapping[str, str]] = {
    "user": "${person.id}",
    "username": "${person.name}",
    "email": "${person.email}",
    "address": "${person.address}",
    "agent": "${agent.text}",
    "request": "req-${hex.12/request}",
    "trace": "${hex.32/trace}",
    "span": "${hex.16/span}",
    "id": "${hex.32/report}",
}
"""Facts that every event has."""


@dataclass(frozen=True)
class Happened:
    """One event: when (wall time), how long it took, its row's labels, its facts, and its bits for further draws."""

    at_ms: int
    microseconds: int
    row: Row
    facts: Mapping[str, str]
    random: int


class FactReader:
    """Reads the events of one flow. `further` names facts by the row, as templates, besides the common ones."""

    def __init__(self, counts: FlowCounts, pools: Pools, further: Callable[[Row], Mapping[str, str]]) -> None:
        self._counts = counts
        self._names: list[tuple[str, ...]] = []
        compiler = Compiler(pools)
        programs: list[Program] = []
        for row in counts.labels:
            templates = {**COMMON, **further(row)}
            self._names.append(tuple(templates))
            programs.append(compiler.compile(_SEPARATOR.join(templates.values()), row))
        self._renderer = Renderer(programs, compiler.literals, compiler.aspects, pools, [""])
        self._quantiles = np.array([bucket_quantiles(name, counts.flow.bounds) for name in counts.spreads])

    def read(self, events: Events, shift: int) -> Iterator[Happened]:
        """Some of the flow's events, in their order. `shift` is grid time less wall time."""
        row, bucket = np.divmod(events.leaf, self._counts.buckets)
        microseconds = np.zeros(len(row), dtype=np.int64)
        if len(self._quantiles):
            spread = self._counts.spread_of_row[row]
            microseconds = draw_durations(self._quantiles, spread, bucket, events.random)
        wall_ms = events.at - shift
        text, _ = self._renderer.render(Lines(row, np.zeros_like(row), events.random, wall_ms, microseconds))
        told = text.decode().split("\n")
        columns = (wall_ms.tolist(), microseconds.tolist(), row.tolist(), events.random.tolist())
        for line, at_ms, took, number, random in zip(told, *columns, strict=False):
            facts = dict(zip(self._names[number], line.split(_SEPARATOR), strict=True))
            yield Happened(at_ms, took, self._counts.labels[number], facts, random)
