"""A whole platform at one instant, as one exposition: the families of all targets, told apart by job and instance."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from simulator.streams.shards import Shard, held
from simulator.telemetry.samples import FamilyBlock, Labels, MetricType, SampleSource, Series, labels_of

_UP = "up"


def snapshot(
    source: SampleSource,
    at_ms: int,
    jobs: Iterable[str] | None = None,
    shard: Shard | None = None,
    labels: Labels = (),
) -> tuple[FamilyBlock, ...]:
    """Every family at a wall instant, by name; `up` says which targets answer, and one that is down exposes nothing.

    `labels` are given to every series that has none of that name. A name that two jobs expose becomes one family, with
    the type that it has in the first.
    """
    times = np.array([at_ms], dtype=np.int64)
    parts: dict[str, list[FamilyBlock]] = {}
    targets: list[Series] = []
    answering: list[float] = []
    for job in source.jobs() if jobs is None else jobs:
        for instance in source.instances(job):
            of_target = {"job": job, "instance": instance, **dict(labels)}
            up = source.is_up(job, instance, at_ms)
            targets.append(Series(_UP, labels_of(of_target)))
            answering.append(float(up))
            for block in source.blocks(job, instance, times) if up else ():
                series = tuple(Series(one.name, labels_of({**of_target, **dict(one.labels)})) for one in block.series)
                own = FamilyBlock(block.name, block.type, block.help, series, times, block.values)
                parts.setdefault(block.name, []).append(own)
    whole = [_joined(parts[name]) for name in sorted(parts)]
    text = "Whether the target answers its scrape."
    up_family = FamilyBlock(_UP, MetricType.GAUGE, text, tuple(targets), times, np.array([answering]))
    families = sorted([*whole, up_family], key=lambda block: block.name)
    if shard is None:
        return tuple(families)
    return tuple(part for family in families if (part := _part(family, shard)).series)


def _part(family: FamilyBlock, shard: Shard) -> FamilyBlock:
    places = held(shard, family.series, ())
    series = tuple(family.series[place] for place in places.tolist())
    return FamilyBlock(family.name, family.type, family.help, series, family.times_ms, family.values[:, places])


def _joined(parts: list[FamilyBlock]) -> FamilyBlock:
    first = parts[0]
    if len(parts) == 1:
        return first
    series = tuple(one for part in parts for one in part.series)
    values = np.concatenate([part.values for part in parts], axis=1)
    return FamilyBlock(first.name, first.type, first.help, series, first.times_ms, values)
