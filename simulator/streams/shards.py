"""Shards: one part of the series for each of several machines, by a fixed hash of their labels.

A series' shard depends on its labels alone, so every series is in exactly one, whatever was asked for and by whom. The
series of one histogram stay together: `le` and the sample's suffix are left out of the hash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.model.keys import key
from simulator.telemetry.samples import FamilyBlock, Labels, SampleSource, Series, labels_of

_SUFFIX = re.compile(r"_(?:bucket|sum|count)$")


@dataclass(frozen=True)
class Shard:
    """Part `number` (from 1) of `of`."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `2/8`. Raises ValueError."""
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
        if match is None:
            raise ValueError(f"{text!r} is not a shard; write one like 2/8, the second of eight")
        number, of = int(match[1]), int(match[2])
        if not 1 <= number <= of:
            raise ValueError(f"{text!r} is not a shard; of {of} there are 1/{of} to {of}/{of}")
        return cls(number, of)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def holds(self, name: str, labels: Labels) -> bool:
        """Whether a series belongs to it; `labels` without the name. Labels without a value are none."""
        if self.of == 1:
            return True
        texts = [f"{label}={value}" for label, value in sorted(labels) if label != "le" and value]
        return int(key(0, "shard", _SUFFIX.sub("", name), *texts)) % self.of == self.number - 1

    def holds_stored(self, labels: Labels) -> bool:
        """Whether a series belongs to it; `labels` with the name, as a database has them."""
        if self.of == 1:
            return True
        own = dict(labels)
        return self.holds(own.pop("__name__", ""), labels_of(own))


WHOLE: Final = Shard()
"""All of the series."""


class ShardedSamples:
    """One shard of a source: the same targets, each with its part of the series."""

    def __init__(self, source: SampleSource, shard: Shard) -> None:
        self._source = source
        self._shard = shard
        self._kept: dict[tuple[str, str, str], tuple[tuple[Series, ...], tuple[Series, ...], NDArray[np.int64]]] = {}

    def jobs(self) -> tuple[str, ...]:
        return self._source.jobs()

    def instances(self, job: str) -> tuple[str, ...]:
        return self._source.instances(job)

    def is_up(self, job: str, instance: str, at_ms: int) -> bool:
        return self._source.is_up(job, instance, at_ms)

    def blocks(self, job: str, instance: str, times_ms: NDArray[np.int64]) -> tuple[FamilyBlock, ...]:
        """Families without any series here are left out."""
        kept = []
        for block in self._source.blocks(job, instance, times_ms):
            series, columns = self._part(job, instance, block)
            if series:
                values = block.values[:, columns]
                kept.append(FamilyBlock(block.name, block.type, block.help, series, block.times_ms, values))
        return tuple(kept)

    def _part(self, job: str, instance: str, block: FamilyBlock) -> tuple[tuple[Series, ...], NDArray[np.int64]]:
        known = self._kept.get((job, instance, block.name))
        if known is None or known[0] is not block.series:
            columns = held(self._shard, block.series, labels_of({"job": job, "instance": instance}))
            part = tuple(block.series[column] for column in columns.tolist())
            known = self._kept[job, instance, block.name] = (block.series, part, columns)
        return known[1], known[2]


def held(shard: Shard, series: Sequence[Series], of_target: Labels) -> NDArray[np.int64]:
    """The places of those series that a shard holds. Labels of the target count unless a series has its own."""
    places = [
        place
        for place, one in enumerate(series)
        if shard.holds(one.name, labels_of({**dict(of_target), **dict(one.labels)}))
    ]
    return np.array(places, dtype=np.int64)
